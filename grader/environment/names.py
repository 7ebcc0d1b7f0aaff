"""What a conda package is called on PyPI, by a table that ships with us.

conda-forge calls a Python package as PyPI does unless something else has that name; the
table has the exceptions, the packages that are not Python at all, and the Python
packages that PyPI does not have. Where a name is in none of them, PyPI's name is taken
to be the same, and the answer says so. A conda name is never spelled differently by
guessing.
"""

import json
import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Literal

from packaging.utils import canonicalize_name, is_normalized_name
from pydantic import BaseModel, ConfigDict


class CondaNames(BaseModel):
    """The table `conda_names.json`: see its `about`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    about: str
    source: tuple[str, ...]
    date: str
    pypi: dict[str, str]
    not_python: dict[str, str]
    not_python_patterns: dict[str, str]
    python_despite_pattern: tuple[str, ...]
    not_on_pypi: dict[str, str]


@dataclass(frozen=True)
class OnPyPI:
    """PyPI has it: `requirement` is its name there, with extras (`dask[complete]`)."""

    requirement: str
    by: Literal["table", "same name"]


@dataclass(frozen=True)
class NotPython:
    """Not a Python package: `what` it is, in words."""

    what: str


@dataclass(frozen=True)
class NotOnPyPI:
    """Python, and PyPI has nothing for it: `why`, in words."""

    why: str


@cache
def conda_names() -> CondaNames:
    """The table, with its source and date."""
    file = Path(__file__).with_name("conda_names.json")
    return CondaNames.model_validate(json.loads(file.read_text(encoding="utf-8")))


def from_conda(name: str) -> OnPyPI | NotPython | NotOnPyPI:
    """What a conda package is on PyPI."""
    table = conda_names()
    key = name.lower()
    plain = str(canonicalize_name(key))
    for spelled in (key, plain):
        if spelled in table.pypi:
            return OnPyPI(table.pypi[spelled], "table")
        if spelled in table.not_python:
            return NotPython(table.not_python[spelled])
        if spelled in table.not_on_pypi:
            return NotOnPyPI(table.not_on_pypi[spelled])
    if plain not in table.python_despite_pattern:
        for pattern, what in table.not_python_patterns.items():
            if fnmatchcase(key, pattern):
                return NotPython(what)
    if not is_normalized_name(plain) or not re.fullmatch(r"[\w.-]+", key, re.ASCII):
        return NotOnPyPI("PyPI can't have a package of this name")
    return OnPyPI(plain, "same name")
