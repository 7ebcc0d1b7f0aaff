"""What the pipeline leaves behind: saved by its code, in folders of its own."""

from collections.abc import Iterable, Sequence

from pydantic import Field

from grader.checkers._artifacts_calls import sites_of
from grader.checkers._artifacts_kinds import KINDS, Kind
from grader.checkers._artifacts_paths import Paths
from grader.checkers._artifacts_saves import Save, is_temporary, saves_of
from grader.checkers._artifacts_tree import (
    MEBIBYTE,
    Tree,
    sights,
    stage_of_data,
    tree_of,
)
from grader.checkers._base import Bench, Checker, Options, Result, nothing_to_measure
from grader.checkers._checklist import Checklist, Criterion, quantities_of
from grader.codebase.code import code_of
from grader.codebase.documents import documents_of
from grader.codebase.entry import Pipeline, pipeline_of
from grader.model.measurement import Quantity, Sight
from grader.model.snapshot import Snapshot

_LINES: dict[Kind, tuple[str, str, str]] = {
    "processed": (
        "processed_saved",
        "the pipeline saves processed data",
        "Save what comes out of cleaning, df.to_csv(…) or to_parquet(…), in data/processed.",
    ),
    "model": (
        "model_saved",
        "the pipeline saves the model",
        "Save the fitted pipeline with joblib.dump(model, …) in models/, or log_model().",
    ),
    "predictions": (
        "predictions_saved",
        "the pipeline saves predictions",
        "Save what inference gives, such as reports/predictions.csv.",
    ),
    "report": (
        "reports_saved",
        "the pipeline saves metrics or a report",
        "Save the metrics: json.dump(metrics, …) in reports/.",
    ),
    "figure": (
        "figures_saved",
        "the pipeline saves figures",
        "Save figures: fig.savefig(…) in reports/figures, or log them to the run.",
    ),
}
CRITERIA = (
    *(Criterion(*_LINES[kind]) for kind in KINDS),
    Criterion(
        "own_folders",
        "data, models and what is reported are saved in folders of their own",
        "Save data below data/, models below models/, the rest below reports/.",
    ),
    Criterion(
        "raw_apart",
        "raw and processed data are kept in different folders",
        "Read from data/raw, write to data/processed; never change what is raw.",
    ),
    Criterion(
        "no_large_files",
        "no large file is in git",
        "Keep large files with DVC or git LFS, and ignore them in .gitignore.",
    ),
    Criterion(
        "nothing_generated",
        "nothing that tools write by themselves is in git",
        "Take mlruns/, wandb/, venv/, __pycache__/ and the like out of git, ignore them.",
    ),
)
_GROUPS: dict[Kind, str] = {
    "processed": "data",
    "model": "models",
    "predictions": "reports",
    "report": "reports",
    "figure": "reports",
}
_SHOWN = 3


class ArtifactsOptions(Options):
    """`large_mib`: the size in MiB from which a file in git is large."""

    large_mib: float = Field(default=10, gt=0)


class Artifacts(Checker[ArtifactsOptions]):
    """What the pipeline saves.

    Why it matters
        A model that was saved by the pipeline can be made again, compared and served. One
        that only lies in git, nobody knows from which data and code.

    How it is measured
        Calls that save are told by their resolved names (`joblib.dump`,
        `mlflow.sklearn.log_model`, `DataFrame.to_csv`, `json.dump`, `savefig` and so on),
        where the pipeline comes to them (see `pipeline-stages`). What they save is told
        by the words of the variable, the file, the function and the folder; a helper that
        saves what it is given is one save for each caller. Paths are read through
        variables, `os.path.join`, `/`, configuration by its keys and defaults of options.
        Tables and figures that are given to a run of MLflow or W&B are saved; logged
        numbers are not. In git, sizes are those of the working tree; pointers of git LFS
        and DVC are small and fine. Tools write mlruns/, runs of W&B, __pycache__/ and
        other caches, *.egg-info, and whole virtual environments and node_modules/, in
        which nothing counts as the project's models or data.

    What it does not see
        Whether a file can be read again, and paths that are put together at run time.
        Scripts that a person starts by hand beside the pipeline, notebooks, and what a
        framework starts (Airflow, Kedro). Large files in earlier commits.

    How to fix
        Let each stage save what it makes: data/processed, models, reports, and figures.
    """

    id = "artifacts"
    source = "https://cookiecutter-data-science.drivendata.org/#directory-structure"
    criteria = CRITERIA
    mending = "work"
    quantities = (
        *quantities_of(CRITERIA),
        Quantity("saves", "calls", "calls that save something, that run"),
        Quantity(
            "dead_saves",
            "calls",
            "calls that save something, and that nothing comes to",
            better="lower",
            ideal=0,
        ),
        Quantity("model_committed", "files", "files of models in git"),
        Quantity("data_committed", "files", "files of data in git"),
        Quantity("large_files", "files", "large files in git", better="lower", ideal=0),
        Quantity(
            "large_mib",
            "MiB",
            "size of the large files, 100 MiB for each that is too large to be read",
            better="lower",
            ideal=0,
        ),
        Quantity(
            "generated_files",
            "files",
            "files in git that tools write by themselves",
            better="lower",
            ideal=0,
        ),
        Quantity("pointers", "files", "pointers of git LFS and DVC"),
        Quantity("placeholders", "folders", "folders with nothing but .gitkeep"),
    )

    def measure(
        self, snapshot: Snapshot, options: ArtifactsOptions, bench: Bench
    ) -> Result:
        """Find what is saved and what lies in git, and answer each line."""
        if nothing := nothing_to_measure(snapshot, "all"):
            return Result(nothing)
        code, pipeline = code_of(snapshot), pipeline_of(snapshot)
        paths = Paths(code, documents_of(snapshot), snapshot.files, sites_of(code))
        saves = saves_of(code, pipeline.reach, paths)
        tree = tree_of(snapshot, round(options.large_mib * MEBIBYTE))
        checklist = Checklist(CRITERIA)
        running = [one for one in saves if one.runs]
        for kind in KINDS:
            _saved(checklist, kind, saves, tree, pipeline)
        _own_folders(checklist, running, snapshot)
        _raw_apart(checklist, running, paths, tree, snapshot)
        _in_git(checklist, saves, tree, options)
        return Result(
            checklist.measured(_values(saves, tree)), population=_population(pipeline)
        )


def _population(pipeline: Pipeline) -> str:
    entry = pipeline.entry
    if entry.path is None:
        return f"no runner: {entry.why}"
    return f"what {entry.path} leads to: {len(pipeline.reach.paths)} Python files"


def _values(saves: Sequence[Save], tree: Tree) -> dict[str, int | float]:
    running = {(one.sight.path, one.sight.line) for one in saves if one.runs}
    dead = {(one.sight.path, one.sight.line) for one in saves if not one.runs}
    return {
        "saves": len(running),
        "dead_saves": len(dead - running),
        "model_committed": len(tree.models),
        "data_committed": len(tree.data),
        "large_files": len(tree.large),
        "large_mib": sum(tree.large.values()) / MEBIBYTE,
        "generated_files": _generated_count(tree),
        "pointers": len(tree.pointers),
        "placeholders": len(tree.placeholders),
    }


def _generated_count(tree: Tree) -> int:
    return len(tree.generated) + sum(map(len, tree.installed.values()))


def _saved(
    checklist: Checklist,
    kind: Kind,
    saves: Sequence[Save],
    tree: Tree,
    pipeline: Pipeline,
) -> None:
    name = _LINES[kind][0]
    of_kind = [one for one in saves if one.kind == kind]
    if running := [one for one in of_kind if one.runs]:
        folders = _listed(folder for one in running for folder in one.folders)
        told = f"It is saved{f' in {folders}' if folders else ''}."
        checklist.yes(name, told, *_distinct(running))
        return
    runner = pipeline.entry.path
    if of_kind:
        told = "It is saved only in code that the pipeline never comes to."
        checklist.no(name, told, *_distinct(of_kind))
        return
    where = f"what {runner} leads to" if runner else "the code; there is no runner"
    told = f"No call that saves it in {where}."
    if kind == "model" and tree.models:
        told += f" {len(tree.models)} files of models lie in git all the same."
        checklist.no(name, told, *sights(tree.models))
        return
    checklist.no(name, told)


def _distinct(saves: Iterable[Save]) -> list[Sight]:
    return list(dict.fromkeys(one.sight for one in saves))


def _listed(folders: Iterable[str]) -> str:
    names = [f"{one or 'the top folder'}" for one in dict.fromkeys(folders)]
    beyond = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + beyond


def _own_folders(
    checklist: Checklist, running: Sequence[Save], snapshot: Snapshot
) -> None:
    """No folder takes two kinds of things, nor lies among the code."""
    groups: dict[str, dict[str, Sight]] = {}
    for one in running:
        for folder in one.folders:
            if not is_temporary(folder):
                groups.setdefault(folder, {}).setdefault(_GROUPS[one.kind], one.sight)
    known = {group for found in groups.values() for group in found}
    if len(known) < 2:
        told = "The folders of fewer than two of data, models and reports are known."
        first = [sight for found in groups.values() for sight in found.values()]
        checklist.no("own_folders", told, *first)
        return
    with_code = {
        path.rpartition("/")[0]
        for path in snapshot.python_files
        if not path.endswith("__init__.py")
    } | {""}
    for folder, found in sorted(groups.items()):
        named = folder or "the top folder"
        if len(found) > 1:
            what = " and ".join(sorted(found))
            told = f"{named} takes {what}."
            checklist.no("own_folders", told, *found.values())
            return
        if folder in with_code:
            told = f"{named} is among the code and takes {next(iter(found))}."
            checklist.no("own_folders", told, *found.values())
            return
    told = f"Things are saved apart: {_listed(sorted(groups))}."
    places = [sight for found in groups.values() for sight in found.values()]
    checklist.yes("own_folders", told, *places)


def _raw_apart(
    checklist: Checklist,
    running: Sequence[Save],
    paths: Paths,
    tree: Tree,
    snapshot: Snapshot,
) -> None:
    """A folder of raw data that is read or kept, and one of processed data that is filled."""
    there = [*tree.data, *(one for one in tree.pointers)]
    places = {stage_of_data(path): path for path in reversed(there)}
    raw = places.get("raw") or _mentioned(paths)
    written = [
        one
        for one in running
        if one.kind == "processed"
        and any(stage_of_data(f"{folder}/x") == "processed" for folder in one.folders)
    ]
    processed = places.get("processed")
    if raw and (written or processed):
        seen = [one.sight for one in written]
        seen += [Sight(path=one) for one in (processed, places.get("raw")) if one]
        checklist.yes("raw_apart", f"Raw data is apart: {raw}.", *seen)
        return
    lacking = "processed" if raw else "raw"
    told = (
        f"No folder of {lacking} data, such as data/{lacking}, that the pipeline or a "
        "file in git uses."
    )
    checklist.no("raw_apart", told)


def _mentioned(paths: Paths) -> str | None:
    """A path of raw data in the configuration, or in a string of code that isn't a test."""
    for text in paths.configured:
        if "/" in text and stage_of_data(text) == "raw" and "://" not in text:
            return text
    return paths.first(lambda text: "/" in text and stage_of_data(text) == "raw")


def _in_git(
    checklist: Checklist,
    saves: Sequence[Save],
    tree: Tree,
    options: ArtifactsOptions,
) -> None:
    is_any = bool(saves or tree.models or tree.data or tree.pointers)
    kept = sights({**tree.models, **tree.data})
    pointers = [Sight(path=path) for path in tree.pointers]
    seen = [*kept, *_distinct(saves), *pointers]
    size = f"{options.large_mib:g} MiB"
    if tree.large:
        told = f"{len(tree.large)} files are larger than {size}."
        checklist.no("no_large_files", told, *sights(tree.large))
    elif not is_any:
        told = "Nothing is saved or kept that could be large."
        checklist.no("no_large_files", told)
    else:
        told = f"No file is larger than {size}."
        checklist.yes("no_large_files", told, *seen)
    if count := _generated_count(tree):
        told = f"Files in git that tools write: {count}"
        if tree.installed:
            inside = sum(map(len, tree.installed.values()))
            told += f", {inside} of them in {_listed(sorted(tree.installed))}"
        # One place for each folder: the first ten would all be of one environment.
        places = [
            Sight(path=paths[0], what=f"{len(paths)} files in {home}")
            for home, paths in tree.installed.items()
        ]
        places += [Sight(path=path) for path in tree.generated]
        told += "."
        checklist.no("nothing_generated", told, *places)
    elif not is_any:
        told = "Nothing is saved and nothing kept: there is nothing to keep out."
        checklist.no("nothing_generated", told)
    else:
        told = "No mlruns/, wandb/, venv/, __pycache__/ or the like."
        checklist.yes("nothing_generated", told, *seen)
