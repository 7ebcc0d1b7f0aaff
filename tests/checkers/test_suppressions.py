"""Suppressions: comments among the tokens, what each hides, settings that hide."""

import json
from collections import Counter
from collections.abc import Mapping

import pytest

from grader.checkers._base import Bench
from grader.checkers._registry import installed
from grader.checkers._suppressions_comments import suppressions_in, without
from grader.checkers._suppressions_effects import EFFECT_QUANTITIES
from grader.checkers._suppressions_settings import settings_that_hide
from grader.checkers.lint import LintOptions
from grader.checkers.suppressions import Suppressions, SuppressionsOptions
from grader.engine.declared import refuse_undeclared
from grader.errors import CannotMeasure
from grader.model.measurement import Measured, NotApplicable
from grader.sandbox.run import ToolOutput
from tests.conftest import MakeSnapshot


def measure(
    files: Mapping[str, str | bytes],
    make_snapshot: MakeSnapshot,
    bench: Bench,
    options: SuppressionsOptions | None = None,
) -> Measured:
    snapshot = make_snapshot(files)
    outcome = Suppressions().measure(snapshot, options or SuppressionsOptions(), bench)
    assert isinstance(outcome.outcome, Measured)
    return outcome.outcome


@pytest.mark.parametrize(
    ("comment", "kind", "codes", "is_whole_file"),
    [
        ("# noqa", "noqa", (), False),
        ("#noqa", "noqa", (), False),
        ("# NOQA: E501,W291", "noqa", ("E501", "W291"), False),
        ("# noqa: E501 the address is long", "noqa", ("E501",), False),
        ("# a reason # noqa: F401", "noqa", ("F401",), False),
        ("# pylint: disable=all", "pylint", ("all",), False),
        ("# pylint: disable=no-member, W0613", "pylint", ("no-member", "W0613"), False),
        ("# pylint: disable-next=no-member", "pylint", ("no-member",), False),
        ("# pylint: skip-file", "pylint", (), True),
        ("# see below, pylint: disable=no-member", "pylint", ("no-member",), False),
        ("# type: ignore", "types", (), False),
        ("# type: ignore[arg-type]", "types", ("arg-type",), False),
        ("# mypy: ignore-errors", "types", (), True),
        ("# pyright: ignore", "types", (), False),
        ("# pragma: no cover", "no-cover", (), False),
        ("# pragma: no branch", "no-cover", (), False),
        ("# fmt: skip", "format", (), False),
        ("# yapf: disable", "format", (), False),
        ("# isort: skip", "imports", (), False),
        ("# isort:skip_file", "imports", (), True),
        ("# nosec B101", "nosec", ("B101",), False),
        ("# pragma: allowlist secret", "allowlist", (), False),
        ("# pragma: whitelist secret", "allowlist", (), False),
    ],
)
def test_a_comment_is_read_with_what_it_hides(
    comment: str, kind: str, codes: tuple[str, ...], is_whole_file: bool
) -> None:
    (found,) = suppressions_in("a.py", f"import os  {comment}\n")
    assert (found.kind, found.codes) == (kind, codes)
    assert (found.is_whole_file, found.line) == (is_whole_file, 1)


@pytest.mark.parametrize(
    "text",
    [
        'TEXT = "# noqa"\n',
        '"""Write # noqa, # type: ignore or # pylint: disable=all there."""\n',
        "# say no questions asked: noqa is not for us\n",
        "# type: int\n",
        "# fmt: on\n# isort: on\n# pylint: enable=no-member\n",
        "# nosecrets here, and pragma: once\n",
        "x = 1  # flake8: noqa\n",
        "# formatting: see pylint's disable option\n",
    ],
)
def test_a_string_a_sentence_and_what_switches_on_hide_nothing(text: str) -> None:
    assert suppressions_in("a.py", text) == ()


def test_one_comment_may_hide_from_several_tools() -> None:
    text = "x = f()  # noqa: E501  # pylint: disable=no-member  # type: ignore\n"
    kinds = [found.kind for found in suppressions_in("a.py", text)]
    assert kinds == ["noqa", "pylint", "types"]


def test_of_a_broken_file_the_comments_before_the_break_are_read() -> None:
    text = "# flake8: noqa\nx = 1  # noqa\ndef f(:\n  '''\n"
    assert [one.line for one in suppressions_in("a.py", text)] == [1, 2]


def test_taking_the_comments_out_leaves_every_line_in_its_place() -> None:
    text = (
        "# pylint: disable=no-member\n"
        "import os  # noqa # pylint: disable=unused-import # why\n"
        'x = "# pylint: disable=all"  # pylint: disable=invalid-name\n'
        "def f():\n"
        "    # see also, pylint: disable=all\n"
        "    return 1\n"
    )
    assert without(text, "pylint") == (
        "#\n"
        "import os  # noqa # why\n"
        'x = "# pylint: disable=all"\n'
        "def f():\n"
        "    #\n"
        "    return 1\n"
    )
    assert without(text, "format") == text


def test_the_end_of_a_stretch_goes_with_its_beginning() -> None:
    assert without("# fmt: off\nx  = 1\n# fmt: on\n", "format") == "#\nx  = 1\n#\n"
    assert without("# isort: off\nimport b\n# isort: on\n", "imports") == (
        "#\nimport b\n#\n"
    )


@pytest.mark.sandbox
def test_what_each_comment_hides_comes_back_without_it(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    key = "AKIA" + "Q3EGRZ5KW2MLOPS7"
    outcome = measure(
        {
            "src/whole.py": "# flake8: noqa\nimport os,sys\n",
            "src/line.py": '"""A module."""\n\nimport os  # noqa: F401\n',
            "src/logs.py": "import logging\n\nLOG = logging.getLogger(__name__)\n"
            'LOG.info(f"{LOG}")  # noqa: G004, LOG011\n',
            "src/undocumented.py": '"""A module."""\n\n\ndef shown():  # noqa: D103\n'
            "    return 1\n",
            "src/rated.py": '"""A module."""\n\n'
            "X = [1]\nprint(undefined_name)  # pylint: disable=undefined-variable\n",
            "src/layout.py": '"""A module."""\n\n# fmt: off\nX = {  "a":1 }\n# fmt: on\n',
            "src/order.py": "import sys  # isort: skip\nimport os  # isort: skip\n",
            "src/covered.py": "def f():  # pragma: no cover\n    x = 1\n    return x\n",
            # Too long for flake8's default only, which is not what the rubric has.
            "src/long.py": f'X = "{"x" * 90}"  # noqa: E501\n',
            "keys.py": f'KEY = "{key}"  # pragma: allowlist secret\n',
        },
        make_snapshot,
        bench,
        SuppressionsOptions(lint=LintOptions(max_line_length=120)),
    )
    values = outcome.values
    assert values["comments"] == 11
    assert values["blanket_comments"] == 1
    # E401, E231 and two times F401 in one file, F401 in the other, and F821 nowhere.
    assert values["hidden_violations"] == 5
    assert values["hidden_logging_violations"] == 1
    assert values["hidden_docstring_violations"] == 1
    assert values["hidden_pylint_messages"] == 1
    assert values["hidden_pylint_points"] > 0
    assert values["hidden_unformatted"] == 1
    assert values["hidden_unsorted"] == 1
    assert values["hidden_statements"] == 3
    assert values["hidden_secrets"] == 1
    assert key not in outcome.model_dump_json()


def test_no_tool_runs_where_nothing_is_hidden_from_it(
    make_snapshot: MakeSnapshot, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Bench, "run", None)
    files = {"src/a.py": 'NOTE = "# noqa"  # nosec\nX = f()  # type: ignore\n'}
    values = measure(files, make_snapshot, bench).values
    assert (values["comments"], values["hidden_violations"]) == (2, 0)


def test_a_tool_that_can_not_be_run_leaves_its_number_out(
    make_snapshot: MakeSnapshot, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = Bench(**{**vars(bench), "tool_limits": bench.tool_limits})
    monkeypatch.setattr("grader.checkers._base.SHIELDED", ("false",))
    outcome = measure({"a.py": "import os  # noqa\n"}, make_snapshot, broken)
    assert "hidden_violations" not in outcome.values
    assert "noqa-not-measured" in {finding.rule for finding in outcome.findings}


def test_every_number_of_what_is_hidden_may_be_absent() -> None:
    assert [one.name for one in EFFECT_QUANTITIES if not one.optional] == []


@pytest.mark.parametrize("reader", ["stripped", "read_lines"])
def test_statements_that_can_not_be_counted_cost_their_number_alone(
    reader: str,
    make_snapshot: MakeSnapshot,
    bench: Bench,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fails(*_: object) -> None:
        raise CannotMeasure("no room")

    monkeypatch.setattr(f"grader.checkers._suppressions_effects.{reader}", fails)
    files = {"src/a.py": "def f():  # pragma: no cover\n    return 1\n"}
    outcome = measure(files, make_snapshot, bench)
    refuse_undeclared(installed().checkers["suppressions"], outcome)
    assert "hidden_statements" not in outcome.values
    assert outcome.values["comments"] == 1
    assert "no-cover-not-measured" in {finding.rule for finding in outcome.findings}


# What pylint prints of a file that says skip-file beside one that holds no statement and is
# complained about all the same, and of both without the comment: it says 10 for the first.
UNRATED = (16, 10.0, ("I0013", "info"), ("C0304", "convention"))
RATED = (20, 5.0, ("W0611", "warning"), ("C0304", "convention"))


def as_printed(status: int, score: float, *messages: tuple[str, str]) -> "ToolOutput":
    told = [
        {"type": kind, "messageId": code, "symbol": "x", "message": "x"}
        | {"path": "src/a.py", "line": 1}
        for code, kind in messages
    ]
    counts = Counter(kind for _, kind in messages)
    report = {
        "messages": told,
        "statistics": {"messageTypeCount": counts, "score": score},
    }
    return ToolOutput(status, json.dumps(report), "", 0.1)


def test_comments_that_leave_pylint_nothing_to_rate_raise_no_rating(
    make_snapshot: MakeSnapshot, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    outputs = iter((as_printed(*UNRATED), as_printed(*RATED)))
    monkeypatch.setattr(
        "grader.checkers._suppressions_effects.execute", lambda *_: next(outputs)
    )
    files = {
        "src/a.py": "# pylint: skip-file\nimport os\nX = 1\n",
        "src/b.py": "# Nothing yet.",
    }
    outcome = measure(files, make_snapshot, bench)
    assert outcome.values["hidden_pylint_messages"] == 1
    assert outcome.values["hidden_pylint_points"] == 0
    (told,) = [one.message for one in outcome.findings if one.rule == "pylint-hides"]
    assert told.startswith("pylint rates nothing with 1 messages; without the comments")
    assert "rates the code 5.00 with 2." in told


def test_a_repository_without_python_has_nothing_to_hide(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    snapshot = make_snapshot({"README.md": "# noqa\n"})
    result = Suppressions().measure(snapshot, SuppressionsOptions(), bench)
    assert isinstance(result.outcome, NotApplicable)


CODE = {"src/app.py": "x = 1\n", "src/gen/made.py": "x = 1\n", "tests/test_a.py": ""}


@pytest.mark.parametrize(
    ("path", "text", "tool"),
    [
        ("pyproject.toml", "[tool.black]\nexclude = '/gen/'\n", "black"),
        (
            "pyproject.toml",
            "[tool.black]\nextend-exclude = '''\n/(\n  gen  # made\n | build\n)/\n'''\n",
            "black",
        ),
        ("pyproject.toml", "[tool.mypy]\nexclude = ['x', 'src/.*/made']\n", "mypy"),
        ("pyproject.toml", "[tool.isort]\nskip = ['gen']\n", "isort"),
        ("pyproject.toml", "[tool.isort]\nskip_glob = ['src/*']\n", "isort"),
        ("pyproject.toml", "[tool.ruff.lint]\nignore = ['E501']\n", "ruff"),
        (
            "pyproject.toml",
            "[tool.ruff.lint.per-file-ignores]\n'src/*' = ['F401']\n",
            "ruff",
        ),
        ("pyproject.toml", "[tool.coverage.run]\nomit = ['src/gen/*']\n", "coverage"),
        (
            "pyproject.toml",
            "[[tool.mypy.overrides]]\nmodule = 'x'\nignore_errors = true\n",
            "mypy",
        ),
        (
            "pyproject.toml",
            "[tool.pylint.'messages control']\ndisable = ['no-member']\n",
            "pylint",
        ),
        (".flake8", "[flake8]\nexclude = .git,src/gen\n", "flake8"),
        (
            ".flake8",
            "[flake8]\nextend-ignore =\n    E203,\n    E501  # long\n",
            "flake8",
        ),
        ("setup.cfg", "[flake8]\nper-file-ignores = src/*: F401\n", "flake8"),
        (".coveragerc", "[run]\nomit =\n    */app.py\n", "coverage"),
        (".coveragerc", "[report]\nexclude_lines =\n    return\n", "coverage"),
        (".pylintrc", "[MESSAGES CONTROL]\ndisable=file-ignored,no-member\n", "pylint"),
        (".pylintrc", "[MAIN]\nignore=app.py\n", "pylint"),
        ("mypy.ini", "[mypy-src.*]\nignore_errors = True\n", "mypy"),
        ("pytest.ini", "[pytest]\naddopts = --ignore=tests/test_a.py\n", "pytest"),
        (".secrets.baseline", '{"results": {"a.py": [{}]}}', "detect-secrets"),
    ],
)
def test_a_setting_that_hides_is_told(
    path: str, text: str, tool: str, make_snapshot: MakeSnapshot
) -> None:
    (found,) = settings_that_hide(make_snapshot({**CODE, path: text}))
    assert (found.path, found.tool) == (path, tool)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("pyproject.toml", "[tool.black]\nline-length = 100\nexclude = '/venv/'\n"),
        (
            ".flake8",
            "[flake8]\nexclude = .git,__pycache__,venv\nextend-ignore = E203\n",
        ),
        (".flake8", "[flake8]\nmax-line-length = 100\nignore = W503\n"),
        (".coveragerc", "[run]\nomit =\n    tests/*\n    setup.py\n"),
        (".coveragerc", "[report]\nexclude_lines =\n    pragma: no cover\n"),
        (".pylintrc", "[MESSAGES CONTROL]\ndisable=raw-checker-failed,file-ignored\n"),
        ("pytest.ini", "[pytest]\naddopts = -q\nnorecursedirs = venv\n"),
        (".secrets.baseline", '{"results": {}}'),
        (".secrets.baseline", "{"),
        ("pyproject.toml", "[tool.black\n"),
        ("setup.cfg", "flake8]\nignore = E\n"),
        ("pyproject.toml", "[tool.black]\nexclude = '(a+)+(b*)*[x-z]{3}'\n"),
        ("pyproject.toml", "[tool.isort]\nskip_glob = ['" + "*a" * 90 + "']\n"),
    ],
)
def test_a_setting_that_hides_nothing_that_is_there_is_none(
    path: str, text: str, make_snapshot: MakeSnapshot
) -> None:
    assert settings_that_hide(make_snapshot({**CODE, path: text})) == ()
