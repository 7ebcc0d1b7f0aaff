"""Notebooks: run in order, short, labelled, explained, and thin over the project's modules."""

from grader.checkers._base import Bench, Checker, Result
from grader.checkers._checklist import quantities_of
from grader.checkers._notebook_answers import (
    CODE,
    CRITERIA,
    DEFINED,
    ERRORS,
    EXPLAINED,
    MODULES,
    PLOTS,
    RUN,
    VIEWS,
    Answers,
)
from grader.checkers._notebook_code import defined, functions_of_modules
from grader.checkers._notebook_look import Look, NotebooksOptions, secrets_in
from grader.checkers._notebook_plots import Plot, plots
from grader.codebase.notebooks import Notebook, notebooks
from grader.model.measurement import Finding, NotApplicable, Quantity, Sight
from grader.model.snapshot import Snapshot


class Notebooks(Checker[NotebooksOptions]):
    """Notebooks that run, read well, and leave the code to modules.

    Why it matters
        A notebook is read by others long after it was run. One that was run out of
        order shows results that its code does not give; code that stays in it is
        never tested, and what is copied into a module soon differs from it.

    How it is measured
        Each .ipynb file that git tracks is read as JSON (format 3 or 4) and never run.
        Execution counts 1, 2, 3 … over all code cells mean one run of the whole in a
        fresh kernel. Code is read from the syntax tree with magics blanked out: the
        calls that draw (matplotlib, seaborn, pandas, plotly) and what names their
        parts in the same cell, repeated looks at the same data, absolute paths,
        imports of the project's own modules that are used, definitions, and functions
        that a module has with nearly the same body. detect-secrets reads the cells,
        without trying anything over the network; what stands in for a key
        (`YOUR_KEY_HERE`) or merely looks random is none. A line that speaks of code,
        outputs or plots does not hold where there are none.

    What it does not see
        Whether the notebook would run today. Whether what is said in it is true. Plots
        that a module draws. A function that was copied and renamed. Pictures, however
        large, are not counted as long outputs.

    How to fix
        Move code into `src/`, import it, run Restart Kernel and Run All Cells, read
        the result once from top to bottom, and commit that.
    """

    id = "notebooks"
    source = "https://jupyter.org/documentation"
    tools = ("detect-secrets",)
    criteria = CRITERIA
    mending = "findings"
    quantities = (
        *quantities_of(CRITERIA),
        Quantity("notebooks", "notebooks", "notebooks in the repository"),
        Quantity(
            "readable",
            "notebooks",
            "notebooks that can be read",
            better="higher",
            ideal="notebooks",
        ),
        Quantity(
            "out_of_order",
            "notebooks",
            "notebooks whose code was not run in order from a fresh kernel",
            better="lower",
            ideal=0,
        ),
        Quantity("code_cells", "cells", "code cells with anything in them"),
        Quantity(
            "unparsable_cells",
            "cells",
            "code cells that are no Python",
            better="lower",
            ideal=0,
        ),
        Quantity(
            "markdown_share",
            "share",
            "Markdown cells of all cells with anything in them",
            maximum=1,
        ),
        Quantity(
            "error_cells", "cells", "cells that ended with an error", "lower", ideal=0
        ),
        Quantity("long_outputs", "cells", "cells with a long output", "lower", ideal=0),
        Quantity(
            "repeated_views",
            "views",
            "looks at the same data that too many cells take",
            better="lower",
            ideal=0,
        ),
        Quantity("plots", "cells", "cells that draw"),
        Quantity(
            "unlabelled_plots",
            "cells",
            "cells that draw without a title or names on the axes",
            better="lower",
            ideal=0,
        ),
        Quantity(
            "absolute_paths", "places", "absolute paths in cells", "lower", ideal=0
        ),
        Quantity(
            "secrets", "secrets", "strings that look like a secret", "lower", ideal=0
        ),
        Quantity(
            "definitions", "definitions", "functions and classes defined in notebooks"
        ),
        Quantity(
            "copied_functions",
            "functions",
            "functions that a module has too",
            better="lower",
            ideal=0,
        ),
    )

    def measure(
        self, snapshot: Snapshot, options: NotebooksOptions, bench: Bench
    ) -> Result:
        """Read every notebook; one that can't be read is a finding, and in no other number."""
        every = notebooks(snapshot)
        if not every:
            return Result(NotApplicable(reason="There is no notebook (*.ipynb)."))
        look = Look([one for one in every if one.problem is None], options)
        answers = Answers(every, look.readable)
        paths = [*look.paths()]
        secrets = [*secrets_in(look.readable, bench)]
        long = [*look.long_outputs()]
        errors = [*look.errors()]
        views = [*look.views()]
        drawn = [(one, plot) for one in look.readable for plot in plots(one)]
        unlabelled = [_unlabelled(*one) for one in drawn if one[1].lacks]
        disorder = [*look.disorder()]
        crowded = [*look.crowded()]
        copies = [*look.copies(snapshot)]
        unexplained = [*look.unexplained()]
        answers.readable()
        has_run = any(cell.count or cell.outputs for _, cell in look.code())
        has_code = any(one.parsed for one in look.readable)
        has_modules = bool(functions_of_modules(snapshot))
        answers.none_of("run_in_order", disorder, bool(look.code()), RUN)
        answers.none_of("no_errors_left", errors, has_run, ERRORS)
        answers.outputs(long, any(cell.outputs for _, cell in look.code()))
        answers.none_of("views_not_repeated", views, has_code, VIEWS)
        answers.none_of("plots_labelled", unlabelled, bool(drawn), PLOTS)
        answers.none_of("no_absolute_paths", paths, has_code, CODE)
        answers.none_of("no_secrets", secrets, bool(look.code()), CODE)
        answers.imports(look.imports(snapshot))
        answers.none_of("few_definitions", crowded, has_code, DEFINED)
        answers.none_of("nothing_copied", copies, has_code and has_modules, MODULES)
        answers.none_of("is_explained", unexplained, bool(look.code()), EXPLAINED)
        findings = [
            Finding(
                rule="unreadable",
                message=f"Not read: {one.problem}.",
                path=one.path,
                severity="error",
                fix="Save it in Jupyter again, with its outputs cleared.",
            )
            for one in every
            if one.problem
        ]
        values = {
            "notebooks": len(every),
            "readable": len(look.readable),
            "out_of_order": len(disorder),
            "code_cells": len(look.code()),
            "unparsable_cells": len(look.code())
            - sum(len(one.parsed) for one in look.readable),
            "markdown_share": look.markdown_share(),
            "error_cells": len(errors),
            "long_outputs": len(long),
            "repeated_views": len(views),
            "plots": len(drawn),
            "unlabelled_plots": len(unlabelled),
            "absolute_paths": len(paths),
            "secrets": len(secrets),
            "definitions": sum(len(defined(one)) for one in look.readable),
            "copied_functions": len(copies),
        }
        count = f"{len(every)} notebook{'' if len(every) == 1 else 's'}"
        return Result(answers.list.measured(values, findings), population=count)


def _unlabelled(notebook: Notebook, plot: Plot) -> Sight:
    lacks = " and ".join(plot.lacks)
    return Sight(
        path=notebook.path, what=f"cell {plot.cell.number} draws without {lacks}"
    )
