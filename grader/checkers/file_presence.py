"""File presence: the files and folders that a complete project has."""

import re
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from grader.checkers._base import Bench, Checker, Options, Result
from grader.codebase.ignores import ignores_of
from grader.model.measurement import Finding, Measured, Quantity
from grader.model.snapshot import Snapshot

_PLACEHOLDER = re.compile(
    r"\.gitkeep|\.keep|\.gitignore|\.placeholder|readme(\.\w+)?", re.IGNORECASE
)

# Nobody's white space is larger; a file that is larger has content.
_MAX_BLANK_BYTES = 64 * 1024


def _or_a_string(schema: dict[str, Any]) -> None:
    # For editors: the published schema has to know the shorthand too.
    written_out = dict(schema)
    schema.clear()
    schema["anyOf"] = [{"type": "string"}, written_out]


class Expected(BaseModel):
    """One file or folder that a project should have; a trailing `/` means a folder.

    `name` is what is shown; any path of `any_of`, relative to the top, will do. In YAML
    a plain string stands for both.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", json_schema_extra=_or_a_string
    )

    name: str = Field(min_length=1)
    any_of: tuple[str, ...] = Field(min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _from_a_plain_string(cls, given: object) -> object:
        return {"name": given, "any_of": [given]} if isinstance(given, str) else given

    @field_validator("any_of")
    @classmethod
    def _below_the_top(cls, paths: tuple[str, ...]) -> tuple[str, ...]:
        for path in paths:
            pure = PurePosixPath(path)
            is_plain = str(pure) == path.removesuffix("/") and str(pure) != "."
            if not is_plain or pure.is_absolute() or ".." in pure.parts:
                raise ValueError(
                    f'"{path}" is not a path below the top of a repository, '
                    "such as README.md, conf/config.yaml or tests/"
                )
        return paths


def _any_of(*paths: str) -> Expected:
    return Expected(name=paths[0], any_of=paths)


class FilePresenceOptions(Options):
    """`expected`: a list of paths, or of `{name: ..., any_of: [...]}`."""

    expected: tuple[Expected, ...] = Field(
        default=(
            _any_of("README.md", "README.rst", "README.txt", "README"),
            _any_of(
                *("config.yaml", "config.yml"),
                *("conf/config.yaml", "conf/config.yml"),
                *("configs/config.yaml", "configs/config.yml"),
                *("config/config.yaml", "config/config.yml"),
            ),
            _any_of("environment.yml", "environment.yaml", "conda.yml", "conda.yaml"),
            _any_of("tests/", "test/"),
            _any_of(".gitignore"),
            _any_of("logs/"),
            # DVC keeps the folder elsewhere; git then holds the pointer alone.
            _any_of("models/", "models.dvc"),
        ),
        min_length=1,
    )


class FilePresence(Checker[FilePresenceOptions]):
    """Files and folders that a complete project has.

    Why it matters
        Somebody who clones a project looks for the same things in the same places: what
        it is, how to set it up, its settings, its tests. So do the tools.

    How it is measured
        Each expected file or folder is looked for at the top of the repository, among
        the files that git tracks, under each of its usual names. It is present (with
        content), an empty file, a folder that holds nothing but placeholders
        (`.gitkeep`, a README, empty files), or missing. A name that differs only in
        case (`readme.md`) counts as found, because the content is there; it is
        reported, because Linux tells the two names apart. A file that is too large to
        be read, a link and a submodule count as content.

    What it does not see
        Whether the content is any good. Files that exist on your computer only: git
        keeps no empty folder, and nothing that `.gitignore` names.

    How to fix
        Add what is missing and commit it. Where a folder only fills when the program
        runs, commit a `.gitkeep` in it; where `.gitignore` names the folder, use
        `git add -f`.
    """

    id = "file-presence"
    source = "https://cookiecutter-data-science.drivendata.org/"
    mending = "findings"
    quantities = (
        Quantity("expected", "entries", "files and folders that were looked for"),
        Quantity(
            "found",
            "entries",
            "expected entries that are there, with content",
            better="higher",
            ideal="expected",
        ),
        Quantity(
            "empty_files",
            "entries",
            "expected files that are there but empty",
            better="lower",
            ideal=0,
        ),
        Quantity(
            "placeholder_folders",
            "entries",
            "expected folders with nothing but placeholders in them",
            better="lower",
            ideal=0,
        ),
        Quantity(
            "missing",
            "entries",
            "expected entries that are not there",
            better="lower",
            ideal=0,
        ),
        Quantity(
            "case_differences",
            "entries",
            "entries found under a name that differs in case",
            better="lower",
            ideal=0,
        ),
    )

    def reads(
        self, snapshot: Snapshot, options: FilePresenceOptions
    ) -> tuple[str, ...]:
        return snapshot.files

    def measure(
        self, snapshot: Snapshot, options: FilePresenceOptions, bench: Bench
    ) -> Result:
        """Look for each entry; in an empty repository too, where nothing is found."""
        held = _held(snapshot)
        entries = [_look_for(entry, held, snapshot) for entry in options.expected]
        states = [entry.state for entry in entries]
        return Result(
            Measured(
                values={
                    "expected": len(entries),
                    "found": states.count("present"),
                    "empty_files": states.count("empty-file"),
                    "placeholder_folders": states.count("placeholder-folder"),
                    "missing": states.count("missing"),
                    "case_differences": sum(e.differs_in_case for e in entries),
                },
                findings=tuple(f for entry in entries for f in _findings(entry)),
            ),
            population=f"{len(entries)} expected files and folders",
        )


@dataclass(frozen=True)
class _Entry:
    """What became of an expected entry.

    `wanted` is the path it goes by, `path` the one that the repository has.
    """

    expected: Expected
    state: Literal["present", "empty-file", "placeholder-folder", "missing"]
    wanted: str
    path: str = ""
    is_ignored: bool = False

    @property
    def differs_in_case(self) -> bool:
        return self.path not in ("", self.wanted)


def _held(snapshot: Snapshot) -> Mapping[str, bool]:
    """Every path that the repository has, and whether its content is there to read."""
    held = {file: True for file in snapshot.files}
    for one in snapshot.left_out:
        held[one.path] = False
        # A submodule or a link may stand for a folder.
        held[f"{one.path}/"] = False
    return held


def _look_for(
    expected: Expected, held: Mapping[str, bool], snapshot: Snapshot
) -> _Entry:
    """The first alternative with content, else the first that is there at all."""
    there = [
        entry
        for path in expected.any_of
        for entry in _seen(expected, path, held, snapshot)
    ]
    there.sort(key=lambda entry: entry.state != "present")
    if there:
        return there[0]
    wanted = expected.any_of[0]
    why = ignores_of(snapshot).why(_to_add(wanted))
    return _Entry(expected, "missing", wanted, is_ignored=why is not None)


def _seen(
    expected: Expected, wanted: str, held: Mapping[str, bool], snapshot: Snapshot
) -> Iterable[_Entry]:
    """What stands at a path: the very name first, then names that differ in case."""
    is_folder = wanted.endswith("/")
    found: dict[str, list[str]] = {wanted: []}
    for file in held:
        path = file[: len(wanted)] if is_folder else file
        if path.casefold() == wanted.casefold():
            found.setdefault(path, []).append(file)
    for path, files in found.items():
        if is_folder and files:
            is_hollow = all(
                held[file] and _is_placeholder(file, snapshot) for file in files
            )
            state: Literal["present", "placeholder-folder"] = (
                "placeholder-folder" if is_hollow else "present"
            )
            yield _Entry(expected, state, wanted, path)
        elif files:
            is_empty = held[path] and _is_blank(path, snapshot)
            yield _Entry(
                expected, "empty-file" if is_empty else "present", wanted, path
            )


def _is_placeholder(file: str, snapshot: Snapshot) -> bool:
    is_named_so = _PLACEHOLDER.fullmatch(PurePosixPath(file).name)
    return is_named_so is not None or _is_blank(file, snapshot)


def _is_blank(file: str, snapshot: Snapshot) -> bool:
    full = snapshot.root / file
    if full.stat().st_size > _MAX_BLANK_BYTES:
        return False
    return not full.read_bytes().removeprefix(b"\xef\xbb\xbf").strip()


def _findings(entry: _Entry) -> Iterable[Finding]:
    if entry.differs_in_case:
        yield Finding(
            rule="case-difference",
            message=f"{entry.path} differs in case from {entry.wanted}.",
            path=entry.path,
            fix=shlex.join(["git", "mv", entry.path, entry.wanted]),
        )
    if entry.state == "empty-file":
        yield Finding(
            rule="empty-file",
            message=f"{entry.path} is empty.",
            path=entry.path,
            fix="Write its content and commit it.",
        )
    elif entry.state == "placeholder-folder":
        yield Finding(
            rule="placeholder-folder",
            message=f"{entry.path} holds nothing but placeholders or empty files.",
            path=entry.path,
            severity="info",
            fix="Commit what belongs in it, unless it only fills at run time.",
        )
    elif entry.state == "missing":
        others = ", ".join(entry.expected.any_of)
        reason = " The .gitignore keeps it out of git." if entry.is_ignored else ""
        yield Finding(
            rule="missing",
            message=f"{entry.expected.name} is not in the repository. "
            f"Looked for: {others}.{reason}",
            fix=_how_to_add(entry),
        )


def _to_add(path: str) -> str:
    return f"{path}.gitkeep" if path.endswith("/") else path


def _how_to_add(entry: _Entry) -> str:
    force = ["-f"] if entry.is_ignored else []
    add = shlex.join(["git", "add", *force, _to_add(entry.wanted)])
    if entry.wanted.endswith("/"):
        return f"Commit what belongs in it, or at least a placeholder: {add}"
    return f"Write it at the top of the repository, then: {add}"
