"""Credentials that stand in the files: in code, configuration, workflows, Dockerfiles, cells.

By detect-secrets, and by what a name says that is given a text. Only kinds and places leave
this module.
"""

import ast
from collections.abc import Iterator

from grader.checkers._base import Bench
from grader.checkers._detect_secrets import passed_over
from grader.checkers._secrets_judged import is_data, is_example, may_be_secret
from grader.checkers._secrets_lines import LINE_CHARACTERS, Lines, hits
from grader.codebase.code import CodeFile, code_of
from grader.codebase.credentials import is_credential
from grader.codebase.dockerfiles import dockerfiles_of, pairs
from grader.codebase.documents import documents_of, text_of
from grader.codebase.notebooks import notebooks
from grader.codebase.origins import ENVIRONMENT_READS
from grader.codebase.secret_files import secret_file
from grader.codebase.settings import leaves, settings_of
from grader.codebase.workflows import workflows_of
from grader.errors import CannotMeasure
from grader.model.measurement import Sight
from grader.model.snapshot import MAX_FILE_BYTES, Snapshot

_MAX_CHARACTERS = 16 * 1024 * 1024
_SHORTEST = 6
_SNIFFED = 8_000


def searched(snapshot: Snapshot) -> list[str]:
    """The files that are searched: the project's own, notebooks and data aside."""
    left_out = dict(passed_over(snapshot))
    return [
        path
        for path in snapshot.files
        if path not in left_out
        and not path.lower().endswith(".ipynb")
        and not is_data(path)
    ]


def literals(snapshot: Snapshot, bench: Bench) -> list[Sight]:
    """Where credentials stand, but for the files that are made for secrets."""
    found: dict[tuple[str, str | int | None], Sight] = {}
    lines = {one.path: one for one in _lines(snapshot)}
    for hit in hits(lines, bench):
        is_cell = isinstance(hit.place, str)
        what = f"{hit.place}: {hit.kind}" if is_cell else hit.kind
        line = hit.place if isinstance(hit.place, int) else None
        sight = Sight(path=hit.path, line=line, what=what)
        found.setdefault((hit.path, hit.place), sight)
    for sight in (*_in_code(snapshot), *_in_settings(snapshot), *_in_images(snapshot)):
        if secret_file(sight.path) is None:
            found.setdefault((sight.path, sight.line), sight)
    return sorted(found.values(), key=lambda one: (one.path, one.line or 0))


def _lines(snapshot: Snapshot) -> Iterator[Lines[str | int]]:
    """The lines of the tracked files that may hold a secret, and those of cells."""
    room = _MAX_CHARACTERS
    for path in searched(snapshot):
        text = text_of(snapshot, path, MAX_FILE_BYTES)
        if text is None or secret_file(path) is not None or "\0" in text[:_SNIFFED]:
            continue
        lines: Lines[str | int] = Lines(path)
        for number, row in enumerate(text.split("\n"), start=1):
            line = row.strip()[:LINE_CHARACTERS]
            if len(line) >= _SHORTEST and may_be_secret(line, path):
                lines.take(line, number)
                room -= len(line)
        if room < 0:
            raise CannotMeasure(
                "secrets-hygiene: over 16 MiB of lines look as if they held secrets."
            )
        yield lines
    for one in notebooks(snapshot):
        lines = Lines(one.path)
        for cell in one.cells:
            for row in cell.text.split("\n"):
                line = row.strip()[:LINE_CHARACTERS]
                if len(line) >= _SHORTEST and may_be_secret(line, one.path):
                    lines.take(line, f"cell {cell.number}")
        yield lines


def _in_code(snapshot: Snapshot) -> Iterator[Sight]:
    code = code_of(snapshot)
    for path, file in code.files.items():
        if file.is_test:
            continue
        for node in file.names.nodes:
            for name, value in _given(file, node):
                match value:
                    case ast.Constant(value=str(text)) if is_credential(
                        name, text
                    ) and not is_example(text):
                        what = f"a text is given to {name[:60]}"
                        yield Sight(path=path, line=value.lineno, what=what)


def _given(file: CodeFile, node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """The names that a node gives values to, by whatever way."""
    match node:
        case ast.Assign(targets=targets, value=value):
            for target in targets:
                yield _name(target), value
        case ast.AnnAssign(target=target, value=ast.expr() as value):
            yield _name(target), value
        case ast.Dict(keys=keys, values=values):
            for key, one in zip(keys, values):
                if isinstance(key, ast.Constant):
                    yield str(key.value), one
        case ast.Call(func=called, args=args, keywords=keywords):
            for keyword in keywords:
                yield keyword.arg or "", keyword.value
            # The value that stands in where the environment has none.
            if file.names.qualified(called) in ENVIRONMENT_READS:
                match args:
                    case [ast.Constant(value=str(name)), default]:
                        yield name, default


def _name(target: ast.expr) -> str:
    match target:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Subscript(slice=ast.Constant(value=str(name))):
            return name
    return ""


def _in_settings(snapshot: Snapshot) -> Iterator[Sight]:
    """What configuration files and workflows give to names that say so."""
    for document in settings_of(snapshot).files.values():
        for leaf in leaves(document):
            if is_credential(leaf.keys[-1], leaf.value):
                line = document.line_of(*leaf.keys)
                what = f"{'.'.join(leaf.keys)[:80]} has its value in the file"
                yield Sight(path=leaf.path, line=line, what=what)
    for workflow in workflows_of(snapshot):
        document = documents_of(snapshot).get(workflow.path)
        for leaf in leaves(document):
            is_set = {"env", "with"} & set(leaf.keys[:-1])
            if is_set and is_credential(leaf.keys[-1], leaf.value):
                line = document.line_of(*leaf.keys)
                what = f"{leaf.keys[-1][:60]} has its value in the file"
                yield Sight(path=leaf.path, line=line, what=what)


def _in_images(snapshot: Snapshot) -> Iterator[Sight]:
    for file in dockerfiles_of(snapshot):
        for stage in file.stages:
            for one in stage.instructions:
                if one.keyword not in ("ENV", "ARG"):
                    continue
                for name, value in pairs(one.text):
                    if is_credential(name, value):
                        what = f"{one.keyword} {name[:60]} has its value in the file"
                        yield Sight(path=file.path, line=one.line, what=what)
