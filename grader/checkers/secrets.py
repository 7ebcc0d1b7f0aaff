"""Secrets: keys, tokens and passwords in the tracked files, by detect-secrets."""

import codecs
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import field_validator

from grader.checkers._base import (
    Bench,
    Checker,
    Command,
    Options,
    Result,
    not_measured,
    own_settings_finding,
    result_of,
)
from grader.checkers._detect_secrets import (
    BASELINE,
    Secret,
    exclusions,
    passed_over,
    read_baseline,
)
from grader.checkers._secrets_scans import scan_what_is_new
from grader.model.measurement import Finding, Measured, NotApplicable, Quantity
from grader.model.snapshot import Snapshot

_PRAGMA = re.compile(rb"pragma: ?(allow|white)list")


class SecretsOptions(Options):
    """`exclude_files` is a regular expression, `baseline` a file of known findings."""

    exclude_files: str = r"\.ipynb$"
    baseline: str | None = None

    @field_validator("exclude_files")
    @classmethod
    def _compiles(cls, pattern: str) -> str:
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueError(f"not a regular expression: {error}") from error
        return pattern


class Secrets(Checker[SecretsOptions]):
    r"""No keys, tokens or passwords in the repository.

    Why it matters
        Who can read the repository can use a key that stands in it, also from an old
        commit. Keys in public repositories are found and used within minutes.

    How it is measured
        `detect-secrets scan --no-verify --exclude-files '\.ipynb$'` on the files that
        git tracks, whatever their type, but for those named below; the command in the
        report excludes these by name. A line behind a `pragma: allowlist secret`
        comment is scanned as well and counted as allowlisted. What the instructor's
        baseline lists is counted as known. Of a secret only its file, line, type and a
        hash are kept.

    What it does not see
        Earlier commits; notebooks; files over 1 MiB; virtual environments and vendored
        code; text that isn't UTF-8; what detect-secrets passes over by itself, such as
        images, lock files and paths with `swagger` in them; a password that looks like
        an ordinary word. It takes some harmless strings for secrets.

    How to fix
        Replace the secret at the service that issued it, as others may know it by now.
        Then read it from an environment variable, or from a `.env` file that
        `.gitignore` names. For a string that is no secret, ask the instructor to list
        it as known.
    """

    id = "secrets"
    typical_s = 0.3
    source = "https://github.com/Yelp/detect-secrets"
    tools = ("detect-secrets",)
    mending = "findings"
    quantities = (
        Quantity(
            "secrets",
            "secrets",
            "what detect-secrets reports: each secret once per file and type",
            better="lower",
            ideal=0,
        ),
        Quantity(
            "allowlisted",
            "secrets",
            "those that only an allowlist comment hides",
            better="lower",
            ideal=0,
        ),
        Quantity(
            "known",
            "secrets",
            "those in the instructor's baseline, which are not counted above",
        ),
        Quantity("files", "files", "tracked files that were scanned, of all types"),
        Quantity(
            "files_with_secrets",
            "files",
            "files with a secret, allowlisted ones included",
            better="lower",
            ideal=0,
        ),
        Quantity(
            "unread_files",
            "files",
            "text files that detect-secrets passes over because they aren't UTF-8",
            better="lower",
            ideal=0,
        ),
    )

    def reads(self, snapshot: Snapshot, options: SecretsOptions) -> tuple[str, ...]:
        return snapshot.files

    def consults(self, options: SecretsOptions) -> list[Path]:
        return [Path(options.baseline)] if options.baseline else []

    def searched(self, snapshot: Snapshot, options: SecretsOptions) -> list[str]:
        """The tracked files that are the project's own, but for what the options exclude."""
        excluded = re.compile(options.exclude_files)
        left_out = dict(passed_over(snapshot))
        return [
            path
            for path in snapshot.files
            if path not in left_out and not excluded.search(path)
        ]

    def measure(
        self, snapshot: Snapshot, options: SecretsOptions, bench: Bench
    ) -> Result:
        """Scan as detect-secrets does, and again what an allowlist comment hides."""
        left_out = dict(passed_over(snapshot))
        files = self.searched(snapshot, options)
        if not files:
            return Result(NotApplicable(reason="There are no files to scan."))
        marked = [p for p in files if _PRAGMA.search((snapshot.root / p).read_bytes())]
        known = read_baseline(options.baseline) if options.baseline else frozenset()
        tools = [str(tool) for tool in self.tool_versions()]
        rest = scan_what_is_new(files, marked, snapshot, bench, tools)
        files = [path for path in files if path not in rest.culprits]
        masked, unmasked = rest.result.masked, rest.result.unmasked
        hidden = {one: line for one, line in unmasked.items() if one not in masked}
        secrets = {one: line for one, line in masked.items() if one not in known}
        allowlisted = {one: line for one, line in hidden.items() if one not in known}
        unread = [path for path in files if _is_unread(snapshot.root / path)]
        outcome = Measured(
            values={
                "secrets": len(secrets),
                "allowlisted": len(allowlisted),
                "known": len(masked) + len(hidden) - len(secrets) - len(allowlisted),
                "files": len(files),
                "files_with_secrets": len(
                    {secret.path for secret in (*secrets, *allowlisted)}
                ),
                "unread_files": len(unread),
            },
            findings=(
                *_findings(secrets, ""),
                *_findings(allowlisted, " An allowlist comment hides it."),
                *(_unread(path) for path in unread),
                *_passed_over(left_out),
                *own_settings_finding("detect-secrets", [(BASELINE, "")], snapshot),
            ),
            not_measured=not_measured(rest.culprits, rest.culprits),
        )
        excluded = (options.exclude_files, exclusions(left_out, files))
        command = Command(
            argv=(
                *("detect-secrets", "scan", "--no-verify"),
                *(f"--exclude-files={one}" for one in excluded if one is not None),
            ),
            files=(),
            population=f"tracked files of all types: {len(files)}",
        )
        return result_of(command, outcome, snapshot, bench)


def _is_unread(file: Path) -> bool:
    """Whether detect-secrets takes a text file for a binary: it isn't UTF-8."""
    raw = file.read_bytes()
    is_utf16 = raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return is_utf16 or b"\0" not in raw
    return False


def _findings(secrets: Mapping[Secret, int | None], note: str) -> Iterator[Finding]:
    for secret, line in sorted(secrets.items()):
        yield Finding(
            rule=secret.type,
            message=f"This looks like a secret (SHA-1 {secret.hashed}).{note}",
            path=secret.path,
            line=line,
            severity="error",
            fix="Replace it at its service, and read it from an environment variable.",
        )


def _unread(path: str) -> Finding:
    return Finding(
        rule="not-utf-8",
        message="detect-secrets can't read this text file: it isn't UTF-8.",
        path=path,
        severity="info",
        fix="Save the file as UTF-8.",
    )


def _passed_over(left_out: Mapping[str, str]) -> Iterator[Finding]:
    for reason in sorted(set(left_out.values())):
        paths = [path for path, why in left_out.items() if why == reason]
        more = f" and {len(paths) - 3} more" if len(paths) > 3 else ""
        yield Finding(
            rule="not-scanned",
            message=f"Not scanned, because {reason}: {', '.join(paths[:3])}{more}.",
            severity="info",
        )
