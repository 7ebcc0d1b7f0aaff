"""What code does with Weights & Biases and MLflow, by one name for each thing.

A run may be a module's own (`wandb.log`), a variable, a parameter or what a function gives:
`run.log`, `wandb.run.log` and `wandb.log` are all `wandb.log` here, and what a client of
MLflow does is `mlflow.client.log_metric`. An import alone is no use.
"""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from grader.codebase.code import Code, CodeFile, code_of, is_self
from grader.codebase.entry import commanded, pipeline_of
from grader.codebase.names import is_main_guard
from grader.codebase.origins import Value, origins_of
from grader.codebase.reach import Reach, Start, reach_from
from grader.codebase.reading import Reading
from grader.codebase.stages import stages_of
from grader.model.measurement import Sight
from grader.model.snapshot import Snapshot

Tool = Literal["wandb", "mlflow"]

_RUN = re.compile(
    r"wandb\.(init\(\)|run|Run\(\)|wandb_run\.Run\(\)|sdk\.wandb_run\.Run\(\)"
    r"|sdk\.wandb_init\.init\(\)|apis\.public\.Run\(\))(\.__enter__\(\))?\.(.+)"
)
_CLIENT = re.compile(
    r"mlflow\.((tracking|client|tracking\.client)\.)?(MlflowClient|Client)\(\)\.(.+)"
)
# `mlflow.tracking.fluent.log_metric`
_FLUENT = re.compile(r"mlflow\.tracking\.fluent\.(.+)")
# The methods of trackers; what else is called on an object is not looked into.
_DOES = re.compile(
    r"init|log|log_\w+|start_run|end_run|create_\w+|update|setdefaults|save|save_model"
    r"|link_\w+|use_\w+|artifact|register_model|load_\w+|download_\w+|set_\w+|get_\w+"
    r"|search_\w+|transition_\w+|upsert_\w+|autolog|append|extend|finish|login|watch"
    r"|evaluate|run|Artifact|Api|define_metric"
)
_HOLDS = frozenset({"config", "summary"})
_FLOWS = frozenset(
    "prefect.flow prefect.flows.flow airflow.decorators.dag airflow.sdk.dag zenml.pipeline "
    "metaflow.step dagster.job dagster.asset".split()
)
_MAX_STEPS = 60


@dataclass(frozen=True, eq=False)
class Use:
    """One call or assignment of a tracker, under its one name; `sets` for an assignment.

    `wandb.config.update`, `mlflow.log_params`; `wandb.summary.accuracy` with `sets`.
    """

    tool: Tool
    name: str
    file: CodeFile
    node: ast.Call | ast.Assign
    given: Mapping[str, ast.expr] = field(default_factory=dict)

    @property
    def sight(self) -> Sight:
        """Where it stands."""
        return Sight(path=self.file.path, line=self.node.lineno, what=self.name)

    @property
    def sets(self) -> bool:
        """Whether something is assigned."""
        return isinstance(self.node, ast.Assign)

    @property
    def arguments(self) -> list[ast.expr]:
        """What a call is given by position; the value of an assignment."""
        if isinstance(self.node, ast.Assign):
            return [self.node.value]
        return list(self.node.args)

    def keyword(self, name: str) -> ast.expr | None:
        """What a call is given by a keyword, also by `**` of a dictionary."""
        return self.given.get(name)


class Trackers:
    """The names that code has for W&B and MLflow."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._code, self._origins = code_of(snapshot), origins_of(snapshot)
        # Whoever uses one names it somewhere: most repositories are passed over at once.
        self._is_named = any(
            tool in snapshot.module(path).text
            for path in self._code.files
            for tool in ("wandb", "mlflow")
        )
        self._uses: dict[ast.AST, Use | None] = {}

    def uses(self, nodes: Iterable[tuple[CodeFile, ast.AST]]) -> Iterator[Use]:
        """What these nodes do with a tracker."""
        for file, node in nodes if self._is_named else ():
            if isinstance(node, ast.Call | ast.Assign):
                if node not in self._uses:
                    self._uses[node] = self._use(file, node)
                if (use := self._uses[node]) is not None:
                    yield use

    def name(self, file: CodeFile, expression: ast.expr) -> str | None:
        """The one name of an expression: `wandb.log`; None for what is no tracker's."""
        symbol = self._symbol(file, expression)
        if symbol is None:
            return None
        if found := _RUN.fullmatch(symbol):
            return f"wandb.{found[3]}"
        if found := _CLIENT.fullmatch(symbol):
            return f"mlflow.client.{found[4]}"
        if found := _FLUENT.fullmatch(symbol):
            return f"mlflow.{found[1]}"
        return symbol if symbol.startswith(("wandb.", "mlflow.")) else None

    def _use(self, file: CodeFile, node: ast.Call | ast.Assign) -> Use | None:
        match node:
            case ast.Call(func=ast.Name() as called):
                name = self.name(file, called)
            case ast.Call(func=ast.Attribute(attr=attr) as called):
                name = self.name(file, called) if _DOES.fullmatch(attr) else None
            case ast.Assign(targets=[ast.Attribute() as target]):
                name = self._set(file, target)
            case ast.Assign(targets=[ast.Subscript(value=ast.Attribute() as target)]):
                name = self._set(file, target)
            case _:
                name = None
        if name is None:
            return None
        tool: Tool = "wandb" if name.startswith("wandb.") else "mlflow"
        return Use(tool, name, file, node, self._given(file, node))

    def _set(self, file: CodeFile, target: ast.Attribute) -> str | None:
        """What an assignment sets of a run: its config, its summary."""
        if not _HOLDS.isdisjoint(_attributes(target)):
            name = self.name(file, target)
            if name and name.startswith(("wandb.config", "wandb.summary")):
                return name
        return None

    def _given(
        self, file: CodeFile, node: ast.Call | ast.Assign
    ) -> dict[str, ast.expr]:
        found: dict[str, ast.expr] = {}
        for one in node.keywords if isinstance(node, ast.Call) else ():
            if one.arg is not None:
                found[one.arg] = one.value
                continue
            # `init(**arguments)`, of a dictionary that is written out.
            value = Value(file, one.value)
            for origin in (value, *self._origins.of(value)):
                match origin.node:
                    case ast.Dict(keys=keys, values=values) if origin.file is file:
                        for key, inner in zip(keys, values, strict=True):
                            if isinstance(key, ast.Constant):
                                found.setdefault(str(key.value), inner)
        return found

    def _symbol(self, file: CodeFile, expression: ast.expr) -> str | None:
        return self._peeled(Value(file, expression), [_MAX_STEPS])

    def _peeled(self, value: Value, steps: list[int]) -> str | None:
        """A tracker's name with what follows it: `wandb.init().summary.update`.

        A variable may be assigned several times (`run = None`, then `wandb.init()`): it is
        the tracker's object if one of these is.
        """
        suffix, node = "", value.node
        while steps[0] > 0:
            steps[0] -= 1
            symbol = self._code.symbol(value.file, node)
            if symbol is not None and symbol.startswith(("wandb.", "mlflow.")):
                return symbol + suffix
            if isinstance(node, ast.Name) or is_self(node):
                for one in self._origins.of(value.other(node)):
                    if (made := self._peeled(one, steps)) is not None:
                        return made + suffix
                return None
            match node:
                case ast.Attribute():
                    suffix, node = f".{node.attr}{suffix}", node.value
                case ast.Call():
                    if (module := self._imported(value.file, node)) is not None:
                        return module + suffix
                    for one in self._origins.returned(value.other(node)):
                        if (made := self._peeled(one, steps)) is not None:
                            return made + suffix
                    suffix, node = f"(){suffix}", node.func
                case ast.IfExp(body=first, orelse=second):
                    for inner in (first, second):
                        made = self._peeled(value.other(inner), steps)
                        if made is not None:
                            return made + suffix
                    return None
                case ast.BoolOp(values=values):
                    for inner in values:
                        made = self._peeled(value.other(inner), steps)
                        if made is not None:
                            return made + suffix
                    return None
                case _:
                    return None
        return None

    def _imported(self, file: CodeFile, call: ast.Call) -> str | None:
        """The tracker that `importlib.import_module("wandb")` gives."""
        match call.args[:1]:
            case [ast.Constant(value="wandb" | "mlflow" as name)]:
                called = self._code.symbol(file, call.func)
                if called in ("importlib.import_module", "__import__"):
                    return str(name)
        return None


def _attributes(node: ast.expr) -> list[str]:
    found: list[str] = []
    while isinstance(node, ast.Attribute) and len(found) < _MAX_STEPS:
        found.append(node.attr)
        node = node.value
    return found


def _training_reach(snapshot: Snapshot) -> Reach:
    pipeline, code = pipeline_of(snapshot), code_of(snapshot)
    starts = [*pipeline.starts, *commanded(snapshot)]
    if not any(one.is_reached for one in stages_of(snapshot).real("training")):
        starts += _other_starts(code)
    return reach_from(snapshot, dict.fromkeys(starts))


def _other_starts(code: Code) -> Iterator[Start]:
    """Scripts with a guard, and what an orchestrator finds by its own conventions."""
    for path, file in code.files.items():
        if file.is_test:
            continue
        if any(map(is_main_guard, file.tree.body)):
            yield Start(path, why="it is run by itself")
        for name, function in file.functions.items():
            decorators = (
                code.symbol(file, one) or "" for one in function.decorator_list
            )
            is_flow = any(one.removesuffix("()") in _FLOWS for one in decorators)
            returns = code.symbol(file, function.returns) or ""
            if is_flow or (name == "create_pipeline" and returns.startswith("kedro.")):
                yield Start(path, name, "an orchestrator starts it")


def training_reach(snapshot: Snapshot) -> Reach:
    """What runs when the project trains: its runner, and scripts that files say to run.

    Where the runner doesn't come to training, what else people run counts as well: scripts
    with a `__main__` guard, flows of Prefect and Airflow, pipelines of Kedro.
    """
    return _reach_of(snapshot)


def any_reach(snapshot: Snapshot) -> Reach:
    """What runs when anybody runs anything: the pipeline, and every script and flow."""
    return _any_of(snapshot)


def trackers_of(snapshot: Snapshot) -> Trackers:
    """The trackers of a repository's code."""
    return _trackers_of(snapshot)


def _any_reach(snapshot: Snapshot) -> Reach:
    starts = [*pipeline_of(snapshot).starts, *commanded(snapshot)]
    return reach_from(snapshot, [*starts, *_other_starts(code_of(snapshot))])


_any_of: Reading[Reach] = Reading(_any_reach)
_reach_of: Reading[Reach] = Reading(_training_reach)
_trackers_of: Reading[Trackers] = Reading(Trackers)
