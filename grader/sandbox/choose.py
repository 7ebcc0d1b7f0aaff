"""Which box to use: the first tier that passes its self-test, or the one asked for.

Fails closed: where none works, the project's tests are not run, and the reason says what to
do. Our own tools then run without a box, shielded from importing the repository's code.
"""

import os
import re
import shutil
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Literal

from grader.errors import CannotMeasure
from grader.sandbox import remembered
from grader.sandbox.box import Box, Confining, PlainBox, Tier
from grader.sandbox.bubblewrap import Bubblewrap
from grader.sandbox.docker import Docker, find_engine
from grader.sandbox.landlock import Landlock
from grader.sandbox.landlock import version as landlock_version
from grader.sandbox.seccomp import is_supported as has_filter
from grader.sandbox.selftest import Attempt, try_box

Isolation = Literal["auto", "bubblewrap", "landlock", "docker", "none"]

# What may be worth stealing, by its name.
_TOKEN = re.compile(r"TOKEN|SECRET|PASSWORD|PASSWD|API_?KEY|CREDENTIAL|PRIVATE_KEY")
# Places of credentials rather than credentials, and what every desktop session has.
_NO_TOKENS = frozenset({"SSH_AUTH_SOCK", "GPG_AGENT_INFO"})

_APT = "sudo apt-get install bubblewrap"
_REMEDIES = {
    "bubblewrap": f"Install bubblewrap ({_APT}). On Ubuntu 24.04 also allow user "
    "namespaces: sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",
    "landlock": "It needs Linux 5.13 or newer with Landlock switched on "
    "(lsm=landlock,… on the kernel's command line).",
    "docker": "Start Docker or Podman, and let this user use it.",
    "none": "It is no isolation: use it only for code that you would run yourself.",
}


@dataclass(frozen=True)
class Trial:
    """A tier as it was found here. `missing` says why it could not even be tried."""

    tier: Tier
    box: Box | None
    attempts: tuple[Attempt, ...] = ()
    missing: str = ""

    @property
    def works(self) -> bool:
        """Whether everything went as it should."""
        return bool(self.attempts) and not any(one.problem for one in self.attempts)

    @property
    def trouble(self) -> str:
        """The first thing that went wrong, empty when nothing did."""
        for one in self.attempts:
            if one.problem:
                return f"{one.name}: {one.problem}"
        return self.missing

    @property
    def remedy(self) -> str:
        """What to do to get this tier; empty when it works."""
        return "" if self.works else _REMEDIES[self.tier]


def trials() -> Iterator[Trial]:
    """Every tier tried, the strongest first; docker only where an engine is there."""
    for try_tier in _TRIALS.values():
        yield try_tier()


@cache
def try_bubblewrap() -> Trial:
    """The bubblewrap tier as it is here; tried once in a process, as the others."""
    path = shutil.which("bwrap")
    if path is None:
        return Trial("bubblewrap", None, missing="bwrap is not installed")
    if not has_filter():
        return Trial("bubblewrap", None, missing=_NO_FILTER)
    box = Bubblewrap(path)
    return Trial("bubblewrap", box, try_box(box))


@cache
def try_landlock() -> Trial:
    """The Landlock tier as it is here."""
    version = landlock_version()
    if version < 1:
        return Trial("landlock", None, missing="this kernel has no Landlock")
    if not has_filter():
        return Trial("landlock", None, missing=_NO_FILTER)
    box = Landlock(version)
    return Trial("landlock", box, try_box(box))


@cache
def try_docker() -> Trial:
    """The docker tier as it is here, with Docker or Podman."""
    engine = find_engine()
    if isinstance(engine, str):
        return Trial("docker", None, missing=engine)
    box = Docker(engine)
    return Trial("docker", box, try_box(box))


_NO_FILTER = "there is no seccomp filter for this processor"

_TRIALS = {
    "bubblewrap": try_bubblewrap,
    "landlock": try_landlock,
    "docker": try_docker,
}


class Boxes:
    """The boxes of one run: for our tools, and for the project's tests.

    Found by trying when one is first asked for; the first caller does it and others wait.
    """

    def __init__(self, wanted: Isolation) -> None:
        self._wanted = wanted
        self._lock = threading.Lock()
        self._found: Box | None = None
        self._tried: tuple[Trial, ...] | None = None
        self._forks: tuple[Confining | None] | None = None

    def __getstate__(self) -> "_State":
        """What another process of this machine is told, so that it need not try again."""
        self._box()
        return self._wanted, self._found, self._tried, self._forks

    def __setstate__(self, state: "_State") -> None:
        self.__init__(state[0])  # type: ignore[misc]
        self._found, self._tried, self._forks = state[1:]

    def for_tools(self) -> Box:
        """The box for our own tools; without a working one just limits."""
        return self._box() or PlainBox()

    def for_forks(self) -> Confining | None:
        """The box for forks of our own tools: one that a process can put on itself.

        None where the only one that works is made of mounts: there they are started.
        """
        box = self._box()
        with self._lock:
            if self._forks is None:
                self._forks = (_for_forks(box),)
            return self._forks[0]

    def for_tests(self) -> Box:
        """The box for code of strangers.

        Raises `CannotMeasure` with the remedy when there is none, and where there is none
        on purpose but a token in the environment.
        """
        box = self._box()
        if box is None:
            raise CannotMeasure(self._refusal())
        if box.tier == "none" and (tokens := _tokens()):
            raise CannotMeasure(
                "the project's tests were not run: without isolation they could read "
                f"{', '.join(tokens)}. Take {'it' if len(tokens) == 1 else 'them'} out "
                "of the environment, or leave --isolation none out."
            )
        return box

    def description(self) -> str:
        """What a report says of it."""
        box = self._box()
        return (
            "no tier works here: tests are not run" if box is None else box.description
        )

    def _box(self) -> Box | None:
        with self._lock:
            if self._tried is None:
                self._found, self._tried = _choose(self._wanted)
            return self._found

    def _refusal(self) -> str:
        tried = self._tried or ()
        said = "; ".join(f"{one.tier}: {one.trouble}" for one in tried)
        remedy = tried[0].remedy if tried else ""
        if sys.platform != "linux":
            remedy = "Grade in a Linux container or virtual machine."
        return (
            "the project's tests were not run: no isolation works here "
            f"({said}). {remedy} To run them without isolation: --isolation none. "
            "See mlops-grade doctor."
        )


_State = tuple[
    Isolation,
    Box | None,
    tuple[Trial, ...] | None,
    tuple[Confining | None] | None,
]


def _for_forks(box: Box | None) -> Confining | None:
    if box is None or isinstance(box, PlainBox):
        return PlainBox() if sys.platform == "linux" else None
    if isinstance(box, Landlock):
        return box
    trial = _found_to_work("landlock")
    return trial.box if trial.works and isinstance(trial.box, Landlock) else None


def _choose(wanted: Isolation) -> tuple[Box | None, tuple[Trial, ...]]:
    if wanted == "none":
        return PlainBox(), ()
    # Docker is taken only where it is asked for: it may have to be started.
    names: tuple[Tier, ...] = (
        ("bubblewrap", "landlock") if wanted == "auto" else (wanted,)
    )
    tried: list[Trial] = []
    for name in names:
        trial = _found_to_work(name)
        if trial.works:
            return trial.box, (trial,)
        tried.append(trial)
    return None, tuple(tried)


def _found_to_work(tier: Tier) -> Trial:
    """The trial of a tier, or what is remembered of one: that it works."""
    box, program = _untried(tier)
    if box is not None and remembered.works(tier, program):
        return Trial(tier, box, (Attempt("tried earlier, here"),))
    trial = _TRIALS[tier]()
    if trial.works and trial.box == box:
        remembered.remember(tier, program)
    return trial


def _untried(tier: Tier) -> tuple[Box | None, str]:
    """A tier's box as it would be, and the program that it starts with."""
    path = shutil.which("bwrap")
    if tier == "bubblewrap" and path is not None and has_filter():
        return Bubblewrap(path), path
    if tier == "landlock" and (version := landlock_version()) and has_filter():
        return Landlock(version), ""
    # Docker's engine is a program that may stop at any time.
    return None, ""


def _tokens() -> list[str]:
    return sorted(
        name
        for name, value in os.environ.items()
        if value and _TOKEN.search(name.upper()) and name not in _NO_TOKENS
    )
