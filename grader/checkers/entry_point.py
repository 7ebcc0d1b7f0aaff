"""The entry point: one file that runs the pipeline, and how it is written."""

import ast
from collections.abc import Iterator

from pydantic import Field

from grader.checkers import _entry_point_work
from grader.checkers._base import Bench, Checker, Options, Result, nothing_to_measure
from grader.checkers._checklist import Checklist, Criterion, quantities_of
from grader.codebase.bodies import is_stub
from grader.codebase.code import Code, CodeFile, Function, code_of
from grader.codebase.entry import RUNNERS, Pipeline, pipeline_of
from grader.codebase.names import is_main_guard
from grader.codebase.reach import Start, reach_from
from grader.codebase.stages import STAGES, StageName, stages_of
from grader.model.measurement import Quantity, Sight
from grader.model.snapshot import Snapshot

CRITERIA = (
    Criterion(
        "runner",
        "there is one file to run, and it leads to the project's modules",
        "Write main.py (or src/main.py) that imports the stages and calls them.",
    ),
    Criterion(
        "docstring",
        "a docstring at its top says what it runs",
        "Say in a docstring at the top of the runner what it does and how to call it.",
    ),
    Criterion(
        "main_function",
        "a function main() holds the work",
        "Put the work of the runner into a function main().",
    ),
    Criterion(
        "guard",
        '`if __name__ == "__main__":` calls a function of the file',
        'End the runner with: if __name__ == "__main__": main()',
    ),
    Criterion(
        "arguments",
        "it takes arguments by argparse, typer, click, hydra or the like",
        "Read the path of the configuration, or what to run, with argparse, typer or hydra.",
    ),
    Criterion(
        "error_handling",
        "errors are handled where it runs: logged, raised as another, or ended with a status",
        "Handle what can go wrong in main(): log it and raise, or end with a status.",
    ),
    Criterion(
        "nothing_at_import",
        "importing it does no work",
        "Move what runs at the level of the module into main().",
    ),
    Criterion(
        "short",
        "its function is short",
        "Move the stages' own work into their modules; main() names the steps.",
    ),
    Criterion(
        "delegates",
        "it calls several stages that other modules hold",
        "Call the functions of the stages from main().",
    ),
)
_ARGUMENTS = (
    *(
        "argparse.ArgumentParser().parse_args",
        "argparse.ArgumentParser().parse_known_args",
    ),
    *("hydra.main", "hydra.initialize", "hydra.compose", "fire.Fire", "tyro.cli"),
    *("typer.run", "typer.Typer()", "click.command", "click.group", "docopt.docopt"),
    *("absl.app.run", "jsonargparse.CLI", "jsonargparse.ArgumentParser().parse_args"),
    *("simple_parsing.parse", "plac.call", "defopt.run", "cyclopts.App()"),
)
_COMMAND_OF = (
    "typer.Typer().command",
    "click.group().command",
    "cyclopts.App().default",
)
_EXITS = frozenset({"sys.exit", "exit", "quit"})
_EXCEPTIONS = frozenset(
    "SystemExit typer.Exit click.exceptions.Exit typer.exceptions.Exit".split()
)
_MIN_WORDS = 3


class EntryPointOptions(Options):
    """`main_lines`: the lines a short function has at most; `stages`: what delegating takes."""

    main_lines: int = Field(default=80, ge=1)
    stages: int = Field(default=3, ge=1, le=len(STAGES))


class EntryPoint(Checker[EntryPointOptions]):
    """The runner of the pipeline.

    Why it matters
        One command that runs everything is what a colleague, a scheduler and a container
        start. If importing the file does work, it can't be tested.

    How it is measured
        The runner is the file with a runner's name (`main.py`, `src/main.py`, `run.py`,
        `pipeline.py` and the like) that leads to other modules of the project, upper
        folders first; a file that makes a web application and a step of an MLflow project
        come last. Without such a name it is the script with a `__main__` guard that leads
        to the most modules. Everything else is read from that file's syntax tree, with
        names resolved through imports. Stages are those of `pipeline-stages`, called by
        function, by command or as MLflow projects, in whatever file they stand. An `if`
        that ends the program with a status other than 0 handles an error too.

    What it does not see
        Whether it works: that is what running it says. Work at import inside other
        modules. Arguments that are read from sys.argv by hand.

    How to fix
        Give the runner a docstring, a short main() that calls the stages, arguments, and
        the guard; let errors be logged and end it with a status.
    """

    id = "entry-point"
    source = "https://docs.python.org/3/library/__main__.html"
    criteria = CRITERIA
    mending = "findings"
    quantities = (
        *quantities_of(CRITERIA),
        Quantity(
            "stages_called",
            "stages",
            "stages of the pipeline with a body that the runner comes to, in other modules",
            better="higher",
            ideal=len(STAGES),
            maximum=len(STAGES),
        ),
        Quantity(
            "main_lines", "lines", "lines of the runner's function; 0 without one"
        ),
        Quantity("runners", "files", "files with a runner's name, outside tests"),
    )

    def measure(
        self, snapshot: Snapshot, options: EntryPointOptions, bench: Bench
    ) -> Result:
        """Find the runner and answer each line for it."""
        if nothing := nothing_to_measure(snapshot, "all"):
            return Result(nothing)
        pipeline, checklist = pipeline_of(snapshot), Checklist(CRITERIA)
        entry = pipeline.entry
        values = {"stages_called": 0, "main_lines": 0}
        values["runners"] = len(entry.others) + (entry.path is not None)
        code = code_of(snapshot)
        if entry.path is None:
            names = ", ".join(f"{name}.py" for name in RUNNERS[:4])
            told = f"There is no runner: no {names} or the like, and no script that leads on."
            for criterion in CRITERIA:
                checklist.no(criterion.name, told)
            return Result(checklist.measured(values), population="no runner")
        runner = _Runner(code, code.files[entry.path])
        called = _stages_called(snapshot, entry.path)
        values["stages_called"] = len(called)
        values["main_lines"] = runner.main_lines
        _leads(checklist, pipeline, runner, snapshot)
        runner.answer(checklist, options)
        _delegates(checklist, called, runner, options)
        return Result(
            checklist.measured(values), population=f"{entry.path}: {entry.why}"
        )


class _Runner:
    """One file that is run, and its function."""

    def __init__(self, code: Code, file: CodeFile) -> None:
        self._code = code
        self.file = file
        self.guard = next(filter(is_main_guard, file.tree.body), None)
        self.main = self._main()

    @property
    def main_lines(self) -> int:
        """The lines of its function, from `def` to the end; 0 without one."""
        if self.main is None or self.main.end_lineno is None:
            return 0
        return self.main.end_lineno - self.main.lineno + 1

    def _main(self) -> Function | None:
        """`main`, else the function that the guard calls, else a command."""
        functions = self.file.functions
        if "main" in functions:
            return functions["main"]
        for call in self._guard_calls():
            found = self._code.defined(self.file, call.func)
            if found and found.file is self.file and found.name in functions:
                return functions[found.name]
        commands = (one for one in functions.values() if self._is_command(one))
        return next(commands, None)

    def _guard_calls(self) -> Iterator[ast.Call]:
        for node in ast.walk(self.guard) if self.guard else ():
            if isinstance(node, ast.Call):
                yield node

    def _is_command(self, function: Function) -> bool:
        for decorator in function.decorator_list:
            called = decorator.func if isinstance(decorator, ast.Call) else decorator
            name = self._code.symbol(self.file, called) or ""
            if name.startswith(_COMMAND_OF) or name in _ARGUMENTS:
                return True
        return False

    def answer(self, checklist: Checklist, options: EntryPointOptions) -> None:
        """The lines that the file alone decides."""
        path, file = self.file.path, self.file
        words = (file.docstring or "").split()
        top = Sight(path=path, line=1, what="the module's docstring")
        if len(words) >= _MIN_WORDS:
            checklist.yes("docstring", f"It begins: {_cut(' '.join(words))}", top)
        else:
            told = f"{path} has no docstring." if not words else "It has too few words."
            checklist.no("docstring", told, Sight(path=path, line=1))
        self._answer_main(checklist)
        self._answer_guard(checklist)
        arguments = list(self._arguments())
        checklist.seen(
            "arguments",
            arguments,
            yes=f"{arguments[0].what if arguments else ''} takes them.",
            no=f"Nothing in {path} reads arguments by argparse, typer, click or hydra.",
        )
        handlers = [*_handlers(file), *self._endings()]
        checklist.seen(
            "error_handling",
            handlers,
            yes="Errors are handled, and not only passed over.",
            no=_unhandled(file),
        )
        self._answer_import(checklist)
        self._answer_short(checklist, options)

    def _answer_main(self, checklist: Checklist) -> None:
        path = self.file.path
        if self.main is None:
            told = f"{path} has no function main(), nor one that its guard calls."
            checklist.no("main_function", told, Sight(path=path, line=1))
            return
        sight = Sight(path=path, line=self.main.lineno, what=f"{self.main.name}()")
        if is_stub(self.file, self.main):
            checklist.no("main_function", f"{self.main.name}() does nothing.", sight)
        else:
            checklist.yes("main_function", f"{self.main.name}() holds the work.", sight)

    def _answer_guard(self, checklist: Checklist) -> None:
        path = self.file.path
        if self.guard is None:
            told = f'{path} has no `if __name__ == "__main__":`.'
            checklist.no("guard", told, Sight(path=path))
            return
        sight = Sight(path=path, line=getattr(self.guard, "lineno", None))
        own = [
            call
            for call in self._guard_calls()
            if self._code.defined(self.file, call.func)
            or (self._code.symbol(self.file, call.func) or "").startswith(_ARGUMENTS)
        ]
        if own:
            checklist.yes("guard", "The guard calls a function.", sight)
        else:
            checklist.no("guard", "The guard calls no function of the project.", sight)

    def _arguments(self) -> Iterator[Sight]:
        file = self.file
        for node in file.names.nodes:
            if isinstance(node, ast.Call):
                called: ast.expr = node.func
            elif isinstance(node, ast.Attribute | ast.Name) and _decorates(file, node):
                called = node
            else:
                continue
            name = self._code.symbol(file, called) or ""
            if name in _ARGUMENTS or name.startswith(_COMMAND_OF):
                what = name.replace("()", "")
                yield Sight(path=file.path, line=called.lineno, what=what)

    def _endings(self) -> Iterator[Sight]:
        """Where an `if` ends the program with a status that says that something is wrong."""
        for node in self.file.names.nodes:
            if isinstance(node, ast.If) and node is not self.guard:
                for block in (node.body, node.orelse):
                    if block and self._ends_in_error(block[-1]):
                        what = "ended with a status"
                        line = block[-1].lineno
                        yield Sight(path=self.file.path, line=line, what=what)

    def _ends_in_error(self, last: ast.stmt) -> bool:
        match last:
            case ast.Expr(value=ast.Call() as call):
                exits = _EXITS
            case ast.Raise(exc=ast.Call() as call):
                exits = _EXCEPTIONS
            case _:
                return False
        name = self._code.symbol(self.file, call.func)
        if name == "argparse.ArgumentParser().error":
            return True
        given = [*call.args, *(one.value for one in call.keywords)]
        return name in exits and bool(given) and _is_failure(given[0])

    def _answer_import(self, checklist: Checklist) -> None:
        path = self.file.path
        work = list(_entry_point_work.at_import(self._code, self.file))
        if work:
            told = f"{work[0].what} runs when {path} is imported."
            checklist.no("nothing_at_import", told, *work)
        elif self.main is None:
            told = f"{path} has no function that could hold the work."
            checklist.no("nothing_at_import", told, Sight(path=path, line=1))
        else:
            told = "At its level are imports, definitions and constants."
            checklist.yes("nothing_at_import", told, Sight(path=path, line=1))

    def _answer_short(self, checklist: Checklist, options: EntryPointOptions) -> None:
        path = self.file.path
        if self.main is None or is_stub(self.file, self.main):
            checklist.no(
                "short", f"{path} has no function with work.", Sight(path=path)
            )
            return
        sight = Sight(path=path, line=self.main.lineno, what=f"{self.main.name}()")
        told = f"{self.main.name}() has {self.main_lines} lines"
        if self.main_lines <= options.main_lines:
            checklist.yes("short", f"{told}.", sight)
        else:
            checklist.no("short", f"{told}, over {options.main_lines}.", sight)


def _decorates(file: CodeFile, node: ast.AST) -> bool:
    parent = file.names.parents.get(node)
    decorators = getattr(parent, "decorator_list", ())
    return any(node is one for one in decorators)


def _is_failure(status: ast.expr) -> bool:
    """Whether a status is not 0 for certain; a text is printed and makes it 1."""
    match status:
        case ast.Constant(value=value):
            return bool(value)
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=value)):
            return bool(value)
    return isinstance(status, ast.JoinedStr)


def _unhandled(file: CodeFile) -> str:
    """Why nothing in the file handles errors."""
    caught = [one for one in file.names.nodes if isinstance(one, ast.ExceptHandler)]
    if not caught:
        return f"{file.path} has no `except`, and no `if` that ends with a status other than 0."
    if all(_is_of_import(file, one) for one in caught):
        return f"Each `except` in {file.path} is only for a missing import."
    return f"No `except` in {file.path} does more than pass or continue."


def _is_of_import(file: CodeFile, handler: ast.ExceptHandler) -> bool:
    caught = file.names.qualified(handler.type)
    return caught in ("ImportError", "ModuleNotFoundError")


def _handlers(file: CodeFile) -> Iterator[Sight]:
    """Handlers that do something, in functions or below the guard."""
    for node in file.names.nodes:
        if not isinstance(node, ast.ExceptHandler):
            continue
        idle = (ast.Pass, ast.Continue)
        does = [
            one
            for one in node.body
            if not isinstance(one, idle)
            and not (isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant))
        ]
        if does and not _is_of_import(file, node):
            yield Sight(path=file.path, line=node.lineno, what="except")


def _stages_called(snapshot: Snapshot, path: str) -> dict[StageName, Sight]:
    """The stages in other modules that starting the runner comes to."""
    reach = reach_from(snapshot, [Start(path)])
    found: dict[StageName, Sight] = {}
    for one in stages_of(snapshot).functions:
        if one.file.path == path or one.is_stub or not reach.reaches(one.node):
            continue
        if one.stage not in found or one.is_named:
            found[one.stage] = one.sight
    return found


def _leads(
    checklist: Checklist, pipeline: Pipeline, runner: _Runner, snapshot: Snapshot
) -> None:
    path = runner.file.path
    own = reach_from(snapshot, [Start(path)]).paths
    others = sorted(
        one for one in own if one != path and not one.endswith("__init__.py")
    )
    if others:
        told = f"{path} leads to {len(others)} other modules."
        if len(others) == 1:
            told = f"{path} leads to {others[0]}."
        checklist.yes("runner", told, Sight(path=path, line=1))
    else:
        told = (
            f"{path} has a runner's name and leads to no other module of the project."
        )
        checklist.no("runner", told, Sight(path=path, line=1))


def _delegates(
    checklist: Checklist,
    called: dict[StageName, Sight],
    runner: _Runner,
    options: EntryPointOptions,
) -> None:
    names = ", ".join(called) or "none"
    told = f"It comes to {len(called)} stages in other modules: {names}"
    if len(called) >= options.stages:
        checklist.yes("delegates", f"{told}.", *called.values())
    else:
        told = f"{told}; {options.stages} are asked for."
        checklist.no("delegates", told, Sight(path=runner.file.path, line=1))


def _cut(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:60]}…"
