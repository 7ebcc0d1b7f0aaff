"""environment.yml and conda.yml: channels, Python, match specs, the nested pip list.

A conda spec becomes a PEP 508 line: `=1.2` is `==1.2.*`, `=1.2.3=py311_0` is `==1.2.3`,
a channel and a build are dropped. What PEP 508 can't say is taken without a version,
and said.
"""

import re
from dataclasses import dataclass

from packaging.specifiers import InvalidSpecifier, Specifier

from grader.codebase import plain_yaml
from grader.environment._collect import Collected, Place, short
from grader.environment._text import Files, Text
from grader.environment.declarations import NotInstalled
from grader.environment.names import NotOnPyPI, NotPython, from_conda

FILE_NAME = re.compile(
    r"^(?P<stem>environment|env|conda|conda[-_]?env(ironment)?)"
    r"(?P<after>[-_.][\w.-]*)?\.ya?ml$",
    re.I,
)
_SPEC = re.compile(
    r"^(?:(?P<channel>[^\s\[:=<>!~]+)::)?(?P<name>[A-Za-z0-9_][\w.-]*)\s*(?P<rest>.*)$",
    re.ASCII | re.S,
)
_BRACKET = re.compile(r"\[(?P<inside>[^\]]*)\]\s*$")
_PAIR = re.compile(r"(\w+)\s*=\s*(?:'([^']*)'|\"([^\"]*)\"|([^,'\"]+))")
_WITH_BUILD = re.compile(r"^(?P<op>={0,2})(?P<version>[^=<>!~|,\s]+)=(?P<build>[^=]+)$")
_PART = re.compile(r"^(===|==|!=|<=|>=|~=|=|<|>)?(.+)$")


@dataclass(frozen=True)
class MatchSpec:
    """A conda package with its version as PEP 440 specifiers, `==1.2.*,!=1.2.4`."""

    name: str
    specifiers: str
    is_pinned: bool
    remark: str = ""


def read_conda(files: Files, text: Text, into: Collected) -> None:
    """Read an environment.yml."""
    # Imported here: a pip list names requirements files, which may be conda's lists.
    from grader.environment._requirements import add_lines

    if text.remark:
        into.remark(f"{text.path} {text.remark}", into.place())
    try:
        document = plain_yaml.load(text.text)
    except plain_yaml.BadYaml as error:
        place = into.place(error.line)
        into.problem(f"this is not YAML that can be read: {error.reason}", place)
        return
    if not isinstance(document, dict):
        into.problem("is empty, or not a conda environment", into.place())
        return
    into.channels.extend(s.text for s in _scalars(document.get("channels")))
    dependencies = document.get("dependencies")
    if not isinstance(dependencies, list):
        into.problem('has no list "dependencies"', into.place())
        return
    pip_lines: list[tuple[str, int]] = []
    for entry in dependencies:
        if isinstance(entry, plain_yaml.Scalar):
            add_match_spec(into, entry.text, into.place(entry.line))
        elif isinstance(entry, dict):
            for key, value in entry.items():
                if key == "pip":
                    pip_lines += [(s.text.strip(), s.line) for s in _scalars(value)]
                else:
                    into.problem(f'"{short(key)}:" is not understood', into.place())
        else:
            into.problem("a list inside the dependencies is not read", into.place())
    add_lines(files, [(line, at) for line, at in pip_lines if line], into)


def _scalars(node: plain_yaml.Node | None) -> list[plain_yaml.Scalar]:
    if isinstance(node, plain_yaml.Scalar):
        return [node] if node.text.strip() else []
    if isinstance(node, list):
        return [part for part in node if isinstance(part, plain_yaml.Scalar)]
    return []


def add_match_spec(into: Collected, written: str, place: Place) -> None:
    """Declare what a conda match spec asks for, under its name on PyPI."""
    spec = parse_match_spec(written)
    if isinstance(spec, str):
        into.refuse(written, spec, place)
        return
    if spec.name == "python":
        into.ask_python(spec.specifiers, written, place)
        if spec.remark:
            into.problem(f'"{short(written)}" {spec.remark}', place)
        return
    found = from_conda(spec.name)
    if isinstance(found, NotPython):
        into.non_python.append(
            NotInstalled(spec.name, place.path, place.line, found.what)
        )
        return
    if isinstance(found, NotOnPyPI):
        into.unmapped.append(NotInstalled(spec.name, place.path, place.line, found.why))
        return
    if spec.remark:
        into.problem(f'"{short(written)}" {spec.remark}', place)
    into.add(
        found.requirement + spec.specifiers,
        place,
        written=written.strip(),
        origin="conda",
        naming=found.by,
        is_pinned=spec.is_pinned,
    )


def parse_match_spec(written: str) -> MatchSpec | str:
    """A conda match spec, or why it is not taken."""
    text = re.sub(r"\s#.*$", "", written).strip()
    if len(text) > 1_000:
        return "it is over 1,000 characters long"
    if "://" in text or text.endswith((".conda", ".tar.bz2")):
        return "comes from a URL or file instead of a channel"
    version, build, bracket = "", "", _BRACKET.search(text)
    if bracket:
        text = text[: bracket.start()].strip()
        pairs = {m[1]: m[2] or m[3] or m[4] for m in _PAIR.finditer(bracket["inside"])}
        version, build = pairs.get("version") or "", pairs.get("build") or ""
    match = _SPEC.match(text)
    if match is None:
        return "is not a conda package specification"
    name, rest = match["name"].lower(), match["rest"].strip()
    if rest:
        version, build = _version_and_build(rest)
    specifiers: list[str] = []
    is_pinned = False
    if "|" in version:
        remark = "allows one version or another: taken without a version"
        return MatchSpec(name, "", False, remark)
    for part in version.split(",") if version else []:
        said = _specifier(part.strip(), bool(build))
        if said is None:
            remark = f'has a version that is not understood ("{short(part)}"): '
            return MatchSpec(name, "", False, remark + "taken without a version")
        specifiers += [said[0]] if said[0] else []
        is_pinned = is_pinned or said[1]
    return MatchSpec(name, ",".join(specifiers), is_pinned)


def _version_and_build(rest: str) -> tuple[str, str]:
    """`=1.2=py_0`, `>=1.2, <2`, `1.2.* py_0` as version and build."""
    tight = re.sub(r"\s*([,|])\s*", r"\1", rest)
    tight = re.sub(r"([<>=!~]=?)\s+", r"\1", tight)
    words = tight.split()
    if len(words) >= 2:
        return words[0], words[1]
    with_build = _WITH_BUILD.match(tight)
    if with_build and not tight.startswith("==="):
        return f"=={with_build['version']}", with_build["build"]
    return tight, ""


def _specifier(part: str, has_build: bool) -> tuple[str, bool] | None:
    """One condition as PEP 440 says it, and whether it admits one version only."""
    match = _PART.match(part)
    if match is None:
        return None
    operator, version = match[1] or "", match[2].strip()
    if version in {"*", ".*"}:
        return "", False
    stem = re.sub(r"\.?\*$", "", version)
    is_open = stem != version
    if operator in {"", "="} and (is_open or (operator == "=" and not has_build)):
        # conda's `=1.2.3` admits 1.2.3 and what is built upon it, such as 1.2.3.post1.
        wide = f"=={stem}.*"
        pinned = operator == "=" and not is_open and _names_a_release(stem)
        return (wide, pinned) if _is_specifier(wide) else _exact(stem)
    if operator in {"", "=", "==", "==="} and not is_open:
        return _exact(stem)
    operator = "==" if operator in {"", "="} else operator
    kept = f"{stem}.*" if is_open and operator in {"==", "!="} else stem
    said = f"{operator}{kept}"
    return (said, False) if _is_specifier(said) else None


def _exact(version: str) -> tuple[str, bool] | None:
    return (f"=={version}", True) if _is_specifier(f"=={version}") else None


def _names_a_release(version: str) -> bool:
    """`1.2.3`, or `2024.1` where versions are dates; `1.2` names a series."""
    numbers = version.split(".")
    is_date = re.fullmatch(r"(19|20)\d\d", numbers[0]) is not None
    return len(numbers) >= (2 if is_date else 3)


def _is_specifier(text: str) -> bool:
    try:
        Specifier(text)
    except (InvalidSpecifier, ValueError):
        return False
    return True
