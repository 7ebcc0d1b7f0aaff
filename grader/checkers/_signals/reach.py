"""Code that reaches past its own business: into pytest, coverage, traces, the process."""

import ast
import re
from collections.abc import Callable, Iterator
from itertools import islice

import pytest

from grader.checkers._signals.sight import Code, Sight

# Names of `_pytest` that pytest itself exports: old code imports `MonkeyPatch` from there.
_PUBLIC = frozenset(pytest.__all__)
_INTERNAL_NAME = re.compile(r"_pytest(\.\w+)*")

_TRACERS = re.compile(
    r"sys\.(settrace|setprofile|_current_frames|monitoring\.\w+|call_tracing)"
    r"|threading\.set(trace|profile)(_all_threads)?"
)
_HEAP = frozenset({"gc.get_objects", "gc.get_referrers", "gc.get_referents"})
_FRAME_PARTS = frozenset({"f_locals"})
# `process_startup` is what coverage's own manual tells people to write.
_COVERAGE_HONEST = frozenset({"coverage.process_startup", "coverage.__version__"})
_COVERAGE_WRITERS = frozenset({"add_lines", "add_arcs", "touch_file", "touch_files"})
_DESCRIPTOR_CALLS = frozenset(
    {
        *("os.write", "os.writev", "os.pwrite", "os.sendfile", "os.fdopen", "open"),
        *("os.dup", "os.dup2", "os.close", "os.closerange", "os.ftruncate", "io.open"),
        *("io.FileIO", "builtins.open"),
    }
)
_DESCRIPTOR_FOLDERS = re.compile(r"/proc/(self|\d+|thread-self)/fd\b.*|/dev/fd\b.*")
_READERS = frozenset({"read", "read_text", "read_bytes", "getsource", "get_source"})
_OURS = "MLOPS_GRADE"


def reach(code: Code) -> Iterator[Sight]:
    """Every such place in a file."""
    for look in _LOOKS:
        yield from look(code)


def _internals(code: Code) -> Iterator[Sight]:
    says = "`{}` is part of pytest's inside: code that uses it can change what is reported."
    for node in code.names.nodes:
        match node:
            case ast.Name(ctx=ast.Load()) | ast.Attribute(ctx=ast.Load()):
                # Of `_pytest.runner.x` the whole, not its parts once more.
                if isinstance(code.names.parents.get(node), ast.Attribute):
                    continue
                name = code.names.qualified(node) or ""
                if not _INTERNAL_NAME.fullmatch(name) or code.is_annotation(node):
                    continue
                if not _PUBLIC.intersection(name.split(".")):
                    yield Sight("pytest-internals", node.lineno, says.format(name))
            case ast.Constant(value=str(text)) if len(text) < 200:
                is_alone = isinstance(code.names.parents.get(node), ast.Expr)
                if _INTERNAL_NAME.fullmatch(text) and not is_alone:
                    if not _PUBLIC.intersection(text.split(".")):
                        yield Sight("pytest-internals", node.lineno, says.format(text))


def _sudden_ends(code: Code) -> Iterator[Sight]:
    # After `os.fork()` it is the right way to end the child.
    forked = {
        code.function_around(node)
        for node in code.names.nodes
        if _loaded(node, code) in ("os.fork", "os.forkpty", "pty.fork")
    }
    for node in code.names.nodes:
        name = _loaded(node, code)
        if name in ("os._exit", "posix._exit", "os.abort"):
            if code.function_around(node) not in forked:
                yield Sight(
                    "ends-the-process",
                    _line(node),
                    f"`{name}` ends the process at once: a test run that gets here "
                    "reports nothing more.",
                )
        match node:
            case ast.Call(func=func, args=[target, *_]) if _is_own_process(
                target, code
            ):
                if code.names.qualified(func) in ("os.kill", "os.killpg"):
                    yield Sight(
                        "ends-the-process",
                        node.lineno,
                        "A signal is sent to the process that runs the tests, or to more "
                        "than one.",
                    )
            case ast.Call(
                func=ast.Name(id="getattr"),
                args=[_, ast.Constant(value="_exit" | "abort" as given), *_],
            ):
                yield Sight(
                    "ends-the-process",
                    node.lineno,
                    f"`{given}` is looked up by its name in a string; `os._exit` ends "
                    "the process at once.",
                )


def _is_own_process(target: ast.expr, code: Code) -> bool:
    match target:
        case ast.Call(func=called):
            name = code.names.qualified(called)
            return name in ("os.getpid", "os.getppid", "os.getpgid", "os.getpgrp")
        case ast.UnaryOp(op=ast.USub()) | ast.Constant(value=0):
            return True
    return False


def _traces(code: Code) -> Iterator[Sight]:
    for node in code.names.nodes:
        name = _loaded(node, code)
        if name and _TRACERS.fullmatch(name):
            yield Sight(
                "sets-a-trace",
                _line(node),
                f"`{name}` sees, or can take over, every line that Python runs; coverage "
                "is measured in the same way.",
            )


def _foreign_memory(code: Code) -> Iterator[Sight]:
    for node in code.names.nodes:
        modules: list[str | None] = []
        match node:
            case ast.Import(names=aliases):
                modules = [alias.name for alias in aliases]
            case ast.ImportFrom(module=module, level=0):
                modules = [module]
        for module in modules:
            if module and module.partition(".")[0] in ("ctypes", "_ctypes"):
                yield Sight(
                    "ctypes",
                    _line(node),
                    "`ctypes` can read and change any object of the process, the test "
                    "run's own among them.",
                )
    if not code.is_test_side:
        return
    for node in code.names.nodes:
        name = _loaded(node, code)
        part = node.attr if isinstance(node, ast.Attribute) else None
        if name in _HEAP or part in _FRAME_PARTS:
            yield Sight(
                "searches-objects",
                _line(node),
                f"`{name if name in _HEAP else part}` finds objects that nobody handed "
                "over, such as those of the test run.",
            )


def _coverage_api(code: Code) -> Iterator[Sight]:
    has_coverage = False
    for node in code.names.nodes:
        name = _loaded(node, code) or ""
        if name == "coverage" or name.startswith("coverage."):
            has_coverage = True
            is_whole = not isinstance(code.names.parents.get(node), ast.Attribute)
            if code.is_test_side and is_whole and name not in _COVERAGE_HONEST:
                if name != "coverage" and not code.is_annotation(node):
                    yield Sight("coverage-api", _line(node), _COVERAGE_SAYS)
    for node in code.names.nodes:
        match node:
            case ast.Call(func=ast.Attribute(attr=attr)) if attr in _COVERAGE_WRITERS:
                if has_coverage:
                    yield Sight("coverage-api", node.lineno, _COVERAGE_SAYS)
            case ast.Attribute(attr="current") if (
                code.names.qualified(node) == "coverage.Coverage.current"
            ):
                yield Sight("coverage-api", node.lineno, _COVERAGE_SAYS)


_COVERAGE_SAYS = (
    "Coverage's own programming interface is used: with it, lines can be noted as run that "
    "did not run, or the measuring can be stopped."
)


def _foreign_names(code: Code) -> Iterator[Sight]:
    for node in code.names.nodes:
        match node:
            case ast.Call(func=func, args=[source, name, *_]) if code.names.qualified(
                func
            ) in ("compile", "builtins.compile"):
                if _is_made_up_name(name, code) and not _is_read(source, code):
                    yield Sight(
                        "compiles-as-another-file",
                        node.lineno,
                        "`compile` gives code the name of another file: what it runs "
                        "then counts as lines of that file.",
                    )
            case ast.keyword(arg="co_filename"):
                yield Sight(
                    "compiles-as-another-file",
                    node.value.lineno,
                    "Code is given the name of another file: what it runs then counts "
                    "as lines of that file.",
                )


def _is_made_up_name(name: ast.expr, code: Code) -> bool:
    if isinstance(name, ast.Constant):
        return not (isinstance(name.value, str) and name.value.startswith("<"))
    return code.names.qualified(name) != "__file__"


def _is_read(source: ast.expr, code: Code) -> bool:
    """Whether the text is a file's own: read here, or assigned from what was read."""
    values = [source]
    if isinstance(source, ast.Name):
        values += code.assigned.get(source.id, [])[:10]
    return any(
        isinstance(part, ast.Call)
        and isinstance(part.func, ast.Attribute)
        and part.func.attr in _READERS
        for value in values
        for part in _few(value)
    )


def _few(node: ast.AST) -> Iterator[ast.AST]:
    """The first nodes of an expression; a long one is not what people write."""
    yield from islice(ast.walk(node), 100)


def _descriptors(code: Code) -> Iterator[Sight]:
    says = (
        "A descriptor is used by its number: that is how the test run's own results go "
        "out."
    )
    for node in code.names.nodes:
        match node:
            case ast.Call(func=func, args=[first, *_]) if (
                code.names.qualified(func) in _DESCRIPTOR_CALLS
            ):
                if _is_number(first, code):
                    yield Sight("descriptor-by-number", node.lineno, says)
            case ast.Constant(value=str(text)) if len(text) < 200:
                if _DESCRIPTOR_FOLDERS.fullmatch(text):
                    yield Sight("descriptor-by-number", node.lineno, says)
                if text.startswith(_OURS):
                    yield Sight(
                        "names-the-grader",
                        node.lineno,
                        "A variable of this grader is named in the code.",
                    )


def _is_number(value: ast.expr, code: Code) -> bool:
    """A number above those of the standard streams, or one out of a range or a text."""
    values = [value]
    if isinstance(value, ast.Name):
        values = code.assigned.get(value.id, [])[:10]
    return any(_makes_number(made) for made in values)


def _makes_number(made: ast.expr) -> bool:
    match made:
        case ast.Constant(value=int(number)):
            return number > 2
        case ast.Call(func=ast.Name(id="int" | "range")):
            return True
    return False


def _loaded(node: ast.AST, code: Code) -> str | None:
    """The qualified name of what a node uses; None for one that is only assigned to."""
    if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Load):
        return code.names.qualified(node)
    return None


def _line(node: ast.AST) -> int:
    line = getattr(node, "lineno", 1)
    return line if isinstance(line, int) else 1


_LOOKS: tuple[Callable[[Code], Iterator[Sight]], ...] = (
    *(_internals, _sudden_ends, _traces, _foreign_memory, _coverage_api),
    *(_foreign_names, _descriptors),
)
