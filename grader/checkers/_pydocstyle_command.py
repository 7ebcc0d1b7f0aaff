"""The command line of pydocstyle on the project's own code."""

from typing import Literal

from grader.checkers._base import Bench, Command, Options
from grader.model.snapshot import Snapshot

Convention = Literal["pep257", "numpy", "google"]


class DocstringsOptions(Options):
    """`convention` is the set of rules; pydocstyle's own default is pep257."""

    convention: Convention = "pep257"


def pydocstyle_command(
    snapshot: Snapshot, options: DocstringsOptions, bench: Bench
) -> Command:
    """pydocstyle on the files that can be parsed, with no settings but ours."""
    plain = (
        *("pydocstyle", f"--config={bench.empty_settings}"),
        # By default it passes over test_*.py and hidden folders without a word.
        *(f"--convention={options.convention}", r"--match=.*\.py"),
    )
    return Command(
        # --verbose names every file that it reads, --count how much it found.
        argv=(*plain, "--verbose", "--count"),
        plain=plain,
        files=readable(snapshot),
        fix=" ".join(("pydocstyle", *snapshot.source_roots)),
        population=snapshot.describe("source"),
        # A module below a folder called `_something` is private to it: only the
        # repository's own folders may count, not those that our copy stands in.
        in_repository=True,
    )


def readable(snapshot: Snapshot) -> tuple[str, ...]:
    """The files to hand over: one that can't be decoded would end the whole run."""
    paths = snapshot.given("source")
    return tuple(path for path in paths if snapshot.module(path).problem is None)
