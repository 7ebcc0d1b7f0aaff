"""Secrets in the graded files: what counts for which line; the examples say the rest."""

import json
from collections.abc import Callable, Mapping

import pytest

from grader.checkers._base import Bench
from grader.checkers._secrets_read import secrets_printed, secrets_read
from grader.checkers._secrets_workflows import secrets_shown, secrets_used
from grader.checkers.secrets_hygiene import SecretsHygiene, SecretsHygieneOptions
from grader.model.measurement import Measured
from tests.conftest import MakeSnapshot

# In two pieces, so that it is no finding in our own code.
KEY = "ghp_" + "Zr7Q1xW9vB3nM5kL8jH2gF4dS6aP0oIuYtRe"
MAIN = "import os\n\nprint('runs')\n"
Measure = Callable[[Mapping[str, str | bytes]], Measured]


@pytest.fixture
def measured(make_snapshot: MakeSnapshot, bench: Bench) -> Measure:
    def measure(files: Mapping[str, str | bytes]) -> Measured:
        snapshot = make_snapshot({"main.py": MAIN, **files})
        checker, options = SecretsHygiene(), SecretsHygieneOptions()
        outcome = checker.measure(snapshot, options, bench).outcome
        assert isinstance(outcome, Measured)
        assert KEY not in outcome.model_dump_json()
        return outcome

    return measure


def told(found: Measured, name: str) -> str:
    return next(one.told for one in found.answers if one.quantity == name)


def test_one_look_answers_every_line_with_its_places(measured: Measure) -> None:
    cell = {"cell_type": "code", "source": f"login('{KEY}')", "outputs": []}
    book = {"nbformat": 4, "metadata": {}, "cells": [cell]}
    found = measured(
        {
            ".gitignore": "*.env\n!.env\n",
            ".env": "A=\n",
            "kaggle.json": '{"username": "a", "key": "b9"}',
            "certs/ca.pem": "-----BEGIN CERTIFICATE-----\n",
            "conf/config.yaml": "db:\n  password: 'q8w7e6r5'\n",
            "src/a.py": f"# pragma: allowlist secret\ntoken = '{KEY}'\n",
            "src/b.py": "connect(password='q8w7e6r5')\n",
            "tests/test_a.py": "connect(password='q8w7e6r5')\n",
            "a.ipynb": json.dumps(book),
            "Dockerfile": "FROM python:3.11\nENV API_TOKEN=q8w7e6r5\nCOPY .env .\n",
        }
    )
    assert {one.quantity for one in found.answers if one.holds} == set()
    assert found.values["secret_files"] == 2
    places = {
        one.path: (one.line, one.message)
        for one in found.findings
        if one.rule == "no_literals"
    }
    assert places.keys() == {
        "conf/config.yaml",
        "src/a.py",
        "src/b.py",
        "a.ipynb",
        "Dockerfile",
    }
    assert places["src/a.py"][0] == 2
    assert "only blanks and placeholders" in told(found, "no_secret_files")
    assert "copies a file" in told(found, "env_docker_ignored")


def test_a_project_that_has_no_secrets_has_none_in_its_files(measured: Measure) -> None:
    found = measured({".gitignore": ".env\n", ".env.example": "API_KEY=\n"})
    assert found.values["no_literals"] == found.values["no_secret_files"] == 1
    # Nothing shows that what isn't read would not be printed.
    assert found.values["nothing_printed"] == 0


@pytest.mark.parametrize("sign", [": ", ": '", "="])
def test_a_password_of_google_for_an_app_counts(sign: str, measured: Measure) -> None:
    value = f"{sign}qzkv wjxh btnm plgr{sign[2:]}"
    row = f"      {'- ' if sign == '=' else ''}APP__SMTP__SMTP_PASSWORD{value}\n"
    text = f"services:\n  mail:\n    environment:\n{row}"
    found = measured({"docker-compose.yaml": text})
    places = [one.line for one in found.findings if one.rule == "no_literals"]
    assert places == [4]


def test_hostile_files_are_read_in_passing(measured: Measure) -> None:
    found = measured(
        {
            ".env": b"\xff" * 10_000,
            "deep.ipynb": "[" * 100_000,
            "long.py": "token = '" + "a-" * 100_000 + "'\n",
            "quotes.yaml": "token='" * 20_000,
            "x.sh": "echo $" * 20_000,
            "Dockerfile": "FROM x\nCOPY " + "a " * 50_000 + ".\n",
            ".github/workflows/a.yml": "on: push\njobs: " + "[" * 5_000,
            ".github/workflows/b.yml": "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n"
            "      - run: echo " + "${{ secrets." * 5_000 + "\n",
        }
    )
    assert found.values["no_secret_files"] == 0


def read(make_snapshot: MakeSnapshot, body: str, **files: str) -> list[str]:
    snapshot = make_snapshot({"main.py": f"import os\n{body}\n", **files})
    return [one.what for one in secrets_read(snapshot)]


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ("os.environ['API_KEY']", "API_KEY"),
        ("from os import getenv as g\ng('API_KEY')", "API_KEY"),
        ("e = os.environ\ne.get('API_KEY')", "API_KEY"),
        ("NAME = 'API_KEY'\nos.getenv(NAME)", "API_KEY"),
        ("os.getenv('DATABASE_URL')", "DATABASE_URL"),
        ("import dotenv\ndotenv.load_dotenv()", "load_dotenv()"),
        ("import streamlit as st\nst.secrets['api_key']", "api_key"),
        (
            "from pydantic_settings import BaseSettings as B\nclass S(B):\n api_key: str",
            "settings with api_key",
        ),
        ("from decouple import config\nconfig('API_KEY')", "API_KEY"),
    ],
)
def test_where_a_secret_is_read(
    body: str, what: str, make_snapshot: MakeSnapshot
) -> None:
    assert read(make_snapshot, body) == [what]


@pytest.mark.parametrize(
    "body",
    [
        "os.getenv('PORT')",
        "# os.getenv('API_KEY')",
        '"""os.getenv(\'API_KEY\')"""',
        "os.environ['API_KEY'] = 'x'",
        "'API_KEY' in os.environ",
        "def never():\n    return os.getenv('API_KEY')",
        "import dotenv",
        "config = {}\nconfig.get('API_KEY')",
        "class S:\n    api_key: str",
    ],
)
def test_where_none_is_read(body: str, make_snapshot: MakeSnapshot) -> None:
    assert read(make_snapshot, body) == []


def test_a_configuration_that_takes_it_from_the_environment_reads_it(
    make_snapshot: MakeSnapshot,
) -> None:
    files = {"conf/config.yaml": "key: ${oc.env:API_KEY}\nport: ${oc.env:PORT}\n"}
    assert read(make_snapshot, "", **files) == ["oc.env:API_KEY"]


@pytest.mark.parametrize(
    ("body", "count"),
    [
        ("print(os.environ['API_KEY'])", 1),
        ("key = os.getenv('API_KEY')\nprint(f'key: {key}')", 1),
        ("key = os.getenv('API_KEY')\nprint('key: ' + key.strip())", 1),
        ("key = os.getenv('API_KEY')\nprint('%s' % key)", 1),
        ("key = os.getenv('API_KEY')\nprint('{}'.format(key))", 1),
        ("import logging\nlogging.info('%s', os.getenv('API_KEY'))", 1),
        (
            "import logging as l\nlog = l.getLogger()\n"
            "def f():\n    log.debug(os.environ['API_KEY'])",
            1,
        ),
        ("print(os.environ)", 1),
        ("print(dict(os.environ))", 1),
        ("for k, v in os.environ.items():\n    print(k, v)", 1),
        ("import sys\nsys.stdout.write(os.environ['API_KEY'])", 1),
        ("class A:\n def __init__(s):\n  k = os.getenv('API_KEY')\n  print(k)", 1),
        ("key = os.getenv('API_KEY')\nprint(key is None, bool(key), len(key))", 0),
        ("key = os.getenv('API_KEY')\nprint('set' if key else 'missing')", 0),
        ("key = os.getenv('API_KEY')\nprint(key[:2] + '***')", 0),
        ("print(os.environ['PORT'])", 0),
        ("key = os.getenv('API_KEY')\nlogin(key)\nprint('logged in')", 0),
        ("def f():\n    key = os.getenv('API_KEY')\ndef g(key):\n    print(key)", 0),
        ("print('API_KEY')", 0),
        ("for k in os.environ:\n    print(k)", 0),
        ("for k, v in os.environ.items():\n    print(k)", 0),
    ],
)
def test_what_prints_a_secret(
    body: str, count: int, make_snapshot: MakeSnapshot
) -> None:
    snapshot = make_snapshot({"main.py": f"import os\n{body}\n"})
    assert len(list(secrets_printed(snapshot))) == count


def test_a_cell_that_ends_with_the_environment_shows_it(
    make_snapshot: MakeSnapshot,
) -> None:
    cells = [
        {"cell_type": "code", "source": "import os\nkey = os.getenv('API_KEY')"},
        {"cell_type": "code", "source": "%time\nkey"},
        {"cell_type": "code", "source": "os.environ"},
    ]
    book = {"nbformat": 4, "metadata": {}, "cells": cells}
    snapshot = make_snapshot({"a.ipynb": json.dumps(book)})
    assert [one.what for one in secrets_printed(snapshot)] == [
        "cell 2: the cell shows API_KEY",
        "cell 3: the cell shows the whole environment",
    ]


WORKFLOW = """\
on: push
env:
  TOKEN_A: ${{ secrets.A }}
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - run: |
%s
        env:
          KEY_B: ${{ secrets.B }}
"""


@pytest.mark.parametrize(
    ("line", "count"),
    [
        ("echo ${{ secrets.A }}", 1),
        ('echo "key: ${{ secrets.A }}"', 1),
        ('echo "$KEY_B"', 1),
        ("echo ${{ env.TOKEN_A }}", 1),
        ("printenv", 1),
        ("echo ${{ toJSON(secrets) }}", 1),
        ("X=${{ secrets.A }}; echo $X", 1),
        ('echo "$KEY_B" >&2', 1),
        ("echo '$KEY_B'", 0),
        ('echo "KEY=${{ secrets.A }}" > .env', 0),
        ('echo "$KEY_B" | docker login --password-stdin', 0),
        ('echo "::add-mask::$KEY_B"', 0),
        ("echo secrets.A", 0),
        ("echo $HOME", 0),
        ("deploy --key $KEY_B", 0),
        ('echo "set: ${KEY_B:+yes}"', 0),
        ('echo "set: ${KEY_B+yes}, ${#KEY_B} long"', 0),
        ('echo "set: ${KEY_B:+$KEY_B}"', 1),
        ('echo "${KEY_B:+yes} ${KEY_B}"', 1),
        ('echo "${KEY_B:-none}"', 1),
        ("# echo $KEY_B", 0),
    ],
)
def test_what_shows_a_secret_in_a_log(
    line: str, count: int, make_snapshot: MakeSnapshot
) -> None:
    text = WORKFLOW % f"          {line}"
    snapshot = make_snapshot({".github/workflows/ci.yml": text})
    found = list(secrets_shown(snapshot))
    assert len(found) == count
    assert all(one.line == 9 for one in found)


def test_a_workflow_is_given_secrets_where_a_step_that_runs_has_one(
    make_snapshot: MakeSnapshot,
) -> None:
    step = "on: push\njobs:\n  a:\n    runs-on: x\n%s    steps:\n      - run: x\n"
    env = "        env: {K: '${{ secrets.%s }}'}\n"
    files = {
        "one": step % "" + env % "DEPLOY_KEY",
        "given": step % "" + env % "GITHUB_TOKEN",
        "never": step % "    if: false\n" + env % "DEPLOY_KEY",
        "comment": step % "" + "# ${{ secrets.DEPLOY_KEY }}\n",
    }
    snapshot = make_snapshot(
        {f".github/workflows/{name}.yml": text for name, text in files.items()}
    )
    assert [one.path for one in secrets_used(snapshot)] == [".github/workflows/one.yml"]


@pytest.mark.parametrize(
    ("docker", "ignore", "holds"),
    [
        ("COPY . .", ".env\n", 1),
        ("COPY . .", "**/.env*\n", 1),
        ("COPY . .", "", 0),
        ("COPY . .", ".env\n!.env\n", 0),
        ("COPY . .", "# .env\n", 0),
        ("COPY src src", "", 1),
        ("COPY --from=other . .", "", 0),
        ("COPY .env /app/", ".env\n", 0),
        ("RUN true", "", 0),
    ],
)
def test_what_an_image_is_given(
    docker: str, ignore: str, holds: int, measured: Measure
) -> None:
    found = measured(
        {"Dockerfile": f"FROM python:3.11\n{docker}\n", ".dockerignore": ignore}
    )
    assert found.values["env_docker_ignored"] == holds
