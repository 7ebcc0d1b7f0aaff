"""The commands that a repository's files give to a person or a tool to run.

Dockerfiles (CMD and ENTRYPOINT), Procfiles, render.yaml and its like, compose files,
Makefiles, shell scripts, and the code in a README. Comments and prose are no commands.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

from grader.codebase.commands import Started, started, started_by
from grader.codebase.dockerfiles import Instruction, instructions
from grader.codebase.documents import Document, Value, documents_of, text_of
from grader.codebase.markdown import read_markdown
from grader.codebase.reading import Reading
from grader.model.measurement import Sight
from grader.model.snapshot import Snapshot

Origin = Literal["deployment", "code", "script", "readme"]

_FASTAPI = re.compile(r"(^|[\s;&|])fastapi\s+(run|dev)\s")
_DEPLOYS = re.compile(
    r"(render|heroku|app|docker-compose.*|compose.*|fly|railway|koyeb|apprunner"
    r"|cloudbuild|zeet|nixpacks)\.(ya?ml|toml|json)"
)
_DOCKERFILE = re.compile(r"(.*\.)?(dockerfile|containerfile)(\..*)?", re.IGNORECASE)
_EXPLAINS = re.compile(r"(readme|install|usage|deploy|run)\w*\.md")
_MAX_BYTES = 200 * 1024
_MAX_FILES = 200
_MAX_LEAVES = 2_000


@dataclass(frozen=True, eq=False)
class Command:
    """One program that a file says to start.

    `among` are all that the same command or script starts, in their order, itself too.
    """

    started: Started
    sight: Sight
    origin: Origin
    among: tuple[Started, ...]


def _from_files(snapshot: Snapshot) -> Iterator[Command]:
    documents = documents_of(snapshot)
    looked = 0
    for path in snapshot.files:
        name = PurePosixPath(path).name
        is_text = (
            _DOCKERFILE.fullmatch(name)
            or name in ("Procfile", "Makefile", "makefile", "GNUmakefile", "justfile")
            or name.endswith(".sh")
            or _EXPLAINS.fullmatch(name.lower())
        )
        is_document = _DEPLOYS.fullmatch(name.lower())
        if not (is_text or is_document) or snapshot.foreign(path):
            continue
        looked += 1
        if looked > _MAX_FILES:
            return
        if is_document:
            yield from _from_document(documents.get(path))
        elif (text := text_of(snapshot, path, _MAX_BYTES)) is not None:
            yield from _from_text(path, name, text)


def _from_text(path: str, name: str, text: str) -> Iterator[Command]:
    if name.endswith(".md"):
        reading = read_markdown(text)
        for block in reading.code_blocks:
            if block.language not in ("python", "py", "json", "yaml", "toml"):
                yield from _in_lines(path, _prompted(block.text), block.line, "readme")
        for words in reading.texts:
            for code in words.codes:
                yield from _in_lines(path, code, words.line, "readme")
    elif _DOCKERFILE.fullmatch(name):
        for line, ran in docker_starts(text):
            yield from _each(ran, Sight(path=path, line=line), "deployment")
    elif name == "Procfile":
        for number, row in enumerate(text.splitlines(), start=1):
            yield from _in_lines(path, row.partition(":")[2], number, "deployment")
    elif name.endswith(".sh"):
        # One command after the other: what the first fetches the last one serves.
        commands = list(_in_lines(path, text, 1, "script"))
        among = tuple(one.started for one in commands)
        for one in commands:
            yield Command(one.started, one.sight, one.origin, among)
    else:
        recipes = "\n".join(
            row.strip().lstrip("@-+") if row.startswith(("\t", "    ")) else ""
            for row in text.splitlines()
        )
        yield from _in_lines(path, recipes, 1, "script")


def _prompted(text: str) -> str:
    """A block without the prompts before its commands."""
    return "\n".join(re.sub(r"^\s*[$>%]\s+", "", row) for row in text.splitlines())


def _in_lines(path: str, text: str, first: int, origin: Origin) -> Iterator[Command]:
    """What a piece of shell starts, by the line that the command begins on."""
    whole, start = "", first
    for number, row in enumerate(text.splitlines(), start=first):
        start = start if whole else number
        whole += row.rstrip("\\") + " "
        if row.endswith("\\"):
            continue
        sight = Sight(path=path, line=start)
        yield from _each(_started(whole), sight, origin)
        whole = ""


def _each(ran: tuple[Started, ...], sight: Sight, origin: Origin) -> Iterator[Command]:
    return (Command(one, sight, origin, ran) for one in ran)


def _started(text: str) -> tuple[Started, ...]:
    found = started(text)
    if _FASTAPI.search(f" {text}"):
        # `fastapi run app/main.py` is told as the script that it is given.
        return tuple(
            (
                Started("program", "fastapi", (one.name, *one.words))
                if one.kind == "script"
                else one
            )
            for one in found
        )
    return found


def docker_starts(text: str) -> list[tuple[int, tuple[Started, ...]]]:
    """What the last stage of a Dockerfile starts, by CMD and ENTRYPOINT, with lines."""
    entry: Instruction | None = None
    command: Instruction | None = None
    for one in instructions(text):
        if one.keyword == "FROM":
            entry = command = None
        elif one.keyword == "ENTRYPOINT":
            entry, command = one, None
        elif one.keyword == "CMD":
            command = one
    found = []
    if entry and command and entry.exec_form and command.exec_form:
        joined = [*entry.exec_form, *command.exec_form]
        found.append((entry.line, started_by(joined)))
    for given in (entry, command):
        if given:
            form = given.exec_form
            shell = given.text.replace("\\\n", " ")
            found.append((given.line, _started(shell) if form is None else _run(form)))
    return found


def _run(words: Sequence[str]) -> tuple[Started, ...]:
    if words and words[0] == "fastapi":
        return _started(" ".join(words))
    return started_by(words)


def _from_document(document: Document) -> Iterator[Command]:
    stack: list[tuple[tuple[str | int, ...], Value]] = [((), document.value)]
    leaves = 0
    while stack and leaves < _MAX_LEAVES:
        keys, value = stack.pop()
        leaves += 1
        sight = Sight(path=document.path, line=document.line_of(*keys))
        match value:
            case str():
                yield from _each(_started(value), sight, "deployment")
            case list() if value and all(isinstance(one, str) for one in value):
                ran = _run([str(one) for one in value])
                yield from _each(ran, sight, "deployment")
            case list():
                stack.extend(((*keys, at), one) for at, one in enumerate(value))
            case dict():
                stack.extend(((*keys, key), one) for key, one in value.items())


def written_commands_of(snapshot: Snapshot) -> tuple[Command, ...]:
    """The commands in a repository's files, in the order of their paths."""
    return _commands_of(snapshot)


_commands_of: Reading[tuple[Command, ...]] = Reading(
    lambda snapshot: tuple(_from_files(snapshot))
)
