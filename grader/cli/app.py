"""`mlops-grade`: the commands together, and the one place where a bug becomes a message.

What a command needs beyond typer is imported when it runs, so that `--help` stays quick.
"""

import os
import platform
import sys
import tempfile
import traceback
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from grader.cli.batch import batch
from grader.cli.checkers import checkers, explain
from grader.cli.cohort import cohort_app
from grader.cli.compare import compare
from grader.cli.doctor import doctor
from grader.cli.env import env
from grader.cli.export import export_app
from grader.cli.github import github_app
from grader.cli.grade import grade
from grader.cli.history import history
from grader.cli.hook import hook
from grader.cli.merge import merge
from grader.cli.report import report
from grader.cli.rescore import rescore
from grader.cli.rubric import rubric_app
from grader.cli.selftest import selftest
from grader.errors import ExitCode, GradeError
from grader.resources import MissingResource

app = typer.Typer(
    name="mlops-grade",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Grade a student MLOps repository by a rubric, and show where every number comes "
    "from. [bold]mlops-grade PATH[/bold] is short for [bold]mlops-grade grade PATH[/bold].",
    epilog="Exit codes: 0 graded; 1 below --fail-under, or worse than --no-worse-than; "
    "2 wrong usage or rubric; 3 environment, our bug, or checks that could not be graded "
    "under --strict; 130 interrupted.",
)
app.command()(grade)
app.command()(batch)
app.command()(merge)
app.command()(rescore)
app.command()(history)
app.command()(compare)
app.command()(hook)
app.add_typer(cohort_app, name="cohort")
app.add_typer(export_app, name="export")
app.add_typer(github_app, name="github")
app.command()(report)
app.command()(checkers)
app.command()(explain)
app.add_typer(rubric_app, name="rubric")
app.command()(env)
app.command()(doctor)
app.command()(selftest)

_OWN_OPTIONS = (
    "-h",
    "--help",
    "--version",
    "--install-completion",
    "--show-completion",
)


def _show_version(value: bool) -> None:
    if value:
        typer.echo(f"mlops-grade {metadata.version('mlops-grade')}")
        raise typer.Exit()


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Show the version."
        ),
    ] = False,
) -> None:
    """The options that stand before any command."""


def main() -> NoReturn:
    """The console script: run the arguments, end with the exit code."""
    sys.exit(run(sys.argv[1:]))


def run(argv: Sequence[str]) -> int:
    """Run a command line and return its exit code; nothing escapes as a traceback."""
    try:
        app(_with_command(argv), prog_name="mlops-grade")
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else ExitCode.GRADED
    except GradeError as error:
        _complain(error.message, error.hint)
        return error.exit_code
    except MissingResource as error:
        _complain(
            f"{error}.", "Install it again: pip install --force-reinstall mlops-grade"
        )
        return ExitCode.ENVIRONMENT
    except KeyboardInterrupt:
        _complain("interrupted.", "")
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        # The reader of our output has gone (`| head`): nobody is left to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.GRADED
    except Exception as error:  # our bug: the one handler
        _complain(
            f"this is a bug in mlops-grade: {type(error).__name__}: {error}",
            f"Please report it with this log: {_write_log(argv)}",
        )
        return ExitCode.ENVIRONMENT
    return ExitCode.GRADED


def _with_command(argv: Sequence[str]) -> list[str]:
    """`PATH …` becomes `grade PATH …`; a folder named like a command is written ./report."""
    named = {
        command.name or _function_name(command) for command in app.registered_commands
    }
    known = named | {group.name for group in app.registered_groups}
    if not argv or argv[0] in known or argv[0].split("=")[0] in _OWN_OPTIONS:
        return list(argv)
    return ["grade", *argv]


def _function_name(command: typer.models.CommandInfo) -> str:
    return command.callback.__name__ if command.callback else ""


def _complain(message: str, hint: str) -> None:
    from grader.reporting.clean import clean

    typer.echo(f"mlops-grade: {clean(message)}", err=True)
    if hint:
        typer.echo(f"  {clean(hint)}", err=True)


def _write_log(argv: Sequence[str]) -> Path:
    facts = [
        f"mlops-grade {metadata.version('mlops-grade')}",
        f"Python {platform.python_version()} on {platform.platform()}",
        f"arguments: {list(argv)!r}",
        "",
        traceback.format_exc(),
    ]
    with tempfile.NamedTemporaryFile(
        "w", prefix="mlops-grade-", suffix=".log", delete=False, encoding="utf-8"
    ) as file:
        file.write("\n".join(facts))
    return Path(file.name)
