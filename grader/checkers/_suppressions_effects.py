"""What each kind of suppressing comment hides: the tool with it, and without it."""

from collections.abc import Callable, Collection, Mapping, Set
from dataclasses import dataclass, field

from grader.checkers._base import Bench, Command, Options, execute
from grader.checkers._black import FormattingOptions, black_command, read_black
from grader.checkers._detect_secrets import scan, scan_command
from grader.checkers._flake8 import read_violations
from grader.checkers._isort import ImportsOptions, isort_command, read_isort
from grader.checkers._lint_command import LintOptions, lint_command
from grader.checkers._logging_command import LoggingOptions, logging_command, merged
from grader.checkers._pydocstyle import read_report
from grader.checkers._pydocstyle_command import DocstringsOptions, pydocstyle_command
from grader.checkers._pylint import (
    PylintOptions,
    pylint_command,
    rating_of,
    read_pylint,
)
from grader.checkers._suite.lines import read_lines
from grader.checkers._suppressions_comments import Kind
from grader.checkers._suppressions_copy import stripped
from grader.errors import CannotMeasure
from grader.model.measurement import Finding, Quantity
from grader.model.snapshot import Snapshot, is_test_file
from grader.sandbox.run import ToolOutput

Number = int | float


class MeasuredAs(Options):
    """How the affected checks are configured: as the rubric's items of these names are."""

    lint: LintOptions = LintOptions()
    logging: LoggingOptions = LoggingOptions()
    docstrings: DocstringsOptions = DocstringsOptions()
    pylint: PylintOptions = PylintOptions()
    formatting: FormattingOptions = FormattingOptions()
    imports: ImportsOptions = ImportsOptions()


EFFECT_QUANTITIES = (
    Quantity(
        "hidden_violations",
        "violations",
        "what flake8 reports without the `noqa` comments, and not with them; absent where "
        "flake8 could not be run",
        better="lower",
        ideal=0,
        optional=True,
    ),
    Quantity(
        "hidden_logging_violations",
        "violations",
        "what flake8's logging plugins report without the `noqa` comments, and not with "
        "them; absent where flake8 could not be run",
        better="lower",
        ideal=0,
        optional=True,
    ),
    Quantity(
        "hidden_docstring_violations",
        "violations",
        "what pydocstyle reports in the project's own code without the `noqa` comments, "
        "and not with them; absent where pydocstyle could not be run",
        better="lower",
        ideal=0,
        optional=True,
    ),
    Quantity(
        "hidden_pylint_messages",
        "messages",
        "what pylint reports in the project's own code without its comments, and not with "
        "them; absent where pylint could not be run",
        better="lower",
        ideal=0,
        optional=True,
    ),
    Quantity(
        "hidden_pylint_points",
        "points",
        "by how much pylint's comments raise its rating, which is 0 where they leave it "
        "nothing to rate; absent where pylint could not be run",
        better="lower",
        ideal=0,
        maximum=10,
        optional=True,
    ),
    Quantity(
        "hidden_unformatted",
        "files",
        "files that black would reformat without the `fmt` comments, and not with them; "
        "absent where black could not be run",
        better="lower",
        ideal=0,
        optional=True,
    ),
    Quantity(
        "hidden_unsorted",
        "files",
        "files whose imports isort would change without its comments, and not with them; "
        "absent where isort could not be run",
        better="lower",
        ideal=0,
        optional=True,
    ),
    Quantity(
        "hidden_statements",
        "statements",
        "statements of the source that `pragma: no cover` takes out of the coverage; "
        "absent where they could not be counted",
        better="lower",
        ideal=0,
        optional=True,
    ),
    Quantity(
        "hidden_secrets",
        "secrets",
        "what detect-secrets reports without the allowlist comments, in Python files; "
        "absent where detect-secrets could not be run",
        better="lower",
        ideal=0,
        optional=True,
    ),
)


@dataclass(frozen=True)
class Effect:
    """What one kind hides: the quantities, and the sentence that says with and without."""

    values: Mapping[str, Number] = field(default_factory=dict)
    told: str = ""


def effects_of(
    paths: Mapping[Kind, Collection[str]],
    snapshot: Snapshot,
    options: MeasuredAs,
    bench: Bench,
) -> tuple[dict[str, Number], tuple[Finding, ...]]:
    """The numbers of all kinds, and what was measured with and without, kind by kind.

    `paths` are the files that have comments of a kind. A tool runs only where there are.
    """
    values: dict[str, Number] = {quantity.name: 0 for quantity in EFFECT_QUANTITIES}
    findings: list[Finding] = []
    for kind, names, measure in _MEASURES:
        if not (marked := paths.get(kind)):
            continue
        try:
            effect = measure(sorted(marked), snapshot, options, bench)
        except CannotMeasure as error:
            for name in names:
                del values[name]
            findings.append(_not_known(kind, error.reason))
            continue
        values |= effect.values
        if effect.told:
            findings.append(_told(kind, effect.told))
    return values, tuple(findings)


def _noqa(
    marked: list[str], snapshot: Snapshot, options: MeasuredAs, bench: Bench
) -> Effect:
    """flake8 reads file by file: only those with a comment can differ."""
    part = snapshot.only(marked)
    found = []
    for unmasked in (False, True):
        command = lint_command(part, options.lint, unmasked=unmasked)
        output = execute(command, command.files, part, bench)
        found.append(len(read_violations(output, command.files, part)))
    shown, all_of_them = found
    return Effect(
        {"hidden_violations": max(0, all_of_them - shown)},
        f"In the {_files(marked)} with `noqa` comments flake8 reports {shown} violations; "
        f"without the comments it is {all_of_them}.",
    )


def _logging(
    marked: list[str], snapshot: Snapshot, options: MeasuredAs, bench: Bench
) -> Effect:
    part = snapshot.only(marked)
    selected = options.logging.select
    found = []
    for unmasked in (False, True):
        command = logging_command(part, options.logging, unmasked=unmasked)
        output = execute(command, command.files, part, bench)
        violations = read_violations(output, command.files, part)
        counted = [one for one in violations if one.code.startswith(selected)]
        found.append(sum(1 for _ in merged(counted)))
    return Effect(
        {"hidden_logging_violations": max(0, found[1] - found[0])},
        f"In the {_files(marked)} with `noqa` comments flake8's logging plugins report "
        f"{found[0]} violations; without the comments it is {found[1]}.",
    )


def _docstrings(
    marked: list[str], snapshot: Snapshot, options: MeasuredAs, bench: Bench
) -> Effect:
    marked = [path for path in marked if path in snapshot.source_files]
    found = []
    for tree in (snapshot, stripped("noqa", marked, snapshot, bench)):
        part = tree.only(marked)
        command = pydocstyle_command(part, options.docstrings, bench)
        if not command.files:
            return Effect()
        output = execute(command, command.files, part, bench)
        found.append(len(read_report(output, command.files).violations))
    return Effect(
        {"hidden_docstring_violations": max(0, found[1] - found[0])},
        f"In the {_files(marked)} of the source with `noqa` comments pydocstyle reports "
        f"{found[0]} violations; without the comments it is {found[1]}.",
    )


def _pylint(
    marked: list[str], snapshot: Snapshot, options: MeasuredAs, bench: Bench
) -> Effect:
    """Pylint reads the whole program: what one file says may be about another."""
    marked = [path for path in marked if path in snapshot.source_files]
    if not marked:
        return Effect()
    ratings, messages = [], []
    for tree in (snapshot, stripped("pylint", marked, snapshot, bench)):
        command = pylint_command(tree, options.pylint, bench)
        output = execute(command, command.files, tree, bench)
        report = read_pylint(output, tree)
        ratings.append(rating_of(output, report, tree).score)
        counts = report.statistics.counts
        messages.append(sum(counts.values()) - counts.get("info", 0))
    # Where it may read no statement its mark is that of 0: see the check pylint.
    shown, all_of_it = (rating or 0.0 for rating in ratings)
    said = [
        "nothing" if rating is None else f"the code {rating:.2f}" for rating in ratings
    ]
    return Effect(
        {
            "hidden_pylint_messages": max(0, messages[1] - messages[0]),
            "hidden_pylint_points": max(0.0, shown - all_of_it),
        },
        f"pylint rates {said[0]} with {messages[0]} messages; without the comments it "
        f"rates {said[1]} with {messages[1]}.",
    )


def _format(
    marked: list[str], snapshot: Snapshot, options: MeasuredAs, bench: Bench
) -> Effect:
    def command(part: Snapshot) -> Command:
        return black_command(part, options.formatting, bench)

    def changed(output: ToolOutput, part: Snapshot) -> Set[str]:
        return read_black(output, part).changed

    shown, all_of_them = _rewritten("format", marked, snapshot, bench, command, changed)
    return Effect(
        {"hidden_unformatted": len(all_of_them - shown)},
        f"black would reformat {len(shown)} of the {_files(marked)} with comments for "
        f"it; without them it is {len(all_of_them)}.",
    )


def _imports(
    marked: list[str], snapshot: Snapshot, options: MeasuredAs, bench: Bench
) -> Effect:
    def command(part: Snapshot) -> Command:
        return isort_command(part, options.imports, bench)

    def changed(output: ToolOutput, part: Snapshot) -> Set[str]:
        return read_isort(output, part).to_change

    if not command(snapshot.only(marked)).files:
        return Effect()
    shown, all_of_them = _rewritten(
        "imports", marked, snapshot, bench, command, changed
    )
    return Effect(
        {"hidden_unsorted": len(all_of_them - shown)},
        f"isort would change {len(shown)} of the {_files(marked)} with comments for it; "
        f"without them it is {len(all_of_them)}.",
    )


def _rewritten(
    kind: Kind,
    marked: list[str],
    snapshot: Snapshot,
    bench: Bench,
    command_for: Callable[[Snapshot], Command],
    changed: Callable[[ToolOutput, Snapshot], Set[str]],
) -> tuple[Set[str], Set[str]]:
    """Which of the marked files a tool would rewrite, with the comments and without."""
    found = []
    for tree in (snapshot, stripped(kind, marked, snapshot, bench)):
        part = tree.only(marked)
        command = command_for(part)
        found.append(changed(execute(command, command.files, part, bench), part))
    return found[0], found[1]


def _no_cover(
    marked: list[str], snapshot: Snapshot, options: MeasuredAs, bench: Bench
) -> Effect:
    """Counted from the files, by coverage's own analysis: no test runs for this."""
    counted = [
        path
        for path in marked
        if path in snapshot.source_files and not is_test_file(path)
    ]
    if not counted:
        return Effect()
    bare = stripped("no-cover", counted, snapshot, bench)
    with_them = read_lines(None, counted, snapshot).total("statements")
    without_them = read_lines(None, counted, bare).total("statements")
    return Effect(
        {"hidden_statements": max(0, without_them - with_them)},
        f"Of {without_them} statements in the {_files(counted)} with `pragma: no cover` "
        f"{with_them} count for the coverage.",
    )


def _allowlist(
    marked: list[str], snapshot: Snapshot, options: MeasuredAs, bench: Bench
) -> Effect:
    masked = scan(scan_command(unmasked=False), marked, snapshot, bench)
    unmasked = scan(scan_command(unmasked=True), marked, snapshot, bench)
    return Effect(
        {"hidden_secrets": len(unmasked.keys() - masked.keys())},
        f"In the {_files(marked)} with allowlist comments detect-secrets reports "
        f"{len(masked)} secrets; without the comments it is {len(unmasked)}.",
    )


_Measure = Callable[[list[str], Snapshot, MeasuredAs, Bench], Effect]
_MEASURES: tuple[tuple[Kind, tuple[str, ...], _Measure], ...] = (
    ("noqa", ("hidden_violations",), _noqa),
    ("noqa", ("hidden_logging_violations",), _logging),
    ("noqa", ("hidden_docstring_violations",), _docstrings),
    ("pylint", ("hidden_pylint_messages", "hidden_pylint_points"), _pylint),
    ("format", ("hidden_unformatted",), _format),
    ("imports", ("hidden_unsorted",), _imports),
    ("no-cover", ("hidden_statements",), _no_cover),
    ("allowlist", ("hidden_secrets",), _allowlist),
)


def _files(paths: Collection[str]) -> str:
    return f"{len(paths)} file{'' if len(paths) == 1 else 's'}"


def _told(kind: Kind, told: str) -> Finding:
    return Finding(rule=f"{kind}-hides", message=told, severity="info")


def _not_known(kind: Kind, reason: str) -> Finding:
    return Finding(
        rule=f"{kind}-not-measured",
        message=f"What these comments hide is not known: {reason}",
        severity="info",
    )
