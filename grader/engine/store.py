"""A class's folder: each group's result written whole or not at all, and checked when read.

    class.json                      what was run, and on whom
    rubric.yaml                     the rubric as it was used
    groups/FOLDER/result.json       a group's measurements without findings
    groups/FOLDER/findings.json     the findings behind them
    groups/FOLDER/trouble.json      why there is no result, instead of one
    history/TIME-RUN.json           what each run came to (`grader.engine.term`)

A result counts when its `result.json` is there: it is written last, and its findings are
checked by the hash in it. What can't be read, or is not what it says, is kept as `.bad` and
measured again. Whether a file is whole is told from a hash of its text, so that reading a
class without its findings stays quick.
"""

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import filelock
from pydantic import TypeAdapter, ValidationError

from grader.errors import ExitCode, GradeError
from grader.model.classroom import ClassRecord
from grader.model.evidence import Evidence, Trouble
from grader.model.measurement import Finding, Measured, Measurement, Stored
from grader.sandbox.remove import remove_tree

MAX_BYTES = 256 * 1024 * 1024

_HEAD = '{"sha256":"'
_BODY = '","content":'
_SHA_CHARACTERS = 64

_Findings = TypeAdapter(tuple[tuple[Finding, ...], ...])
_Read = TypeVar("_Read")


def write_atomic(target: Path, content: bytes) -> None:
    """Write a file so that it is there whole, or as it was before, whatever happens.

    Raises `GradeError` when it can't be written.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=".new-", dir=target.parent)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            # mkstemp makes files that others can't read: a report is for others too.
            os.chmod(name, 0o666 & ~_UMASK)
            os.replace(name, target)
        except BaseException:
            with suppress(OSError):
                os.unlink(name)
            raise
        _sync_folder(target.parent)
    except OSError as error:
        raise GradeError(
            f'cannot write "{target}": {error.strerror or error}.',
            hint="What was written before is whole: run the same command again.",
            exit_code=ExitCode.ENVIRONMENT,
        ) from error


def _read_umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


# Asked once: there is no way to read it without setting it for all threads.
_UMASK = _read_umask()


def _sync_folder(folder: Path) -> None:
    # Windows can't open a folder, and needs no such thing.
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class Torn(Exception):
    """A file of ours is not what it should be: cut off, changed, or somebody else's."""


def sealed(content: str) -> bytes:
    """JSON text in an envelope with its hash; the whole is JSON too."""
    digest = hashlib.sha256(content.encode()).hexdigest()
    return f"{_HEAD}{digest}{_BODY}{content}}}\n".encode()


def unsealed(raw: bytes) -> bytes:
    """The JSON text in an envelope. Raises `Torn` when its hash is another."""
    head, body = _HEAD.encode(), _BODY.encode()
    at = len(head) + _SHA_CHARACTERS
    digest = raw[len(head) : at]
    content = raw[at + len(body) : -2]
    if raw[: len(head)] != head or raw[at : at + len(body)] != body:
        raise Torn("it is not a result of mlops-grade")
    if raw[-2:] != b"}\n" or hashlib.sha256(content).hexdigest().encode() != digest:
        raise Torn("its content is not what its checksum says")
    return content


def set_aside(file: Path) -> None:
    """Keep a file that can't be believed, under a name that nobody reads: `.bad`."""
    for number in range(1, 1000):
        aside = file.with_name(f"{file.name}.{number}.bad")
        if not aside.exists():
            with suppress(OSError):
                os.replace(file, aside)
            return


class _Result(Stored):
    """`result.json`: the hash of the findings' file, and the evidence without findings."""

    findings: str
    evidence: Evidence


@dataclass(frozen=True)
class ClassFolder:
    """The folder of a class. Only one run at a time holds its lock."""

    root: Path

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder. Raises `GradeError` at once when another run does."""
        try:
            self.root.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise GradeError(
                f'cannot make the folder "{self.root}": {error.strerror}.',
                exit_code=ExitCode.ENVIRONMENT,
            ) from error
        lock = filelock.FileLock(self.root / ".lock")
        try:
            lock.acquire(timeout=0)
        except filelock.Timeout as error:
            raise GradeError(
                f'another run is at work on "{self.root}".',
                hint="Wait for it to end, or give this run another --output.",
                exit_code=ExitCode.ENVIRONMENT,
            ) from error
        except OSError as error:
            raise GradeError(
                f'cannot write to "{self.root}": {error.strerror}.',
                exit_code=ExitCode.ENVIRONMENT,
            ) from error
        try:
            self._tidy()
            yield
        finally:
            lock.release()

    def _tidy(self) -> None:
        """Remove what a killed run left half-written, here and in the system's temporary place."""
        for where in (".new-*", "groups/*/.new-*", "history/.new-*"):
            for unfinished in self.root.glob(where):
                with suppress(OSError):
                    unfinished.unlink()
        marker = self.root / ".work"
        with suppress(OSError, UnicodeDecodeError):
            left = Path(marker.read_text("utf-8").strip())
            is_ours = left.name.startswith("mlops-grade-class-")
            if is_ours and left.parent == Path(tempfile.gettempdir()).resolve():
                remove_tree(left)
            marker.unlink()

    def remember_work(self, work: Path) -> None:
        """Note where temporary files are, for the next run to remove should this be killed."""
        write_atomic(self.root / ".work", f"{work}\n".encode())

    def forget_work(self) -> None:
        """The temporary files are gone."""
        with suppress(OSError):
            (self.root / ".work").unlink()

    def group(self, folder: str) -> Path:
        """Where a group's files are."""
        return self.root / "groups" / folder

    def record(self) -> ClassRecord | None:
        """What the last run said of itself; None where there was none, or it can't be read."""
        return self._read(self.root / "class.json", ClassRecord.model_validate_json)

    def save_record(self, record: ClassRecord) -> None:
        """Write what this run says of itself."""
        write_atomic(self.root / "class.json", sealed(record.model_dump_json()))

    def save(self, folder: str, evidence: Evidence) -> None:
        """Write a group's result: its findings first, then what makes it count."""
        home = self.group(folder)
        findings = sealed(_Findings.dump_json(_findings_of(evidence)).decode())
        digest = hashlib.sha256(findings).hexdigest()
        kept = _Result(findings=digest, evidence=_without_findings(evidence))
        write_atomic(home / "findings.json", findings)
        write_atomic(home / "result.json", sealed(kept.model_dump_json()))
        with suppress(FileNotFoundError):
            (home / "trouble.json").unlink()

    def save_trouble(self, folder: str, trouble: Trouble) -> None:
        """Write why a group has no result in this run. An earlier result stays beside it."""
        write_atomic(
            self.group(folder) / "trouble.json", sealed(trouble.model_dump_json())
        )

    def trouble(self, folder: str) -> Trouble | None:
        """Why a group has no result, or None."""
        return self._read(
            self.group(folder) / "trouble.json", Trouble.model_validate_json
        )

    def seal(self, folder: str) -> str | None:
        """The hashes of a group's result and its findings; None where there is none, or trouble."""
        home = self.group(folder)
        if (home / "trouble.json").exists():
            return None
        try:
            files = [home / name for name in ("result.json", "findings.json")]
            return " ".join(hashlib.sha256(f.read_bytes()).hexdigest() for f in files)
        except OSError:
            return None

    def light(self, folder: str) -> Evidence | None:
        """A group's result without findings; None where there is none that is whole."""
        kept = self._kept(folder)
        return kept.evidence if kept else None

    def load(self, folder: str) -> Evidence | None:
        """A group's result with its findings; None where there is none that is whole."""
        kept = self._kept(folder)
        if kept is None:
            return None
        file = self.group(folder) / "findings.json"

        def parsed(content: bytes) -> tuple[tuple[Finding, ...], ...]:
            findings = _Findings.validate_json(content, strict=True)
            if len(findings) != len(kept.evidence.measurements):
                raise Torn("it belongs to another result")
            return findings

        found = self._read(file, parsed, digest=kept.findings)
        if found is None:
            set_aside(self.group(folder) / "result.json")
            return None
        return _with_findings(kept.evidence, found)

    def _kept(self, folder: str) -> _Result | None:
        return self._read(
            self.group(folder) / "result.json", _Result.model_validate_json
        )

    def _read(
        self,
        file: Path,
        parse: Callable[[bytes], _Read],
        *,
        digest: str | None = None,
    ) -> _Read | None:
        try:
            with file.open("rb") as stream:
                raw = stream.read(MAX_BYTES + 1)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise GradeError(
                f'cannot read "{file}": {error.strerror}.',
                exit_code=ExitCode.ENVIRONMENT,
            ) from error
        try:
            if digest is not None and hashlib.sha256(raw).hexdigest() != digest:
                raise Torn("it belongs to another result")
            return parse(unsealed(raw))
        except (Torn, ValidationError):
            set_aside(file)
            return None


@dataclass(frozen=True)
class ReadOnce(ClassFolder):
    """A class's folder to mark from again and again: a group's result is read once and kept.

    Nothing may be measured into it meanwhile.
    """

    _lights: dict[str, Evidence | None] = field(default_factory=dict)

    def light(self, folder: str) -> Evidence | None:
        """A group's result without findings, as it was when it was first asked for."""
        if folder not in self._lights:
            self._lights[folder] = super().light(folder)
        return self._lights[folder]


def _findings_of(evidence: Evidence) -> tuple[tuple[Finding, ...], ...]:
    return tuple(
        one.outcome.findings if isinstance(one.outcome, Measured) else ()
        for one in evidence.measurements
    )


def _without_findings(evidence: Evidence) -> Evidence:
    return _with_findings(evidence, ((),) * len(evidence.measurements))


def _with_findings(
    evidence: Evidence, findings: tuple[tuple[Finding, ...], ...]
) -> Evidence:
    measurements = tuple(
        _replaced(one, found)
        for one, found in zip(evidence.measurements, findings, strict=True)
    )
    return evidence.model_copy(update={"measurements": measurements})


def _replaced(measurement: Measurement, findings: tuple[Finding, ...]) -> Measurement:
    if not isinstance(measurement.outcome, Measured):
        return measurement
    outcome = measurement.outcome.model_copy(update={"findings": findings})
    return measurement.model_copy(update={"outcome": outcome})
