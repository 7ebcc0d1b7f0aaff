"""The lines of the notebooks' checklist, and how each is answered."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from grader.checkers._checklist import Checklist, Criterion
from grader.codebase.notebooks import Notebook
from grader.model.measurement import Sight

CRITERIA = (
    Criterion(
        "all_readable",
        "every notebook can be read",
        "Save the notebook in Jupyter again, and keep it below 10 MiB: clear its outputs.",
    ),
    Criterion(
        "run_in_order",
        "every notebook was run from top to bottom in a fresh kernel",
        "In Jupyter: Kernel, Restart Kernel and Run All Cells; then save.",
    ),
    Criterion(
        "no_errors_left",
        "no cell ended with an error",
        "Mend the cell, or catch the error that it is to show; then run all cells.",
    ),
    Criterion(
        "outputs_are_short",
        "no cell prints more than a reader can take in",
        "Show a part (`df.head()`, a summary, a plot) instead of everything.",
    ),
    Criterion(
        "views_not_repeated",
        "the same `head()` or `describe()` is not shown again and again",
        "Show the data once, and afterwards only what has changed.",
    ),
    Criterion(
        "plots_labelled",
        "every plot has a title and names on its axes",
        "Give the plot `title`, `xlabel` and `ylabel` in the cell that draws it.",
    ),
    Criterion(
        "no_absolute_paths",
        "no cell has an absolute path",
        "Build paths from the project's folder, or read them from config.yaml.",
    ),
    Criterion(
        "no_secrets",
        "no cell holds what looks like a secret",
        "Take it out, revoke it, and read it from the environment.",
    ),
    Criterion(
        "imports_project",
        "a notebook imports the project's own modules and uses them",
        "Move the code into `src/` and import it: `from src.features import build`.",
    ),
    Criterion(
        "few_definitions",
        "functions and classes live in modules, not in notebooks",
        "Move them into a module of `src/`, where tests can reach them.",
    ),
    Criterion(
        "nothing_copied",
        "no function stands in a notebook and in a module",
        "Delete the notebook's copy and import the module's function.",
    ),
    Criterion(
        "is_explained",
        "every notebook has headings and text between its cells",
        "Say in Markdown cells what is done, why, and what comes out.",
    ),
)


@dataclass(frozen=True)
class Said:
    """What is said where a line holds, and where there was nothing it could be about."""

    yes: str
    nothing: str


_NO_CODE = "There is no code cell to read."
RUN = Said("Its code cells were run 1, 2, 3 … in order.", _NO_CODE)
ERRORS = Said("No cell ended with an error.", "No cell was run.")
OUTPUTS = Said("No output is long.", "No cell has an output.")
VIEWS = Said("No look at data is taken again and again.", _NO_CODE)
CODE = Said("None in any cell.", _NO_CODE)
DEFINED = Said("Few or no functions and classes are defined.", _NO_CODE)
EXPLAINED = Said("Headings and text stand between the code.", _NO_CODE)
PLOTS = Said("Every cell that draws names them.", "No cell draws a plot.")
MODULES = Said(
    "No function of a module stands in a notebook.",
    "There are no modules with functions, or no code in notebooks.",
)


class Answers:
    """Fills the checklist, each no with the cells that are in the way."""

    def __init__(self, every: Sequence[Notebook], readable: Sequence[Notebook]) -> None:
        self.list = Checklist(CRITERIA)
        self._every = every
        self._readable = readable

    def readable(self) -> None:
        """Whether all could be read."""
        broken = [one for one in self._every if one.problem]
        if broken:
            sights = (Sight(path=one.path, what=one.problem or "") for one in broken)
            self.list.no("all_readable", f"{_of(broken)} can't be read.", *sights)
        else:
            sights = (Sight(path=one.path) for one in self._every)
            self.list.yes("all_readable", "All of them can be read.", *sights)

    def none_of(
        self, name: str, found: Sequence[Sight], is_there: bool, said: Said
    ) -> None:
        """A line that holds where nothing was found in what is there."""
        if found:
            first = found[0].what
            told = f"{first[0].upper()}{first[1:]}."
            if len(found) > 1:
                files = len({one.path for one in found})
                whole = f"{files} of {_of(self._every)}"
                told = f"{len(found)} times, in {whole}; first: {first}."
            self.list.no(name, told, *found)
        elif not is_there:
            self.list.no(name, said.nothing)
        else:
            seen = (Sight(path=one.path) for one in self._readable)
            self.list.yes(name, said.yes, *seen)

    def outputs(self, long: Sequence[Sight], has_outputs: bool) -> None:
        """Short outputs; what is too large to be read is long."""
        beyond = [
            Sight(path=one.path, what="the file is too large to be read")
            for one in self._every
            if one.is_too_large
        ]
        self.none_of("outputs_are_short", [*long, *beyond], has_outputs, OUTPUTS)

    def imports(self, found: Iterable[Sight]) -> None:
        """Imports of the project's own modules that are used."""
        sights = tuple(found)
        self.list.seen(
            "imports_project",
            sights,
            yes="The project's own modules are imported and used.",
            no="Looked for imports of the project's own modules whose names are used, "
            f"in the cells of {_of(self._readable)}: there is none.",
        )


def _of(some: Sequence[Notebook]) -> str:
    return f"{len(some)} notebook{'' if len(some) == 1 else 's'}"
