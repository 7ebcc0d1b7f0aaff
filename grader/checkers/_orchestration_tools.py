"""The tools that run stages as steps of their own: which of them a repository really uses.

Each is told by what the tool itself would read: stages of dvc.yaml that need one another, a
flow that calls tasks, a DAG with an order, a registered Kedro pipeline, a Makefile's target.
"""

import ast
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from grader.codebase.bodies import is_stub
from grader.codebase.code import Code, CodeFile, Defined, Function, code_of, own_nodes
from grader.codebase.command_files import command_files_of
from grader.codebase.commands import started_by
from grader.codebase.documents import documents_of, text_of
from grader.codebase.dvc import dvc_of, linked
from grader.codebase.entry import pipeline_of, serves
from grader.codebase.names import is_main_guard
from grader.codebase.reach import Reach, Start, reach_from
from grader.codebase.shell import commands
from grader.codebase.task_files import recipes, rules
from grader.codebase.units import units_of
from grader.model.measurement import Sight
from grader.model.snapshot import Snapshot

# What makes a function the whole, and what makes one a step of it.
_FLOWS = {
    "prefect.flow": "Prefect",
    "prefect.flows.flow": "Prefect",
    "zenml.pipeline": "ZenML",
    "zenml.pipelines.pipeline": "ZenML",
    "dagster.job": "Dagster",
    "dagster.graph": "Dagster",
    "kfp.dsl.pipeline": "Kubeflow",
    "airflow.decorators.dag": "Airflow",
    "airflow.sdk.dag": "Airflow",
}
_TASKS = frozenset(
    "prefect.task prefect.tasks.task prefect.flow prefect.flows.flow zenml.step "
    "zenml.steps.step dagster.op kfp.dsl.component airflow.decorators.task "
    "airflow.sdk.task".split()
)
_ORDERS = frozenset("set_upstream set_downstream".split())
_MAKEFILES = ("Makefile", "makefile", "GNUmakefile")
_MAKE = re.compile(r"\$(\(MAKE\)|\{MAKE\})")
# With these make reads another Makefile.
_OTHER_FILE = frozenset("-C -f --directory --file --makefile".split())
_BYTES = 200 * 1024
_MAX_TARGETS = 200
# Started by a Makefile, and no stage.
_NO_STAGE = frozenset("setup.py conftest.py manage.py noxfile.py tasks.py".split())
_PAGES = frozenset({"streamlit", "gradio", "dash", "nicegui"})
_DEPLOYED = ("prefect.yaml", "deployment.yaml", "prefect.yml")


@dataclass(frozen=True)
class Chain:
    """At least two steps that a tool runs in their order, and where that is said."""

    tool: str
    steps: int
    sights: tuple[Sight, ...]


def chains(snapshot: Snapshot) -> tuple[Chain, ...]:
    """What other tools than MLflow chain in a repository."""
    looked: tuple[Callable[[Snapshot], Iterable[Chain]], ...] = (
        _dvc,
        _flows,
        _airflow,
        _kedro,
        _make,
    )
    return tuple(one for look in looked for one in look(snapshot))


def _dvc(snapshot: Snapshot) -> Iterator[Chain]:
    dvc = dvc_of(snapshot)
    for file in dvc.files:
        if file.problem or not dvc.is_initialised(file.path):
            continue
        runs = [
            one
            for one in file.stages
            if not one.missing and any(target.path for target in one.targets)
        ]
        pairs = linked(runs)
        if pairs:
            names = dict.fromkeys(one.name for pair in pairs for one in pair)
            sights = dict.fromkeys(one.sight.line for pair in pairs for one in pair)
            places = tuple(Sight(path=file.path, line=line) for line in sights)
            yield Chain("DVC", len(names), places)


def _flows(snapshot: Snapshot) -> Iterator[Chain]:
    code = code_of(snapshot)
    flows: list[tuple[str, CodeFile, Function]] = []
    for file in code.files.values():
        for function in () if file.is_test else file.functions.values():
            tool = next(
                (
                    _FLOWS[name]
                    for name in _decorators(code, file, function)
                    if name in _FLOWS
                ),
                None,
            )
            if tool is not None and len(_tasks_of(code, file, function)) >= 2:
                flows.append((tool, file, function))
    if not flows:
        return
    reach = _started(snapshot, {file.path for _, file, _ in flows})
    deployed = _entrypoints(snapshot)
    best: dict[str, Chain] = {}
    for tool, file, function in flows:
        is_run = reach.reaches(function) or f"{file.path}:{function.name}" in deployed
        called = _tasks_of(code, file, function)
        if not is_run:
            continue
        sight = Sight(path=file.path, line=function.lineno, what=f"{function.name}()")
        if tool not in best or best[tool].steps < len(called):
            best[tool] = Chain(tool, len(called), (sight,))
    yield from best.values()


def _decorators(code: Code, file: CodeFile, function: Function) -> list[str]:
    symbols = (code.symbol(file, one) or "" for one in function.decorator_list)
    return [one.removesuffix("()") for one in symbols]


def _tasks_of(code: Code, file: CodeFile, flow: Function) -> set[ast.AST]:
    """The tasks with a body that a flow calls, also by `.submit`, `.map` and `.with_options`."""
    found: set[ast.AST] = set()
    for node in own_nodes(flow):
        if not isinstance(node, ast.Call):
            continue
        called: ast.expr = node.func
        for _ in range(5):
            defined = code.defined(file, called)
            if defined is not None:
                break
            if isinstance(called, ast.Attribute):
                called = called.value
            elif isinstance(called, ast.Call):
                called = called.func
            else:
                break
        else:
            continue
        if defined is not None and _is_task(code, defined):
            found.add(defined.node)
    return found


def _is_task(code: Code, defined: Defined) -> bool:
    node = defined.node
    if isinstance(node, ast.ClassDef) or is_stub(defined.file, node):
        return False
    return not _TASKS.isdisjoint(_decorators(code, defined.file, node))


def _started(snapshot: Snapshot, flows: Collection[str]) -> Reach:
    """What runs where somebody starts a script: the pipeline, guards, calls at the top.

    `flows` are the modules of flows: Airflow runs these by itself (`dag = etl()`).
    """
    code = code_of(snapshot)
    starts = list(pipeline_of(snapshot).starts)
    for path, file in code.files.items():
        if file.is_test:
            continue
        is_script = path in flows or any(
            is_main_guard(node)
            or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Call))
            for node in file.tree.body
        )
        if is_script:
            starts.append(Start(path))
    return reach_from(snapshot, dict.fromkeys(starts))


def _entrypoints(snapshot: Snapshot) -> frozenset[str]:
    """The flows that prefect.yaml deploys, as `path.py:flow`."""
    found: set[str] = set()
    for path in snapshot.files:
        if path.rpartition("/")[2] not in _DEPLOYED:
            continue
        given = documents_of(snapshot).get(path).at("deployments")
        for one in given if isinstance(given, list) else []:
            entry = one.get("entrypoint") if isinstance(one, dict) else None
            if isinstance(entry, str):
                found.add(entry.removeprefix("./"))
    return frozenset(found)


def _airflow(snapshot: Snapshot) -> Iterator[Chain]:
    """DAGs of operators; Airflow runs the module bodies of its folder."""
    code, units = code_of(snapshot), units_of(snapshot)
    best: Chain | None = None
    for file in code.files.values():
        if file.is_test or "airflow" not in snapshot.module(file.path).text:
            continue
        dag: ast.Call | None = None
        operators, is_ordered = 0, False
        for node in units.bodies[file.path].nodes:
            match node:
                case ast.Call():
                    symbol = code.symbol(file, node.func) or ""
                    if not symbol.startswith("airflow."):
                        continue
                    name = symbol.rpartition(".")[2]
                    if name == "DAG":
                        dag = dag or node
                    operators += name.endswith(("Operator", "Sensor"))
                    is_ordered = is_ordered or name == "chain" or name in _ORDERS
                case ast.BinOp(op=ast.RShift() | ast.LShift()):
                    is_ordered = True
        if dag is not None and operators >= 2 and is_ordered:
            if best is None or best.steps < operators:
                sight = Sight(path=file.path, line=dag.lineno, what="DAG")
                best = Chain("Airflow", operators, (sight,))
    if best is not None:
        yield best


def _kedro(snapshot: Snapshot) -> Iterator[Chain]:
    """The nodes of the pipelines that `register_pipelines` of the project may come to."""
    code = code_of(snapshot)
    kedro = documents_of(snapshot).get("pyproject.toml").at("tool", "kedro")
    registries = [
        path
        for path, file in code.files.items()
        if PurePosixPath(path).name == "pipeline_registry.py"
        and "register_pipelines" in file.functions
    ]
    if not isinstance(kedro, dict) or not registries:
        return
    starts = [Start(path, "register_pipelines") for path in registries]
    reach = reach_from(snapshot, starts)
    nodes: list[tuple[CodeFile, ast.Call]] = []
    is_found = any(
        (code.symbol(file, call.func) or "").endswith("find_pipelines")
        for file, call in reach.calls()
    )
    if is_found:
        # Kedro looks for `create_pipeline` in the project's own folder of pipelines.
        starts += [
            Start(path, "create_pipeline")
            for path, file in code.files.items()
            if "create_pipeline" in file.functions and not file.is_test
        ]
        reach = reach_from(snapshot, starts)
    for file, call in reach.calls():
        symbol = code.symbol(file, call.func) or ""
        if symbol.startswith("kedro.") and symbol.rpartition(".")[2] in (
            "node",
            "Node",
        ):
            given = [one.value for one in call.keywords if one.arg == "func"]
            given += call.args[:1]
            function = code.defined(file, given[0] if given else None)
            if function is None or not _is_a_stub(function):
                nodes.append((file, call))
    if len(nodes) >= 2:
        sights = tuple(Sight(path=file.path, line=call.lineno) for file, call in nodes)
        yield Chain("Kedro", len(nodes), sights)


def _is_a_stub(defined: Defined) -> bool:
    node = defined.node
    return not isinstance(node, ast.ClassDef) and is_stub(defined.file, node)


def _make(snapshot: Snapshot) -> Iterator[Chain]:
    """The target of a Makefile that starts the most scripts, by its recipes and its needs."""
    files = command_files_of(snapshot)
    for path in snapshot.files:
        if path.rpartition("/")[2] not in _MAKEFILES or snapshot.foreign(path):
            continue
        folder = str(PurePosixPath(path).parent)
        targets = {
            name: ([*needs, *_made(recipe)], recipe)
            for name, (needs, recipe) in rules(
                text_of(snapshot, path, _BYTES) or ""
            ).items()
        }
        best: dict[str, int] = {}
        for name in list(targets)[:_MAX_TARGETS]:
            scripts: dict[str, int] = {}
            for line, text in recipes(targets, name, _MAX_TARGETS):
                for one in files.targets(text.lstrip("@-+ "), folder):
                    if one.path and _is_stage(snapshot, one.path):
                        scripts.setdefault(one.path, line)
            best = scripts if len(scripts) > len(best) else best
        if len(best) >= 2:
            sights = tuple(
                Sight(path=path, line=line, what=one) for one, line in best.items()
            )
            yield Chain("make", len(best), sights)


def _made(recipe: Iterable[tuple[int, str]]) -> Iterator[str]:
    """The targets of the same Makefile that a recipe makes: `$(MAKE) data`."""
    for _, text in recipe:
        for command in commands(_MAKE.sub("make", text.lstrip("@-+ "))):
            if command.bare[:1] == ("cd",):
                break
            if _OTHER_FILE.isdisjoint(command.bare):
                made = started_by(command.bare)
                yield from (one.name for one in made if one.kind == "make")


def _is_stage(snapshot: Snapshot, path: str) -> bool:
    """Whether it is a script that works and ends: no test, no service, no web page."""
    file = code_of(snapshot).files.get(path)
    if file is None or file.is_test or PurePosixPath(path).name in _NO_STAGE:
        return False
    imported = {
        alias.name.partition(".")[0]
        for node in file.tree.body
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    return imported.isdisjoint(_PAGES) and not serves(snapshot, path)
