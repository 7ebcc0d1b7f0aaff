"""Notebooks are read whatever their format, and whatever is wrong with them is said."""

import ast
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from grader.codebase.notebooks import (
    MAX_BYTES,
    MAX_CELLS,
    MAX_CODE_CHARACTERS,
    Notebook,
    blanked,
    notebooks,
    read_notebook,
)
from grader.model.snapshot import LeftOut
from tests.conftest import MakeSnapshot

CELL: Mapping[str, object] = {
    "cell_type": "code",
    "execution_count": 2,
    "metadata": {},
    "outputs": [],
    "source": ["import os\n", "os.getcwd()"],
}


def read(tmp_path: Path, content: str | bytes) -> Notebook:
    file = tmp_path / "a.ipynb"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_notebook(file, "a.ipynb")


def of(tmp_path: Path, *cells: Mapping[str, object]) -> Notebook:
    return read(tmp_path, json.dumps({"nbformat": 4, "cells": cells}))


def code(text: str) -> Mapping[str, object]:
    return {**CELL, "source": text}


def test_a_notebook_of_format_4_has_its_cells_in_order(tmp_path: Path) -> None:
    outputs: Sequence[Mapping[str, object]] = (
        {"output_type": "stream", "name": "stdout", "text": ["a\n", "b\n"]},
        {"output_type": "error", "ename": "KeyError", "evalue": "", "traceback": []},
        {"output_type": "display_data", "data": {"image/png": "x", "text/plain": "y"}},
        {
            "output_type": "execute_result",
            "data": {"text/plain": ["1\n", "2"], "text/html": "<b>"},
        },
    )
    found = of(
        tmp_path,
        {"cell_type": "markdown", "source": "# Title"},
        {**CELL, "outputs": outputs},
        {"cell_type": "raw", "source": ""},
    )
    assert found.problem is None
    assert [(cell.number, cell.kind) for cell in found.cells] == [
        (1, "markdown"),
        (2, "code"),
        (3, "raw"),
    ]
    cell = found.cells[1]
    assert (cell.text, cell.count) == ("import os\nos.getcwd()", 2)
    assert [(one.kind, one.lines) for one in cell.outputs] == [
        ("text", 2),
        ("error", 0),
        ("picture", 0),
        ("text", 2),
    ]
    assert cell.outputs[1].error == "KeyError"


def test_a_notebook_of_format_3_has_its_cells_in_worksheets(tmp_path: Path) -> None:
    cells = [
        {"cell_type": "heading", "level": 1, "source": "Title"},
        {
            "cell_type": "code",
            "input": ["1 + 1"],
            "prompt_number": 7,
            "outputs": [
                {"output_type": "pyout", "text": "2"},
                {"output_type": "pyerr", "ename": "NameError"},
                {"output_type": "display_data", "png": "x"},
            ],
        },
    ]
    text = json.dumps({"nbformat": 3, "worksheets": [{"cells": cells}]})
    found = read(tmp_path, text)
    assert [cell.text for cell in found.cells] == ["# Title", "1 + 1"]
    assert found.cells[0].kind == "markdown"
    assert found.cells[1].count == 7
    assert [one.kind for one in found.cells[1].outputs] == ["text", "error", "picture"]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "it is empty"),
        ("<<<<<<< HEAD\n{}", "it is not JSON: Expecting value, line 1"),
        ("version https://git-lfs.github.com/spec/v1\noid x\n", "kept in Git LFS"),
        (b"\xff\xfe\x00", "it is not UTF-8"),
        ("[]", "it is JSON, but no notebook"),
        ("{}", "it is JSON without the cells of a notebook"),
        ('{"cells": 3}', "it is JSON without the cells of a notebook"),
        ('{"cells": [3]}', "its cell 1 is no cell of a notebook"),
        ('{"cells": [{"cell_type": "code", "source": 3}]}', "its cell 1 is no cell"),
        ('{"cells": [{"cell_type": [], "source": ""}]}', "its cell 1 is no cell"),
        ("[" * 100_000, "it is not JSON that can be read"),
        ('{"cells": ' + "9" * 10_000 + "}", "it is not JSON that can be read"),
    ],
)
def test_what_is_no_notebook_is_a_problem_in_words(
    tmp_path: Path, content: str | bytes, told: str
) -> None:
    found = read(tmp_path, content)
    assert found.problem is not None and told in found.problem
    assert found.cells == ()


def test_parts_of_a_wrong_shape_are_as_if_they_were_not_there(tmp_path: Path) -> None:
    found = of(
        tmp_path,
        {**CELL, "execution_count": True, "outputs": "none"},
        {**CELL, "execution_count": "3", "outputs": [3, {"output_type": "stream"}]},
        {**CELL, "outputs": [{"output_type": "display_data", "data": [1]}]},
        {**CELL, "outputs": [{"output_type": "error", "ename": 3}]},
    )
    assert found.problem is None
    assert [cell.count for cell in found.cells] == [None, None, 2, 2]
    assert [len(cell.outputs) for cell in found.cells] == [0, 1, 1, 1]


def test_a_notebook_of_50_megabytes_is_not_read(tmp_path: Path) -> None:
    file = tmp_path / "a.ipynb"
    with file.open("wb") as sparse:
        sparse.truncate(50 * 1024 * 1024)
    found = read_notebook(file, "a.ipynb")
    assert found.problem == "it is too large to be read: 50 MiB"
    assert found.is_too_large
    assert MAX_BYTES < 50 * 1024 * 1024


def test_a_notebook_of_too_many_cells_is_not_looked_into(tmp_path: Path) -> None:
    found = of(tmp_path, *[{"cell_type": "raw", "source": ""}] * (MAX_CELLS + 1))
    assert found.is_too_large and found.cells == ()


@pytest.mark.parametrize(
    ("text", "blank"),
    [
        ("%matplotlib inline\nx = 1", "pass\nx = 1"),
        ("!pip install x\nx = 1", "pass\nx = 1"),
        ("if True:\n    %run a.py", "if True:\n    pass"),
        ("files = !ls\nn = len(files)", "files = None\nn = len(files)"),
        ("a, b = %time f()", "a, b = None"),
        ("df?\n?df\ndf.head??", "\n\n"),
        ("%%time\nx = 1", "\nx = 1"),
        ("\n%%bash\necho x = 1", "\n\n"),
        ("%%writefile a.py\nimport os", "\n"),
        ("!pip install \\\n  pandas\nx = 1", "pass\n\nx = 1"),
    ],
)
def test_magics_are_blanked_line_by_line(text: str, blank: str) -> None:
    assert blanked(text) == blank
    ast.parse(blank)


def test_a_line_of_a_sum_that_begins_with_a_sign_of_a_magic_stays(
    tmp_path: Path,
) -> None:
    found = of(tmp_path, code("x = (7\n     % 2)"))
    assert found.parsed == found.code_cells
    assert "Mod" in ast.dump(found.parsed[0].tree or ast.Module([], []))


def test_what_one_cell_imports_the_next_one_has(tmp_path: Path) -> None:
    found = of(tmp_path, code("import numpy as np"), code("("), code("np.load('a')"))
    assert [cell.number for cell in found.parsed] == [1, 3]
    call = next(node for node in found.names.nodes if isinstance(node, ast.Call))
    assert found.names.qualified(call.func) == "numpy.load"
    cell = found.cell_of(call)
    assert cell is not None and cell.number == 3


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("x" + " " * 300_000, id="a long line"),
        pytest.param(" " * 300_000 + "%", id="spaces before a magic"),
        pytest.param("a = " + " " * 200_000 + "%", id="spaces after a name"),
        pytest.param("(" * 100_000, id="deep"),
        pytest.param("x;" * (MAX_CODE_CHARACTERS // 2 + 1), id="more than is parsed"),
        pytest.param("a\u0301" * 100_000, id="combining characters"),
        pytest.param("-" * 50_000 + "1", id="a chain"),
    ],
)
def test_a_cell_made_to_take_long_does_not(tmp_path: Path, text: str) -> None:
    # What it guards against takes hours.
    found = of(tmp_path, code(text), code("x = 1"))
    assert 2 in [cell.number for cell in found.parsed] or len(text) > 200_000
    assert len(found.names.nodes) < 100_000


def test_notebooks_that_jupyter_keeps_beside_and_of_others_are_not_the_projects(
    make_snapshot: MakeSnapshot,
) -> None:
    text = json.dumps({"cells": [CELL]})
    snapshot = make_snapshot(
        {
            "a.ipynb": text,
            "sub/.ipynb_checkpoints/a-checkpoint.ipynb": text,
            "venv/b.ipynb": text,
            "c.txt": text,
        }
    )
    assert [one.path for one in notebooks(snapshot)] == ["a.ipynb"]
    assert notebooks(snapshot) is notebooks(snapshot)


def test_one_too_large_for_the_copy_is_a_notebook_all_the_same(
    make_snapshot: MakeSnapshot,
) -> None:
    left_out = (
        LeftOut("big.ipynb", "too large: over 100 MiB"),
        LeftOut("link.ipynb", "a symbolic link (what it points to is graded)"),
        LeftOut("data.csv", "too large: over 100 MiB"),
    )
    snapshot = replace(make_snapshot({"a.py": ""}), left_out=left_out)
    (found,) = notebooks(snapshot)
    assert found.problem == "it is too large: over 100 MiB" and found.is_too_large
