"""Which cells of a notebook draw a plot, and what its title and axes are called there.

The unit is the cell: what a cell draws is titled and labelled in it, or by a function of the
notebook that it calls.
"""

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from grader.codebase.names import Names, last_name
from grader.codebase.notebooks import Cell, Notebook

_DRAWS = re.compile(
    r"plot|scatter|hist2?d?|barh?|boxplot|violinplot|pie|imshow|matshow|stackplot"
    r"|errorbar|fill_between|contourf?|hexbin|step|stem|pcolormesh|semilog[xy]|loglog"
)
# A matrix or a circle has no axes to name.
_WITHOUT_AXES = re.compile(r"pie|imshow|matshow|heatmap|clustermap|pairplot")
_SEABORN = re.compile(
    r"seaborn\.(\w*plot|heatmap|clustermap|pairplot|displot|catplot|lmplot)"
)
_PLOTLY = re.compile(r"plotly\.express\.[a-z]\w*")
_DISPLAY = re.compile(r"sklearn\.\w+\.\w*Display\.(from_\w+|plot)|scikitplot\..*")
_PANDAS = re.compile(r"line|scatter|hist|barh?|box|area|pie|kde|density|hexbin")
_PANDAS_ALONE = frozenset({"plot", "hist", "boxplot"})


@dataclass
class _Named:
    """What a piece of code gives a plot."""

    title: bool = False
    x: bool = False
    y: bool = False

    def take(self, other: "_Named") -> None:
        """Add what another piece gives."""
        self.title |= other.title
        self.x |= other.x
        self.y |= other.y


@dataclass(frozen=True)
class Plot:
    """A cell that draws, and what it lacks: `a title`, `a name on the x axis`."""

    cell: Cell
    lacks: tuple[str, ...]


def plots(notebook: Notebook) -> Iterator[Plot]:
    """The cells that draw, in their order."""
    names = notebook.names
    functions = {
        node.name: _given([*ast.walk(node)], names)
        for node in names.nodes
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    cells: dict[int, tuple[Cell, list[ast.AST]]] = {}
    for node in names.nodes:
        if isinstance(node, ast.Call) and (cell := notebook.cell_of(node)):
            cells.setdefault(cell.number, (cell, []))[1].append(node)
    for cell, calls in cells.values():
        drawn = [
            found
            for call in calls
            if isinstance(call, ast.Call) and (found := _drawn(call, names))
        ]
        if not drawn:
            continue
        given = _given(calls, names)
        for call in calls:
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name):
                given.take(functions.get(call.func.id, _Named()))
        for one in drawn:
            given.take(one)
        parts = (
            ("a title", given.title),
            ("a name on the x axis", given.x),
            ("a name on the y axis", given.y),
        )
        yield Plot(cell, tuple(part for part, is_there in parts if not is_there))


def _drawn(call: ast.Call, names: Names) -> _Named | None:
    """What a call that draws brings by itself; None for a call that doesn't draw."""
    name = names.qualified(call.func) or ""
    method = call.func.attr if isinstance(call.func, ast.Attribute) else name
    keywords = {one.arg for one in call.keywords}
    if _SEABORN.fullmatch(name):
        # It writes the columns' names on the axes itself.
        is_named = bool({"x", "y"} & keywords) or "data" in keywords or bool(call.args)
        bare = bool(_WITHOUT_AXES.fullmatch(name.rpartition(".")[2]))
        return _Named(x=bare or is_named, y=bare or is_named)
    if _PLOTLY.fullmatch(name):
        return _Named(x=True, y=True)
    if _DISPLAY.fullmatch(name) or _is_display(call, names):
        return _Named(x=True, y=True)
    if name.startswith("matplotlib.pyplot."):
        last = name.rpartition(".")[2]
        return _axes_of(last) if _DRAWS.fullmatch(last) else None
    if not isinstance(call.func, ast.Attribute):
        return None
    owner = call.func.value
    if _is_axes(owner, names) and _DRAWS.fullmatch(method):
        return _axes_of(method)
    # df.plot(…), df.plot.scatter(…), df["a"].hist()
    is_accessor = isinstance(owner, ast.Attribute) and owner.attr == "plot"
    if is_accessor and _PANDAS.fullmatch(method):
        return _axes_of(method)
    if method in _PANDAS_ALONE and not names.qualified(call.func):
        if method == "plot":
            return _axes_of(_kind(call))
        # Of a whole frame each small plot has its column's name above it.
        is_frame = isinstance(owner, ast.Name)
        return _Named(title=is_frame, x=is_frame, y=is_frame)
    return None


_BARS = frozenset({"bar", "box", "boxplot", "violinplot"})


def _axes_of(kind: str) -> _Named:
    """The axes that need no name: a matrix has none, bars have their own on one."""
    bare = bool(_WITHOUT_AXES.fullmatch(kind))
    return _Named(x=bare or kind in _BARS, y=bare or kind == "barh")


def _kind(call: ast.Call) -> str:
    for one in call.keywords:
        match one:
            case ast.keyword(arg="kind", value=ast.Constant(value=str(kind))):
                return kind
    return ""


def _is_axes(node: ast.expr, names: Names) -> bool:
    """Whether it is named as axes are: `ax`, `axes[0]`, `self.ax2`, `plt.gca()`."""
    for _ in range(10):
        if isinstance(node, ast.Subscript):
            node = node.value
        elif isinstance(node, ast.Attribute):
            return bool(_AXES.fullmatch(node.attr))
        elif isinstance(node, ast.Name):
            return bool(_AXES.fullmatch(node.id))
        elif isinstance(node, ast.Call):
            return names.qualified(node.func) == "matplotlib.pyplot.gca"
        else:
            break
    return False


_AXES = re.compile(r"ax(es|s|is)?\d*|ax_?\w{1,12}|\w{1,12}_ax")


def _is_display(call: ast.Call, names: Names) -> bool:
    match call.func:
        case ast.Attribute(attr="plot", value=ast.Call(func=made)):
            return bool(re.search(r"Display(\.|$)", names.qualified(made) or ""))
        case ast.Attribute(attr="plot", value=ast.Name(id=name)):
            return name.startswith("disp")
    return False


_TITLES = frozenset({"title", "suptitle", "set_title", "update_title", "figtext"})
_X = frozenset({"xlabel", "set_xlabel", "supxlabel", "set_axis_labels"})
_Y = frozenset({"ylabel", "set_ylabel", "supylabel", "set_axis_labels"})
# Calls whose keywords name parts of a plot.
_SETTING = re.compile(r"set|update_layout|update_(x|y)axes|setp|subplots|Layout")


def _given(nodes: Sequence[ast.AST], names: Names) -> _Named:
    """What calls such as `plt.title("…")` and keywords such as `xlabel=` give."""
    given = _Named()
    for call in nodes:
        if not isinstance(call, ast.Call):
            continue
        method = last_name(call.func)
        if _says(call):
            given.title |= method in _TITLES
            given.x |= method in _X
            given.y |= method in _Y
        keywords = {one.arg for one in call.keywords if not _is_nothing(one.value)}
        if _SETTING.fullmatch(method) or _drawn(call, names) is not None:
            given.title |= bool({"title", "title_text", "suptitle"} & keywords)
            given.x |= bool({"xlabel", "xaxis_title", "labels"} & keywords)
            given.y |= bool({"ylabel", "yaxis_title", "labels"} & keywords)
    return given


def _says(call: ast.Call) -> bool:
    """Whether the first argument is more than an empty text."""
    values = [*call.args, *(one.value for one in call.keywords)]
    return bool(values) and not _is_nothing(values[0])


def _is_nothing(value: ast.expr) -> bool:
    match value:
        case ast.Constant(value=None | ""):
            return True
    return False
