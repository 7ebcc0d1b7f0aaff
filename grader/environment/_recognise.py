"""Which files are manifests, of what kind and group, and for which folder."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from grader.environment._collect import Collected
from grader.environment._conda import FILE_NAME, read_conda
from grader.environment._locks import (
    read_conda_lock,
    read_pipfile_lock,
    read_toml_lock,
)
from grader.environment._pipfile import read_pipfile
from grader.environment._pyproject import read_pyproject
from grader.environment._requirements import group_of_file, read_requirements
from grader.environment._setup import read_setup_cfg, read_setup_py
from grader.environment._text import Files, Text
from grader.environment.declarations import Kind, group_named
from grader.model.snapshot import LeftOut, Snapshot

MAX_MANIFESTS = 200

_BY_NAME: dict[str, Kind] = {
    "pyproject.toml": "pyproject",
    "setup.cfg": "setup.cfg",
    "setup.py": "setup.py",
    "Pipfile": "pipfile",
    ".python-version": "python-version",
    "runtime.txt": "python-version",
    "uv.lock": "uv.lock",
    "poetry.lock": "poetry.lock",
    "pdm.lock": "pdm.lock",
    "pylock.toml": "pylock",
    "Pipfile.lock": "pipfile.lock",
}
_CONDA_LOCK = re.compile(r"^(.+[-_.])?conda-lock([-_.].+)?\.ya?ml$", re.I)
# What a pipeline writes: models and runs carry the environment they were made in.
_RUN_OUTPUT = frozenset(
    "mlruns mlartifacts wandb models artifacts artefacts outputs multirun "
    "lightning_logs".split()
)
_BESIDE_THE_PROJECT = frozenset("docs doc examples example templates".split())
_HOLDS_REQUIREMENTS = frozenset({"requirements", "reqs", "requires"})
_TESTS = frozenset({"tests", "test"})

_Reader = Callable[[Files, Text, Collected], None]


@dataclass(frozen=True)
class Candidate:
    """A file that declares packages: its kind, its group, the folder it speaks for."""

    path: str
    kind: Kind
    group: str
    folder: str

    @property
    def depth(self) -> int:
        """How many folders below the top; 0 at the top."""
        return self.folder.count("/") + 1 if self.folder else 0


def recognise(
    root: Path, files: Sequence[str]
) -> tuple[list[Candidate], list[LeftOut]]:
    """The project's manifests, shallowest first, and those that are not its own."""
    snapshot = Snapshot(root=root, name="", files=tuple(files))
    found: list[Candidate] = []
    left_out: list[LeftOut] = []
    for path in files:
        candidate = _candidate(path)
        if candidate is None:
            continue
        reason = _not_the_project(path) or snapshot.foreign(path)
        if reason:
            left_out.append(LeftOut(path, reason))
        else:
            found.append(candidate)
    found.sort(key=lambda candidate: (candidate.depth, candidate.path))
    beyond = f"more than {MAX_MANIFESTS} manifests"
    left_out += [LeftOut(c.path, beyond) for c in found[MAX_MANIFESTS:]]
    return found[:MAX_MANIFESTS], left_out


def _not_the_project(path: str) -> str:
    folders = PurePosixPath(path).parts[:-1]
    for folder in folders:
        if folder.lower() in _RUN_OUTPUT:
            return f"in {folder}/, which runs and models are written to"
        if "{{" in folder:
            return "in a template"
        if folder.lower() in _BESIDE_THE_PROJECT:
            return f"in {folder}/, which is not what runs"
    return ""


def _candidate(path: str) -> Candidate | None:
    pure = PurePosixPath(path)
    said = _kind_and_group(pure)
    if said is None:
        return None
    kind, group = said
    folders = list(pure.parts[:-1])
    if kind == "requirements" and folders and folders[-1] in _HOLDS_REQUIREMENTS:
        folders.pop()
    at = next((i for i, name in enumerate(folders) if name.lower() in _TESTS), None)
    if at is not None:
        group = "test" if group == "runtime" else group
        folders = folders[:at]
    return Candidate(path, kind, group, "/".join(folders))


def _kind_and_group(pure: PurePosixPath) -> tuple[Kind, str] | None:
    name = pure.name
    if name in _BY_NAME:
        return _BY_NAME[name], "runtime"
    if _CONDA_LOCK.match(name):
        return "conda-lock", "runtime"
    if match := FILE_NAME.match(name):
        return "conda", group_named(match["after"] or "")
    group = group_of_file(name)
    if group is None and pure.parent.name in _HOLDS_REQUIREMENTS:
        group = group_named(pure.stem) if pure.suffix in {".txt", ".in"} else None
    return None if group is None else ("requirements", group)


def _read_python_version(files: Files, text: Text, into: Collected) -> None:
    del files  # It names no other file.
    for number, line in enumerate(text.text.split("\n"), 1):
        match = re.match(r"^\s*(?:python-|cpython[-@]?)?(\d+(?:\.\d+){0,2})\s*$", line)
        if match:
            into.ask_python(f"=={match[1]}.*", line.strip(), into.place(number))
            return
    into.problem("names no Python version", into.place())


READERS: dict[Kind, _Reader] = {
    "conda": read_conda,
    "requirements": read_requirements,
    "pyproject": read_pyproject,
    "pipfile": read_pipfile,
    "setup.cfg": read_setup_cfg,
    "setup.py": read_setup_py,
    "python-version": _read_python_version,
    "uv.lock": read_toml_lock,
    "poetry.lock": read_toml_lock,
    "pdm.lock": read_toml_lock,
    "pylock": read_toml_lock,
    "pipfile.lock": read_pipfile_lock,
    "conda-lock": read_conda_lock,
}
