"""The quality of the tests, read: do they assert, can they fail, what do they look at."""

import ast
from collections.abc import Iterable, Sequence

from pydantic import Field

from grader.checkers._base import (
    Bench,
    Checker,
    Options,
    Result,
    nothing_to_measure,
    unparsable_findings,
)
from grader.checkers._checklist import Checklist, Criterion, quantities_of
from grader.checkers._quality_public import handlers, is_route, public_functions
from grader.checkers._quality_subjects import of_data, of_model
from grader.checkers._quality_suite import Suite, SuiteTest, file_patterns
from grader.codebase.code import CodeFile, code_of
from grader.model.measurement import Finding, Quantity, Sight
from grader.model.snapshot import Snapshot, is_test_file

CRITERIA = (
    Criterion(
        "tests",
        "there are tests that assert something",
        "Write tests/test_clean.py with a function test_…() that asserts.",
    ),
    Criterion(
        "asserting",
        "every test asserts something",
        "Assert what the test is about: a value, a shape, an error that is raised.",
    ),
    Criterion(
        "can_fail",
        "every test can fail",
        "Assert something that would be wrong if the code were; let errors through.",
    ),
    Criterion(
        "not_skipped",
        "no test is skipped in every case",
        "Mend the test or delete it; skip only under a condition that says when.",
    ),
    Criterion(
        "errors_tested",
        "a test expects the project's code to refuse something",
        "Test what must not work: with pytest.raises(ValueError): validate(bad).",
    ),
    Criterion(
        "edge_inputs",
        "a test gives values at the edge: nothing, None, NaN, negative, or many cases",
        "Test empty tables, missing values and limits, with pytest.mark.parametrize.",
    ),
    Criterion(
        "data_tested",
        "a test looks at data: loading, cleaning, validation or what a table has",
        "Test what comes out of cleaning and validation: columns, missing values, ranges.",
    ),
    Criterion(
        "model_tested",
        "a test looks at the model: training, evaluation or predictions",
        "Train on a few rows in a test and assert the shape and range of predictions.",
    ),
    Criterion(
        "fixtures",
        "what several tests need is made by fixtures that tests use",
        "Put the common data into a @pytest.fixture, in tests/conftest.py for all files.",
    ),
    Criterion(
        "public_named",
        "most of the project's public functions are called or named by a test",
        "Write a test for the public functions that are listed here.",
    ),
)
_CASES = 3
_MAX_ROUTES = 500
_SHOWN = 50
_NAMED = 5


class QualityOfTestsOptions(Options):
    """`named_share`: the share of public functions that tests are to name."""

    named_share: float = Field(default=0.5, gt=0, le=1)


class QualityOfTests(Checker[QualityOfTestsOptions]):
    """What the tests are worth, without running them.

    Why it matters
        A suite that passes says nothing where tests assert nothing, or hold whatever the
        code does. Coverage counts their lines all the same.

    How it is measured
        Tests are the functions that pytest would collect: `test…` in files named
        `test_*.py` or `*_test.py`, or as `python_files` says, and methods of test
        classes. Each is read with the helpers of the suite that it calls and the fixtures
        that it asks for. Assertions are `assert`, `pytest.raises` and the like, every
        `assert…` of unittest, numpy, pandas and mocks, and `pytest.fail`. A test can't
        fail where all it asserts is always true (`x == x`, `… or True`), or errors are
        caught and forgotten. Tests of data and of the model name functions of those
        stages (see `pipeline-stages`), or look at columns or at predictions. Public
        functions are those at the level of the project's own modules, and classes with
        public methods; `main` is left out; handlers of an application are named by the
        paths that tests ask for. Only what tests with a sound assertion name counts.

    What it does not see
        Whether the tests pass, and what they would notice: `coverage` runs them, and says
        in its `surviving_mutants` which functions could lose their body unnoticed. Tests
        that are made at run time, by inheritance or by plugins. Whether an assertion
        asserts the right thing.

    How to fix
        Assert what each function gives back for usual and for odd input, and delete what
        can't fail.
    """

    id = "test-quality"
    source = "https://docs.pytest.org/en/stable/how-to/assert.html"
    criteria = CRITERIA
    mending = "work"
    quantities = (
        *quantities_of(CRITERIA),
        Quantity("test_count", "tests", "tests that are there", better="higher"),
        Quantity(
            "cases",
            "cases",
            "tests with each case of their parametrize marks by itself",
            better="higher",
        ),
        Quantity(
            "without_assertion",
            "tests",
            "tests that assert nothing",
            better="lower",
            ideal=0,
        ),
        Quantity(
            "cannot_fail", "tests", "tests that can't fail", better="lower", ideal=0
        ),
        Quantity(
            "skipped", "tests", "tests that are always skipped", better="lower", ideal=0
        ),
        Quantity(
            "error_tests",
            "tests",
            "tests that expect an error of the project's code",
            better="higher",
        ),
        Quantity(
            "edge_tests", "tests", "tests with input at the edge", better="higher"
        ),
        Quantity("data_tests", "tests", "tests of data", better="higher"),
        Quantity("model_tests", "tests", "tests of the model", better="higher"),
        Quantity("mocked_tests", "tests", "tests that replace something by a mock"),
        Quantity("fixture_count", "fixtures", "fixtures that tests use"),
        Quantity("conftests", "files", "conftest.py files"),
        Quantity(
            "public_functions", "functions", "public functions of the project's own"
        ),
        Quantity(
            "named_functions",
            "functions",
            "of these, those that a sound test names",
            better="higher",
            ideal="public_functions",
        ),
    )

    def measure(
        self, snapshot: Snapshot, options: QualityOfTestsOptions, bench: Bench
    ) -> Result:
        """Read the suite and answer each line for it."""
        if nothing := nothing_to_measure(snapshot, "all"):
            return Result(nothing)
        reading = _Reading(snapshot)
        checklist = Checklist(CRITERIA)
        broken = [one for one in snapshot.unparsable("all") if is_test_file(one.path)]
        findings = [
            *reading.answer(checklist, options),
            *unparsable_findings(broken),
        ]
        paths = [file.path for file in reading.suite.files]
        population = f"{len(reading.tests)} tests in {len(paths)} files"
        return Result(
            checklist.measured(reading.values(), findings), population=population
        )


class _Reading:
    """The tests of one repository and what they say of it."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._code = code_of(snapshot)
        self.suite = Suite(self._code, file_patterns(snapshot))
        self.tests = self.suite.tests
        self._sound = [one for one in self.tests if one.is_sound]
        self._of_data = of_data(snapshot)
        self._of_model = of_model(snapshot)
        self._public = public_functions(snapshot, self._code)
        self._handlers = handlers(self._code)
        self._reached = self._named_by(self._sound)
        self._lacking = [
            one
            for one in self.tests
            if not one.is_asserting and not any(body.is_empty for body in one.bodies)
        ]
        self._futile = [one for one in self.tests if one.cannot_fail]
        self._skipped = [one for one in self.tests if one.skipped]
        self._errors = [one for one in self._sound if self._expects_error(one)]
        self._edges = [one for one in self._sound if _has_edges(one)]
        self._data = [one for one in self._sound if self._is_of_data(one)]
        self._model = [one for one in self._sound if self._is_of_model(one)]
        self._fixtures = _fixtures(self._sound)

    def values(self) -> dict[str, int]:
        """The numbers beside the checklist."""
        return {
            "test_count": len(self.tests),
            "cases": sum(one.cases for one in self.tests),
            "without_assertion": sum(not one.is_asserting for one in self.tests),
            "cannot_fail": len(self._futile),
            "skipped": len(self._skipped),
            "error_tests": len(self._errors),
            "edge_tests": len(self._edges),
            "data_tests": len(self._data),
            "model_tests": len(self._model),
            "mocked_tests": sum(
                any(body.mocks for body in one.all_bodies) for one in self.tests
            ),
            "fixture_count": len(self._fixtures),
            "conftests": sum(
                path.rpartition("/")[2] == "conftest.py" for path in self._code.files
            ),
            "public_functions": len(self._public),
            "named_functions": len(self._named_public()),
        }

    def answer(
        self, checklist: Checklist, options: QualityOfTestsOptions
    ) -> list[Finding]:
        """Settle every line; findings for each test that something is wrong with."""
        where = "files named test_*.py or *_test.py"
        none = f"There is no test in {where}."
        checklist.seen(
            "tests",
            [_sight(one) for one in self._sound],
            yes=f"{len(self._sound)} tests assert something.",
            no=(
                none
                if not self.tests
                else "No test asserts anything that can be wrong."
            ),
        )
        unasserting = [one for one in self.tests if not one.is_asserting]
        for name, wrong, told in (
            ("asserting", unasserting, "assert nothing"),
            ("can_fail", self._futile, "can't fail"),
            ("not_skipped", self._skipped, "are skipped in every case"),
        ):
            if not self.tests:
                checklist.no(name, none)
            elif wrong:
                count = f"{len(wrong)} of {len(self.tests)} tests {told}."
                checklist.no(name, count, *map(_sight, wrong))
            else:
                sights = map(_sight, self.tests)
                checklist.yes(name, f"All {len(self.tests)} tests were read.", *sights)
        for name, found, what in (
            ("errors_tested", self._errors, "expects an error of the project's code"),
            ("edge_inputs", self._edges, "has input at an edge"),
            ("data_tested", self._data, "looks at data"),
            ("model_tested", self._model, "looks at the model"),
        ):
            checklist.seen(
                name,
                [_sight(one) for one in found],
                yes=f"{len(found)} of {len(self.tests)} tests: each {what}.",
                no=f"No sound test {what}." if self.tests else none,
            )
        checklist.seen(
            "fixtures",
            self._fixtures,
            yes=f"Tests use {len(self._fixtures)} fixtures.",
            no=(
                "Fixtures are used only by tests that are skipped or assert nothing "
                "that can be wrong."
                if _fixtures(self.tests)
                else "No test uses a fixture of the suite, or setUp."
            ),
        )
        self._answer_public(checklist, options)
        return [
            *_notes("no-assertion", "asserts nothing", self._lacking),
            *_notes("cannot-fail", "can't fail", self._futile),
            *_notes("skipped", "is skipped in every case", self._skipped),
        ]

    def _answer_public(
        self, checklist: Checklist, options: QualityOfTestsOptions
    ) -> None:
        named = self._named_public()
        rest = [one for one in self._public if one[2] not in self._reached]
        count = f"{len(named)} of {len(self._public)} public functions"
        least = options.named_share * len(self._public)
        if named and len(named) >= least:
            sights = [_public_sight(*one) for one in named]
            checklist.yes("public_named", f"Tests name {count}.", *sights)
            return
        names = ", ".join(f"{name}()" for _, name, _ in rest[:_NAMED])
        beyond = " …" if len(rest) > _NAMED else "."
        told = f"Tests name {count}; not {names}{beyond}" if rest else "There are none."
        checklist.no("public_named", told, *(_public_sight(*one) for one in rest))

    def _named_public(self) -> list[tuple[CodeFile, str, ast.AST]]:
        return [one for one in self._public if one[2] in self._reached]

    def _named_by(self, tests: Iterable[SuiteTest]) -> set[ast.AST]:
        found: set[ast.AST] = set()
        routes: set[tuple[str, str]] = set()
        for test in tests:
            for body in test.all_bodies:
                found.update(body.named)
                routes.update(body.routes)
        asked_for = sorted(routes)[:_MAX_ROUTES]
        for method, path, node in self._handlers[:_MAX_ROUTES]:
            if any(
                (asked == method or asked == "request") and is_route(path, given)
                for asked, given in asked_for
            ):
                found.add(node)
        # A method that is called names its class.
        for file in self._code.files.values():
            for name, node in file.functions.items():
                holder = name.rpartition(".")[0]
                if holder and node in found:
                    found.add(file.classes[holder])
        return found

    def _expects_error(self, test: SuiteTest) -> bool:
        return any(body.errors for body in test.bodies)

    def _is_of_data(self, test: SuiteTest) -> bool:
        named = self._named_in(test)
        if named & self._of_data:
            return True
        looks = any(body.on_data for body in test.bodies)
        return looks and not named & self._of_model

    def _is_of_model(self, test: SuiteTest) -> bool:
        named = self._named_in(test)
        if named & self._of_model:
            return True
        is_used = any(body.on_model for body in test.bodies)
        return is_used and bool(named) and not named & self._of_data

    def _named_in(self, test: SuiteTest) -> set[ast.AST]:
        return {node for body in test.all_bodies for node in body.called}


def _fixtures(tests: Iterable[SuiteTest]) -> list[Sight]:
    """The fixtures that some tests use, each once."""
    found: dict[ast.AST, Sight] = {}
    for test in tests:
        for body in test.prepared:
            found[body.node] = Sight(
                path=body.file.path,
                line=body.node.lineno,
                what=f"{body.node.name}()",
            )
    return list(found.values())


def _has_edges(test: SuiteTest) -> bool:
    return test.cases >= _CASES or any(body.edges for body in test.all_bodies)


def _sight(test: SuiteTest) -> Sight:
    return Sight(path=test.file.path, line=test.node.lineno, what=f"{test.name}()")


def _public_sight(file: CodeFile, name: str, node: ast.AST) -> Sight:
    line = getattr(node, "lineno", None)
    return Sight(path=file.path, line=line, what=f"{name}()")


def _notes(rule: str, told: str, tests: Sequence[SuiteTest]) -> list[Finding]:
    return [
        Finding(
            rule=rule,
            message=f"{one.name}() {told}.",
            path=one.file.path,
            line=one.node.lineno,
        )
        for one in tests[:_SHOWN]
    ]
