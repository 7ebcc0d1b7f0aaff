"""The remotes of DVC: what .dvc/config says about where the data is kept."""

import configparser
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from grader.codebase.documents import text_of
from grader.codebase.reading import Reading
from grader.model.snapshot import Snapshot

_MAX_FILES = 20
_BYTES = 64 * 1024
_REMOTE = re.compile(r"""'?remote\s+"([^"]+)"'?""")


@dataclass(frozen=True)
class DvcConfig:
    """One .dvc/config: the default remote's name, the remotes' options, or what is wrong.

    `options` are all of the file, by section and name.
    """

    path: str
    default: str | None = None
    remotes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    options: tuple[tuple[str, str, str], ...] = ()
    problem: str = ""
    lines: Mapping[str, int] = field(default_factory=dict)

    def line_of(self, name: str, value: str) -> int | None:
        """The line on which an option has a value."""
        return self.lines.get(f"{name}={value}")


def _configs(snapshot: Snapshot) -> tuple[DvcConfig, ...]:
    paths = [
        path
        for path in snapshot.files
        if ".dvc/" in path and _is_config(path) and not snapshot.foreign(path)
    ]
    return tuple(_config(snapshot, path) for path in paths[:_MAX_FILES])


def _is_config(path: str) -> bool:
    pure = PurePosixPath(path)
    return pure.parent.name == ".dvc" and pure.name in ("config", "config.local")


def _config(snapshot: Snapshot, path: str) -> DvcConfig:
    text = text_of(snapshot, path, _BYTES)
    if text is None:
        return DvcConfig(path, problem="it is no regular file, or larger than 64 KiB")
    # Options may be indented, which Python's parser takes for the line before going on.
    rows = [row.strip() for row in text.splitlines()]
    parser = configparser.RawConfigParser(
        strict=False, inline_comment_prefixes=("#",), allow_no_value=True
    )
    try:
        parser.read_string("\n".join(rows))
    except configparser.Error as error:
        return DvcConfig(path, problem=str(error).partition("\n")[0][:200])
    remotes: dict[str, Mapping[str, str]] = {}
    options = []
    for section in parser.sections():
        values = {name: value or "" for name, value in parser.items(section)}
        options += [(section, name, value) for name, value in values.items()]
        if named := _REMOTE.fullmatch(section):
            remotes[named[1]] = values
    default = parser.get("core", "remote", fallback=None) or None
    lines = {row: number for number, row in reversed(list(enumerate(rows, start=1)))}
    return DvcConfig(path, default, remotes, tuple(options), "", _by_option(lines))


def _by_option(lines: Mapping[str, int]) -> dict[str, int]:
    """The first line of each option, by `name = value` without its blanks, and of sections."""
    found: dict[str, int] = {}
    for row, number in lines.items():
        name, equals, value = row.partition("=")
        key = f"{name.strip().lower()}={value.strip()}" if equals else row
        found[key] = number
    return found


dvc_configs_of: Reading[tuple[DvcConfig, ...]] = Reading(_configs)
