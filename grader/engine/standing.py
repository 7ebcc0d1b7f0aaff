"""What a class's folder shows, where nothing has changed since it was written.

Marks, reports and tables are made of the groups' results, the rubric, what people decided and
the runs before. Where all of that and the program are what they were, and the files too, they
are what would be written again, but for the time. Only the class's own page says when it was
last looked into: that is written anew. A group's course, which ends at the run that last
changed something, is gone on with by the next that does.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from grader.cache.digest import digest
from grader.cache.entries import Entries, user_entries
from grader.cache.ruler import program
from grader.cache.states import state_of_files
from grader.checkers._registry import Registry
from grader.engine.people import MARKS, OVERRIDES
from grader.engine.request import Caching
from grader.engine.store import ClassFolder, write_atomic
from grader.engine.term import Term, entry_of, keep, read_term
from grader.model.analysis import ClassReport
from grader.model.classroom import ClassRecord, ClassResult
from grader.model.term import Entry
from grader.reporting.class_page import render_class
from grader.reporting.json import render_json
from grader.rubric.load import LoadedRubric
from grader.scoring.totals import weight_shares

COHORT, WORKBOOK, TABLES = "cohort.json", "grades.xlsx", ("scores.csv", "items.csv")
REPORTS = ("report.json", "report.html", "report.md")
INDEX = ("index.json", "index.html", "index.md")

_VERSION = "class 1"
_HOLDS = b"holds"


def write_index(root: Path, told: ClassReport) -> None:
    """The class's page, in each of its formats."""
    pages = (render_json(told), *render_class(told))
    for name, text in zip(INDEX, pages, strict=True):
        write_atomic(root / name, text.encode())


@dataclass(frozen=True)
class Standing:
    """A class's folder, and what its files are made of. Without a `code` nothing is known."""

    folder: ClassFolder
    loaded: LoadedRubric
    entries: Entries
    code: str

    def renewed(self, record: ClassRecord) -> ClassResult | None:
        """The class as it stands, with a page that tells of this run; None where it is not known.

        The run is kept among those of the term.
        """
        before = read_term(self.folder.root)
        if not self._holds(record, before):
            return None
        shown = self._shown()
        if shown is None or record.finished_at is None:
            return None
        result = shown.result.model_copy(update={"record": record})
        entry = entry_of(
            result,
            weight_shares(self.loaded.rubric),
            record.finished_at,
            is_remark=False,
        )
        term = before.with_entry(entry)
        told = shown.model_copy(
            update={"result": result, "moves": term.moves_to(entry)}
        )
        write_index(self.folder.root, told)
        keep(self.folder.root, entry)
        self.keep(record)
        return result

    def keep(self, record: ClassRecord) -> None:
        """Everything was written just now, of what there is."""
        if key := self._key(record, read_term(self.folder.root)):
            self.entries.put(key, _HOLDS)

    def _holds(self, record: ClassRecord, term: Term) -> bool:
        key = self._key(record, term)
        return key is not None and self.entries.get(key) == _HOLDS

    def _shown(self) -> ClassReport | None:
        try:
            text = (self.folder.root / INDEX[0]).read_bytes()
            return ClassReport.model_validate_json(text)
        except (OSError, ValidationError):
            return None

    def _key(self, record: ClassRecord, term: Term) -> str | None:
        """A hash of what the files are made of, and of what the file system says of them."""
        root = self.folder.root
        written = state_of_files(
            [
                *(root / name for name in (COHORT, WORKBOOK, *TABLES, *INDEX)),
                *sorted(root.glob("groups/*/report.*")),
            ]
        )
        if not self.code or written is None:
            return None
        timeless = record.model_copy(
            update={
                "run": "",
                "started_at": "",
                "finished_at": None,
                "duration_s": None,
            }
        )
        return digest(
            [
                *(_VERSION, self.code, timeless.model_dump_json(), self.loaded.text),
                *("people", *self._people()),
                *("groups", *self._groups(record)),
                *("term", *_turns(term.entries)),
                *("written", written.digest),
            ]
        )

    def _people(self) -> Iterator[bytes | str]:
        for name in (MARKS, OVERRIDES):
            file = self.folder.root / name
            yield file.read_bytes() if file.is_file() else "none"

    def _groups(self, record: ClassRecord) -> Iterator[bytes | str]:
        for group in record.groups:
            yield self.folder.seal(group.folder) or "none"
            trouble = self.folder.group(group.folder) / "trouble.json"
            yield trouble.read_bytes() if trouble.exists() else "none"


def _turns(entries: tuple[Entry, ...]) -> Iterator[str]:
    """The runs of the term, without those that came to the same as the one before."""
    last = ""
    for entry in entries:
        said = entry.model_dump_json(exclude={"run", "when"})
        if said != last:
            yield from (entry.when, said)
        last = said


def standing_of(
    folder: ClassFolder, loaded: LoadedRubric, registry: Registry, caching: Caching
) -> Standing:
    """What is known of a class's folder; nothing where nothing is to be taken over."""
    entries = user_entries()
    named = {item.checker for item in loaded.rubric.items}
    modules = sorted(type(registry.checkers[name]).__module__ for name in named)
    is_on = caching.is_on and caching.is_read
    code = program(modules, entries) if is_on else None
    return Standing(folder, loaded, entries, code or "")
