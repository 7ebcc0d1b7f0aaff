"""Error handling: `try` blocks, own exceptions, and hollow forms of both."""

import ast
from collections import Counter
from collections.abc import Iterator

from grader.checkers._base import (
    Bench,
    Checker,
    Options,
    Result,
    nothing_to_measure,
    python_paths,
    unparsable_findings,
)
from grader.checkers._exception_classes import (
    ClassName,
    base_names,
    exceptions_among,
)
from grader.codebase.names import Names, read_names
from grader.model.measurement import Finding, Measured, Quantity
from grader.model.snapshot import Scope, Snapshot

_Try = ast.Try | ast.TryStar
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_BROAD = ("Exception", "BaseException")

# What evaluates to itself: nothing is looked up, called or computed.
_INERT = (
    *(ast.Constant, ast.List, ast.Tuple, ast.Set, ast.Dict, ast.Load),
    *(ast.UnaryOp, ast.USub),
)


class ErrorHandlingOptions(Options):
    """`scope`: the project's own modules (`source`) or every Python file (`all`)."""

    scope: Scope = "source"


class ErrorHandling(Checker[ErrorHandlingOptions]):
    """Errors handled, and exceptions defined.

    Why it matters
        Files are missing, columns are renamed, services are down. Code that expects it
        says what happened and stops cleanly or goes on; code that doesn't ends in a
        traceback, or goes on with wrong data.

    How it is measured
        The syntax tree of the project's own Python files: `try` statements, `raise`
        statements, and classes that derive from an exception, also by way of other
        classes of the project. Reported beside them are handlers that do nothing
        (`pass`), `except` without an exception, `except Exception` that does not raise
        again, and `try` around nothing that can fail. An effective `try` block is one
        with something in it that can fail, and not with silent handlers only.
        `with contextlib.suppress(...)` is counted by itself: it says in the open which
        error is ignored, but it handles none.

    What it does not see
        Whether the right errors are handled, and whether the handling is right. Checks
        without `raise`, such as `if`; validation by a library.

    How to fix
        Put what can fail (files, network, parsing, input) into a `try` of a few lines,
        catch the errors you expect by name, and log, repair or raise one of your own:
        `class DataError(Exception): ...`.
    """

    id = "error-handling"
    source = "https://docs.python.org/3/tutorial/errors.html"
    mending = "findings"
    quantities = (
        Quantity("files", "files", "Python files that were read"),
        Quantity(
            "parsable_files",
            "files",
            "files that Python can parse",
            better="higher",
            ideal="files",
        ),
        Quantity(
            "unparsable",
            "files",
            "files that Python can't parse",
            better="lower",
            ideal=0,
        ),
        Quantity("try_blocks", "blocks", "`try` statements", better="higher"),
        Quantity(
            "effective_try_blocks",
            "blocks",
            "`try` statements that are not hollow and not silent throughout",
            better="higher",
            ideal="try_blocks",
        ),
        Quantity(
            "hollow_tries",
            "blocks",
            "`try` statements around nothing that can fail",
            better="lower",
            ideal=0,
        ),
        Quantity("handlers", "handlers", "`except` clauses"),
        Quantity(
            "silent_handlers",
            "handlers",
            "`except` clauses that do nothing",
            better="lower",
            ideal=0,
        ),
        Quantity(
            "bare_excepts",
            "handlers",
            "`except:` without an exception (flake8's E722)",
            better="lower",
            ideal=0,
        ),
        Quantity(
            "broad_excepts",
            "handlers",
            "`except Exception` that doesn't raise again (pylint's W0718)",
            better="lower",
            ideal=0,
        ),
        Quantity(
            "suppressions", "blocks", "`with contextlib.suppress(...)` statements"
        ),
        Quantity("raises", "statements", "`raise` statements", better="higher"),
        Quantity(
            "custom_exceptions",
            "classes",
            "exception classes that the project defines",
            better="higher",
        ),
        Quantity("functions", "functions", "functions and methods"),
        Quantity(
            "functions_with_handling",
            "functions",
            "functions and methods with a `try` or a `raise` of their own",
            better="higher",
        ),
    )

    def reads(
        self, snapshot: Snapshot, options: ErrorHandlingOptions
    ) -> tuple[str, ...]:
        return python_paths(snapshot)

    def measure(
        self, snapshot: Snapshot, options: ErrorHandlingOptions, bench: Bench
    ) -> Result:
        """Count in every file's syntax tree; exceptions are resolved across files."""
        scope = options.scope
        if nothing := nothing_to_measure(snapshot, scope):
            return Result(nothing)
        counts: Counter[str] = Counter()
        findings: list[Finding] = []
        bases: dict[ClassName, frozenset[str]] = {}
        in_scope = frozenset(snapshot.scope(scope))
        # A base class may stand outside the scope, so every file's classes are read.
        for path in snapshot.python_files:
            tree = snapshot.module(path).tree
            if tree is None:
                continue
            names = read_names(tree)
            for name, of_one in base_names(path, names):
                bases[name] = bases.get(name, frozenset()) | of_one
            if path in in_scope:
                counts += _counts(names)
                findings += _findings(path, names)
        broken = snapshot.unparsable(scope)
        exceptions = [one for one in exceptions_among(bases) if one[0] in in_scope]
        counted = {quantity.name: counts[quantity.name] for quantity in self.quantities}
        return Result(
            Measured(
                values={
                    **counted,
                    "files": len(in_scope),
                    "parsable_files": len(in_scope) - len(broken),
                    "unparsable": len(broken),
                    "custom_exceptions": len(exceptions),
                },
                findings=(*unparsable_findings(broken), *findings),
            ),
            population=snapshot.describe(scope),
        )


def _counts(names: Names) -> Counter[str]:
    counts: Counter[str] = Counter()
    handling: set[ast.AST] = set()
    owners = _owners(names)
    for node in names.nodes:
        match node:
            case ast.Try() | ast.TryStar():
                is_hollow = _is_hollow(node, names)
                silent = sum(_is_silent(handler) for handler in node.handlers)
                is_silent = bool(node.handlers) and silent == len(node.handlers)
                counts["try_blocks"] += 1
                counts["hollow_tries"] += is_hollow
                counts["effective_try_blocks"] += not (is_hollow or is_silent)
                counts["silent_handlers"] += silent
                handling.add(owners[node])
            case ast.ExceptHandler():
                counts["handlers"] += 1
                counts["bare_excepts"] += node.type is None
                counts["broad_excepts"] += _is_broad(node, names)
            case ast.Raise():
                counts["raises"] += 1
                handling.add(owners[node])
            case ast.With() | ast.AsyncWith():
                counts["suppressions"] += _suppresses(node, names)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                counts["functions"] += 1
    counts["functions_with_handling"] = sum(
        isinstance(owner, _FUNCTIONS) for owner in handling
    )
    return counts


def _owners(names: Names) -> dict[ast.AST, ast.AST]:
    """The function that each node is in, or the file itself."""
    owners: dict[ast.AST, ast.AST] = {}
    for node in names.nodes:  # outer before inner
        parent = names.parents.get(node, node)
        is_owner = isinstance(parent, (ast.Module, *_FUNCTIONS))
        owners[node] = parent if is_owner else owners[parent]
    return owners


def _findings(path: str, names: Names) -> Iterator[Finding]:
    for node in names.nodes:
        if isinstance(node, ast.Try | ast.TryStar) and _is_hollow(node, names):
            yield Finding(
                rule="hollow-try",
                message="Nothing in this try can fail.",
                path=path,
                line=node.lineno,
                fix="Move into it the lines that can fail.",
            )
        if not isinstance(node, ast.ExceptHandler):
            continue
        if node.type is None:
            yield Finding(
                rule="bare-except",
                message="except without an exception also catches Ctrl+C and exit().",
                path=path,
                line=node.lineno,
                fix="Name the errors that you expect: except (OSError, ValueError):",
            )
        if _is_broad(node, names):
            yield Finding(
                rule="broad-except",
                message="except Exception also catches mistakes in the code itself.",
                path=path,
                line=node.lineno,
                severity="info",
                fix="Name the errors that you expect, or raise again after logging.",
            )
        if _is_silent(node):
            yield Finding(
                rule="silent-handler",
                message="This except does nothing: the error is lost.",
                path=path,
                line=node.lineno,
                fix="Log it, repair it or raise; contextlib.suppress(...) for one that "
                "really may be ignored.",
            )


def _is_silent(handler: ast.ExceptHandler) -> bool:
    return all(
        isinstance(line, ast.Pass | ast.Continue) or _is_constant(line)
        for line in handler.body
    )


def _is_constant(line: ast.stmt) -> bool:
    return isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant)


def _is_broad(handler: ast.ExceptHandler, names: Names) -> bool:
    caught = handler.type
    kinds = caught.elts if isinstance(caught, ast.Tuple) else [caught]
    is_raised_again = any(isinstance(line, ast.Raise) for line in handler.body)
    is_broad = any(
        (names.qualified(kind) or "").removeprefix("builtins.") in _BROAD
        for kind in kinds
    )
    return is_broad and not is_raised_again


def _is_hollow(block: _Try, names: Names) -> bool:
    return all(_cannot_fail(line, names) for line in block.body)


def _cannot_fail(line: ast.stmt, names: Names) -> bool:
    match line:
        case ast.Pass() | ast.Break() | ast.Continue() | ast.Global() | ast.Nonlocal():
            return True
        case ast.Assign(targets=targets, value=value):
            are_names = all(isinstance(target, ast.Name) for target in targets)
            return are_names and _is_inert(value)
        case ast.AnnAssign(target=ast.Name(), value=value) | ast.Return(value=value):
            return value is None or _is_inert(value)
        case ast.Expr(value=ast.Call(func=function, args=args, keywords=[])):
            is_print = names.qualified(function) == "print"
            return is_print and all(_is_inert(arg) for arg in args)
        case ast.Expr(value=value):
            return _is_inert(value)
    return False


def _is_inert(value: ast.expr) -> bool:
    return all(isinstance(node, _INERT) for node in ast.walk(value))


def _suppresses(block: ast.With | ast.AsyncWith, names: Names) -> bool:
    return any(
        isinstance(item.context_expr, ast.Call)
        and names.qualified(item.context_expr.func) == "contextlib.suppress"
        for item in block.items
    )
