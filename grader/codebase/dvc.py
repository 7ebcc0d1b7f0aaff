"""What DVC keeps in a repository: pointers, and stages with their lock.

Templates (`${data.raw}`) are filled in from params.yaml and `vars:`, as DVC does. Nothing is
fetched or compared with the data itself.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from grader.codebase.command_files import Target, command_files_of, joined
from grader.codebase.documents import Document, Documents, Value, documents_of
from grader.codebase.reading import Reading
from grader.model.measurement import Sight
from grader.model.snapshot import Snapshot

_MAX_POINTERS = 300
_MAX_FILES = 20
_MAX_STAGES = 300
_MAX_LOCKED = 1_000
_MAX_PATHS = 500
_MAX_CHARACTERS = 4_000
_HASHES = ("md5", "etag", "checksum", "sha256", "version_id", "blake3")
_TEMPLATE = re.compile(r"\$\{\s*([\w.\[\]-]{1,200})\s*\}")


@dataclass(frozen=True)
class Out:
    """A file or folder that DVC keeps: its path from the top, and the line that names it.

    `has_hash`: its content is named by a hash. `is_cached` is False for what DVC leaves to git
    (`cache: false`).
    """

    path: str
    sight: Sight
    has_hash: bool = False
    is_cached: bool = True
    is_folder: bool = False


@dataclass(frozen=True)
class Pointer:
    """One `.dvc` file: what it points to, or what is wrong with it."""

    path: str
    outs: tuple[Out, ...] = ()
    problem: str = ""
    line: int | None = None


@dataclass(frozen=True)
class DvcStage:
    """One stage of a dvc.yaml: its command, what it starts, what it needs and makes.

    Its paths are relative to the top; `home` is the folder that it is run in.

    `is_open`: a template in it could not be filled in, so its paths can't be compared.
    """

    path: str
    name: str
    line: int | None
    command: str
    targets: tuple[Target, ...]
    deps: tuple[str, ...]
    outs: tuple[Out, ...]
    home: str = ""
    is_open: bool = False
    is_many: bool = False

    @property
    def sight(self) -> Sight:
        """Where it stands."""
        return Sight(path=self.path, line=self.line, what=f"stage {self.name}")

    @property
    def missing(self) -> str | None:
        """The script that its command names and that is not there."""
        lost = (one.started.name for one in self.targets if one.is_missing)
        return next(lost, None)


@dataclass(frozen=True)
class Locked:
    """A stage as dvc.lock has it: its command, and the paths with their hashes."""

    command: str
    deps: frozenset[str]
    outs: tuple[Out, ...]


@dataclass(frozen=True)
class StageFile:
    """One dvc.yaml with its dvc.lock; `lock` is None where there is none that can be read."""

    path: str
    stages: tuple[DvcStage, ...] = ()
    lock: Mapping[str, Locked] | None = None
    problem: str = ""
    line: int | None = None
    lock_problem: str = ""


@dataclass(frozen=True)
class Dvc:
    """All of DVC in one repository. `homes` are the folders in which `dvc init` was run."""

    homes: tuple[str, ...]
    pointers: tuple[Pointer, ...]
    files: tuple[StageFile, ...]

    @property
    def stages(self) -> tuple[DvcStage, ...]:
        """The stages of all dvc.yaml."""
        return tuple(stage for file in self.files for stage in file.stages)

    def is_initialised(self, path: str) -> bool:
        """Whether a file lies in a folder, or below one, in which `dvc init` was run."""
        parents = {str(one) for one in PurePosixPath(path).parents}
        return not parents.isdisjoint(self.homes)


def _dvc(snapshot: Snapshot) -> Dvc:
    documents = documents_of(snapshot)
    named = [
        path
        for path in snapshot.files
        if path.endswith((".dvc", "Dvcfile", "dvc.yaml")) or ".dvc/" in path
    ]
    own = [path for path in named if not snapshot.foreign(path)]
    pointers = [
        _pointer(documents.get(path))
        for path in [one for one in own if _is_pointer(one)][:_MAX_POINTERS]
    ]
    files = [path for path in own if PurePosixPath(path).name == "dvc.yaml"]
    homes = {
        str(PurePosixPath(path).parent.parent)
        for path in own
        if PurePosixPath(path).parent.name == ".dvc"
    }
    return Dvc(
        homes=tuple(sorted(homes, key=len)),
        pointers=tuple(pointers),
        files=tuple(_stage_file(snapshot, path) for path in files[:_MAX_FILES]),
    )


def _is_pointer(path: str) -> bool:
    pure = PurePosixPath(path)
    is_named = pure.name == "Dvcfile" or (pure.suffix == ".dvc" and pure.stem)
    return bool(is_named) and ".dvc" not in pure.parts[:-1]


def _pointer(document: Document) -> Pointer:
    path = document.path
    if document.problem:
        return Pointer(path, problem=document.problem, line=document.line)
    if not isinstance(document.at("outs"), list):
        return Pointer(path, problem="it has no outs")
    folder = str(PurePosixPath(path).parent)
    base = document.at("wdir")
    folder = joined(folder, base) if isinstance(base, str) else folder
    outs = tuple(_outs(document, ("outs",), folder))
    imported = [
        dep
        for dep in _rows(document.at("deps"))
        if isinstance(dep, dict) and _is_import(dep)
    ]
    if imported:
        # `dvc import`: the revision of the other repository names the content.
        outs = tuple(
            Out(one.path, one.sight, True, one.is_cached, one.is_folder) for one in outs
        )
    if not outs:
        return Pointer(path, problem="its outs have no path")
    return Pointer(path, outs)


def _is_import(dep: Mapping[str, Value]) -> bool:
    repo = dep.get("repo")
    return isinstance(repo, dict) and bool(repo.get("rev_lock"))


def _rows(value: Value) -> list[Value]:
    return value[:_MAX_PATHS] if isinstance(value, list) else []


def _outs(
    document: Document,
    keys: tuple[str | int, ...],
    folder: str,
    fill: "Filling | None" = None,
) -> Iterator[Out]:
    """The outs in a list: texts, mappings of a path to options, or mappings with a path."""
    for at, one in enumerate(_rows(document.at(*keys))):
        options: Value = one
        name: Value = one
        if isinstance(one, dict):
            name = one.get("path")
            if name is None and len(one) == 1:
                name, options = next(iter(one.items()))
        if not isinstance(name, str) or not name.strip():
            continue
        given = options if isinstance(options, dict) else {}
        text = fill.text(name) if fill else name
        hashes = [given.get(key) for key in _HASHES if given.get(key)]
        files = given.get("files")
        # A folder's files are counted, or (in a versioned cloud) listed one by one.
        is_folder = (
            any(str(one).endswith(".dir") for one in hashes)
            or "nfiles" in given
            or isinstance(files, list)
        )
        yield Out(
            path=text if "://" in text else joined(folder, text.strip()),
            sight=Sight(
                path=document.path,
                line=document.line_of(*keys, at),
                what=text.strip()[:120],
            ),
            has_hash=bool(hashes)
            or bool(files)
            or isinstance(given.get("cloud"), dict),
            is_cached=given.get("cache") is not False,
            is_folder=is_folder,
        )


class Filling:
    """What templates stand for: params.yaml beside a dvc.yaml, and its `vars:`."""

    def __init__(self, documents: Documents, document: Document, folder: str) -> None:
        self.is_open = False
        self._values: list[Value] = []
        defaults = documents.find(joined(folder, "params.yaml"))
        if defaults is not None:
            self._values.append(defaults.value)
        for one in _rows(document.at("vars")):
            if isinstance(one, str):
                path = one.partition(":")[0]
                self._values.append(documents.get(joined(folder, path)).value)
            else:
                self._values.append(one)

    def text(self, text: str) -> str:
        """A text with its templates filled in; `is_open` becomes True where one can't be."""
        return _TEMPLATE.sub(self._filled, text[:_MAX_CHARACTERS])

    def _filled(self, use: re.Match[str]) -> str:
        for value in self._values:
            for key in use[1].replace("[", ".").replace("]", "").split("."):
                if isinstance(value, dict):
                    value = value.get(key)
                elif (
                    isinstance(value, list) and key.isdigit() and int(key) < len(value)
                ):
                    value = value[int(key)]
                else:
                    value = None
            if isinstance(value, str | int | float):
                return str(value)[:500]
        self.is_open = True
        return use[0]


def _stage_file(snapshot: Snapshot, path: str) -> StageFile:
    documents = documents_of(snapshot)
    document = documents.get(path)
    folder = str(PurePosixPath(path).parent)
    lock_path = joined(folder, "dvc.lock")
    locked = documents.find(lock_path)
    lock_problem = (locked.problem or "") if locked else ""
    given = document.at("stages")
    stages = []
    for name in list(given if isinstance(given, dict) else {})[:_MAX_STAGES]:
        stage = _stage(snapshot, document, name, folder)
        if stage is not None:
            stages.append(stage)
    problem = document.problem or ("" if stages else "it has no stage with a cmd")
    homes = {one.name: one.home for one in stages}
    lock = _lock(locked, homes) if locked and not locked.problem else None
    return StageFile(path, tuple(stages), lock, problem, document.line, lock_problem)


def _stage(
    snapshot: Snapshot, document: Document, name: str, folder: str
) -> DvcStage | None:
    keys: tuple[str, ...] = ("stages", name)
    is_many = False
    value = document.at(*keys)
    if isinstance(value, dict) and isinstance(value.get("do"), dict):
        keys, is_many = (*keys, "do"), True
    elif isinstance(value, dict) and "matrix" in value:
        is_many = True
    given = document.at(*keys, "cmd")
    said = _rows(given) or [given]
    texts = [one for one in said if isinstance(one, str) and one.strip()]
    if not texts:
        return None
    fill = Filling(documents_of(snapshot), document, folder)
    command = "\n".join(fill.text(one) for one in texts)[:_MAX_CHARACTERS]
    base = document.at(*keys, "wdir")
    home = joined(folder, fill.text(base)) if isinstance(base, str) else folder
    outs = [
        one
        for kind in ("outs", "metrics", "plots")
        for one in _outs(document, (*keys, kind), home, fill)
    ]
    deps = [
        joined(home, fill.text(one).strip()) if "://" not in one else one
        for one in _rows(document.at(*keys, "deps"))
        if isinstance(one, str)
    ]
    return DvcStage(
        path=document.path,
        name=name,
        line=document.line_of(*keys, "cmd") or document.line_of("stages", name),
        command=command,
        targets=command_files_of(snapshot).targets(command, home),
        deps=tuple(deps),
        outs=tuple(outs),
        home=home,
        is_open=fill.is_open,
        is_many=is_many,
    )


def _lock(document: Document, homes: Mapping[str, str]) -> Mapping[str, Locked]:
    """The stages of a dvc.lock; its paths are relative to where each stage is run."""
    keys: tuple[str, ...] = ("stages",)
    given = document.at(*keys)
    if given is None and "schema" not in document.mapping:
        keys, given = (), document.value  # Before schema 2.0 they were at the top.
    top = str(PurePosixPath(document.path).parent)
    found: dict[str, Locked] = {}
    for name, stage in (given if isinstance(given, dict) else {}).items():
        if not isinstance(stage, dict) or len(found) >= _MAX_LOCKED:
            continue
        home = homes.get(name.partition("@")[0], top)
        command = stage.get("cmd")
        lines = command if isinstance(command, list) else [command]
        deps = _outs(document, (*keys, name, "deps"), home)
        found[name] = Locked(
            command="\n".join(str(one) for one in lines)[:_MAX_CHARACTERS],
            deps=frozenset(one.path for one in deps),
            outs=tuple(_outs(document, (*keys, name, "outs"), home)),
        )
    return found


def linked(stages: Iterable[DvcStage]) -> list[tuple[DvcStage, DvcStage]]:
    """The pairs of stages of which the second needs what the first makes."""
    stages = list(stages)
    makers = {out.path: stage for stage in stages for out in stage.outs}
    found = []
    for stage in stages:
        for dep in stage.deps:
            above = [dep, *(str(one) for one in PurePosixPath(dep).parents)]
            maker = next((makers[one] for one in above if one in makers), None)
            if maker is not None and maker is not stage:
                found.append((maker, stage))
    return found


dvc_of: Reading[Dvc] = Reading(_dvc)
