"""Poetry's and Pipenv's ways to write a dependency, as PEP 508 lines."""

import re

from packaging.version import InvalidVersion, Version

from grader.environment._collect import Collected, Place, short

_FOREIGN = ("git", "hg", "svn", "url", "path", "file")


def add_table(
    into: Collected, name: str, value: object, place: Place, tool: str
) -> None:
    """Declare `name = value`; a value is a version, a table, or a list of those."""
    if isinstance(value, list):
        for part in value[:20]:
            add_table(into, name, part, place, tool)
        return
    table: dict[str, object] = value if isinstance(value, dict) else {"version": value}
    for key in _FOREIGN:
        if key in table:
            if key == "path" and str(table[key]).rstrip("/") == ".":
                into.installs_project = True
            reason = f"comes from a {key} instead of PyPI"
            into.refuse(f"{name} = {short(str(value))}", reason, place)
            return
    if "index" in table or "source" in table:
        asked = str(table.get("index") or table.get("source"))
        reason = "asks for another package index; taken from PyPI"
        into.refuse(f"{name}: {asked}", reason, place)
    version = table.get("version", "*")
    specifiers = caret_specifiers(version) if isinstance(version, str) else None
    if specifiers is None:
        into.problem(
            f'{name}: "{short(str(version))}" is a version that {tool} may know and '
            "PEP 508 can't say: taken without a version",
            place,
        )
        specifiers = ""
    extras = table.get("extras")
    bracket = f"[{','.join(map(str, extras))}]" if isinstance(extras, list) else ""
    markers = _markers(table)
    line = f"{name}{bracket}{specifiers}" + (f" ; {markers}" if markers else "")
    written = f'{name} = "{value}"' if isinstance(value, str) else f"{name} = {value}"
    into.add(line, place, written=written)


def _markers(table: dict[str, object]) -> str:
    said: list[str] = []
    if isinstance(table.get("markers"), str):
        said.append(f"({table['markers']})")
    python = table.get("python")
    if isinstance(python, str) and (specifiers := caret_specifiers(python)):
        said += [_marker("python_version", part) for part in specifiers.split(",")]
    for key, marker in (("platform", "sys_platform"), ("sys_platform", "sys_platform")):
        if isinstance(table.get(key), str):
            value = str(table[key])
            said.append(
                f'{marker} == "{value}"'
                if value[:1] not in "=!"
                else f"{marker} {value}"
            )
    return " and ".join(said)


def _marker(variable: str, specifier: str) -> str:
    match = re.match(r"([<>=!~]+)(.*)$", specifier)
    assert match is not None, "caret_specifiers gives operators"
    return f'{variable} {match[1]} "{match[2]}"'


def caret_specifiers(version: str) -> str | None:
    """`^1.2`, `~1.2`, `1.*`, `>=1 <2` as PEP 440; empty for any, None if impossible."""
    if "|" in version or len(version) > 200:
        return None
    said: list[str] = []
    # Poetry takes a space for a comma as well: `>=1.0 <2.0`.
    tight = re.sub(r"([<>=!~^]+)\s+", r"\1", version.strip())
    for part in re.split(r"[,\s]+", tight):
        if part in {"", "*", "latest"}:
            continue
        bounds = _bounds(part)
        if bounds is None:
            return None
        said.append(bounds)
    return ",".join(said)


def _bounds(part: str) -> str | None:
    if part[0] == "^" or (part[0] == "~" and part[:2] != "~="):
        try:
            low = Version(part[1:].strip("v"))
        except InvalidVersion:
            return None
        return f">={low},<{_next(low, is_caret=part[0] == '^')}"
    if part[0] in "<>=!~":
        return f"={part}" if re.match(r"=[^=]", part) else part
    return f"=={part}"


def _next(low: Version, *, is_caret: bool) -> str:
    """The first version out: `^1.2.3` → 2.0.0, `^0.2.3` → 0.3.0, `~1.2` → 1.3."""
    numbers = list(low.release)
    if is_caret:
        at = next((i for i, n in enumerate(numbers) if n), len(numbers) - 1)
    else:
        at = min(1, len(numbers) - 1)
    raised = [*numbers[:at], numbers[at] + 1, *([0] * (len(numbers) - at - 1))]
    return ".".join(map(str, raised))
