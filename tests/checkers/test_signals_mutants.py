"""Mutants and canaries: what is chosen, what is written, what an outcome says."""

import ast
from collections.abc import Collection, Mapping
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.checkers._signals.canaries import (
    MAX_FILES,
    Canaries,
    canary_signals,
    make_canaries,
)
from grader.checkers._signals.declared import NamingRules
from grader.checkers._signals.mutants import (
    MAX_MUTANTS,
    Mutant,
    choose_mutants,
    judge_mutants,
)
from grader.checkers._signals.mutated import mutated
from grader.model.snapshot import Snapshot
from tests.conftest import MakeSnapshot

MODEL = '''\
import functools


def small(x):
    return x + 1


def large(rows):
    """Doubles."""
    total = 0
    for row in rows:
        total += row
    return total * 2


def is_even(n):
    if n % 2:
        return False
    return (
        True
    )


def count(rows) -> int:
    n = len(rows)
    return n


def checks(n) -> bool:
    if n < 0:
        raise ValueError(n)
    return n > 3


class Model:
    def __init__(self, size):
        self.size = size
        self.kept = []

    def fit(self, rows):
        self.kept = list(rows)
        self.size = len(rows)
        self.done = True

    @staticmethod
    def scaled(rows):
        most = max(rows)
        return [row / most for row in rows]

    @property
    def shape(self):
        a = self.size
        return a
'''
NOT_CHOSEN = """\
import abc, functools


def trivial():
    return 1


def empty():
    '''Only words.'''


def getter(self):
    return self.x


def gen(x):
    for y in x:
        yield y


async def coro(x):
    y = x + 1
    return y


@functools.cache
def cached(x):
    y = x + 1
    return y


def oneline(x): y = x; return y


def main():
    a = 1
    return a + 1


def decorator(f):
    @functools.wraps(f)
    def inner(x):
        y = f(x)
        return y
    return inner


def uncovered(x):
    y = x
    return y + 1
"""


def everything(snapshot: Snapshot) -> Mapping[str, range]:
    return {
        path: range(1, snapshot.module(path).line_count + 1) for path in snapshot.files
    }


def test_functions_that_give_something_back_and_run_most_come_first(
    make_snapshot: MakeSnapshot,
) -> None:
    snapshot = make_snapshot({"src/model.py": MODEL})
    chosen = choose_mutants(snapshot, snapshot.files, everything(snapshot))
    assert [mutant.name for mutant in chosen] == ["large", "is_even", "checks"]
    assert [mutant.number for mutant in chosen] == [1, 2, 3]
    assert chosen == choose_mutants(snapshot, snapshot.files, everything(snapshot))


def test_they_are_from_different_files_where_there_are_some(
    make_snapshot: MakeSnapshot,
) -> None:
    other = "def other(x):\n    y = x\n    return y + 1\n"
    files = {"src/model.py": MODEL, "src/other.py": other, "src/third.py": other}
    snapshot = make_snapshot(files)
    chosen = choose_mutants(snapshot, snapshot.files, everything(snapshot))
    assert len(chosen) == MAX_MUTANTS
    assert {mutant.path for mutant in chosen} == set(files)


def test_what_is_trivial_generates_is_decorated_or_never_ran_is_not_chosen(
    make_snapshot: MakeSnapshot,
) -> None:
    snapshot = make_snapshot(
        {"a.py": NOT_CHOSEN, "b.py": "# coding: latin-1\n" + MODEL}
    )
    lines = dict(everything(snapshot))
    where = NOT_CHOSEN.split("\n").index("def uncovered(x):")
    # The `def` itself runs when the file is imported.
    lines["a.py"] = range(1, where + 2)
    assert choose_mutants(snapshot, snapshot.files, lines) == ()
    assert choose_mutants(snapshot, snapshot.files, {}) == ()


class Caller:
    def __init__(self) -> None:
        self.numbers: list[int] = []

    def called(self, number: int) -> None:
        self.numbers.append(number)


def test_a_mutant_says_that_it_was_called_and_does_nothing_else(
    make_snapshot: MakeSnapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = make_snapshot({"model.py": MODEL}).module("model.py")
    lines = {
        node.name: node.lineno
        for node in ast.walk(ast.parse(MODEL))
        if isinstance(node, ast.FunctionDef)
    }
    mutants = [
        Mutant(1, "model.py", "large", lines["large"], "nothing"),
        Mutant(2, "model.py", "is_even", lines["is_even"], "not"),
        Mutant(3, "model.py", "count", lines["count"], "negative"),
        Mutant(4, "model.py", "Model.fit", lines["fit"], "nothing"),
        Mutant(5, "model.py", "Model.scaled", lines["scaled"], "nothing"),
    ]
    text = mutated(module, mutants, "told")
    assert text is not None
    caller = Caller()
    monkeypatch.setitem(__import__("sys").modules, "told", caller)
    space: dict[str, object] = {"__name__": "model"}
    exec(text, space)
    results = eval(
        "(large([1, 2]), large.__doc__, is_even(2), is_even(3), count('ab'),"
        " Model(7).fit([1]), Model.scaled([1]), small(1))",
        space,
    )
    assert results == (None, "Doubles.", False, True, -3, None, None, 2)
    assert caller.numbers == [1, 2, 2, 3, 4, 5]
    monkeypatch.delitem(__import__("sys").modules, "told")
    assert eval("(large([1]), is_even(2))", space) == (None, False)


def test_the_change_is_one_that_a_test_can_notice(make_snapshot: MakeSnapshot) -> None:
    text = (
        "def yes(a):\n    b = a\n    return b in (1, 2)\n\n\n"
        "def size(a):\n    b = a\n    return len(b)\n\n\n"
        "def either(a):\n    if a:\n        raise ValueError\n    return True\n"
    )
    snapshot = make_snapshot({"a.py": text})
    chosen = choose_mutants(snapshot, ["a.py"], everything(snapshot))
    assert {mutant.name: mutant.change for mutant in chosen} == {
        "yes": "not",
        "size": "negative",
        "either": "nothing",
    }


def test_a_body_that_begins_with_a_decorated_function_goes_as_a_whole(
    make_snapshot: MakeSnapshot,
) -> None:
    text = (
        "import functools\n\n\ndef twice(rows):\n    @functools.cache\n"
        "    def one(row):\n        return row * 2\n\n"
        "    return [one(row) for row in rows]  # all\n\n\nX = 1\n"
    )
    snapshot = make_snapshot({"a.py": text})
    chosen = choose_mutants(snapshot, ["a.py"], everything(snapshot))
    written = mutated(snapshot.module("a.py"), chosen, "told")
    space: dict[str, object] = {}
    exec(written or "", space)
    assert eval("(twice([1]), X)", space) == (None, 1)


ONE = Mutant(1, "a.py", "f", 1, "nothing")
TWO = Mutant(2, "b.py", "g", 1, "nothing")


@pytest.mark.parametrize(
    ("after", "calls", "called", "survived"),
    [
        ({"a": "passed", "b": "passed"}, {"a": {1}, "b": {2}}, [ONE, TWO], [ONE, TWO]),
        ({"a": "failed", "b": "passed"}, {"a": {1}, "b": {2}}, [ONE, TWO], [TWO]),
        # Gone: what it imports broke.
        ({"b": "passed"}, {"a": {1}, "b": {2}}, [ONE, TWO], [TWO]),
        ({"a": "passed", "b": "passed"}, {"a": {1}}, [ONE], [ONE]),
        # One that called none fails: by what it was given, perhaps.
        ({"a": "passed", "b": "error"}, {"a": {1, 2}}, [ONE, TWO], []),
        # A test that failed before says nothing.
        ({"a": "passed", "b": "passed", "c": "failed"}, {"c": {1}}, [], []),
        ({"a": "passed", "b": "passed"}, {}, [], []),
    ],
)
def test_a_mutant_is_noticed_by_a_test_that_called_it_and_no_longer_passes(
    after: Mapping[str, str],
    calls: Mapping[str, Collection[int]],
    called: list[Mutant],
    survived: list[Mutant],
) -> None:
    before = {"a": "passed", "b": "passed", "c": "failed"}
    facts = judge_mutants([ONE, TWO], before, after, calls)
    assert (list(facts.called), list(facts.survived)) == (called, survived)


# Canaries.

HONEST = {
    "passes": "passed",
    "fails": "failed",
    "raises": "failed",
    "errs": "error",
    "skips": "skipped",
    "xfails": "xfailed",
}


def one(folder: str = "tests", seed: int = 1) -> Canaries:
    return make_canaries([folder], NamingRules(), Random(seed))[0]


def outcomes(canary: Canaries, **changed: str | None) -> dict[str, str]:
    got = {**HONEST, **changed}
    pairs = {f"{canary.path}::{n}": got[kind] for n, kind in canary.kinds.items()}
    return {test: outcome for test, outcome in pairs.items() if outcome is not None}


@given(st.integers(), st.sampled_from(["", "tests", "a/b"]))
def test_a_canary_is_python_with_a_name_that_pytest_knows(
    seed: int, folder: str
) -> None:
    canary = one(folder, seed)
    tree = ast.parse(canary.text)
    tests = {
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }
    assert tests == set(canary.kinds)
    assert set(canary.kinds.values()) == set(HONEST)
    assert NamingRules().is_file(canary.path)
    assert canary.path.startswith(f"{folder}/") or not folder


def test_their_names_are_other_ones_each_time() -> None:
    paths = {one(seed=seed).path for seed in range(50)}
    assert len(paths) == 50


def test_they_follow_the_projects_naming_or_are_left_out() -> None:
    rules = NamingRules(files=("all.py", "check_*.py"), functions=("check_*",))
    (canary,) = make_canaries([""], rules, Random(1))
    assert canary.path.startswith("check_")
    assert all(name.startswith("check_") for name in canary.kinds)
    assert make_canaries([""], NamingRules(files=("tests.py",)), Random(1)) == ()
    assert make_canaries([""], NamingRules(functions=("*_test",)), Random(1)) == ()
    assert len(make_canaries(list("abcdefg"), NamingRules(), Random(1))) == MAX_FILES


@pytest.mark.parametrize(
    "changed",
    [
        {"fails": "passed"},
        {"raises": "passed"},
        {"errs": "passed"},
        {"fails": "skipped"},
        {"fails": "xfailed"},
        {"raises": None},
        {"fails": "xpassed", "passes": "error"},
        {"skips": "passed"},
        {"xfails": "passed"},
        {"passes": "failed"},
    ],
)
def test_a_known_outcome_that_is_reported_otherwise_is_told(
    changed: Mapping[str, str | None],
) -> None:
    canary = one()
    (found,) = canary_signals([canary], outcomes(canary, **changed))
    assert found.rule == "known-outcomes-differ"
    assert found.path is None
    assert str(next(iter(changed.values())) or "nothing at all") in found.message


def test_what_is_said_of_them_does_not_depend_on_their_names() -> None:
    said = [
        canary_signals([canary], dict.fromkeys(outcomes(canary), "passed"))
        for canary in (one(seed=1), one(seed=2))
    ]
    assert said[0] == said[1] != ()


@pytest.mark.parametrize(
    "changed",
    [
        {},
        # A fixture for all tests fails, or skips, here as everywhere.
        dict.fromkeys(HONEST, "error"),
        dict.fromkeys(HONEST, "skipped"),
        # Not collected: the settings name other files, or -k leaves them out.
        dict.fromkeys(HONEST, None),
        # --runxfail.
        {"xfails": "failed"},
    ],
)
def test_what_has_an_honest_reason_is_not_told(
    changed: Mapping[str, str | None],
) -> None:
    canary = one()
    assert canary_signals([canary], outcomes(canary, **changed)) == ()
