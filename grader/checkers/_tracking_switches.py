"""What turns tracking off by default, and keys of a tracker that stand in the code."""

import ast
import re
from collections.abc import Iterator

from grader.codebase.code import Code, CodeFile
from grader.codebase.reach import Reach
from grader.codebase.settings import Leaf, Settings, leaves
from grader.codebase.stages import words_of
from grader.codebase.trackers import Trackers
from grader.model.measurement import Sight

_TOOLS = frozenset({"wandb", "mlflow", "tracking"})
_ON = frozenset({"enabled", "enable", "use", "active", "on", "log"})
_OFF_MODES = frozenset({"disabled", "dryrun"})
_KEYS = frozenset(
    {"WANDB_API_KEY", "MLFLOW_TRACKING_PASSWORD", "MLFLOW_TRACKING_TOKEN"}
)
# Of a real key: W&B's has forty characters. `your-key` is a placeholder.
_KEY = re.compile(r"[A-Za-z0-9_\-+/=.]{20,}")


def switched_off(code: Code, reach: Reach, settings: Settings) -> list[Sight]:
    """The settings and assignments that turn tracking off until somebody changes them."""
    found = []
    for document in settings.files.values():
        for leaf in leaves(document):
            if _is_off(leaf):
                what = f"{'.'.join(leaf.keys)}: {str(leaf.value).lower()}"
                line = document.line_of(*leaf.keys)
                found.append(Sight(path=leaf.path, line=line, what=what))
    for file, node in reach.nodes():
        for name, value in _environment(code, file, node):
            if name == "WANDB_MODE" and value == "disabled":
                sight = Sight(
                    path=file.path, line=getattr(node, "lineno", None), what=name
                )
                found.append(sight)
            elif name == "WANDB_DISABLED" and value.lower() == "true":
                sight = Sight(
                    path=file.path, line=getattr(node, "lineno", None), what=name
                )
                found.append(sight)
    return found


def _is_off(leaf: Leaf) -> bool:
    *above, last = (key.lower() for key in leaf.keys)
    words = set(words_of(last))
    is_tool = not _TOOLS.isdisjoint(words)
    is_below = any(not _TOOLS.isdisjoint(words_of(key)) for key in above)
    if leaf.value is False:
        # `wandb.enabled`, `use_wandb`, `wandb`; not `wandb.log_plots`.
        return (is_below and (last in _ON or is_tool and bool(words & _ON))) or (
            is_tool and not is_below and words <= _TOOLS | _ON
        )
    return is_below and last == "mode" and leaf.value in _OFF_MODES


def _environment(
    code: Code, file: CodeFile, node: ast.AST
) -> Iterator[tuple[str, str]]:
    """What is put into the environment as a text: `os.environ["A"] = "b"`."""
    match node:
        case ast.Assign(
            targets=[ast.Subscript(value=on, slice=ast.Constant(value=str(name)))],
            value=ast.Constant(value=str(text)),
        ):
            if code.symbol(file, on) == "os.environ":
                yield name, text
        case ast.Call(
            func=called,
            args=[ast.Constant(value=str(name)), ast.Constant(value=str(text))],
        ):
            # `setdefault` leaves what somebody has set.
            if code.symbol(file, called) in ("os.putenv", "os.environ.setdefault"):
                yield name, text


def keys_in_code(code: Code, trackers: Trackers) -> Iterator[Sight]:
    """The keys of a tracker that are written as a text; never what they are."""
    for path, file in code.files.items():
        for node in file.names.nodes:
            for name, text in _environment(code, file, node):
                if name in _KEYS and _KEY.fullmatch(text):
                    yield Sight(
                        path=path, line=getattr(node, "lineno", None), what=name
                    )
            if isinstance(node, ast.Call):
                given = [one.value for one in node.keywords if one.arg == "key"]
                match [*given, *node.args][:1]:
                    case [ast.Constant(value=str(text))] if _KEY.fullmatch(text):
                        if trackers.name(file, node.func) == "wandb.login":
                            line = node.lineno
                            yield Sight(path=path, line=line, what="wandb.login")
