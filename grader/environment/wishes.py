"""What is asked of whoever builds an environment, and what comes of it.

Apart from the building, which loads slowly and is left out where nothing is run.
"""

from dataclasses import dataclass
from pathlib import Path

from grader.model.environment import Unresolved

# How long a resolution is kept: an index has newer versions every day.
RESOLUTION_AGE_DAYS = 7.0


@dataclass(frozen=True)
class Wish:
    """What an environment is to have: PEP 508 lines, and the Python asked for.

    `constraints` hold versions where they can, `additions` are put on top where they fit,
    `conda` says which of the lines are asked of conda.
    """

    requirements: tuple[str, ...]
    constraints: tuple[str, ...] = ()
    additions: tuple[str, ...] = ()
    conda: frozenset[str] = frozenset()
    python: str | None = None


@dataclass(frozen=True)
class Provisioned:
    """A finished environment: its interpreter, its exact packages, what is missing."""

    python: Path
    python_version: str
    pins: tuple[str, ...]
    unresolved: tuple[Unresolved, ...]
    added: tuple[str, ...]
    size_bytes: int
    note: str = ""
