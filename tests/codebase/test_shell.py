"""Shell taken apart: commands, lines, operators, and what only looks like a command."""

import pytest

from grader.codebase.scripts import Shell, scripts_of
from grader.codebase.shell import commands
from tests.conftest import MakeSnapshot


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("pytest -q", [("pytest", "-q")]),
        ("# pytest", []),
        ('echo "pytest tests"', [("echo", "pytest tests")]),
        ("pip install a#b  # c", [("pip", "install", "a#b")]),
        ("pytest \\\n  -x", [("pytest", "-x")]),
        ("cat <<EOF\npytest\nEOF\nls", [("cat",), ("ls",)]),
        ("cat <<-'END' > a.txt\n\tpytest\n\tEND\nls", [("cat",), ("ls",)]),
        ("(cd a && pytest)", [("cd", "a"), ("pytest",)]),
        ("a 2>&1 | tee b.txt", [("a",), ("tee", "b.txt")]),
        ("a >b c", [("a", "c")]),
        ("A=$(b 'c d') e", [("A=$(b 'c d')", "e")]),
        ("a ${{ b || 'c' }} d", [("a", "${{ b || 'c' }}", "d")]),
        ("'a b'\"c\"d", [("a bcd",)]),
        ("a\r\nb", [("a",), ("b",)]),
        ("a 'never closed", [("a", "never closed")]),
        ("a $(never closed", [("a", "$(never closed")]),
        ("", []),
    ],
)
def test_a_script_is_its_commands(text: str, words: list[tuple[str, ...]]) -> None:
    assert [one.words for one in commands(text)] == words


def test_a_command_has_its_line_and_what_follows_it() -> None:
    found = commands("a\n\nb \\\n  c && d ||\n  e\n")
    assert [(one.line, one.before, one.after) for one in found] == [
        (1, "", ""),
        (3, "", "&&"),
        (4, "&&", "||"),
        (5, "||", ""),
    ]


@pytest.mark.parametrize("text", ["$(" * 40_000, "<<A\n" * 20_000, "'\"`" * 30_000])
def test_hostile_shell_is_read_to_its_end(text: str) -> None:
    assert isinstance(commands(text), tuple)


@pytest.mark.parametrize(
    ("script", "lost"),
    [
        ("pytest", False),
        ("pytest && echo fine", False),
        ("pytest || exit 1", False),
        ("pytest || { echo no; exit 2; }", False),
        ("pytest || [ $? -eq 5 ]", False),
        ("pytest || true", True),
        ("pytest || echo failed", True),
        ("pytest || exit 0", True),
        ("pytest &", True),
        ("if pytest; then ls; fi", True),
        ("! pytest", True),
        ("pytest | tee log.txt", True),
        ("set -o pipefail\npytest | tee log.txt", False),
        ("set +e\npytest\nls", True),
        ("set +e\npytest\nset -e\nls", True),
        ("pytest\nls", False),
    ],
)
def test_it_is_known_whether_the_failure_of_a_command_is_seen(
    script: str, lost: bool, make_snapshot: MakeSnapshot
) -> None:
    ran = scripts_of(make_snapshot({})).ran(script, "ci.yml")
    assert [bool(one.lost) for one in ran if one.name == "pytest"] == [lost]


def test_a_shell_that_goes_on_loses_all_but_the_last_failure(
    make_snapshot: MakeSnapshot,
) -> None:
    scripts = scripts_of(make_snapshot({}))
    ran = scripts.ran("pytest a\npytest b", "ci.yml", shell=Shell(ends=False))
    assert [bool(one.lost) for one in ran] == [True, False]


TASKS = {
    "Makefile": "PY ?= python3\n.PHONY: all\nall: lint check\ncheck: ; @ls\n\t"
    "$(PY) -m pytest\nsoft:\n\t-pytest\nlint:\n\tpytest; ls\n",
    "tox.ini": "[testenv]\ncommands =\n    pytest {posargs}\n[testenv:lint]\n"
    "commands = flake8\n",
    "noxfile.py": 'import nox\n\n@nox.session\ndef tests(session):\n    session.run("pytest",'
    ' "-q")\n\n@nox.session\ndef lint(session):\n    session.run("flake8")\n',
    "tasks.py": "from invoke import task\n\n@task\ndef run_tests(c):\n"
    '    c.run("pytest")\n',
    "pyproject.toml": '[tool.poe.tasks]\ntest = "pytest -q"\n[tool.pdm.scripts]\n'
    'check = {cmd = "pytest"}\n[tool.hatch.envs.default.scripts]\ncov = ["pytest --cov"]\n',
    "run.sh": "set -e\npytest\nls\n",
    "soft.sh": "pytest\nls\n",
    "entry.sh": 'exec "$@"\n',
    "loop.sh": "bash loop.sh\npytest\n",
    "check.py": "import subprocess\n\nsubprocess.run(['pytest', '-q'], check=True)\n",
    "main.py": "import pytest\n\nraise SystemExit(pytest.main())\n",
}


@pytest.mark.parametrize(
    ("script", "tests"),
    [
        ("make check", 1),
        ("make", 2),
        ("make -C elsewhere check", 0),
        ("make missing", 0),
        ("tox", 1),
        ("tox -e lint", 0),
        ("nox -s tests", 1),
        ("nox -s lint", 0),
        ("invoke run-tests", 1),
        ("poetry run poe test", 1),
        ("pdm run check", 1),
        ("hatch run cov", 1),
        ("./run.sh", 1),
        ("bash loop.sh", 1),
        ("bash entry.sh pytest -q", 1),
        ("cd somewhere\nbash ../run.sh", 1),
        ("python check.py", 1),
        ("python main.py", 1),
        ("find . | xargs poetry run pytest", 1),
        ("docker run --rm -v a:b image pytest", 1),
        ("docker run --name pytest image ls", 0),
        ("docker compose run --rm app sh -c 'pytest -q'", 1),
        ("uv run --with x pytest", 1),
        ("python -m coverage run -m pytest", 1),
        ("python -m poetry run pytest", 1),
        ("python -m tox", 1),
    ],
)
def test_commands_are_followed_to_the_tests(
    script: str, tests: int, make_snapshot: MakeSnapshot
) -> None:
    ran = scripts_of(make_snapshot(TASKS)).ran(script, "ci.yml")
    assert len([one for one in ran if one.name in ("pytest", "pytest.main")]) == tests


@pytest.mark.parametrize(
    ("script", "lost"),
    [
        ("make soft", True),
        ("bash soft.sh", True),
        ("./run.sh", False),
        ("make lint", True),
    ],
)
def test_a_failure_is_lost_in_the_script_that_loses_it(
    script: str, lost: bool, make_snapshot: MakeSnapshot
) -> None:
    ran = scripts_of(make_snapshot(TASKS)).ran(script, "ci.yml")
    assert [bool(one.lost) for one in ran if one.name == "pytest"] == [lost]


def test_scripts_that_lead_to_each_other_again_and_again_are_left_in_time(
    make_snapshot: MakeSnapshot,
) -> None:
    again = "".join(f"bash b.sh {number}\n" for number in range(2_000))
    files = {"a.sh": again, "b.sh": again.replace("b.sh", "a.sh") + "# a\n" * 5_000}
    scripts = scripts_of(make_snapshot(files))
    assert all(one.name != "pytest" for one in scripts.ran("bash a.sh", "ci.yml"))
