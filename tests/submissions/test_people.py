"""What people decided: every mark arrives at its group and item, or every mistake is told."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.errors import GradeError
from grader.submissions.people import (
    Decisions,
    Extension,
    ManualMark,
    Override,
    Penalty,
    parse_decisions,
    parse_marks,
    read_decisions,
    read_marks,
)
from tests.conftest import REPOSITORY

CLASSES = REPOSITORY / "fixtures" / "classes"
GROUPS = ["Team 1", "Team 2", "Team 3"]
CRITERIA = ["presentation", "readme-by-eye"]
ITEMS = ["coverage", "formatting", "presentation"]


def marks(text: str) -> dict[tuple[str, str], float]:
    found = parse_marks(text.encode(), "marks.csv", CRITERIA, GROUPS)
    return {(one.group, one.item): one.mark for one in found.marks}


def mistakes_in_marks(text: str) -> list[str]:
    with pytest.raises(GradeError) as caught:
        parse_marks(text.encode(), "marks.csv", CRITERIA, GROUPS)
    return caught.value.message.split("\n")


def decisions(text: str) -> Decisions:
    return parse_decisions(text.encode(), "o.yaml", ITEMS, GROUPS)


def mistakes(text: str) -> list[str]:
    with pytest.raises(GradeError) as caught:
        decisions(text)
    return caught.value.message.split("\n")


# marks.csv


def test_a_column_for_each_criterion_gives_its_marks_and_empty_cells_none() -> None:
    found = read_marks(CLASSES / "marks.csv", CRITERIA, GROUPS)
    assert found == (
        ManualMark("Team 1", "presentation", 7.5, "Clear slides", "A. Teacher", 2),
        ManualMark("Team 1", "readme-by-eye", 8.0, "Clear slides", "A. Teacher", 2),
        ManualMark("Team 2", "readme-by-eye", 6.25, "", "A. Teacher", 3),
        ManualMark("Team 3", "presentation", 10.0, "", "B. Teacher", 4),
    )


def test_a_row_for_each_mark_gives_the_same() -> None:
    text = (
        "group,item,mark,comment,by\n"
        'Team 1,presentation,7.5,"Clear, slides",A. Teacher\n'
        "Team 2,presentation,,,\n"
    )
    found = parse_marks(text.encode(), "marks.csv", CRITERIA, GROUPS)
    assert found.marks == (
        ManualMark("Team 1", "presentation", 7.5, "Clear, slides", "A. Teacher", 2),
    )


@pytest.mark.parametrize(
    "header", ["Group,Presentation", "team,presentation", "\ufeffgroup , PRESENTATION"]
)
def test_columns_are_found_in_whatever_capitals(header: str) -> None:
    assert marks(f"{header}\nTeam 1,3\n") == {("Team 1", "presentation"): 3}


def test_a_spreadsheet_s_file_gives_the_same_marks() -> None:
    text = "group\tReadme by eye\r\nTeam 1\t7,25\r\n\r\n\t\r\n"
    raw = b"\xff\xfe" + text.encode("utf-16-le")
    (one,) = parse_marks(raw, "marks.csv", CRITERIA, GROUPS).marks
    assert (one.item, one.mark) == ("readme-by-eye", 7.25)


@pytest.mark.parametrize("cell", ["0", "10", "10,00", "7.5", "7,5", "07"])
def test_a_mark_may_have_a_comma_where_cells_don_t(cell: str) -> None:
    found = marks(f"group;presentation\nTeam 1;{cell}\n")
    assert found == {("Team 1", "presentation"): float(cell.replace(",", "."))}


@pytest.mark.parametrize(
    "cell",
    ["11", "-1", "10.01", "nan", "inf", "1e1", "7/10", "A", "7.5.1", "٧", "+7", "100"],
)
def test_what_is_no_mark_is_told_and_no_mark(cell: str) -> None:
    (told,) = mistakes_in_marks(f"group;presentation\nTeam 1;{cell}\n")
    assert told.startswith(f'marks.csv:2: "presentation": "{cell}" is not a mark')


def test_a_comma_between_commas_is_asked_about() -> None:
    (told,) = mistakes_in_marks('group,presentation\nTeam 1,"7,5"\n')
    assert told == (
        'marks.csv:2: "presentation": "7,5": between commas a mark has a point: 7.5.'
    )


def test_every_mistake_of_a_file_is_told_at_once() -> None:
    assert mistakes_in_marks(
        "group,presentaton,readme-by-eye\n"
        "Team 1,5,5\n"
        "Taem 2,5,5\n"
        ",5,7\n"
        "Team 1,,6\n"
        "Team 2,1,2,3\n"
    ) == [
        'marks.csv:1: the rubric has no manual criterion "presentaton". Did you mean '
        '"presentation"? It has: presentation, readme-by-eye.',
        'marks.csv:3: the class has no group "Taem 2". Did you mean "Team 2"?',
        "marks.csv:4: no group is named.",
        'marks.csv:5: group "Team 1" has a mark for "readme-by-eye" in line 2 already.',
        "marks.csv:6: it has 4 cells, and there are 3 columns. Text that has the "
        "delimiter in it goes in quotes.",
    ]


def test_the_mistakes_of_single_marks_are_told() -> None:
    assert mistakes_in_marks(
        "group,item,mark,coment\nTeam 1,presntation,5,\nTeam 1,presentation,5,\n"
        'Team 1,presentation,6,\nNo one,presentation,,\n"Team 2,presentation,5,\n'
    ) == [
        'marks.csv:1: unknown column "coment". Did you mean "comment"? Known here: '
        "group, item, mark, comment, by.",
        'marks.csv:2: the rubric has no item "presntation". Did you mean '
        '"presentation"? It has: presentation, readme-by-eye.',
        'marks.csv:4: group "Team 1" has a mark for "presentation" in line 3 already.',
        'marks.csv:5: the class has no group "No one".',
        "marks.csv:6: its quotes are not closed, or not doubled.",
    ]


def test_no_more_than_twenty_mistakes_are_told() -> None:
    told = mistakes_in_marks("group,presentation\n" + "Nobody,5\n" * 30)
    assert len(told) == 21
    assert told[-1] == "… and 10 more."


def test_without_a_column_for_the_group_nothing_is_read() -> None:
    (told,) = mistakes_in_marks("grupo,presentation\nTeam 1,5\n")
    assert 'no column names the group; there are "grupo", "presentation"' in told


def test_other_capitals_are_taken_for_the_group_and_told() -> None:
    raw = b"group,presentation\nteam  1,5\n"
    found = parse_marks(raw, "marks.csv", CRITERIA, GROUPS)
    assert found.marks[0].group == "Team 1"
    assert found.notes == ('marks.csv:2: "team 1" is taken for "Team 1".',)


def test_of_two_groups_in_other_capitals_none_is_guessed() -> None:
    raw = b"group,presentation\nTEAM,5\n"
    with pytest.raises(GradeError, match="2 have a name like it"):
        parse_marks(raw, "marks.csv", CRITERIA, ["Team", "team"])


def test_a_file_without_rows_has_no_marks() -> None:
    assert marks("") == {}
    assert marks("group,presentation\n\n") == {}


@given(st.floats(0, 10))
def test_a_mark_in_its_range_arrives_as_it_was_written(mark: float) -> None:
    written = f"{mark:.4f}"
    found = marks(f"group,presentation\nTeam 1,{written}\n")
    assert found == {("Team 1", "presentation"): float(written)}


def test_marks_that_are_not_there_are_told(tmp_path: Path) -> None:
    with pytest.raises(GradeError, match="cannot read a file of marks"):
        read_marks(tmp_path / "marks.csv", CRITERIA, GROUPS)


# overrides.yaml


def test_decisions_are_read_with_their_lines() -> None:
    found = read_decisions(CLASSES / "overrides.yaml", ITEMS, GROUPS)
    assert found == Decisions(
        (
            Override(
                "Team 3",
                "coverage",
                7.5,
                "Tests need a GPU; run by hand.",
                "A. Teacher",
                2,
            ),
        ),
        (Penalty("Team 2", 1.0, "Handed in a day late.", "A. Teacher", 4),),
        (Extension("Team 1", "2025-06-02 23:59", "illness", "A. Teacher", False, 6),),
    )


@pytest.mark.parametrize(
    ("written", "until"),
    [
        ("2025-06-02", "2025-06-02"),
        ("2025-06-02 23:59:30", "2025-06-02 23:59:30"),
        ('" 2025-06-02 23:59"', "2025-06-02 23:59"),
        ("2025-06-02T23:59+02:00", "2025-06-02T23:59+02:00"),
    ],
)
def test_a_deadline_is_kept_as_it_is_written(written: str, until: str) -> None:
    text = f"extensions:\n  - {{group: Team 1, until: {written}, reason: x, by: y, late: true}}"
    (one,) = decisions(text).extensions
    assert (one.until, one.is_late) == (until, True)


def test_a_group_is_called_as_it_is_written() -> None:
    raw = b"penalties:\n  - {group: 007, points: 1, reason: x, by: on}\n"
    (one,) = parse_decisions(raw, "o.yaml", ITEMS, ["007", "7"]).penalties
    assert (one.group, one.by) == ("007", "on")


@pytest.mark.parametrize(
    "text", ["", "# none yet\n", "overrides:\n", "overrides: []\n"]
)
def test_no_decisions_are_none(text: str) -> None:
    assert decisions(text) == Decisions()


def test_one_group_may_have_several_penalties_for_several_reasons() -> None:
    found = decisions(
        "penalties:\n"
        "  - {group: Team 1, points: 1, reason: late, by: x}\n"
        "  - {group: Team 1, points: 1, reason: no README, by: x}\n"
    )
    assert [one.reason for one in found.penalties] == ["late", "no README"]


def test_every_wrong_decision_is_told_with_its_line_and_column() -> None:
    assert (
        mistakes("""\
overrides:
  - {group: Taem 1, item: coverge, mark: 11, reason: x, by: y}
  - {group: Team 1, item: coverage, mark: "7,5", reason: x, by: y}
  - {group: Team 1, item: coverage, mark: 5, reason: "  ", reson: z}
  - {group: [Team 1], item: coverage, mark: yes, reason: x, by: y}
penalties:
  - {group: Team 2, points: -1, reason: x, by: y}
  - Team 2
extension: []
extensions:
  - {group: Team 1, until: null, reason: x, by: y, late: maybe}
""")
        == [
            'o.yaml:2:13: the class has no group "Taem 1". Did you mean "Team 1"?',
            'o.yaml:2:27: the rubric has no item "coverge". Did you mean "coverage"? It has: '
            "coverage, formatting, presentation.",
            'o.yaml:2:42: "11" is not a mark from 0 to 10, a number.',
            'o.yaml:3:44: "7,5" is not a mark from 0 to 10, a number. Its decimals are behind a '
            "point.",
            'o.yaml:4:60: unknown key "reson". Did you mean "reason"? Known here: group, item, '
            "mark, reason, by.",
            'o.yaml:4:5: "by" is missing.',
            'o.yaml:4:55: "reason" is only white space.',
            'o.yaml:5:13: "group" is one value, no list or mapping.',
            'o.yaml:5:45: "yes" is not a mark from 0 to 10, a number.',
            'o.yaml:7:29: "-1" is not points from 0 to 10, a number.',
            "o.yaml:8:5: this is a mapping with group, points, reason, by.",
            'o.yaml:9:1: unknown key "extension". Did you mean "extensions"? Known here: '
            "overrides, penalties, extensions.",
            'o.yaml:11:5: "until" is missing.',
            'o.yaml:11:58: "late" is true or false.',
        ]
    )


@pytest.mark.parametrize(
    ("part", "rest"),
    [
        ("overrides", "item: coverage, mark: 5"),
        ("penalties", "points: 1"),
        ("extensions", "until: 2025-06-02"),
    ],
)
def test_a_decision_that_stands_there_twice_is_told_also_on_one_line(
    part: str, rest: str
) -> None:
    one = f"{{group: Team 1, {rest}, reason: x, by: y}}"
    (told,) = mistakes(f"{part}: [{one}, {one}]")
    assert "in line 1 already" in told


@pytest.mark.parametrize("mark", [".nan", ".inf", "-0.1", "10.1", "true", "'5'", "x"])
def test_what_is_no_number_in_range_is_no_override(mark: str) -> None:
    (told,) = mistakes(
        f"overrides:\n  - {{group: Team 1, item: coverage, mark: {mark}, reason: x, by: y}}"
    )
    assert "is not a mark from 0 to 10" in told


@pytest.mark.parametrize("key", ["group", "item", "mark", "reason", "by"])
def test_whatever_is_missing_is_told(key: str) -> None:
    values = {
        "group": "Team 1",
        "item": "coverage",
        "mark": "5",
        "reason": "x",
        "by": "y",
    }
    del values[key]
    text = ", ".join(f"{name}: {value}" for name, value in values.items())
    assert mistakes(f"overrides:\n  - {{{text}}}") == [
        f'o.yaml:2:5: "{key}" is missing.'
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("- x", "o.yaml:1:1: this is a mapping"),
        ("overrides: 3", 'o.yaml:1:12: "overrides" is a list'),
        ("overrides: [", "this is not valid YAML"),
        ("overrides: []\noverrides: []", 'the key "overrides" stands here twice'),
    ],
)
def test_a_file_of_another_form_is_refused(text: str, words: str) -> None:
    assert words in mistakes(text)[0]


def test_what_people_write_is_one_printable_line() -> None:
    (one,) = decisions(
        'penalties:\n  - {group: Team 1, points: 1, reason: "a\\e[2J\\nb\\u202e", by: x}'
    ).penalties
    assert one.reason == "a\\x1b[2J b\\u202e"
