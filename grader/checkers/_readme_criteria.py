"""The lines of the README's checklist."""

from grader.checkers._checklist import Criterion

CRITERIA = (
    Criterion(
        "says_what_it_is",
        "it says what the project is and does",
        "Begin with a title and two or three sentences: which problem, which data, what "
        "comes out.",
    ),
    Criterion(
        "says_how_to_install",
        "a section has the commands that install it",
        "Add a section `Installation` with the commands, from a fresh clone on.",
    ),
    Criterion(
        "says_how_to_run",
        "a section has the command that runs it",
        "Add a section `Usage` with the command that runs the whole pipeline.",
    ),
    Criterion(
        "says_how_to_test",
        "a section has the command that runs its tests",
        "Add a section `Tests` with the command, such as `pytest`.",
    ),
    Criterion(
        "shows_structure",
        "it shows the repository's structure, with names that are there",
        "Add a section `Project structure` with the tree of folders and files.",
    ),
    Criterion(
        "describes_data",
        "a section describes the data",
        "Add a section `Data`: where it comes from, its columns, the target.",
    ),
    Criterion(
        "shows_results",
        "a section has results: numbers, or a picture",
        "Add a section `Results` with the metrics of the model, or a plot of them.",
    ),
    Criterion(
        "explains_tracking",
        "it explains how experiments are tracked (MLflow, Weights & Biases …)",
        "Add a section on it: what is logged, where to see it, how to log in.",
    ),
    Criterion(
        "explains_docker",
        "it explains how to build and run the container",
        "Add a section `Docker` with the commands to build and to run the image.",
    ),
    Criterion(
        "explains_api",
        "it explains the API: how to start it and how to call it",
        "Add a section `API` with the command that starts it and a request.",
    ),
    Criterion(
        "has_ci_badge",
        "it shows the badge of a workflow that is in the repository",
        "Copy the badge from the workflow's page on GitHub: Create status badge.",
    ),
    Criterion(
        "commands_exist",
        "every file, module, target and environment that its commands name is there",
        "Correct the command, or commit what it names.",
    ),
    Criterion(
        "links_work",
        "no link or image into the repository is broken",
        "Correct the path (it is relative to the README), or commit the file.",
    ),
    Criterion(
        "is_finished",
        "nothing of a template is left over",
        "Write what belongs there, or delete it.",
    ),
    Criterion(
        "is_long_enough",
        "it has enough text to work with",
        "Write for somebody who sees the project for the first time.",
    ),
)
