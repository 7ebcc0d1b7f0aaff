"""Dockerfiles by instruction and stage, and .dockerignore by Docker's own rules."""

import pytest

from grader.codebase.dockerfiles import (
    instructions,
    is_dockerfile,
    pairs,
    read_dockerfile,
    substituted,
)
from grader.codebase.dockerignore import DockerIgnore


def test_continued_lines_comments_between_them_and_heredocs_are_one_instruction() -> (
    None
):
    text = (
        "# syntax=docker/dockerfile:1\nFROM a\nRUN one && \\\n  # two\n\n  three\n"
        "RUN --mount=type=cache,target=/x <<EOF\npip install a\nUSER root\nEOF\n"
        'CMD ["a", "b"]\n'
    )
    found = list(instructions(text))
    assert [(one.keyword, one.line) for one in found] == [
        ("FROM", 2),
        ("RUN", 3),
        ("RUN", 7),
        ("CMD", 11),
    ]
    assert found[1].words == ("one", "&&", "three")
    assert found[2].script == "pip install a\nUSER root"
    assert found[2].flag("mount") == "type=cache,target=/x"
    assert found[3].exec_form == ("a", "b")


def test_the_escape_directive_changes_what_continues_a_line() -> None:
    found = list(instructions("# escape=`\nFROM a\nRUN one `\n  two\nCOPY a b\\\n"))
    assert [one.keyword for one in found] == ["FROM", "RUN", "COPY"]


def test_arguments_are_put_in_as_docker_does() -> None:
    file = read_dockerfile(
        "Dockerfile",
        "ARG VERSION=3.12\nARG KIND\nFROM python:${VERSION}-${KIND:-slim} AS base\n"
        "ARG VERSION\nENV APP_USER=app HOME_OF=/home/$VERSION\nFROM base\nUSER $APP_USER\n",
    )
    base, last = file.stages
    assert base.base == "python:3.12-slim"
    assert last.parent is base and last.origin is base
    assert last.environment == {"APP_USER": "app", "HOME_OF": "/home/3.12"}
    assert [one.keyword for one in last.each()] == ["ARG", "ENV", "USER"]


def test_a_stage_needs_those_that_it_copies_from() -> None:
    file = read_dockerfile(
        "Dockerfile",
        "FROM a AS one\nFROM b AS unused\nFROM c\nCOPY --from=one /x /x\n"
        "COPY --from=nginx:1 /y /y\n",
    )
    assert [one.index for one in file.built_with(file.stages[-1])] == [0, 2]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$A-${A}", "1-1"),
        ("${B:-2}", "2"),
        ("${B-2}", "2"),
        ("${A:+3}${B:+3}", "3"),
        ("$B", "$B"),
        ("\\$A", "\\$A"),
    ],
)
def test_variables_are_substituted(text: str, expected: str) -> None:
    assert substituted(text, {"A": "1"}) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A=1 B=2", [("A", "1"), ("B", "2")]),
        ('A="x y" \\\n  B=z', [("A", "x y"), ("B", "z")]),
        ("A x y", [("A", "x y")]),
        ("A", [("A", "")]),
        ("", []),
    ],
)
def test_names_and_values_are_told_apart(
    text: str, expected: list[tuple[str, str]]
) -> None:
    assert pairs(text) == expected


@pytest.mark.parametrize(
    "text", ["", "# FROM a\n", "RUN ls\nFROM a\n", "FROM a\nINSTALL b\n", "\x00\x01"]
)
def test_what_docker_refuses_has_a_problem(text: str) -> None:
    assert read_dockerfile("Dockerfile", text).problem


def test_a_stage_that_is_built_on_itself_ends() -> None:
    file = read_dockerfile(
        "Dockerfile", "FROM a AS a\nCOPY --from=a /x /x\nFROM a AS a\n"
    )
    assert len(file.stages[-1].lineage) == 2


@pytest.mark.parametrize(
    ("path", "is_one"),
    [
        ("Dockerfile", True),
        ("docker/Dockerfile.api", True),
        ("dockerfiles/api.dockerfile", True),
        ("docker/Dockerfile-app", True),
        ("Containerfile", True),
        ("Dockerfile.dockerignore", False),
        ("docs/dockerfile.md", False),
        ("mydockerfile", False),
    ],
)
def test_dockerfiles_are_known_by_their_names(path: str, is_one: bool) -> None:
    assert is_dockerfile(path) == is_one


@pytest.mark.parametrize(
    ("rules", "path", "is_out"),
    [
        (".env", ".env", True),
        (".env", "app/.env", False),
        ("**/.env", "app/.env", True),
        ("**/.env", ".env", True),
        ("/.env", ".env", True),
        ("./.env/", ".env", True),
        ("  .env  ", ".env", True),
        (".env\n!.env", ".env", False),
        ("!.env\n.env", ".env", True),
        ("# .env", ".env", False),
        ("*", "a/b/c", True),
        ("*\n!a", "a/b/c", False),
        ("*\n!a/b", "a/x", True),
        ("**\n!src/**", "src/a/b.py", False),
        ("**\n!src/**\n__pycache__/", "src/__pycache__/a.pyc", False),
        ("**\n!src/**\n**/*.pyc", "src/__pycache__/a.pyc", True),
        ("__pycache__", "src/__pycache__/a.pyc", False),
        ("*/__pycache__", "src/__pycache__/a.pyc", True),
        ("*/__pycache__", "__pycache__/a.pyc", False),
        ("*.py[cod]", "a.pyc", True),
        ("*.py[^cod]", "a.pyc", False),
        ("?.txt", "a.txt", True),
        ("?.txt", "a/txt", False),
        ("a\\*b", "a*b", True),
        ("a\\*b", "axb", False),
        ("data/", "data/raw/a.csv", True),
        ("data/*.csv", "data/raw/a.csv", False),
        ("data/**/*.csv", "data/raw/a.csv", True),
        ("data/**", "data/raw/a.csv", True),
        ("data/../logs", "logs/a", True),
        (".", "a", False),
        ("[", "a", False),
        ("!", "a", False),
        ("", "a", False),
        ("DATA", "data", False),
    ],
)
def test_docker_leaves_out_what_its_rules_say(
    rules: str, path: str, is_out: bool
) -> None:
    assert DockerIgnore(".dockerignore", rules).excludes(path)[0] == is_out


def test_a_line_made_to_take_long_is_passed_over() -> None:
    rules = "\n".join(["**/" * 100 + "x", "*a" * 200, ".env"])
    ignore = DockerIgnore(".dockerignore", rules)
    assert ignore.excludes("a/" * 90 + "b") == (False, None)
    assert ignore.excludes(".env") == (True, 3)


def test_a_here_string_and_a_heredoc_without_end_take_nothing_with_them() -> None:
    text = 'FROM a\nRUN cat <<<"x" && echo $((1<<X))\nRUN cat <<EOF\nUSER app\n'
    assert [one.keyword for one in instructions(text)] == ["FROM", "RUN", "RUN", "USER"]
