"""Where a project's tests run, and whose fault it is when a package is missing there.

`grader.environment.given` has the one that somebody names, as it is: what it lacks says nothing
about the project. `BuiltEnvironment` is made from the project's manifests when it is first
asked for: what is missing there is the project's, unless we could not get it.
"""

import threading
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from packaging.utils import canonicalize_name

from grader.environment.declarations import Declared
from grader.environment.given import Blame
from grader.environment.import_names import distributions_of
from grader.environment.manifests import Project
from grader.environment.wishes import Provisioned, Wish
from grader.errors import CannotMeasure
from grader.model.environment import EnvironmentFacts, Unresolved

if TYPE_CHECKING:
    from grader.environment.interpreters import Choice
    from grader.environment.resolve import Resolution


class Provider(Protocol):
    """What finds or builds environments: a `Provisioner`, or what gets one when asked."""

    def resolve(self, wish: Wish) -> "tuple[Resolution, Choice]":
        """Which exact packages a wish comes to, and on which Python."""

    def provide(self, wish: Wish) -> Provisioned:
        """The environment for a wish, built if it isn't there yet."""


class BuiltEnvironment:
    """The environment of a project's manifests, built once, when it is first asked for.

    `read` reads these: not before somebody asks, as a lock file may have thousands of lines.
    """

    def __init__(self, read: Callable[[], Project], provisioner: Provider) -> None:
        self._read = read
        self._provisioner = provisioner
        self._lock = threading.Lock()
        self._result: Provisioned | CannotMeasure | None = None

    @cached_property
    def project(self) -> Project:
        """What the manifests say."""
        return self._read()

    def python(self) -> str:
        """The environment's interpreter; the first call builds it and the others wait."""
        return str(self._provided().python)

    def blame(self, name: str) -> Blame:
        """The project's, if it declares what doesn't exist or doesn't declare it at all."""
        distribution = distribution_of(name)
        missing = {one.name: one for one in self._unresolved()}
        if distribution in missing:
            one = missing[distribution]
            return Blame(one.is_ours, one.reason)
        if distribution in self.project.declared_names:
            return Blame(False, f"{name} is declared, and importing it fails")
        lacking = [one for one in missing.values() if one.is_ours and not one.instead]
        if lacking:
            # It may come with a package that we could not get: who can tell.
            return Blame(
                True,
                f"{distribution} is not declared, and may come with what could not be "
                f"had: {lacking[0].reason}",
            )
        manifests = ", ".join(
            chosen.path for chosen in self.project.chosen if chosen.role != "python"
        )
        where = f"in {manifests}" if manifests else "anywhere: there is no manifest"
        return Blame(False, f"{distribution} is not declared {where}")

    def has_sources_on_path(self) -> bool:
        """Whether a manifest asks for the project itself (`pip install -e .`)."""
        return self.project.installs_project

    def facts(self) -> EnvironmentFacts | None:
        """The facts once it is built, or failed to be."""
        if self._result is None:
            return None
        project = self.project
        if isinstance(self._result, CannotMeasure):
            return EnvironmentFacts(
                mode="built",
                python="",
                python_used="",
                python_requested=project.python_requested,
                manifests=tuple(chosen.path for chosen in project.chosen),
                declared=project.declared,
                pinned_share=project.pinned_share,
                resolved=False,
                notes=(self._result.reason,),
                findings=self.project.findings,
            )
        built = self._result
        unresolved = self._unresolved()
        return EnvironmentFacts(
            mode="built",
            python=str(built.python),
            python_used=built.python_version,
            python_requested=project.python_requested,
            manifests=tuple(chosen.path for chosen in project.chosen),
            declared=project.declared,
            pinned_share=project.pinned_share,
            requirements=(
                *_lines(project.requirements),
                *_lines(project.additions),
            ),
            resolved=not unresolved,
            unresolved=unresolved,
            added=built.added,
            installed=built.pins,
            size_bytes=built.size_bytes,
            notes=(built.note,) if built.note else (),
            findings=self.project.findings,
        )

    def _provided(self) -> Provisioned:
        with self._lock:
            if self._result is None:
                try:
                    self._result = self._provisioner.provide(wish_of(self.project))
                except CannotMeasure as error:
                    self._result = error
        if isinstance(self._result, CannotMeasure):
            raise self._result
        return self._result

    def resolve(self) -> "tuple[Resolution, Choice]":
        """What would be installed and on which Python; nothing is built."""
        return self._provisioner.resolve(wish_of(self.project))

    def unresolved(self, resolution: "Resolution") -> tuple[Unresolved, ...]:
        """What a resolution lacks of what is declared, conda's own packages with it."""
        return (*resolution.unresolved, *not_on_pypi(self.project))

    def _unresolved(self) -> tuple[Unresolved, ...]:
        built = self._result
        found = built.unresolved if isinstance(built, Provisioned) else ()
        return (*found, *not_on_pypi(self.project))


def wish_of(project: Project) -> Wish:
    """What is to be installed for a project, in its manifests' order."""
    return Wish(
        requirements=_lines(project.requirements),
        constraints=_lines(project.constraints),
        additions=_lines(project.additions),
        conda=frozenset(
            one.requirement
            for one in (*project.requirements, *project.additions)
            if one.origin == "conda"
        ),
        python=project.python_requested,
    )


def _lines(declared: Sequence[Declared]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.requirement for one in declared))


def not_on_pypi(project: Project) -> tuple[Unresolved, ...]:
    """Python packages of a conda manifest that PyPI doesn't have: ours, we don't run conda."""
    return tuple(
        Unresolved(
            name=str(canonicalize_name(one.name)),
            requirement=one.name,
            cause="not-on-pypi",
            reason=f"{one.name} is a conda package: {one.reason}",
            is_ours=True,
        )
        for manifest in project.counted
        for one in manifest.unmapped
    )


def distribution_of(name: str) -> str:
    """The distribution that a module most likely belongs to, by canonical name."""
    return distributions_of(name.partition(".")[0])[0]
