"""Guards: told by what a condition does to the data, in whatever way it is written."""

import pytest

from grader.checkers._base import Bench
from grader.checkers._validation_guards import GUARDS
from grader.checkers.validation import Validation, ValidationOptions
from grader.model.measurement import Measured
from tests.checkers.conftest import told
from tests.conftest import MakeSnapshot

MAIN = "from src.validate import validate_data as check\ncheck(None, 1, 2)\n"


def guards(
    body: str, make_snapshot: MakeSnapshot, bench: Bench, more: str = ""
) -> set[str]:
    """The kinds of guard in a function with this body."""
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    text = (
        f"import pandas as pd\n{more}\ndef validate_data(df, required, low):\n{lines}"
    )
    snapshot = make_snapshot({"main.py": MAIN, "src/validate.py": text})
    outcome = Validation().measure(snapshot, ValidationOptions(), bench).outcome
    assert isinstance(outcome, Measured)
    return {kind for kind in GUARDS if outcome.values[kind]}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("assert df is not None", {"type"}),
        ("if low is not None:\n    print(sum([low]))", set()),
        ("if df.shape[0] == 0:\n    raise ValueError", {"empty"}),
        (
            "if not set(required).issubset(df.columns):\n    raise ValueError",
            {"columns"},
        ),
        (
            "gone = set(required) - set(df.columns)\nif gone:\n    raise ValueError",
            {"columns"},
        ),
        ("assert all(c in df.columns for c in required)", {"columns"}),
        (
            "if (gone := [c for c in required if c not in df.columns]):\n    raise ValueError",
            {"columns"},
        ),
        (
            "for c in required:\n    if c not in df.columns:\n        errors.append(c)",
            {"columns"},
        ),
        ("for c in required:\n    if c not in df.columns:\n        pass", set()),
        ("if pd.isna(df).values.any():\n    raise ValueError", {"missing"}),
        ("n = df.isnull().sum().sum()\nif n > 0:\n    raise ValueError", {"missing"}),
        ("if df['target'].isna().any():\n    raise ValueError", {"missing"}),
        ("if df[target].isna().any():\n    raise ValueError", {"missing", "target"}),
        ("if df['a'].dtype != 'int64':\n    raise TypeError", {"dtype"}),
        ("bad = df[df['a'] < low]\nif not bad.empty:\n    raise ValueError", {"range"}),
        ("if df['a'].min() < 0:\n    raise ValueError", {"range"}),
        ("assert df['a'].between(0, 1).all()", {"range"}),
        (
            "odd = set(df['a'].unique()) - {1}\nif odd:\n    raise ValueError",
            {"domain"},
        ),
        ("return bool(low)", set()),
        ("return not df.empty", {"empty"}),
    ],
)
def test_a_guard_is_known_by_its_operations(
    body: str, expected: set[str], make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    assert guards(body, make_snapshot, bench) == expected


def test_a_check_in_a_function_of_its_own_is_followed(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    more = (
        "def is_number(column):\n    kind = column.dtype.kind\n    return kind == 'i'\n"
    )
    body = "if not is_number(df['a']):\n    raise TypeError"
    assert guards(body, make_snapshot, bench, more) == {"dtype"}


def test_schemas_and_expectations_count_as_what_they_declare(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    body = (
        "schema = pa.DataFrameSchema({'a': pa.Column(int, pa.Check.in_range(0, 1))})\n"
        "schema.validate(df)\n"
        "gdf.expect_column_values_to_be_in_set('a', [1])\n"
    )
    found = guards(body, make_snapshot, bench, "import pandera as pa\n")
    assert found == {"columns", "dtype", "missing", "range", "domain"}


def test_a_bare_raise_and_an_unfinished_function_raise_nothing(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    text = (
        "def validate_data(df, a, b):\n    try:\n        df.info()\n    except KeyError:\n"
        "        raise\n    if a:\n        raise NotImplementedError('later')\n"
    )
    snapshot = make_snapshot({"main.py": MAIN, "src/validate.py": text})
    outcome = Validation().measure(snapshot, ValidationOptions(), bench).outcome
    assert isinstance(outcome, Measured)
    assert (outcome.values["runs"], outcome.values["raises"]) == (1, 0)


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (
            {"src/validate.py": "def validate_data(df):\n    assert not df.empty\n"},
            {
                "empty": "It is checked only in code that the pipeline never comes to.",
                "range": "It is not checked in src/validate.py, which the pipeline never "
                "comes to.",
                "raises": "Nothing is raised in src/validate.py, which the pipeline never "
                "comes to.",
            },
        ),
        (
            {"src/load.py": "def load_data(path):\n    return open(path).read()\n"},
            {"range": "There is no function that validates data."},
        ),
    ],
)
def test_a_guard_that_is_lacking_in_code_that_never_runs_is_told_of_as_such(
    files: dict[str, str],
    said: dict[str, str],
    make_snapshot: MakeSnapshot,
    bench: Bench,
) -> None:
    snapshot = make_snapshot({"main.py": "print('x')\n", **files})
    outcome = Validation().measure(snapshot, ValidationOptions(), bench).outcome
    assert isinstance(outcome, Measured)
    assert {name: told(outcome, name) for name in said} == said


def test_variables_that_feed_each_other_come_to_an_end(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    body = "a = b + 1\nb = a + 1\n" + "x = " + " + ".join(["df['a'].isna()"] * 300)
    assert guards(
        f"{body}\nif x or a:\n    raise ValueError", make_snapshot, bench
    ) == {"missing"}
