"""Several manifests as one list: the first that names a package decides its version."""

from collections.abc import Sequence
from dataclasses import replace

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from grader.environment.declarations import Chosen, Declared, Manifest, is_for_tests
from grader.model.measurement import Finding

# Of one package; a file that names it thousands of times is compared by its first.
MAX_COMPARED = 10


def merge(
    chosen: Sequence[Chosen], counted: Sequence[Manifest]
) -> tuple[list[Declared], list[Declared], list[Finding]]:
    """What to install, what to add where it fits, and where two manifests disagree."""
    owners: dict[str, str] = {}
    taken: dict[str, list[Declared]] = {}
    requirements: dict[str, Declared] = {}
    additions: dict[str, Declared] = {}
    findings: list[Finding] = []
    for item, manifest in zip(chosen, counted, strict=True):
        target = requirements if item.role in {"first", "tests"} else additions
        for declared in manifest.declared:
            if not is_for_tests(declared.group):
                continue
            before = taken.setdefault(declared.name, [])
            wanted: Declared | None = declared
            if owners.setdefault(declared.name, item.path) != item.path:
                findings += _disagreement(before, declared)
                wanted = _extras_beyond(before, declared)
            if wanted is not None:
                if len(before) < MAX_COMPARED:
                    before.append(wanted)
                if wanted.requirement not in requirements:
                    target.setdefault(wanted.requirement, wanted)
    unique = list(dict.fromkeys(findings))
    return list(requirements.values()), list(additions.values()), unique


def fitting(
    lock: Manifest, declared: Sequence[Declared]
) -> tuple[list[Declared], list[Finding]]:
    """A lock's pins; none, and findings, where it was written for something else.

    The pins belong together: with one of them outside what is asked for, the others
    can't be held to either.
    """
    asked: dict[str, list[Declared]] = {}
    for item in declared:
        known = asked.setdefault(item.name, [])
        if item.parsed.marker is None and len(known) < MAX_COMPARED:
            known.append(item)
    findings = [
        Finding(
            rule="manifest-disagreement",
            message=(
                f"{pin.name}: {other.path} asks for {other.written}, {lock.path} has "
                f"{pin.written}. The lock file is not used."
            ),
            path=lock.path,
            line=pin.line,
            fix="Write the lock file again.",
        )
        for pin in lock.constraints
        for other in asked.get(pin.name, [])
        if not _agree(other, pin)
    ]
    return ([] if findings else list(lock.constraints)), findings


def _extras_beyond(before: list[Declared], later: Declared) -> Declared | None:
    """`uvicorn[standard]` where `uvicorn` was declared: its extras, in any version."""
    extras = later.parsed.extras - set().union(*(d.parsed.extras for d in before))
    if not extras:
        return None
    line = Requirement(f"{later.name}[{','.join(sorted(extras))}]")
    line.marker = later.parsed.marker
    return replace(later, requirement=str(line), is_pinned=False)


def _disagreement(before: list[Declared], later: Declared) -> list[Finding]:
    if not before or any(_agree(declared, later) for declared in before):
        return []
    first = before[0]
    return [
        Finding(
            rule="manifest-disagreement",
            message=(
                f"{later.name}: {first.path} asks for {first.written}, {later.path} "
                f"for {later.written}. The first one is used."
            ),
            path=later.path,
            line=later.line,
            fix=f"Write the same version of {later.name} in both files.",
        )
    ]


def _agree(one: Declared, other: Declared) -> bool:
    """Whether two lines can mean the same: alike, one open, or a pin in a range."""
    if one.parsed.marker != other.parsed.marker:
        return True
    a, b = one.parsed.specifier, other.parsed.specifier
    if not a or not b or _conditions(a) == _conditions(b):
        return True
    return any(
        version is not None and wide.contains(version, prereleases=True)
        for version, wide in ((_pin(one), b), (_pin(other), a))
    )


def _conditions(specifiers: SpecifierSet) -> frozenset[str]:
    return frozenset(str(part) for part in specifiers)


def _pin(declared: Declared) -> Version | None:
    """The one version that a pinned line means; conda's `=1.2.3` is 1.2.3."""
    return declared.equal_to if declared.is_pinned else None
