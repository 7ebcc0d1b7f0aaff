"""The Pythons of this machine, and which of them a project gets."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass

from packaging.specifiers import SpecifierSet
from packaging.version import Version
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from grader.environment.uv import Uv, said
from grader.errors import CannotMeasure

# The oldest Python that our pytest runs on.
OLDEST = Version("3.10")


@dataclass(frozen=True)
class Interpreter:
    """An installed CPython: its path, and its full version."""

    path: str
    version: Version


@dataclass(frozen=True)
class Choice:
    """The interpreter taken, what else would do, and a note where it isn't what was asked."""

    interpreter: Interpreter
    others: tuple[Interpreter, ...]
    note: str = ""


class _Listed(BaseModel):
    model_config = ConfigDict(extra="ignore")
    path: str | None
    version: str
    implementation: str


def installed_interpreters(uv: Uv) -> tuple[Interpreter, ...]:
    """Every CPython of this machine that can run our pytest, the grader's own first."""
    output = uv.run("python", "list", "--only-installed", "--output-format", "json")
    try:
        listed = TypeAdapter(list[_Listed]).validate_json(output.stdout)
    except ValidationError as error:
        raise CannotMeasure(f"uv python list: {said(output)}") from error
    own = Interpreter(sys.executable, Version("{}.{}.{}".format(*sys.version_info)))
    found = {str(own.version): own}
    for one in listed:
        if one.path is None or one.implementation != "cpython":
            continue
        version = Version(one.version)
        if version >= OLDEST and not version.is_prerelease:
            found.setdefault(str(version), Interpreter(one.path, version))
    return tuple(found.values())


def choose(specifier: str | None, installed: Sequence[Interpreter]) -> Choice:
    """The interpreter for a PEP 440 specifier; the nearest when none fits, and said so.

    Where nothing is asked it is the grader's own (the first), with the others behind
    it.
    """
    if specifier is None:
        return Choice(installed[0], tuple(installed[1:]))
    wanted = SpecifierSet(specifier)
    fitting = [one for one in installed if wanted.contains(one.version)]
    if fitting:
        # The newest that fits, and the grader's own before it.
        fitting.sort(key=lambda one: (one is installed[0], one.version), reverse=True)
        return Choice(fitting[0], tuple(fitting[1:]))
    target = _lowest_named(wanted)
    nearest = min(installed, key=lambda one: _distance(one.version, target))
    note = (
        f"Python {specifier} is asked for and not installed here: the nearest, "
        f"{nearest.version}, was used."
    )
    return Choice(nearest, (), note)


def _lowest_named(wanted: SpecifierSet) -> Version:
    named = [Version(part.version.removesuffix(".*")) for part in wanted]
    return min(named, default=OLDEST)


def _distance(version: Version, target: Version) -> tuple[int, int, int]:
    return (
        abs(version.major - target.major),
        abs(version.minor - target.minor),
        abs(version.micro - target.micro),
    )
