"""Orchestration: the stages as steps that a tool runs, and who says which of them run."""

from grader.checkers._base import Bench, Checker, Options, Result
from grader.checkers._checklist import Checklist, Criterion, quantities_of
from grader.checkers._orchestration_answers import OrchestrationAnswers
from grader.model.measurement import Quantity
from grader.model.snapshot import Snapshot

CRITERIA = (
    Criterion(
        "chained",
        "a tool runs at least two steps of the pipeline in their order",
        "Give each stage a step of its own: mlflow.run for each, or stages in dvc.yaml.",
    ),
    Criterion(
        "mlproject",
        "every MLproject file can be read, and the uppermost has a name",
        "Write an MLproject: name, python_env or conda_env, entry_points.",
    ),
    Criterion(
        "entry_points",
        "what the entry points start is there",
        "Name files as seen from the MLproject's folder: command: python main.py.",
    ),
    Criterion(
        "parameters",
        "parameters in the commands are declared",
        "Declare them below parameters:, with a default, and use them as {name}.",
    ),
    Criterion(
        "environment",
        "the uppermost MLproject names its environment, and no such file is missing",
        "Add python_env: python_env.yaml or conda_env: environment.yml beside it.",
    ),
    Criterion(
        "steps_run",
        "the pipeline runs projects with mlflow.run, and each has what it asks for",
        'Call mlflow.run("src/train", "main", parameters=…) from the runner.',
    ),
    Criterion(
        "steps_match",
        "what a list of steps names is there",
        "Let the names in the list be those of modules, folders or functions.",
    ),
    Criterion(
        "steps_chosen",
        "the configuration or the command line says which steps run",
        "Read the steps from config.yaml (main.steps), so that one can be run alone.",
    ),
    Criterion(
        "hydra",
        "Hydra gives what runs its configuration, and that is there",
        'Decorate main: @hydra.main(config_path="conf", config_name="config").',
    ),
)


class OrchestrationOptions(Options):
    """The checker has no options."""


class Orchestration(Checker[OrchestrationOptions]):
    """The pipeline as steps that a tool runs.

    Why it matters
        A script that calls everything runs everything. Where each stage is a step with an
        entry point of its own, one can be run again with other parameters, in the same
        environment, on another machine, and everybody sees what comes before it.

    How it is measured
        MLproject files are read as YAML: their entry points' commands are parsed as shell,
        and the scripts and modules are looked for from the file's folder, as MLflow does.
        Calls of `mlflow.run` and commands `mlflow run` count where the pipeline comes to
        them; the folder is put together from constants, f-strings, joined paths and the
        names that a loop goes through. A list of steps is one that code which runs reads:
        in the configuration, or a list in the code under such a name; its names are
        modules, folders of code, functions with a body, entry points, or what the code
        asks for (`if "train" in steps`). Steps of a tool also are stages of dvc.yaml that
        need one another, where `dvc init` is in git, flows of Prefect, ZenML, Dagster and
        Kubeflow that call two tasks and that something starts, DAGs of Airflow with an
        order, Kedro pipelines that are registered, and a target of a Makefile that starts
        two scripts, also by `$(MAKE)`; they earn the first line, and `other_tools` counts
        them, so that a rubric needn't ask for MLflow.

    What it does not see
        Whether a step succeeds. Projects in other repositories. Folders that nothing but
        the run itself can tell. Snakemake, Luigi, Metaflow, Step Functions. Jobs of a
        workflow on GitHub are `ci`, functions that main() calls `pipeline-stages`.

    How to fix
        A folder for each stage with run.py and MLproject, a list of steps in config.yaml,
        and a main.py with @hydra.main that runs the chosen ones with mlflow.run.
    """

    id = "orchestration"
    source = "https://mlflow.org/docs/latest/projects.html"
    criteria = CRITERIA
    mending = "findings"
    quantities = (
        *quantities_of(CRITERIA),
        Quantity("projects", "files", "MLproject files"),
        Quantity("entry_points_declared", "entry points", "entry points in MLproject"),
        Quantity(
            "steps",
            "steps",
            "steps of mlflow.run that the pipeline comes to, that can run",
        ),
        Quantity(
            "other_tools", "tools", "tools beside MLflow that run two steps or more"
        ),
    )

    def measure(
        self, snapshot: Snapshot, options: OrchestrationOptions, bench: Bench
    ) -> Result:
        """Read what runs the stages."""
        reading, checklist = OrchestrationAnswers(snapshot), Checklist(CRITERIA)
        reading.answer(checklist)
        values = {
            "projects": len(reading.projects),
            "entry_points_declared": len(reading.points),
            "steps": len(reading.working),
            "other_tools": len({one.tool for one in reading.chains}),
        }
        return Result(checklist.measured(values), population=reading.tools)
