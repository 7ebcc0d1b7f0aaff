"""requirements.txt: pip's format, read line by line; what is not a package is refused.

A line that pip obeys and we don't (another index, a repository, a local path) keeps its
place and a reason. `-r` and `-c` are followed inside the repository only, each file
once.
"""

import re
import shlex

from grader.environment._collect import Collected, Place, short
from grader.environment._conda import add_match_spec
from grader.environment._text import Files, Text, Unread
from grader.environment.declarations import group_named

MAX_FILES = 50

_NAME = re.compile(
    r"^(?P<before>.*?[-_.])?requirements?(?P<after>[-_.].*)?\.(txt|in|pip)$", re.I
)
_OPTION = re.compile(r"\s(?=--?[A-Za-z])")
_CONDA_EXPORT = re.compile(r"^#.*conda (create|install).*--file", re.M)
_SINGLE_EQUALS = re.compile(r"^[A-Za-z0-9][\w.-]*\s*=\s*[\w.*+!]+(=[\w.]+)?$")
_LOCAL = re.compile(r"^(\.{1,2}($|[/\\\[])|/|~|[A-Za-z]:[\\/]|file:)")
_URL = re.compile(r"^([a-z+]+://|git\+|hg\+|svn\+|bzr\+)", re.I)
_ITSELF = re.compile(r"^(\./?|file:\.)(\[[^\]]*\])?$")

_OTHER_INDEX = "asks for another package index; packages come from PyPI"
_REASONS = {
    "-i": _OTHER_INDEX,
    "--index-url": _OTHER_INDEX,
    "--pypi-url": _OTHER_INDEX,
    "--extra-index-url": _OTHER_INDEX,
    "--no-index": _OTHER_INDEX,
    "-f": "asks for packages from another place; packages come from PyPI",
    "--find-links": "asks for packages from another place; packages come from PyPI",
    "--trusted-host": "switches off the check of a host's certificate",
    "--global-option": "is an option for building a package; nothing is built",
    "--install-option": "is an option for building a package; nothing is built",
    "--config-settings": "is an option for building a package; nothing is built",
    "--config-setting": "is an option for building a package; nothing is built",
    "-C": "is an option for building a package; nothing is built",
}


def group_of_file(name: str) -> str | None:
    """The group of a requirements file by its name; None for a file that is none."""
    match = _NAME.match(name)
    if match is None:
        return None
    return group_named(f"{match['before'] or ''} {match['after'] or ''}")


def read_requirements(files: Files, text: Text, into: Collected) -> None:
    """Read a requirements file and those that it names."""
    _Reader(files, into).read(text, into.group, (text.path,), is_constraint=False)


def add_lines(files: Files, lines: list[tuple[str, int]], into: Collected) -> None:
    """Read requirement lines that stand in another file: conda's `pip:` list."""
    reader = _Reader(files, into)
    for line, number in lines:
        reader.take(line, into.place(number), (into.path,), is_constraint=False)


def follow(files: Files, named: str, into: Collected, place: Place) -> None:
    """Read a requirements file that another kind of manifest names."""
    _Reader(files, into).follow(named, place, (place.path,), is_constraint=False)


class _Reader:
    def __init__(self, files: Files, into: Collected) -> None:
        self._files = files
        self._into = into

    def read(
        self, text: Text, group: str, chain: tuple[str, ...], *, is_constraint: bool
    ) -> None:
        """Every line of a file; `chain` are the files that led here, itself last."""
        top = Place(text.path, None, group)
        if text.remark:
            self._into.remark(f"{text.path} {text.remark}", top)
        is_export = _CONDA_EXPORT.search(text.text) is not None
        if is_export:
            self._into.remark(
                "is conda's own list (`conda list --export`), read as that; "
                "pip can't install from it",
                top,
            )
        for line, number in logical_lines(text.text):
            place = Place(text.path, number, group)
            if is_export:
                add_match_spec(self._into, line, place)
            else:
                self.take(line, place, chain, is_constraint=is_constraint)

    def take(
        self, line: str, place: Place, chain: tuple[str, ...], *, is_constraint: bool
    ) -> None:
        """One logical line."""
        if "${" in line:
            self._into.refuse(line, "takes a value from the environment", place)
        elif line.startswith("-"):
            self._option(line, place, chain, is_constraint)
        else:
            self._requirement(line, place, is_constraint)

    def _option(
        self, line: str, place: Place, chain: tuple[str, ...], is_constraint: bool
    ) -> None:
        name, value = _option(line)
        match name:
            case "-r" | "--requirement":
                self.follow(value, place, chain, is_constraint=is_constraint)
            case "-c" | "--constraint":
                self.follow(value, place, chain, is_constraint=True)
            case "-e" | "--editable":
                self._elsewhere(value, line, place)
            case _:
                reason = _REASONS.get(
                    name, "is an option of pip; how packages are installed is ours"
                )
                self._into.refuse(line, reason, place)

    def _elsewhere(self, value: str, line: str, place: Place) -> None:
        if _ITSELF.match(value):
            self._into.installs_project = True
            self._into.refuse(
                line,
                "installs the project itself, which runs its build; its sources are on "
                "the import path instead",
                place,
            )
        elif _URL.match(value) and not value.startswith("file:"):
            self._into.refuse(line, "comes from a URL instead of PyPI", place)
        else:
            self._into.refuse(line, "is a path instead of a package of PyPI", place)

    def _requirement(self, line: str, place: Place, is_constraint: bool) -> None:
        spec, *options = _OPTION.split(line)
        spec = spec.strip().rstrip(",;").strip()
        for option in options:
            if not option.startswith("--hash"):
                name, _ = _option(option)
                reason = _REASONS.get(name, "is an option of pip")
                self._into.refuse(option, f"on a package's line: {reason}", place)
        if _ITSELF.match(spec) or _LOCAL.match(spec) or _URL.match(spec):
            self._elsewhere(spec, line, place)
        elif re.search(r"\.(whl|zip|tar\.gz|tgz)$", spec) and "@" not in spec:
            self._into.refuse(line, "is a file instead of a package of PyPI", place)
        elif _SINGLE_EQUALS.match(spec):
            self._into.problem(
                f'"{short(spec)}" is conda\'s spelling, read as that; pip wants ==',
                place,
            )
            add_match_spec(self._into, spec, place)
        else:
            self._into.add(spec, place, is_constraint=is_constraint)

    def follow(
        self, named: str, place: Place, chain: tuple[str, ...], *, is_constraint: bool
    ) -> None:
        """Read the file that `-r` or `-c` names, beside the one at `place`."""
        target = self._files.beside(place.path, named)
        if isinstance(target, Unread):
            self._into.refuse(named, target.reason, place)
            return
        if target in chain:
            loop = " → ".join((*chain[chain.index(target) :], target))
            self._into.problem(f"these files name each other: {loop}", place)
            return
        if target in self._into.includes:
            return
        if len(self._into.includes) >= MAX_FILES:
            self._into.refuse(named, f"over {MAX_FILES} files are named", place)
            return
        text = self._files.read(target)
        if isinstance(text, Unread):
            self._into.problem(f"{target} {text.reason}", place)
            return
        self._into.includes.append(target)
        group = group_of_file(target.rsplit("/", 1)[-1]) or place.group
        self.read(text, group, (*chain, target), is_constraint=is_constraint)


def logical_lines(text: str) -> list[tuple[str, int]]:
    """Lines without comments and blank ones, continued ones joined; numbers from 1."""
    found: list[tuple[str, int]] = []
    parts: list[str] = []
    start = 1
    for number, raw in enumerate(text.split("\n"), 1):
        if not parts:
            start = number
        line = re.sub(r"(^|\s)#.*$", "", raw).rstrip()
        # A comment ends a continued line, as in pip.
        if line.endswith("\\") and not re.match(r"\s*#", raw):
            parts.append(line[:-1])
            continue
        parts.append(line)
        joined = " ".join(part.strip() for part in parts if part.strip())
        parts = []
        if joined:
            found.append((joined, start))
    rest = " ".join(part.strip() for part in parts if part.strip())
    return [*found, (rest, start)] if rest else found


def _option(line: str) -> tuple[str, str]:
    """`-r x`, `-rx`, `--requirement=x` as the option's name and its value."""
    if not line.startswith("--") and len(line) > 2 and line[2] not in " =":
        return line[:2], line[2:].strip()
    name, _, value = re.sub(r"[=\s]", " ", line, count=1).partition(" ")
    try:
        words = shlex.split(value)
    except ValueError:
        words = [value.strip()]
    return name, " ".join(words)
