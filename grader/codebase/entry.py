"""Where a project's pipeline starts: its runner, and what else a tool starts.

The runner is the file that a person would run. Names say little by themselves (`app/main.py`
is a web service, `main.py` may be a leftover): of the files with a runner's name, outside
tests, the first that leads to other modules of the project is taken, the usual names and
the upper folders first.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from grader.codebase.bodies import is_stub
from grader.codebase.code import code_of
from grader.codebase.commands import started
from grader.codebase.documents import documents_of
from grader.codebase.modules import Modules
from grader.codebase.names import is_main_guard
from grader.codebase.projects import project_commands, project_files
from grader.codebase.reach import Reach, Start, reach_from
from grader.codebase.reading import Reading
from grader.codebase.starting import script_paths
from grader.codebase.written_commands import written_commands_of
from grader.model.snapshot import Snapshot

RUNNERS = (
    *("main", "run", "run_pipeline", "pipeline", "__main__", "orchestrator", "cli"),
    *("train_pipeline", "training_pipeline", "flow", "workflow", "run_all"),
    *("train_model", "train", "training", "app"),
)
_SERVES = frozenset(
    "fastapi.FastAPI flask.Flask starlette.applications.Starlette litestar.Litestar".split()
)
_MAX_CANDIDATES = 30


@dataclass(frozen=True)
class Entry:
    """The runner's path, why it is taken, and the files that were passed over.

    `path` is None where nothing has a runner's name; `why` then says what was looked for.
    """

    path: str | None
    why: str
    others: tuple[str, ...] = ()


@dataclass(frozen=True)
class Pipeline:
    """The runner, everything that starts the pipeline, and what is reached from there."""

    entry: Entry
    starts: tuple[Start, ...]
    reach: Reach


def _pipeline(snapshot: Snapshot) -> Pipeline:
    entry = _entry(snapshot)
    starts = [Start(entry.path, why=entry.why)] if entry.path else []
    starts += _configured_starts(snapshot)
    begun = {one.path for one in starts}
    scripts = {one.path: one for one in commanded(snapshot) if one.path not in begun}
    for one in [*scripts.values()][:_MAX_CANDIDATES]:
        # A script that calls the service, or checks the code, is no part of the pipeline.
        if _leads_to(snapshot, one.path):
            starts.append(one)
    distinct = tuple(dict.fromkeys(starts))
    return Pipeline(entry, distinct, reach_from(snapshot, distinct))


def _entry(snapshot: Snapshot) -> Entry:
    named = _candidates(snapshot)
    for path in named[:_MAX_CANDIDATES]:
        if _leads_to(snapshot, path) and not _is_hollow(snapshot, path):
            others = tuple(one for one in named if one != path)
            why = "it has a runner's name and leads to other modules"
            return Entry(path, why, others)
    scripts = [
        path
        for path in _scripts(snapshot)
        if path not in named and not _is_hollow(snapshot, path)
    ]
    leads = {path: _leads_to(snapshot, path) for path in scripts[:_MAX_CANDIDATES]}
    if any(leads.values()):
        most = max(leads, key=lambda path: leads[path])
        why = "of the scripts with a __main__ guard it leads to the most modules"
        return Entry(most, why, named)
    if named:
        return Entry(named[0], "it has a runner's name", named[1:])
    looked = ", ".join(f"{name}.py" for name in RUNNERS[:4])
    return Entry(None, f"no file is called {looked} or the like")


def _scripts(snapshot: Snapshot) -> list[str]:
    """The files that do something when they are run, outside tests."""
    return [
        path
        for path, file in code_of(snapshot).files.items()
        if not file.is_test and any(map(is_main_guard, file.tree.body))
    ]


def _candidates(snapshot: Snapshot) -> tuple[str, ...]:
    """The files with a runner's name, the likeliest first; those that serve come last."""
    code, projects = code_of(snapshot), project_files(snapshot.files)
    ranked = []
    for path, file in code.files.items():
        pure = PurePosixPath(path)
        if file.is_test or pure.stem not in RUNNERS:
            continue
        # A step of an MLflow project is run by the project's own runner.
        is_step = len(pure.parts) > 1 and str(pure.parent) in projects
        rank = (
            serves(snapshot, path),
            is_step,
            min(len(pure.parts), 3),
            RUNNERS.index(pure.stem),
            path,
        )
        ranked.append((rank, path))
    return tuple(path for _, path in sorted(ranked))


def serves(snapshot: Snapshot, path: str) -> bool:
    """Whether a module makes a web application."""
    code = code_of(snapshot)
    file = code.files[path]
    return any(
        isinstance(node, ast.Call) and code.symbol(file, node.func) in _SERVES
        for node in file.names.nodes
    )


def _is_hollow(snapshot: Snapshot, path: str) -> bool:
    """Whether a file has functions, and none of them does anything: a template's."""
    file = code_of(snapshot).files[path]
    functions = file.functions.values()
    return bool(functions) and all(is_stub(file, one) for one in functions)


def _leads_to(snapshot: Snapshot, path: str) -> int:
    """How many other modules of the project a script comes to."""
    reach = reach_from(snapshot, [Start(path)])
    inits = {one for one in reach.paths if one.endswith("__init__.py")}
    return len(reach.paths - inits - {path})


def commanded(snapshot: Snapshot) -> Iterator[Start]:
    """The scripts that a Dockerfile, a Makefile or a README says to run."""
    code = code_of(snapshot)
    for command in written_commands_of(snapshot):
        for path in script_paths(command.started, ""):
            file = code.files.get(path)
            if file is not None and not file.is_test and not serves(snapshot, path):
                yield Start(path, why=f"{command.sight.path} runs it")
                break


def _configured_starts(snapshot: Snapshot) -> list[Start]:
    """What dvc.yaml, MLproject and the console scripts of pyproject.toml start."""
    documents, found = documents_of(snapshot), list[Start]()
    code = code_of(snapshot)
    for path in snapshot.files:
        pure = PurePosixPath(path)
        folder = str(pure.parent)
        if pure.name == "dvc.yaml":
            for name, command in _stages(documents.get(path).at("stages")):
                for one in started(command):
                    for script in script_paths(one, folder):
                        if script in code.files:
                            found.append(Start(script, why=f"stage {name} of {path}"))
                            break
    if (project := project_files(snapshot.files).get(".")) is not None:
        for one in project_commands(documents, project):
            for script in script_paths(one, ""):
                if script in code.files:
                    found.append(Start(script, why="an entry point of MLproject"))
                    break
    scripts = documents.get("pyproject.toml").at("project", "scripts")
    for value in (scripts if isinstance(scripts, dict) else {}).values():
        if isinstance(value, str) and (start := _console(value, code.modules)):
            found.append(start)
    return found


def _stages(stages: object) -> list[tuple[str, str]]:
    found = []
    for name, stage in (stages if isinstance(stages, dict) else {}).items():
        if not isinstance(stage, dict):
            continue
        do = stage.get("do")
        command = stage.get("cmd") or (do.get("cmd") if isinstance(do, dict) else None)
        for one in command if isinstance(command, list) else [command]:
            if isinstance(one, str):
                found.append((str(name), one))
    return found


def _console(value: str, modules: Modules) -> Start | None:
    module, _, function = value.partition(":")
    target = modules.find(module.strip(), "pyproject.toml")
    if target is None or target.path is None or target.rest:
        return None
    return Start(target.path, function.strip() or None, "a script of pyproject.toml")


pipeline_of: Reading[Pipeline] = Reading(_pipeline)
