"""MLflow's MLproject files: name, environment, entry points and what these start."""

import string
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from grader.codebase.command_files import CommandFiles, Target, command_files_of, joined
from grader.codebase.documents import Document, documents_of
from grader.codebase.projects import project_files
from grader.model.measurement import Sight
from grader.model.snapshot import Snapshot

_MAX_PROJECTS = 60
_MAX_POINTS = 60
_MAX_CHARACTERS = 4_000
_ENVIRONMENTS = ("python_env", "conda_env", "docker_env")


@dataclass(frozen=True)
class EntryPoint:
    """One entry point: its command, what that starts, and its parameters.

    `used` are the parameters that the command has in braces, `required` those without a
    default; `problem` says why MLflow can't run it.
    """

    path: str
    name: str
    line: int | None
    targets: tuple[Target, ...] = ()
    declared: frozenset[str] = frozenset()
    required: frozenset[str] = frozenset()
    used: tuple[str, ...] = ()
    problem: str = ""

    @property
    def sight(self) -> Sight:
        """Where it stands."""
        return Sight(
            path=self.path, line=self.line, what=f"entry point {self.name}"[:120]
        )

    @property
    def fault(self) -> str:
        """Why it can't be run; `""` where nothing says so."""
        if self.problem:
            return self.problem
        for one in self.targets:
            if one.is_missing:
                return f"{one.started.name[:120]} is not there"
        return ""

    @property
    def starts_own(self) -> bool:
        """Whether it starts a file of the repository."""
        return any(one.path for one in self.targets)

    @property
    def undeclared(self) -> tuple[str, ...]:
        """The parameters in the command that it does not declare."""
        return tuple(one for one in self.used if one not in self.declared)


@dataclass(frozen=True)
class Project:
    """One MLproject file in its folder; `problem` says why it can't be read.

    `environment` is what it names, `lost` the file of it that is not there.
    """

    path: str
    folder: str
    name: str = ""
    points: tuple[EntryPoint, ...] = ()
    environment: str = ""
    environment_line: int | None = None
    lost: str = ""
    problem: str = ""
    line: int | None = None

    @property
    def sight(self) -> Sight:
        """Where it is, or is broken."""
        return Sight(path=self.path, line=self.line, what=self.name[:120])

    def point(self, name: str) -> EntryPoint | None:
        """The entry point of a name."""
        return next((one for one in self.points if one.name == name), None)


def projects_of(snapshot: Snapshot) -> tuple[Project, ...]:
    """The MLproject files, the uppermost first."""
    documents, files = documents_of(snapshot), command_files_of(snapshot)
    found = {
        folder: path
        for folder, path in project_files(snapshot.files).items()
        if not snapshot.foreign(path)
    }
    ranked = sorted(found, key=lambda one: (len(PurePosixPath(one).parts), one))
    everything = frozenset(snapshot.files)
    return tuple(
        _project(documents.get(found[folder]), folder, files, everything)
        for folder in ranked[:_MAX_PROJECTS]
    )


def _project(
    document: Document, folder: str, files: CommandFiles, everything: frozenset[str]
) -> Project:
    folder = "" if folder == "." else folder
    if document.problem:
        return Project(
            document.path, folder, problem=document.problem, line=document.line
        )
    if not document.mapping:
        return Project(document.path, folder, problem="it says nothing by keys")
    name, points = document.at("name"), document.at("entry_points")
    environment, lost, line = _environment(document, folder, everything)
    return Project(
        path=document.path,
        folder=folder,
        name=name if isinstance(name, str) else "",
        points=tuple(_points(document, points, folder, files)),
        environment=environment,
        environment_line=line,
        lost=lost,
        line=document.line_of("name"),
    )


def _environment(
    document: Document, folder: str, everything: frozenset[str]
) -> tuple[str, str, int | None]:
    """What a project names as its environment, and the file that is not there."""
    for key in _ENVIRONMENTS:
        given = document.at(key)
        if key == "docker_env" and isinstance(given, dict):
            image = given.get("image")
            if isinstance(image, str) and image:
                return f"image {image[:120]}", "", document.line_of(key)
        elif isinstance(given, str) and given.strip():
            path = joined(folder, given.strip())
            lost = "" if path in everything else path
            return path[:200], lost[:200], document.line_of(key)
    return "", "", None


def _points(
    document: Document, given: object, folder: str, files: CommandFiles
) -> Iterator[EntryPoint]:
    for name in list(given if isinstance(given, dict) else {})[:_MAX_POINTS]:
        keys = ("entry_points", name)
        line = document.line_of(*keys)
        command = document.at(*keys, "command")
        if not isinstance(command, str) or not command.strip():
            yield EntryPoint(document.path, name, line, problem="it has no command")
            continue
        line = document.line_of(*keys, "command") or line
        parameters = document.at(*keys, "parameters")
        declared = parameters if isinstance(parameters, dict) else {}
        try:
            used = _in_braces(command[:_MAX_CHARACTERS])
        except ValueError:
            told = "the braces of its command don't close"
            yield EntryPoint(document.path, name, line, problem=told)
            continue
        yield EntryPoint(
            path=document.path,
            name=name,
            line=line,
            targets=files.targets(command[:_MAX_CHARACTERS], folder),
            declared=frozenset(declared),
            required=_required(declared),
            used=used,
        )


def _required(declared: Mapping[str, object]) -> frozenset[str]:
    return frozenset(
        name
        for name, one in declared.items()
        if not (isinstance(one, dict) and "default" in one)
    )


def _in_braces(command: str) -> tuple[str, ...]:
    """The parameters of a command; MLflow fills them in with `str.format`."""
    names = [field for _, field, _, _ in string.Formatter().parse(command)]
    words = (one.partition(".")[0].partition("[")[0] for one in names if one)
    return tuple(dict.fromkeys(words))
