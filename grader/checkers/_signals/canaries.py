"""Tests of ours beside the project's own, with outcomes that are known beforehand.

Their names are new each time, so that no code can know them. What is reported of them is
what is reported of every test: where one that fails comes out as passed, others may too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Literal

from grader.checkers._signals.declared import NamingRules
from grader.checkers._signals.sight import signal
from grader.model.measurement import Finding

Kind = Literal["passes", "fails", "raises", "errs", "skips", "xfails"]

# More than a few folders with a conftest.py of their own are not looked at.
MAX_FILES = 3

_SAID = {
    "passes": "one that passes",
    "fails": "one that fails in an assertion",
    "raises": "one that raises an exception",
    "errs": "one whose fixture fails",
    "skips": "one that skips itself",
    "xfails": "one that fails as marked with xfail",
}
_BODIES: Mapping[Kind, str] = {
    "passes": "def {name}():\n    {word} = [3, 1, 2]\n    assert sorted({word}) != {word}\n",
    "fails": "def {name}():\n    {word} = [3, 1, 2]\n    assert sorted({word}) == {word}\n",
    "raises": "def {name}():\n    {word} = dict()\n    {word}['{word}'] += 1\n",
    "errs": (
        "@pytest.fixture\ndef {word}():\n    raise OSError('{word}')\n\n\n"
        "def {name}({word}):\n    assert {word}\n"
    ),
    "skips": "def {name}():\n    pytest.skip('{word}')\n",
    "xfails": "@pytest.mark.xfail\ndef {name}():\n    assert len('{word}') == 0\n",
}
_VERBS = (
    *("loads", "keeps", "splits", "reads", "scales", "fills", "returns", "counts"),
    *("drops", "merges", "encodes", "checks", "writes", "finds", "rounds", "sorts"),
)
_NOUNS = (
    *("rows", "columns", "values", "labels", "dates", "frames", "paths", "weights"),
    *("names", "scores", "batches", "features", "records", "numbers", "parts", "keys"),
)


@dataclass(frozen=True)
class Canaries:
    """One generated test file: where it goes, its text, and what each test is to do."""

    path: str
    text: str
    kinds: Mapping[str, Kind]

    def named(self, kind: Kind) -> str:
        """The id of the test of one kind, as pytest prints it."""
        name = next(name for name, found in self.kinds.items() if found == kind)
        return f"{self.path}::{name}"


def make_canaries(
    folders: Sequence[str], rules: NamingRules, chance: Random
) -> tuple[Canaries, ...]:
    """One file for each of the first folders (`""` is the top), by the project's naming.

    None where its names leave no room, such as `python_files = tests.py`.
    """
    file_rule = next((rule for rule in rules.files if _is_open(rule)), None)
    prefix = next((_prefix(rule) for rule in rules.functions if _prefix(rule)), None)
    if file_rule is None or prefix is None:
        return ()
    return tuple(
        _file(folder, file_rule, prefix, chance) for folder in folders[:MAX_FILES]
    )


def canary_signals(
    canaries: Sequence[Canaries], outcomes: Mapping[str, str]
) -> tuple[Finding, ...]:
    """A signal when a test of ours came out otherwise than it is.

    `outcomes` are by the ids that pytest prints; a test that isn't in it was not reported.
    A fixture of the project that fails or skips everywhere takes ours along: then only a
    pass that is none says something.
    """
    wrong: dict[str, None] = {}
    for canary in canaries:
        wrong |= dict.fromkeys(_wrong(canary, outcomes))
    if not wrong:
        return ()
    return (
        signal(
            "known-outcomes-differ",
            "Tests of the grader's own, whose outcomes are known, were run among the "
            f"project's. Reported otherwise: {'; '.join(wrong)}.",
        ),
    )


def _wrong(canary: Canaries, outcomes: Mapping[str, str]) -> list[str]:
    runs = outcomes.get(canary.named("passes"))
    wrong: list[str] = []
    for kind in _BODIES:
        got = outcomes.get(canary.named(kind))
        if _is_wrong(kind, got, runs):
            wrong.append(f"{_SAID[kind]}, as {got or 'nothing at all'}")
    return wrong


def _is_wrong(kind: Kind, got: str | None, runs: str | None) -> bool:
    match kind:
        case "passes":
            return got == "failed"
        case "skips" | "xfails":
            return got in ("passed", "xpassed")
        case "fails" | "raises" | "errs":
            if got in ("passed", "xpassed"):
                return True
            return runs == "passed" and got in ("skipped", "xfailed", None)


def _file(folder: str, file_rule: str, prefix: str, chance: Random) -> Canaries:
    verbs = chance.sample(_VERBS, len(_BODIES))
    nouns = chance.sample(_NOUNS, len(_BODIES))
    order = chance.sample(list(_BODIES), len(_BODIES))
    kinds: dict[str, Kind] = {}
    texts = ["import pytest\n"]
    for kind, verb, noun in zip(order, verbs, nouns, strict=True):
        name = f"{prefix}{'' if prefix.endswith('_') else '_'}{verb}_{noun}"
        kinds[name] = kind
        texts.append(_BODIES[kind].format(name=name, word=f"{noun}_{_letters(chance)}"))
    stem = f"{chance.choice(_NOUNS)}_{_letters(chance)}"
    file = file_rule.replace("*", stem)
    path = f"{folder}/{file}" if folder else file
    return Canaries(path, "\n\n".join(texts), kinds)


def _letters(chance: Random) -> str:
    return "".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=6))


def _is_open(rule: str) -> bool:
    return (
        rule.count("*") == 1
        and rule.endswith(".py")
        and not any(sign in rule for sign in "/?[")
    )


def _prefix(rule: str) -> str | None:
    """What a function's name must begin with; None where a rule says more than that."""
    prefix = rule.removesuffix("*")
    return prefix if prefix.isidentifier() else None
