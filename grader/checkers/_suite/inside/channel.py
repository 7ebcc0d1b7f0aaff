"""Sends events over an inherited pipe; whatever is of the tests' choosing is cut.

Each event is a line of JSON with a key that nobody else in the process is told, and a
number from 0. The line begins with a newline of its own: what others write to the pipe
must not spoil it.
"""

from __future__ import annotations

import hashlib
import json
import os

MYPY = False
if MYPY:
    from collections.abc import Callable, Mapping

    Event = Mapping[str, object]
    Send = Callable[[str, Event], None]

MAX_NODE, MAX_MESSAGE, MAX_TEXT = 500, 2_000, 8_000


def make_channel(descriptor: int, key: str) -> Send:
    """What sends an event, in this process and in no child of it."""
    write, encode, getpid = os.write, json.JSONEncoder().encode, os.getpid
    me = getpid()
    state = {"number": 0, "is_open": True}

    def send(kind: str, event: Event) -> None:
        if getpid() != me or not state["is_open"]:
            return
        head = '\n{"key": "%s", "number": %d, "kind": "%s"' % (
            key,
            state["number"],
            kind,
        )
        rest = encode(event)[1:]
        line = f"{head}{', ' if rest != '}' else ''}{rest}\n".encode("ascii")
        state["number"] += 1
        try:
            while line:
                line = line[write(descriptor, line) :]
        except OSError:
            # Closed by the tests: without `finish` the run counts as incomplete.
            state["is_open"] = False

    return send


def function_of(node: str) -> str:
    """The id of a test's function: without its parameters."""
    path, colons, rest = node.partition("::")
    return f"{path}{colons}{rest.partition('[')[0]}"


def cut_node(node: str) -> str:
    """At most 500 characters, and still another one for another test."""
    node = plain(node)
    if len(node) <= MAX_NODE:
        return node
    whole = hashlib.sha256(node.encode("utf-8")).hexdigest()[:16]
    return f"{node[: MAX_NODE - 17]}…{whole}"


def cut_text(text: str, most: int) -> str:
    """Its beginning, and more of its end, where the reason stands."""
    text = plain(text)
    if len(text) <= most:
        return text
    return f"{text[: most // 4]}\n…\n{text[3 - most + most // 4 :]}"


def plain(text: str) -> str:
    """The text without lone surrogates, which no encoding has."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
