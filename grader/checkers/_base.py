"""What a checker is: a class that states facts about a repository.

A checker knows no points, no weights and no other repository. There are two kinds. A
`ToolChecker` runs a command line and reads what it prints, `command` and `parse` apart, so
that tests feed `parse` with recorded output. A plain `Checker` reads the snapshot itself.
"""

import inspect
import re
import shlex
import shutil
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import (
    TYPE_CHECKING,
    ClassVar,
    Generic,
    Protocol,
    TypeVar,
    get_args,
    get_origin,
)

from pydantic import BaseModel, ConfigDict

from grader.cache.verdicts import Verdicts
from grader.checkers._checklist import Criterion
from grader.checkers._culprits import Runs, Stopped, measure_rest
from grader.environment.given import Environment, GivenInterpreter
from grader.errors import CannotMeasure
from grader.model.measurement import (
    Finding,
    Measured,
    Mending,
    NotApplicable,
    NotMeasured,
    Quantity,
    Tool,
)
from grader.model.snapshot import PythonModule, Scope, Snapshot
from grader.sandbox.access import Access, own_interpreter, prefixes_of
from grader.sandbox.box import Box, Confining
from grader.sandbox.limits import MEBIBYTE, Limits
from grader.sandbox.run import ToolOutput, run
from grader.sandbox.warm import SHIELDED, Warm

if TYPE_CHECKING:
    # What few checks ask for.
    from grader.model.hosted import Hosted
    from grader.model.live import Probe

SECTIONS = (
    "Why it matters",
    "How it is measured",
    "What it does not see",
    "How to fix",
)


class Options(BaseModel):
    """What a rubric may set for a checker; an unknown key is an error with its line."""

    model_config = ConfigDict(frozen=True, extra="forbid")


OptionsT = TypeVar("OptionsT", bound=Options)


class BoxSource(Protocol):
    """Where a bench gets the boxes that its programs run in."""

    def for_tools(self) -> Box:
        """For our own tools."""

    def for_forks(self) -> Confining | None:
        """For our own tools where they are forks; None where there is no such box."""

    def for_tests(self) -> Box:
        """For code of strangers. Raises `CannotMeasure` when there is none."""


def nobody_asked() -> "Hosted":
    """Where no host is asked. Raises `CannotMeasure`."""
    raise CannotMeasure("the host of the repository was not asked.")


@dataclass(frozen=True)
class Bench:
    """The place where one check works: a private empty folder, limits, and how to run.

    `scratch` is the check's own; `boxes` confine what is run; `environment` has the
    interpreter for the project's tests. Without `extra_runs` these run once, and not again
    to learn what they are worth. `probe` asks the service that the instructor named,
    None where none was. `hosted` gives what the repository's host knows of the work on it,
    asked at most once, and raises `CannotMeasure` with the reason where that can't be had.
    `warm` is the address of a parent that our own tools are forked from, None where each is
    started. `verdicts` are what tools have said of single files before, None where they are
    to be asked about all.
    """

    scratch: Path
    tool_limits: Limits
    test_limits: Limits
    boxes: BoxSource
    environment: Environment = GivenInterpreter(sys.executable)
    extra_runs: bool = True
    probe: "Probe | None" = None
    hosted: "Callable[[], Hosted]" = nobody_asked
    warm: Path | None = None
    verdicts: Verdicts | None = None

    @property
    def test_python(self) -> str:
        """The interpreter for the project's tests; `CannotMeasure` when there is none."""
        return self.environment.python()

    @property
    def empty_folder(self) -> Path:
        """An empty folder to work in: some tools read settings from where they stand."""
        folder = self.scratch / "empty"
        folder.mkdir(exist_ok=True)
        return folder

    @property
    def empty_settings(self) -> Path:
        """An empty configuration file: the tool's own defaults and nothing else."""
        file = self.scratch / "empty.cfg"
        file.touch()
        return file

    def run(
        self,
        argv: Sequence[str],
        *,
        cwd: Path | None = None,
        limits: Limits | None = None,
        environment: Mapping[str, str] | None = None,
        readable: Sequence[Path] = (),
    ) -> ToolOutput:
        """Run a tool of ours, in the empty folder under the tools' limits unless told so.

        It can change `scratch` only, and read its own packages and what is `readable`.
        """
        return run(
            argv,
            cwd=cwd or self.empty_folder,
            home=self.scratch / "home",
            limits=limits or self.tool_limits,
            environment=environment,
            box=self.boxes.for_tools(),
            access=Access((*own_interpreter(), *readable), (self.scratch,)),
            warm=self._warm(),
        )

    def _warm(self) -> Warm | None:
        box = self.boxes.for_forks() if self.warm is not None else None
        return Warm(self.warm, box) if self.warm is not None and box else None

    def run_project(
        self,
        argv: Sequence[str],
        *,
        cwd: Path | None = None,
        limits: Limits | None = None,
        environment: Mapping[str, str] | None = None,
        readable: Sequence[Path] = (),
        writable: Sequence[Path] = (),
        has_channel: bool = False,
    ) -> ToolOutput:
        """Run the project's interpreter, `argv[0]`: code of strangers, even if it's ours.

        What is installed beside an interpreter may run as soon as it starts. It can change
        what is `writable` and a HOME of its own, and read its packages and what is
        `readable`. Raises `CannotMeasure` when there is no box to run it in.
        """
        home = self.scratch / "project-home"
        empty = home / "empty"
        empty.mkdir(parents=True, exist_ok=True)
        python = shutil.which(argv[0]) or argv[0]
        return run(
            argv,
            cwd=cwd or empty,
            home=home,
            limits=limits or self.tool_limits,
            environment=environment,
            has_channel=has_channel,
            box=self.boxes.for_tests(),
            access=Access((*prefixes_of(python), *readable), tuple(writable)),
        )


@dataclass(frozen=True)
class Result:
    """What `Checker.measure` gives: the outcome, and the commands that a person can run.

    What is not `settled` might be otherwise next time, on a machine that is less busy, say:
    it is not kept for later runs. None: it is, unless an optional number is absent.
    """

    outcome: Measured | NotApplicable
    command: str | None = None
    fix_command: str | None = None
    population: str = ""
    settled: bool | None = None


class Checker(ABC, Generic[OptionsT]):
    """One concern, measured. Subclasses set the class variables and write the docstring.

    The docstring's first line is the title; the sections of `SECTIONS` follow, each under
    its own line. `source` is the page where the measured thing is described, `tools` the
    distributions whose versions matter. `criteria` are the lines of a checklist, whose
    quantities are among the others; code that earns each stands in `examples/ID.md` beside
    the checker.

    `mending` says what brings every quantity to its ideal: the `fix_command`, save the
    findings whose own fix is something else; mending each of the `findings`, or each of the
    `notes` on a line too; or `work` that no finding places. None claims nothing.
    `runs_project`: it runs the project's own code, and is left out where that is not wanted.
    `typical_s` is about how many seconds it takes for a course's project.
    `is_live`: it asks something that runs elsewhere, and is measured anew at every run.
    `asks_host`: it says nothing of files: a hook and the course's starter go without it, and
    no example can show its lines.
    `finds_secrets`: the lines of a file that it has findings in are never quoted.
    `reads_history`: what it can say depends on how much of the history there is: where it
    could not say all, it is asked again although the commit is the same.
    `needs_history`: of a plain folder it can say nothing, and it is always asked again: tags
    and branches come and go while the commit is the same.
    """

    id: ClassVar[str]
    quantities: ClassVar[tuple[Quantity, ...]]
    source: ClassVar[str]
    tools: ClassVar[tuple[str, ...]] = ()
    criteria: ClassVar[tuple[Criterion, ...]] = ()
    mending: ClassVar[Mending | None] = None
    runs_project: ClassVar[bool] = False
    typical_s: ClassVar[float] = 0.05
    is_live: ClassVar[bool] = False
    asks_host: ClassVar[bool] = False
    finds_secrets: ClassVar[bool] = False
    reads_history: ClassVar[bool] = False
    needs_history: ClassVar[bool] = False

    @classmethod
    def options_type(cls) -> type[OptionsT]:
        """The `Options` subclass that the class was parametrised with."""
        for base in getattr(cls, "__orig_bases__", ()):
            if get_origin(base) and issubclass(get_origin(base), Checker):
                found: type[OptionsT] = get_args(base)[0]
                return found
        raise TypeError(
            f"{cls.__name__} does not say its options: Checker[YourOptions]"
        )

    @abstractmethod
    def measure(self, snapshot: Snapshot, options: OptionsT, bench: Bench) -> Result:
        """State the facts. Raises `CannotMeasure` when *we* could not."""

    def searched(self, snapshot: Snapshot, options: OptionsT) -> Collection[str]:
        """The files that it searches for secrets: none, where that isn't its concern.

        Reports quote the lines of no other file, nor of one that it has findings in.
        """
        del snapshot, options
        return ()

    def reads(self, snapshot: Snapshot, options: OptionsT) -> Collection[str] | None:
        """The files whose content the outcome depends on; None for all there is to know.

        While they and the names of all files stay as they are, so does the outcome: it is
        kept, and not measured again. None stands for every file and the commits too.
        """
        del snapshot, options
        return None

    def consults(self, options: OptionsT) -> Collection[Path]:
        """Files outside of the repository that it reads, such as an instructor's list."""
        del options
        return ()

    def needs_project(self, options: OptionsT) -> bool:
        """Whether with these options it runs the project's code or builds its environment.

        Such an item is left out where neither is wanted, as in a hook.
        """
        del options
        return self.runs_project

    @classmethod
    def tool_versions(cls) -> tuple[Tool, ...]:
        """Name and version of each tool. Raises `CannotMeasure` for one not installed."""
        return tuple(Tool(name=name, version=_version(name)) for name in cls.tools)

    @classmethod
    def title(cls) -> str:
        """The first line of the docstring, without its full stop."""
        return inspect.cleandoc(cls.__doc__ or "").partition("\n")[0].rstrip(".")

    @classmethod
    def sections(cls) -> dict[str, str]:
        """The docstring's sections by title, in the order of `SECTIONS`."""
        text = inspect.cleandoc(cls.__doc__ or "")
        pattern = "|".join(map(re.escape, SECTIONS))
        parts = re.split(rf"^({pattern})$", text, flags=re.MULTILINE)
        return {
            name: inspect.cleandoc(body).strip()
            for name, body in zip(parts[1::2], parts[2::2], strict=True)
        }


@dataclass(frozen=True)
class Command:
    """A command line to run on a snapshot, and the one that would mend what it finds.

    `argv` starts with the Python module to run (`black`), as after `python -m`. `files` are
    paths relative to the snapshot and end the command. `is_bare` hides packages that are
    installed beside the tool; `find` is a folder of packages that it may find all the same,
    and never load. `plain` is what a person would type in place of `argv` to get the same
    numbers, where `argv` has options that only a program needs. `in_repository` runs the
    tool at the repository's top with relative paths, for tools whose findings depend on
    either; never for one that reads settings from where it stands. `environment` are
    variables that the tool is to see.
    """

    argv: tuple[str, ...]
    files: tuple[str, ...]
    fix: str | None = None
    population: str = ""
    is_bare: bool = False
    find: str | None = None
    plain: tuple[str, ...] = ()
    in_repository: bool = False
    environment: tuple[tuple[str, str], ...] = ()


class ToolChecker(Checker[OptionsT]):
    """A checker that runs one command line: `command` says which, `parse` reads its output.

    `scope` is the population that the command is given files of.
    """

    scope: ClassVar[Scope] = "all"

    @abstractmethod
    def command(
        self, snapshot: Snapshot, options: OptionsT, bench: Bench
    ) -> Command | NotApplicable:
        """The command line for this snapshot, or why there is nothing to run it on."""

    @abstractmethod
    def parse(
        self, output: ToolOutput, snapshot: Snapshot, options: OptionsT
    ) -> Measured | NotApplicable:
        """Read the output, the exit status first; `CannotMeasure` on what it doesn't know."""

    def measure(self, snapshot: Snapshot, options: OptionsT, bench: Bench) -> Result:
        """Run the command in an empty folder, shielded from the repository, and parse.

        Where it fails on some files, measure the others and name these.
        """
        command = self.command(snapshot, options, bench)
        if isinstance(command, NotApplicable):
            return Result(command)
        try:
            return self._run(command, snapshot, options, bench)
        except CannotMeasure as failure:
            return self._measure_rest(failure, snapshot, options, bench)

    def none_given(
        self, snapshot: Snapshot, options: OptionsT
    ) -> Measured | NotApplicable:
        """The facts where no file can be given to the tool, as Python can't parse one."""
        raise CannotMeasure(f"{self.tools[0]}: there is no file that it could read.")

    def _run(
        self, command: Command, snapshot: Snapshot, options: OptionsT, bench: Bench
    ) -> Result:
        if not command.files:
            # Without files most tools read the folder that they stand in.
            outcome = self.none_given(snapshot, options)
            return Result(outcome, population=command.population)
        output = execute(command, command.files, snapshot, bench)
        outcome = self.parse(output, snapshot, options)
        return result_of(command, outcome, snapshot, bench)

    def _measure_rest(
        self,
        failure: CannotMeasure,
        snapshot: Snapshot,
        options: OptionsT,
        bench: Bench,
    ) -> Result:
        def run_on(some: Snapshot, limits: Limits) -> Result:
            under = replace(bench, tool_limits=limits)
            command = self.command(some, options, under)
            if isinstance(command, NotApplicable):
                return Result(command)
            return self._run(command, some, options, under)

        rest = measure_rest(
            failure,
            snapshot.given(self.scope),
            Runs(
                only=lambda paths, limits: run_on(snapshot.only(paths), limits),
                without=lambda paths, limits: run_on(snapshot.without(paths), limits),
                control=lambda limits: run_on(_in_order(bench), limits),
            ),
            bench.tool_limits,
        )
        outcome = rest.result.outcome
        if isinstance(outcome, NotApplicable):
            # There is something to measure, and it could not be.
            raise failure
        withheld = snapshot.without(rest.culprits).withheld
        told = not_measured(rest.culprits, withheld)
        return replace(
            rest.result, outcome=outcome.model_copy(update={"not_measured": told})
        )


def not_measured(
    reasons: Mapping[str, str], paths: Collection[str]
) -> tuple[NotMeasured, ...]:
    """What a measurement says of these files, by path."""
    return tuple(NotMeasured(path=path, reason=reasons[path]) for path in sorted(paths))


def _in_order(bench: Bench) -> Snapshot:
    """A repository of one file that no tool has ever failed on."""
    root = bench.scratch / "in-order"
    root.mkdir(exist_ok=True)
    (root / "module.py").write_text('"""Nothing."""\n')
    return Snapshot(root=root, name="in-order", files=("module.py",))


def execute(
    command: Command, files: Sequence[str], snapshot: Snapshot, bench: Bench
) -> ToolOutput:
    """Run a command on some of the snapshot's files, shielded from the repository.

    Raises `CannotMeasure` when a limit or a signal ended it.
    """
    shield = [
        *(["--bare"] if command.is_bare else []),
        *(["--find", command.find] if command.find else []),
        str(snapshot.root),
    ]
    argv = [
        *SHIELDED,
        *shield,
        *command.argv,
        *(_argument(path, command, snapshot) for path in files),
    ]
    output = bench.run(
        argv,
        cwd=snapshot.root if command.in_repository else None,
        environment=dict(command.environment),
        readable=[snapshot.root, *([Path(command.find)] if command.find else ())],
    )
    refuse_killed(command.argv[0], output, bench.tool_limits)
    return output


def _argument(path: str, command: Command, snapshot: Snapshot) -> str:
    if not command.in_repository:
        return str(snapshot.root / path)
    # A file may be called `-rf.py`.
    return f"./{path}" if path.startswith("-") else path


def result_of(
    command: Command,
    outcome: Measured | NotApplicable,
    snapshot: Snapshot,
    bench: Bench,
) -> Result:
    """An outcome with the commands that a person can run to see and to mend the same."""
    typed = command.plain or command.argv
    variables = (f"{name}={value}" for name, value in command.environment)
    return Result(
        outcome=outcome,
        command=shown([*variables, *typed, *command.files], snapshot, bench),
        fix_command=command.fix,
        population=command.population,
    )


def refuse_killed(name: str, output: ToolOutput, limits: Limits) -> None:
    """Raise `CannotMeasure` when a tool of ours was stopped by a limit or a signal."""
    match output.killed_by:
        case "time":
            raise Stopped(
                f"{name}: did not finish within {limits.seconds:.3g} s. "
                "Raise limits.tool_seconds in the rubric."
            )
        case "output":
            raise Stopped(
                f"{name}: printed more than {limits.output_bytes // MEBIBYTE} MiB."
            )
        case "memory":
            raise Stopped(
                f"{name}: took more than {limits.memory_bytes // MEBIBYTE} MiB of "
                "memory. Raise limits.tool_memory_mebibytes in the rubric."
            )
        case "processes" | "disk":
            raise Stopped(f"{name}: was ended for what it took of {output.killed_by}.")
        case None:
            pass
    if output.exit_status < 0:
        raise CannotMeasure(f"{name}: was ended by signal {-output.exit_status}.")


def refuse_unknown(name: str, output: ToolOutput, why: str) -> CannotMeasure:
    """The error for output that a parser doesn't know, with the end of what was printed."""
    said = _traceback_end(output.stderr) or output.stdout.strip()[-400:]
    detail = f" It said: {said}" if said else ""
    return CannotMeasure(f"{name}: {why} (exit status {output.exit_status}).{detail}")


def _traceback_end(text: str) -> str:
    """The error that a traceback ends with, or the end of other text."""
    error = text.strip().rpartition("\n")[2]
    return (error if "Traceback (most recent" in text else text.strip())[-400:]


def shown(argv: Sequence[str], snapshot: Snapshot, bench: Bench) -> str:
    """A command as a person would type it at the top of the repository."""
    root = str(snapshot.root)
    plain = [
        arg.replace(str(bench.empty_settings), "/dev/null")
        .replace(root + "/", "")
        .replace(root, ".")
        for arg in argv
    ]
    return shlex.join(plain)


def relative(path: str, snapshot: Snapshot) -> str:
    """A path as a tool printed it, relative to the repository and with forward slashes.

    Raises `CannotMeasure` for one outside: then we did not understand the output.
    """
    try:
        return Path(path).relative_to(snapshot.root).as_posix()
    except ValueError as error:
        raise CannotMeasure(f"unexpected path in the output: {path}") from error


NOTHING_TO_MEASURE = NotApplicable(reason="There are no Python files to measure.")
NOTHING_WRITTEN = NotApplicable(reason="The Python files are all empty.")
NO_SOURCE = NotApplicable(
    reason="There are no Python files of the project's own to measure, tests aside."
)


def nothing_to_measure(snapshot: Snapshot, scope: Scope) -> NotApplicable | None:
    """Why there is nothing to measure: no Python files, or not one with a character in it.

    A repository of empty files has no violation either; that is not the same as clean code.
    """
    paths = snapshot.scope(scope)
    if not paths:
        return NOTHING_TO_MEASURE if scope == "all" else NO_SOURCE
    if not any(snapshot.module(path).text.strip() for path in paths):
        return NOTHING_WRITTEN
    return None


def unparsable_findings(modules: Sequence[PythonModule]) -> tuple[Finding, ...]:
    """One finding for each file that Python's own parser refuses."""
    return tuple(
        Finding(
            rule="unparsable",
            message=f"This file can't be parsed: {module.problem.message}.",
            path=module.path,
            line=module.problem.line,
            severity="error",
            fix="Mend the syntax error; until then no tool can read the file.",
        )
        for module in modules
        if module.problem is not None
    )


def python_paths(snapshot: Snapshot) -> tuple[str, ...]:
    """Every file that may be Python, those too that are in no population.

    Which are (`python_files`, `source_files`) is told from what all of them hold.
    """
    return tuple(path for path in snapshot.files if path.endswith((".py", ".pyi")))


def own_settings_finding(
    tool: str, places: Sequence[tuple[str, str]], snapshot: Snapshot
) -> tuple[Finding, ...]:
    """A note for each settings file of the repository that was not used.

    `places` are (file name, text that announces the tool's section in it) at the top of the
    repository; an empty text means that the whole file is the tool's.
    """
    found: list[Finding] = []
    for name, section in places:
        if name not in snapshot.files:
            continue
        text = (snapshot.root / name).read_text("utf-8", errors="replace")
        if section in text:
            where = f"{section} in {name}" if section else name
            found.append(
                Finding(
                    rule="own-settings",
                    message=f"The repository's own settings ({where}) were not used: "
                    f"the rubric chooses how {tool} is configured.",
                    path=name,
                    severity="info",
                )
            )
    return tuple(found)


@cache
def _version(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError as error:
        raise CannotMeasure(
            f"{distribution} is not installed. Install it beside mlops-grade: "
            "pip install --force-reinstall mlops-grade"
        ) from error
