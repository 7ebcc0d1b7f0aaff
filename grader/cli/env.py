"""`mlops-grade env`: what a project declares, and what would be installed and why."""

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from grader.cli.options import Offline
from grader.cli.output import console

if TYPE_CHECKING:
    from rich.console import Console

    from grader.environment.environments import BuiltEnvironment
    from grader.environment.manifests import Project


def env(
    source: Annotated[
        str,
        typer.Argument(
            metavar="PATH", help="The folder of a repository, or an address to clone."
        ),
    ],
    ref: Annotated[
        str | None, typer.Option(help="Read this branch, tag or commit.")
    ] = None,
    build: Annotated[
        bool, typer.Option("--build", help="Build the environment too.")
    ] = False,
    offline: Offline = False,
) -> None:
    """Show a project's manifests, what they come to, and what would be installed.

    Nothing of the repository is executed; nothing is installed without --build.
    """
    from grader.engine.capture import capture
    from grader.engine.environment import built_environment
    from grader.sandbox.choose import Boxes

    out = console(sys.stdout)
    with tempfile.TemporaryDirectory(prefix="mlops-grade-") as folder:
        work = Path(folder).resolve()
        snapshot = capture(source, work, ref=ref).snapshot
        environment = built_environment(
            snapshot,
            work / "environment",
            boxes=Boxes("auto"),
            is_offline=offline,
            tell=lambda words: typer.echo(f"{words} …", err=True),
        )
        _show_project(environment.project, out)
        _show_resolution(environment, out)
        if build:
            python = environment.python()
            _line(out, "Built", python)


def _show_project(project: "Project", out: "Console") -> None:
    from rich.table import Table
    from rich.text import Text

    if not project.manifests:
        _line(out, "Manifests", "none found: the project declares nothing")
    roles = {chosen.path: chosen.role for chosen in project.chosen}
    found = Table("manifest", "kind", "taken as", "packages", box=None, pad_edge=False)
    for manifest in project.manifests:
        role = roles.get(manifest.path, "not used")
        cells = (manifest.path, manifest.kind, role, str(len(manifest.declared)))
        found.add_row(*map(Text, cells))
    if project.manifests:
        out.print(found)
    for left in project.left_out:
        _line(out, "Left out", f"{left.path}: {left.reason}")
    if project.python:
        asked = project.python
        _line(out, "Python asked for", f"{asked.written} ({asked.path})")
    if project.pinned_share is not None:
        pinned = f"{project.pinned} of {project.declared}"
        _line(out, "Held to one version", pinned)
    for finding in project.findings:
        place = f"{finding.path}:{finding.line}: " if finding.path else ""
        _line(out, "Note", f"{place}{finding.message}")


def _show_resolution(environment: "BuiltEnvironment", out: "Console") -> None:
    from rich.table import Table
    from rich.text import Text

    resolution, choice = environment.resolve()
    _line(out, "Python used", str(choice.interpreter.version))
    if choice.note:
        _line(out, "Note", choice.note)
    project = environment.project
    versions = resolution.versions
    declared = Table(
        "declared", "becomes", "installed", "from", box=None, pad_edge=False
    )
    for one in (*project.requirements, *project.additions):
        place = f"{one.path}:{one.line}" if one.line else one.path
        installed = versions.get(one.name, "-")
        cells = (one.written, one.requirement, installed, place)
        declared.add_row(*map(Text, cells))
    out.print()
    out.print(declared)
    for missing in environment.unresolved(resolution):
        _line(out, "Not as declared", missing.reason)
    if resolution.sources:
        _line(out, "Built from source, in a box", ", ".join(resolution.sources))
    if resolution.added:
        _line(out, "Added to run the tests", ", ".join(resolution.added))
    named = {one.name for one in (*project.requirements, *project.additions)}
    beyond = len(set(versions) - named)
    _line(
        out,
        "Installed in all",
        f"{len(versions)} packages, {beyond} because others need them",
    )


def _line(out: "Console", title: str, words: str) -> None:
    from rich.text import Text

    out.print(Text.assemble((f"{title}: ", "bold"), words), soft_wrap=True)
