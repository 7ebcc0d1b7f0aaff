"""Lists of repositories: what a group is, which row is refused and why, which folder is whose."""

import codecs
import string
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.errors import GradeError
from grader.submissions import sources
from grader.submissions.names import sameness
from grader.submissions.sources import (
    Rejected,
    Submission,
    SubmissionList,
    folder_of,
    parse_submissions,
    read_submissions,
)
from tests.conftest import REPOSITORY

CLASSES = REPOSITORY / "fixtures" / "classes"
URL = "https://github.com/org/"
HEADER = "group,url,branch,commit,members\n"


def listed(text: str | bytes, name: str = "list.csv") -> SubmissionList:
    raw = text if isinstance(text, bytes) else text.encode()
    return parse_submissions(raw, name, Path("/nowhere"))


def groups(found: SubmissionList) -> list[tuple[str, str]]:
    return [(one.group, one.source) for one in found.submissions]


def only_refusal(found: SubmissionList) -> Rejected:
    assert len(found.rejected) == 1, found.rejected
    return found.rejected[0]


def refusal_of_all(text: str | bytes, name: str = "list.csv") -> GradeError:
    with pytest.raises(GradeError) as caught:
        listed(text, name)
    return caught.value


# Kinds of lists


@pytest.mark.parametrize("name", ["groups.csv", "groups.txt", "groups.yaml"])
def test_the_same_class_in_three_formats_is_the_same_class(name: str) -> None:
    found = read_submissions(CLASSES / name)
    assert found.rejected == ()
    assert [
        (one.source.removesuffix(".git"), one.branch, one.commit)
        for one in found.submissions
    ] == [
        ("https://github.com/mlops-2025/team-1", None, None),
        ("https://github.com/mlops-2025/team-2", "develop", None),
        ("git@github.com:mlops-2025/team-3", None, "0f1e2d3c4b"),
    ]
    assert [one.group for one in found.submissions[1:]] == ["Team 2", "Team 3"]


def test_members_are_people_not_words() -> None:
    found = read_submissions(CLASSES / "groups.csv")
    assert found.submissions[0].members == ("Ada Byron", "Alan Turing")
    assert found.submissions[1].members == ("Hopper, Grace", "Hamilton, Margaret")


def test_students_who_share_a_repository_in_github_classroom_are_one_group() -> None:
    found = read_submissions(CLASSES / "github-classroom.csv")
    assert groups(found) == [
        ("Team 1", "https://github.com/mlops-2025/project-team-1"),
        ("Team 2", "https://github.com/mlops-2025/project-team-2"),
    ]
    assert found.submissions[0].members == ("Byron, Ada (ada)", "Turing, Alan (alan)")
    refused = only_refusal(found)
    assert refused.row == 5
    assert refused.reason.startswith("Lovelace, Joan: no repository is given")


def test_without_a_group_name_github_classroom_s_repository_names_the_group() -> None:
    found = listed(
        "github_username,roster_identifier,student_repository_name,"
        f"student_repository_url\nada,,lab-ada,{URL}lab-ada\n"
    )
    assert groups(found) == [("lab-ada", f"{URL}lab-ada")]
    assert found.submissions[0].members == ("ada",)


def test_classroom_50_names_repositories_without_their_organization() -> None:
    text = (CLASSES / "classroom50-groups.csv").read_text("utf-8")
    refused = listed(text).rejected
    assert [one.row for one in refused] == [2, 3, 4, 5]
    assert "add a column organization" in refused[0].hint
    head, *rows = text.splitlines()
    with_it = "\n".join([f"{head},organization", *(f"{row},mlops" for row in rows)])
    found = listed(with_it)
    assert groups(found) == [
        ("The Sharks", "https://github.com/mlops/mlops-project-group-1"),
        ("=Jets", "https://github.com/mlops/mlops-project-group-2"),
    ]
    assert found.submissions[0].members == ("Ada Byron (ada)", "Alan Turing (alan)")
    assert only_refusal(found).row == 5


def test_classroom_50_s_clones_beside_its_list_are_found(tmp_path: Path) -> None:
    text = (CLASSES / "classroom50-groups.csv").read_bytes()
    (tmp_path / "mlops-project-group-1").mkdir()
    found = parse_submissions(text, "groups.csv", tmp_path)
    assert groups(found) == [
        ("The Sharks", str(tmp_path / "mlops-project-group-1")),
    ]


def test_classroom_50_s_scores_name_the_commit_that_was_handed_in() -> None:
    found = read_submissions(CLASSES / "classroom50-scores.csv")
    (one,) = found.submissions
    assert one.group == "mlops-project-group-1"
    assert one.source == "https://github.com/mlops-2025/mlops-project-group-1"
    assert one.commit == "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c"
    assert one.members == ("ada", "alan")
    assert any("whatever the deadline is" in note for note in found.notes)
    assert only_refusal(found).row == 3


def test_the_lines_of_classroom_50_s_download_are_submissions_not_groups() -> None:
    page = f"{URL}lab-ada/compare/aaaaaaa...bbbbbbb"
    found = listed(
        "username,first_name,last_name,email,section,score,max_score,datetime,"
        "submission_tag,submitted_by,review_url,late,override\n"
        f"ada,Ada,Byron,,,8,10,,submit/2,ada,{page},false,\n"
        f"ada,Ada,Byron,,,5,10,,submit/1,ada,{page},false,\n"
    )
    assert groups(found) == [("lab-ada", f"{URL}lab-ada")]


@pytest.mark.parametrize(
    ("header", "what"),
    [
        ('"identifier","github_username","github_id","name"', "GitHub Classroom's"),
        ("username,first_name,last_name,email,section,github_id", "Classroom 50's"),
    ],
)
def test_a_roster_is_not_a_list_of_repositories(header: str, what: str) -> None:
    error = refusal_of_all(f"{header}\na,b,c,d\n")
    assert f"{what} roster, which names students" in error.message


def test_missing_columns_are_told_with_what_was_found_and_what_would_do() -> None:
    error = refusal_of_all(f"group;adress;points\nTeam 1;{URL}team-1;3\n")
    assert error.message == (
        'list.csv: no column has the repositories\' addresses; it has "group", '
        '"adress", "points". Did you mean "address"?'
    )
    assert "url (or repo" in error.hint


def test_unknown_columns_are_no_group_either() -> None:
    error = refusal_of_all(f"equipo;enlace\nUno;{URL}uno\n")
    assert 'it has "equipo", "enlace"' in error.message


def test_a_column_that_is_not_used_is_told() -> None:
    found = listed(f"Team,Repo URL,brnach,mark\nA,{URL}a,dev,3\n")
    assert groups(found) == [("A", f"{URL}a")]
    assert found.notes == (
        'Columns that mean nothing here: "brnach" (did you mean "branch"?), "mark".',
    )


def test_a_column_that_stands_twice_is_refused() -> None:
    error = refusal_of_all(f"group,url,url\nA,{URL}a,{URL}b\n")
    assert 'the column "url" stands there twice' in error.message


def test_of_two_columns_for_one_thing_the_plainer_counts() -> None:
    found = listed(f"name,repo,url,group\nAda,a,{URL}a,Team A\n")
    assert groups(found) == [("Team A", f"{URL}a")]


# What spreadsheets and editors do to a file


@pytest.mark.parametrize(
    "encode",
    [
        lambda text: text.encode("utf-8-sig"),
        lambda text: codecs.BOM_UTF16_LE + text.encode("utf-16-le"),
        lambda text: codecs.BOM_UTF16_BE + text.encode("utf-16-be"),
        lambda text: text.encode("utf-16-le"),
        lambda text: text.replace("\n", "\r\n").encode(),
        lambda text: text.replace("\n", "\r").encode(),
        lambda text: text.replace(",", ";").encode(),
        lambda text: text.replace(",", "\t").encode("utf-8-sig"),
        lambda text: b"sep=;\r\n" + text.replace(",", ";").encode(),
        lambda text: text.replace("\n", "\n\n  \n,,,,\n").encode(),
        lambda text: ("\n\n# made by hand\n" + text).encode(),
    ],
)
def test_every_way_to_save_a_table_gives_the_same_groups(encode: object) -> None:
    assert callable(encode)
    text = f"{HEADER}Équipe 1,{URL}a,,,Ana\nTeam 2,{URL}b,main,,\n"
    found = listed(encode(text))
    assert found.rejected == ()
    assert [(one.group, one.branch) for one in found.submissions] == [
        ("Équipe 1", None),
        ("Team 2", "main"),
    ]


def test_latin_1_is_read_and_said() -> None:
    found = listed(f"{HEADER}Peña,{URL}a,,,\n".encode("cp1252"))
    assert groups(found) == [("Peña", f"{URL}a")]
    assert "is not UTF-8 (line 2) and was read as Latin-1" in found.notes[0]


def test_a_cell_with_line_breaks_is_one_cell_and_rows_keep_their_line() -> None:
    found = listed(f'{HEADER}"Team\n 1",{URL}a,,,"Ada\nAlan"\nTeam 2,nowhere,,,\n')
    (one,) = found.submissions
    assert (one.group, one.members, one.row) == ("Team 1", ("Ada", "Alan"), 2)
    assert only_refusal(found).row == 5


@pytest.mark.parametrize("broken", [f'"Team 2,{URL}b,,,', f'"Team" 2,{URL}b,,,'])
def test_a_broken_quote_costs_its_own_row_only(broken: str) -> None:
    rows = "".join(f"Team {n},{URL}{n},,,\n" for n in range(3, 20))
    found = listed(f"{HEADER}Team 1,{URL}a,,,\n{broken}\n{rows}")
    assert len(found.submissions) == 18
    refused = only_refusal(found)
    assert refused.row == 3
    assert "quotes" in refused.reason


def test_a_name_with_the_delimiter_in_it_shifts_no_cell() -> None:
    found = listed(f"{HEADER}Doe, Jane,{URL}a,,,\nTeam 2,{URL}b,,,\n")
    assert groups(found) == [("Team 2", f"{URL}b")]
    assert only_refusal(found).row == 2


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "is empty"),
        (b"\n \n# nothing\n", "is empty"),
        (b"PK\x03\x04rest", "a spreadsheet's own file"),
        (b"group,url\nA,x\0\xff\n", "is not a text file"),
        (b"\xff\xfea", "is not UTF-16-LE text"),
    ],
)
def test_what_is_no_list_is_refused_as_a_whole(raw: bytes, words: str) -> None:
    assert words in refusal_of_all(raw).message


def test_a_list_has_an_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = "".join(f"{URL}{n}\n" for n in range(10_001))
    assert "more than 10,000 rows" in refusal_of_all(rows).message
    large = tmp_path / "large.csv"
    with large.open("wb") as stream:
        stream.truncate(8 * 2**20 + 1)
    with pytest.raises(GradeError, match="at most 8 MiB"):
        read_submissions(large)


def test_a_list_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(GradeError, match="there is no list"):
        read_submissions(tmp_path / "groups.csv")


# Lines of text


def test_comments_stand_alone_or_behind_an_address_and_not_in_a_name() -> None:
    found = listed(
        f"# a class\n{URL}a # late\n  # indented\nTeam #1,{URL}b, dev # their branch\n",
        "list.txt",
    )
    assert [(one.group, one.branch) for one in found.submissions] == [
        ("a", None),
        ("Team #1", "dev"),
    ]
    assert found.rejected == ()


def test_under_column_names_a_row_with_a_number_sign_is_a_row_and_is_told() -> None:
    found = listed(f"{HEADER}#1,{URL}a,,,\n")
    assert groups(found) == [("#1", f"{URL}a")]
    assert 'Row 2 begin(s) with "#"' in found.notes[0]


def test_the_order_of_a_line_is_told_where_it_is_another() -> None:
    found = listed(f"A,{URL}a\n{URL}b,main\n", "list.txt")
    assert only_refusal(found).hint == "The order is group,url,branch,commit."


# YAML


def test_yaml_is_a_list_or_has_groups_and_takes_names_as_they_are_written() -> None:
    found = listed(
        f"- {{team: 007, repo: {URL}a}}\n- {{team: on, repo: {URL}b}}\n", "l.yml"
    )
    assert [one.group for one in found.submissions] == ["007", "on"]


def test_an_unknown_key_costs_its_own_group_only() -> None:
    found = listed(
        f"groups:\n  - {{group: A, url: {URL}a, brnach: dev}}\n  - {URL}b\n", "l.yaml"
    )
    assert groups(found) == [("b", f"{URL}b")]
    refused = only_refusal(found)
    assert refused.row == 2
    assert 'unknown key "brnach". Did you mean "branch"?' in refused.reason


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("grops: []\n", 'l.yaml:1:1: unknown key "grops". Did you mean "groups"?'),
        ("groups:\n", "names no groups"),
        ("", "names no groups"),
        ("groups: here\n", "l.yaml:1:9: the groups are a list"),
        ("- [\n", "this is not valid YAML"),
    ],
)
def test_yaml_that_is_no_list_is_refused_as_a_whole(text: str, words: str) -> None:
    assert words in refusal_of_all(text, "l.yaml").message


def test_yaml_items_that_are_no_groups_are_refused_with_their_line() -> None:
    found = listed(f"- {URL}a\n- [x]\n- {{group: B}}\n- {{url: [x]}}\n", "l.yaml")
    assert [one.row for one in found.rejected] == [2, 3, 4]
    assert groups(found) == [("a", f"{URL}a")]


# Addresses


@pytest.mark.parametrize(
    ("written", "source"),
    [
        ("https://github.com/org/a/", "https://github.com/org/a"),
        ("HTTPS://GitHub.COM/Org/A.git//", "https://github.com/Org/A.git"),
        ("http://github.com/org/a", "https://github.com/org/a"),
        ("<https://github.com/org/a>", "https://github.com/org/a"),
        ("\u200bhttps://github.com/org/a\xa0", "https://github.com/org/a"),
        ("github.com/org/a", "https://github.com/org/a"),
        ("ssh://git@Host.ES:2222/a/b/", "ssh://git@host.es:2222/a/b"),
        ("git@GitHub.com:org/a/", "git@github.com:org/a"),
        ("https://gitlab.com/x/y/z", "https://gitlab.com/x/y/z"),
    ],
)
def test_an_address_is_taken_however_it_was_copied(written: str, source: str) -> None:
    assert listed(f"{HEADER}A,{written},,,\n").submissions[0].source == source


def test_that_http_was_taken_for_https_is_told() -> None:
    found = listed("http://h.es/o/a\nhttp://h.es/o/b\nhttps://h.es/o/c\n")
    assert found.notes == ("http:// was taken for https://: rows 1 and 2.",)


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("ext::sh%20-c%20x", "names a program"),
        ("-oProxyCommand=x", "neither an address nor a folder"),
        ("ssh://-oProxyCommand=x/y", "hyphen"),
        ("https://github.com/org/$(id)", "have no place"),
        ("file:///etc", "is given by its path"),
        ("git://github.com/org/a", "not protected"),
        ("https://github.com/org", "lacks a name"),
        ("https://h.es/.git", "lacks a name"),
        ("https://github.com/org/a/tree/main", "is a page of a repository"),
        ("https://gitlab.com/x/y/-/tree/main", "is a page of a repository"),
        ("org/a", "neither an address nor a folder"),
        ("../elsewhere", "neither an address nor a folder"),
        ("x" * 5000, "has 5000 characters"),
        ("github.com/" + "x" * 300, "lacks a name"),
        ("a\0b", "can't be a path"),
        ("", "no repository is given"),
    ],
)
def test_an_address_that_git_must_not_see_costs_its_row(
    address: str, words: str
) -> None:
    found = listed(f'{HEADER}A,"{address}",,,\nB,{URL}b,,,\n')
    assert groups(found) == [("B", f"{URL}b")]
    refused = only_refusal(found)
    assert refused.row == 2
    assert words in refused.reason
    assert refused.reason.startswith('group "A": ')
    assert refused.hint
    assert len(refused.text) <= 120


@pytest.mark.parametrize(
    "address",
    [
        "https://ada:hunter2@github.com/org/a",
        "https://hunter2@github.com/org/a",
        "ftp://ada:hunter2@host/a",
        "https://ada:p/hunter2@host/a",
        "https://ada:p@hunter2@host/a",
        "https://github.com/org/a?token=hunter2",
        "https://github.com/org/a#hunter2",
        "ghp_hunter2hunter2hunter2",
        f"https://ada:{'hunter2' * 100}@github.com/org/a",
    ],
)
def test_no_secret_of_an_address_is_repeated(address: str) -> None:
    for text in (f"{HEADER}A,{address},,,\n", f"{URL}b\nA,{address}\n"):
        refused = only_refusal(listed(text))
        assert "hunter2" not in repr(refused)


def test_a_folder_beside_the_list_is_a_repository(tmp_path: Path) -> None:
    (tmp_path / "clones" / "team-1").mkdir(parents=True)
    (tmp_path / "list.txt").write_text("clones/team-1\nOther,./clones\nX,clones/no\n")
    found = read_submissions(tmp_path / "list.txt")
    assert groups(found) == [
        ("team-1", str(tmp_path / "clones" / "team-1")),
        ("Other", str(tmp_path / "clones")),
    ]
    assert only_refusal(found).row == 3


# Branches and commits


@pytest.mark.parametrize("branch", ["--upload-pack=x", "a b", "a..b", "x.lock", "a:b"])
def test_what_can_t_be_a_branch_is_refused(branch: str) -> None:
    refused = only_refusal(listed(f"{HEADER}A,{URL}a,{branch},,\n"))
    assert "can't be the name of a branch" in refused.reason


@pytest.mark.parametrize("commit", ["HEAD", "1.23E+06", "abcdef", "-abcdef1", "g" * 40])
def test_what_can_t_be_a_commit_is_refused(commit: str) -> None:
    refused = only_refusal(listed(f"{HEADER}A,{URL}a,,{commit},\n"))
    assert "is not the hash of a commit" in refused.reason


def test_a_commit_may_be_a_link_or_in_capitals() -> None:
    found = listed(f"{HEADER}A,{URL}a,,ABCDEF1,\nB,{URL}b,,{URL}b/commit/abcdef2,\n")
    assert [one.commit for one in found.submissions] == ["abcdef1", "abcdef2"]


# Twice


@pytest.mark.parametrize(
    "again",
    [
        f"{URL}a.git",
        f"{URL}A/",
        "git@github.com:org/a.git",
        "http://www.github.com/org/a",
    ],
)
def test_two_groups_with_one_repository_are_both_refused(again: str) -> None:
    found = listed(f"{HEADER}A,{URL}a,,,\nB,{again},,,\nC,{URL}c,,,\n")
    assert groups(found) == [("C", f"{URL}c")]
    first, second = found.rejected
    assert (first.row, second.row) == (2, 3)
    assert 'row 3 ("B")' in first.reason
    assert 'row 2 ("A")' in second.reason


def test_groups_may_share_a_repository_on_branches_of_their_own() -> None:
    found = listed(f"{HEADER}A,{URL}a,one,,\nB,{URL}a,two,,\n")
    assert [one.group for one in found.submissions] == ["A", "B"]


def test_equal_rows_are_one_group_and_told() -> None:
    found = listed(f"{HEADER}A,{URL}a,,,x\nB,{URL}b,,,\nA,{URL}a/,,,y\n")
    assert [one.group for one in found.submissions] == ["A", "B"]
    assert found.submissions[0].members == ("x", "y")
    assert "Equal to a row above, and kept once: row 4." in found.notes


@pytest.mark.parametrize("again", ["Équipe", "équipe", "E\u0301QUIPE"])
def test_the_second_group_of_one_name_is_refused(again: str) -> None:
    found = listed(f"{HEADER}Équipe,{URL}a,,,\n{again},{URL}b,,,\n")
    assert groups(found) == [("Équipe", f"{URL}a")]
    refused = only_refusal(found)
    assert refused.row == 3
    assert "row 2 has that name already" in refused.reason


def test_a_repository_s_owner_is_named_only_where_names_meet() -> None:
    found = listed(
        "https://github.com/ada/lab\nhttps://github.com/bob/lab\n" f"{URL}other\n",
        "list.txt",
    )
    assert [one.group for one in found.submissions] == ["ada/lab", "bob/lab", "other"]


def test_a_row_without_a_name_doesn_t_take_one_that_was_given() -> None:
    found = listed(f"{HEADER},{URL}lab,,,\nlab,{URL}x,,,\n")
    assert [one.group for one in found.submissions] == ["org/lab", "lab"]
    assert "Named after the repository, for want of a name: row 2." in found.notes


# Names and folders


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("../..", "../.."),
        ("CON", "CON"),
        ("🚀 Rockets 👩\u200d💻", "🚀 Rockets 👩💻"),
        ("=cmd|' /C calc'!A0", "=cmd|' /C calc'!A0"),
        ("Team  1 ", "Team 1"),
        ("dots...", "dots..."),
        ("x" * 300, "x" * 300),
        ("   ", "a"),
    ],
)
def test_odd_names_are_names(written: str, shown: str) -> None:
    (one,) = listed(f'{HEADER}"{written}",{URL}a,,,\n').submissions
    assert one.group == shown


@pytest.mark.parametrize("name", ["a\0b", "a\u202eb", "a\x1b[2Jb", "a\x07", "x" * 501])
def test_names_that_can_t_be_shown_are_refused(name: str) -> None:
    refused = only_refusal(listed(f"{HEADER}{name},{URL}a,,,\n"))
    assert refused.text.isprintable()
    assert refused.reason.isprintable()
    assert refused.row == 2


@pytest.mark.parametrize("name", ["team-3", "Group_12", "a.b", "0"])
def test_a_plain_name_is_its_own_folder(name: str) -> None:
    assert folder_of(name) == name


NAMES = st.one_of(
    st.text(min_size=1, max_size=80),
    st.text(st.sampled_from("aA -._/\\:…ñ.con1"), min_size=1, max_size=12),
    st.sampled_from(
        ["CON", "con.txt", "..", ".", "-", "nul", "team 1", "team-1", ".git"]
    ),
)


@given(NAMES)
def test_a_folder_is_safe_on_every_file_system(name: str) -> None:
    folder = folder_of(name)
    allowed = set(string.ascii_letters + string.digits + "._-")
    assert folder and set(folder) <= allowed
    assert len(folder) <= 100
    assert folder[0] not in ".-" and folder[-1] != "."
    device = folder.partition(".")[0].lower()
    assert device not in {"con", "prn", "aux", "nul", "com1", "lpt1"}


@given(st.lists(NAMES, min_size=2, max_size=8))
def test_groups_that_differ_have_folders_that_differ(names: Sequence[str]) -> None:
    different = {sameness(name): name for name in names}.values()
    everything = [*different]
    # A name may be another's folder, too.
    everything += [
        folder_of(name)
        for name in different
        if sameness(folder_of(name)) not in {sameness(one) for one in different}
    ]
    folders = {folder_of(name).casefold() for name in everything}
    assert len(folders) == len(everything)


@given(st.permutations(list(range(8))), st.integers(0, 8))
def test_neither_the_order_nor_a_row_more_changes_a_folder(
    order: Sequence[int], count: int
) -> None:
    names = ["A", "team 1", "team:1", "Ñandú", "..", "CON", "x" * 200, "🚀"]
    rows = [f'"{name}",{URL}r{at},,,\n' for at, name in enumerate(names)]
    whole = listed(HEADER + "".join(rows))
    part = listed(HEADER + "".join(rows[at] for at in order[:count]))
    folders = {one.group: folder_of(one.group) for one in whole.submissions}
    assert len(set(folders.values())) == len(names)
    for one in part.submissions:
        assert folder_of(one.group) == folders[one.group]


def test_a_name_that_has_another_s_folder_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sources, "folder_of", lambda group: "same")
    found = listed(f"{HEADER}A,{URL}a,,,\nB,{URL}b,,,\n")
    assert [one.group for one in found.submissions] == ["A"]
    assert only_refusal(found).row == 3


# Folders of clones


def test_a_folder_of_clones_gives_a_group_for_each(tmp_path: Path) -> None:
    for name in ("team-2", "team-1", ".hidden", ".dotted/.git", "old/x", "bare.git"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "bare.git" / "HEAD").write_text("ref: refs/heads/main\n")
    (tmp_path / "notes.txt").write_text("x")
    (tmp_path / "outside").symlink_to("/")
    (tmp_path / "class").mkdir()
    (tmp_path / "class" / "class.json").write_text("{}")
    found = read_submissions(tmp_path)
    names = [".dotted", "bare", "old", "team-1", "team-2"]
    assert [one.group for one in found.submissions] == names
    assert found.submissions[3] == Submission("team-1", str(tmp_path / "team-1"))
    assert found.notes == (
        '"class" is the folder of a class run: left out.',
        '"outside" is a symbolic link: not followed.',
    )


def test_clones_with_odd_names_are_refused_one_by_one(tmp_path: Path) -> None:
    for name in ("good", "bad\x1b", "Good"):
        (tmp_path / name).mkdir()
    found = read_submissions(tmp_path)
    assert [one.group for one in found.submissions] == ["Good"]
    assert len(found.rejected) == 2
    assert 'group "good": "Good" has that name already' in found.rejected[1].reason


def test_a_repository_is_not_a_folder_of_clones(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    with pytest.raises(GradeError, match="is a repository itself"):
        read_submissions(tmp_path)


def test_an_empty_folder_is_no_class(tmp_path: Path) -> None:
    with pytest.raises(GradeError, match="no folders that could be clones"):
        read_submissions(tmp_path)
