"""Which environment a repository's tests get: from its manifests, from the user, or ours."""

import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from grader.cache.place import user_cache
from grader.engine.request import AUTO, NONE
from grader.environment.given import Environment, GivenInterpreter
from grader.environment.wishes import Provisioned, Wish
from grader.errors import GradeError
from grader.model.snapshot import Snapshot

if TYPE_CHECKING:
    from grader.environment.environments import BuiltEnvironment
    from grader.environment.forge import BoxSource
    from grader.environment.interpreters import Choice
    from grader.environment.manifests import Project
    from grader.environment.provision import Provisioner
    from grader.environment.resolve import Resolution


def environment_for(
    snapshot: Snapshot,
    wanted: str,
    home: Path,
    *,
    boxes: "BoxSource | None" = None,
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
    # What reads manifests is not needed where there is no environment.
    from grader.environment.environments import BuiltEnvironment

    path = Path(wanted)
    project = _manifest(path)
    # By its name first: where a file system knows no such bit, every file is executable.
    if not project.manifests and (interpreter := _interpreter(wanted)):
        return GivenInterpreter(interpreter)
    if path.is_file():
        if not project.has_manifest:
            raise GradeError(f'"{wanted}" declares no package that could be read.')
        return BuiltEnvironment(
            lambda: project,
            _Late(user_cache(), home, is_offline, from_source, tell, boxes),
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
    boxes: "BoxSource | None" = None,
    is_offline: bool = False,
    from_source: bool = False,
    tell: Callable[[str], None] = lambda _: None,
) -> "BuiltEnvironment":
    """The environment of a repository's manifests; nothing is built until it is asked for."""
    from grader.environment.environments import BuiltEnvironment
    from grader.environment.manifests import manifests_of

    return BuiltEnvironment(
        lambda: manifests_of(snapshot),
        _Late(user_cache(), home, is_offline, from_source, tell, boxes),
    )


@dataclass(frozen=True)
class _Late:
    """A `Provisioner` that is loaded when something is to be installed, as a rule never.

    Where nothing has changed the project's own Python is not asked for.
    """

    cache: Path
    home: Path
    is_offline: bool
    from_source: bool
    tell: Callable[[str], None]
    boxes: "BoxSource | None"

    def resolve(self, wish: Wish) -> "tuple[Resolution, Choice]":
        """As the provisioner resolves it."""
        return self._provisioner().resolve(wish)

    def provide(self, wish: Wish) -> Provisioned:
        """As the provisioner provides it."""
        return self._provisioner().provide(wish)

    def _provisioner(self) -> "Provisioner":
        from grader.environment.provision import Provisioner

        return Provisioner(
            self.cache,
            self.home,
            is_offline=self.is_offline,
            from_source=self.from_source,
            tell=self.tell,
            boxes=self.boxes,
        )


def _manifest(path: Path) -> "Project":
    from grader.environment.manifests import Project, read_manifests

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
