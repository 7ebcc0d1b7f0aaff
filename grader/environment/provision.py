"""Builds the environment that a project declares, once for each distinct resolution.

    <cache>/resolutions/<key of what was asked>.json    what was asked -> exact versions
    <cache>/environments/<key of the versions>/         the virtual environment
    <cache>/wheels/<key>/                               wheels that were built here
    <cache>/uv/                                         uv's own cache, hard-linked from

An environment is finished when its `complete.json` is there, which is written last: a
build that was killed leaves a folder without one, and the next build starts it anew. A
lock per environment keeps two runs from building the same one; different ones don't
wait for each other.
"""

import hashlib
import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from filelock import FileLock, Timeout
from packaging.version import Version
from pydantic import ValidationError

from grader.environment.forge import BoxSource, Forge, NotForged, for_scratch
from grader.environment.interpreters import (
    Choice,
    Interpreter,
    choose,
    installed_interpreters,
)
from grader.environment.resolve import OURS, Resolution, Resolver
from grader.environment.uv import (
    Uv,
    installing_arguments,
    is_unreachable,
    said,
    where_from,
    write_whole,
)
from grader.environment.wishes import RESOLUTION_AGE_DAYS, Provisioned, Wish
from grader.errors import CannotMeasure
from grader.model.environment import Unresolved
from grader.model.measurement import Stored
from grader.sandbox.run import ToolOutput

MAX_AGE_DAYS = 60.0
MAX_BYTES = 20 * 2**30
# Longer than any project's tests may take: another run may be in the middle of them.
IN_USE_HOURS = 6.0

_LAYOUT = 2


class _Resolved(Stored):
    """A stored resolution."""

    python: str
    python_version: str
    pins: tuple[str, ...]
    unresolved: tuple[Unresolved, ...]
    added: tuple[str, ...]
    sources: tuple[str, ...]
    note: str


class _Complete(Stored):
    """What stands in a finished environment's `complete.json`."""

    layout: int
    pins: tuple[str, ...]
    size_bytes: int


@dataclass(frozen=True)
class Provisioner:
    """Finds or builds environments below `cache`; `home` is a private scratch folder.

    `from_source` lets whatever has no wheel be built; that runs its code, in a box of
    `boxes`. `tell` is given a short sentence at each step.
    """

    cache: Path
    home: Path
    is_offline: bool = False
    from_source: bool = False
    tell: Callable[[str], None] = lambda _: None
    boxes: BoxSource | None = None

    def resolve(self, wish: Wish) -> tuple[Resolution, Choice]:
        """Which exact packages a wish comes to, and on which Python; nothing is installed.

        A resolution is kept for a week, and longer where nothing newer can be had. Raises
        `CannotMeasure` without the network.
        """
        file = self.cache / "resolutions" / f"{self._key(wish)}.json"
        if stored := _read_resolution(file, at_any_age=self.is_offline):
            return stored
        uv = self._uv()
        choice = choose(wish.python, installed_interpreters(uv))
        count = len({*wish.requirements, *wish.additions})
        self.tell(f"resolving {count} declared package{'' if count == 1 else 's'}")
        forge = self._forge() if self.from_source else None
        resolution = Resolver(uv, choice.interpreter, wish.conda, forge).resolve(
            wish.requirements, wish.constraints, wish.additions
        )
        if wish.python is None and _lacks_wheels(resolution):
            resolution, choice = self._elsewhere(uv, wish, resolution, choice)
        if not any(one.cause == "unreachable" for one in resolution.unresolved):
            write_whole(file, _stored(resolution, choice).model_dump_json())
        return resolution, choice

    def provide(self, wish: Wish) -> Provisioned:
        """The environment for a wish, built if it isn't there yet.

        Raises `CannotMeasure` when it can't be had for a reason that is not the
        project's.
        """
        resolution, choice = self.resolve(wish)
        folder, complete = self._found(resolution, choice)
        if complete is None and resolution.sources:
            resolution, wheels = self._forged(resolution, choice)
            folder, complete = self._found(resolution, choice)
        else:
            wheels = ()
        if complete is None:
            complete = self._build(folder, resolution, choice, wheels)
        return Provisioned(
            python=_python_of(folder),
            python_version=str(choice.interpreter.version),
            pins=resolution.pins,
            unresolved=resolution.unresolved,
            added=resolution.added,
            size_bytes=complete.size_bytes,
            note=choice.note,
        )

    def _key(self, wish: Wish) -> str:
        """What a resolution depends on besides what the index has at the time."""
        return _digest(
            str(_LAYOUT),
            sys.version,
            # Another PATH may have other Pythons, another index other packages.
            os.environ.get("PATH", ""),
            json.dumps(where_from(), sort_keys=True),
            # What can be built depends on the box too.
            json.dumps(
                [self.from_source, self.from_source and self._forge().trouble()]
            ),
            json.dumps([wish.python, wish.requirements, wish.constraints]),
            json.dumps([wish.additions, sorted(wish.conda)]),
            json.dumps(OURS),
        )

    def _uv(self) -> Uv:
        return Uv(self.cache / "uv", self.home, self.is_offline)

    def _forge(self) -> Forge:
        return Forge(
            self.cache / "wheels",
            self.home / "forge",
            self.boxes,
            is_offline=self.is_offline,
            is_asked_for=self.from_source,
        )

    def _forged(
        self, resolution: Resolution, choice: Choice
    ) -> tuple[Resolution, tuple[Path, ...]]:
        """The wheels of what has none, and the resolution without what can't be built."""
        forge = self._forge()
        wheels: list[Path] = []
        lacking: list[Unresolved] = []
        for pin in resolution.sources:
            name, _, version = pin.partition("==")
            self.tell(f"building {name} {version} from source")
            try:
                wheels.append(forge.wheel(name, version, choice.interpreter))
            except NotForged as error:
                lacking.append(_not_forged(pin, error))
        left_out = {one.requirement for one in lacking}
        kept = tuple(pin for pin in resolution.pins if pin not in left_out)
        unresolved = (*resolution.unresolved, *lacking)
        return replace(resolution, pins=kept, unresolved=unresolved), tuple(wheels)

    def _found(
        self, resolution: Resolution, choice: Choice
    ) -> tuple[Path, _Complete | None]:
        """Where the environment of a resolution belongs, and what it is if it is there."""
        key = _digest(
            choice.interpreter.path, str(choice.interpreter.version), *resolution.pins
        )
        folder = self.cache / "environments" / key
        return folder, _read_complete(folder, resolution)

    def _elsewhere(
        self, uv: Uv, wish: Wish, resolution: Resolution, choice: Choice
    ) -> tuple[Resolution, Choice]:
        """Another installed Python that has wheels for more, where none was asked for."""
        best, taken = resolution, choice
        for other in choice.others:
            self.tell(f"trying Python {other.version}, which may have the wheels")
            aside = replace(uv, home=uv.home / str(other.version))
            forge = None
            if self.from_source:
                forge = for_scratch(self._forge(), aside.home / "forge")
            try:
                found = Resolver(aside, other, wish.conda, forge).resolve(
                    wish.requirements, wish.constraints, wish.additions
                )
            except CannotMeasure:
                # Not even our own tools can be had there: this Python is no help.
                continue
            if len(found.unresolved) < len(best.unresolved):
                note = (
                    f"Python {other.version} was used: no Python is asked for, and the "
                    f"declared versions have no wheels for {choice.interpreter.version}."
                )
                best, taken = found, Choice(other, (), note)
            if not best.unresolved:
                break
        return best, taken

    def _build(
        self,
        folder: Path,
        resolution: Resolution,
        choice: Choice,
        wheels: Sequence[Path],
    ) -> _Complete:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{folder}.lock"):
            if complete := _read_complete(folder, resolution):
                return complete
            # What a killed build left behind.
            shutil.rmtree(folder, ignore_errors=True)
            try:
                complete = self._install(folder, resolution, choice, wheels)
            except BaseException:
                shutil.rmtree(folder, ignore_errors=True)
                raise
        self._tidy(keep=folder)
        return complete

    def _install(
        self,
        folder: Path,
        resolution: Resolution,
        choice: Choice,
        wheels: Sequence[Path],
    ) -> _Complete:
        uv = self._uv()
        started = time.monotonic()
        self.tell(f"installing {len(resolution.pins)} packages")
        _refuse(uv.run("venv", str(folder), "--python", choice.interpreter.path))
        self.home.mkdir(parents=True, exist_ok=True)
        pins = self.home / f"{folder.name}.txt"
        pins.write_text("\n".join(resolution.pins) + "\n", encoding="utf-8")
        arguments = ["pip", "install", "--python", str(_python_of(folder)), "--no-deps"]
        if any(pin.startswith(("torch==", "torchvision==")) for pin in resolution.pins):
            arguments += ["--torch-backend", "cpu"]
        arguments += installing_arguments(_gathered(wheels, self.home / folder.name))
        _refuse(uv.run(*arguments, "-r", str(pins)))
        size = _size(folder)
        self.tell(
            f"installed {size / 2**20:.0f} MiB in {time.monotonic() - started:.0f} s"
        )
        complete = _Complete(layout=_LAYOUT, pins=resolution.pins, size_bytes=size)
        write_whole(folder / "complete.json", complete.model_dump_json())
        return complete

    def _tidy(self, keep: Path) -> None:
        """Remove environments that are old, then the least used over the size limit."""
        now = time.time()
        total = 0
        used = {
            path: at
            for path in (self.cache / "environments").iterdir()
            if (at := _last_used(path)) is not None
        }
        for path, at in sorted(used.items(), key=lambda one: -one[1]):
            total += _stored_size(path)
            too_old = now - at > MAX_AGE_DAYS * 86_400
            is_in_use = path == keep or now - at < IN_USE_HOURS * 3600
            if not is_in_use and (too_old or total > MAX_BYTES):
                _remove(path)


def _last_used(folder: Path) -> float | None:
    """When an environment was last used, or a build that was killed was left behind."""
    for stamp in (folder / "complete.json", folder / "pyvenv.cfg"):
        try:
            return stamp.stat().st_mtime
        except OSError:
            continue
    return None


def _python_of(folder: Path) -> Path:
    if sys.platform == "win32":
        return folder / "Scripts" / "python.exe"
    return folder / "bin" / "python"


def _lacks_wheels(resolution: Resolution) -> bool:
    return any(one.cause == "no-wheel" for one in resolution.unresolved)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def _stored(resolution: Resolution, choice: Choice) -> _Resolved:
    return _Resolved(
        python=choice.interpreter.path,
        python_version=str(choice.interpreter.version),
        pins=resolution.pins,
        unresolved=resolution.unresolved,
        added=resolution.added,
        sources=resolution.sources,
        note=choice.note,
    )


def _gathered(wheels: Sequence[Path], folder: Path) -> Path | None:
    """The wheels in a folder of their own; None without any."""
    if not wheels:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    for wheel in wheels:
        shutil.copyfile(wheel, folder / wheel.name)
    return folder


def _not_forged(pin: str, error: NotForged) -> Unresolved:
    return Unresolved(
        name=pin.partition("==")[0],
        requirement=pin,
        cause="unreachable" if error.is_unreachable else "no-wheel",
        reason=f"{pin} has no wheel and could not be built: {error.reason}",
        is_ours=True,
    )


def _read_resolution(
    file: Path, *, at_any_age: bool
) -> tuple[Resolution, Choice] | None:
    try:
        age = time.time() - file.stat().st_mtime
        if age > RESOLUTION_AGE_DAYS * 86_400 and not at_any_age:
            return None
        stored = _Resolved.model_validate_json(file.read_bytes())
    except (OSError, ValidationError):
        return None
    if not Path(stored.python).exists():
        return None
    interpreter = Interpreter(stored.python, Version(stored.python_version))
    resolution = Resolution(
        stored.pins, stored.unresolved, stored.added, stored.sources
    )
    return resolution, Choice(interpreter, (), stored.note)


def _read_complete(folder: Path, resolution: Resolution) -> _Complete | None:
    file = folder / "complete.json"
    try:
        complete = _Complete.model_validate_json(file.read_bytes())
        # The time of last use, which tidying goes by.
        os.utime(file)
    except (OSError, ValidationError):
        return None
    fits = complete.layout == _LAYOUT and complete.pins == resolution.pins
    return complete if fits and _python_of(folder).exists() else None


def _stored_size(folder: Path) -> int:
    try:
        raw = (folder / "complete.json").read_bytes()
        return _Complete.model_validate_json(raw).size_bytes
    except (OSError, ValidationError):
        return 0


def _remove(folder: Path) -> None:
    lock = FileLock(f"{folder}.lock", timeout=0)
    try:
        with lock:
            # First, so that nobody takes the rest for a finished environment.
            (folder / "complete.json").unlink(missing_ok=True)
            shutil.rmtree(folder, ignore_errors=True)
    except Timeout:
        return


def _refuse(output: ToolOutput) -> None:
    if output.exit_status == 0:
        return
    reason = (
        "could not be fetched" if is_unreachable(output) else "could not be installed"
    )
    raise CannotMeasure(f"the project's packages {reason}: {said(output)[:300]}")


def _size(folder: Path) -> int:
    return sum(
        entry.lstat().st_size for entry in folder.rglob("*") if not entry.is_symlink()
    )
