"""Imports: the share of files whose imports isort would leave as they are."""

import shlex
from collections.abc import Mapping
from pathlib import PurePosixPath

from grader.cache.contents import Contents
from grader.checkers._base import (
    Bench,
    Command,
    nothing_to_measure,
    own_settings_finding,
    python_paths,
    unparsable_findings,
)
from grader.checkers._file_by_file import FileByFile
from grader.checkers._isort import (
    VERDICT,
    ImportsOptions,
    isort_command,
    layout_options,
    parsable,
    read_isort,
)
from grader.model.measurement import Finding, Measured, NotApplicable, Quantity
from grader.model.snapshot import Snapshot
from grader.sandbox.run import ToolOutput

__all__ = ["Imports", "ImportsOptions"]

_OWN_SETTINGS = (
    (".isort.cfg", ""),
    ("pyproject.toml", "[tool.isort]"),
    ("setup.cfg", "[isort]"),
    ("setup.cfg", "[tool:isort]"),
    ("tox.ini", "[isort]"),
    ("tox.ini", "[tool:isort]"),
    (".editorconfig", "[*"),
)


class Imports(FileByFile[ImportsOptions]):
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
    typical_s = 0.11
    source = "https://isort.readthedocs.io/"
    tools = ("isort",)
    mending = "command"
    wording = VERDICT
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
        return isort_command(snapshot, options, bench)

    def reads(self, snapshot: Snapshot, options: ImportsOptions) -> list[str]:
        return [*python_paths(snapshot), *(name for name, _ in _OWN_SETTINGS)]

    def beside(self, contents: Contents) -> tuple[str, ...]:
        """Whether a module is the project's own, isort sees from what else is there.

        It looks for files and folders of the module's name at the top and in src/, and in
        each `__init__.py` on the way whether the package is spread over several places.
        """
        packages = [
            path
            for path in contents.snapshot.files
            if PurePosixPath(path).name == "__init__.py"
        ]
        return contents.shape, contents.all_of(packages)

    def verdicts(self, output: ToolOutput, snapshot: Snapshot) -> dict[str, str]:
        report = read_isort(output, snapshot)
        return {path: report.verdict(path) for path in parsable(snapshot)}

    def state(
        self, verdicts: Mapping[str, str], snapshot: Snapshot, options: ImportsOptions
    ) -> Measured:
        return _measured(
            snapshot,
            options,
            {path for path, verdict in verdicts.items() if verdict == "to change"},
            {path for path, verdict in verdicts.items() if verdict == "skipped"},
        )


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
        fix=shlex.join(("isort", *layout_options(options), path)),
    )


def _opted_out(path: str) -> Finding:
    return Finding(
        rule="skip-file",
        message="This file opts out of isort with a skip_file comment: its imports "
        "were not checked, and it does not count as compliant.",
        path=path,
        fix="Remove the comment and run isort on the file.",
    )
