"""Docker or Podman: a container with the same allow-list, for where it is asked for.

The container's image is empty: programs and libraries are the machine's own, mounted
read-only as in the other boxes, so that nothing is fetched and the project's environment
works inside. That needs an engine on Linux itself, not in a virtual machine.

Source: https://docs.docker.com/reference/cli/docker/container/run/
"""

import shutil
from dataclasses import dataclass
from pathlib import Path

from grader.sandbox.access import Access
from grader.sandbox.box import Program, Tier, Wrapped


@dataclass(frozen=True)
class Engine:
    """A container engine: its command, and what it is called."""

    path: str
    name: str


def find_engine() -> Engine | str:
    """The engine to use, or why there is none."""
    for name in ("docker", "podman"):
        if path := shutil.which(name):
            return Engine(path, name)
    return "neither docker nor podman is installed"


@dataclass(frozen=True)
class Docker:
    """The box."""

    engine: Engine

    @property
    def tier(self) -> Tier:
        """Its name on the command line."""
        return "docker"

    @property
    def description(self) -> str:
        """What a report says of it."""
        return f"a container of {self.engine.name}, without network"

    def wrap(self, program: Program, access: Access) -> Wrapped:
        """The program inside. Raises `OSError` when that can't be prepared."""
        raise OSError(f"not built yet: {Path(self.engine.path)}")
