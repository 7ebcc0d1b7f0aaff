"""Dockerfiles as Docker reads them: instructions, stages, substituted arguments.

Continuation lines, comments between them, here-documents, the escape directive, ARG and
ENV. A stage's `lineage` is the stages of the same file that it is built on, and itself.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from grader.codebase.documents import text_of
from grader.codebase.reading import Reading
from grader.model.snapshot import Snapshot

_BYTES = 200 * 1024
_MAX_FILES = 40
_MAX_INSTRUCTIONS = 2_000
_KEYWORDS = frozenset(
    "ADD ARG CMD COPY ENTRYPOINT ENV EXPOSE FROM HEALTHCHECK LABEL MAINTAINER ONBUILD RUN "
    "SHELL STOPSIGNAL USER VOLUME WORKDIR".split()
)
_NAME = re.compile(
    r"((.+[._-])?(dockerfile|containerfile)|(dockerfile|containerfile)([._-].+))",
    re.IGNORECASE,
)
_FLAG = re.compile(r"--([a-z-]+)(?:=(\S*))?(?:\s+|$)")
_HEREDOC = re.compile(r"(?:^|(?<=\s))\d*<<(-?)(['\"]?)([A-Za-z_]\w*)\2(?=\s|$)")
_VARIABLE = re.compile(r"\\\$|\$(\w+)|\$\{(\w+)(?:(:?[-+?])([^{}]*))?\}")
_PAIR = re.compile(r"""([A-Za-z_][\w.]*)=("(?:[^"\\]|\\.)*"|'[^']*'|(?:\\.|\S)*)""")


@dataclass(frozen=True)
class Instruction:
    """One instruction: its keyword in capitals, its flags, and the rest as it is written.

    `body` is the text of its here-document. Lines are from 1.
    """

    keyword: str
    text: str
    line: int
    flags: tuple[tuple[str, str], ...] = ()
    body: str = ""

    def flag(self, name: str) -> str | None:
        """The value of a flag; None without it."""
        return next((value for one, value in self.flags if one == name), None)

    @property
    def exec_form(self) -> tuple[str, ...] | None:
        """The words of a JSON list; None for what a shell runs."""
        text = re.sub(r"\\\n", " ", self.text).strip()
        if not text.startswith("["):
            return None
        try:
            words = json.loads(text)
        except (ValueError, RecursionError):
            return None
        if isinstance(words, list) and all(isinstance(one, str) for one in words):
            return tuple(words)
        return None

    @property
    def script(self) -> str:
        """What a shell is given: the text, or the here-document that stands for it."""
        if self.body and _HEREDOC.match(self.text.strip()):
            return self.body
        return self.text

    @property
    def words(self) -> tuple[str, ...]:
        """Its words: of a list, or apart at blanks."""
        given = self.exec_form
        text = self.text.replace("\\\n", " ")
        return given if given is not None else tuple(text.split())


@dataclass(frozen=True)
class Stage:
    """One stage: what it is built on, and its instructions after FROM.

    `parent` is the stage of the same file that it is built on; `variables` are what ARG and
    ENV give at its end, `environment` those of ENV.
    """

    index: int
    name: str
    base: str
    line: int
    parent: "Stage | None" = None
    instructions: tuple[Instruction, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def lineage(self) -> tuple["Stage", ...]:
        """The stages that it is built on, the first one first, and itself."""
        found: list[Stage] = []
        one: Stage | None = self
        while one is not None:
            found.append(one)
            one = one.parent
        return tuple(reversed(found))

    @property
    def origin(self) -> "Stage":
        """The stage of its lineage that begins with an image from elsewhere."""
        return self.lineage[0]

    def each(self, *keywords: str) -> Iterator[Instruction]:
        """The instructions of its lineage, or those of some keywords."""
        for stage in self.lineage:
            for one in stage.instructions:
                if not keywords or one.keyword in keywords:
                    yield one

    def last(self, keyword: str) -> Instruction | None:
        """The last instruction of a keyword in its lineage: the one that counts."""
        return next(iter(list(self.each(keyword))[::-1]), None)


@dataclass(frozen=True)
class Dockerfile:
    """One file: its stages in order, or what is wrong with it and where."""

    path: str
    stages: tuple[Stage, ...] = ()
    problem: str = ""
    problem_line: int | None = None

    @property
    def sources(self) -> tuple[str, ...]:
        """What its stages copy from its context."""
        return tuple(
            source
            for stage in self.stages
            for one in stage.instructions
            if one.keyword in ("COPY", "ADD") and one.flag("from") is None
            for source in one.words[:-1]
        )

    def stage(self, name: str) -> Stage | None:
        """A stage by its name or number; the last of that name."""
        for one in reversed(self.stages):
            if name.lower() == one.name.lower() or name == str(one.index):
                return one
        return None

    def built_with(self, stage: Stage) -> tuple[Stage, ...]:
        """The stages that building one needs: its lineage, and those it copies from."""
        todo, done = [stage], dict[int, Stage]()
        while todo:
            one = todo.pop()
            if one.index in done:
                continue
            done[one.index] = one
            if one.parent is not None:
                todo.append(one.parent)
            for instruction in one.instructions:
                source = self.stage(instruction.flag("from") or "")
                if source is not None and source.index < one.index:
                    todo.append(source)
        return tuple(done[index] for index in sorted(done))


def _dockerfiles(snapshot: Snapshot) -> tuple[Dockerfile, ...]:
    paths = [path for path in snapshot.files if is_dockerfile(path)]
    own = [path for path in paths if not snapshot.foreign(path)]
    found = []
    for path in sorted(own, key=lambda one: (one.count("/"), one))[:_MAX_FILES]:
        text = text_of(snapshot, path, _BYTES)
        if text is None:
            found.append(Dockerfile(path, problem="it is no file, or over 200 KiB"))
        else:
            found.append(read_dockerfile(path, text))
    return tuple(found)


def is_dockerfile(path: str) -> bool:
    """Whether a path has a Dockerfile's name: Dockerfile, Dockerfile.api, api.dockerfile."""
    name = PurePosixPath(path).name
    if name.lower().endswith((".dockerignore", ".md", ".txt", ".py", ".yml", ".yaml")):
        return False
    return bool(_NAME.fullmatch(name))


def read_dockerfile(path: str, text: str) -> Dockerfile:
    """A Dockerfile of this text; with a problem where Docker would refuse it."""
    stages: list[Stage] = []
    outer: dict[str, str] = {}
    current: _Open | None = None
    for number, one in enumerate(instructions(text)):
        if number >= _MAX_INSTRUCTIONS:
            return Dockerfile(path, problem="it has too many instructions")
        if one.keyword not in _KEYWORDS:
            told = f"{one.keyword[:40]} is no instruction"
            return Dockerfile(path, problem=told, problem_line=one.line)
        if one.keyword == "FROM":
            if current is not None:
                stages.append(current.stage())
            base, _, name = _from(substituted(one.text, outer))
            parent = next(
                (
                    s
                    for s in reversed(stages)
                    if s.name and s.name.lower() == base.lower()
                ),
                None,
            )
            current = _Open(len(stages), name, base, one.line, parent, dict(outer))
        elif current is not None:
            current.take(one)
        elif one.keyword == "ARG":
            for key, value in pairs(one.text):
                outer[key] = substituted(value, outer)
        else:
            told = f"{one.keyword} stands before the first FROM"
            return Dockerfile(path, problem=told, problem_line=one.line)
    if current is None:
        return Dockerfile(path, problem="it has no FROM")
    return Dockerfile(path, (*stages, current.stage()))


class _Open:
    """A stage that is being read."""

    def __init__(
        self,
        index: int,
        name: str,
        base: str,
        line: int,
        parent: Stage | None,
        outer: dict[str, str],
    ) -> None:
        self._index, self._name, self._base, self._line = index, name, base, line
        self._parent, self._outer = parent, outer
        self._instructions: list[Instruction] = []
        self._environment = dict(parent.environment) if parent else {}
        self._arguments: dict[str, str] = {}

    def take(self, one: Instruction) -> None:
        """Keep an instruction, and what it gives a name."""
        self._instructions.append(one)
        if one.keyword == "ENV":
            for key, value in pairs(one.text):
                self._environment[key] = substituted(value, self._variables)
        elif one.keyword == "ARG":
            for key, value in pairs(one.text):
                # Without a value it takes the one from before the first FROM.
                given = value if "=" in one.text else self._outer.get(key, "")
                self._arguments[key] = substituted(given, self._variables)

    def stage(self) -> Stage:
        """The stage as it is now."""
        return Stage(
            self._index,
            self._name,
            self._base,
            self._line,
            self._parent,
            tuple(self._instructions),
            self._variables,
            dict(self._environment),
        )

    @property
    def _variables(self) -> dict[str, str]:
        # What ENV says goes before an argument of the same name.
        return self._arguments | self._environment


def _from(text: str) -> tuple[str, str, str]:
    """The image and the name of `image AS name`."""
    words = text.split()
    if len(words) >= 3 and words[1].lower() == "as":
        return words[0], words[1], words[2]
    return (words[0] if words else ""), "", ""


def instructions(text: str) -> Iterator[Instruction]:
    """The instructions of a Dockerfile, in order."""
    rows = text.replace("\r\n", "\n").split("\n")
    escape = _escape(rows)
    at = 0
    while at < len(rows):
        row = rows[at].strip()
        if not row or row.startswith("#"):
            at += 1
            continue
        start, parts = at + 1, list[str]()
        while at < len(rows):
            row = rows[at].rstrip()
            at += 1
            if parts and row.lstrip().startswith("#") or parts and not row.strip():
                # A comment or an empty line between continued lines is left out.
                parts.append("\\\n")
            elif row.endswith(escape):
                parts.append(row[:-1] + "\\\n")
            else:
                parts.append(row)
                break
        whole = "".join(parts).lstrip()
        keyword = re.split(r"\s", whole, maxsplit=1)[0]
        rest = whole[len(keyword) :].lstrip(" \t\\\n") if keyword != whole else ""
        body: list[str] = []
        if keyword.upper() in ("RUN", "COPY", "ADD"):
            for found in _HEREDOC.finditer(rest):
                ends = (
                    number
                    for number in range(at, len(rows))
                    if (rows[number].lstrip("\t") if found[1] else rows[number])
                    == found[3]
                )
                # Without its end Docker refuses the file: what follows is read as it is.
                if (end := next(ends, None)) is not None:
                    body += rows[at:end]
                    at = end + 1
        yield _instruction(keyword.upper(), rest, start, "\n".join(body))


def _escape(rows: list[str]) -> str:
    for row in rows:
        found = re.fullmatch(r"#\s*(\w+)\s*=\s*(\S+)\s*", row.strip())
        if found is None:
            return "\\"
        if found[1].lower() == "escape" and found[2] in ("`", "\\"):
            return found[2]
    return "\\"


def _instruction(keyword: str, rest: str, line: int, body: str) -> Instruction:
    flags: list[tuple[str, str]] = []
    while found := _FLAG.match(rest):
        flags.append((found[1], found[2] or ""))
        rest = rest[found.end() :].lstrip(" \t\\\n")
    return Instruction(keyword, rest, line, tuple(flags), body)


def pairs(text: str) -> list[tuple[str, str]]:
    """The names and values of ENV, ARG and LABEL, also as `ENV name value`."""
    text = text.replace("\\\n", " ").strip()
    found = [(one[1], _unquoted(one[2])) for one in _PAIR.finditer(text[:20_000])]
    if found and text.startswith(found[0][0] + "="):
        return found
    name, _, value = text.partition(" ")
    return [(name, value.strip())] if name else []


def _unquoted(value: str) -> str:
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'":
        return value[1:-1]
    return value


def substituted(text: str, variables: Mapping[str, str]) -> str:
    """A text with `$NAME` and `${NAME:-default}` put in; a name that nobody gives stays."""

    def value(use: re.Match[str]) -> str:
        name = use[1] or use[2]
        if name is None:
            return use[0]
        given = variables.get(name)
        operator = (use[3] or "").lstrip(":")
        if operator == "+":
            return use[4] if given else ""
        if given:
            return given
        return use[4] if operator == "-" else use[0]

    return _VARIABLE.sub(value, text)[:20_000]


dockerfiles_of: Reading[tuple[Dockerfile, ...]] = Reading(_dockerfiles)
