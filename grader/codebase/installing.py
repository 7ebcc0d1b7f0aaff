"""Which commands install what a project needs, and not only the tools to work on it."""

import re
from collections.abc import Sequence

LINTERS = frozenset(
    "flake8 pylint mypy pyright ruff black isort pycodestyle pydocstyle pyflakes bandit "
    "pre-commit prek basedpyright ty yapf autopep8 prospector pylama interrogate".split()
)
# What works on the project rather than in it.
_NOT_OURS = LINTERS | frozenset(
    "pip setuptools wheel build twine pipenv poetry uv pdm hatch tox nox virtualenv pipx "
    "conda-lock conda mamba pytest pytest-cov coverage invoke".split()
)


def installs(name: str, words: Sequence[str], whole: Sequence[str]) -> bool:
    """Whether a command installs what the project needs, and not only pip itself."""
    name = name.rpartition("/")[2]
    given = [word for word in words if not word.startswith("-")]
    if re.fullmatch(r"pip[\d.]*", name) and given[:1] == ["install"]:
        return bool(
            {"-r", "-e", "--requirement", "--editable"} & set(words)
            or any(word.startswith(("-r", "--requirement=")) for word in words)
            or any(_package(word) not in _NOT_OURS for word in given[1:])
        )
    if name == "uv":
        return (
            given[:1] == ["sync"]
            or given[:2] == ["pip", "install"]
            or (given[:2] == ["pip", "sync"])
        )
    if name in ("poetry", "pipenv", "pdm", "rye", "pixi"):
        return given[:1] in (["install"], ["sync"])
    if name in ("conda", "mamba", "micromamba"):
        return _conda_installs(words)
    if name == "conda-lock":
        return given[:1] == ["install"]
    if whole[:2] == ("uv", "run"):
        # It brings the environment up to date first.
        return "--no-sync" not in whole
    return name in ("tox", "nox")


def _conda_installs(words: Sequence[str]) -> bool:
    """Whether it makes or fills an environment with more than tools."""
    values = ("-n", "--name", "-c", "--channel", "-p", "--prefix", "-f", "--file")
    given = [
        word
        for at, word in enumerate(words)
        if not word.startswith("-") and (at == 0 or words[at - 1] not in values)
    ]
    if not {"install", "create", "update"} & set(given[:2]):
        return False
    if any(word.partition("=")[0] in ("-f", "--file") for word in words):
        return True
    named = [
        word for word in given if word not in ("env", "install", "create", "update")
    ]
    return any(_package(word) not in _NOT_OURS for word in named)


def _package(word: str) -> str:
    return re.split(r"[<>=!~\[; ]", word, maxsplit=1)[0].lower()
