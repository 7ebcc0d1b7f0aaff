"""Reads pytest's JUnit XML: one result per test, however often the report names it."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal
from xml.etree.ElementTree import Element, ParseError

from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException

from grader.errors import CannotMeasure

Outcome = Literal["failed", "error", "collection-error", "skipped", "xfailed", "passed"]

# The exception's own line, not a mention of it in a longer text.
IMPORT_ERROR = re.compile(
    r"^(?:E\s+)?(?:ModuleNotFoundError|ImportError): ", re.MULTILINE
)

# A test that failed and whose teardown failed as well has failed, once. A test of which
# a part was skipped (a subtest) looks like a skipped one in the report.
_GRAVEST_FIRST: tuple[Outcome, ...] = (
    *("failed", "error", "collection-error", "xfailed", "skipped", "passed"),
)


@dataclass(frozen=True)
class TestResult:
    """How one test ended, or the file that could not be collected.

    `name` is as pytest prints it (`tests/test_a.py::TestA::test_b[1]`); `file` and
    `line` (from 1) are where it is defined, as far as the report says; `message` is the
    report's short reason, `text` the traceback.
    """

    __test__ = False  # to pytest, a class called Test… is a test

    outcome: Outcome
    name: str
    file: str | None = None
    line: int | None = None
    message: str = ""
    text: str = ""

    @property
    def is_bad(self) -> bool:
        """Whether it counts against the project."""
        return self.outcome in ("failed", "error", "collection-error")

    @property
    def is_import_error(self) -> bool:
        """Whether it counts against the project because an import failed."""
        said = f"{self.message}\n{self.text}"
        return self.is_bad and IMPORT_ERROR.search(said) is not None


def read_junit(report: bytes) -> tuple[TestResult, ...]:
    """The results in the report's order; `CannotMeasure` for what isn't such a report.

    Subtests are part of their test. A test whose call and teardown are reported apart,
    and one that two plugins report, is one result: the graver of the two.
    """
    try:
        root = ElementTree.fromstring(report)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise CannotMeasure(f"pytest: its report can't be read: {error}") from error
    if root.tag not in ("testsuites", "testsuite"):
        raise CannotMeasure(f"pytest: its report starts with <{root.tag}>.")
    gravest: dict[tuple[str, str, str], TestResult] = {}
    for case in root.iter("testcase"):
        # Pytest's own breakdown stands among the tests; the exit status tells it too.
        if (case.get("classname"), case.get("name")) == ("pytest", "internal"):
            continue
        # A test that began and was never reported on: the run was interrupted in it.
        if case.get("name") is None:
            continue
        key = (case.get("file", ""), case.get("classname", ""), case.get("name", ""))
        for result in _results(case):
            known = gravest.get(key)
            if known is None or _gravity(result) < _gravity(known):
                gravest[key] = result
    return tuple(gravest.values())


def count(results: Sequence[TestResult], outcome: Outcome) -> int:
    """How many of the results ended so."""
    return sum(result.outcome == outcome for result in results)


def _gravity(result: TestResult) -> int:
    return _GRAVEST_FIRST.index(result.outcome)


def _results(case: Element) -> Iterator[TestResult]:
    file = case.get("file")
    number = case.get("line", "")
    ended = False
    for part in case:
        outcome = _outcome(part)
        if outcome is None:
            continue
        ended = True
        is_file = _message(part) in ("collection failure", "collection skipped")
        yield TestResult(
            outcome=outcome,
            name=file if file and is_file else _name(case),
            file=file,
            line=int(number) + 1 if number.isdigit() else None,
            message=_message(part),
            text=part.text or "",
        )
    if not ended:
        yield TestResult("passed", _name(case), file)


def _outcome(part: Element) -> Outcome | None:
    if part.tag == "failure":
        return "failed"
    if part.tag == "error":
        collecting = _message(part) == "collection failure"
        return "collection-error" if collecting else "error"
    if part.tag == "skipped":
        if part.get("type") == "pytest.xfail":
            return "xfailed"
        unexpected = _message(part) == "xfail-marked test passes unexpectedly"
        return "failed" if unexpected else "skipped"
    if part.tag in ("properties", "system-out", "system-err"):
        return None
    raise CannotMeasure(f"pytest: its report has an unknown part <{part.tag}>.")


def _message(part: Element) -> str:
    return part.get("message", "")


def _name(case: Element) -> str:
    # classname is the dotted file, then the classes: tests.test_a.TestA.
    file, classname = case.get("file", ""), case.get("classname", "")
    module = file.removesuffix(".py").replace("/", ".")
    classes = classname.removeprefix(module).strip(".") if file else classname
    parts = [file, *(classes.split(".") if classes else []), case.get("name", "")]
    return "::".join(part for part in parts if part)
