"""The terminal report: marks with their numbers, whole commands, no text that acts."""

import io
import re

import pytest
from rich.console import Console

from grader.model.report import Report
from grader.reporting.clean import clean
from grader.reporting.quiet import render_quiet
from grader.reporting.terminal import render_terminal
from tests.reporting import sample


def shown(
    report: Report, *, width: int = 80, is_terminal: bool = False, verbose: bool = False
) -> str:
    """What is printed on a console of this width."""
    file = io.StringIO()
    console = Console(
        file=file, width=width, force_terminal=is_terminal, legacy_windows=False
    )
    render_terminal(report, console, verbose=verbose)
    return file.getvalue()


def flat(text: str) -> str:
    """The text with its line breaks and columns as single spaces."""
    return " ".join(text.split())


def test_the_total_stands_first_and_last_with_its_state() -> None:
    lines = shown(sample.messy()).splitlines()
    summary = "flat-prices: 5.65 of 10 over 95.7 % of the rubric, provisional"
    assert lines[0] == summary
    assert lines[-1] == summary
    assert lines[1].strip() == "56.5 of 100"
    assert "Not graded: pylint." in lines[2]


def test_quiet_is_one_line() -> None:
    for report, line in (
        (sample.clean(), "flat-prices: 10 of 10, final\n"),
        (sample.empty(), "empty: not graded\n"),
        (
            sample.partly_empty(),
            "flat-prices: 8.57 of 10 over 42.9 % of the rubric, final\n",
        ),
    ):
        assert render_quiet(report, "utf-8") == line


def test_quiet_says_a_name_in_signs_that_there_are() -> None:
    report = sample.clean()
    named = report.repository.model_copy(update={"name": "prix→été\x1b[2J"})
    line = render_quiet(report.model_copy(update={"repository": named}), "latin-1")
    assert line == "prix->été\\x1b[2J: 10 of 10, final\n"


def test_a_long_name_is_cut_once_wherever_it_stands() -> None:
    report = sample.clean()
    named = report.repository.model_copy(update={"name": "n" * 2_100})
    renamed = report.model_copy(update={"repository": named})
    line = f"{'n' * 2_000}… (100 more characters): 10 of 10, final"
    assert render_quiet(renamed, "utf-8") == f"{line}\n"
    assert shown(renamed).splitlines()[0] == line


def test_each_check_has_its_mark_the_numbers_and_what_to_do() -> None:
    text = flat(shown(sample.messy()))
    assert (
        "6.43 formatting 10 × 9 / 14 = 6.43 compliant_files 9, files 14; 5 findings, "
        "1 note Run `black .` to auto-format the code."
    ) in text
    assert "0 config-paths 10 - 14 = -4, held to 0" in text
    assert "provisional: compares with the class; there was no class" in text


def test_an_ungraded_check_says_why() -> None:
    text = flat(shown(sample.messy()))
    assert (
        "not graded pylint Not graded, because it could not be measured: pylint: did "
        "not finish within 180 s."
    ) in text
    assert "Left out with --only or --skip: " in flat(shown(sample.left_out()))


def test_what_to_fix_next_goes_by_gain() -> None:
    text = shown(sample.messy())
    gains = [float(g) for g in re.findall(r"^ +(\+[\d.]+) points", text, re.MULTILINE)]
    assert len(gains) == len(sample.messy().fixes)
    assert gains == sorted(gains, reverse=True)


@pytest.mark.parametrize("width", [40, 80, 200])
def test_a_command_is_never_cut_or_wrapped(width: int) -> None:
    lines = shown(sample.messy(), width=width).splitlines()
    assert "black ." in [line.strip() for line in lines]
    [line] = [line for line in lines if line.strip().startswith("flake8 --isolated")]
    assert line.endswith("src/module_13.py")


def test_verbose_lists_each_finding_on_a_line_that_an_editor_can_follow() -> None:
    lines = shown(sample.messy(), width=40, verbose=True).splitlines()
    found = [line for line in lines if re.match(r"  src/\w+\.py:\d+: ", line)]
    assert (
        "  src/load.py:7: warning: E501: line too long (104 > 79 characters)" in found
    )
    assert len([line for line in found if re.search(r": [EWF]\d{3}: ", line)]) == 83
    assert not re.search(r"\.py:\d+: ", shown(sample.messy()))


def test_no_colour_and_no_escape_when_it_is_not_a_terminal() -> None:
    for report in (sample.messy(), sample.hostile(), sample.hostile_judged()):
        text = shown(report, verbose=True)
        assert text.replace("\n", "").isprintable()


def test_no_colour_where_the_environment_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    codes = re.findall(r"\x1b\[([\d;]*)m", shown(sample.messy(), is_terminal=True))
    # Bold (1), dim (2) and reset (0) are no colours.
    assert {part for code in codes for part in code.split(";")} <= {"0", "1", "2", ""}


def test_a_repositorys_text_is_neither_markup_nor_an_escape(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    text = shown(sample.hostile(), width=400, is_terminal=True, verbose=True)
    plain = re.sub(r"\x1b\[[\d;]*m", "", text)
    assert "\x1b" not in plain
    assert plain.replace("\n", "").isprintable()
    for payload in sample.HOSTILE:
        assert clean(payload) in plain


def test_a_terminal_without_unicode_gets_every_word() -> None:
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding="ascii")
    render_terminal(sample.messy(), Console(file=file, width=80))
    file.flush()
    text = raw.getvalue().decode("ascii")
    assert "10 * 9 / 14 = 6.43" in text
    assert "6.43 -> 10" in text
    assert "###" in text


def test_notes_and_the_number_of_files_left_out_are_told() -> None:
    text = flat(shown(sample.messy()))
    assert "No check reads 2 files of the repository." in text
    assert "flats_2019" not in text
    assert "flats_2019_2024_all_districts.csv: too large" in flat(
        shown(sample.messy(), verbose=True)
    )


def test_nothing_to_fix_is_said() -> None:
    assert "Nothing that was graded has a finding" in shown(sample.clean())


def test_each_fix_says_in_one_line_what_it_takes() -> None:
    text = shown(sample.linked(), width=200)
    [first] = [one for one in text.splitlines() if "83 places" in one]
    assert first.endswith("83 places in 4 files to mend")
    assert "points" in first


def test_every_finding_stands_by_file() -> None:
    text = shown(sample.linked(), width=200, verbose=True)
    places = [one.split(":")[0] for one in text.splitlines() if "E501" in one]
    assert len(places) > len(set(places)) > 1
    assert places == [
        one for one in dict.fromkeys(places) for _ in range(places.count(one))
    ]
