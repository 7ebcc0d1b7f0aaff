"""The options that more than one command takes."""

from typing import Annotated

import typer

NoCache = Annotated[
    bool,
    typer.Option(
        "--no-cache",
        help="Take no measurement from an earlier run, and keep none for a later one.",
    ),
]
RerunTests = Annotated[
    bool,
    typer.Option(
        "--rerun-tests",
        help="Run the project's tests also where nothing has changed since they last ran.",
    ),
]
Offline = Annotated[
    bool, typer.Option("--offline", help="Fetch nothing: use what is cached.")
]
NoSignals = Annotated[
    bool,
    typer.Option(
        "--no-signals",
        help="Run the tests once only: no canary tests, no changes to covered code.",
    ),
]
NoWarm = Annotated[
    bool,
    typer.Option(
        "--no-warm",
        help="Start each tool as a program of its own. Slower; the numbers are the same.",
    ),
]
