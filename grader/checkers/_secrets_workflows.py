"""Where workflows are given secrets, and the commands of theirs, and of scripts, that show one."""

import re
from collections.abc import Iterator, Mapping

from grader.codebase.credentials import names_secret
from grader.codebase.documents import Value, text_of
from grader.codebase.shell import Command, commands
from grader.codebase.workflows import Job, Step, Workflow, workflows_of
from grader.model.measurement import Sight
from grader.model.snapshot import Snapshot

_SECRET = re.compile(
    r"\$\{\{[^{}]{0,200}?\bsecrets(?:\.(?P<name>\w+)|\[|\s*[)}])", re.IGNORECASE
)
# `${KEY:+yes}` gives `yes`, and not the key.
_VARIABLE = re.compile(r"\$(?!\{\w+:?\+)\{?(\w+)|\$\{\{\s*env\.(\w+)\s*\}\}")
_TELLS = frozenset({"echo", "printf", "print", "cat", "tee"})
_LISTS = frozenset({"env", "printenv", "set", "export"})
# GitHub gives this one to every job by itself.
_GIVEN = "github_token"
_BYTES = 100 * 1024
_SCRIPTS = 100
_LINE_CHARACTERS = 2_000


def secrets_used(snapshot: Snapshot) -> Iterator[Sight]:
    """Where a workflow's steps are given secrets of the repository."""
    for workflow in workflows_of(snapshot):
        if workflow.problem:
            continue
        for job in workflow.jobs:
            for step in job.steps:
                if not (step.never or job.never):
                    yield from _given_to(workflow, job, step)


def _given_to(workflow: Workflow, job: Job, step: Step) -> Iterator[Sight]:
    given = (workflow.environment, job.environment, step.environment, step.options)
    texts = [str(value) for one in given if one for value in one.values()]
    for text in (*texts, step.run or ""):
        for found in _SECRET.finditer(text[:20_000]):
            name = found["name"] or ""
            if name and name.lower() != _GIVEN:
                yield Sight(path=step.path, line=step.line, what=f"secrets.{name[:60]}")
                return


def secrets_shown(snapshot: Snapshot) -> Iterator[Sight]:
    """The commands that write a secret to the log."""
    for workflow in workflows_of(snapshot):
        for job in workflow.jobs:
            for step in job.steps:
                if step.run is None:
                    continue
                held = set(_held(workflow.environment, job.environment))
                held |= set(_held(step.environment))
                for command, line in _shown(step.run, held):
                    yield Sight(
                        path=step.path, line=step.run_line + line - 1, what=command
                    )
    paths = [path for path in snapshot.files if path.endswith(".sh")]
    for path in paths[:_SCRIPTS]:
        text = text_of(snapshot, path, _BYTES) if not snapshot.foreign(path) else None
        for command, line in _shown(text or "", set()):
            yield Sight(path=path, line=line, what=command)


def _held(*environments: Mapping[str, Value] | None) -> Iterator[str]:
    """The variables that hold a secret."""
    for one in environments:
        for name, value in (one or {}).items():
            if _SECRET.search(str(value)[:20_000]):
                yield name


def _shown(text: str, held: set[str]) -> Iterator[tuple[str, int]]:
    """The commands of a script that show a secret, as what they do, and their lines."""
    rows = text.split("\n")
    held = held | {_assigned(row) for row in rows} - {""}
    for command in commands(text):
        words = command.bare
        name = words[0].rpartition("/")[2] if words else ""
        row = rows[command.line - 1] if command.line <= len(rows) else ""
        if command.after in ("|", "|&") or _is_redirected(row):
            # It goes to a program or a file, not to the log.
            continue
        if name in _LISTS and held and words[1:] in ((), ("-p",)):
            yield f"{name} lists the environment, secrets included", command.line
        elif name in _TELLS and (what := _told(command, held)):
            yield f"{name} shows {what}", command.line


def _told(command: Command, held: set[str]) -> str:
    """What secret thing is among a command's words; `""` for none."""
    for word in command.bare[1:]:
        if "add-mask" in word:
            return ""
        if found := _SECRET.search(word):
            return f"secrets.{(found['name'] or '*')[:60]}"
        if word in command.quoted:
            continue
        for one in _VARIABLE.finditer(word):
            name = one[1] or one[2] or ""
            if name in held or names_secret(name):
                return f"${name[:60]}"
    return ""


def _assigned(row: str) -> str:
    """The variable that a line of a script gives a secret to."""
    found = re.match(r"\s*(?:export\s+)?(\w+)=", row[:_LINE_CHARACTERS])
    return found[1] if found and _SECRET.search(row[:_LINE_CHARACTERS]) else ""


def _is_redirected(row: str) -> bool:
    """Whether what a line writes goes to a file; error output is the log as well."""
    text = re.sub(r"\$\{\{.*?\}\}|\"[^\"]*\"|'[^']*'", "", row[:_LINE_CHARACTERS])
    text = re.sub(r"\d?>\s*&\s*\d|2>>?\s*\S+|>\s*/dev/(stderr|stdout)", "", text)
    return ">" in text
