"""What this installation has, what is missing, and how to get it."""

import platform
import shutil
import site
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement

from grader.checkers._registry import installed
from grader.engine.items import catalogue
from grader.errors import GradeError
from grader.resources import MissingResource, shipped
from grader.rubric.load import load_rubric
from grader.sandbox.choose import trials
from grader.submissions.git import run_git

REINSTALL = "pip install --force-reinstall mlops-grade"


@dataclass(frozen=True)
class Fact:
    """One thing looked at: what was found, and the remedy when it is not well (else empty).

    `is_optional` is what nobody needs who has something else.
    """

    subject: str
    found: str
    remedy: str = ""
    is_optional: bool = False

    @property
    def is_well(self) -> bool:
        """Whether nothing needs doing."""
        return not self.remedy or self.is_optional


def diagnose() -> tuple[Fact, ...]:
    """Python, tools against their pins, git, checkers, plugins, files, isolation, disk."""
    return (
        Fact("Python", f"{platform.python_version()} at {sys.executable}"),
        _place(),
        *_distributions(),
        _git(),
        *_checkers(),
        *_shipped(),
        *_isolation(),
        _disk(),
    )


def _place() -> Fact:
    # The tools run isolated from the user's own site-packages, so nothing there is found.
    here = Path(__file__).resolve()
    is_hidden = here.is_relative_to(site.getusersitepackages())
    remedy = "Install it in a virtual environment, or with pipx or uv tool."
    return Fact("installation", str(here.parents[2]), remedy if is_hidden else "")


def _distributions() -> Iterator[Fact]:
    for line in metadata.requires("mlops-grade") or ():
        try:
            wanted = Requirement(line)
        except InvalidRequirement:
            continue
        if wanted.marker and not wanted.marker.evaluate({"extra": ""}):
            continue
        try:
            version = metadata.version(wanted.name)
        except metadata.PackageNotFoundError:
            yield Fact(wanted.name, "missing", REINSTALL)
            continue
        fits = wanted.specifier.contains(version, prereleases=True)
        remedy = "" if fits else f"pip install '{wanted.name}{wanted.specifier}'"
        yield Fact(wanted.name, version, remedy)


def _git() -> Fact:
    with tempfile.TemporaryDirectory(prefix="mlops-grade-") as folder:
        try:
            output = run_git(["git", "--version"], Path(folder))
        except GradeError as error:
            return Fact("git", error.message, error.hint)
    return Fact("git", output.stdout.strip())


def _checkers() -> Iterator[Fact]:
    registry = installed()
    yield Fact("checkers", ", ".join(registry.checkers))
    for plugin in registry.broken:
        yield Fact(
            f"checker {plugin.name}",
            f"of {plugin.distribution} did not load: {plugin.reason}",
            f"Update or remove {plugin.distribution}.",
        )


def _shipped() -> Iterator[Fact]:
    for name in ("rubric.yaml", "rubric.schema.json", "templates", "fixtures/repos"):
        try:
            yield Fact(name, str(shipped(name)))
        except MissingResource:
            yield Fact(name, "missing", REINSTALL)
    try:
        load_rubric(shipped("rubric.yaml"), catalogue(installed()))
    except MissingResource:
        return
    except GradeError as error:
        yield Fact("rubric.yaml", error.message, error.hint or REINSTALL)


def _isolation() -> Iterator[Fact]:
    found = tuple(trials())
    for trial in found:
        said = "works, as tried just now" if trial.works else trial.trouble
        yield Fact(f"isolation: {trial.tier}", said, trial.remedy, is_optional=True)
    if best := next((one for one in found if one.works), None):
        yield Fact("isolation", f"auto takes {best.tier}")
    else:
        remedies = " Or: ".join(one.remedy for one in found)
        yield Fact("isolation", "no tier works: tests are not run", remedies)


def _disk() -> Fact:
    folder = tempfile.gettempdir()
    free = shutil.disk_usage(folder).free / 2**30
    remedy = "" if free > 1 else f"Free some space in {folder}, or set TMPDIR."
    return Fact("temporary space", f"{free:.1f} GiB free in {folder}", remedy)
