"""Functions without their bodies: do the tests that call them notice?

This is extreme mutation, as Descartes does it. A function whose body can go away while
every test still passes is *pseudo-tested*: it runs, and nothing depends on what it does
(Niedermayr et al., "Will my tests tell me if I break this code?", CSED 2016). All chosen
functions are mutated in one run; each says that it was called, so that a mutant counts
only for tests that reached it.
"""

import ast
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from grader.checkers._signals.bodies import (
    after_docstring,
    functions_of,
    own_nodes,
    returned,
)
from grader.checkers._signals.sight import FUNCTIONS, Function
from grader.model.snapshot import PythonModule, Snapshot

MAX_MUTANTS = 3

_Change = Literal["nothing", "not", "negative"]

_ENTRY_POINTS = frozenset({"main", "cli", "run", "app"})
_TRUTHS = frozenset(
    {"isinstance", "issubclass", "hasattr", "callable", "any", "all", "bool"}
)
_COUNTS = frozenset({"len", "sum", "round", "int", "float", "abs"})
_MANY = 5_000


@dataclass(frozen=True)
class Mutant:
    """A function to mutate. `number` is what it says when it is called.

    `change`: it returns nothing; or its truth value, or its number, the other way round.
    """

    number: int
    path: str
    name: str
    line: int
    change: _Change


@dataclass(frozen=True)
class MutantFacts:
    """Which mutants tests that passed before have called, and which of them survived."""

    called: tuple[Mutant, ...] = ()
    survived: tuple[Mutant, ...] = ()


@dataclass(frozen=True)
class _Candidate:
    path: str
    name: str
    function: Function
    covered: int

    @property
    def rank(self) -> tuple[bool, int, str, int]:
        """What gives something back first, then what is covered most."""
        has_value = any(not _is_nothing(value) for value in returned(self.function))
        return (not has_value, -self.covered, self.path, self.function.lineno)


def choose_mutants(
    snapshot: Snapshot, sources: Sequence[str], covered: Mapping[str, Collection[int]]
) -> tuple[Mutant, ...]:
    """Up to three covered functions, from different files where there are some.

    `covered` are the lines of each file that ran in the tests.
    """
    candidates: list[_Candidate] = []
    for path in sources:
        ran = covered.get(path)
        if ran:
            candidates += _candidates(snapshot.module(path), frozenset(ran))
    candidates.sort(key=lambda candidate: candidate.rank)
    chosen: list[_Candidate] = []
    for is_other_file in (True, False):
        for candidate in candidates:
            taken = {one.path for one in chosen}
            if len(chosen) < MAX_MUTANTS and candidate not in chosen:
                if candidate.path not in taken or not is_other_file:
                    chosen.append(candidate)
    return tuple(
        Mutant(number, one.path, one.name, one.function.lineno, _change(one.function))
        for number, one in enumerate(chosen, start=1)
    )


def judge_mutants(
    mutants: Sequence[Mutant],
    before: Mapping[str, str],
    after: Mapping[str, str],
    calls: Mapping[str, Collection[int]],
) -> MutantFacts:
    """What the run with the mutants says; outcomes and calls are by test.

    A test notices a mutant when it passed, called it, and does not pass now. When a test
    that called none does not pass either, what it got from a fixture or an import may be
    at fault: then every mutant counts as noticed.
    """
    passed = {test for test, outcome in before.items() if outcome == "passed"}
    noticing = {test for test in passed if after.get(test) != "passed"}
    is_unclear = any(not calls.get(test) for test in noticing)
    called: list[Mutant] = []
    survived: list[Mutant] = []
    for mutant in mutants:
        callers = {test for test in passed if mutant.number in calls.get(test, ())}
        if not callers:
            continue
        called.append(mutant)
        if not is_unclear and not callers & noticing:
            survived.append(mutant)
    return MutantFacts(tuple(called), tuple(survived))


def _candidates(module: PythonModule, ran: frozenset[int]) -> Iterator[_Candidate]:
    if module.tree is None:
        return
    try:
        # What is written back is UTF-8, also where a first line promises otherwise.
        if "coding" in "\n".join(module.text.split("\n")[:2]):
            return
        lines = [line.encode() for line in module.text.split("\n")]
    except UnicodeEncodeError:
        return
    for name, function in functions_of(module.tree):
        covered = sum(
            isinstance(node, ast.stmt) and node.lineno in ran
            for statement in after_docstring(function)
            for node in ast.walk(statement)
        )
        if covered and _is_worth_it(function) and _is_whole_lines(function, lines):
            yield _Candidate(module.path, name, function, covered)


def _is_worth_it(function: Function) -> bool:
    if isinstance(function, ast.AsyncFunctionDef):
        return False
    if function.name.startswith("__") or function.name in _ENTRY_POINTS:
        return False
    for decorator in function.decorator_list:
        if not isinstance(decorator, ast.Name):
            return False
        if decorator.id not in ("staticmethod", "classmethod"):
            return False
    if any(isinstance(node, ast.Yield | ast.YieldFrom) for node in own_nodes(function)):
        return False
    return not (_is_trivial(after_docstring(function)) or _gives_function(function))


def _gives_function(function: Function) -> bool:
    """Whether it makes a function, as decorators do: what it gives is called elsewhere."""
    inner = {node.name for node in ast.walk(function) if isinstance(node, FUNCTIONS)}
    return any(
        isinstance(value, ast.Lambda)
        or (isinstance(value, ast.Name) and value.id in inner)
        for value in returned(function)
    )


def _is_trivial(body: Sequence[ast.stmt]) -> bool:
    match body:
        case []:
            return True
        case [ast.Pass() | ast.Raise()] | [ast.Expr(value=ast.Constant())]:
            return True
        case [ast.Return(value=None | ast.Constant() | ast.Name() | ast.Attribute())]:
            return True
    return False


def _is_whole_lines(function: Function, lines: Sequence[bytes]) -> bool:
    """Whether the body stands on lines of its own, so that these can be replaced."""
    body = after_docstring(function)
    first, last = body[0], body[-1]
    before = lines[first.lineno - 1][: first.col_offset]
    after = lines[(last.end_lineno or 0) - 1][last.end_col_offset or 0 :].strip()
    return not before.strip() and (not after or after.startswith(b"#"))


def _change(function: Function) -> _Change:
    """The other way round is noticed by any test that looks; None is falsy, like False."""
    values = [value for value in returned(function) if value is not None]
    is_whole = len(values) == len(returned(function)) and values
    if not is_whole or any(isinstance(node, ast.Raise) for node in own_nodes(function)):
        return "nothing"
    said = function.returns.id if isinstance(function.returns, ast.Name) else None
    if said == "bool" or all(_is_truth(value) for value in values):
        return "not"
    if said in ("int", "float") or all(_is_count(value) for value in values):
        return "negative"
    return "nothing"


def _is_truth(value: ast.expr) -> bool:
    match value:
        case ast.Constant(value=bool()) | ast.UnaryOp(op=ast.Not()):
            return True
        case ast.Call(func=ast.Name(id=name)):
            return name in _TRUTHS
        case ast.Compare(ops=[ast.In() | ast.NotIn() | ast.Is() | ast.IsNot()]):
            return True
    return False


def _is_count(value: ast.expr) -> bool:
    match value:
        case ast.Constant(value=int() | float()):
            return True
        case ast.Call(func=ast.Name(id=name)):
            return name in _COUNTS
    return False


def _is_nothing(value: ast.expr | None) -> bool:
    return value is None or (isinstance(value, ast.Constant) and value.value is None)
