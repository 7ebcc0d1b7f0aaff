"""Tests are read: what asserts, what can't fail, what is skipped, what they name."""

import pytest

from grader.checkers._base import Bench
from grader.checkers.quality_of_tests import QualityOfTests, QualityOfTestsOptions
from grader.model.measurement import Measured
from tests.checkers.conftest import told
from tests.conftest import MakeSnapshot

SOURCE = """\
def clean_data(frame, *more):
    if frame is None:
        raise ValueError("nothing")
    return frame.dropna()


def load_data(path):
    return open(path).read()
"""
HEAD = """\
import unittest
from unittest import mock
import numpy as np
import pandas as pd
import pytest as pt
from src import clean
from src.clean import clean_data as tidy, load_data

"""


def measured(
    text: str,
    make_snapshot: MakeSnapshot,
    bench: Bench,
    more: dict[str, str] | None = None,
    options: QualityOfTestsOptions | None = None,
) -> Measured:
    """What is measured of a repository with one file of tests."""
    files = {"src/clean.py": SOURCE, "tests/test_it.py": HEAD + text, **(more or {})}
    outcome = (
        QualityOfTests()
        .measure(make_snapshot(files), options or QualityOfTestsOptions(), bench)
        .outcome
    )
    assert isinstance(outcome, Measured)
    return outcome


def one(body: str) -> str:
    """A test with this body."""
    return "def test_one():\n" + "".join(f"    {line}\n" for line in body.splitlines())


@pytest.mark.parametrize(
    "body",
    [
        "assert tidy(1) == 2",
        "with pt.raises(ValueError):\n    clean.clean_data(None)",
        "pt.raises(ValueError, tidy, None)",
        "np.testing.assert_allclose(tidy(1), 2)",
        "pd.testing.assert_frame_equal(tidy(1), 2)",
        "m = mock.Mock()\ntidy(m)\nm.dropna.assert_called_once_with()",
        "try:\n    tidy(1)\nexcept Exception as e:\n    pt.fail(str(e))",
        "if tidy(1) != 2:\n    raise AssertionError('no')",
        "def check(x):\n    assert x == 2\nfor x in [1]:\n    check(tidy(x))",
        "assert tidy(1) == tidy(1)",
        "tidy(1).raise_for_status()",
    ],
)
def test_what_can_be_wrong_is_an_assertion(
    body: str, make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    values = measured(one(body), make_snapshot, bench).values
    assert (values["tests"], values["without_assertion"]) == (1, 0)
    assert values["cannot_fail"] == 0


@pytest.mark.parametrize(
    "body",
    [
        "assert True",
        "assert 1 == 1, 'as it should be'",
        "x = tidy(1)\nassert x == x",
        "assert (tidy(1) == 2, 'message')",
        "x = tidy(1)\nassert x is None or x is not None",
        "assert len(tidy([])) >= 0",
        "assert isinstance(tidy(1), object)",
        "try:\n    assert tidy(1) == 2\nexcept:\n    print('oh')",
        "try:\n    tidy(1)\n    tidy(2)\nexcept Exception:\n    pass",
        "with pt.raises(ValueError):\n    raise ValueError",
        "with pt.raises(ValueError):\n    int('x')",
        "if False:\n    assert tidy(1) == 2",
        "pass",
        "return\nassert tidy(1) == 2",
        "x = {'a': [1, -2]}\ny: int = 1\ntry:\n    tidy(x)\nexcept Exception:\n"
        "    return False",
    ],
)
def test_what_holds_whatever_happens_cannot_fail(
    body: str, make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    outcome = measured(one(body), make_snapshot, bench)
    assert (outcome.values["can_fail"], outcome.values["cannot_fail"]) == (0, 1)
    assert ("cannot-fail", 9) in {(f.rule, f.line) for f in outcome.findings}


@pytest.mark.parametrize(
    "body",
    [
        "tidy(1)",
        "import src.clean",
        "from src import clean",
        "tidy(1)\ndef check():\n    assert tidy(1) == 2",
        "tidy(1)  # assert",
        "x = lambda: 1\ntidy(x)",
        "x = [tidy(1)]\ntry:\n    tidy(x)\nexcept Exception:\n    return False",
        "x = load_data\ntry:\n    tidy(x)\nexcept Exception:\n    return False",
    ],
)
def test_a_call_alone_may_fail_and_asserts_nothing(
    body: str, make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    values = measured(one(body), make_snapshot, bench).values
    assert (values["asserting"], values["can_fail"], values["tests"]) == (0, 1, 0)


@pytest.mark.parametrize(
    ("text", "skipped"),
    [
        ("@pt.mark.skip(reason='x')\n" + one("assert tidy(1)"), 1),
        ("@pt.mark.skipif(True, reason='x')\n" + one("assert tidy(1)"), 1),
        ("@pt.mark.skipif(len('x') > 2, reason='x')\n" + one("assert tidy(1)"), 0),
        ("@pt.mark.xfail\n" + one("assert tidy(1)"), 1),
        ("@pt.mark.xfail(tidy is None, reason='x')\n" + one("assert tidy(1)"), 0),
        ("pytestmark = [pt.mark.skip]\n" + one("assert tidy(1)"), 1),
        ("later = pt.mark.skip('x')\n@later\n" + one("assert tidy(1)"), 1),
        (one("pt.skip('later')\nassert tidy(1)"), 1),
        (one("if tidy(1):\n    pt.skip('later')\nassert tidy(1)"), 0),
        (
            "@unittest.skip('x')\nclass TestIt(unittest.TestCase):\n"
            "    def test_one(self):\n        self.assertEqual(tidy(1), 2)\n",
            1,
        ),
    ],
)
def test_only_what_is_always_skipped_is_skipped(
    text: str, skipped: int, make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    values = measured(text, make_snapshot, bench).values
    assert (values["test_count"], values["skipped"]) == (1, skipped)
    assert values["tests"] == 1 - skipped


@pytest.mark.parametrize(
    ("body", "is_edge"),
    [
        ("assert tidy(pd.DataFrame()) is None", True),
        ("assert tidy(pd.DataFrame({'a': [1, np.nan]})) is None", True),
        ("assert tidy([1, None]) == 1", True),
        ("assert tidy(-1) == 1", True),
        ("assert tidy(float('nan')) == 1", True),
        ("assert tidy(frame[:0]) == 1", True),
        ("assert tidy([1, 2])[-1] == 1", False),
        ("assert tidy([1]) is None", False),
        ("x = None\nassert tidy([3]).reshape(-1, 1) == x", False),
    ],
)
def test_an_edge_is_in_the_input_and_not_in_an_index(
    body: str, is_edge: bool, make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    values = measured(one(body), make_snapshot, bench).values
    assert values["edge_inputs"] == int(is_edge)


@pytest.mark.parametrize(
    ("mark", "is_edge"),
    [
        ("mock.patch('src.clean.LIMITS', {'low': [-10, None]})", False),
        ("mock.patch.dict('src.clean.LIMITS', {'low': -10})", False),
        ("pt.mark.parametrize('value', [-1, 2])", True),
    ],
)
def test_what_a_decorator_patches_is_no_input(
    mark: str, is_edge: bool, make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    text = f"@{mark}\n{one('assert tidy(1) == 2')}"
    values = measured(text, make_snapshot, bench).values
    assert (values["tests"], values["edge_inputs"]) == (1, int(is_edge))


@pytest.mark.parametrize(
    ("mark", "said"),
    [
        ("@pt.mark.skip\n", "Fixtures are used only by tests that are skipped"),
        ("@pt.mark.usefixtures('no')\n", "Tests use 1 fixtures."),
    ],
)
def test_fixtures_of_skipped_tests_are_told_of(
    mark: str, said: str, make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    text = (
        "@pt.fixture\ndef raw():\n    return [1]\n\n"
        f"{mark}def test_it(raw):\n    assert tidy(raw) == [1]\n"
    )
    assert told(measured(text, make_snapshot, bench), "fixtures").startswith(said)


def test_only_a_list_that_goes_on_ends_in_dots(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    said = told(measured(one("assert 1 + 1"), make_snapshot, bench), "public_named")
    assert said.endswith("not clean_data(), load_data().")
    more = {
        "src/more.py": "".join(
            f"def f{n}(a):\n    return sorted(a)\n\n" for n in range(5)
        )
    }
    outcome = measured(one("assert 1 + 1"), make_snapshot, bench, more)
    assert told(outcome, "public_named").endswith("f2() …")


@pytest.mark.parametrize(
    ("expected", "is_error"),
    [
        ("422", True),
        ("status.HTTP_404_NOT_FOUND", True),
        ("200", False),
        ("{200, 503}", False),
        ("f(500)", False),
    ],
)
def test_a_status_that_refuses_is_an_error_that_is_expected(
    expected: str, is_error: bool, make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    body = f"r = client.post('/predict')\nassert r.status_code == {expected}"
    if "{" in expected:
        body = body.replace("==", "in")
    values = measured(one(body), make_snapshot, bench).values
    assert values["errors_tested"] == int(is_error)


@pytest.mark.parametrize(
    ("read", "is_data"),
    [
        ("torch.load(PROCESSED / 'train_data.pt')", True),
        ("pd.read_csv('data/raw/iris.csv')", True),
        ("np.load(dataset_path)", True),
        ("torch.load('models/trained_on_data.pt')", False),
        ("torch.load(path)", False),
        ("pd.read_csv(tmp_path / 'report.csv')", False),
    ],
)
def test_a_test_of_a_file_of_data_looks_at_data(
    read: str, is_data: bool, make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    body = f"import torch\nx = {read}\nx = list(x)\nassert len(x) == 400"
    values = measured(one(body), make_snapshot, bench).values
    assert values["data_tested"] == int(is_data)


def test_fixtures_of_conftest_and_classes_are_followed(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    text = (
        "class TestIt:\n    def setup_method(self):\n        self.x = 1\n\n"
        "    def check(self, x):\n        assert x == 2\n\n"
        "    def test_one(self, tidied):\n        self.check(tidied)\n"
    )
    conftest = (
        "import pytest\nfrom src.clean import clean_data\n\n"
        "@pytest.fixture(name='tidied')\ndef make(raw):\n    return clean_data(raw)\n\n"
        "@pytest.fixture\ndef raw():\n    return [1]\n"
    )
    values = measured(
        text, make_snapshot, bench, {"tests/conftest.py": conftest}
    ).values
    assert (values["tests"], values["data_tested"], values["fixtures"]) == (1, 1, 1)
    assert (values["fixture_count"], values["conftests"]) == (3, 1)
    assert values["named_functions"] == 1


def test_the_projects_own_names_of_test_files_are_honoured(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    more = {
        "pytest.ini": "[pytest]\npython_files = check_*.py\n",
        "tests/check_it.py": "def test_two():\n    assert [1].pop() == 1\n",
    }
    values = measured(one("assert tidy(1)"), make_snapshot, bench, more).values
    assert values["test_count"] == 1


def test_the_share_of_public_functions_is_the_rubrics_to_set(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    text = one("assert tidy(1) == 2")
    for share, expected in ((0.5, 1), (0.6, 0)):
        options = QualityOfTestsOptions(named_share=share)
        values = measured(text, make_snapshot, bench, options=options).values
        assert (values["public_functions"], values["named_functions"]) == (2, 1)
        assert values["public_named"] == expected


def test_cases_multiply(make_snapshot: MakeSnapshot, bench: Bench) -> None:
    text = (
        "@pt.mark.parametrize('a', [1, 2])\n@pt.mark.parametrize('b', (1, 2, 3))\n"
        "def test_one(a, b):\n    assert tidy(a) == b\n"
    )
    values = measured(text, make_snapshot, bench).values
    assert (values["test_count"], values["cases"]) == (1, 6)


@pytest.mark.parametrize(
    "text",
    [
        "def broken(:\n",
        "def test_deep():\n    assert " + "not " * 80 + "tidy(1)\n",
        "def test_sum():\n    assert " + " + ".join(["tidy(1)"] * 800) + "\n",
        "def test_or():\n    assert " + " or ".join(["tidy(1)"] * 800) + "\n",
        "def test_a():\n    assert test_b()\n\ndef test_b():\n    assert test_a()\n",
        "".join(f"def test_{n}():\n    test_{n + 1}()\n" for n in range(400)),
        "def test_big():\n    assert 0x" + "f" * 5000 + " == 1\n",
        "import importlib\nfor n in range(9):\n    globals()[f'test_{n}'] = print\n",
    ],
)
def test_what_is_broken_deep_or_made_in_a_loop_is_survived(
    text: str, make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    more = {"tests/test_other.py": text, "pytest.ini": "[pytest\nx"}
    values = measured(one("assert tidy(1) == 2"), make_snapshot, bench, more).values
    assert values["test_count"] >= 1


def test_no_repository_gets_the_same_whatever_it_is(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    clean = measured(one("assert tidy(1) == 2"), make_snapshot, bench)
    messy = measured(one("assert True"), make_snapshot, bench)
    assert clean.values["tests"] > messy.values["tests"]
    assert clean.values["can_fail"] > messy.values["can_fail"]
