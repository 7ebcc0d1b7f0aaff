"""Lock files: the exact versions that a tool chose for what a manifest declares.

Each locked package becomes a constraint, `name==version` with its marker. What comes
from elsewhere than PyPI is refused; a build's local version (`2.7.0+cu128`) is PyPI's
`2.7.0`.
"""

import json

from grader.codebase import plain_yaml
from grader.environment._collect import Collected, Place, short, without_local_version
from grader.environment._pyproject import Table, parse_toml, strings, table
from grader.environment._text import Files, Text
from grader.environment.names import OnPyPI, from_conda

_PLATFORM = "linux-64"


def read_toml_lock(files: Files, text: Text, into: Collected) -> None:
    """Read a uv.lock, poetry.lock, pdm.lock or pylock.toml."""
    del files  # A lock file names no other file that is followed.
    document = parse_toml(text, into)
    for key in ("requires-python",):
        python = document.get(key)
        if isinstance(python, str):
            into.ask_python(python, python, into.place(text.line_of(python)))
    python = table(document, "metadata").get("python-versions")
    if isinstance(python, str) and "|" not in python and python[:1] in "<>=!~":
        into.ask_python(python, python, into.place(text.line_of(python)))
    packages = document.get("package", document.get("packages"))
    lines = _lines_of_names(text)
    for package in packages if isinstance(packages, list) else []:
        entry = table(package)
        name, version = entry.get("name"), entry.get("version")
        if not isinstance(name, str):
            continue
        place = into.place(lines.pop(name, None), "lock")
        if reason := _foreign(entry):
            if reason != "itself":
                into.refuse(f"{name} {version or ''}", reason, place)
        elif isinstance(version, str):
            _pin(into, name, version, _marker(entry), place)


def _lines_of_names(text: Text) -> dict[str, int]:
    found: dict[str, int] = {}
    for number, line in enumerate(text.text.split("\n"), 1):
        if line.startswith('name = "'):
            found.setdefault(line[8:].rstrip().rstrip('"'), number)
    return found


def _foreign(entry: Table) -> str:
    source = table(entry, "source")
    if any(key in source for key in ("virtual", "editable")) or "directory" in source:
        return (
            "itself"
            if source.get("virtual", source.get("editable")) == "."
            else ("is a path instead of a package of PyPI")
        )
    kind = source.get("type")
    if any(key in source for key in ("git", "url", "path")) and kind not in {
        "legacy",
        "pypi",
    }:
        return "comes from elsewhere than PyPI"
    if any(key in entry for key in ("vcs", "directory", "archive", "git", "path")):
        return "comes from elsewhere than PyPI"
    return ""


def _marker(entry: Table) -> str:
    marker = entry.get("marker", entry.get("markers"))
    if isinstance(marker, dict):
        # Poetry: a marker for each group.
        marker = marker.get("main")
    if isinstance(marker, str):
        return marker
    return " or ".join(f"({part})" for part in strings(entry.get("resolution-markers")))


def _pin(into: Collected, name: str, version: str, marker: str, place: Place) -> None:
    line = f"{name}=={without_local_version(version)}"
    into.add(
        f"{line} ; {marker}" if marker else line,
        place,
        written=f"{name} {version}",
        origin="lock",
        is_constraint=True,
    )


def read_pipfile_lock(files: Files, text: Text, into: Collected) -> None:
    """Read a Pipfile.lock, which is JSON."""
    del files
    try:
        document = json.loads(text.text)
    except (ValueError, RecursionError) as error:
        reason = str(error) or "it is nested too deeply"
        into.problem(f"this is not JSON that can be read: {reason}", into.place())
        return
    lines: dict[str, int] = {}
    for number, line in enumerate(text.text.split("\n"), 1):
        if line.rstrip().endswith('": {'):
            lines.setdefault(line.strip()[1:-4], number)
    for section in ("default", "develop"):
        for name, value in table(document, section).items():
            entry = table(value)
            version, marker = entry.get("version"), entry.get("markers")
            place = into.place(lines.get(name), "lock")
            if isinstance(version, str) and version.startswith("=="):
                said = marker if isinstance(marker, str) else ""
                _pin(into, name, version.lstrip("="), said, place)
            else:
                shown = f"{name} {short(str(value))}"
                into.refuse(shown, "comes from elsewhere than PyPI", place)


def read_conda_lock(files: Files, text: Text, into: Collected) -> None:
    """Read a conda-lock.yml: the Linux packages that depend on Python."""
    del files
    try:
        document = plain_yaml.load(text.text)
    except plain_yaml.BadYaml as error:
        place = into.place(error.line)
        into.problem(f"this is not YAML that can be read: {error.reason}", place)
        return
    packages = document.get("package") if isinstance(document, dict) else None
    if not isinstance(packages, list):
        into.problem('has no list "package"', into.place())
        return
    entries = [entry for entry in packages if isinstance(entry, dict)]
    platforms = sorted({_text(entry, "platform") for entry in entries})
    platform = _PLATFORM if _PLATFORM in platforms else (platforms or [""])[0]
    for entry in entries:
        if _text(entry, "platform") == platform:
            _conda_entry(into, entry)


def _conda_entry(into: Collected, entry: dict[str, plain_yaml.Node]) -> None:
    name, version = _text(entry, "name").lower(), _text(entry, "version")
    node = entry.get("name")
    place = into.place(
        node.line if isinstance(node, plain_yaml.Scalar) else None, "lock"
    )
    needs = entry.get("dependencies")
    if name == "python":
        into.ask_python(f"=={version}", f"python {version}", place)
    elif _text(entry, "manager") == "pip":
        _pin(into, name, version, "", place)
    elif isinstance(needs, dict) and needs.keys() & {"python", "python_abi"}:
        found = from_conda(name)
        if isinstance(found, OnPyPI):
            # A constraint has no extras.
            _pin(into, found.requirement.split("[", 1)[0], version, "", place)


def _text(entry: dict[str, plain_yaml.Node], key: str) -> str:
    node = entry.get(key)
    return node.text if isinstance(node, plain_yaml.Scalar) else ""
