"""What is filled with texts: a report, a class, a comparison, each with every field there is."""

from functools import cache

from grader.model.analysis import ClassReport
from grader.model.classroom import Shard
from grader.model.comparison import Comparison
from grader.model.contributors import Contributor
from grader.model.environment import Unresolved
from grader.model.measurement import Finding, Measured, NotMeasured, Stored
from grader.model.report import LeftOutFile, Report, ReportCheck
from grader.model.term import Entry, GroupTerm, TermTable
from grader.scoring.comparison import compare
from grader.scoring.course import group_term, moved, own_runs, table
from tests.reporting import sample
from tests.scoring.test_course import entry, marks

_FINDINGS = (
    Finding(
        rule="E501",
        message="line too long",
        path="src/load.py",
        line=3,
        severity="error",
        fix="Break the line.",
        code="x = 1",
    ),
    Finding(rule="W291", message="trailing whitespace", path="src/load.py", line=9),
    Finding(rule="F401", message="imported but unused", path="src/keys.py", line=1),
    Finding(rule="missing", message="There is no README.", severity="info"),
    Finding(rule="W605", message="as in the starter", path="a.py", inherited=True),
)
_SIGNALS = (
    Finding(rule="ends", message="ends the process", path="tests/test_a.py", line=7),
)


@cache
def report() -> Report:
    """A judged group of a class: with an environment, a course, signals, files left out."""
    whole = sample.judged()
    nothing = sample.build(
        [
            sample.Item(
                "docstrings", "Docstrings", "documentation", None, nothing="No Python."
            )
        ]
    )
    environment = sample.environment(("requirements.txt",))
    return whole.model_copy(
        update={
            "checks": (
                _everything(whole.checks[0]),
                *(_bare(check) for check in whole.checks[1:]),
                *nothing.checks,
            ),
            "environment": environment.model_copy(
                update={
                    "requirements": ("numpy>=1",),
                    "unresolved": (
                        Unresolved(
                            name="pandas",
                            requirement="pandas==9",
                            cause="unknown-version",
                            reason="There is no such version.",
                            is_ours=False,
                            instead="2.2.0",
                        ),
                    ),
                }
            ),
            "repository": whole.repository.model_copy(
                update={
                    "left_out": (LeftOutFile(path="data.csv", reason="too large"),),
                    "notes": ("The tests are in tests/.",),
                    "web": sample.WEB,
                }
            ),
        }
    )


def _everything(check: ReportCheck) -> ReportCheck:
    measurement = check.measurement
    if measurement is None or not isinstance(measurement.outcome, Measured):
        return check
    outcome = measurement.outcome.model_copy(
        update={
            "findings": tuple(
                one.model_copy(update={"message": f"{check.id}: {one.message}"})
                for one in _FINDINGS
            ),
            "signals": _SIGNALS,
            "not_measured": (NotMeasured(path="src/odd.py", reason="not read"),),
        }
    )
    return check.model_copy(
        update={
            "measurement": measurement.model_copy(
                update={"outcome": outcome, "options": {"select": "E", "of": ["a"]}}
            )
        }
    )


def _bare(check: ReportCheck) -> ReportCheck:
    """Without findings and documentation: those of one check have every field."""
    measurement = check.measurement
    if measurement is None or not isinstance(measurement.outcome, Measured):
        return check
    outcome = measurement.outcome.model_copy(update={"findings": ()})
    return check.model_copy(
        update={
            "measurement": measurement.model_copy(update={"outcome": outcome}),
            "sections": (),
        }
    )


@cache
def told() -> ClassReport:
    """A class of four, with troubles, movements since the last run, and advice on its items."""
    result = sample.classroom()
    grade = report().grade
    lines = [
        line.model_copy(update={"until": "2025-06-01", "extension": "was ill"})
        for line in result.lines
    ]
    lines[0] = lines[0].model_copy(update={"grade": grade})
    result = sample.classroom(lines)
    result = result.model_copy(
        update={
            "record": result.record.model_copy(
                update={
                    "shard": Shard(number=1, of=2),
                    "groups": tuple(
                        one.group.model_copy(update={"branch": "main", "commit": "a1"})
                        for one in lines
                    ),
                }
            )
        }
    )
    whole = sample.told(result)
    first = whole.analysis.items[0].model_copy(
        update={"advice": ("Every group has it.",), "flags": ("same", "few")}
    )
    moves = moved(
        entry(1, {"best": marks(1, 1, 1), "b": marks(5, 5, 5), "c": marks(2, 2, 2)}),
        entry(2, {"best": marks(2, 2, 2), "b": marks(4, 4, 4), "d": marks(1, 1, 1)}),
    )
    return whole.model_copy(
        update={
            "analysis": whole.analysis.model_copy(
                update={"items": (first, *whole.analysis.items[1:])}
            ),
            "moves": moves.model_copy(update={"gained": ("later",), "lost": ("gone",)}),
        }
    )


def _entries() -> tuple[Entry, ...]:
    return (
        entry(1, {"a": marks(1, 1, 1), "b": marks(5, 5, 5)}),
        entry(2, {"a": marks(2, 2, 2), "b": marks(4, 4, 4)}, rubric="b"),
        entry(3, {"a": marks(3, 2, 2), "b": marks(4, 4, 9)}, rubric="b"),
    )


class Part(Stored):
    """One group's people."""

    group: str
    people: tuple[Contributor, ...]


@cache
def people() -> Part:
    """Each person's part in the commits."""
    one = Contributor(
        names=("Ada", "ada"),
        addresses=("ada@example.org",),
        commits=3,
        co_authored=1,
        merges=0,
        share=1.0,
        first="2026-03-01",
        last="2026-03-02",
    )
    return Part(group="group-a", people=(one,))


@cache
def runs() -> TermTable:
    """A class's runs over the term."""
    return table(_entries())


@cache
def group_runs() -> GroupTerm:
    """One group's."""
    return group_term("a", own_runs(_entries())["a"])


@cache
def comparison() -> Comparison:
    """Two reports that differ in everything there is."""
    before = sample.build([sample.FORMATTING, sample.COVERAGE, sample.ERRORS])
    after = report()
    found = compare(before, after)
    first, *others = found.items
    changed = first.model_copy(
        update={
            "is_changed": True,
            "came": _FINDINGS[:2],
            "went": _FINDINGS[2:4],
            "looks_came": _SIGNALS,
            "looks_went": _SIGNALS,
            "notes": ("Measured with another version.",),
        }
    )
    return found.model_copy(
        update={
            "items": (changed, *others),
            "penalties_before": after.grade.penalties[:1],
        }
    )
