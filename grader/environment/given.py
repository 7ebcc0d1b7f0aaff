"""What a check asks of the place where a project's tests run, and the kind that somebody names."""

import platform
import sys
from dataclasses import dataclass
from typing import Protocol

from grader.model.environment import EnvironmentFacts


@dataclass(frozen=True)
class Blame:
    """Whether a package that the tests missed is ours to provide, and the reason in words."""

    is_ours: bool
    reason: str


class Environment(Protocol):
    """What a check asks for when it needs the project's own packages."""

    def python(self) -> str:
        """The interpreter, built on first use. Raises `CannotMeasure` when we can't."""

    def blame(self, name: str) -> Blame:
        """Whose fault it is that a module or distribution could not be imported."""

    def has_sources_on_path(self) -> bool:
        """Whether the project installs itself, so that `src/` belongs on the path."""

    def facts(self) -> EnvironmentFacts | None:
        """The facts, or None while nobody has asked for the interpreter."""


@dataclass(frozen=True)
class GivenInterpreter:
    """An interpreter that is taken as it is: named by the user, or the grader's own."""

    path: str
    remedy: str = "Name one that has the project's packages with --python."

    def python(self) -> str:
        """The interpreter."""
        return self.path

    def blame(self, name: str) -> Blame:
        """Ours: somebody chose this interpreter, not the project."""
        return Blame(True, f"the interpreter {self.path} lacks it. {self.remedy}")

    def has_sources_on_path(self) -> bool:
        """Never: it is taken as it is."""
        return False

    def facts(self) -> EnvironmentFacts:
        """Which interpreter; nothing is known of what it should have."""
        is_own = self.path == sys.executable
        return EnvironmentFacts(
            mode="grader" if is_own else "given",
            python=self.path,
            python_used=platform.python_version() if is_own else "",
        )
