"""The stages of the pipeline: there, with a body, and come to when it is run."""

import ast
from collections.abc import Iterable
from pathlib import PurePosixPath

from grader.checkers._base import (
    Bench,
    Checker,
    Options,
    Result,
    nothing_to_measure,
    unparsable_findings,
)
from grader.checkers._checklist import Checklist, Criterion, quantities_of
from grader.codebase.bodies import is_stub
from grader.codebase.code import Code, CodeFile, code_of
from grader.codebase.entry import Pipeline, pipeline_of
from grader.codebase.stages import (
    STAGES,
    StageFunction,
    StageName,
    Stages,
    stages_of,
    words_of,
)
from grader.model.measurement import Finding, Quantity, Sight
from grader.model.snapshot import Snapshot

_MEANINGS: dict[StageName, str] = {
    "loading": "data is loaded by a function of its own",
    "cleaning": "data is cleaned by a function of its own",
    "validation": "data is validated by a function of its own",
    "preprocessing": "data is preprocessed by a function of its own",
    "features": "features are made by a function of their own",
    "training": "the model is trained by a function of its own",
    "evaluation": "the model is evaluated by a function of its own",
    "inference": "predictions are made by a function of their own",
}
_FIXES: dict[StageName, str] = {
    "loading": "Write load_data() in a module such as src/load_data.py",
    "cleaning": "Write clean_data() in a module such as src/clean_data.py",
    "validation": "Write validate_data() in a module such as src/validate.py",
    "preprocessing": "Write preprocess() in a module such as src/preprocess.py",
    "features": "Write build_features() in a module such as src/features.py",
    "training": "Write train_model() in a module such as src/train.py",
    "evaluation": "Write evaluate_model() in a module such as src/evaluate.py",
    "inference": "Write run_inference() in a module such as src/infer.py",
}
CRITERIA = (
    *(
        Criterion(
            stage, _MEANINGS[stage], f"{_FIXES[stage]} and call it from the runner."
        )
        for stage in STAGES
    ),
    Criterion(
        "sklearn_pipeline",
        "transformers and model are put together as a scikit-learn pipeline",
        "Put the steps into sklearn.pipeline.Pipeline or a ColumnTransformer, fitted on "
        "the training data only.",
    ),
    Criterion(
        "utilities",
        "what several modules need is in a module of utilities",
        "Move what two modules do alike into functions of src/utils.py.",
    ),
)
_PIPELINES = frozenset(
    "sklearn.pipeline.Pipeline sklearn.pipeline.make_pipeline "
    "sklearn.pipeline.FeatureUnion sklearn.compose.ColumnTransformer "
    "sklearn.compose.make_column_transformer imblearn.pipeline.Pipeline "
    "imblearn.pipeline.make_pipeline".split()
)
_UTILITIES = frozenset(
    "util utils utilities helper helpers common shared tools".split()
)
# In a sentence; the checklist has every stage by itself.
_NAMED = 3


class PipelineStagesOptions(Options):
    """The checker has no options."""


class PipelineStages(Checker[PipelineStagesOptions]):
    """Stages of the pipeline that run.

    Why it matters
        A pipeline of separate stages can be tested, changed and run again piece by piece.
        A stage that nothing calls is a file, not a stage.

    How it is measured
        Functions are told apart by the words of their names (`load_raw_data`,
        `evaluate_model`), else by those of their module or folder (`src/train.py`). A
        stage counts where such a function has a body and the pipeline comes to it: from
        the runner, the stages of dvc.yaml, the entry points of MLproject, the console
        scripts of pyproject.toml, and the scripts that a README, a Makefile or a
        Dockerfile says to run and that lead to other modules, by import, by call, and by
        commands that start scripts (subprocess, MLflow projects). A body that only
        passes, prints, or returns what it was given is a stub. What only shows something
        (`plot_features`), and what the address of a service is asked for, is no stage but
        training and inference. A function whose name has the words of two stages counts for
        both. Reading a configuration or a model is not loading data.

    What it does not see
        Whether a stage does what its name says, and stages with other names. Functions
        that are reached by names put together at run time, other than those of modules
        and MLflow projects. Frameworks that find pipelines by themselves (Kedro, Airflow).

    How to fix
        One function or module for each stage, called from the runner. Delete what
        nothing calls, or call it.
    """

    id = "pipeline-stages"
    source = "https://cookiecutter-data-science.drivendata.org/#directory-structure"
    criteria = CRITERIA
    mending = "work"
    quantities = (
        *quantities_of(CRITERIA),
        Quantity(
            "stages",
            "stages",
            "stages of the eight that are there, with a body, and run",
            better="higher",
            ideal=len(STAGES),
            maximum=len(STAGES),
        ),
        Quantity(
            "stage_modules",
            "modules",
            "modules that hold a stage that runs",
            better="higher",
        ),
        Quantity(
            "dead_stages",
            "stages",
            "stages that are written and that nothing comes to",
            better="lower",
            ideal=0,
        ),
        Quantity(
            "stub_stages",
            "stages",
            "stages of which there is nothing but stubs",
            better="lower",
            ideal=0,
        ),
    )

    def measure(
        self, snapshot: Snapshot, options: PipelineStagesOptions, bench: Bench
    ) -> Result:
        """Look for each stage in what the pipeline comes to."""
        if nothing := nothing_to_measure(snapshot, "source"):
            return Result(nothing)
        code, pipeline, stages = (
            code_of(snapshot),
            pipeline_of(snapshot),
            stages_of(snapshot),
        )
        checklist = Checklist(CRITERIA)
        for stage in STAGES:
            _answer(checklist, stage, stages, pipeline)
        _sklearn(checklist, code, pipeline)
        _utilities(checklist, code, pipeline)
        real = {stage: stages.real(stage) for stage in STAGES}
        written = {
            stage: [one for one in stages.of(stage) if not one.is_stub]
            for stage in STAGES
        }
        values = {
            "stages": sum(bool(found) for found in real.values()),
            "stage_modules": len(
                {
                    one.file.path
                    for found in real.values()
                    for one in found
                    if one.is_named
                }
            ),
            "dead_stages": sum(
                bool(written[stage]) and not real[stage] for stage in STAGES
            ),
            "stub_stages": sum(
                bool(stages.of(stage)) and not written[stage] for stage in STAGES
            ),
        }
        findings = [
            *unparsable_findings(snapshot.unparsable("source")),
            *(_unread(path) for path in code.unread),
        ]
        return Result(
            checklist.measured(values, findings), population=_population(pipeline)
        )


def _population(pipeline: Pipeline) -> str:
    entry = pipeline.entry
    if entry.path is None:
        return f"no runner: {entry.why}"
    count = len(pipeline.reach.paths)
    return f"what {entry.path} leads to ({entry.why}): {count} Python files"


def _answer(
    checklist: Checklist, stage: StageName, stages: Stages, pipeline: Pipeline
) -> None:
    if real := stages.real(stage):
        # Those that are called so, where there are any: their helpers prove nothing more.
        real = tuple(one for one in real if one.is_named) or real
        told = f"The pipeline comes to {_named(real)}."
        checklist.yes(stage, told, *(one.sight for one in real))
        return
    there = stages.of(stage)
    written = [one for one in there if not one.is_stub]
    written = [one for one in written if one.is_named] or written
    runner = pipeline.entry.path or "no runner"
    if written:
        told = (
            f"{_named(written)} is there, and nothing that {runner} leads to uses it."
        )
        if pipeline.entry.path is None:
            told = f"{_named(written)} is there, and there is no runner that uses it."
        checklist.no(stage, told, *(one.sight for one in written))
    elif there:
        told = f"{_named(there)} is a stub: it has a name and does nothing."
        checklist.no(stage, told, *(one.sight for one in there))
    else:
        checklist.no(stage, f"No function or module is called after {stage}.")


def _named(functions: Iterable[StageFunction]) -> str:
    names = list(dict.fromkeys(f"{one.name}()" for one in functions))
    beyond = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + beyond


def _sklearn(checklist: Checklist, code: Code, pipeline: Pipeline) -> None:
    def made(calls: Iterable[tuple[CodeFile, ast.Call]]) -> list[Sight]:
        return [
            Sight(path=file.path, line=call.lineno, what=name.rpartition(".")[2])
            for file, call in calls
            if (name := code.symbol(file, call.func) or "") in _PIPELINES
        ]

    if sights := made(pipeline.reach.calls()):
        told = f"{sights[0].what} is made where the pipeline comes to it."
        checklist.yes("sklearn_pipeline", told, *sights)
        return
    everywhere = made(
        (file, node)
        for file in code.files.values()
        if not file.is_test
        for node in file.names.nodes
        if isinstance(node, ast.Call)
    )
    told = (
        "No call of Pipeline, ColumnTransformer or their like where the pipeline runs."
    )
    if everywhere:
        told = f"{everywhere[0].what} is made only in code that the pipeline never comes to."
    checklist.no("sklearn_pipeline", told, *everywhere)


def _utilities(checklist: Checklist, code: Code, pipeline: Pipeline) -> None:
    """A module of helpers with a real function that runs and another module uses."""
    files = [
        file
        for file in code.files.values()
        if not file.is_test and _is_utilities(file.path)
    ]
    used = [
        Sight(path=file.path, line=node.lineno, what=f"{name}()")
        for file in files
        for name, node in file.functions.items()
        if pipeline.reach.reaches(node) and not is_stub(file, node)
    ]
    paths = ", ".join(file.path for file in files[:_NAMED])
    checklist.seen(
        "utilities",
        used,
        yes=f"Functions of {paths} run.",
        no=(
            f"{paths} is there, and the pipeline uses no function of it."
            if files
            else "No module is called utils, helpers, common or the like."
        ),
    )


def _is_utilities(path: str) -> bool:
    pure = PurePosixPath(path)
    return any(
        not _UTILITIES.isdisjoint(words_of(part))
        for part in (pure.stem, *pure.parts[:-1])
    )


def _unread(path: str) -> Finding:
    return Finding(
        rule="not-followed",
        message="This file was not followed: the repository has more Python than is read.",
        path=path,
        severity="info",
    )
