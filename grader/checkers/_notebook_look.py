"""Looks at the notebooks that can be read for what is in the way of each line."""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence

from pydantic import Field

from grader.checkers._base import Bench, Options
from grader.checkers._detect_secrets import scan, scan_command
from grader.checkers._notebook_code import (
    copied,
    defined,
    functions_of_modules,
    project_imports,
    repeated_views,
)
from grader.checkers._secrets_judged import is_secret
from grader.codebase.modules import Modules
from grader.codebase.notebooks import Cell, Notebook
from grader.codebase.path_literals import hardcoded_paths
from grader.model.measurement import Sight
from grader.model.snapshot import Snapshot


class NotebooksOptions(Options):
    """What is long, repeated and explained.

    `max_output_lines` and `max_output_bytes` are of one cell's text; `max_views` how many
    cells may take the same look at data; `max_definitions` how many functions and classes a
    notebook may define; `min_markdown_share` is of its cells with anything in them.
    """

    max_output_lines: int = Field(default=100, ge=1)
    max_output_bytes: int = Field(default=500_000, ge=1)
    max_views: int = Field(default=2, ge=1)
    max_definitions: int = Field(default=3, ge=0)
    min_markdown_share: float = Field(default=0.2, ge=0, le=1)


class Look:
    """What is seen in the notebooks that can be read."""

    def __init__(self, readable: Sequence[Notebook], options: NotebooksOptions) -> None:
        self.readable = readable
        self._options = options
        self._code = [(one, cell) for one in readable for cell in one.code_cells]

    def code(self) -> Sequence[tuple[Notebook, Cell]]:
        """All code cells, with their notebooks."""
        return self._code

    def disorder(self) -> Iterator[Sight]:
        """The first cell of each notebook that was not run when its place says."""
        for one in self.readable:
            for expected, cell in enumerate(one.code_cells, 1):
                if cell.count == expected:
                    continue
                cells = one.code_cells
                if all(other.count is None for other in cells):
                    told = "no cell has an execution count"
                elif cell.count is None:
                    told = f"cell {cell.number} was not run"
                else:
                    told = (
                        f"cell {cell.number} has the execution count {cell.count} "
                        f"where a run of all cells gives {expected}"
                    )
                yield Sight(path=one.path, what=told)
                break

    def errors(self) -> Iterator[Sight]:
        """The cells that ended with an error."""
        for one, cell in self._code:
            for output in cell.outputs:
                if output.kind == "error":
                    told = f"cell {cell.number} ended with {output.error[:60]}"
                    yield Sight(path=one.path, what=told)
                    break

    def long_outputs(self) -> Iterator[Sight]:
        """The cells with more text than the options allow."""
        for one, cell in self._code:
            lines = sum(output.lines for output in cell.outputs)
            size = sum(len(output.text) for output in cell.outputs)
            if lines > self._options.max_output_lines:
                told = f"cell {cell.number} prints {lines} lines"
            elif size > self._options.max_output_bytes:
                told = f"cell {cell.number} leaves {size / 1000:.0f} kB of text"
            else:
                continue
            yield Sight(path=one.path, what=told)

    def views(self) -> Iterator[Sight]:
        """Looks at data that too many cells take."""
        for one in self.readable:
            for view in repeated_views(one, self._options.max_views):
                cells = ", ".join(str(cell.number) for cell in view.cells[:10])
                told = f"{len(view.cells)} cells show {view.name}() ({cells})"
                yield Sight(path=one.path, what=told)

    def paths(self) -> Iterator[Sight]:
        """Absolute paths, not quoted: they have names of people in them."""
        for one in self.readable:
            for found in hardcoded_paths(one.names):
                if (cell := one.cell_of(found.node)) is not None:
                    told = f"cell {cell.number} has {found.form.value}"
                    yield Sight(path=one.path, what=told)

    def imports(self, snapshot: Snapshot) -> Iterator[Sight]:
        """The project's own modules that are imported and used."""
        modules = Modules(snapshot.python_files)
        for one in self.readable:
            for name, cell in project_imports(one, modules):
                yield Sight(path=one.path, what=f"cell {cell.number}: {name}")

    def crowded(self) -> Iterator[Sight]:
        """Notebooks that define more than the options allow."""
        for one in self.readable:
            count = len(defined(one))
            if count > self._options.max_definitions:
                told = f"{count} functions and classes are defined in it"
                yield Sight(path=one.path, what=told)

    def copies(self, snapshot: Snapshot) -> Iterator[Sight]:
        """Functions that a module has too."""
        known = functions_of_modules(snapshot)
        for one in self.readable:
            for found in copied(one, known):
                told = f"cell {found.cell.number}: {found.name} is in {found.path} too"
                yield Sight(path=one.path, what=told)

    def unexplained(self) -> Iterator[Sight]:
        """Notebooks with too little text between their code, or without a heading."""
        for one in self.readable:
            cells = [cell for cell in one.cells if not cell.is_blank]
            told = [c for c in cells if c.kind == "markdown" and _has_words(c.text)]
            if one.code_cells and len(told) < (
                self._options.min_markdown_share * len(cells)
            ):
                share = f"{len(told)} of {len(cells)} cells have text"
                yield Sight(path=one.path, what=share)
            elif one.code_cells and not any(_has_heading(c.text) for c in told):
                yield Sight(path=one.path, what="no Markdown cell has a heading")

    def markdown_share(self) -> float:
        """Markdown cells of all cells with anything in them."""
        cells = [c for one in self.readable for c in one.cells if not c.is_blank]
        markdown = sum(cell.kind == "markdown" for cell in cells)
        return markdown / len(cells) if cells else 0.0


def _has_words(text: str) -> bool:
    return sum(any(c.isalpha() for c in word) for word in text.split()) >= 2


def _has_heading(text: str) -> bool:
    return any(line.lstrip().startswith(("#", "<h")) for line in text.splitlines())


# What detect-secrets counts its lines by.
_LINE_END = re.compile(r"\r\n|\r|\n")


def secrets_in(readable: Sequence[Notebook], bench: Bench) -> Iterator[Sight]:
    """What looks like a secret in the cells' text: its kind and the cell, never itself.

    What plainly stands in for one (`YOUR_KEY_HERE`) does not.
    """
    files: dict[str, tuple[Notebook, list[int], list[str]]] = {}
    folder = bench.scratch / "cells"
    folder.mkdir()
    for number, one in enumerate(readable):
        # One file for each notebook: the tool takes long over many files.
        starts, text = [], ""
        for cell in one.cells:
            starts.append(text.count("\n") + 1)
            text += f"{cell.text}\n"
        if text.strip():
            files[f"{number}.py"] = (one, starts, _LINE_END.split(text))
            (folder / f"{number}.py").write_text(text, "utf-8", "replace", newline="")
    if not files:
        return
    tree = Snapshot(root=folder, name="cells", files=tuple(sorted(files)))
    # Whatever a cell says of itself: there is no review of notebooks' comments.
    found = scan(scan_command(unmasked=True), tree.files, tree, bench)
    for secret, line in sorted(found.items(), key=lambda one: (one[0], one[1] or 0)):
        one, starts, lines = files[secret.path]
        # One that can't be looked at stays a secret.
        if line and line <= len(lines):
            if not is_secret(secret.type, lines[line - 1], one.path):
                continue
        where = f"cell {bisect_right(starts, line)}" if line else "a cell"
        yield Sight(path=one.path, what=f"{where} has what looks like: {secret.type}")
