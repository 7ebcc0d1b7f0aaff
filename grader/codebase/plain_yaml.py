"""YAML as plain text values with their lines: no tags, no types, bounded.

Values stay text on purpose: `python: 3.10` must not become 3.1. The document is built
from the parser's events with a stack of our own, so that nesting can't exhaust
Python's.
"""

from dataclasses import dataclass
from typing import TypeAlias, Union

import yaml

MAX_NODES = 400_000
MAX_DEPTH = 30


@dataclass(frozen=True)
class Scalar:
    """A value's text and its line, from 1; `is_plain` without quotes around it."""

    text: str
    line: int
    is_plain: bool = True


Node: TypeAlias = Union[Scalar, "list[Node]", "dict[str, Node]"]


class BadYaml(Exception):
    """Why a text is not YAML that we read, and the line."""

    def __init__(self, reason: str, line: int | None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line


def load(text: str) -> Node | None:
    """The first document of a text; None for an empty one. Raises `BadYaml`."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    builder = _Builder()
    try:
        for event in yaml.parse(text, Loader=loader):
            if builder.take(event):
                break
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        reason = error.problem or error.context or "cannot be read"
        raise BadYaml(reason, mark.line + 1 if mark else None) from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise BadYaml(str(error).split("\n", 1)[0] or "cannot be read", None) from error
    return builder.document


class _Builder:
    def __init__(self) -> None:
        self.document: Node | None = None
        self._open: list[tuple[Node, str | None]] = []
        self._key: str | None = None
        self._anchors: dict[str, tuple[Node, int]] = {}
        self._starts: list[tuple[str | None, int]] = []
        self._nodes = 0

    def take(self, event: yaml.Event) -> bool:
        """Use one event; True once the first document is whole."""
        line = event.start_mark.line + 1 if event.start_mark else 0
        match event:
            case yaml.ScalarEvent():
                self._count(1, line)
                is_plain = not event.style
                scalar = Scalar(event.value, line, is_plain)
                self._place_scalar(scalar, event.anchor)
            case yaml.AliasEvent():
                # An alias weighs what it stands for: few lines can stand for billions.
                if event.anchor not in self._anchors:
                    raise BadYaml(f'nothing is called "{event.anchor}"', line)
                node, weight = self._anchors[event.anchor]
                self._count(weight, line)
                self._put(node, line)
            case yaml.SequenceStartEvent():
                self._start([], event.anchor, line)
            case yaml.MappingStartEvent():
                self._start({}, event.anchor, line)
            case yaml.SequenceEndEvent() | yaml.MappingEndEvent():
                self._end(line)
            case yaml.DocumentEndEvent():
                return True
        return False

    def _count(self, weight: int, line: int) -> None:
        self._nodes += weight
        if self._nodes > MAX_NODES:
            raise BadYaml("it stands for too many values", line)

    def _place_scalar(self, scalar: Scalar, anchor: str | None) -> None:
        if anchor:
            self._anchors[anchor] = (scalar, 1)
        if self._awaits_key():
            self._key = scalar.text
        else:
            self._put(scalar, scalar.line)

    def _awaits_key(self) -> bool:
        return (
            bool(self._open)
            and isinstance(self._open[-1][0], dict)
            and self._key is None
        )

    def _start(self, node: Node, anchor: str | None, line: int) -> None:
        if self._awaits_key():
            raise BadYaml("a key is plain text", line)
        self._count(1, line)
        if len(self._open) >= MAX_DEPTH:
            raise BadYaml("it is nested too deeply", line)
        self._open.append((node, self._key))
        self._starts.append((anchor, self._nodes))
        self._key = None

    def _end(self, line: int) -> None:
        node, self._key = self._open.pop()
        anchor, before = self._starts.pop()
        if anchor:
            self._anchors[anchor] = (node, self._nodes - before + 1)
        self._put(node, line)

    def _put(self, node: Node, line: int) -> None:
        if not self._open:
            self.document = node
            return
        parent = self._open[-1][0]
        if isinstance(parent, list):
            parent.append(node)
        elif isinstance(parent, dict):
            if self._key is None:
                raise BadYaml("a key is plain text", line)
            parent[self._key] = node
            self._key = None
