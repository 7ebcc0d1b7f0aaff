"""The lines of the checklist `experiment-tracking`: what is logged where the pipeline runs."""

import ast
from collections.abc import Iterable, Iterator

from grader.checkers._checklist import Checklist
from grader.checkers._tracking_switches import keys_in_code, switched_off
from grader.codebase.code import CodeFile, code_of
from grader.codebase.names import Names
from grader.codebase.origins import Value, origins_of
from grader.codebase.settings import settings_of
from grader.codebase.stages import words_of
from grader.codebase.trackers import Use, trackers_of, training_reach
from grader.model.measurement import Sight
from grader.model.snapshot import Snapshot

_STARTS = frozenset("wandb.init mlflow.start_run mlflow.client.create_run".split())
_LOGGERS = ("WandbLogger", "MLFlowLogger", "WandbCallback", "WandbMetricsLogger")
_PARAMS = frozenset(
    "wandb.config wandb.config.update wandb.config.setdefaults mlflow.log_param "
    "mlflow.log_params mlflow.client.log_param mlflow.client.log_batch "
    "mlflow.log_input".split()
)
_METRICS = frozenset(
    "mlflow.log_metric mlflow.log_metrics mlflow.client.log_metric "
    "mlflow.client.log_batch mlflow.evaluate mlflow.models.evaluate".split()
)
_FILES = frozenset(
    "wandb.log_artifact wandb.save wandb.log_model wandb.link_model wandb.link_artifact "
    "wandb.upsert_artifact mlflow.log_artifact mlflow.log_artifacts mlflow.log_model "
    "mlflow.client.log_artifact mlflow.client.log_artifacts mlflow.log_figure "
    "mlflow.log_dict mlflow.log_text mlflow.log_table mlflow.log_image".split()
)
_ENDS = frozenset(
    "wandb.finish wandb.sdk.finish mlflow.end_run mlflow.client.set_terminated".split()
)
# What wandb.log shows and is no number.
_MEDIA = frozenset(
    "Table Html Image Video Audio Plotly Artifact Object3D Molecule".split()
)
# What a summary says of a run that is no metric of it.
_LABELS = frozenset(
    "hash schema path paths name status columns entrypoint version error file".split()
)
_WHERE = {
    "wandb.init": ("project", "entity"),
    "mlflow.set_experiment": ("experiment_name", "experiment_id"),
    "mlflow.set_tracking_uri": ("uri",),
    "mlflow.create_experiment": ("name",),
    "mlflow.get_experiment_by_name": ("name",),
    "mlflow.client.create_experiment": ("name",),
    "mlflow.client.get_experiment_by_name": ("name",),
}
_VARIABLES = frozenset(
    "WANDB_PROJECT WANDB_ENTITY MLFLOW_TRACKING_URI MLFLOW_EXPERIMENT_NAME".split()
)
_SETTINGS = frozenset("config settings conf configuration constants params".split())


class TrackingAnswers:
    """The uses of a tracker that run, and those that don't."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._code, self._origins = code_of(snapshot), origins_of(snapshot)
        trackers = self._trackers = trackers_of(snapshot)
        reach = training_reach(snapshot)
        self._reach = reach
        self.uses = list(trackers.uses(reach.nodes()))
        running = {id(one.node) for one in self.uses}
        self.dead = [
            one
            for file in self._code.files.values()
            if not file.is_test
            for one in trackers.uses((file, node) for node in file.names.nodes)
            if id(one.node) not in running
        ]
        self._calls = list(self._logger_calls())
        self._loggers = [sight for sight, _, _ in self._calls]
        self._auto = [one for one in self.uses if _is_autolog(one)]
        self._starts = [one for one in self.uses if one.name in _STARTS]
        self.runs = [one for one in self._starts if not self._is_disabled(one)]
        # MLflow starts a run by itself where something is logged without one.
        self._alone = [
            one
            for one in self.uses
            if one.tool == "mlflow"
            and one.name.startswith("mlflow.")
            and one.name.rpartition(".")[2].startswith("log_")
            and not one.name.startswith("mlflow.client.")
        ]

    def answer(self, checklist: Checklist) -> None:
        """Every line."""
        self._run(checklist)
        self._logged(checklist, "config", self._parameters(), "parameters")
        self._logged(checklist, "metrics", self._metrics(), "metrics")
        self._logged(checklist, "artifact", self._files(), "models or files")
        self._finished(checklist)
        self._configured(checklist)
        self._enabled(checklist)
        self._key(checklist)

    def _has_run(self) -> bool:
        return bool(self.runs or self._auto or self._loggers or self._alone)

    @property
    def _first(self) -> list[Sight]:
        """Where the run begins."""
        begins = (*self.runs, *self._auto, *(() if self.runs else self._alone))
        return [one.sight for one in begins] + self._loggers

    def _run(self, checklist: Checklist) -> None:
        sights = self._first
        dead = [one for one in self.dead if one.name in _STARTS]
        if sights:
            checklist.yes("run", f"{sights[0].what} starts it.", *sights)
        elif self._starts:
            told = (
                f'{self._starts[0].name} is given mode="disabled": nothing is logged.'
            )
            checklist.no("run", told, *(one.sight for one in self._starts))
        elif dead:
            told = f"{dead[0].name} stands in code that the pipeline never comes to."
            checklist.no("run", told, *(one.sight for one in dead))
        else:
            imports = list(self._imports())
            told = "Nothing that the pipeline comes to calls wandb.init or mlflow.start_run."
            if imports:
                told = f"{imports[0].what} is imported, and no run is started with it."
            checklist.no("run", told, *imports)

    def _logged(
        self, checklist: Checklist, name: str, sights: list[Sight], what: str
    ) -> None:
        if not self._has_run():
            checklist.no(name, "The pipeline starts no run.")
            return
        checklist.seen(
            name,
            sights,
            yes=f"{sights[0].what if sights else ''} logs them.",
            no=f"No call in code that the pipeline comes to logs {what}.",
        )

    def _parameters(self) -> list[Sight]:
        found = []
        for one in self.uses:
            if one.name == "wandb.init" and not self._is_disabled(one):
                given = one.keyword("config")
                if given is not None and not _is_empty(given):
                    found.append(_named(one, "wandb.init(config=…)"))
            elif one.name in _PARAMS or one.name.startswith("wandb.config"):
                if one.sets or one.name in _PARAMS:
                    found.append(one.sight)
        return [*found, *self._saved(), *(one.sight for one in self._auto)]

    def _metrics(self) -> list[Sight]:
        found = [one.sight for one in self.uses if one.name in _METRICS]
        for one in self.uses:
            if one.name == "wandb.log" and not self._is_media(one):
                found.append(one.sight)
            elif one.name == "wandb.summary.update" and not self._is_media(one):
                found.append(one.sight)
            elif one.name.startswith("wandb.summary") and one.sets:
                if not self._is_label(one):
                    found.append(one.sight)
        return found + self._loggers + [one.sight for one in self._auto]

    def _files(self) -> list[Sight]:
        return [
            one.sight
            for one in self.uses
            if one.name in _FILES
            or (
                one.tool == "mlflow"
                and one.name.endswith((".log_model", ".save_model"))
            )
            or (one in self._auto and not _is_false(one.keyword("log_models")))
        ] + [
            sight
            for sight, _, call in self._calls
            for one in call.keywords
            if one.arg == "log_model" and not _is_false(one.value)
        ]

    def _finished(self, checklist: Checklist) -> None:
        ended = [one.sight for one in self.uses if one.name in _ENDS]
        ended += self._with_runs()
        if not self._has_run():
            checklist.no("finished", "The pipeline starts no run.")
        elif not self.runs and not ended and (self._auto or self._loggers):
            told = "Autologging and loggers end the runs that they start."
            checklist.yes("finished", told, *self._first)
        else:
            checklist.seen(
                "finished",
                ended,
                yes=f"{ended[0].what if ended else ''} ends it.",
                no="No `with`, wandb.finish() or mlflow.end_run() ends the run.",
            )

    def _with_runs(self) -> Iterator[Sight]:
        """Where a run stands in a `with`, also one that the project's own function gives."""
        # What a client creates is no block.
        begun = {one.name for one in self.runs} - {"mlflow.client.create_run"}
        for file, node in self._reach.nodes() if begun else ():
            for one in node.items if isinstance(node, ast.With | ast.AsyncWith) else ():
                name = self._trackers.name(file, one.context_expr) or ""
                if name.endswith("()") and name.removesuffix("()") in begun:
                    what = f"with {name.removesuffix('()')}"
                    line = one.context_expr.lineno
                    yield Sight(path=file.path, line=line, what=what)

    def _configured(self, checklist: Checklist) -> None:
        if not self._has_run():
            checklist.no("configured", "The pipeline starts no run.")
            return
        configured, written = list[Sight](), list[Sight]()
        for one in self.uses:
            for expression in _where(one):
                value = Value(one.file, expression)
                is_given = self._origins.is_configured(value) or self._of_settings(
                    value
                )
                (configured if is_given else written).append(one.sight)
        for sight, file, call in self._calls:
            for given in call.keywords:
                if given.arg in (
                    "project",
                    "entity",
                    "experiment_name",
                    "tracking_uri",
                ):
                    is_given = self._origins.is_configured(Value(file, given.value))
                    (configured if is_given else written).append(sight)
        configured += self._environment()
        checklist.answer(
            "configured",
            (
                f"{configured[0].what} is given what the configuration says."
                if configured
                else (
                    f"What {written[0].what} is given is written in the code."
                    if written
                    else "Neither project nor experiment is named."
                )
            ),
            configured or written,
            holds=bool(configured),
        )

    def _of_settings(self, value: Value) -> bool:
        """Whether a constant of a module that is called config or settings."""
        for one in self._origins.of(value):
            stem = one.file.path.rpartition("/")[2]
            if one.file is not value.file and not _SETTINGS.isdisjoint(
                words_of(one.file.path if "config" in one.file.path else stem)
            ):
                return True
        return False

    def _environment(self) -> Iterator[Sight]:
        """`os.environ["WANDB_PROJECT"] = cfg.project`."""
        for file, node in self._reach.nodes():
            match node:
                case ast.Assign(
                    targets=[
                        ast.Subscript(value=on, slice=ast.Constant(value=str(name)))
                    ],
                    value=value,
                ) if (
                    name in _VARIABLES and self._code.symbol(file, on) == "os.environ"
                ):
                    if self._origins.is_configured(Value(file, value)):
                        yield Sight(path=file.path, line=node.lineno, what=name)

    def _enabled(self, checklist: Checklist) -> None:
        off = [
            _named(one, 'mode="disabled"')
            for one in self._starts
            if one not in self.runs
        ]
        off += switched_off(self._code, self._reach, settings_of(self._snapshot))
        if off:
            told = f"{off[0].what} turns it off unless somebody changes that."
            checklist.no("enabled", told, *off)
        elif self._has_run():
            sights = self._first[:1]
            checklist.yes("enabled", "Nothing turns it off by default.", *sights)
        else:
            checklist.no("enabled", "The pipeline starts no run.")

    def _key(self, checklist: Checklist) -> None:
        keys = list(keys_in_code(self._code, trackers_of(self._snapshot)))
        if keys:
            checklist.no("no_key", "A key is written in the code.", *keys)
        elif self._has_run():
            sights = self._first[:1]
            checklist.yes("no_key", "No key is written in the code.", *sights)
        else:
            checklist.no("no_key", "The pipeline starts no run.")

    def _is_disabled(self, use: Use) -> bool:
        if use.name != "wandb.init":
            return False
        mode = use.keyword("mode")
        if mode is None:
            return False
        value = Value(use.file, mode)
        text = self._origins.text(value)
        return text == "disabled" and not isinstance(mode, ast.IfExp)

    def _is_media(self, use: Use) -> bool:
        """Whether only tables and pictures are logged, or labels of the run."""
        match use.arguments[:1]:
            case [ast.Dict(keys=keys, values=values)] if values:
                return all(
                    self._is_medium(use.file, value) or _is_text(key, value)
                    for key, value in zip(keys, values, strict=True)
                )
        return False

    def _is_medium(self, file: CodeFile, value: ast.expr) -> bool:
        symbol = (self._code.symbol(file, value) or "").removesuffix("()")
        return symbol.startswith("wandb.") and (
            symbol.rpartition(".")[2] in _MEDIA or symbol.startswith("wandb.plot")
        )

    def _is_label(self, use: Use) -> bool:
        """Whether a summary says a hash, a path or a word, and no number."""
        node = use.node
        if not isinstance(node, ast.Assign):
            return False
        match node.targets:
            case [ast.Subscript(slice=key)]:
                return _is_text(key, node.value)
            case [ast.Attribute(attr=name)]:
                return _is_text(ast.Constant(value=name), node.value)
        return False

    def _logger_calls(self) -> Iterator[tuple[Sight, CodeFile, ast.Call]]:
        """Loggers and callbacks of training libraries that write to a tracker."""
        for file, call in self._reach.calls():
            symbol = self._code.symbol(file, call.func) or ""
            last = symbol.rpartition(".")[2]
            if last in _LOGGERS and "." in symbol:
                yield Sight(path=file.path, line=call.lineno, what=last), file, call

    def _saved(self) -> Iterator[Sight]:
        """Where a module of Lightning hands its parameters to the logger."""
        for file, call in self._reach.calls() if self._calls else ():
            match call.func:
                case ast.Attribute(
                    attr="save_hyperparameters" | "log_hyperparams" as name
                ):
                    yield Sight(path=file.path, line=call.lineno, what=str(name))

    def _imports(self) -> Iterator[Sight]:
        for file in self._code.files.values():
            if file.is_test:
                continue
            for name, line in _imported(file.names):
                yield Sight(path=file.path, line=line, what=name)


def _where(use: Use) -> Iterator[ast.expr]:
    names = _WHERE.get(use.name, ())
    for name in names:
        if (found := use.keyword(name)) is not None:
            yield found
    if names and use.name != "wandb.init":
        yield from use.arguments[:1]


def _is_autolog(use: Use) -> bool:
    is_auto = use.tool == "mlflow" and use.name.endswith(".autolog")
    return is_auto and not _is_true(use.keyword("disable"))


def _is_true(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and node.value is True


def _is_false(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and node.value is False


def _is_empty(node: ast.expr) -> bool:
    match node:
        case ast.Constant(value=None) | ast.Dict(keys=[]):
            return True
        case ast.Call(func=ast.Name(id="dict"), args=[], keywords=[]):
            return True
    return False


def _is_text(key: ast.expr | None, value: ast.expr) -> bool:
    """Whether it is a text by what it is, or by what its key is called."""
    match value:
        case ast.Constant(value=str()) | ast.JoinedStr():
            return True
        case ast.Call(func=ast.Name(id="str" | "list")):
            return True
    match key:
        case ast.Constant(value=str(name)):
            return not _LABELS.isdisjoint(words_of(name))
    return False


def _imported(names: Names) -> Iterable[tuple[str, int]]:
    for node in names.nodes:
        match node:
            case ast.Import(names=aliases):
                for alias in aliases:
                    first = alias.name.partition(".")[0]
                    if first in ("wandb", "mlflow"):
                        yield first, node.lineno
            case ast.ImportFrom(module=str(module), level=0):
                first = module.partition(".")[0]
                if first in ("wandb", "mlflow"):
                    yield first, node.lineno


def _named(use: Use, what: str) -> Sight:
    return Sight(path=use.file.path, line=use.node.lineno, what=what)
