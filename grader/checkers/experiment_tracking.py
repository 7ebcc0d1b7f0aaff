"""Experiment tracking: what the pipeline logs with Weights & Biases or MLflow."""

from grader.checkers._base import Bench, Checker, Options, Result, nothing_to_measure
from grader.checkers._checklist import Checklist, Criterion, quantities_of
from grader.checkers._tracking_answers import TrackingAnswers
from grader.model.measurement import Quantity
from grader.model.snapshot import Snapshot

CRITERIA = (
    Criterion(
        "run",
        "the pipeline starts a run",
        "Start a run in the runner: wandb.init(…), or with mlflow.start_run():",
    ),
    Criterion(
        "config",
        "parameters are logged with the run",
        "Log the configuration: wandb.init(config=cfg), or mlflow.log_params(params).",
    ),
    Criterion(
        "metrics",
        "metrics are logged",
        "Log what was measured: wandb.log(metrics), or mlflow.log_metrics(metrics).",
    ),
    Criterion(
        "artifact",
        "a model or another file is logged",
        "Log the model: run.log_artifact(…), or mlflow.sklearn.log_model(…).",
    ),
    Criterion(
        "finished",
        "the run is ended",
        "End the run: `with` around it, wandb.finish() or mlflow.end_run().",
    ),
    Criterion(
        "configured",
        "project, entity, experiment or server come from the configuration",
        "Take the project's name from config.yaml or the environment.",
    ),
    Criterion(
        "enabled",
        "tracking is on unless somebody turns it off",
        "Let the configuration turn tracking on; turn it off in tests only.",
    ),
    Criterion(
        "no_key",
        "the key is not in the code",
        "Take the key from the environment: WANDB_API_KEY in .env or a secret of the CI.",
    ),
)


class ExperimentTrackingOptions(Options):
    """The checker has no options."""


class ExperimentTracking(Checker[ExperimentTrackingOptions]):
    """Experiment tracking with Weights & Biases or MLflow.

    Why it matters
        A model is the product of code, data and parameters. Without a record of the three,
        nobody can say which of fifty trainings gave the model that is served.

    How it is measured
        Calls of W&B and MLflow are read by resolved names, through aliases, variables,
        parameters and clients, in the code that the pipeline comes to; autologging counts
        for what it logs. A run in mode "disabled" is none. Fields of pydantic's
        BaseSettings come from the environment. Parameters are what goes into
        config or log_params, metrics what is logged and not a table or a picture.

    What it does not see
        What arrives at the server. Numbers whose names are put together at run time. What
        a library logs by its own settings. Other trackers: Neptune, Comet, ClearML.

    How to fix
        One run for each execution of the pipeline, with the configuration, the metrics of
        validation and test, and the model as an artifact; project and entity in config.yaml.
    """

    id = "experiment-tracking"
    source = "https://docs.wandb.ai/guides/track"
    criteria = CRITERIA
    mending = "findings"
    quantities = (
        *quantities_of(CRITERIA),
        Quantity("uses", "calls", "calls of a tracker that the pipeline comes to"),
    )

    def measure(
        self, snapshot: Snapshot, options: ExperimentTrackingOptions, bench: Bench
    ) -> Result:
        """Read what the pipeline logs."""
        if nothing := nothing_to_measure(snapshot, "all"):
            return Result(nothing)
        reading, checklist = TrackingAnswers(snapshot), Checklist(CRITERIA)
        reading.answer(checklist)
        tools = ", ".join(sorted({one.tool for one in reading.uses})) or "no tracker"
        values = {"uses": len(reading.uses)}
        return Result(checklist.measured(values), population=tools)
