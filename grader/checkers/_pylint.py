"""Runs pylint and reads its report: for what it rates, and what comments hide from it."""

import ast
import glob
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    Field,
    StringConstraints,
    ValidationError,
    field_validator,
)

from grader.checkers._base import Bench, Command, Options, refuse_unknown
from grader.checkers._culprits import CrashedOn
from grader.checkers._pylint_packages import ignore_option
from grader.errors import CannotMeasure
from grader.model.snapshot import PythonModule, Snapshot
from grader.sandbox.run import ToolOutput

Kind = Literal["fatal", "error", "warning", "refactor", "convention", "info"]

# What each kind of message adds to pylint's exit status.
_BITS: dict[Kind, int] = {
    "fatal": 1,
    "error": 2,
    "warning": 4,
    "refactor": 8,
    "convention": 16,
    "info": 0,
}


class PylintOptions(Options):
    """`disable` names messages beside `import-error`; `py_version` is the code's.

    `resolve: environment` lints with the packages of the project's own environment
    importable, as in its own virtual environment: `import-error` counts then, and so does
    what the installed versions have. By default (`none`) nothing third-party is looked at,
    and the rating is the same on every machine.
    """

    disable: tuple[
        Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9-]*$")], ...
    ] = ()
    py_version: Annotated[str, StringConstraints(pattern=r"^3\.\d{1,2}$")] = "3.11"
    resolve: Literal["none", "environment"] = "none"

    @field_validator("disable")
    @classmethod
    def _keeps_something(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if "all" in names:
            raise ValueError('"all" would leave nothing to rate; name the messages')
        return names


class PylintMessage(BaseModel):
    """One message of the report; an empty or missing line is None or 0."""

    kind: Kind = Field(alias="type")
    symbol: str
    text: str = Field(alias="message")
    id: str = Field(alias="messageId")
    path: Annotated[str, AfterValidator(lambda path: PurePath(path).as_posix())]
    line: int | None


class PylintStatistics(BaseModel):
    """How many messages of each kind, and the rating."""

    counts: dict[Kind, int] = Field(alias="messageTypeCount")
    score: float = Field(ge=0, le=10)


class PylintReport(BaseModel):
    """What `--output-format=json2` prints."""

    messages: list[PylintMessage]
    statistics: PylintStatistics


def pylint_command(snapshot: Snapshot, options: PylintOptions, bench: Bench) -> Command:
    """pylint on the project's own code, with no settings but ours."""
    resolves = options.resolve == "environment"
    off = (*(() if resolves else ("import-error",)), *options.disable)
    choices = (
        *((f"--disable={','.join(off)}",) if off else ()),
        f"--py-version={options.py_version}",
    )
    plain = (
        *("pylint", f"--rcfile={bench.empty_settings}", *choices),
        *ignore_option(snapshot),
    )
    return Command(
        argv=(
            *(*plain, "--output-format=json2", "--persistent=n", "--score=y"),
            # json2 says 10 where pylint read no statement and gives no rating. The
            # exit status tells: with no message it is 1 for a rating below this,
            # and 0 for none.
            "--fail-under=11",
            # A crash is a fatal message: no option may switch it off.
            "--enable=F,file-ignored",
        ),
        plain=plain,
        # It expands wildcards itself: a file may be called `[a].py`.
        files=tuple(map(glob.escape, snapshot.given("source"))),
        fix=" ".join(("pylint", *choices, *snapshot.source_roots)),
        population=snapshot.describe("source"),
        is_bare=True,
        find=_site_packages(bench) if resolves else None,
        # isort, which pylint asks about the order of imports, takes what stands in
        # the working directory and its src/ for the project's own.
        in_repository=True,
    )


def read_pylint(output: ToolOutput, snapshot: Snapshot) -> PylintReport:
    """The report; `CannotMeasure` for a crash and for one that contradicts itself."""
    report = _read(output)
    _refuse_ours(report.messages, snapshot)
    counts = report.statistics.counts
    bits = sum(_BITS[kind] for kind, count in counts.items() if count)
    # Without a message the status tells whether there is a rating: --fail-under.
    expected = (bits,) if bits else (0, 1)
    complete = sum(counts.values()) == len(report.messages)
    if not complete or output.exit_status not in expected:
        raise refuse_unknown("pylint", output, "contradicts itself")
    return report


@dataclass(frozen=True)
class Rating:
    """What pylint rates: None where it read no statement, and the files it could not read.

    `refused` are those that Python can't parse either; `is_empty` is a project without a
    statement to read.
    """

    score: float | None
    unparsable: frozenset[str]
    refused: frozenset[str]
    skipped: frozenset[str]
    is_empty: bool


def rating_of(output: ToolOutput, report: PylintReport, snapshot: Snapshot) -> Rating:
    """The rating that a report really gives: json2 says 10 where there is none."""
    modules = [snapshot.module(path) for path in snapshot.source_files]
    # An import of a broken file has the same id as the broken file itself.
    unread = {
        message.path
        for message in report.messages
        if message.id == "E0001" and not message.text.startswith("Cannot import")
    }
    refused = {module.path for module in modules if module.problem}
    unparsable = unread | refused
    skipped = {m.path for m in report.messages if m.id == "I0013"}
    written = {module.path for module in modules if _has_statement(module)}
    is_rated = output.exit_status != 0 and bool(written - unparsable - skipped)
    return Rating(
        report.statistics.score if is_rated else None,
        frozenset(unparsable),
        frozenset(refused),
        frozenset(skipped),
        is_empty=not written and not unparsable,
    )


def _has_statement(module: PythonModule) -> bool:
    # A docstring is no statement to pylint.
    tree = module.tree
    if tree is None:
        return False
    return len(tree.body) > (ast.get_docstring(tree, clean=False) is not None)


def _site_packages(bench: Bench) -> str:
    """Where the project's environment keeps its packages; builds it if need be."""
    ask = "import sysconfig; print(sysconfig.get_path('purelib'))"
    output = bench.run_project([bench.test_python, "-I", "-c", ask])
    if output.exit_status != 0 or output.killed_by is not None:
        raise refuse_unknown(
            bench.test_python, output, "did not say where its packages are"
        )
    return output.stdout.strip()


def _read(output: ToolOutput) -> PylintReport:
    if output.exit_status not in range(32):
        raise refuse_unknown("pylint", output, "ended in a way we don't know")
    # It goes on without the checkers that it can't load, and then finds less.
    if "Problem importing module" in output.stderr:
        raise refuse_unknown("pylint", output, "did not load all of its checkers")
    try:
        return PylintReport.model_validate_json(output.stdout)
    except ValidationError as error:
        raise refuse_unknown(
            "pylint", output, "did not print a report that we know"
        ) from error


def _refuse_ours(messages: Sequence[PylintMessage], snapshot: Snapshot) -> None:
    """Raise `CannotMeasure` for what the code can't help: a wrong option, a crash."""
    crashes: dict[str, str] = {}
    for message in messages:
        if message.path not in snapshot.source_files:
            raise CannotMeasure(
                f"pylint: {message.path}: {message.text} ({message.id})"
            )
        if message.kind == "fatal" and not snapshot.module(message.path).problem:
            crashes[message.path] = (
                f"{message.id} {message.symbol}, which is a fault of pylint's and not "
                "of the file."
            )
    if crashes:
        raise CrashedOn("pylint", crashes)
