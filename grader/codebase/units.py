"""The parts of a file that run as a whole: its body, its `__main__` part, each function."""

import ast
from dataclasses import dataclass, field

from grader.codebase.code import Code, CodeFile, Function, code_of
from grader.codebase.names import is_main_guard
from grader.codebase.reading import Reading
from grader.model.snapshot import Snapshot


@dataclass(frozen=True, eq=False)
class Unit:
    """One part of a file that runs as a whole; `node` is None for the module's own parts."""

    file: CodeFile
    node: Function | None
    is_script: bool = False
    nodes: list[ast.AST] = field(default_factory=list)

    @property
    def name(self) -> str:
        """What a person calls it."""
        return self.node.name if self.node else "the module"


class Units:
    """The files of a repository in their units."""

    def __init__(self, code: Code) -> None:
        self.code = code
        self.bodies: dict[str, Unit] = {}
        self.scripts: dict[str, Unit] = {}
        self.functions: dict[ast.AST, Unit] = {}
        self._owners: dict[ast.AST, Unit] = {}
        for file in code.files.values():
            self._divide(file)

    def of(self, node: ast.AST) -> Unit:
        """The unit that a node of a file runs in."""
        return self._owners[node]

    def _divide(self, file: CodeFile) -> None:
        body = self.bodies[file.path] = Unit(file, None)
        script = self.scripts[file.path] = Unit(file, None, is_script=True)
        own = {*file.functions.values()}
        owners = self._owners
        for node in file.names.nodes:
            parent = file.names.parents.get(node)
            unit = owners.get(parent, body) if parent is not None else body
            if isinstance(node, ast.If) and unit is body and is_main_guard(node):
                unit = script
            elif isinstance(parent, Function) and parent in own:
                # Decorators and defaults run where the function is defined.
                around = [*parent.decorator_list, parent.args, parent.returns]
                inside = not any(node is one for one in around)
                unit = self.functions[parent] if inside else unit
            if isinstance(node, Function) and node in own:
                self.functions[node] = Unit(file, node)
            owners[node] = unit
            unit.nodes.append(node)


def units_of(snapshot: Snapshot) -> Units:
    """A repository's code in its units."""
    return _units_of(snapshot)


_units_of: Reading[Units] = Reading(lambda snapshot: Units(code_of(snapshot)))
