"""Docstrings: what pydocstyle finds, and the share of public definitions documented."""

from grader.checkers._base import (
    Bench,
    Command,
    ToolChecker,
    nothing_to_measure,
    own_settings_finding,
    python_paths,
    unparsable_findings,
)
from grader.checkers._public_definitions import public_definitions
from grader.checkers._pydocstyle import Report, read_report
from grader.checkers._pydocstyle_command import (
    DocstringsOptions,
    pydocstyle_command,
    readable,
)
from grader.model.measurement import Finding, Measured, NotApplicable, Quantity
from grader.model.snapshot import Snapshot
from grader.sandbox.run import ToolOutput

__all__ = ["Docstrings", "DocstringsOptions"]

_MISSING = tuple(f"D10{digit}" for digit in range(8))


_OWN_SETTINGS = (
    *((name, "") for name in (".pydocstyle", ".pydocstyle.ini")),
    *((name, "") for name in (".pydocstylerc", ".pydocstylerc.ini")),
    ("setup.cfg", "[pydocstyle]"),
    ("tox.ini", "[pydocstyle]"),
    ("pyproject.toml", "[tool.pydocstyle]"),
)


class Docstrings(ToolChecker[DocstringsOptions]):
    """Docstrings where others need them, in the usual form.

    Why it matters
        A docstring says what a function takes and gives without its body being read.
        Editors and documentation tools show it wherever the function is used.

    How it is measured
        `pydocstyle` with its default convention, PEP 257, on the files below `src/`
        (without a `src/`: on the project's own modules, tests aside), private modules
        included. Each file must appear in its log. `violations_per_file` divides by the
        files that could be read. Beside it the public modules, classes, functions and
        methods are counted, as pydocstyle understands public, and how many of them have
        a docstring.

    What it does not see
        Whether a docstring is true or helps anybody; definitions behind a `# noqa`
        comment; notebooks. The repository's own pydocstyle settings are not used.

    How to fix
        Begin with the missing ones: one sentence that says what the module, class or
        function gives, then its arguments and what it raises.
    """

    id = "docstrings"
    typical_s = 0.13
    source = "https://www.pydocstyle.org/en/stable/error_codes.html"
    tools = ("pydocstyle",)
    mending = "findings"
    scope = "source"
    quantities = (
        Quantity(
            "violations",
            "violations",
            "departures from the convention, missing docstrings included",
            better="lower",
            ideal=0,
        ),
        Quantity("files", "files", "Python files of the project's own code"),
        Quantity(
            "violations_per_file",
            "violations per file",
            "violations / parsable_files; 0 if no file can be parsed",
            better="lower",
            ideal=0,
        ),
        Quantity(
            "missing",
            "violations",
            "public definitions that pydocstyle reports as undocumented (D100 to D107)",
            better="lower",
            ideal=0,
        ),
        Quantity(
            "public_definitions",
            "definitions",
            "public modules, classes, functions and methods",
        ),
        Quantity(
            "documented",
            "definitions",
            "those of them with a docstring that says something",
            better="higher",
            ideal="public_definitions",
        ),
        Quantity(
            "documented_share",
            "share",
            "documented / public_definitions; 0 if there are none",
            better="higher",
            ideal=1,
            maximum=1,
        ),
        Quantity(
            "parsable_files",
            "files",
            "files that pydocstyle could read",
            better="higher",
            ideal="files",
        ),
        Quantity(
            "unparsable",
            "files",
            "files that pydocstyle can't read",
            better="lower",
            ideal=0,
        ),
    )

    def reads(self, snapshot: Snapshot, options: DocstringsOptions) -> list[str]:
        return [*python_paths(snapshot), *(name for name, _ in _OWN_SETTINGS)]

    def command(
        self, snapshot: Snapshot, options: DocstringsOptions, bench: Bench
    ) -> Command | NotApplicable:
        if nothing := nothing_to_measure(snapshot, "source"):
            return nothing
        return pydocstyle_command(snapshot, options, bench)

    def parse(
        self, output: ToolOutput, snapshot: Snapshot, options: DocstringsOptions
    ) -> Measured:
        report = read_report(output, readable(snapshot))
        return _measured(report, snapshot, options)

    def none_given(self, snapshot: Snapshot, options: DocstringsOptions) -> Measured:
        return _measured(Report((), {}), snapshot, options)


def _measured(
    report: Report, snapshot: Snapshot, options: DocstringsOptions
) -> Measured:
    violations, dropped = report.violations, report.dropped
    modules = [snapshot.module(path) for path in snapshot.source_files]
    broken = [module for module in modules if module.problem]
    unparsable = len(broken) + len(dropped)
    parsable = len(modules) - unparsable
    definitions = [
        has_docstring
        for module in modules
        if module.path not in dropped
        if module.tree is not None
        for has_docstring in public_definitions(
            module.path, module.tree, with_init=options.convention != "numpy"
        )
    ]
    documented = sum(definitions)
    return Measured(
        values={
            "violations": len(violations),
            "files": len(modules),
            "violations_per_file": len(violations) / parsable if parsable else 0.0,
            "missing": sum(v.code in _MISSING for v in violations),
            "public_definitions": len(definitions),
            "documented": documented,
            "documented_share": documented / len(definitions) if definitions else 0.0,
            "parsable_files": parsable,
            "unparsable": unparsable,
        },
        findings=(
            *unparsable_findings(broken),
            *(_drop(path, why) for path, why in dropped.items()),
            *(
                Finding(rule=v.code, message=f"{v.text}.", path=v.path, line=v.line)
                for v in violations
            ),
            *own_settings_finding(
                "pydocstyle",
                _OWN_SETTINGS,
                snapshot,
            ),
        ),
    )


def _drop(path: str, why: str) -> Finding:
    return Finding(
        rule="unparsable",
        message=f"pydocstyle can't read this file: {why}",
        path=path,
        severity="error",
        fix="See what `python -m py_compile` says. A docstring is a plain string: "
        "no f-string and no bytes.",
    )
