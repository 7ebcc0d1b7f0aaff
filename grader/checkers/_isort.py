"""Runs isort as `isort --check-only` and reads what it reports."""

import json
import re
from dataclasses import dataclass
from typing import Literal

from pydantic import PositiveInt

from grader.checkers._base import Bench, Command, Options, refuse_unknown
from grader.errors import CannotMeasure
from grader.model.snapshot import Snapshot
from grader.sandbox.run import ToolOutput

# With --verbose isort says on standard output what is right; what is wrong always goes
# to standard error. A path may hold a newline: hence DOTALL, and paths looked up, not
# read.
_SORTED = re.compile(r"^SUCCESS: (.+?) Everything Looks Good!$", re.M | re.S)
_UNSORTED = re.compile(
    r"^ERROR: (.+?) Imports are incorrectly sorted and/or formatted\.$", re.M | re.S
)
# A file that opts out is not named, only counted.
_SKIPPED = re.compile(r"^Skipped (\d+) files$", re.M)
_SKIP_COMMENTS = ("isort:" + "skip_file", "isort: " + "skip_file")


class ImportsOptions(Options):
    """`profile`: one of isort's own, or None for plain isort; `line_length`."""

    profile: (
        Literal[
            "black",
            "django",
            "pycharm",
            "google",
            "open_stack",
            "plone",
            "attrs",
            "hug",
            "wemake",
            "appnexus",
        ]
        | None
    ) = None
    line_length: PositiveInt | None = None


# What is kept of what it said of a file.
VERDICT = re.compile(r"sorted|to change|skipped")


@dataclass(frozen=True)
class IsortReport:
    """The files that isort would change, and those that opt out of it."""

    to_change: frozenset[str]
    skipped: frozenset[str]

    def verdict(self, path: str) -> str:
        """What it says of one file, in the words of `VERDICT`."""
        if path in self.to_change:
            return "to change"
        return "skipped" if path in self.skipped else "sorted"


def isort_command(snapshot: Snapshot, options: ImportsOptions, bench: Bench) -> Command:
    """isort on the Python files that can be parsed, with no settings but ours."""
    layout = layout_options(options)
    check = ("isort", "--check-only", "--verbose")
    settings = bench.scratch / "isort.toml"
    settings.write_text(_settings(snapshot), encoding="utf-8")
    return Command(
        argv=(*check, "--settings-file", str(settings), *layout, "--"),
        # One import with an unclosed parenthesis ends isort's whole run.
        files=parsable(snapshot),
        fix=" ".join(("isort", *layout, ".")),
        population=snapshot.describe("all"),
        plain=(*check, "--settings-file", "/dev/null", *layout, "--"),
    )


def read_isort(output: ToolOutput, snapshot: Snapshot) -> IsortReport:
    """What isort reported on exactly the files given; `CannotMeasure` for all else."""
    if output.exit_status not in (0, 1):
        raise refuse_unknown("isort", output, "ended in a way we don't know")
    judged = parsable(snapshot)
    # isort resolves symbolic links above the repository before it prints a path.
    names = {str((snapshot.root / path).resolve()): path for path in judged}
    in_order = _named(_SORTED, output.stdout, names)
    to_change = _named(_UNSORTED, output.stderr, names)
    skipped = set(judged) - in_order - to_change
    count = sum(int(number) for number in _SKIPPED.findall(output.stdout))
    if (
        len(skipped) != count
        or in_order & to_change
        or not all(_opts_out(snapshot, path) for path in skipped)
    ):
        raise refuse_unknown("isort", output, "did not report on every file")
    if output.exit_status != (1 if to_change else 0):
        raise refuse_unknown("isort", output, "ended unlike its own report")
    return IsortReport(frozenset(to_change), frozenset(skipped))


def layout_options(options: ImportsOptions) -> tuple[str, ...]:
    """The options that say how imports are to look."""
    profile = () if options.profile is None else (f"--profile={options.profile}",)
    width = options.line_length
    return (*profile, *(() if width is None else (f"--line-length={width}",)))


def _settings(snapshot: Snapshot) -> str:
    """A settings file that says where the project's own modules are, and nothing else.

    isort run at the top of a repository looks in src/, then in the top folder. `--src`
    twice is not the same: isort makes a set of them, and where `data` is a package in
    src/ and only a folder at the top, the answer depended on that set's order, run by
    run.
    """
    places = [str(snapshot.root / "src"), str(snapshot.root)]
    return f"[tool.isort]\nsrc_paths = {json.dumps(places, ensure_ascii=False)}\n"


def parsable(snapshot: Snapshot) -> tuple[str, ...]:
    """The Python files that isort is given."""
    broken = {module.path for module in snapshot.unparsable("all")}
    return tuple(path for path in snapshot.python_files if path not in broken)


def _opts_out(snapshot: Snapshot, path: str) -> bool:
    return any(comment in snapshot.module(path).text for comment in _SKIP_COMMENTS)


def _named(pattern: re.Pattern[str], text: str, names: dict[str, str]) -> set[str]:
    found = set(pattern.findall(text))
    if strange := found - set(names):
        raise CannotMeasure(f"isort: unexpected path in the output: {min(strange)}")
    return {names[full] for full in found}
