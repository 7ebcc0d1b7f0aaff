"""`mlops-grade cache`: what of earlier runs is kept, and how to be rid of it."""

import sys
from typing import TYPE_CHECKING

import typer

from grader.cli.output import console

if TYPE_CHECKING:
    from grader.engine.request import Caching

cache_app = typer.Typer(
    no_args_is_help=True,
    help="The measurements of earlier runs, which are taken over where nothing that they "
    "depend on has changed.",
)


def caching(*, no_cache: bool, rerun_tests: bool) -> "Caching":
    """What the options say. Raises `GradeError` for a limit that is no number."""
    from grader.cache.place import limit_mebibytes
    from grader.engine.request import Caching

    if not no_cache:
        # Now, and not once for each group of a class.
        limit_mebibytes()
    return Caching(is_on=not no_cache, reruns_tests=rerun_tests)


@cache_app.command()
def info() -> None:
    """Show where measurements are kept, how many there are and how much room they may take.

    MLOPS_GRADE_CACHE names another folder for everything that this program keeps, and
    MLOPS_GRADE_CACHE_MIB another limit for measurements, 0 for none at all.
    """
    from datetime import datetime

    from rich.table import Table
    from rich.text import Text

    from grader.cache.entries import MEBIBYTE, user_entries

    entries = user_entries()
    filling = entries.filling()
    rows = [
        ("Folder", str(entries.folder)),
        ("Measurements", f"{filling.entries:,}"),
        (
            "Room taken",
            f"{filling.size_bytes / MEBIBYTE:,.1f} of "
            f"{entries.limit_bytes // MEBIBYTE:,} MiB",
        ),
    ]
    if filling.oldest_use is not None:
        oldest = datetime.fromtimestamp(filling.oldest_use).astimezone()
        rows.append(("Oldest use", f"{oldest:%Y-%m-%d %H:%M}"))
    if entries.trouble:
        rows.append(("Not used", f"{entries.trouble}."))
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(no_wrap=True)
    # A path is for copying: folded, never cut.
    table.add_column(overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    console(sys.stdout).print(table)


@cache_app.command()
def clear() -> None:
    """Remove all measurements: the next run makes each of them anew.

    Environments and cloned repositories, which are kept beside them, stay.
    """
    from grader.cache.entries import MEBIBYTE, user_entries
    from grader.errors import ExitCode, GradeError

    entries = user_entries()
    before = entries.clear()
    if entries.folder.exists():
        raise GradeError(
            f'"{entries.folder}" could not be removed.',
            hint=f"{entries.trouble}." if entries.trouble else "See whose it is.",
            exit_code=ExitCode.ENVIRONMENT,
        )
    typer.echo(
        f"{before.entries:,} measurements removed, "
        f"{before.size_bytes / MEBIBYTE:,.1f} MiB.",
        err=True,
    )
