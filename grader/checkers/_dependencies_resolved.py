"""Whether what is declared could be installed, from the facts of the tests' environment."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from grader.environment.given import Environment
from grader.errors import CannotMeasure
from grader.model.measurement import Finding


@dataclass(frozen=True)
class Resolved:
    """The two quantities, absent where nothing is known, and what is to be said."""

    values: Mapping[str, int] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()


def resolved(environment: Environment) -> Resolved:
    """What the environment says of the project's packages.

    The first check that asks has it built, and the others wait for it: there is one
    environment, and what is said here is what the tests ran in. Nothing is known where it
    was not built from the manifests, and where what is missing is ours to provide.
    """
    try:
        environment.python()
    except CannotMeasure as error:
        return Resolved(findings=(_unknown(error.reason),))
    facts = environment.facts()
    if facts is None or facts.mode != "built":
        return Resolved(
            findings=(_unknown("the tests do not run in an environment of their own."),)
        )
    if not facts.declared:
        return Resolved({"resolves": 0, "unresolved": 0})
    theirs = [one for one in facts.unresolved if not one.is_ours]
    ours = [one for one in facts.unresolved if one.is_ours]
    findings = tuple(
        Finding(
            rule="unresolved",
            message=f"Not to be installed as declared: {one.reason}.",
            severity="error" if one.instead is None else "warning",
            fix="Declare a version that exists and fits the other packages.",
        )
        for one in theirs
    )
    if theirs:
        return Resolved({"resolves": 0, "unresolved": len(theirs)}, findings)
    if ours:
        return Resolved(findings=(_unknown(f"{ours[0].name}: {ours[0].reason}"),))
    return Resolved({"resolves": 1, "unresolved": 0})


def _unknown(reason: str) -> Finding:
    return Finding(
        rule="resolving-not-measured",
        message=f"Whether the declared packages can be installed is not known: {reason}",
        severity="info",
    )
