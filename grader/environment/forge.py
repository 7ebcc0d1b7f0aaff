"""Builds source distributions, which runs their code: in a box, and each for itself.

    <cache>/wheels/<key of index and Python>/<name>-<version>-….whl

What comes out of a box is a file, looked at before it is kept. Each wheel is built in a box
of its own, with a cache of its own: nothing of another package, nor of what another project
asks for, can have a hand in it. The box has the machine's network, because what a build
needs is fetched in the middle of it, but no password of the user's for an index.
"""

import os
import re
import shutil
import stat
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from email.parser import BytesHeaderParser
from hashlib import sha256
from pathlib import Path
from typing import Protocol
from urllib.request import url2pathname

import uv as uv_program
from filelock import FileLock
from packaging.utils import (
    InvalidWheelFilename,
    canonicalize_name,
    parse_wheel_filename,
)
from packaging.version import InvalidVersion, Version

from grader.environment.interpreters import Interpreter
from grader.environment.uv import is_unreachable, said, where_from
from grader.errors import CannotMeasure
from grader.sandbox.access import Access, prefixes_of
from grader.sandbox.box import Box
from grader.sandbox.limits import MEBIBYTE, Limits
from grader.sandbox.run import ToolOutput, run

BUILD_LIMITS = Limits(
    seconds=900,
    memory_bytes=4096 * MEBIBYTE,
    processes=512,
    disk_bytes=8192 * MEBIBYTE,
    files=400_000,
)

_LAYOUT = 1
# Whoever stands before the host of an address, and the password.
_USER_INFO = re.compile(r"://[^/\s,]*@")
# Of a wheel's content, unpacked.
_MOST_BYTES = 4096 * MEBIBYTE

_ON_PURPOSE = "build it here on purpose with --build-from-source --isolation none"
_INSTALL = f"Install bubblewrap (see mlops-grade doctor), or {_ON_PURPOSE}."


class BoxSource(Protocol):
    """Where the box for code of strangers comes from."""

    def for_tests(self) -> Box:
        """The box. Raises `CannotMeasure` when there is none."""


class NotForged(Exception):
    """A package that could not be built; `is_unreachable` where the network is at fault."""

    def __init__(self, reason: str, *, is_unreachable: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.is_unreachable = is_unreachable


@dataclass(frozen=True)
class Forge:
    """Builds in boxes of `boxes`; `home` is a private scratch folder.

    Finished wheels are kept below `wheels`. `is_asked_for` says that the user wants packages
    built, which lets it be done without a box too, where that is chosen.
    """

    wheels: Path
    home: Path
    boxes: BoxSource | None = None
    is_offline: bool = False
    is_asked_for: bool = False

    def trouble(self) -> str:
        """Why nothing can be built here and what to do, empty when it can."""
        try:
            self._box()
        except NotForged as error:
            return error.reason
        return ""

    def resolve(
        self, interpreter: Interpreter, folder: Path, arguments: Sequence[str]
    ) -> ToolOutput:
        """`uv pip compile` on files in `folder`, building what it wants to look into.

        What it prints comes from a box in which code of strangers ran. Raises `NotForged`.
        """
        work = self.home / "resolving"
        work.mkdir(parents=True, exist_ok=True)
        # As root the box has another user, who must be able to read what is asked.
        folder.chmod(0o755)
        for file in folder.iterdir():
            file.chmod(0o644)
        return self._run(work, interpreter, ["pip", "compile", *arguments], [folder])

    def wheel(self, name: str, version: str, interpreter: Interpreter) -> Path:
        """The wheel of one source distribution, built unless it has been. Raises `NotForged`."""
        folder = self.wheels / _key(interpreter)
        if found := _kept(folder, name, version):
            return found
        self._box()
        if self.is_offline:
            raise NotForged("nothing can be fetched offline", is_unreachable=True)
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / f"{canonicalize_name(name)}-{version}.lock"):
            if found := _kept(folder, name, version):
                return found
            self.home.mkdir(parents=True, exist_ok=True)
            work = Path(tempfile.mkdtemp(prefix="forge-", dir=self.home))
            try:
                self._build(work, name, version, interpreter)
                return _keep(_built(work / "cache", name, version), folder)
            except OSError as error:
                raise NotForged(f"its wheel could not be kept: {error}") from error
            finally:
                shutil.rmtree(work, ignore_errors=True)

    def _build(
        self, work: Path, name: str, version: str, interpreter: Interpreter
    ) -> None:
        target = ["--target", str(work / "target"), f"{name}=={version}"]
        output = self._run(
            work,
            interpreter,
            ["pip", "install", "--quiet", "--no-deps", "--no-binary", name, *target],
        )
        if output.exit_status != 0:
            raise NotForged(said(output)[:300], is_unreachable=is_unreachable(output))

    def _run(
        self,
        work: Path,
        interpreter: Interpreter,
        arguments: Sequence[str],
        readable: Sequence[Path] = (),
    ) -> ToolOutput:
        """One uv command in a box that can write below `work` alone."""
        box = self._box()
        empty = work / "empty"
        empty.mkdir(exist_ok=True)
        sources = without_passwords(where_from())
        program = uv_program.find_uv_bin()
        try:
            output = run(
                [
                    *(program, *arguments, "--python", interpreter.path),
                    *("--no-config", "--no-progress", "--color=never"),
                    "--no-python-downloads",
                ],
                cwd=empty,
                home=work / "home",
                limits=BUILD_LIMITS,
                environment={**sources, "UV_CACHE_DIR": str(work / "cache")},
                box=box,
                access=Access(
                    readable=(
                        *(Path(program), Path(program).resolve(), *readable),
                        *prefixes_of(interpreter.path),
                        *_local(sources),
                    ),
                    writable=(work,),
                    has_network=True,
                ),
            )
        except CannotMeasure as error:
            raise NotForged(error.reason) from error
        if output.killed_by is not None:
            raise NotForged(f"building was stopped: too much {output.killed_by}")
        return output

    def _box(self) -> Box:
        if self.boxes is None:
            raise NotForged(f"no box is there to build it in. {_INSTALL}")
        try:
            box = self.boxes.for_tests()
        except CannotMeasure as error:
            raise NotForged(f"no box is there to build it in. {_INSTALL}") from error
        if box.tier == "landlock":
            raise NotForged(
                f"the box that works here (landlock) has no network for it. {_INSTALL}"
            )
        if box.tier == "none" and not self.is_asked_for:
            raise NotForged(
                "building runs its code, and there is no isolation here. "
                "Leave --isolation none out, or add --build-from-source."
            )
        return box


def _key(interpreter: Interpreter) -> str:
    version = interpreter.version
    parts = (
        *(str(_LAYOUT), f"{version.major}.{version.minor}", interpreter.path),
        *sorted(f"{name}={value}" for name, value in where_from().items()),
    )
    return sha256("\0".join(parts).encode()).hexdigest()[:32]


def _kept(folder: Path, name: str, version: str) -> Path | None:
    for file in sorted(folder.glob("*.whl")):
        if _is_of(file.name, name, version):
            return file
    return None


def _is_of(file: str, name: str, version: str) -> bool:
    try:
        named, numbered, _, _ = parse_wheel_filename(file)
    except InvalidWheelFilename:
        return False
    return named == canonicalize_name(name) and numbered == Version(version)


def _built(cache: Path, name: str, version: str) -> Path:
    """The wheel that uv left in its cache. Raises `NotForged` where it isn't as it should."""
    found = [
        Path(parent, file)
        for parent, _, files in os.walk(cache)
        for file in files
        if _is_of(file, name, version)
    ]
    if len(found) != 1:
        raise NotForged(f"building it left {len(found)} wheels of it, and not one")
    return found[0]


def _keep(built: Path, folder: Path) -> Path:
    """A copy of a wheel in the folder, once it has been looked at."""
    # By its descriptor: what was built by others may be a link, or a pipe without an end.
    descriptor = os.open(built, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    beside = folder / f"{built.name}.{os.getpid()}.tmp"
    try:
        with open(descriptor, "rb") as source, open(beside, "wb") as copy:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise NotForged("its wheel is no file")
            shutil.copyfileobj(source, copy)
        name, version, _, _ = parse_wheel_filename(built.name)
        if trouble := wheel_trouble(beside, name, version):
            raise NotForged(f"its wheel is not in order: {trouble}")
        return beside.replace(folder / built.name)
    finally:
        beside.unlink(missing_ok=True)


def wheel_trouble(file: Path, name: str, version: Version) -> str:
    """What is wrong with a wheel that should be of a package; empty when nothing is."""
    try:
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
            if sum(entry.file_size for entry in entries) > _MOST_BYTES:
                return "it is too large"
            if odd := next(_odd_entries(entries), None):
                return f"it has the entry {odd!r}"
            about = [e for e in entries if e.filename.endswith(".dist-info/METADATA")]
            if len(about) != 1 or about[0].file_size > MEBIBYTE:
                return "it has no metadata, or more than one"
            fields = BytesHeaderParser().parsebytes(archive.read(about[0]))
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError) as error:
        return f"it can't be read: {error}"
    named, numbered = str(fields["Name"]), str(fields["Version"])
    try:
        is_right = canonicalize_name(named) == canonicalize_name(name)
        is_right = is_right and Version(numbered) == version
    except InvalidVersion:
        is_right = False
    return "" if is_right else f"it says that it is {named!r} {numbered!r}"


def _odd_entries(entries: Sequence[zipfile.ZipInfo]) -> Iterator[str]:
    """What isn't a plain file somewhere below."""
    for entry in entries:
        parts = entry.filename.split("/")
        kind = stat.S_IFMT(entry.external_attr >> 16)
        if (
            parts[0] == ""
            or ".." in parts
            or "\\" in entry.filename
            or ":" in parts[0]
            or kind not in (0, stat.S_IFREG, stat.S_IFDIR)
        ):
            yield entry.filename


def without_passwords(sources: Mapping[str, str]) -> dict[str, str]:
    """Where packages come from, for strangers: addresses without who may ask there."""
    return {name: _USER_INFO.sub("://", value) for name, value in sources.items()}


def _local(sources: Mapping[str, str]) -> list[Path]:
    """The files and folders of this machine that packages or certificates come from."""
    found = []
    for value in sources.values():
        for word in re.split(r"[\s,]+", value):
            # `name=file:///…` is an index with a name.
            path = word.rpartition("=")[2].removeprefix("file://")
            if path.startswith("/"):
                found.append(Path(url2pathname(path)))
    return [path for path in found if path.exists()]


def for_scratch(forge: Forge, home: Path) -> Forge:
    """The same forge with another scratch folder."""
    return replace(forge, home=home)
