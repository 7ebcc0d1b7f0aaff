"""Every checklist, and what hides from tools, on repositories that mean no good.

The shipped checkers measure these as one run does, from one snapshot: whatever is in a
repository, there is an outcome or "not graded", in bounded time, and nothing outside the
repository is read.
"""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from grader.checkers._base import Bench, Checker, Options
from grader.checkers._registry import installed
from grader.engine.declared import refuse_undeclared
from grader.errors import CannotMeasure
from grader.model.measurement import Measured, NotApplicable
from grader.model.snapshot import Snapshot

Build = Callable[[Path], None]

KNOWN: Mapping[str, Checker[Options]] = installed().checkers
CHECKERS = sorted(
    name
    for name, one in KNOWN.items()
    if (one.criteria and not one.asks_host) or name == "suppressions"
)
CANARY = "canarysingsoutside"

# A project that goes all the way from its runner to the API: what is added to it is come to.
HONEST: Mapping[str, str] = {
    "README.md": "# Sums\n\nAdds numbers.\n\n## Usage\n\n```sh\npython main.py\n```\n",
    "main.py": '''\
"""Run it."""

import argparse
import logging

import yaml

from src.clean import clean_data
from src.train import train_model

logger = logging.getLogger(__name__)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--config", default="config.yaml")
    with open(parser.parse_args().config) as file:
        config = yaml.safe_load(file)
    train_model(clean_data(config["rows"]), config)


if __name__ == "__main__":
    main()
''',
    "src/__init__.py": "",
    "src/clean.py": "def clean_data(rows):\n    return [one for one in rows if one]\n",
    "src/train.py": """\
import joblib
import mlflow
from sklearn.linear_model import LogisticRegression


def train_model(rows, config):
    with mlflow.start_run():
        model = LogisticRegression(C=config["c"]).fit(rows, rows)
        joblib.dump(model, config["paths"]["model"])
    return model
""",
    "app/main.py": """\
from fastapi import FastAPI

from src.clean import clean_data

app = FastAPI()


@app.post("/predict")
def predict(rows: list[float]):
    return clean_data(rows)
""",
    "tests/test_clean.py": """\
from src.clean import clean_data


def test_nothing_is_dropped():
    assert clean_data([0, 1]) == [1]
""",
}
NOTEBOOK = json.dumps(
    {
        "cells": [
            {
                "cell_type": "code",
                "execution_count": 1,
                "metadata": {},
                "outputs": [],
                "source": f"import {CANARY}\n{CANARY}.plot()\n",
            }
        ],
        "metadata": {},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
)


def write(folder: Path, files: Mapping[str, str | bytes]) -> None:
    """Write files below a folder, by their paths, those of `HONEST` in place."""
    for path, content in files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())


def added(files: Mapping[str, str | bytes]) -> Build:
    """The honest project with these files in it, or in place of its own."""
    return lambda folder: write(folder, {**HONEST, **files})


# One name for each kind of file that a checker reads, beside Python.
KINDS = (
    *("README.md", "config.yaml", "conf/config.yaml", "conf/model/a.yaml"),
    *("params.toml", "settings.json", "settings.ini", ".env", ".env.example"),
    *(".gitignore", "data/.gitignore", "Dockerfile", "api.dockerfile"),
    *(".dockerignore", "docker-compose.yml", "Procfile", "render.yaml", "Makefile"),
    *("run.sh", "start.sh", ".github/workflows/ci.yml", "MLproject", "dvc.yaml"),
    *("requirements.txt", "requirements-dev.txt", "environment.yml", "Pipfile"),
    *("pyproject.toml", "setup.cfg", "tox.ini", "pytest.ini", ".flake8", ".pylintrc"),
    *("poetry.lock", "uv.lock", "conda-lock.yml", "Pipfile.lock", "pylock.toml"),
    *(".coveragerc", ".python-version", ".secrets.baseline", "notebooks/a.ipynb"),
    *(".pre-commit-config.yaml", "logging.yaml", "logging.ini", "data/raw/a.csv"),
    *("models/model.joblib", "reports/metrics.json", "mlruns/meta.yaml"),
)

DEEP_BRACKETS = "[" * 20_000
BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n"
    for old, new in zip("abcdefghijk", "bcdefghijkl", strict=True)
)
TEXTS: Mapping[str, str | bytes] = {
    "brackets": DEEP_BRACKETS,
    "braces": '{"a":' * 20_000,
    "bomb": BOMB,
    "merges": "base: &b {k: 1}\n" + "".join(f"x{i}: {{<<: *b}}\n" for i in range(500)),
    "itself": "a: &a [*a]\nb: &b {<<: *b}\n",
    "bytes": bytes(range(256)) * 20,
    "latin": "name: é\n# Über\nFROM ü\n".encode("latin-1"),
    "utf16": "name: x\nFROM python\n".encode("utf-16"),
    "cut": 'jobs:\n  a:\n    steps: ["\n[tool\n{"cells": [\n%%\nFROM\nRUN \\\n',
    "tags": "a: !!python/object/apply:os.system ['touch x']\n? [b]\n: c\non: true\n",
    "controls": "\x00\x01\x1b[31m\x7f\u202e\u2028: \x00\n" * 50,
    "stars": ("**/" * 100 + "*" * 200 + "\n!\n\\\n[\n[z-a]\n{{{{\n") * 3,
    "long": "x" * 150_000 + "\n",
    "lines": "a\n" * 10_000,
    "backticks": "`" * 3_000
    + "\n"
    + "#" * 3_000
    + " [" * 3_000
    + "](" * 3_000
    + "<" * 3_000,
    "none": b"",
    "blank": " \n\t\n\r\n",
    "mark": b"\xef\xbb\xbf",
}


def of_one_text(text: str | bytes) -> Build:
    """The honest project with every kind of file having the same text."""
    return added({path: text for path in KINDS})


def huge(folder: Path) -> None:
    """Every kind of file with 50 MB, none of which takes room on the disk."""
    write(folder, HONEST)
    for path in (*KINDS, "src/huge.py", "tests/test_huge.py"):
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
        os.truncate(file, 50 * 1024 * 1024)


LOOP = "".join(f"name_{i} = name_{i - 1} = name_{i + 1}\n" for i in range(1, 2_000))
CALLS = "".join(
    f"def clean_{i}(rows):\n    return clean_{(i + 1) % 5_000}(clean_{(i * 7) % 5_000}(rows))\n"
    for i in range(5_000)
)
SUM = "total = (\n" + "    one +\n" * 3_000 + "    one\n)\n"
CHAIN = (
    "x = a" + ".b" * 2_500 + "\ny = a" + "()" * 1_000 + "\nz = a" + "[0]" * 1_000 + "\n"
)
LISTS = "deep = " + "[" * 90 + "]" * 90 + "\n"
STATEMENTS = "".join("  " * i + f"if x{i}:\n" for i in range(90)) + "  " * 90 + "pass\n"
CIRCLE = (
    "from src.{after} import *\nfrom src.{after} import clean_data, train_model\n"
    "import src.{after} as logger\n\n\ndef use():\n"
    "    logger.info('x')\n    return train_model(clean_data(None))\n"
)
GLOBALS = """\
for index in range(10**9):
    globals()[f"clean_{index}"] = lambda rows: rows
    exec(f"def train_{index}(): pass")
    setattr(__import__("src"), f"stage_{index}", index)
(a := (b := (c := a)))
self = self.self = lambda self: self.self
"""


def own_modules(**modules: str) -> Build:
    """The honest project whose runner and API come to these modules of `src`."""
    stars = "".join(f"from src.{name} import *\n" for name in modules)
    files = {f"src/{name}.py": text for name, text in modules.items()}
    return added(
        {
            **files,
            "src/train.py": stars + HONEST["src/train.py"],
            "src/clean.py": stars + HONEST["src/clean.py"],
            "tests/test_all.py": stars + "\n\ndef test_all():\n    assert clean_data\n",
        }
    )


def stdlib_names(folder: Path) -> None:
    """Packages and modules that are named like those of the standard library and of tools."""
    names = ("logging", "json", "argparse", "yaml", "mlflow", "pandas", "os", "pytest")
    text = (
        "from logging import *\nimport logging\n\n\ndef getLogger(): return logging\n"
    )
    write(folder, {**HONEST, **{f"{name}/__init__.py": text for name in names}})
    write(folder, {"src/logging.py": text, "main/__init__.py": text, "src.py": text})


ODD_NAMES = (
    *(
        "src/\x1b[31mred.py",
        "src/a\nb.py",
        "notebooks/\u202egnp.ipynb",
        "conf/\x07.yaml",
    ),
    *("src/'$(touch x)'.py", "-rf.py", "src/ .py", "src/..py", "tests/test_\t.py"),
    *("src/" + "é" * 100 + ".py", "Dockerfile.\x1b[2J", ".github/workflows/\r.yml"),
    *("src/" + "d/" * 100 + "x.py", "a%sb{c}.yaml", "requirements-\n.txt"),
)


def odd_names(folder: Path) -> None:
    """Names with control characters, and names of 10,000 characters in the files."""
    name = "n" * 10_000
    module = (
        f"import {name}\nfrom src.{name} import {name} as clean_data\n"
        f"def {name}({name}):\n    {name}.{name}({name}, '{name}')\n"
    )
    texts = {
        ".py": module,
        ".ipynb": NOTEBOOK,
        ".yml": f"on: push\njobs:\n  {name}:\n    steps:\n      - run: {name} \x1b\n",
    }
    write(folder, HONEST)
    write(folder, {one: texts.get(Path(one).suffix, name) for one in ODD_NAMES})
    write(
        folder,
        {
            "src/long.py": module,
            "config.yaml": f"{name}: {name}\n",
            "README.md": f"# {name}\n\n[{name}]({name})\n\n```sh\npython {name}.py\n```\n",
            "requirements.txt": f"{name}=={name}\n",
            "Dockerfile": f'FROM {name}\nCOPY {name} {name}\nCMD ["{name}"]\n',
            ".gitignore": f"{name}\n",
        },
    )


# What of `broken` the checker that reads this kind must name.
TOLD: Mapping[str, str] = {
    "config.yaml": "configuration",
    "conf/params.toml": "configuration",
    "conf/params.json": "configuration",
    "notebooks/cut.ipynb": "notebooks",
    "notebooks/list.ipynb": "notebooks",
    "Dockerfile": "docker",
    ".github/workflows/ci.yml": "ci",
    "requirements.txt": "dependencies",
    "environment.yml": "dependencies",
    "pyproject.toml": "dependencies",
    "src/broken.py": "pipeline-stages",
    "tests/test_broken.py": "test-quality",
}


def broken(folder: Path) -> None:
    """One broken file of each kind."""
    write(folder, HONEST)
    write(
        folder,
        {
            "config.yaml": "rows: [1, 2\nc: }\n",
            "conf/params.toml": "[model\nc = \n",
            "conf/params.json": '{"c": 1,,}',
            "notebooks/cut.ipynb": NOTEBOOK[:100],
            "notebooks/list.ipynb": "[]",
            "Dockerfile": "FROM python:3.11-slim\nRUNN pip install\n",
            ".github/workflows/ci.yml": "on: push\njobs:\n  - : [\n",
            "requirements.txt": "pandas ===== 1\n<<<<<<< HEAD\n",
            "environment.yml": "dependencies: [python=3.11\n",
            "pyproject.toml": "[project\nname = 1\n",
            ".gitignore": b"!\n[\n\\\n\xff\xfe\n",
            ".dockerignore": b"[\n\\\n!\n\xff\n",
            "Makefile": "run\n\t\\\n",
            "src/broken.py": "def clean_data(:\n",
            "tests/test_broken.py": "def test_x(:\n",
        },
    )


REPOSITORIES: Mapping[str, Build] = {
    "broken": broken,
    "huge": huge,
    "names made in a loop": own_modules(made=GLOBALS, loop=LOOP),
    "functions that call each other": own_modules(calls=CALLS),
    "long sums and deep code": own_modules(
        sums=SUM, chain=CHAIN, lists=LISTS, statements=STATEMENTS
    ),
    "circular imports": own_modules(
        first=CIRCLE.format(after="second"),
        second=CIRCLE.format(after="third"),
        third=CIRCLE.format(after="first"),
    ),
    "names of the standard library": stdlib_names,
    "odd names": odd_names,
    **{f"text: {name}": of_one_text(text) for name, text in TEXTS.items()},
}
# Hundreds of repositories: half a minute, left to .ci/run.
pytestmark = pytest.mark.sandbox
CASES = [
    pytest.param(name, repository, id=f"{name}-{repository}")
    for repository in REPOSITORIES
    for name in CHECKERS
]


def snapshot_of(folder: Path) -> Snapshot:
    """All files and links below a folder, whatever they are called or lead to."""
    paths = (p for p in folder.rglob("*") if p.is_symlink() or p.is_file())
    files = tuple(sorted(path.relative_to(folder).as_posix() for path in paths))
    return Snapshot(root=folder, name="hostile", files=files)


class Repositories:
    """Each repository, made when it is first asked for; its snapshot is shared by all."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self.get = cache(self._make)

    def _make(self, name: str) -> Snapshot:
        folder = self._home / str(len(list(self._home.iterdir())))
        folder.mkdir()
        REPOSITORIES[name](folder)
        return snapshot_of(folder)


@pytest.fixture(scope="module")
def repositories(tmp_path_factory: pytest.TempPathFactory) -> Repositories:
    return Repositories(tmp_path_factory.mktemp("hostile").resolve())


def outcome_of(
    name: str, snapshot: Snapshot, bench: Bench
) -> Measured | NotApplicable | None:
    """What a checker makes of a snapshot; None where it says that it could not."""
    checker = KNOWN[name]
    try:
        outcome = checker.measure(snapshot, checker.options_type()(), bench).outcome
    except CannotMeasure as error:
        assert error.reason
        return None
    refuse_undeclared(checker, outcome)
    return outcome


@pytest.mark.parametrize(("checker", "repository"), CASES)
def test_there_is_an_outcome_whatever_the_repository_holds(
    checker: str, repository: str, repositories: Repositories, bench: Bench
) -> None:
    snapshot = repositories.get(repository)
    outcome = outcome_of(checker, snapshot, bench)
    if isinstance(outcome, Measured):
        # The report is written as UTF-8, and a line of it is read by people.
        outcome.model_dump_json().encode()
        assert all(len(one.told) < 20_000 for one in outcome.answers)
    assert not (snapshot.root / "x").exists()


@pytest.mark.parametrize(("path", "checker"), TOLD.items())
def test_a_broken_file_is_said_by_the_check_that_reads_it(
    path: str, checker: str, repositories: Repositories, bench: Bench
) -> None:
    outcome = outcome_of(checker, repositories.get("broken"), bench)
    assert isinstance(outcome, Measured)
    told = {finding.path for finding in outcome.findings}
    told |= {sight.path for answer in outcome.answers for sight in answer.sights}
    texts = [finding.message for finding in outcome.findings]
    texts += [answer.told for answer in outcome.answers]
    assert path in told or any(path in text for text in texts)


@pytest.mark.parametrize(
    ("path", "checker"),
    [
        ("notebooks/a.ipynb", "notebooks"),
        ("config.yaml", "configuration"),
        ("Dockerfile", "docker"),
        (".github/workflows/ci.yml", "ci"),
        ("requirements.txt", "dependencies"),
    ],
)
def test_a_huge_file_is_said_by_the_check_that_reads_it(
    path: str, checker: str, repositories: Repositories, bench: Bench
) -> None:
    outcome = outcome_of(checker, repositories.get("huge"), bench)
    assert isinstance(outcome, Measured)
    assert path in repr((outcome.findings, outcome.answers))


OUTSIDE: Mapping[str, str] = {
    "README.md": f"# {CANARY}\n\nA {CANARY} project.\n\n```sh\npython {CANARY}.py\n```\n"
    "\n[here](nowhere.md) TODO\n",
    ".yaml": f"{CANARY}: {CANARY}\nname: {CANARY}\non: push\njobs:\n  {CANARY}:\n"
    f"    runs-on: x\n    steps:\n      - run: pytest {CANARY}.py\n"
    f"dependencies:\n  - {CANARY}=1\nservices: {{{CANARY}: {{build: .}}}}\n",
    ".toml": f"[project]\nname = '{CANARY}'\ndependencies = ['{CANARY}==1']\n"
    f"[tool.pytest.ini_options]\naddopts = '--ignore={CANARY}'\n"
    f"[tool.coverage.run]\nomit = ['{CANARY}', 'src/*']\n",
    ".json": json.dumps({CANARY: CANARY, "results": {CANARY: [{"type": CANARY}]}}),
    ".ipynb": NOTEBOOK,
    ".ini": f"[pytest]\naddopts = --ignore={CANARY}\n[flake8]\nexclude = src,{CANARY}\n"
    f"[{CANARY}]\nx = {CANARY}\n[coverage:run]\nomit = src/*\n",
    "Dockerfile": f"FROM {CANARY}:1\nCOPY {CANARY} .\nCMD uvicorn {CANARY}.main:app\n",
    "Makefile": f"{CANARY}:\n\tpython {CANARY}.py\n",
    "": f"{CANARY}\n{CANARY}==1\n.env\n",
}
SETTINGS = frozenset({"setup.cfg", "tox.ini", ".flake8", ".pylintrc", ".coveragerc"})


def said_outside(path: str) -> str:
    """What would be of use to a checker that follows a link of this name."""
    pure = Path(path)
    suffix = {".yml": ".yaml", ".lock": ".toml"}.get(pure.suffix, pure.suffix)
    if pure.name in SETTINGS:
        suffix = ".ini"
    if pure.suffix == ".dockerfile":
        return OUTSIDE["Dockerfile"]
    return OUTSIDE.get(pure.name) or OUTSIDE.get(suffix) or OUTSIDE[""]


def linked(folder: Path, outside: Path) -> None:
    """The honest project, its other files links to those in `outside`."""
    write(folder, {path: text for path, text in HONEST.items() if path not in KINDS})
    for path in KINDS:
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.symlink_to(outside / path)
    (folder / "data/linked").symlink_to(outside)
    (folder / "loop.yaml").symlink_to("loop.yaml")
    (folder / "conf/loop").symlink_to("..")


@pytest.mark.parametrize("checker", CHECKERS)
def test_what_links_lead_to_outside_is_not_read(
    checker: str, tmp_path: Path, bench: Bench
) -> None:
    outside = tmp_path / "outside"
    linked(tmp_path / "linked", outside)
    # Nowhere yet: what is then there must change nothing.
    before = outcome_of(checker, snapshot_of(tmp_path / "linked"), bench)
    write(outside, {path: said_outside(path) for path in KINDS})
    (tmp_path / "again").mkdir()
    again = replace(bench, scratch=tmp_path / "again")
    after = outcome_of(checker, snapshot_of(tmp_path / "linked"), again)
    assert CANARY not in repr(after)
    assert after == before
