"""Loading a rubric: every mistake is named with its file, line and column."""

from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict

from grader.errors import GradeError
from grader.model.measurement import Quantity
from grader.rubric.load import Catalogue, CheckerFacts, LoadedRubric, parse_rubric


class _Options(BaseModel):
    model_config = ConfigDict(extra="forbid")
    profile: str = "plain"


CATALOGUE = Catalogue(
    checkers={
        "formatting": CheckerFacts(
            (
                Quantity("files", "files", "all"),
                Quantity("compliant_files", "files", "good"),
            ),
            _Options,
        ),
        "lint": CheckerFacts(
            (Quantity("violations", "count", "bad", better="lower"),), _Options
        ),
    },
    broken={"typing": "acme-checks: ImportError: no module named acme"},
)

GOOD = """\
name: A rubric
version: "1"
dimensions:
  - id: quality
    title: Quality
    weight: 2
    items:
      - checker: formatting
        score: 10 * compliant_files / files
        options: {profile: black}
      - checker: lint
        score: relative(violations)
        alone: 10 - violations
"""


def load(text: str) -> LoadedRubric:
    return parse_rubric(text.encode(), "r.yaml", CATALOGUE, folder=Path())


def test_a_good_rubric_loads() -> None:
    rubric = load(GOOD).rubric
    assert [item.key for item in rubric.items] == ["formatting", "lint"]
    assert rubric.items[0].options == {"profile": "black"}
    assert rubric.dimensions[0].weight == 2


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "compliant_files / files",
            "compliant_flies / files",
            'r.yaml:9:21: item "formatting" uses "compliant_flies", which checker '
            '"formatting" does not measure. Did you mean "compliant_files"? It measures: '
            "files, compliant_files.",
        ),
        (
            "10 * compliant_files / files",
            '"10 * compliant_files / flies"',
            'r.yaml:9:40: item "formatting" uses "flies"',
        ),
        ("/ files", "/ files.x", "r.yaml:9:39: item"),
        (
            "checker: lint",
            "checker: lnit",
            'r.yaml:11:18: there is no checker "lnit". Did you mean "lint"? Installed: '
            "formatting, lint.",
        ),
        (
            "checker: lint",
            "checker: typing",
            'r.yaml:11:18: the checker "typing" did not load: acme-checks: ImportError',
        ),
        (
            "weight: 2",
            "wieght: 2",
            'r.yaml:6:5: unknown key "wieght". Did you mean "weight"',
        ),
        ("weight: 2", "weight: heavy", 'r.yaml:6:13: "weight"'),
        ("weight: 2", "weight: -1", 'r.yaml:6:13: "weight"'),
        ("weight: 2", "weight: .nan", 'r.yaml:6:13: "weight"'),
        ("weight: 2", "weight: 2\n    weight: 3", "r.yaml:7:5: the key"),
        (
            'version: "1"',
            "version: 1",
            'r.yaml:2:10: "version" is text: put it in quotes',
        ),
        ('version: "1"\n', "", 'r.yaml:1:1: the key "version" is missing'),
        (
            "profile: black",
            "profil: black",
            'r.yaml:10:19: unknown key "profil". Did you',
        ),
        ("        alone: 10 - violations\n", "", 'it needs "alone:" as well'),
        ("alone: 10 - violations", "alone: relative(violations)", "without a class"),
        (
            GOOD[GOOD.index("lint") :],
            "formatting\n        score: files\n",
            ":11:18: an item",
        ),
        ("id: quality", "id: Quality!", 'r.yaml:4:9: "id"'),
        ("title: Quality", "title: [", "this is not valid YAML"),
        (
            "name: A rubric",
            "name: !!python/name:os.system",
            "r.yaml:1:7: this value can't",
        ),
    ],
)
def test_a_mistake_is_named_with_its_place(old: str, new: str, message: str) -> None:
    assert old in GOOD
    with pytest.raises(GradeError) as caught:
        load(GOOD.replace(old, new))
    assert message in caught.value.message


@pytest.mark.parametrize("text", ["", "- a\n- b\n", "just words", "\t", "a: &a [*a]"])
def test_what_is_no_rubric_at_all_is_said(text: str) -> None:
    with pytest.raises(GradeError, match=r"r\.yaml"):
        load(text)


def test_aliases_of_aliases_do_not_fill_the_memory() -> None:
    levels = "\n".join(
        f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 12)
    )
    with pytest.raises(GradeError, match="too large"):
        load(f"a0: &a0 [1, 2]\n{levels}\n")


def test_bytes_that_are_not_text_are_refused() -> None:
    with pytest.raises(GradeError, match="not UTF-8"):
        parse_rubric(b"name: \xff\xfe", "r.yaml", CATALOGUE, folder=Path())


def test_all_weights_zero_is_refused() -> None:
    with pytest.raises(GradeError, match="nothing would count"):
        load(GOOD.replace("weight: 2", "weight: 0"))
