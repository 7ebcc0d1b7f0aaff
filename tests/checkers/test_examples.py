"""Every line of every checklist: what its examples say earns it earns it, the trap does not."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from grader.checkers._base import Bench, Checker, Options
from grader.checkers._examples import Example, examples, parse
from grader.checkers._registry import installed
from grader.engine.declared import refuse_undeclared
from grader.model.measurement import Measured, NotApplicable, Quantity
from grader.model.snapshot import Snapshot
from tests.conftest import MakeSnapshot
from tests.histories import HISTORY, history

# What a repository's host is asked for, no file can show: tests of their own do.
CHECKLISTS = {
    name: checker
    for name, checker in installed().checkers.items()
    if checker.criteria and not checker.asks_host
}
# These start detect-secrets each time: most of their lines are left to .ci/run.
STARTS_A_TOOL = frozenset({"notebooks", "secrets-hygiene"})
ALWAYS = frozenset({"no_secrets", "imports_project", "no_literals"})
LINES = [
    pytest.param(
        checker,
        criterion.name,
        id=f"{name}-{criterion.name}",
        marks=(
            [pytest.mark.sandbox]
            if name in STARTS_A_TOOL and criterion.name not in ALWAYS
            else []
        ),
    )
    for name, checker in CHECKLISTS.items()
    for criterion in checker.criteria
]
EACH = [pytest.param(checker, id=name) for name, checker in CHECKLISTS.items()]


# Of nothing at all there is nothing to say where a history is asked for.
ONE_COMMIT = "2026-03-02 10:00 Ana Costa <ana@uni.edu>: Begin"


def snapshot_of(make: MakeSnapshot, files: Mapping[str, str]) -> Snapshot:
    """The repository of an example: its files, and its history where it shows one."""
    snapshot = make({path: text for path, text in files.items() if path != HISTORY})
    return replace(snapshot, history=history(files.get(HISTORY, ONE_COMMIT)))


def outcome_of(
    checker: Checker[Options], snapshot: Snapshot, bench: Bench
) -> Measured | NotApplicable:
    """What a checker makes of a repository with the options that nobody has changed."""
    options = checker.options_type()()
    outcome = checker.measure(snapshot, options, bench).outcome
    refuse_undeclared(checker, outcome)
    return outcome


def told(outcome: Measured | NotApplicable, criterion: str) -> str:
    """What the checker says of a line, for the message of a test that fails."""
    if isinstance(outcome, NotApplicable):
        return f"not applicable: {outcome.reason}"
    found = [one.told for one in outcome.answers if one.quantity == criterion]
    return found[0] if found else "no answer"


@pytest.mark.parametrize(("checker", "criterion"), LINES)
def test_what_the_example_says_earns_the_line_earns_it(
    checker: Checker[Options], criterion: str, make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    files = examples(checker)[criterion].earns
    outcome = outcome_of(checker, snapshot_of(make_snapshot, files), bench)
    assert isinstance(outcome, Measured), told(outcome, criterion)
    assert outcome.values[criterion] == 1, told(outcome, criterion)


@pytest.mark.parametrize(("checker", "criterion"), LINES)
def test_what_only_looks_like_it_does_not_earn_the_line(
    checker: Checker[Options], criterion: str, make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    files = examples(checker)[criterion].fails
    outcome = outcome_of(checker, snapshot_of(make_snapshot, files), bench)
    assert isinstance(outcome, Measured), told(outcome, criterion)
    assert outcome.values[criterion] == 0, told(outcome, criterion)


@pytest.mark.parametrize("checker", EACH)
def test_a_repository_with_nothing_but_an_empty_readme_earns_no_line(
    checker: Checker[Options], make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    outcome = outcome_of(checker, snapshot_of(make_snapshot, {"README.md": ""}), bench)
    if isinstance(outcome, Measured):
        earned = [one.quantity for one in outcome.answers if one.holds]
        assert earned == []


@pytest.mark.parametrize("checker", EACH)
def test_a_checklist_has_an_example_of_each_of_its_lines_and_of_no_other(
    checker: Checker[Options],
) -> None:
    shown = examples(checker)
    assert list(shown) == [criterion.name for criterion in checker.criteria]
    for criterion, example in shown.items():
        assert example.earns and example.fails, f"{criterion}: without files"
        assert example.why_earns, f"{criterion}: what earns it is not explained"
        assert example.why_fails, f"{criterion}: what does not is not explained"


@pytest.mark.parametrize("checker", EACH)
def test_the_lines_of_a_checklist_are_quantities_of_its_checker(
    checker: Checker[Options],
) -> None:
    declared: dict[str, Quantity] = {one.name: one for one in checker.quantities}
    for criterion in checker.criteria:
        assert declared[criterion.name] == criterion.quantity
        assert criterion.meaning and criterion.fix


EXAMPLES = """\
# Examples

## `has_main`

### Earns it

A function of that name,
defined.

```python src/main file.py
def main(): ...
```

```toml pyproject.toml
```

### Does not

````markdown README.md
```python
def main(): ...
```
````

## is_run

### Earns it

```sh run.sh
python main.py
```
"""


def test_examples_are_files_by_line_with_the_sentences_before_them() -> None:
    assert parse(EXAMPLES) == {
        "has_main": Example(
            earns={"src/main file.py": "def main(): ...\n", "pyproject.toml": ""},
            fails={"README.md": "```python\ndef main(): ...\n```\n"},
            why_earns="A function of that name, defined.",
        ),
        "is_run": Example(earns={"run.sh": "python main.py\n"}),
    }


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("```python main.py\n```\n", id="before any line"),
        pytest.param("## a\n```python main.py\n```\n", id="in neither part"),
        pytest.param("## a\n### Perhaps\n```python main.py\n```\n", id="other part"),
        pytest.param("## a\n### Earns it\n```python\n```\n", id="without a path"),
        pytest.param(
            "## a\n### Earns it\n```x a.py\n```\n```x a.py\n```\n", id="path twice"
        ),
        pytest.param("## a\n## a\n", id="line twice"),
    ],
)
def test_a_block_that_belongs_nowhere_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse(text)
