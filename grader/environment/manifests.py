"""What a repository declares: which manifests it has, which count, what they say.

Text in, values out. Nothing is executed, imported or fetched; whatever a manifest
contains comes back as a value with its file and line, never as an exception.

**Which manifests are the project's.** Not those in environments, vendored trees and
build output, nor where runs write (`mlruns/`, `wandb/`, `models/`, `artifacts/` …), nor
in `docs/` and `examples/`. Of the rest, the folder nearest the top that declares
anything: a `conda.yml` beside each step's MLproject is that step's, the one at the top
the project's. `requirements/` belongs to the folder above it, and what is in `tests/`
to the tests.

**In what order.** The first that declares a package decides its version:

1. `environment.yml`: in a conda course it is the environment people are told to make,
   and the only one that also says the Python and what pip adds to it.
2. `conda.yml`: beside an environment.yml it is what MLflow starts with, usually less.
3. `pyproject.toml` with a lock beside it, or Poetry's: it is what the tool installs
   from.
4. `requirements.txt`: in a course without a lock it is kept up to date before a
   pyproject.toml is, which often came from a template to hold tool settings.
5. `pyproject.toml`, `Pipfile`, `setup.cfg`, `setup.py`.

The first one, with the test and dev groups of the same folder, gives `requirements`.
What only the others declare is in `additions`. A file named for something else
(`requirements_frontend.txt`) is read and not chosen. A lock file pins what its own
manifest declares: its versions are `constraints`. It is used together with that
manifest only, and not at all where a version in it is outside what is declared.

Where the top declares nothing and several folders equally deep do, the first by name is
the project's and the others' packages are `additions`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.codebase.reading import Reading
from grader.environment._choice import choose
from grader.environment._collect import Collected
from grader.environment._merge import fitting, merge
from grader.environment._python import python_asked, python_disagreements
from grader.environment._recognise import READERS, Candidate, recognise
from grader.environment._text import Files, Unread
from grader.environment.declarations import (
    LOCK_KINDS,
    Chosen,
    Declared,
    Manifest,
    PythonAsked,
)
from grader.model.measurement import Finding
from grader.model.snapshot import LeftOut, Snapshot

__all__ = [
    "Chosen",
    "Declared",
    "Manifest",
    "Project",
    "PythonAsked",
    "manifests_of",
    "read_manifests",
]

_ROLES = ("first", "tests", "addition", "lock", "python")


@dataclass(frozen=True)
class Project:
    """What a repository declares, from all its manifests in their order.

    `requirements` is to be installed. `additions` are packages that only later
    manifests name: to be installed on top where they fit, without moving a version that
    `requirements` resolved to. `constraints` are versions for whatever is installed,
    from `-c` and from lock files; a conda-lock's may be none that PyPI has. All three
    are in the manifests' order, and each says where it comes from. `installs_project`
    says that a manifest asks for the repository itself (`-e .`), so its sources belong
    on the path.
    """

    manifests: tuple[Manifest, ...] = ()
    chosen: tuple[Chosen, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    requirements: tuple[Declared, ...] = ()
    additions: tuple[Declared, ...] = ()
    constraints: tuple[Declared, ...] = ()
    python: PythonAsked | None = None
    disagreements: tuple[Finding, ...] = ()
    installs_project: bool = False

    @property
    def has_manifest(self) -> bool:
        """Whether anything declares a package."""
        return bool(self.requirements or self.additions)

    @property
    def declared(self) -> int:
        """How many packages the chosen manifests declare."""
        return len(self.declared_names)

    @property
    def declared_names(self) -> frozenset[str]:
        """Their canonical PyPI names."""
        return frozenset(d.name for d in (*self.requirements, *self.additions))

    @property
    def pinned(self) -> int:
        """How many of those are held to one version, by their line or by a lock."""
        exact = {d.name for d in (*self.requirements, *self.additions) if d.is_pinned}
        exact |= {d.name for d in self.constraints if d.is_pinned}
        return len(exact & self.declared_names)

    @property
    def pinned_share(self) -> float | None:
        """`pinned` of `declared`, 0..1; None where nothing is declared."""
        return self.pinned / self.declared if self.declared else None

    @property
    def python_requested(self) -> str | None:
        """The Python asked for as a PEP 440 specifier, `==3.10.*`."""
        return self.python.specifier if self.python else None

    def manifest(self, path: str) -> Manifest | None:
        """The manifest at a path."""
        return next((m for m in self.manifests if m.path == path), None)

    @property
    def counted(self) -> tuple[Manifest, ...]:
        """The chosen manifests, in their order."""
        found = (self.manifest(chosen.path) for chosen in self.chosen)
        return tuple(manifest for manifest in found if manifest is not None)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The disagreements, and each line that was refused or not understood."""
        found = list(self.disagreements)
        counted = {manifest.path for manifest in self.counted}
        for manifest in self.manifests:
            # One that can't be read declares nothing and is never chosen; said too.
            if manifest.path not in counted and manifest.declared:
                continue
            found += [
                Finding(
                    rule="manifest-unreadable",
                    message=problem.message,
                    path=problem.path,
                    line=problem.line,
                    severity=problem.severity,
                )
                for problem in manifest.problems
            ]
            found += [
                Finding(
                    rule="manifest-refused",
                    message=f'"{refused.text}": {refused.reason}.',
                    path=refused.path,
                    line=refused.line,
                    severity="info",
                )
                for refused in manifest.refused
            ]
        return tuple(dict.fromkeys(found))


def read_manifests(root: Path, files: Sequence[str]) -> Project:
    """Everything that the repository at `root` declares; `files` are paths below it.

    Only those files are read, never through a symbolic link. Raises nothing for
    content.
    """
    candidates, left_out = recognise(root, files)
    reader = Files(root, files)
    read = {candidate.path: _read(reader, candidate) for candidate in candidates}
    chosen, passed_over = choose(candidates, read, frozenset(files))
    said = {role: [item for item in chosen if item.role == role] for role in _ROLES}
    declaring = [*said["first"], *said["tests"], *said["addition"]]
    counted = [read[item.path] for item in declaring]
    requirements, additions, disagreements = merge(declaring, counted)
    constraints = [pin for manifest in counted for pin in manifest.constraints]
    for item in said["lock"]:
        pins, stale = fitting(read[item.path], (*requirements, *additions))
        disagreements += stale
        if requirements or additions:
            constraints += pins
        else:
            # A lock by itself: what it pins is all that is known.
            requirements = pins
    asked = [(item.role, read[item.path]) for item in chosen]
    python = python_asked(asked)
    included = {path for manifest in counted for path in manifest.includes}
    left_out += [item for item in passed_over if item.path not in included]
    return Project(
        manifests=tuple(read[c.path] for c in candidates),
        chosen=chosen,
        left_out=tuple(sorted(left_out, key=lambda item: item.path)),
        requirements=tuple(requirements),
        additions=tuple(additions),
        constraints=tuple(dict.fromkeys(constraints)),
        python=python,
        disagreements=(*disagreements, *python_disagreements(asked, python)),
        installs_project=any(manifest.installs_project for manifest in counted),
    )


def _manifests(snapshot: Snapshot) -> Project:
    return read_manifests(snapshot.root, snapshot.files)


# What a snapshot declares: `read_manifests`, once for each.
manifests_of = Reading(_manifests)


def _read(files: Files, candidate: Candidate) -> Manifest:
    into = Collected(candidate.path, candidate.kind, candidate.group)
    text = files.read(candidate.path, is_lock=candidate.kind in LOCK_KINDS)
    if isinstance(text, Unread):
        into.problem(f"{candidate.path} {text.reason}", into.place())
    else:
        READERS[candidate.kind](files, text, into)
    return into.manifest()
