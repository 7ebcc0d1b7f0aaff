"""Which environment a repository's tests get: from its manifests, from the user, or ours."""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from grader.environment.environments import BuiltEnvironment
from grader.environment.forge import BoxSource
from grader.environment.given import Environment, GivenInterpreter
from grader.environment.manifests import Project, read_manifests
from grader.environment.provision import Provisioner, default_cache
from grader.errors import GradeError
from grader.model.snapshot import Snapshot

AUTO, NONE = "auto", "none"


def environment_for(
    snapshot: Snapshot,
    wanted: str,
    home: Path,
    *,
    boxes: BoxSource | None = None,
    is_offline: bool = False,
    from_source: bool = False,
    tell: Callable[[str], None] = lambda _: None,
) -> Environment:
    """The environment that `wanted` says.

    `auto`: built from the repository's manifests. `none`: the grader's own interpreter. A
    virtual environment or an interpreter: that one, as it is. Any other file: a manifest to
    use instead of the repository's own. `from_source` lets packages without wheels be
    built, in the box for tests. Raises `GradeError` for what is none of these.
    """
    if wanted == NONE:
        return GivenInterpreter(
            sys.executable, "Leave --environment none out to build the project's own."
        )
    if wanted == AUTO:
        return built_environment(
            snapshot,
            home,
            boxes=boxes,
            is_offline=is_offline,
            from_source=from_source,
            tell=tell,
        )
    path = Path(wanted)
    project = _manifest(path)
    # By its name first: where a file system knows no such bit, every file is executable.
    if not project.manifests and (interpreter := _interpreter(wanted)):
        return GivenInterpreter(interpreter)
    if path.is_file():
        if not project.has_manifest:
            raise GradeError(f'"{wanted}" declares no package that could be read.')
        return BuiltEnvironment(
            project, _provisioner(home, boxes, is_offline, from_source, tell)
        )
    raise GradeError(
        f'--environment "{wanted}" is no environment, interpreter or manifest.',
        hint="Give auto, none, a virtual environment, a python, or a file such as "
        "environment.yml.",
    )


def built_environment(
    snapshot: Snapshot,
    home: Path,
    *,
    boxes: BoxSource | None = None,
    is_offline: bool = False,
    from_source: bool = False,
    tell: Callable[[str], None] = lambda _: None,
) -> BuiltEnvironment:
    """The environment of a repository's manifests; nothing is built until it is asked for."""
    project = read_manifests(snapshot.root, snapshot.files)
    return BuiltEnvironment(
        project, _provisioner(home, boxes, is_offline, from_source, tell)
    )


def _provisioner(
    home: Path,
    boxes: BoxSource | None,
    is_offline: bool,
    from_source: bool,
    tell: Callable[[str], None],
) -> Provisioner:
    return Provisioner(
        default_cache(),
        home,
        is_offline=is_offline,
        from_source=from_source,
        tell=tell,
        boxes=boxes,
    )


def _manifest(path: Path) -> Project:
    if not path.is_file():
        return Project()
    file = path.resolve()
    return read_manifests(file.parent, [file.name])


def _interpreter(wanted: str) -> str | None:
    """A virtual environment's interpreter, or one by path or name; not a link's target.

    A virtual environment's python is a link and knows where it is by its own path.
    """
    folder = Path(wanted)
    for inside in (folder / "bin" / "python", folder / "Scripts" / "python.exe"):
        if inside.exists():
            return str(inside.absolute())
    found = shutil.which(wanted)
    return str(Path(found).absolute()) if found else None
