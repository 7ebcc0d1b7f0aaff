"""Whether the project's own commands or code fetch the data from where DVC keeps it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from grader.checkers._data_versioning_targets import targets_of
from grader.codebase.code import code_of
from grader.codebase.commands import Started, started, started_by
from grader.codebase.dockerfiles import instructions
from grader.codebase.documents import documents_of, text_of
from grader.codebase.markdown import read_markdown
from grader.codebase.projects import project_commands, project_files
from grader.codebase.shell import commands
from grader.codebase.starting import started_by_call
from grader.codebase.trackers import any_reach
from grader.codebase.workflows import workflows_of
from grader.codebase.written_commands import written_commands_of
from grader.model.measurement import Sight
from grader.model.snapshot import Snapshot

_FETCHES = frozenset("pull fetch checkout repro reproduce exp get update".split())
_API = frozenset(
    "dvc.api.open dvc.api.read dvc.api.get_url dvc.api.DVCFileSystem "
    "dvc.repo.Repo().pull dvc.repo.Repo().fetch dvc.repo.Repo().reproduce".split()
)
_DOCKERFILE = re.compile(r"(.*\.)?(dockerfile|containerfile)(\..*)?", re.IGNORECASE)
_BYTES = 200 * 1024
_MAX_FILES = 20
_MAX_STEPS = 500


@dataclass(frozen=True)
class Fetch:
    """A command or call, and what of the data it names; nothing for all of it."""

    sight: Sight
    targets: tuple[str, ...] = ()


def fetches(snapshot: Snapshot) -> list[Fetch]:
    """Where a command or a call fetches what DVC keeps, or makes it again."""
    found = [*_in_workflows(snapshot), *_in_dockerfiles(snapshot)]
    found += [*_written(snapshot), *_in_projects(snapshot), *_called(snapshot)]
    return found


def _is_fetch(one: Started) -> bool:
    is_dvc = one.kind in ("program", "module") and one.name.rpartition("/")[2] == "dvc"
    words = [word for word in one.words if not word.startswith("-")]
    return is_dvc and bool(words) and words[0] in _FETCHES


def _in_workflows(snapshot: Snapshot) -> Iterator[Fetch]:
    for workflow in workflows_of(snapshot):
        for job in workflow.jobs:
            if job.never:
                continue
            for step in job.steps[:_MAX_STEPS]:
                if step.run is None or step.never:
                    continue
                for command in commands(step.run):
                    for one in started_by(command.bare):
                        if _is_fetch(one):
                            line = step.run_line + command.line - 1
                            yield _fetch(step.path, line, one)


def _in_dockerfiles(snapshot: Snapshot) -> Iterator[Fetch]:
    named = [
        path
        for path in snapshot.files
        if _DOCKERFILE.fullmatch(path.rpartition("/")[2])
    ]
    for path in named[:_MAX_FILES]:
        text = text_of(snapshot, path, _BYTES) or ""
        for instruction in instructions(text):
            if instruction.keyword == "RUN":
                for one in started(instruction.script.replace("\\\n", " ")):
                    if _is_fetch(one):
                        yield _fetch(path, instruction.line, one)


def _in_projects(snapshot: Snapshot) -> Iterator[Fetch]:
    """What the entry points of an MLproject run."""
    for path in project_files(snapshot.files).values():
        for one in project_commands(documents_of(snapshot), path):
            if _is_fetch(one):
                yield _fetch(path, None, one)


def _written(snapshot: Snapshot) -> Iterator[Fetch]:
    blocks: dict[str, list[range]] = {}
    for command in written_commands_of(snapshot):
        if not _is_fetch(command.started):
            continue
        path, line = command.sight.path, command.sight.line or 0
        if command.origin == "readme":
            # A command in a sentence may be one that nobody should give.
            if path not in blocks:
                text = text_of(snapshot, path, _BYTES) or ""
                blocks[path] = [
                    range(one.line, one.line + one.text.count("\n") + 2)
                    for one in read_markdown(text).code_blocks
                ]
            if not any(line in block for block in blocks[path]):
                continue
        yield _fetch(path, command.sight.line, command.started)


def _called(snapshot: Snapshot) -> Iterator[Fetch]:
    code = code_of(snapshot)
    for file, call in any_reach(snapshot).calls():
        if "dvc" not in snapshot.module(file.path).text:
            continue
        symbol = code.symbol(file, call.func) or ""
        if symbol in _API:
            yield Fetch(Sight(path=file.path, line=call.lineno, what=symbol))
        elif symbol.startswith("subprocess.") or symbol == "os.system":
            for one in started_by_call(file, call):
                if _is_fetch(one):
                    yield _fetch(file.path, call.lineno, one)


def _fetch(path: str, line: int | None, one: Started) -> Fetch:
    what = " ".join(("dvc", *one.words))[:120]
    return Fetch(Sight(path=path, line=line, what=what), targets_of(one.words))
