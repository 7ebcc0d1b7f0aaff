"""Which distribution an imported module comes from, by a table that ships with us.

What is installed on a machine knows only its own packages, and a mark must not change from
machine to machine. The table has the modules that are called otherwise than their
distribution, the tools that no program imports, and the packages that others load by
themselves; where a module is not in it, its distribution is taken to have its name.
"""

import json
import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

from packaging.utils import canonicalize_name
from pydantic import BaseModel, ConfigDict

# Packages of many distributions: the distribution has the first parts of the name.
_SHARED = frozenset({"google", "azure", "opentelemetry", "zope", "ruamel"})
_SHARED_PARTS = 3
# google.cloud.run_v2 and google.cloud.run come with one distribution.
_API_VERSION = re.compile(r"_v\d+[a-z0-9]*$")


class ImportNames(BaseModel):
    """The table `import_names.json`: see its `about`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    about: str
    source: tuple[str, ...]
    date: str
    modules: dict[str, tuple[str, ...]]
    tools: frozenset[str]
    tool_patterns: tuple[str, ...]
    installers: frozenset[str]
    served: frozenset[str]
    served_patterns: tuple[str, ...]
    used_by: dict[str, tuple[str, ...]]
    commands: dict[str, tuple[str, ...]]


@dataclass(frozen=True)
class Purpose:
    """What a distribution is for beside being imported.

    `is_tool`: for development alone, a linter or a test runner. `is_started`: used without
    an import, from a command line. `loaders` are the distributions that load it themselves.
    """

    is_tool: bool
    is_started: bool
    loaders: tuple[str, ...]


@cache
def import_names() -> ImportNames:
    """The table, with its source and date."""
    file = Path(__file__).with_name("import_names.json")
    return ImportNames.model_validate(json.loads(file.read_text(encoding="utf-8")))


def distributions_of(module: str) -> tuple[str, ...]:
    """The distributions that may bring a dotted module, canonical names, the usual first."""
    table = import_names().modules
    parts = module.lower().split(".")[: _SHARED_PARTS + 1]
    if parts[:2] == ["google", "cloud"]:
        parts = [_API_VERSION.sub("", part) for part in parts]
    for size in range(len(parts), 0, -1):
        if found := table.get(".".join(parts[:size])):
            return found
    size = _SHARED_PARTS if parts[0] in _SHARED else 1
    return (str(canonicalize_name("-".join(parts[:size]))),)


def purpose_of(distribution: str) -> Purpose:
    """What a distribution is for, by its canonical name."""
    table = import_names()
    is_tool = distribution in table.tools or _matches(distribution, table.tool_patterns)
    return Purpose(
        is_tool=is_tool and distribution not in table.installers,
        is_started=is_tool
        or distribution in table.served
        or distribution in table.installers
        or _matches(distribution, table.served_patterns),
        loaders=table.used_by.get(distribution, ()),
    )


def started_by_command(program: str) -> tuple[str, ...]:
    """The distributions whose program is called so on a command line."""
    return import_names().commands.get(program.lower(), ())


def _matches(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)
