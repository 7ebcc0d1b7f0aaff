"""`mlops-grade`: the commands together, and the one place where a bug becomes a message.

What a command needs beyond typer is imported when it runs, so that `--help` stays quick.
"""

import gc
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from typer.core import TyperCommand, TyperGroup

from grader.cli.commands import COMMANDS, MARKUP, SETTINGS, Command, listed, loaded
from grader.errors import ExitCode, GradeError
from grader.resources import MissingResource

PROGRAM = "mlops-grade"

app = typer.Typer(
    name=PROGRAM,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=MARKUP,
    context_settings=SETTINGS,
    help="Grade a student MLOps repository by a rubric, and show where every number comes "
    "from. mlops-grade PATH is short for mlops-grade grade PATH.",
    epilog="Exit codes: 0 graded; 1 below --fail-under, or worse than --no-worse-than; "
    "2 wrong usage or rubric; 3 environment, our bug, or checks that could not be graded "
    "under --strict; 130 interrupted.",
)
_OWN_OPTIONS = (
    "-h",
    "--help",
    "--version",
    "--install-completion",
    "--show-completion",
)
# Set by the lines that --install-completion gives the shell.
_COMPLETES = "_MLOPS_GRADE_COMPLETE"


def _show_version(value: bool) -> None:
    if value:
        _print_version()
        raise typer.Exit()


def _print_version() -> None:
    from importlib import metadata

    typer.echo(f"mlops-grade {metadata.version('mlops-grade')}")


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


# What is loaded stays, and is looked through for garbage again and again while more is loaded:
# a tenth of a short run, which makes fewer objects than this. Python's own number is 700.
_BEFORE_A_LOOK = 250_000


def main() -> NoReturn:
    """Run the arguments of this process, end with the exit code."""
    gc.set_threshold(_BEFORE_A_LOOK, *gc.get_threshold()[1:])
    # Else pydantic reads what every installed package declares, to find what watches it.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    sys.exit(run(sys.argv[1:]))


def run(argv: Sequence[str]) -> int:
    """Run a command line and return its exit code; nothing escapes as a traceback."""
    try:
        _called(list(argv))
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


def program() -> TyperGroup:
    """The whole command line, with every command's arguments and options."""
    return _with_commands(loaded)


def _with_commands(made: Callable[[Command], TyperCommand | TyperGroup]) -> TyperGroup:
    group = typer.main.get_command(app)
    assert isinstance(group, TyperGroup)
    for command in COMMANDS:
        group.add_command(made(command), command.name)
    return group


def _called(argv: list[str]) -> None:
    """Run the command that the arguments name, and load no other.

    `PATH …` is `grade PATH …`; a folder named like a command is written ./report.
    """
    known = {command.name: command for command in COMMANDS}
    if _COMPLETES in os.environ:
        program()(argv, prog_name=PROGRAM)
    elif argv and argv[0] in known:
        loaded(known[argv[0]])(argv[1:], prog_name=f"{PROGRAM} {argv[0]}")
    elif argv[:1] == ["--version"]:
        # Read as an option it would load pydantic, with which typer checks values.
        _print_version()
    elif not argv or argv[0].split("=")[0] in _OWN_OPTIONS:
        _with_commands(listed)(argv, prog_name=PROGRAM)
    else:
        loaded(known["grade"])(argv, prog_name=f"{PROGRAM} grade")


def _complain(message: str, hint: str) -> None:
    from grader.reporting.clean import clean

    typer.echo(f"mlops-grade: {clean(message)}", err=True)
    if hint:
        typer.echo(f"  {clean(hint)}", err=True)


def _write_log(argv: Sequence[str]) -> Path:
    import platform
    import tempfile
    import traceback
    from importlib import metadata

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
