"""What a program's start leads to: the modules it imports and the functions it comes to.

A unit is the body of a module, the part of it below `if __name__ == "__main__":`, or a
function with what is nested in it. A unit that runs reaches every function it names,
called or handed on, and imports run module bodies. A method is reached with its class
where code that runs names it, and where the class extends one from elsewhere, which may
call it. Scripts and modules that are started by a command (subprocess, MLflow projects)
are followed too. So what is not reached is dead code for certain only where no name is put
together at run time; what is reached may still lie on a branch that is never taken.
"""

import ast
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from grader.codebase.code import CodeFile, Defined, Function, is_self
from grader.codebase.commands import Started
from grader.codebase.documents import Documents, documents_of
from grader.codebase.projects import (
    configured_words,
    is_folder,
    project_commands,
    project_files,
    projects_named,
    step_words,
    words_in,
)
from grader.codebase.starting import literal, script_paths, started_by_call
from grader.codebase.units import Unit, Units, units_of
from grader.model.snapshot import Snapshot

_RUNS_COMMAND = frozenset(
    "subprocess.run subprocess.call subprocess.check_call subprocess.check_output "
    "subprocess.Popen os.system os.popen asyncio.create_subprocess_exec "
    "asyncio.create_subprocess_shell".split()
)
_RUNS_MODULE = frozenset(
    "importlib.import_module __import__ runpy.run_module runpy.run_path uvicorn.run "
    "hydra.utils.get_class hydra.utils.get_method hydra.utils.get_object".split()
)
_RUNS_PROJECT = frozenset({"mlflow.run", "mlflow.projects.run"})
_INSTANTIATES = frozenset({"hydra.utils.instantiate", "hydra.utils.call"})


@dataclass(frozen=True)
class Start:
    """Where a program begins: a file run as a script, or a function that something calls.

    `why` says what starts it, as part of a sentence.
    """

    path: str
    function: str | None = None
    why: str = ""


class Reach:
    """What runs when a program starts at some places, as far as names say it."""

    def __init__(
        self, units: Units, documents: Documents, files: Iterable[str]
    ) -> None:
        self._units = units
        self._code = units.code
        self._documents = documents
        self._files = tuple(files)
        self._todo: deque[Unit] = deque()
        self._classes: dict[ast.ClassDef, CodeFile] = {}
        self._attributes: set[str] = set()
        # Methods that wait for code that names them.
        self._waiting: dict[str, list[Unit]] = {}
        self.units: dict[Unit, None] = {}

    def start(self, starts: Iterable[Start]) -> "Reach":
        """Follow everything from these places; the same object, for chaining."""
        for one in starts:
            self._start(one)
        while self._todo:
            self._follow(self._todo.popleft())
        return self

    @property
    def paths(self) -> frozenset[str]:
        """The files of which anything runs."""
        return frozenset(unit.file.path for unit in self.units)

    def runs(self, node: ast.AST) -> bool:
        """Whether the code at a node of a followed file runs."""
        return self._units.of(node) in self.units

    def reaches(self, definition: ast.AST) -> bool:
        """Whether a function of a file's own level, a method, or a class is come to."""
        if isinstance(definition, ast.ClassDef):
            return definition in self._classes
        unit = self._units.functions.get(definition)
        return unit in self.units if unit else self.runs(definition)

    def nodes(self) -> Iterator[tuple[CodeFile, ast.AST]]:
        """Every node that runs, with its file."""
        for unit in self.units:
            for node in unit.nodes:
                yield unit.file, node

    def calls(self) -> Iterator[tuple[CodeFile, ast.Call]]:
        """Every call that runs, with its file."""
        for file, node in self.nodes():
            if isinstance(node, ast.Call):
                yield file, node

    def _start(self, start: Start) -> None:
        file = self._code.files.get(start.path)
        if file is None:
            return
        self._import(start.path)
        if start.function is None:
            self._add(self._units.scripts[start.path])
        elif start.function in file.functions:
            self._add(self._units.functions[file.functions[start.function]])

    def _add(self, unit: Unit) -> None:
        if unit not in self.units:
            self.units[unit] = None
            self._todo.append(unit)

    def _import(self, path: str) -> None:
        for init in self._code.modules.packages(path):
            if init in self._units.bodies:
                self._add(self._units.bodies[init])
        if path in self._units.bodies:
            self._add(self._units.bodies[path])

    def _follow(self, unit: Unit) -> None:
        file = unit.file
        for node in unit.nodes:
            match node:
                case ast.Import() | ast.ImportFrom():
                    self._imports(file, node)
                case ast.Name(ctx=ast.Load()):
                    self._names(file, node)
                case ast.Attribute():
                    self._mention(node.attr)
                    if not is_self(node):
                        self._names(file, node)
                case ast.Call():
                    self._starts_more(file, node)
                case ast.FunctionDef() | ast.AsyncFunctionDef():
                    self._registers(file, node)

    def _imports(self, file: CodeFile, node: ast.Import | ast.ImportFrom) -> None:
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            module = "." * node.level + (node.module or "")
            joint = "" if module.endswith(".") else "."
            names = [module, *(f"{module}{joint}{alias.name}" for alias in node.names)]
        for name in names:
            target = self._code.modules.find(name, file.path)
            if target is not None and target.path is not None:
                self._import(target.path)

    def _names(self, file: CodeFile, node: ast.Name | ast.Attribute) -> None:
        if (defined := self._code.defined(file, node)) is not None:
            self._come_to(defined)

    def _come_to(self, defined: Defined) -> None:
        if isinstance(defined.node, ast.ClassDef):
            self._use_class(defined.file, defined.node)
            return
        if (unit := self._units.functions.get(defined.node)) is not None:
            self._add(unit)

    def _use_class(self, file: CodeFile, node: ast.ClassDef) -> None:
        if node in self._classes:
            return
        self._classes[node] = file
        is_extended = False
        for base in node.bases:
            found = self._code.defined(file, base)
            if found is not None and isinstance(found.node, ast.ClassDef):
                self._use_class(found.file, found.node)
            elif not (isinstance(base, ast.Name) and base.id in ("object", "ABC")):
                is_extended = True
        for inner in node.body:
            unit = self._units.functions.get(inner)
            if unit is None or unit.node is None:
                continue
            name = unit.node.name
            is_special = name.startswith("__") and name.endswith("__")
            if is_special or is_extended or name in self._attributes:
                self._add(unit)
            else:
                self._waiting.setdefault(name, []).append(unit)

    def _mention(self, attribute: str) -> None:
        if attribute not in self._attributes:
            self._attributes.add(attribute)
            for unit in self._waiting.pop(attribute, ()):
                self._add(unit)

    def _registers(self, file: CodeFile, node: Function) -> None:
        """A function that a decorator gives to an object: a route of an app, a command."""
        unit = self._units.functions.get(node)
        if unit is None:
            return
        for decorator in node.decorator_list:
            called = decorator.func if isinstance(decorator, ast.Call) else decorator
            if isinstance(called, ast.Attribute):
                symbol = self._code.symbol(file, called.value) or ""
                # `hydra.main` is a function of a library, `app.get` one of an object.
                if "()" in symbol or file.names.definition(called.value) is not None:
                    self._add(unit)

    def _starts_more(self, file: CodeFile, call: ast.Call) -> None:
        name = self._code.symbol(file, call.func) or ""
        if name in _RUNS_COMMAND:
            for one in started_by_call(file, call):
                self._run(one, "")
        elif name in _RUNS_MODULE:
            self._run_named(file, call)
        elif name in _RUNS_PROJECT:
            self._run_projects(file, call)
        elif name in _INSTANTIATES:
            # It imports what a `_target_` names; a path of a script is something else's.
            for word in self._configured:
                if not word.endswith(".py"):
                    self._run_dotted(word, file)

    def _run(self, one: Started, folder: str) -> None:
        """Follow what a command starts, its paths relative to `folder` or to the top."""
        for path in script_paths(one, folder):
            if path in self._code.files:
                self._start(Start(path))
                return

    def _run_named(self, file: CodeFile, call: ast.Call) -> None:
        if not call.args:
            return
        first = call.args[0]
        text = literal(file, first)
        if text is not None:
            self._run_dotted(text, file)
        elif isinstance(first, ast.JoinedStr) and first.values:
            head = first.values[0]
            prefix = head.value if isinstance(head, ast.Constant) else ""
            if isinstance(prefix, str) and prefix:
                for word in words_in(file) | self._configured:
                    self._run_dotted(f"{prefix}{word}", file)

    def _run_dotted(self, text: str, file: CodeFile) -> None:
        """A module by its name or path, or what is in one: `app.main:app`."""
        dotted = text.replace(":", ".")
        if text.endswith(".py"):
            self._start(Start(text))
            return
        if not dotted.replace(".", "").replace("_", "").isalnum():
            return
        target = self._code.modules.find(dotted, file.path)
        if target is None or target.path is None:
            return
        self._import(target.path)
        if target.rest and (defined := self._code.at(dotted, file)) is not None:
            self._come_to(defined)

    def _run_projects(self, file: CodeFile, call: ast.Call) -> None:
        """The MLflow projects in folders that the calling code or a configuration names."""
        direct = literal(file, call.args[0]) if call.args else None
        projects = project_files(self._files)
        named: list[str] = []
        # The steps that the code or a list of steps names; any word of the configuration
        # only where neither does: `features:` is a section as well as a folder.
        for words in (words_in(file) | self._steps, self._configured):
            named = named or projects_named(projects, words)
        same = [one for one in projects if direct and is_folder(direct, one)]
        for folder in dict.fromkeys((*named, *same)):
            for one in project_commands(self._documents, projects[folder]):
                self._run(one, folder)

    @cached_property
    def _configured(self) -> frozenset[str]:
        return configured_words(self._documents, self._files)

    @cached_property
    def _steps(self) -> frozenset[str]:
        return step_words(self._documents, self._files)


def reach_from(snapshot: Snapshot, starts: Iterable[Start]) -> Reach:
    """What is reached from these places."""
    files = snapshot.files
    return Reach(units_of(snapshot), documents_of(snapshot), files).start(starts)
