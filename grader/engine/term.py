"""The runs of a class over the term: each kept by its date, small, whole or not at all.

    history/2025-05-30T06-41-00Z-0f0f0f0f.json          a run that ended
    history/2025-06-02T09-00-00Z-0f0f0f0f-marked.json   the same run, marked anew

A file that is not what its checksum says is set aside as `.bad`, named, and never believed.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

from grader.engine.store import (
    MAX_BYTES,
    Torn,
    sealed,
    set_aside,
    unsealed,
    write_atomic,
)
from grader.model.classroom import ClassResult, GroupLine
from grader.model.score import mark_of
from grader.model.term import Entry, GroupEntry, Moves
from grader.scoring.course import moved

HISTORY = "history"
_RUN_CHARACTERS = 8


@dataclass(frozen=True)
class Term:
    """The runs of a class, oldest first, and the names of files that can't be believed."""

    entries: tuple[Entry, ...]
    unread: tuple[str, ...] = ()

    def moves_to(self, entry: Entry) -> Moves | None:
        """What an entry moved since the one before it; None for the first.

        The one before it is told by their times, which a clock that was set back may mix up:
        nothing is then told of an entry that seems to be the first.
        """
        earlier = [one for one in self.entries if _order(one) < _order(entry)]
        return moved(earlier[-1], entry) if earlier else None

    def moves_of(self, run: str) -> Moves | None:
        """What a run moved since the entry before it; None where there is none."""
        for before, after in zip(self.entries, self.entries[1:], strict=False):
            if after.run == run and not after.is_remark:
                return moved(before, after)
        return None

    def with_entry(self, entry: Entry) -> "Term":
        """These and one more, which takes the place of another of the same run."""
        others = [one for one in self.entries if not _replaces(entry, one)]
        return Term(_in_order((*others, entry)), self.unread)


def _in_order(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    return tuple(sorted(entries, key=_order))


def _order(entry: Entry) -> tuple[str, bool]:
    return entry.when, entry.is_remark


def _replaces(new: Entry, old: Entry) -> bool:
    """A run that was stopped after it was kept, and gone on with, is one run."""
    return new.run == old.run and not new.is_remark and not old.is_remark


def entry_of(
    result: ClassResult, shares: Mapping[str, float], when: str, *, is_remark: bool
) -> Entry:
    """What is kept of a class that was marked. `shares` are the items' parts of the rubric."""
    record = result.record
    return Entry(
        run=record.run,
        when=when,
        is_remark=is_remark,
        rubric=result.rubric,
        generator=record.generator,
        deadline=record.deadline,
        isolation=record.isolation,
        items=result.items,
        shares=tuple(shares[item] for item in result.items),
        groups=tuple(_group(line, result.items) for line in result.lines),
    )


def _group(line: GroupLine, items: tuple[str, ...]) -> GroupEntry:
    grade = line.grade
    if grade is None:
        return GroupEntry(name=line.group.name, marks=(None,) * len(items))
    marks = {one.item: mark_of(one) for one in grade.items}
    return GroupEntry(
        name=line.group.name,
        commit=line.commit,
        commit_time=line.commit_time,
        total=grade.total,
        automatic_total=grade.automatic_total,
        rank=line.rank,
        is_final=grade.is_final and grade.total is not None,
        measured_share=grade.measured_share,
        marks=tuple(marks.get(item) for item in items),
    )


def read_term(root: Path) -> Term:
    """The runs that a class's folder keeps. One of a newer version is named and left alone."""
    entries: list[Entry] = []
    unread: list[str] = []
    for file in sorted((root / HISTORY).glob("*.json")):
        try:
            with file.open("rb") as stream:
                content = unsealed(stream.read(MAX_BYTES + 1))
            entry = Entry.model_validate_json(content)
        except Torn:
            set_aside(file)
        except (OSError, ValidationError):
            unread.append(file.name)
        else:
            entries = [one for one in entries if not _replaces(entry, one)]
            entries.append(entry)
    unread += [file.name for file in (root / HISTORY).glob("*.bad")]
    return Term(_in_order(entries), tuple(sorted(unread)))


def keep(root: Path, entry: Entry) -> None:
    """Write a run into a class's folder, whose lock is held, as one file of that run."""
    target = root / HISTORY / _name(entry)
    write_atomic(target, sealed(entry.model_dump_json()))
    if entry.is_remark:
        return
    # Gone on with after it was kept: the file from before says the same with another date.
    for file in target.parent.glob(f"*Z-{entry.run[:_RUN_CHARACTERS]}.json"):
        if file != target and f'"run":"{entry.run}"'.encode() in file.read_bytes():
            file.unlink(missing_ok=True)


def _name(entry: Entry) -> str:
    moment = datetime.fromisoformat(entry.when).astimezone(UTC)
    marked = "-marked" if entry.is_remark else ""
    return f"{moment:%Y-%m-%dT%H-%M-%SZ}-{entry.run[:_RUN_CHARACTERS]}{marked}.json"
