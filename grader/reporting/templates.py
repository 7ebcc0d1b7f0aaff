"""Our templates' loader, and the modules that every one of them may call, in each format."""

import sys
from collections.abc import Callable

import jinja2
from jinja2 import BytecodeCache, Environment, FileSystemLoader, StrictUndefined
from jinja2.bccache import Bucket

from grader.cache.digest import digest
from grader.cache.entries import MEBIBYTE, Entries
from grader.cache.place import user_cache
from grader.cache.ruler import program
from grader.reporting import (
    checklists,
    course,
    decisions,
    findings,
    host_links,
    maturity,
    numbers,
    submitted,
    told,
    words,
)
from grader.reporting.steps import steps
from grader.resources import shipped

_VERSION = "template 1"


class _Compiled(BytecodeCache):
    """What templates were compiled to by earlier runs of the same program, kept for this user.

    A template comes to other code in an environment that treats its text otherwise.
    """

    def __init__(
        self, finalize: Callable[[object], object] | None, keeps_last_line: bool
    ) -> None:
        self._entries = Entries(user_cache() / "templates", 8 * MEBIBYTE)
        named = "" if finalize is None else f"{finalize.__module__}.{finalize.__name__}"
        self._kind = f"{named} {keeps_last_line}"

    def load_bytecode(self, bucket: Bucket) -> None:
        key = self._key(bucket)
        if key and (kept := self._entries.get(key)):
            bucket.bytecode_from_string(kept)

    def dump_bytecode(self, bucket: Bucket) -> None:
        if key := self._key(bucket):
            self._entries.put(key, bucket.bytecode_to_string())

    def _key(self, bucket: Bucket) -> str | None:
        code = program((), self._entries)
        told = (code or "", jinja2.__version__, sys.version, self._kind)
        return digest([_VERSION, *told, bucket.key, bucket.checksum]) if code else None


def templates(
    finalize: Callable[[object], object] | None = None, *, keeps_last_line: bool = False
) -> Environment:
    """An environment whose every expression is escaped, and goes through `finalize` before.

    With `keeps_last_line` a template's last line end is in what it gives.
    """
    environment = Environment(
        loader=FileSystemLoader(shipped("templates")),
        autoescape=True,
        finalize=finalize,
        undefined=StrictUndefined,
        bytecode_cache=_Compiled(finalize, keeps_last_line),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=keeps_last_line,
    )
    environment.globals.update(
        checklists=checklists,
        course=course,
        decisions=decisions,
        findings=findings,
        host_links=host_links,
        numbers=numbers,
        steps=steps,
        submitted=submitted,
        mature=maturity,
        told=told,
        words=words,
    )
    environment.tests["idle"] = told.is_idle
    return environment


def load(environment: Environment, ending: str) -> None:
    """Have the templates with this ending ready, for this process and others."""
    for name in environment.list_templates(
        filter_func=lambda one: one.endswith(ending)
    ):
        environment.get_template(name)
