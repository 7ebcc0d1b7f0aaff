"""Data validation: which guards it has, and whether the pipeline comes to them."""

from grader.checkers._base import Bench, Checker, Options, Result, nothing_to_measure
from grader.checkers._checklist import Checklist, Criterion, quantities_of
from grader.checkers._validation_guards import GUARDS, Guard, Guards, guards_in
from grader.codebase.code import Defined, code_of
from grader.codebase.stages import StageFunction, stages_of
from grader.model.measurement import Quantity
from grader.model.snapshot import Snapshot

_GUARDS: dict[Guard, tuple[str, str]] = {
    "type": (
        "what is given is checked to be data at all: its type, or not None",
        "Check the argument first: if not isinstance(df, pd.DataFrame): raise TypeError(…)",
    ),
    "empty": (
        "data without rows is refused",
        'Refuse empty data: if df.empty: raise ValueError("…")',
    ),
    "columns": (
        "required columns are checked to be there",
        "Look for missing columns: [c for c in required if c not in df.columns]",
    ),
    "missing": (
        "missing values are looked for",
        "Look for missing values: df[required].isna().any()",
    ),
    "target": (
        "the target column is checked by itself: there, complete, or of known values",
        "Check the target column: that it is there, without missing values",
    ),
    "dtype": (
        "the types of columns are checked",
        "Check types: pd.api.types.is_numeric_dtype(df[column])",
    ),
    "range": (
        "numbers are held against a least or largest value",
        "Check ranges: (df[column] < 0).any()",
    ),
    "domain": (
        "values are held against those that are allowed",
        "Check categories: df[column].isin(allowed).all()",
    ),
}
CRITERIA = (
    Criterion(
        "runs",
        "a function that validates data is come to by the pipeline",
        "Call the validation from the runner, before the data is used.",
    ),
    *(Criterion(kind, *_GUARDS[kind]) for kind in GUARDS),
    Criterion(
        "raises",
        "an error is raised for data that is refused",
        "Raise ValueError, or an exception of your own, where data is refused.",
    ),
)
_NAMED = 3


class ValidationOptions(Options):
    """The checker has no options."""


class Validation(Checker[ValidationOptions]):
    """Guards in data validation.

    Why it matters
        Wrong data does not crash: it trains a wrong model. A guard at the start says what
        is wrong with which column, before hours of training.

    How it is measured
        In the functions of the validation stage (see `pipeline-stages`) that the pipeline
        comes to, and the project's functions that they call, the conditions of `if`,
        `assert` and checks that return a truth are read, with the variables that feed
        them. What a guard checks is told by its operations: `.isna()`,
        `not in df.columns`, `isin`, comparisons of columns. A condition from which
        nothing follows is no guard. Expectations of great_expectations and schemas of
        pandera count as what they declare.

    What it does not see
        Whether the limits are the right ones. Guards in other stages, such as in loading.
        A schema in a file that a library reads.

    How to fix
        One function validate_data(df, …) that checks each of these and raises, called
        right after loading.
    """

    id = "validation"
    source = "https://pandera.readthedocs.io/"
    criteria = CRITERIA
    mending = "findings"
    quantities = (
        *quantities_of(CRITERIA),
        Quantity(
            "guards",
            "guards",
            "kinds of guard of the eight that are there, without raising",
            better="higher",
            ideal=len(GUARDS),
            maximum=len(GUARDS),
        ),
    )

    def measure(
        self, snapshot: Snapshot, options: ValidationOptions, bench: Bench
    ) -> Result:
        """Read the conditions of the validation that runs."""
        if nothing := nothing_to_measure(snapshot, "source"):
            return Result(nothing)
        stages, code = stages_of(snapshot), code_of(snapshot)
        running = stages.real("validation")
        written = [one for one in stages.of("validation") if not one.is_stub]
        checklist = Checklist(CRITERIA)
        looked = running or tuple(written)
        guards = guards_in(code, [Defined(one.file, one.node) for one in looked])
        _runs(checklist, running, written)
        if running:
            _answer(checklist, guards, running)
        else:
            _answer_unused(checklist, guards, written)
        found = sum(bool(guards.places[kind]) for kind in GUARDS) if running else 0
        where = (
            ", ".join(dict.fromkeys(one.file.path for one in looked)) or "no function"
        )
        return Result(checklist.measured({"guards": found}), population=where)


def _runs(
    checklist: Checklist,
    running: tuple[StageFunction, ...],
    written: list[StageFunction],
) -> None:
    sights = [one.sight for one in running or written]
    if running:
        names = ", ".join(dict.fromkeys(f"{one.name}()" for one in running[:3]))
        checklist.yes("runs", f"The pipeline comes to {names}.", *sights)
    elif written:
        told = f"{written[0].name}() is there, and the pipeline never comes to it."
        checklist.no("runs", told, *sights)
    else:
        checklist.no("runs", "No function or module is called after validation.")


def _answer(
    checklist: Checklist, guards: Guards, running: tuple[StageFunction, ...]
) -> None:
    where = ", ".join(dict.fromkeys(one.file.path for one in running))
    for kind in GUARDS:
        checklist.seen(
            kind,
            guards.places[kind],
            yes="A condition checks it.",
            no=f"No condition in {where} checks it.",
        )
    checklist.seen(
        "raises",
        guards.raises,
        yes="An error is raised.",
        no=f"Nothing is raised in {where}.",
    )


def _answer_unused(
    checklist: Checklist, guards: Guards, written: list[StageFunction]
) -> None:
    paths = list(dict.fromkeys(one.file.path for one in written))
    beyond = f" and {len(paths) - _NAMED} more" if len(paths) > _NAMED else ""
    where = f"{', '.join(paths[:_NAMED])}{beyond}"
    places = [(str(kind), guards.places[kind]) for kind in GUARDS]
    for name, sights in (*places, ("raises", guards.raises)):
        told = "There is no function that validates data."
        if written:
            lacking = "Nothing is raised" if name == "raises" else "It is not checked"
            told = f"{lacking} in {where}, which the pipeline never comes to."
        if sights:
            told = "It is checked only in code that the pipeline never comes to."
        checklist.no(name, told, *sights)
