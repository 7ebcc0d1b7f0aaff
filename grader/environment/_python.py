"""Which Python is asked for, where several files name one."""

from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion, Version

from grader.environment.declarations import Manifest, PythonAsked, Role
from grader.model.measurement import Finding


def python_asked(asked: list[tuple[Role, Manifest]]) -> PythonAsked | None:
    """The first that names one version; else the first range.

    `requires-python = ">=3.12"` says what may be, `.python-version` what is used.
    """
    said = [
        manifest.python
        for role, manifest in asked
        if manifest.python is not None and role != "lock"
    ]
    said += [m.python for role, m in asked if m.python is not None and role == "lock"]
    if not said:
        return None
    first = said[0]
    exact = [p for p in said if _one_python(p) is not None]
    fitting = (
        p for p in exact if _admits(SpecifierSet(first.specifier), _one_python(p))
    )
    return next(fitting, first)


def _one_python(asked: PythonAsked) -> Version | None:
    parts = list(SpecifierSet(asked.specifier))
    if len(parts) != 1 or parts[0].operator != "==":
        return None
    try:
        return Version(parts[0].version.removesuffix(".*"))
    except InvalidVersion:
        return None


def _admits(specifiers: SpecifierSet, version: Version | None) -> bool:
    """Whether a range admits a version, or some of its series: 3.12 of `>=3.12.1`."""
    if version is None:
        return False
    last = Version(f"{version}.99") if len(version.release) < 3 else version
    return specifiers.contains(version) or specifiers.contains(last)


def python_disagreements(
    asked: list[tuple[Role, Manifest]], used: PythonAsked | None
) -> list[Finding]:
    if used is None or (version := _one_python(used)) is None:
        return []
    findings = []
    for role, manifest in asked:
        other = manifest.python
        if other is None or role == "lock" or other.path == used.path:
            continue
        if not _admits(SpecifierSet(other.specifier), version) and not _same_series(
            other, version
        ):
            findings.append(
                Finding(
                    rule="manifest-disagreement",
                    message=(
                        f"Python: {used.path} asks for {used.written}, {other.path} "
                        f"for {other.written}. The first one is used."
                    ),
                    path=other.path,
                    line=other.line,
                    fix="Ask for the same Python in both files.",
                )
            )
    return findings


def _same_series(other: PythonAsked, version: Version) -> bool:
    one = _one_python(other)
    shortest = min(len(one.release), len(version.release)) if one else 0
    return (
        bool(one)
        and one is not None
        and (one.release[:shortest] == version.release[:shortest])
    )
