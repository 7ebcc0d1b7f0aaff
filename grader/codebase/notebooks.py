"""Jupyter notebooks of a repository, formats 3 and 4: cells, what they printed, their code.

Nothing is run. Everything is bounded: a file is read only below `MAX_BYTES`, and a file
that is no notebook is a `Notebook` with a problem, not an exception.
"""

import ast
import json
import re
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

from grader.codebase.names import Names, read_names
from grader.codebase.reading import Reading
from grader.model.parsing import PARSING
from grader.model.snapshot import MAX_MARKS, Snapshot

MAX_BYTES = 10 * 1024 * 1024
MAX_NOTEBOOKS = 200
MAX_CELLS = 2_000
# Of code in one notebook: a syntax tree takes a thousand times its text.
MAX_CODE_CHARACTERS = 256 * 1024

Kind = Literal["code", "markdown", "raw"]

_TARGETS = re.compile(r"[\w., \t]+")
_HELP = re.compile(r"\?\??[\w.%]+|[\w.%]+\?\??")
# These run the cell as Python; after any other the cell is something else.
_PYTHON_CELLS = frozenset({"time", "timeit", "capture", "prun", "python3"})
# Python brings names into a normal form in the square of such a run.
_FOREIGN = re.compile(rf"[^\x00-\x7f]{{{MAX_MARKS * 10},}}")
_PICTURES = ("image/", "png", "jpeg", "svg", "pdf")


@dataclass(frozen=True)
class Output:
    """One thing that a cell left: its kind, its text, and the name of an error.

    `text` is what is shown as text or HTML; of a picture it is empty. `lines` are those of
    the plain text.
    """

    kind: Literal["text", "error", "picture"]
    text: str = ""
    lines: int = 0
    error: str = ""


@dataclass(frozen=True)
class Cell:
    """One cell; `number` counts all cells from 1, `count` is the number in `In [3]`."""

    number: int
    kind: Kind
    text: str
    count: int | None = None
    outputs: tuple[Output, ...] = ()

    @cached_property
    def tree(self) -> ast.Module | None:
        """The syntax tree of a code cell, its magics blanked out; None for no Python.

        Also for a cell too large to be parsed.
        """
        if len(self.text) > MAX_CODE_CHARACTERS or _FOREIGN.search(self.text):
            return None
        # A line of a sum may begin with `%`: only what is no Python has magics in it.
        return _parsed(self.text) or _parsed(blanked(self.text))

    @property
    def is_blank(self) -> bool:
        """Whether there is nothing in it that a kernel would count as run."""
        return not self.text.strip()


@dataclass(frozen=True)
class Notebook:
    """One notebook, or the problem that it can't be read for, in words.

    `is_too_large`: it wasn't looked into.
    """

    path: str
    cells: tuple[Cell, ...] = ()
    problem: str | None = None
    is_too_large: bool = False

    @property
    def code_cells(self) -> tuple[Cell, ...]:
        """The code cells with anything in them."""
        return tuple(c for c in self.cells if c.kind == "code" and not c.is_blank)

    @cached_property
    def parsed(self) -> tuple[Cell, ...]:
        """The code cells that are Python, as far as there is room for their trees."""
        room, found = MAX_CODE_CHARACTERS, []
        for cell in self.code_cells:
            room -= len(cell.text)
            if room >= 0 and cell.tree is not None:
                found.append(cell)
        return tuple(found)

    @cached_property
    def names(self) -> Names:
        """The names of all cells as of one module: what one cell imports the next one has."""
        body = [
            node
            for cell in self.parsed
            if cell.tree is not None
            for node in cell.tree.body
        ]
        return read_names(ast.Module(body=body, type_ignores=[]))

    @cached_property
    def _cells(self) -> dict[ast.AST, Cell]:
        return {
            node: cell
            for cell in self.parsed
            if cell.tree is not None
            for node in cell.tree.body
        }

    def cell_of(self, node: ast.AST) -> Cell | None:
        """The cell that a node of `names` stands in."""
        parents = self.names.parents
        while node in parents and node not in self._cells:
            node = parents[node]
        return self._cells.get(node)


def notebooks(snapshot: Snapshot) -> tuple[Notebook, ...]:
    """The project's own notebooks in the order of their paths."""
    return _NOTEBOOKS(snapshot)


def _read_all(snapshot: Snapshot) -> tuple[Notebook, ...]:
    paths = [path for path in snapshot.files if _is_own(path, snapshot)]
    # One that is too large even for the copy is a notebook all the same.
    beyond = [
        Notebook(one.path, problem=f"it is {one.reason}", is_too_large=True)
        for one in snapshot.left_out
        if one.reason.startswith("too large") and _is_own(one.path, snapshot)
    ]
    read = [read_notebook(snapshot.root / path, path) for path in paths[:MAX_NOTEBOOKS]]
    return (*read, *beyond)


def _is_own(path: str, snapshot: Snapshot) -> bool:
    return path.lower().endswith(".ipynb") and not snapshot.foreign(path)


_NOTEBOOKS: Reading[tuple[Notebook, ...]] = Reading(_read_all)


def read_notebook(file: Path, path: str) -> Notebook:
    """Read one file; what is wrong with it is its problem."""
    if file.is_symlink() or not file.is_file():
        return Notebook(path, problem="it is no regular file")
    size = file.stat().st_size
    if size > MAX_BYTES:
        told = f"it is too large to be read: {size / 1024 / 1024:.0f} MiB"
        return Notebook(path, problem=told, is_too_large=True)
    try:
        whole: object = json.loads(file.read_bytes().decode("utf-8-sig"))
    except json.JSONDecodeError as error:
        if size == 0:
            return Notebook(path, problem="it is empty")
        told = f"it is not JSON: {error.msg}, line {error.lineno}"
        if error.doc.startswith("version https://git-lfs"):
            told = "its content is kept in Git LFS, and was not fetched"
        return Notebook(path, problem=told)
    except UnicodeDecodeError:
        return Notebook(path, problem="it is not UTF-8")
    except (ValueError, RecursionError):
        return Notebook(path, problem="it is not JSON that can be read")
    return _notebook(whole, path)


def _notebook(whole: object, path: str) -> Notebook:
    if not isinstance(whole, Mapping):
        return Notebook(path, problem="it is JSON, but no notebook")
    raw: object = whole.get("cells")
    if raw is None and isinstance(sheets := whole.get("worksheets"), list):
        # Format 3 has its cells in worksheets, and nobody ever had more than one.
        raw = [
            cell
            for sheet in sheets
            if isinstance(sheet, Mapping) and isinstance(sheet.get("cells"), list)
            for cell in sheet["cells"]
        ]
    if not isinstance(raw, list):
        return Notebook(path, problem="it is JSON without the cells of a notebook")
    if len(raw) > MAX_CELLS:
        told = f"it is too large to be read: {len(raw)} cells"
        return Notebook(path, problem=told, is_too_large=True)
    cells = tuple(_cell(one, number) for number, one in enumerate(raw, 1))
    if None in cells:
        wrong = cells.index(None) + 1
        return Notebook(path, problem=f"its cell {wrong} is no cell of a notebook")
    return Notebook(path, tuple(cell for cell in cells if cell is not None))


def _cell(raw: object, number: int) -> Cell | None:
    if not isinstance(raw, Mapping):
        return None
    kind = raw.get("cell_type")
    source = raw.get("source", raw.get("input", ""))
    text = _text(source)
    if not isinstance(kind, str) or text is None:
        return None
    if kind != "code":
        # Format 3 has headings as cells of their own.
        shown = f"# {text}" if kind == "heading" else text
        is_text = kind in ("markdown", "heading", "html")
        return Cell(number, "markdown" if is_text else "raw", shown)
    count = raw.get("execution_count", raw.get("prompt_number"))
    outputs = raw.get("outputs", [])
    return Cell(
        number,
        "code",
        text,
        count if isinstance(count, int) and not isinstance(count, bool) else None,
        tuple(_outputs(outputs)) if isinstance(outputs, list) else (),
    )


def _text(raw: object) -> str | None:
    """A text, or a list of its lines; None for anything else."""
    if isinstance(raw, str):
        return raw
    if isinstance(raw, list) and all(isinstance(line, str) for line in raw):
        return "".join(raw)
    return None


def _outputs(raw: list[object]) -> Iterator[Output]:
    for one in raw:
        if not isinstance(one, Mapping):
            continue
        kind = one.get("output_type")
        if kind in ("error", "pyerr"):
            name = one.get("ename")
            yield Output("error", error=name if isinstance(name, str) else "an error")
        elif kind == "stream":
            text = _text(one.get("text", "")) or ""
            yield Output("text", text, _lines(text))
        else:
            # Format 3 has what is shown beside the other keys, format 4 below `data`.
            data = one.get("data", one)
            yield _shown(data if isinstance(data, Mapping) else {})


def _shown(data: Mapping[object, object]) -> Output:
    """What a cell displays: often the same thing as text and as HTML or a picture."""
    texts = {
        str(name): _text(value) or ""
        for name, value in data.items()
        if str(name).startswith("text/") or name in ("text", "html")
    }
    plain = texts.get("text/plain", texts.get("text", ""))
    if any(str(name).startswith(_PICTURES) for name in data):
        return Output("picture")
    return Output("text", "".join(texts.values()), _lines(plain))


def _lines(text: str) -> int:
    return len(text.splitlines())


def blanked(text: str) -> str:
    """A code cell with its magics and shell lines replaced, each line in its place."""
    lines = text.replace("\r\n", "\n").split("\n")
    first = next((i for i, line in enumerate(lines) if line.strip()), 0)
    if lines[first].startswith("%%"):
        magic = lines[first][2:].split(maxsplit=1)[:1]
        if magic and magic[0] in _PYTHON_CELLS:
            lines[first] = ""
        else:
            return "\n" * (len(lines) - 1)
    return "\n".join(_blanked_lines(lines))


def _blanked_lines(lines: list[str]) -> Iterator[str]:
    is_continued = False
    for line in lines:
        stripped = line.strip()
        indent = line[: len(line) - len(line.lstrip())]
        targets, _, value = stripped.partition("=")
        if is_continued:
            yield ""
        elif stripped.startswith(("%", "!")):
            # A statement in its place: it may be all that an `if` has.
            yield f"{indent}pass"
        elif value.lstrip().startswith(("%", "!")) and _TARGETS.fullmatch(targets):
            yield f"{indent}{targets}= None"
        elif _HELP.fullmatch(stripped):
            yield ""
        else:
            yield line
            continue
        is_continued = stripped.endswith("\\")


def _parsed(text: str) -> ast.Module | None:
    try:
        with PARSING, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
