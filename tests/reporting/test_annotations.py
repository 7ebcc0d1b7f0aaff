"""GitHub annotations, read as the runner reads them: one command per line and no other.

The reader follows the rules of actions/runner (src/Runner.Common/ActionCommand.cs and
src/Runner.Worker/ActionCommandManager.cs): a command starts a line, after white space, with
`::`; the older form `##[name …]` counts anywhere in a line that is no such command.
"""

import re
from collections import Counter
from dataclasses import dataclass, field

import pytest

from grader.model.measurement import Finding
from grader.model.report import Report
from grader.model.score import mark_of
from grader.reporting import words
from grader.reporting.annotations import PER_LEVEL, render_annotations, stopped
from grader.reporting.clean import clean
from grader.reporting.json import load_report, render_json
from tests.reporting import sample

EVERY = pytest.mark.parametrize("build", sample.REPORTS)
KNOWN = frozenset(
    "error warning notice debug group endgroup add-mask add-path set-env set-output "
    "save-state add-matcher remove-matcher echo stop-commands".split()
)
ATTACKS = (
    "::error::forged",
    "  ::add-mask::e",
    "ok\n::set-output name=total::10",
    "ok\r::stop-commands::x",
    "%0A::error::forged",
    "##[add-mask]e",
    "x ##[error]forged",
    "a,line=1::x",
    "title::y,file=/etc/passwd",
    "100% of %25",
    "\u2028::error::forged\x85::error::forged",
)


@dataclass(frozen=True)
class Command:
    """One command as the runner understood it."""

    name: str
    message: str
    properties: dict[str, str] = field(default_factory=dict)


def unescaped(text: str, escapes: str) -> str:
    """The sign of the escapes last, as the runner does it."""
    for sign in escapes:
        text = text.replace(f"%{ord(sign):02X}", sign)
    return text


def command(line: str, known: frozenset[str]) -> Command | None:
    """What a line of a log makes the runner do."""
    trimmed = line.lstrip()
    if trimmed.startswith("::") and "::" in trimmed[2:]:
        head, _, message = trimmed[2:].partition("::")
        name, _, rest = head.partition(" ")
        if name.lower() in known:
            pairs = (pair.split("=", 1) for pair in rest.strip().split(",") if pair)
            given = {p[0]: unescaped(p[1], "\r\n:,%") for p in pairs if len(p) == 2}
            return Command(name.lower(), unescaped(message, "\r\n%"), given)
    old = re.search(r"##\[([^\] ]*)[^\]]*\](.*)", line, re.DOTALL)
    if old and old[1].lower() in known:
        return Command(old[1].lower(), unescaped(old[2], ";\r\n]%"))
    return None


def commands(log: str) -> list[Command]:
    """Every command of a log that the runner acts on, stopped parts left out."""
    found: list[Command] = []
    token = ""
    # .NET's reader ends a line at CR, LF or both.
    for line in re.split(r"\r\n|\r|\n", log):
        one = command(line, KNOWN | {token} if token else KNOWN)
        if one is None:
            continue
        if token:
            token = "" if one.name == token else token
        elif one.name == "stop-commands":
            token = one.message.lower()
        else:
            found.append(one)
    assert not token, "nothing would be read any more"
    return found


def lines(report: Report, changed: dict[str, set[int]] | None = None) -> list[Command]:
    """The annotations of a report."""
    return commands(render_annotations(report, changed))


@pytest.mark.parametrize("attack", ATTACKS[:3] + ATTACKS[5:7])
def test_the_reader_sees_an_attack(attack: str) -> None:
    assert commands(attack)


@EVERY
def test_each_line_is_one_annotation_and_ten_are_the_most(
    build: sample.Builder,
) -> None:
    text = render_annotations(build())
    found = commands(text)
    assert len(found) == len(text.splitlines()) == text.count("\n")
    counts = Counter(one.name for one in found)
    assert set(counts) <= {"error", "warning", "notice"}
    assert max(counts.values()) <= PER_LEVEL == 10
    for one in found:
        assert set(one.properties) <= {"file", "line", "title"}
        assert one.properties.get("line", "1").isdecimal()
        assert one.message and one.message.isprintable()
        assert len(one.message) < 5_000


@EVERY
def test_the_total_and_the_count_are_those_of_the_json(build: sample.Builder) -> None:
    stored = load_report(render_json(build()), "report.json")
    found = lines(stored)
    total = next(one for one in found if one.name == "notice")
    assert total.message.startswith(words.total(stored.grade))
    assert stored.grade.total is None or total.message.endswith(
        words.state(stored.grade)
    )
    own = sum(len(words.findings(check)) for check in stored.checks)
    causes = ("failed", "formula")
    about = 1 + sum(getattr(one, "cause", "") in causes for one in stored.grade.items)
    last = re.match(r"(\d+) more findings? without", found[-1].message)
    left = int(last[1]) if last else 0
    assert len(found) - about - bool(last) + left == own


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_text_of_a_finding_gives_a_command(attack: str) -> None:
    finding = Finding(
        rule=attack, message=attack, path=attack, line=3, fix=attack, severity="error"
    )
    found = lines(sample.with_findings([finding]))
    assert [one.name for one in found] == ["error", "notice"]
    shown = clean(attack)
    assert found[0].message.startswith(shown)
    # Whole, so that no comma or colon of it began a property of its own.
    assert found[0].properties["title"] == f"error-handling: {shown}"
    assert found[0].properties.get("file", shown) == shown


def test_signs_of_the_escapes_come_back_as_they_were() -> None:
    text = "100 %, %25, %0A: a::b, c"
    finding = Finding(rule="R:1", message=text, path="a,b/c:d%.py", line=2)
    (one,) = [
        one for one in lines(sample.with_findings([finding])) if one.name == "warning"
    ]
    assert one.message == f"{text}."
    assert one.properties["file"] == "a,b/c:d%.py"
    assert one.properties["title"].endswith(": R:1")


def test_changed_lines_come_first_and_then_what_costs_most() -> None:
    report = sample.messy()
    plain = [one for one in lines(report) if one.name == "warning"]
    target = words.findings(report.check("lint"))[-1]
    assert target.path and target.line
    changed = {target.path: {target.line}}
    found = [one for one in lines(report, changed) if one.name == "warning"]
    there = {"file": target.path, "line": str(target.line)}
    on_it = [one for one in found if there.items() <= one.properties.items()]
    # Two checks found something there, the one that costs more says so first.
    assert [one.properties["title"] for one in on_it] == [
        "lint: E501",
        "docstrings: D103",
    ]
    assert not [one for one in on_it if one in plain]
    # After them as without them; nothing changed is not everything changed.
    assert found == on_it + plain[: -len(on_it)]
    assert [one for one in lines(report, {}) if one.name == "warning"] == plain


def test_what_is_said_twice_of_a_line_is_shown_once() -> None:
    def at(line: int) -> Finding:
        return Finding(rule="R", message="no Python", path="a.py", line=line)

    found = lines(sample.with_findings([at(3), at(3), at(4)]))
    shown = [one.properties["line"] for one in found if one.name == "warning"]
    assert shown == ["3", "4"]
    assert found[-1].message.startswith("1 more finding without an annotation")


def test_errors_stand_in_the_order_of_the_points_they_cost() -> None:
    report = sample.messy()
    measured = report.grade.measured_share
    lost = {}
    for check in report.checks:
        mark = mark_of(check.result)
        if mark is not None:
            lost[check.id] = check.weight_share / measured * (10 - mark)
    errors = [one for one in lines(report) if one.name == "error"]
    costs = [lost[one.properties["title"].partition(":")[0]] for one in errors]
    assert len(set(costs)) > 1
    assert costs == sorted(costs, reverse=True)


def test_a_check_that_could_not_be_graded_is_said() -> None:
    (said,) = [
        one
        for one in lines(sample.messy())
        if one.properties["title"] == "mlops-grade: pylint"
    ]
    assert said.name == "notice"
    assert said.message.startswith("Not graded, because it could not be measured")


def test_findings_of_the_starter_and_signals_are_no_annotations() -> None:
    text = render_annotations(sample.judged())
    assert "starter.py" not in text
    signals = render_annotations(sample.with_signals())
    assert not [one for one in sample.SIGNALS if one.rule in signals]


@pytest.mark.parametrize("text", [*ATTACKS, *sample.HOSTILE, "", "\n".join(ATTACKS)])
def test_text_of_a_student_in_a_log_is_no_command(text: str) -> None:
    log = f"{stopped(text)}::error::ours\n"
    assert commands(log) == [Command("error", "ours")]


def test_the_token_is_another_each_time_and_none_can_guess_it() -> None:
    first, second = (stopped("x").splitlines()[0] for _ in range(2))
    assert first != second
    token = first.removeprefix("::stop-commands::")
    # 256 bits, and what another call printed doesn't end this one.
    assert re.fullmatch(r"[0-9a-f]{64}", token)
    replay = stopped(f"::{token}::\n::error::forged")
    assert commands(replay) == []


def test_a_log_is_not_flooded() -> None:
    assert len(stopped("y" * 1_000_000)) < 60_000


@EVERY
def test_the_same_report_gives_the_same_lines(build: sample.Builder) -> None:
    assert render_annotations(build()) == render_annotations(build())
