"""Scanning files for secrets: those that are not known from an earlier run.

What detect-secrets says of a file depends on its path and its bytes alone.
"""

import contextlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from pydantic import BaseModel, ValidationError

from grader.checkers._base import Bench
from grader.checkers._culprits import Rest, Runs, measure_rest
from grader.checkers._detect_secrets import Secret, scan, scan_command
from grader.errors import CannotMeasure
from grader.model.snapshot import Snapshot
from grader.sandbox.limits import Limits


@dataclass(frozen=True)
class Scans:
    """The secrets as detect-secrets reports them, and with what allowlist comments hide."""

    masked: dict[Secret, int | None]
    unmasked: dict[Secret, int | None]


# A type, a hash and a line.
_Found = tuple[str, str, int | None]


class _Said(BaseModel):
    """What was found in one file."""

    masked: list[_Found]
    unmasked: list[_Found]


def scan_what_is_new(
    files: Sequence[str],
    marked: Sequence[str],
    snapshot: Snapshot,
    bench: Bench,
    tools: Sequence[str],
) -> Rest[Scans]:
    """Scan files, those `marked` with an allowlist comment once more without it.

    What `tools` said of a file before need not be said again. Where one can't be scanned, all
    are, as if nothing were known.
    """
    kept = bench.verdicts
    basis = kept.basis(__name__, ["secrets", *tools]) if kept else None
    if kept is None or basis is None:
        return _scan(files, marked, snapshot, bench)
    # A link is another name for what may be said otherwise elsewhere.
    own = [path for path in files if not kept.contents.is_link(path)]
    known = _known(kept.known(own, basis, is_named=True))
    unknown = [path for path in files if path not in known]
    if not known:
        rest = _scan(files, marked, snapshot, bench)
    elif unknown:
        try:
            rest = _scan(unknown, marked, snapshot, bench)
        except CannotMeasure:
            return _scan(files, marked, snapshot, bench)
        if rest.culprits:
            return _scan(files, marked, snapshot, bench)
    else:
        rest = Rest(Scans({}, {}), {})
    new = {*own} - known.keys() - rest.culprits.keys()
    kept.keep(_said(new, rest.result), basis, is_named=True)
    scans = Scans(
        rest.result.masked | _secrets({p: s.masked for p, s in known.items()}),
        rest.result.unmasked | _secrets({p: s.unmasked for p, s in known.items()}),
    )
    return Rest(scans, rest.culprits)


def _known(verdicts: Mapping[str, str]) -> dict[str, _Said]:
    """The verdicts that can be read: what anybody else wrote is found anew."""
    found = {}
    for path, verdict in verdicts.items():
        with contextlib.suppress(ValidationError):
            found[path] = _Said.model_validate_json(verdict)
    return found


def _secrets(found: Mapping[str, list[_Found]]) -> dict[Secret, int | None]:
    return {
        Secret(path, kind, hashed): line
        for path, entries in found.items()
        for kind, hashed, line in entries
    }


def _by_file(secrets: Mapping[Secret, int | None]) -> dict[str, list[_Found]]:
    found: dict[str, list[_Found]] = {}
    for one, line in secrets.items():
        found.setdefault(one.path, []).append((one.type, one.hashed, line))
    return found


def _said(paths: Collection[str], scans: Scans) -> dict[str, str]:
    masked, unmasked = _by_file(scans.masked), _by_file(scans.unmasked)
    return {
        path: _Said(
            masked=masked.get(path, []), unmasked=unmasked.get(path, [])
        ).model_dump_json()
        for path in paths
    }


def _scan(
    files: Sequence[str], marked: Sequence[str], snapshot: Snapshot, bench: Bench
) -> Rest[Scans]:
    """Scan the files, and those `marked` with an allowlist comment once more without it."""

    def scan_both(paths: Collection[str], limits: Limits) -> Scans:
        under = replace(bench, tool_limits=limits)
        hidden = [path for path in marked if path in paths]
        return Scans(
            scan(scan_command(unmasked=False), list(paths), snapshot, under),
            (
                scan(scan_command(unmasked=True), hidden, snapshot, under)
                if hidden
                else {}
            ),
        )

    try:
        return Rest(scan_both(files, bench.tool_limits), {})
    except CannotMeasure as failure:
        return measure_rest(
            failure,
            files,
            Runs(
                only=scan_both,
                without=lambda culprits, limits: scan_both(
                    [path for path in files if path not in culprits], limits
                ),
                control=lambda limits: scan_both((), limits),
            ),
            bench.tool_limits,
        )
