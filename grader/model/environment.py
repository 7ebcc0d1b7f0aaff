"""What the project's tests run in: which Python, which packages, and what is missing."""

from typing import Literal

from grader.model.measurement import Finding, Stored

Cause = Literal[
    "unknown-package",
    "unknown-version",
    "no-wheel",
    "conflict",
    "refused",
    "not-on-pypi",
    "unreachable",
]


class Unresolved(Stored):
    """A declared package that is not in the environment as declared, and why, in words.

    `is_ours` says that the project did nothing wrong: we could not get it or would not build
    it. A version that doesn't exist is the project's. `instead` is the version that was
    installed in place of the one asked for, if one was.
    """

    name: str
    requirement: str
    cause: Cause
    reason: str
    is_ours: bool
    instead: str | None = None


class EnvironmentFacts(Stored):
    """The facts of an environment.

    `mode`: built from the manifests, given by the user, or the grader's own interpreter.
    `declared` counts packages, `pinned_share` is 0..1 (None where nothing is declared),
    `python_requested` is a specifier such as `==3.10.*`. `resolved` says that everything
    declared is installed. `added` are the packages we put in to run and measure tests,
    `findings` what is wrong with the manifests.
    """

    mode: Literal["built", "given", "grader"]
    python: str
    python_used: str
    python_requested: str | None = None
    manifests: tuple[str, ...] = ()
    declared: int = 0
    pinned_share: float | None = None
    requirements: tuple[str, ...] = ()
    resolved: bool = True
    unresolved: tuple[Unresolved, ...] = ()
    added: tuple[str, ...] = ()
    installed: tuple[str, ...] = ()
    size_bytes: int | None = None
    notes: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
