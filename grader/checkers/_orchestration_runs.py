"""The steps that code runs with `mlflow.run`: which projects, which entry points."""

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from grader.checkers._orchestration_projects import Project
from grader.checkers._orchestration_texts import listed
from grader.codebase.code import Code, CodeFile, code_of
from grader.codebase.command_files import folders_of, joined
from grader.codebase.commands import Started
from grader.codebase.origins import UNKNOWN, Origins, Value, origins_of
from grader.codebase.starting import started_by_call
from grader.model.measurement import Sight
from grader.model.snapshot import Snapshot

_RUNS = frozenset({"mlflow.run", "mlflow.projects.run"})
_COMMANDS = ("subprocess.", "os.system")
_REMOTE = re.compile(r"[\w+.-]+://|git@")
_MAX_NAMES = 60
_WITH_VALUE = frozenset(
    "-e --entry-point -v --version -P --param-list -A --docker-args --experiment-name "
    "--experiment-id -b --backend -c --backend-config --env-manager --storage-dir "
    "--run-id --run-name".split()
)


@dataclass(frozen=True)
class Step:
    """One project that a call runs.

    `fault` says why it can't; `is_elsewhere` that it lies in another repository, `is_open`
    that nothing says which project it is.
    """

    sight: Sight
    folder: str
    point: str
    fault: str = ""
    is_elsewhere: bool = False
    is_open: bool = False


class Runs:
    """What calls of `mlflow.run` run in a repository.

    `configured` are the steps that the configuration names: what a loop goes through where
    the code has no list itself.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        projects: Sequence[Project],
        configured: tuple[str, ...] = (),
    ) -> None:
        self._configured = configured
        self._code: Code = code_of(snapshot)
        self._origins: Origins = origins_of(snapshot)
        self._files = frozenset(snapshot.files)
        # Whoever uses it names it: most files are passed over at once.
        self._naming = frozenset(
            path for path in self._code.files if "mlflow" in snapshot.module(path).text
        )
        self._folders = frozenset(folders_of(snapshot.files))
        self._projects = {one.folder: one for one in projects}

    def steps(self, calls: Iterable[tuple[CodeFile, ast.Call]]) -> tuple[Step, ...]:
        """The steps of these calls, each once, in the order of the source."""
        found: dict[tuple[str, str], Step] = {}
        naming = (one for one in calls if one[0].path in self._naming)
        ordered = sorted(naming, key=lambda one: (one[0].path, one[1].lineno))
        for file, call in ordered:
            for one in self._steps(file, call):
                found.setdefault((one.folder, one.point), one)
        return tuple(found.values())

    def _steps(self, file: CodeFile, call: ast.Call) -> Iterator[Step]:
        symbol = self._code.symbol(file, call.func) or ""
        sight = Sight(path=file.path, line=call.lineno, what=symbol)
        if symbol in _RUNS:
            yield from self._of_call(file, call, sight)
        elif symbol.startswith(_COMMANDS):
            for one in started_by_call(file, call):
                if one.name == "mlflow" and one.words[:1] == ("run",):
                    yield from self._of_command(file, one, sight)

    def _of_call(self, file: CodeFile, call: ast.Call, sight: Sight) -> Iterator[Step]:
        given = {one.arg: one.value for one in call.keywords if one.arg}
        uri = call.args[0] if call.args else given.get("uri")
        entry = call.args[1] if len(call.args) > 1 else given.get("entry_point")
        if uri is None:
            return
        points = ["main"] if entry is None else self._points(Value(file, entry))
        names = _keys(given.get("parameters"))
        value = Value(file, uri)
        text = self._origins.text(value)
        if isinstance(uri, ast.Constant):
            text = str(uri.value)  # `.`, which says nothing as a part of a path.
        if text is None:
            texts = self._named(value, "{}")
        elif UNKNOWN in text:
            texts = self._named(value, text)
        else:
            texts = [text]
        if not texts:
            yield Step(sight, text or "", points[0], is_open=True)
        for one in texts:
            for point in points:
                yield self._step(file, one, point, names, sight)

    def _points(self, value: Value) -> list[str]:
        """The entry points that an expression may name; `""` for one that can't be known."""
        text = self._origins.text(value)
        if text is not None and UNKNOWN not in text:
            return [text]
        names = listed(self._origins, value) or self._configured
        return list(names[:_MAX_NAMES]) or [""]

    def _named(self, value: Value, pattern: str) -> list[str]:
        """The folders that a pattern with gaps means: by the names that a loop goes through.

        The gap in front is where the repository lies, another one the name of the step.
        """
        names = listed(self._origins, value) or self._configured
        parts = [part for part in pattern.split("/") if part not in ("", ".")]
        while parts and parts[0] == UNKNOWN:
            parts = parts[1:]
        if parts:
            parts[0] = parts[0].lstrip(UNKNOWN) or parts[0]
        if any(UNKNOWN in part for part in parts):
            return [
                "/".join(parts).replace(UNKNOWN, name) for name in names[:_MAX_NAMES]
            ]
        if parts and parts != ["{}"]:
            last_is_open = pattern.rstrip("/").endswith(UNKNOWN)
            return [] if last_is_open else ["/".join(parts)]
        return list(names[:_MAX_NAMES])

    def _of_command(self, file: CodeFile, one: Started, sight: Sight) -> Iterator[Step]:
        point, uri = "main", ""
        words = list(one.words[1:])
        while words:
            word = words.pop(0)
            if word in ("-e", "--entry-point") and words:
                point = words.pop(0)
            elif word in _WITH_VALUE and words:
                words.pop(0)
            elif not word.startswith("-") and not uri:
                uri = word
        if uri == "X" or not uri:
            yield Step(sight, "", point, is_open=True)
        else:
            yield self._step(file, uri, point, None, sight)

    def _step(
        self,
        file: CodeFile,
        uri: str,
        point: str,
        given: frozenset[str] | None,
        sight: Sight,
    ) -> Step:
        if _REMOTE.match(uri) and not uri.startswith("file://"):
            return Step(sight, uri[:200], point, is_elsewhere=True)
        path, _, below = uri.removeprefix("file://").partition("#")
        homes = ["", *(str(one) for one in PurePosixPath(file.path).parents)][:10]
        folders = [joined(home, f"{path}/{below}".lstrip("/")) for home in homes]
        folder = next((one for one in folders if one in self._projects), folders[0])
        project = self._projects.get(folder)
        shown = folder or "the top"
        fault = ""
        if project is None:
            # Without an MLproject MLflow runs a script that is given as the entry point.
            if joined(folder, point) not in self._files or not point:
                is_there = folder in self._folders
                why = "has no MLproject" if is_there else "is not there"
                fault = f"{shown} {why}"
        else:
            fault = self._fault(project, point, given)
        return Step(sight, folder, point, fault=fault)

    def _fault(self, project: Project, point: str, given: frozenset[str] | None) -> str:
        if project.problem:
            return f"{project.path} can't be read: {project.problem}"
        found = project.point(point)
        if not point or (
            found is None and joined(project.folder, point) in self._files
        ):
            return ""
        if found is None:
            return f"{project.path} has no entry point {point[:80]}"
        if found.fault:
            return f"entry point {point[:80]} of {project.path}: {found.fault}"
        lacking = sorted(found.required - given) if given is not None else []
        if lacking:
            return f"{project.path} is given no {lacking[0][:80]}, which has no default"
        return ""


def _keys(node: ast.expr | None) -> frozenset[str] | None:
    """The names in a literal dictionary of parameters; None where it can't be known."""
    if node is None:
        return frozenset()
    if not isinstance(node, ast.Dict):
        return None
    names = [one.value for one in node.keys if isinstance(one, ast.Constant)]
    if len(names) != len(node.keys):
        return None
    return frozenset(str(one) for one in names)
