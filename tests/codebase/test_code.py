"""Expressions by what they are, across files, aliases and functions that hand on."""

import ast

import pytest

from grader.codebase.code import code_of
from tests.conftest import MakeSnapshot

OTHERS = {
    "src/__init__.py": "",
    "src/log.py": (
        "import logging\n"
        "logger = logging.getLogger('x')\n"
        "def get_logger(name):\n    return logging.getLogger(name)\n"
        "def either(x):\n    return logging.getLogger(x) if x else None\n"
    ),
    "src/told/__init__.py": "from .logger import logger\nfrom .core import *\n",
    "src/told/logger.py": "import logging\nlogger = logging.getLogger('x')\n",
    "src/told/core.py": "import structlog\nlog = structlog.get_logger()\n",
    "src/circle.py": "from src.circle import thing\n",
    "src/app.py": "from fastapi import FastAPI as F\napp: F = F(title='x')\n",
}


@pytest.mark.parametrize(
    ("text", "symbol"),
    [
        ("import wandb as wb\nwb.init()", "wandb.init"),
        ("from mlflow import start_run as s\ns()", "mlflow.start_run"),
        (
            "import logging\nlog = logging.getLogger()\nlog.info()",
            "logging.getLogger().info",
        ),
        ("from src.log import logger as l\nl.info()", "logging.getLogger().info"),
        ("import src.log\nsrc.log.logger.info()", "logging.getLogger().info"),
        ("from src import log\nlog.logger.info()", "logging.getLogger().info"),
        (
            "from src.log import get_logger\nget_logger(1).info()",
            "logging.getLogger().info",
        ),
        ("from src.app import app\napp.post()", "fastapi.FastAPI().post"),
        (
            "import pandas as pd\ndef f(d: pd.DataFrame | None): d.head()",
            "pandas.DataFrame().head",
        ),
        (
            "import mlflow\nwith mlflow.start_run() as run:\n    run.info()",
            "mlflow.start_run().info",
        ),
        (
            "import logging\nclass A:\n    def __init__(self):\n"
            "        self.log = logging.getLogger()\n    def f(self): self.log.info()",
            "logging.getLogger().info",
        ),
        ("class A: pass\nA().fit()", "main.A().fit"),
        ("from src.told import logger\nlogger.info()", "logging.getLogger().info"),
        ("from src.told import log\nlog.info()", "structlog.get_logger().info"),
        ("import src.told\nsrc.told.log.info()", "structlog.get_logger().info"),
        ("from src.told import logger as module\nmodule.x()", "logging.getLogger().x"),
        ("from src.circle import thing\nthing()", None),
        ("open()", "open"),
        ("x = 1\nx.y()", None),
        ("x = a()\nx = b()\nx.y()", None),
        ("f = f\nf()", None),
    ],
)
def test_the_last_call_of_a_file_is_named(
    text: str, symbol: str | None, make_snapshot: MakeSnapshot
) -> None:
    snapshot = make_snapshot({**OTHERS, "main.py": text + "\n"})
    code = code_of(snapshot)
    file = code.files["main.py"]
    calls = [node for node in file.names.nodes if isinstance(node, ast.Call)]
    last = max(calls, key=lambda call: (call.lineno, call.end_col_offset or 0))
    assert code.symbol(file, last.func) == symbol


@pytest.mark.parametrize(
    ("importer", "dotted", "path"),
    [
        ("main.py", "src.model.model.fit", "src/model/model.py"),
        ("src/model/run.py", "model.model.fit", "src/model/model.py"),
        ("src/model/run.py", ".model.fit", "src/model/model.py"),
        ("src/model/run.py", "model.fit", "src/model/model.py"),
        ("src/model/run.py", "..other.x", "src/other.py"),
        ("tests/test_x.py", "src.other", "src/other.py"),
        ("main.py", "logging.info", None),
        ("main.py", "pandas.DataFrame", None),
        ("main.py", "data.x", None),
    ],
)
def test_a_dotted_name_leads_to_the_file_that_python_would_find(
    importer: str, dotted: str, path: str | None, make_snapshot: MakeSnapshot
) -> None:
    names = (
        "main.py",
        "src/model/__init__.py",
        "src/model/model.py",
        "src/model/run.py",
    )
    others = ("src/other.py", "tests/test_x.py", "logging.py", "data/raw.csv")
    snapshot = make_snapshot(dict.fromkeys((*names, *others), ""))
    target = code_of(snapshot).modules.find(dotted, importer)
    assert (target.path if target else None) == path


def test_what_is_too_much_to_hold_is_named_and_tests_go_first(
    make_snapshot: MakeSnapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("grader.codebase.code.MAX_BYTES", 10)
    snapshot = make_snapshot({"tests/test_a.py": "x = 1\n", "z.py": "x = 12\n"})
    code = code_of(snapshot)
    assert list(code.files) == ["z.py"]
    assert code.unread == ("tests/test_a.py",)
