"""Places in the code, and the signals that are made of them."""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from grader.codebase.names import Names
from grader.model.measurement import Finding
from grader.model.snapshot import is_test_file

# Far above what people write; keeps a hostile nesting cheap.
_MAX_STEPS = 50

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Sight:
    """One place that deserves a look; `says` is a whole sentence about it."""

    rule: str
    line: int
    says: str


@dataclass(frozen=True)
class Code:
    """One parsed file. `is_test_side`: a test, or a plugin by what it defines."""

    path: str
    tree: ast.Module
    names: Names

    @property
    def is_test_side(self) -> bool:
        """Whether pytest, and not the project's program, is what loads this file."""
        return is_test_file(self.path) or any(
            isinstance(node, FUNCTIONS) and node.name.startswith("pytest_")
            for node in self.tree.body
        )

    def above(self, node: ast.AST) -> Iterator[ast.AST]:
        """The nodes around one, the innermost first; not more than fifty."""
        for _ in range(_MAX_STEPS):
            parent = self.names.parents.get(node)
            if parent is None:
                return
            yield parent
            node = parent

    def function_around(self, node: ast.AST) -> Function | None:
        """The innermost function that holds a node."""
        for parent in self.above(node):
            if isinstance(parent, FUNCTIONS):
                return parent
        return None

    @cached_property
    def assigned(self) -> dict[str, list[ast.expr]]:
        """What a plain name is assigned anywhere in the file, or runs over in a loop."""
        found: dict[str, list[ast.expr]] = {}
        for node in self.names.nodes:
            match node:
                case ast.Assign(targets=targets, value=value):
                    bound = [
                        target for target in targets if isinstance(target, ast.Name)
                    ]
                case ast.For(target=ast.Name() as target, iter=value):
                    bound = [target]
                case ast.comprehension(target=ast.Name() as target, iter=value):
                    bound = [target]
                case ast.withitem(
                    context_expr=value, optional_vars=ast.Name() as target
                ):
                    bound = [target]
                case _:
                    continue
            for target in bound:
                found.setdefault(target.id, []).append(value)
        return found

    def is_annotation(self, node: ast.AST) -> bool:
        """Whether a name says a type and nothing else."""
        for parent in self.above(node):
            match parent:
                case ast.arg(annotation=said) | ast.AnnAssign(annotation=said):
                    return said is node
                case ast.FunctionDef(returns=said) | ast.AsyncFunctionDef(returns=said):
                    return said is node
                case ast.stmt():
                    return False
            node = parent
        return False


def signals_of(path: str, sights: Iterable[Sight]) -> tuple[Finding, ...]:
    """One signal for each rule in a file, at its first place, with the number of them."""
    by_rule: dict[str, list[Sight]] = {}
    for sight in sights:
        by_rule.setdefault(sight.rule, []).append(sight)
    return tuple(
        signal(rule, _numbered(same), path, min(sight.line for sight in same))
        for rule, same in by_rule.items()
    )


def signal(
    rule: str, message: str, path: str | None = None, line: int | None = None
) -> Finding:
    """A finding that is no fault: it says what was seen."""
    return Finding(rule=rule, message=message, path=path, line=line, severity="info")


def _numbered(same: list[Sight]) -> str:
    first = min(same, key=lambda sight: sight.line).says
    places = len({sight.line for sight in same})
    return first if places == 1 else f"{first} There are {places} such places here."
