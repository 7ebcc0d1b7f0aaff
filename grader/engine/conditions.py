"""Under which conditions a repository is measured, and which state of it: what is asked for.

Nothing here measures, so that it is known what would be done before anything is loaded that
does it.
"""

import hashlib
import json
import platform
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from importlib import metadata
from pathlib import Path

from grader.checkers._base import Checker, Options
from grader.engine.request import AUTO, Caching
from grader.engine.starter import Starter
from grader.model.evidence import Evidence
from grader.model.measurement import Tool
from grader.model.report import RubricFacts
from grader.rubric.load import LoadedRubric
from grader.rubric.schema import LimitsRule


@dataclass(frozen=True)
class Surroundings:
    """Under which conditions everything is measured; the same for a whole class.

    `environment` is what the project's tests run in, as `Request` says it; `jobs` how many
    checks of one repository run at once (None: one for each core). `work` is where
    temporary files go (None: the system's place). `warm` is the address of the parent of
    warm tools, None where each is started. `caching` is what is taken from the user's cache.
    """

    limits: LimitsRule
    environment: str = AUTO
    is_offline: bool = False
    from_source: bool = False
    signals: bool = True
    jobs: int | None = None
    starter: Starter = field(default_factory=Starter)
    work: Path | None = None
    warm: Path | None = None
    caching: Caching = Caching()

    def digest(self, isolation: str) -> str:
        """A hash of what the numbers depend on beside the repository and the tools."""
        facts = {
            "limits": self.limits.model_dump(),
            "environment": self.environment,
            "offline": self.is_offline,
            "from_source": self.from_source,
            "signals": self.signals,
            "starter": self.starter.digest,
            "isolation": isolation,
            "python": platform.python_version(),
        }
        text = json.dumps(facts, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class Which:
    """Which state of a repository is graded.

    `ref` is a branch, tag or commit (None: the folder as it stands, or the default branch),
    `commit` a hash that is graded whatever its time. With a deadline it is the last commit
    of that branch at or before it; `now` is the clock that claimed times are held against.
    `is_cached`: an address is cloned by way of the user's cache. `staged`: what is staged for
    the next commit, in the index of this name.
    """

    ref: str | None = None
    commit: str | None = None
    deadline: datetime | None = None
    extension: str = ""
    now: datetime | None = None
    is_cached: bool = False
    staged: str | None = None


@dataclass(frozen=True)
class Earlier:
    """What an earlier run measured; with `retries` its failures are measured again."""

    evidence: Evidence
    retries: bool = True


def generator() -> Tool:
    """This program and its version."""
    return Tool(name="mlops-grade", version=metadata.version("mlops-grade"))


def rubric_facts(loaded: LoadedRubric) -> RubricFacts:
    """Which rubric it is."""
    rubric = loaded.rubric
    return RubricFacts(name=rubric.name, version=rubric.version, digest=loaded.digest)


def consulted(checker: Checker[Options], options: Options) -> Iterator[str | bytes]:
    """The files that a rubric names for a check, each with what it holds."""
    for file in checker.consults(options):
        yield str(file)
        try:
            yield file.read_bytes()
        except OSError:
            yield "can't be read"
