"""Imports: the share of files whose imports isort would leave as they are."""

import json
import re
import shlex
from typing import Literal

from pydantic import PositiveInt

from grader.checkers._base import (
    Bench,
    Command,
    Options,
    ToolChecker,
    nothing_to_measure,
    own_settings_finding,
    refuse_unknown,
    unparsable_findings,
)
from grader.errors import CannotMeasure
from grader.model.measurement import Finding, Measured, NotApplicable, Quantity
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

_OWN_SETTINGS = (
    (".isort.cfg", ""),
    ("pyproject.toml", "[tool.isort]"),
    ("setup.cfg", "[isort]"),
    ("setup.cfg", "[tool:isort]"),
    ("tox.ini", "[isort]"),
    ("tox.ini", "[tool:isort]"),
    (".editorconfig", "[*"),
)


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


class Imports(ToolChecker[ImportsOptions]):
    """Imports sorted as isort would.

    Why it matters
        Sorted imports show at a glance what a module needs from the standard library,
        from other packages and from the project itself, and two people who add an
        import rarely touch the same line.

    How it is measured
        `isort --check-only --verbose` on every Python file of the repository that can
        be parsed, with isort's default settings or the profile that the rubric names.
        Modules in the repository's top folder and in src/ are the project's own, as for
        isort itself. Each file must appear in isort's report; otherwise nothing is
        marked. A file that can't be parsed is not compliant, and neither is one that
        opts out with a skip_file comment.

    What it does not see
        Unused imports, notebooks, and imports marked with `# isort: skip` or `# isort:
        off`. The repository's own isort settings are not used.

    How to fix
        Run `isort .` and commit the result. Where black is used as well, both agree
        only under isort's profile "black": ask which profile the rubric names.
    """

    id = "imports"
    source = "https://isort.readthedocs.io/"
    tools = ("isort",)
    mending = "command"
    quantities = (
        Quantity("files", "files", "Python files that were checked"),
        Quantity(
            "compliant_files",
            "files",
            "files whose imports isort would leave as they are",
            better="higher",
            ideal="files",
        ),
        Quantity(
            "files_to_change",
            "files",
            "files whose imports isort would change",
            better="lower",
            ideal=0,
        ),
        Quantity(
            "unparsable",
            "files",
            "files that Python can't parse",
            better="lower",
            ideal=0,
        ),
        Quantity(
            "skipped_files",
            "files",
            "files that opt out of isort with a skip_file comment",
            better="lower",
            ideal=0,
        ),
    )

    def command(
        self, snapshot: Snapshot, options: ImportsOptions, bench: Bench
    ) -> Command | NotApplicable:
        if nothing := nothing_to_measure(snapshot, "all"):
            return nothing
        layout = _layout(options)
        check = ("isort", "--check-only", "--verbose")
        settings = bench.scratch / "isort.toml"
        settings.write_text(_settings(snapshot), encoding="utf-8")
        return Command(
            argv=(*check, "--settings-file", str(settings), *layout, "--"),
            # One import with an unclosed parenthesis ends isort's whole run.
            files=_parsable(snapshot),
            fix=" ".join(("isort", *layout, ".")),
            population=snapshot.describe("all"),
            plain=(*check, "--settings-file", "/dev/null", *layout, "--"),
        )

    def none_given(self, snapshot: Snapshot, options: ImportsOptions) -> Measured:
        return _measured(snapshot, options, set(), set())

    def parse(
        self, output: ToolOutput, snapshot: Snapshot, options: ImportsOptions
    ) -> Measured:
        if output.exit_status not in (0, 1):
            raise refuse_unknown("isort", output, "ended in a way we don't know")
        judged = _parsable(snapshot)
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
        return _measured(snapshot, options, to_change, skipped)


def _layout(options: ImportsOptions) -> tuple[str, ...]:
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


def _parsable(snapshot: Snapshot) -> tuple[str, ...]:
    broken = {module.path for module in snapshot.unparsable("all")}
    return tuple(path for path in snapshot.python_files if path not in broken)


def _opts_out(snapshot: Snapshot, path: str) -> bool:
    return any(comment in snapshot.module(path).text for comment in _SKIP_COMMENTS)


def _named(pattern: re.Pattern[str], text: str, names: dict[str, str]) -> set[str]:
    found = set(pattern.findall(text))
    if strange := found - set(names):
        raise CannotMeasure(f"isort: unexpected path in the output: {min(strange)}")
    return {names[full] for full in found}


def _measured(
    snapshot: Snapshot, options: ImportsOptions, to_change: set[str], skipped: set[str]
) -> Measured:
    files = len(snapshot.python_files)
    broken = snapshot.unparsable("all")
    return Measured(
        values={
            "files": files,
            "compliant_files": files - len(to_change) - len(broken) - len(skipped),
            "files_to_change": len(to_change),
            "unparsable": len(broken),
            "skipped_files": len(skipped),
        },
        findings=(
            *unparsable_findings(broken),
            *(_unsorted(path, options) for path in sorted(to_change)),
            *(_opted_out(path) for path in sorted(skipped)),
            *own_settings_finding("isort", _OWN_SETTINGS, snapshot),
        ),
    )


def _unsorted(path: str, options: ImportsOptions) -> Finding:
    return Finding(
        rule="would-sort",
        message="isort would change the imports of this file.",
        path=path,
        fix=shlex.join(("isort", *_layout(options), path)),
    )


def _opted_out(path: str) -> Finding:
    return Finding(
        rule="skip-file",
        message="This file opts out of isort with a skip_file comment: its imports "
        "were not checked, and it does not count as compliant.",
        path=path,
        fix="Remove the comment and run isort on the file.",
    )
