"""The model registry: what the pipeline registers, and what the serving code asks it for."""

import ast
from collections.abc import Callable, Iterable, Iterator, Sequence

from grader.checkers._base import Bench, Checker, Options, Result, nothing_to_measure
from grader.checkers._checklist import Checklist, Criterion, quantities_of
from grader.checkers._registry_links import (
    LINK,
    LINK_ARTIFACT,
    aliases,
    linked,
    links,
    target,
)
from grader.checkers._registry_references import (
    OTHER_THINGS,
    Reference,
    References,
    loop_texts,
)
from grader.codebase.code import CodeFile, code_of
from grader.codebase.model_loads import is_file_load
from grader.codebase.origins import UNKNOWN, Value, origins_of
from grader.codebase.reach import Start, reach_from
from grader.codebase.routes import served_of
from grader.codebase.stages import stages_of, words_of
from grader.codebase.trackers import Use, any_reach, trackers_of, training_reach
from grader.model.measurement import Quantity, Sight
from grader.model.snapshot import Snapshot

CRITERIA = (
    Criterion(
        "registered",
        "the pipeline registers the model under a name",
        "Register it: mlflow.register_model(…), or log_artifact of wandb.Artifact(type='model').",
    ),
    Criterion(
        "serving_loads",
        "the serving code asks a registry for the model by its name",
        'Load it by name: mlflow.pyfunc.load_model("models:/name@production").',
    ),
    Criterion(
        "by_alias",
        "it asks for an alias or a stage, not for whatever came last",
        "Ask for name@production, name:prod or the stage; `latest` is what came last.",
    ),
    Criterion(
        "configured",
        "which version is served can be changed without changing the code",
        "Read the alias from the configuration or the environment: MODEL_ALIAS.",
    ),
    Criterion(
        "promoted",
        "code sets the alias or the stage: a promotion",
        "Promote by a script: set_registered_model_alias(…), or aliases=['prod'] in W&B.",
    ),
)
_REGISTERS = frozenset(
    "mlflow.register_model mlflow.client.create_model_version wandb.link_model "
    "wandb.log_model".split()
)
_LOGS = frozenset({"wandb.log_artifact", "wandb.upsert_artifact"})
_LINKS = frozenset({LINK, LINK_ARTIFACT})
_PROMOTES = frozenset(
    "mlflow.client.set_registered_model_alias "
    "mlflow.client.transition_model_version_stage".split()
)
_MODEL = frozenset({"model", "models"})
_HUBS = frozenset(
    "huggingface_hub.hf_hub_download huggingface_hub.snapshot_download".split()
)
_NO_ALIAS = "latest"
# Of a path: where a project without an application uses its model.
_SERVES = frozenset(
    "predict prediction predictions score scoring infer inference serve serving deploy "
    "deployment".split()
)


class ModelRegistryOptions(Options):
    """The checker has no options."""


class ModelRegistry(Checker[ModelRegistryOptions]):
    """The model registry between training and serving.

    Why it matters
        A file that somebody copied into the image says nothing about where it comes from.
        A registry says which run made the model that is served, and takes it back in a
        minute by moving an alias.

    How it is measured
        What the pipeline comes to is read for registering: MLflow's register_model and
        registered_model_name, artifacts of type "model" in W&B, and what is linked in its
        registry and is not told to be data. The serving code is what
        the application comes to, and the scripts that the command which starts it runs
        first; without an application, scripts that predict. Names are put together from
        constants, f-strings, the configuration and defaults of the environment, and told
        apart: alias or stage, `latest`, a fixed version.

    What it does not see
        A promotion in the web page of the registry. Registries of clouds. Which branch
        runs where a setting chooses between a file and the registry.

    How to fix
        Register the model at the end of the pipeline, promote it by an alias once it has
        been evaluated, and load it in the application by that alias.
    """

    id = "model-registry"
    source = "https://mlflow.org/docs/latest/model-registry.html"
    criteria = CRITERIA
    mending = "findings"
    quantities = (
        *quantities_of(CRITERIA),
        Quantity(
            "registry_loads", "calls", "calls of the serving code that ask a registry"
        ),
        Quantity(
            "file_loads", "calls", "calls of the serving code that read a model's file"
        ),
    )

    def measure(
        self, snapshot: Snapshot, options: ModelRegistryOptions, bench: Bench
    ) -> Result:
        """Read what is registered and what is asked for."""
        if nothing := nothing_to_measure(snapshot, "all"):
            return Result(nothing)
        reading, checklist = _Reading(snapshot), Checklist(CRITERIA)
        reading.registered(checklist)
        reading.served(checklist)
        reading.promoted(checklist)
        values = {
            "registry_loads": len(reading.references),
            "file_loads": len(reading.files),
        }
        return Result(checklist.measured(values), population=reading.where)


class _Reading:
    """What trains, what serves, and what each does with a registry."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._code, self._origins = code_of(snapshot), origins_of(snapshot)
        self._trackers = trackers_of(snapshot)
        serving, self.where = _serving(snapshot)
        serving = [(file, node) for file, node in serving if not file.is_test]
        references = References(self._code, self._origins)
        found = (references.of(use) for use in self._trackers.uses(serving))
        self.references = [one for one in found if one is not None]
        self.files = list(self._loads(serving, is_file_load))
        self._hubs = list(self._loads(serving, _HUBS.__contains__))
        self._elsewhere = [
            one
            for use in self._trackers.uses(self._all_nodes())
            if (one := references.of(use)) is not None and one.pick != "none"
        ]

    def registered(self, checklist: Checklist) -> None:
        """Whether the pipeline gives the model to a registry."""
        uses = self._uses(training_reach(self._snapshot).nodes())
        found = [one.sight for one in uses if self._registers(one)]
        if found:
            checklist.yes("registered", f"{found[0].what} registers it.", *found)
            return
        dead = [
            one.sight for one in self._uses(self._all_nodes()) if self._registers(one)
        ]
        told = "Nothing that the pipeline comes to registers a model."
        if dead:
            told = f"{dead[0].what} stands in code that the pipeline never comes to."
        checklist.no("registered", told, *dead)

    def served(self, checklist: Checklist) -> None:
        """Whether the serving code asks a registry, and for what."""
        sights = [_sight(one) for one in self.references]
        if not sights:
            told = "Nothing serves a model." if not self.where else ""
            if self.files:
                told = f"{self.files[0].what} reads a file, and no registry is asked."
            if self._hubs:
                told = f"{self._hubs[0].what} asks a hub; no registry with aliases is asked."
            elif self._elsewhere and not self.files:
                first = _sight(self._elsewhere[0])
                told = (
                    f"{first.path} asks for it, and the serving code never comes there."
                )
            told = told or "The serving code loads no model by its name in a registry."
            seen = [*self._hubs, *self.files] or [
                _sight(one) for one in self._elsewhere
            ]
            checklist.no("serving_loads", told, *seen)
            for name in ("by_alias", "configured"):
                checklist.no(name, "The serving code asks no registry.")
            return
        beside = f" {len(self.files)} calls read a file." if self.files else ""
        told = f"{sights[0].what} is asked for.{beside}"
        checklist.yes("serving_loads", told, *sights)
        by_alias = [one for one in self.references if _has_alias(one)]
        configured = [one for one in self.references if one.is_configured]
        checklist.answer(
            "by_alias",
            _told(by_alias[0] if by_alias else self.references[0]),
            [_sight(one) for one in by_alias or self.references],
            holds=bool(by_alias),
        )
        checklist.answer(
            "configured",
            (
                "The version comes from the configuration or the environment."
                if configured
                else "The version that is asked for is written in the code."
            ),
            [_sight(one) for one in configured or self.references],
            holds=bool(configured),
        )

    def promoted(self, checklist: Checklist) -> None:
        """Whether any script sets an alias or a stage."""
        uses = self._uses(any_reach(self._snapshot).nodes())
        found = [one.sight for one in uses if self._promotes(one)]
        checklist.seen(
            "promoted",
            found,
            yes=f"{found[0].what if found else ''} sets it.",
            no="No code that runs sets an alias other than `latest`, or a stage.",
        )

    def _all_nodes(self) -> Iterator[tuple[CodeFile, ast.AST]]:
        for file in self._code.files.values():
            if not file.is_test:
                for node in file.names.nodes:
                    yield file, node

    def _uses(self, nodes: Iterable[tuple[CodeFile, ast.AST]]) -> list[Use]:
        """What these nodes do with a tracker, and with an artifact that they link."""
        nodes = list(nodes)
        own = self._trackers.uses(nodes)
        return [*own, *links(self._snapshot, self._trackers, nodes)]

    def _registers(self, use: Use) -> bool:
        if use.name in _REGISTERS:
            return True
        if use.tool == "mlflow" and use.name.endswith((".log_model", ".autolog")):
            return not _is_none(use.keyword("registered_model_name"))
        return self._is_model(use)

    def _is_model(self, use: Use) -> bool:
        """Whether what is logged or linked is an artifact of the type "model"."""
        if use.name in _LINKS:
            return self._is_linked_model(use)
        if use.name not in _LOGS:
            return False
        kind = use.keyword("type")
        if kind is not None:
            return self._is_model_type(Value(use.file, kind))
        given = [*use.arguments[:1], *filter(None, [use.keyword("artifact_or_path")])]
        for one in given[:1]:
            for made in self._artifacts(Value(use.file, one)):
                if any(map(self._is_model_type, _types(made))):
                    return True
        return False

    def _is_linked_model(self, use: Use) -> bool:
        """Whether what is linked is a model, or nothing says that it is something else."""
        path = target(use)
        text = self._origins.text(Value(use.file, path)) if path is not None else None
        words = set(words_of(text or ""))
        if (artifact := linked(use)) is not None:
            value = Value(use.file, artifact)
            fetched = filter(self._is_fetched, (value, *self._origins.of(value)))
            for one in (*self._artifacts(value), *fetched):
                if types := _types(one):
                    return any(map(self._is_model_type, types))
        return not _MODEL.isdisjoint(words) or OTHER_THINGS.isdisjoint(words)

    def _is_fetched(self, value: Value) -> bool:
        """Whether it is a call that asks W&B for an artifact."""
        if not isinstance(value.node, ast.Call):
            return False
        name = self._trackers.name(value.file, value.node.func) or ""
        return name.endswith((".artifact", ".use_artifact"))

    def _artifacts(self, value: Value) -> Iterable[Value]:
        """The calls of `wandb.Artifact` that a variable may come from."""
        todo, steps = [value], 0
        while todo and steps < 30:
            steps += 1
            one = todo.pop()
            if isinstance(one.node, ast.Call):
                symbol = self._code.symbol(one.file, one.node.func) or ""
                name = self._trackers.name(one.file, one.node.func) or symbol
                if name.endswith(".Artifact") and name.startswith("wandb"):
                    yield one
                else:
                    todo += self._origins.returned(one)
            else:
                todo += self._origins.of(one)

    def _is_model_type(self, value: Value) -> bool:
        text = self._origins.text(value)
        texts = [text] if text is not None else list(loop_texts(value))
        return any(not _MODEL.isdisjoint(words_of(one)) for one in texts)

    def _promotes(self, use: Use) -> bool:
        if use.name in _PROMOTES:
            return True
        if use.name.endswith((".aliases.append", ".aliases.extend")):
            return any(self._is_alias(use.file, one) for one in use.arguments)
        is_model = use.name in ("wandb.link_model", "wandb.log_model") or (
            self._is_model(use)
        )
        given = aliases(use)
        return is_model and given is not None and self._is_alias(use.file, given)

    def _is_alias(self, file: CodeFile, node: ast.expr) -> bool:
        """Whether it names an alias that stands for a choice: neither latest nor a run's name."""
        elements: Sequence[ast.expr] = [node]
        if isinstance(node, ast.List | ast.Tuple):
            elements = node.elts
        for one in elements:
            value = Value(file, one)
            text = self._origins.text(value)
            if text is not None and text != _NO_ALIAS and UNKNOWN not in text:
                return True
            if text is None and self._origins.is_configured(value):
                return True
        return False

    def _loads(
        self, nodes: Iterable[tuple[CodeFile, ast.AST]], is_load: Callable[[str], bool]
    ) -> Iterator[Sight]:
        for file, node in nodes:
            if isinstance(node, ast.Call):
                symbol = self._code.symbol(file, node.func) or ""
                if is_load(symbol):
                    yield Sight(path=file.path, line=node.lineno, what=symbol)


def _serving(snapshot: Snapshot) -> tuple[list[tuple[CodeFile, ast.AST]], str]:
    """The code that serves, and a word on what that is; `""` where nothing does."""
    served = served_of(snapshot)
    nodes = list(served.reach.nodes())
    starts = [Start(one.path) for one in served.others]
    starts += [
        Start(path) for app in served.apps for one in app.servers for path in one.beside
    ]
    if starts:
        nodes += list(reach_from(snapshot, dict.fromkeys(starts)).nodes())
    if served.apps or served.others:
        first = (*(one.sight for one in served.apps), *served.others)[0]
        return nodes, first.path
    # Without an application: what predicts in batches.
    homes = {one.file.path for one in stages_of(snapshot).of("inference")}
    batch = [
        (file, node)
        for file, node in any_reach(snapshot).nodes()
        if file.path in homes or not _SERVES.isdisjoint(words_of(file.path))
    ]
    return batch, "predicting in batches" if batch else ""


def _types(made: Value) -> list[Value]:
    """The type that a call gives an artifact: `Artifact("m", "model")`; else nothing."""
    call = made.node
    if not isinstance(call, ast.Call):
        return []
    types = [one.value for one in call.keywords if one.arg == "type"]
    return [made.other(one) for one in [*types, *call.args[1:2]][:1]]


def _has_alias(one: Reference) -> bool:
    return one.pick == "alias" or (one.pick == "open" and one.is_configured)


def _told(one: Reference) -> str:
    name = one.text.replace(UNKNOWN, "…")[:80]
    match one.pick:
        case "alias":
            return f"{name} asks for an alias or a stage."
        case "latest":
            return f"{name}: latest is whatever came last."
        case "version":
            return f"{name} is one fixed version."
        case "open" | "none":
            if _has_alias(one):
                return "The configuration or the environment says which version it is."
            return f"{name or 'The name'} says neither alias nor stage."


def _sight(one: Reference) -> Sight:
    what = one.text.replace(UNKNOWN, "…")[:80] or one.use.name
    return Sight(path=one.use.file.path, line=one.use.node.lineno, what=what)


def _is_none(node: ast.expr | None) -> bool:
    return node is None or (isinstance(node, ast.Constant) and node.value is None)
