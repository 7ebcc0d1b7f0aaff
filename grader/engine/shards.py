"""A class measured in parts, each in a folder of its own, and made whole from them.

A part holds results and no marks: what a group's mark is compared with is the whole class.
Parts make a class only if one ruler measured them: the same list, rubric, deadline, program,
tools and conditions. What differs is named, and nothing is written.
"""

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.checkers._registry import installed
from grader.engine.batch import ClassRequest, ClassWatch, run_class
from grader.engine.conditions import generator
from grader.engine.items import key
from grader.engine.marking import mark_class
from grader.engine.people import MARKS, OVERRIDES, decided_in
from grader.engine.publish import write_class
from grader.engine.store import ClassFolder, write_atomic
from grader.engine.stored import RUBRIC, parse_own
from grader.errors import ExitCode, GradeError
from grader.model.classroom import ClassRecord, ClassResult, Group, Shard
from grader.model.evidence import Evidence, Trouble
from grader.model.measurement import Failed

_SHARD = re.compile(r"([0-9]{1,6})/([0-9]{1,6})", re.ASCII)

# How many of the things that differ are named.
_NAMED = 12


def parse_shard(text: str) -> Shard:
    """The part that `I/N` names. Raises `GradeError` for what names none."""
    found = _SHARD.fullmatch(text.strip())
    number, of = (int(found[1]), int(found[2])) if found else (0, 0)
    if not 1 <= number <= of:
        raise GradeError(
            f'--shard "{text}" is no part.',
            hint="Give I/N with I from 1 to N: --shard 1/4, 2/4, 3/4 and 4/4.",
        )
    return Shard(number=number, of=of)


@dataclass(frozen=True)
class Part:
    """The folder of a part as a run left it: its record, its groups, what went wrong.

    `lacking` are the groups of which not everything could be measured.
    """

    record: ClassRecord
    groups: tuple[Group, ...]
    troubles: Mapping[str, Trouble]
    lacking: tuple[str, ...]


def measure_part(request: ClassRequest, folder: ClassFolder, watch: ClassWatch) -> Part:
    """Measure a part of a class into its folder, and mark nothing."""
    with folder.locked():
        # What people decided is read first: a mistake in it should not wait for the end.
        decided_in(folder.root, request.loaded.rubric, request.groups)
        record = run_class(request, folder, watch)
        # After the run was let begin: a folder that holds another part stays as it is.
        write_atomic(folder.root / RUBRIC, request.loaded.text)
        folder.save_record(record)
    groups = record.shard.its(record.groups) if record.shard else record.groups
    troubles = {
        group.name: trouble
        for group in groups
        if (trouble := folder.trouble(group.folder)) is not None
    }
    lacking = tuple(
        group.name
        for group in groups
        if group.name in troubles or _has_failed(folder.light(group.folder))
    )
    return Part(record, groups, troubles, lacking)


def _has_failed(evidence: Evidence | None) -> bool:
    return evidence is None or any(
        isinstance(one.outcome, Failed) for one in evidence.measurements
    )


@dataclass(frozen=True)
class _Stored:
    """A part's folder that is to be merged."""

    folder: ClassFolder
    record: ClassRecord
    shard: Shard

    @property
    def name(self) -> str:
        """How the user knows it."""
        return f"{self.folder.root} (part {self.shard})"

    @property
    def groups(self) -> tuple[Group, ...]:
        return self.shard.its(self.record.groups)

    def found(self, group: Group, *, whole: bool) -> Evidence | Trouble | None:
        """What its run came to for a group, with findings if they are `whole` asked for.

        None where the run was stopped before, or the result can't be read.
        """
        trouble = self.folder.trouble(group.folder)
        if trouble is not None:
            return trouble if trouble.run == self.record.run else None
        read = self.folder.load if whole else self.folder.light
        evidence = read(group.folder)
        # Of an earlier run: another commit, another deadline, other tools.
        if evidence is None or evidence.run != self.record.run:
            return None
        return evidence


@dataclass(frozen=True)
class Merged:
    """A class made of parts: its result, and the groups that no part has."""

    result: ClassResult
    missing: tuple[str, ...]


def merge_parts(
    parts: Sequence[Path],
    output: Path,
    *,
    is_partial: bool,
    tell: Callable[[str], None] = lambda _: None,
) -> Merged:
    """Make a class of its parts, mark it, and write everything that its folder holds.

    What is missing has no mark and is in no statistics, and is only allowed when the class
    `is_partial`. Raises `GradeError` with what differs; then nothing has been written.
    """
    stored = [_opened(root, output) for root in parts]
    stored.sort(key=lambda one: (one.shard.number, str(one.folder.root)))
    if differences := [*_differences(stored), *_conflicts(stored)]:
        more = len(differences) - _NAMED
        shown = [*differences[:_NAMED], *([f"and {more} more"] if more > 0 else [])]
        raise GradeError(
            "these parts do not make one class:" + _listed(shown),
            hint="Measure the part that differs again as the others were.",
        )
    groups = stored[0].record.groups
    sources = {group.name: _source(stored, group) for group in groups}
    missing = [group for group in groups if sources[group.name] is None]
    if missing and not is_partial:
        raise GradeError(
            "the class is not whole:" + _listed(_lacking(stored, missing)),
            hint="Give all parts, or take the groups that are there: --partial.",
            exit_code=ExitCode.ENVIRONMENT,
        )
    with ClassFolder(output).locked():
        result = _make(stored, sources, ClassFolder(output), tell)
    return Merged(result, tuple(group.name for group in missing))


def _listed(lines: Sequence[str]) -> str:
    return "".join(f"\n  {one}" for one in lines)


def _opened(root: Path, output: Path) -> _Stored:
    folder = ClassFolder(root)
    record = folder.record() if root.is_dir() else None
    if record is None or record.shard is None:
        what = "a whole class" if record else "no part of a class"
        raise GradeError(
            f'"{root}" is {what}.',
            hint="Give the folders that mlops-grade batch LIST --shard I/N --output FOLDER "
            "has made.",
        )
    if root.resolve() == output.resolve():
        raise GradeError(
            f'"{root}" is a part: the class needs a folder of its own.',
            hint="Give another --output.",
        )
    return _Stored(folder, record, record.shard)


def _differences(stored: Sequence[_Stored]) -> Iterator[str]:
    """What any part has otherwise than the first one."""
    first, *others = stored
    ours = _ruler(first)
    for other in others:
        theirs = _ruler(other)
        for name, (value, shown) in theirs.items():
            expected, expected_shown = ours[name]
            if value != expected:
                words = f"{shown}, not {expected_shown}" if shown else "another one"
                yield f"{other.name}: {name}: {words}, as in {first.name}"
    yield from _other_conditions(stored)


def _ruler(part: _Stored) -> dict[str, tuple[object, str]]:
    """What must be the same in every part, and how it is shown."""
    record = part.record
    people = {name: _read(part.folder.root / name) for name in (MARKS, OVERRIDES)}
    rubric = record.rubric
    shown_rubric = f"{rubric.name} {rubric.version} ({rubric.digest[:12]})"
    return {
        "number of parts": (part.shard.of, str(part.shard.of)),
        "list": (record.groups, f"{len(record.groups)} groups"),
        "rows that are no groups": (record.refused, f"{len(record.refused)}"),
        "rubric": (rubric.digest, shown_rubric),
        "deadline": (record.deadline, record.deadline or "none"),
        "time zone": (record.timezone, record.timezone),
        "program": (record.generator, str(record.generator.version)),
        "isolation": (record.isolation, f'"{record.isolation}"'),
        **{str(name): (raw, _size(raw)) for name, raw in people.items()},
    }


def _size(raw: bytes | None) -> str:
    return "absent" if raw is None else f"{hashlib.sha256(raw).hexdigest()[:12]}"


def _read(file: Path) -> bytes | None:
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise GradeError(f'cannot read "{file}": {error.strerror}.') from error


def _other_conditions(stored: Sequence[_Stored]) -> Iterator[str]:
    """Tools and conditions that another part's results were not measured with.

    Every result is looked at: a worker that was added may have measured the last one.
    """
    known: dict[str, tuple[str, str]] = {}
    said: set[tuple[str, str]] = set()
    for part in stored:
        for group in part.groups:
            evidence = part.found(group, whole=False)
            if not isinstance(evidence, Evidence):
                continue
            for name, value in _conditions(evidence).items():
                expected, where = known.setdefault(name, (value, part.name))
                if value != expected and (part.name, name) not in said:
                    said.add((part.name, name))
                    yield f"{part.name}: {name}: {value}, not {expected}, as in {where}"


def _conditions(evidence: Evidence) -> dict[str, str]:
    found = {
        "Python": evidence.python,
        "isolation of a group": evidence.isolation,
        "checks": ", ".join(sorted(one.checker for one in evidence.measurements)),
        # The environment, limits, options and the starter repository, as one hash.
        "options": evidence.plan[:12],
    }
    for one in evidence.measurements:
        if isinstance(one.outcome, Failed):
            continue
        for tool in one.tools:
            found[f"{tool.name} ({key(one)})"] = str(tool.version)
    return found


def _conflicts(stored: Sequence[_Stored]) -> Iterator[str]:
    """Groups that two folders have, with results that differ."""
    for at, one in enumerate(stored):
        for other in stored[at + 1 :]:
            if one.record.groups != other.record.groups:
                continue
            theirs = {group.name for group in other.groups}
            for group in one.groups:
                if group.name not in theirs:
                    continue
                ours, found = (part.found(group, whole=True) for part in (one, other))
                if ours and found and _comparable(ours) != _comparable(found):
                    yield (
                        f'"{group.name}" has another result in {other.name} than in '
                        f"{one.name}"
                    )


def _comparable(found: Evidence | Trouble) -> Evidence | Trouble:
    """A result without what differs from run to run and from clock to clock."""
    if isinstance(found, Trouble):
        return found.model_copy(update={"run": ""})
    return found.model_copy(
        update={
            "run": "",
            "measured_at": "",
            "reused": 0,
            "duration_s": 0.0,
            "environment": None,
            "measurements": tuple(
                one.model_copy(update={"duration_s": 0.0}) for one in found.measurements
            ),
        }
    )


def _source(stored: Sequence[_Stored], group: Group) -> _Stored | None:
    """The first part that has something of a group."""
    for part in stored:
        if group in part.groups and part.found(group, whole=False) is not None:
            return part
    return None


def _lacking(stored: Sequence[_Stored], missing: Sequence[Group]) -> list[str]:
    """The parts that are missing, and groups that parts have no result of."""
    of = stored[0].shard.of
    there = {part.shard.number: part for part in stored}
    found = [
        f"part {number}/{of} is missing"
        for number in range(1, of + 1)
        if number not in there
    ]
    for part in there.values():
        names = [group.name for group in part.groups if group in missing]
        if names:
            shown = ", ".join(f'"{name}"' for name in names[:_NAMED])
            found.append(
                f"{part.name} was stopped, or a result of it can't be read: {shown}"
            )
    return found


def _make(
    stored: Sequence[_Stored],
    sources: Mapping[str, _Stored | None],
    folder: ClassFolder,
    tell: Callable[[str], None],
) -> ClassResult:
    """Copy what the parts have, mark it, and write it all; the record comes last."""
    first = stored[0]
    registry = installed()
    own = first.folder.root / RUBRIC
    text = _read(own) or b""
    if hashlib.sha256(text).hexdigest() != first.record.rubric.digest:
        raise GradeError(
            f'"{own}" is not the rubric that was measured by.',
            hint="Measure that part again.",
        )
    loaded = parse_own(text, first.folder.root, first.record, registry)
    _keep_people(first, folder)
    decided = decided_in(folder.root, loaded.rubric, first.record.groups)
    whole = all(sources.values())
    record = _record(stored, is_whole=whole)
    folder.save_record(record.model_copy(update={"finished_at": None}))
    write_atomic(folder.root / RUBRIC, text)
    for group in record.groups:
        tell(group.name)
        _copy(group, sources[group.name], first, folder, record.run)
    tell("marking")
    marking = mark_class(folder, record, loaded, registry, decided)
    write_class(folder, marking, loaded, registry)
    folder.save_record(record)
    return marking.result


def _keep_people(part: _Stored, folder: ClassFolder) -> None:
    """What people decided is the parts'; what stands in the class's folder is never lost."""
    for name in (MARKS, OVERRIDES):
        content, before = _read(part.folder.root / name), _read(folder.root / name)
        if content is None or content == before:
            continue
        if before is not None:
            raise GradeError(
                f'"{folder.root / name}" differs from that of the parts.',
                hint="Take away the one that does not hold.",
            )
        write_atomic(folder.root / name, content)


def _record(stored: Sequence[_Stored], *, is_whole: bool) -> ClassRecord:
    """What the class says of its run: as if one had measured it all.

    Its name is made of the parts' names, so that the same parts give the same class.
    """
    records = [part.record for part in stored]
    names = "\n".join(sorted({record.run for record in records}))
    ends = [record.finished_at for record in records]
    ended = [end for end in ends if end is not None]
    durations = [record.duration_s for record in records if record.duration_s]
    notes = dict.fromkeys(note for record in records for note in record.notes)
    return records[0].model_copy(
        update={
            "run": hashlib.sha256(names.encode()).hexdigest()[:32],
            "generator": generator(),
            "started_at": min(record.started_at for record in records),
            "finished_at": max(ended) if is_whole and ended else None,
            # The parts are measured side by side.
            "duration_s": max(durations, default=None),
            "shard": None,
            "notes": tuple(notes),
        }
    )


def _copy(
    group: Group, part: _Stored | None, first: _Stored, folder: ClassFolder, run: str
) -> None:
    if part is None:
        at = first.record.groups.index(group) % first.shard.of + 1
        folder.save_trouble(
            group.folder,
            Trouble(
                group=group.name,
                run=run,
                cause="not-merged",
                reason=f"not graded yet: it is of part {at}/{first.shard.of}, which is "
                "missing or was stopped.",
                hint=f"Run that part with --shard {at}/{first.shard.of} and merge again.",
            ),
        )
        return
    match part.found(group, whole=True):
        case Evidence() as evidence:
            folder.save(group.folder, evidence.model_copy(update={"run": run}))
        case Trouble() as trouble:
            folder.save_trouble(group.folder, trouble.model_copy(update={"run": run}))
        case None:
            raise GradeError(
                f'the result of "{group.name}" in {part.name} is not whole, or another '
                "run is at work there.",
                hint="Run that part again, and merge again.",
                exit_code=ExitCode.ENVIRONMENT,
            )
