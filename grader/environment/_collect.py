"""Gathers what one manifest says while it is read; every reader writes into it."""

import re
import sys
from dataclasses import dataclass, field

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name

from grader.environment.declarations import (
    Declared,
    Kind,
    Manifest,
    Naming,
    NotInstalled,
    Origin,
    Problem,
    PythonAsked,
    Refused,
)

# Python refuses integers of over 4,300 digits, at the moment two versions are compared.
MAX_REQUIREMENT = 2_000
MAX_DECLARED = 5_000

_LOCAL_VERSION = re.compile(r"(?<=[0-9a-z])\+[a-z0-9._-]+", re.I)


@dataclass(frozen=True)
class Place:
    """Where a declaration stands, and for which group."""

    path: str
    line: int | None
    group: str


@dataclass
class Collected:
    """What has been read of a manifest so far."""

    path: str
    kind: Kind
    group: str
    declared: list[Declared] = field(default_factory=list)
    constraints: list[Declared] = field(default_factory=list)
    python: PythonAsked | None = None
    channels: list[str] = field(default_factory=list)
    unmapped: list[NotInstalled] = field(default_factory=list)
    non_python: list[NotInstalled] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    includes: list[str] = field(default_factory=list)
    installs_project: bool = False
    is_full: bool = False

    def place(self, line: int | None = None, group: str | None = None) -> Place:
        """A place in this manifest's own file."""
        return Place(self.path, line, self.group if group is None else group)

    def add(
        self,
        requirement: str,
        place: Place,
        *,
        written: str | None = None,
        origin: Origin = "pip",
        naming: Naming = "as written",
        is_pinned: bool | None = None,
        is_constraint: bool = False,
    ) -> None:
        """Declare a PEP 508 line; what is not one, or is a URL, is recorded as that."""
        shown = requirement if written is None else written
        parsed = parse_requirement(requirement)
        if isinstance(parsed, str):
            self.problem(f'"{short(shown)}" is not a requirement: {parsed}', place)
            return
        if parsed.url is not None:
            self._refuse_url(parsed, parsed.url, shown, place)
            return
        name = canonicalize_name(parsed.name)
        if name == "python":
            # No such package on PyPI; pip fails on it, and what is meant is clear.
            self.ask_python(str(parsed.specifier), shown, place)
            self.problem(
                f'"{short(shown)}": Python is not a package of PyPI, so pip refuses '
                "this line; taken as the Python asked for",
                place,
            )
            return
        if parsed.name in sys.stdlib_module_names or name in sys.stdlib_module_names:
            # On PyPI some of these names are backports from before 2015, others traps.
            self.problem(
                f'"{short(shown)}" is a part of Python itself: nothing to install',
                place,
            )
            return
        pinned = _is_pinned(parsed) if is_pinned is None else is_pinned
        line = str(parsed)
        if any("+" in part.version for part in parsed.specifier):
            line = _LOCAL_VERSION.sub("", line)
            if not is_constraint:
                self.remark(
                    f'"{short(shown)}": PyPI has this version without what follows "+"',
                    place,
                )
        found = Declared(
            name,
            line,
            short(shown),
            origin,
            place.group,
            place.path,
            place.line,
            pinned,
            naming,
        )
        if is_constraint:
            self.constraints.append(found)
        elif len(self.declared) < MAX_DECLARED:
            self.declared.append(found)
        elif not self.is_full:
            self.is_full = True
            self.problem(f"only the first {MAX_DECLARED:,} packages are read", place)

    def _refuse_url(
        self, parsed: Requirement, url: str, shown: str, place: Place
    ) -> None:
        if not url.startswith("file:"):
            self.refuse(shown, "comes from a URL instead of PyPI", place)
            return
        # What `pip freeze` writes for a package that conda installed.
        self.refuse(shown, "is a path on the computer where this was written", place)
        extras = f"[{','.join(sorted(parsed.extras))}]" if parsed.extras else ""
        self.add(f"{parsed.name}{extras}", place, written=shown)
        self.problem(
            f'"{parsed.name}" names a path instead of a version: taken from PyPI, '
            "in any version",
            place,
        )

    def ask_python(self, specifier: str, written: str, place: Place) -> None:
        """Ask for a Python by a PEP 440 specifier; an empty one asks for nothing."""
        if not specifier:
            return
        try:
            SpecifierSet(specifier)
        except InvalidSpecifier:
            self.problem(f'"{short(written)}" is not a Python version', place)
            return
        if self.python is None and len(specifier) < 200:
            self.python = PythonAsked(specifier, short(written), place.path, place.line)

    def refuse(self, text: str, reason: str, place: Place) -> None:
        """Record a line that is not obeyed."""
        self.refused.append(Refused(place.path, place.line, short(text), reason))

    def problem(self, message: str, place: Place) -> None:
        """Record what could not be read as it stands."""
        self.problems.append(Problem(place.path, place.line, message))

    def remark(self, message: str, place: Place) -> None:
        """Record what is worth knowing and no fault."""
        self.problems.append(Problem(place.path, place.line, message, "info"))

    def manifest(self) -> Manifest:
        """What was read, for good; the same line read twice stands once."""
        return Manifest(
            path=self.path,
            kind=self.kind,
            group=self.group,
            declared=tuple(dict.fromkeys(self.declared)),
            constraints=tuple(dict.fromkeys(self.constraints)),
            python=self.python,
            channels=tuple(dict.fromkeys(self.channels)),
            unmapped=tuple(dict.fromkeys(self.unmapped)),
            non_python=tuple(dict.fromkeys(self.non_python)),
            refused=tuple(dict.fromkeys(self.refused)),
            problems=tuple(dict.fromkeys(self.problems)),
            includes=tuple(dict.fromkeys(self.includes)),
            installs_project=self.installs_project,
        )


def parse_requirement(text: str) -> Requirement | str:
    """A PEP 508 requirement, or why it is none."""
    if len(text) > MAX_REQUIREMENT:
        return f"it is over {MAX_REQUIREMENT:,} characters long"
    try:
        return Requirement(text)
    except InvalidRequirement as error:
        return str(error).split("\n", 1)[0]
    except (RecursionError, ValueError) as error:
        return str(error) or "it is nested too deeply"


def without_local_version(version: str) -> str:
    """A version as PyPI has it: `2.7.0+cu128` is `2.7.0` there."""
    return version.split("+", 1)[0]


def short(text: str) -> str:
    """A text on one line, at most 120 characters, to be quoted."""
    line = " ".join(text.split())
    return line if len(line) <= 120 else line[:119] + "…"


def _is_pinned(requirement: Requirement) -> bool:
    return any(
        part.operator == "===" or (part.operator == "==" and "*" not in part.version)
        for part in requirement.specifier
    )
