"""What a manifest says, as values: packages, Python, what was refused and why."""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from packaging.requirements import Requirement
from packaging.version import InvalidVersion, Version

Origin = Literal["conda", "pip", "lock"]
Naming = Literal["as written", "table", "same name"]
Kind = Literal[
    "conda",
    "requirements",
    "pyproject",
    "pipfile",
    "setup.cfg",
    "setup.py",
    "python-version",
    "uv.lock",
    "poetry.lock",
    "pdm.lock",
    "pylock",
    "pipfile.lock",
    "conda-lock",
]

Role = Literal["first", "tests", "addition", "lock", "python"]

LOCK_KINDS: frozenset[Kind] = frozenset(
    {"uv.lock", "poetry.lock", "pdm.lock", "pylock", "pipfile.lock", "conda-lock"}
)

_TEST = frozenset(
    "test tests testing pytest unittest unittests ci cicd qa tox nox".split()
)
_DEV = frozenset("dev devel develop development".split())
_RUNTIME = frozenset(
    "base main core common prod production runtime default all full lock".split()
)


@dataclass(frozen=True)
class Declared:
    """One package that a manifest asks for.

    `name` is PyPI's canonical name, `requirement` a PEP 508 line for it, `written` what
    the manifest says. `group` is `runtime`, `test`, `dev` or another group's own name.
    `is_pinned` says that one version only is admitted; conda's `=1.2.3` counts, `=1.2`
    does not. `naming` says how a conda name became a PyPI name: by our table, or
    because conda-forge calls a package as PyPI does unless that name is taken.
    """

    name: str
    requirement: str
    written: str
    origin: Origin
    group: str
    path: str
    line: int | None = None
    is_pinned: bool = False
    naming: Naming = "as written"

    @cached_property
    def parsed(self) -> Requirement:
        """The requirement, parsed; it always parses."""
        return Requirement(self.requirement)

    @property
    def equal_to(self) -> Version | None:
        """The version that `==` names; of `==3.1.*` it is 3.1."""
        for part in self.parsed.specifier:
            if part.operator in {"==", "==="}:
                try:
                    return Version(part.version.removesuffix(".*"))
                except InvalidVersion:
                    return None
        return None


@dataclass(frozen=True)
class PythonAsked:
    """The Python that a manifest asks for, as a PEP 440 specifier: `==3.10.*`."""

    specifier: str
    written: str
    path: str
    line: int | None = None


@dataclass(frozen=True)
class Refused:
    """A line that is never obeyed (a repository, a URL, another index …), and why."""

    path: str
    line: int | None
    text: str
    reason: str


@dataclass(frozen=True)
class Problem:
    """What could not be read, or was read otherwise than its tool would, in words."""

    path: str
    line: int | None
    message: str
    severity: Literal["warning", "info"] = "warning"


@dataclass(frozen=True)
class NotInstalled:
    """A conda package that PyPI does not have: its conda name, and what it is."""

    name: str
    path: str
    line: int | None
    reason: str


@dataclass(frozen=True)
class Manifest:
    """One file that declares packages: what was read out of it and its `-r` files.

    `constraints` are versions for packages that something else asks for (`-c`, lock
    files). `includes` are the other files that were read through it. `installs_project`
    says that it asks for the repository itself (`-e .`).
    """

    path: str
    kind: Kind
    group: str = "runtime"
    declared: tuple[Declared, ...] = ()
    constraints: tuple[Declared, ...] = ()
    python: PythonAsked | None = None
    channels: tuple[str, ...] = ()
    unmapped: tuple[NotInstalled, ...] = ()
    non_python: tuple[NotInstalled, ...] = ()
    refused: tuple[Refused, ...] = ()
    problems: tuple[Problem, ...] = ()
    includes: tuple[str, ...] = ()
    installs_project: bool = False

    @property
    def is_lock(self) -> bool:
        """Whether this file pins what another one declares."""
        return self.kind in LOCK_KINDS


@dataclass(frozen=True)
class Chosen:
    """A manifest that counts, and as what.

    `first` decides versions, `tests` adds what the tests need, `addition` declares
    more, `lock` pins what `first` declares, `python` only names a Python.
    """

    path: str
    role: Role


def group_named(name: str) -> str:
    """The group that a name means: `dev-requirements` is dev, `base` is runtime."""
    lowered = name.lower()
    words = [word for word in re.split(r"[^a-z0-9]+", lowered) if word]
    if any(word in _TEST for word in words):
        return "test"
    if any(word in _DEV for word in words):
        return "dev"
    if all(word in _RUNTIME for word in words):
        return "runtime"
    return lowered.strip("-_. ")


def is_for_tests(group: str) -> bool:
    """Whether running the tests needs a group: the project's own, test and dev."""
    return group in {"runtime", "test", "dev"}
