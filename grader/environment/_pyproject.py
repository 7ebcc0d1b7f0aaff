"""pyproject.toml: PEP 621, dependency groups, setuptools, Poetry, uv, PDM, Hatch."""

import tomllib

from grader.environment._collect import Collected, Place, short
from grader.environment._poetry import add_table, caret_specifiers
from grader.environment._requirements import follow
from grader.environment._text import Files, Text
from grader.environment.declarations import group_named

Table = dict[str, object]


def parse_toml(text: Text, into: Collected) -> Table:
    """A TOML file's table; empty, with the problem recorded, where it can't be read."""
    try:
        return dict(tomllib.loads(text.text))
    except (tomllib.TOMLDecodeError, ValueError) as error:
        into.problem(f"this is not TOML that can be read: {error}", into.place())
    except RecursionError:
        into.problem("it is nested too deeply", into.place())
    return {}


def table(node: object, *keys: str) -> Table:
    """The table below keys, or an empty one."""
    for key in keys:
        node = node.get(key) if isinstance(node, dict) else None
    return dict(node) if isinstance(node, dict) else {}


def strings(node: object) -> list[str]:
    """The texts of a list; a single text is a list of one."""
    if isinstance(node, str):
        return [node]
    return [p for p in node if isinstance(p, str)] if isinstance(node, list) else []


def read_pyproject(files: Files, text: Text, into: Collected) -> None:
    """Read a pyproject.toml."""
    if text.remark:
        into.remark(f"{text.path} {text.remark}", into.place())
    _Reader(files, text, into).read(parse_toml(text, into))


class _Reader:
    def __init__(self, files: Files, text: Text, into: Collected) -> None:
        self._files = files
        self._text = text
        self._into = into
        self._sources: Table = {}

    def read(self, document: Table) -> None:
        """Every place where a dependency may stand."""
        project = table(document, "project")
        self._sources = {
            _plain(name): source
            for name, source in table(document, "tool", "uv", "sources").items()
        }
        python = project.get("requires-python")
        if isinstance(python, str):
            self._into.ask_python(python, python, self._place(python, "runtime"))
        self._lines(project.get("dependencies"), "runtime")
        for name, lines in table(project, "optional-dependencies").items():
            self._lines(lines, self._named(name))
        self._groups(table(document, "dependency-groups"))
        self._setuptools(table(document, "tool", "setuptools", "dynamic"))
        self._poetry(table(document, "tool", "poetry"))
        self._lines(table(document, "tool", "uv").get("dev-dependencies"), "dev")
        for name, lines in table(document, "tool", "pdm", "dev-dependencies").items():
            self._lines(lines, self._named(name))
        for name, environment in table(document, "tool", "hatch", "envs").items():
            group = "test" if name == "default" else self._named(name)
            for key in ("dependencies", "extra-dependencies"):
                self._lines(table(environment).get(key), group)
        self._indexes(document)

    def _named(self, name: str) -> str:
        # An optional group is never the project's own packages, whatever its name.
        group = group_named(name)
        return name.lower() if group == "runtime" else group

    def _place(self, written: str, group: str) -> Place:
        return self._into.place(self._text.line_of(written), group)

    def _lines(self, lines: object, group: str) -> None:
        if lines is not None and not isinstance(lines, list):
            self._into.problem(
                "a list of dependencies is not a list", self._into.place()
            )
        for line in lines if isinstance(lines, list) else []:
            if isinstance(line, str):
                self._line(line, self._place(line, group))

    def _line(self, line: str, place: Place) -> None:
        name = _plain(line)
        source = self._sources.get(name)
        for part in source if isinstance(source, list) else [source]:
            if not isinstance(part, dict):
                continue
            if any(key in part for key in ("git", "url", "path", "workspace")):
                self._into.refuse(line, "comes from elsewhere than PyPI", place)
                return
            self._into.refuse(
                f"{name}: {short(str(part.get('index', part)))}",
                "asks for another package index; taken from PyPI",
                place,
            )
        self._into.add(line, place)

    def _groups(self, groups: Table) -> None:
        for name in groups:
            for line in _expand(groups, name, set()):
                self._line(line, self._place(line, self._named(name)))

    def _setuptools(self, dynamic: Table) -> None:
        named = [("runtime", dynamic.get("dependencies"))]
        for name, value in table(dynamic, "optional-dependencies").items():
            named.append((self._named(name), value))
        for group, value in named:
            for file in strings(table(value).get("file")):
                follow(self._files, file, self._into, self._place(file, group))

    def _poetry(self, poetry: Table) -> None:
        self._poetry_table(table(poetry, "dependencies"), "runtime")
        self._poetry_table(table(poetry, "dev-dependencies"), "dev")
        for name, group in table(poetry, "group").items():
            self._poetry_table(table(group, "dependencies"), self._named(name))

    def _poetry_table(self, dependencies: Table, group: str) -> None:
        for name, value in dependencies.items():
            place = self._place(f"\n{name}", group)
            place = Place(place.path, self._line_of_key(name), group)
            if name.lower() == "python":
                said = caret_specifiers(value) if isinstance(value, str) else None
                self._into.ask_python(said or "", f"python = {value}", place)
            else:
                is_optional = isinstance(value, dict) and value.get("optional") is True
                place = Place(
                    place.path, place.line, "optional" if is_optional else group
                )
                add_table(self._into, name, value, place, "Poetry")

    def _line_of_key(self, key: str) -> int | None:
        for number, line in enumerate(self._text.text.split("\n"), 1):
            if line.split("=", 1)[0].strip().strip('"') == key:
                return number
        return None

    def _indexes(self, document: Table) -> None:
        tool = table(document, "tool")
        for node in (
            table(tool, "uv").get("index"),
            table(tool, "poetry").get("source"),
        ):
            for index in node if isinstance(node, list) else []:
                url = table(index).get("url")
                if isinstance(url, str) and "pypi.org" not in url:
                    self._into.refuse(
                        url,
                        "asks for another package index; packages come from PyPI",
                        self._place(url, "runtime"),
                    )


def _expand(groups: Table, name: str, seen: set[str]) -> list[str]:
    """The lines of a dependency group and of those it includes, each group once."""
    seen.add(name)
    members = groups.get(name)
    found: list[str] = []
    for member in members if isinstance(members, list) else []:
        if isinstance(member, str):
            found.append(member)
            continue
        included = _plain(str(table(member).get("include-group", "")))
        for other in groups:
            if _plain(other) == included and other not in seen and len(seen) < 50:
                found += _expand(groups, other, seen)
    return found


def _plain(name: str) -> str:
    """The canonical name at the front of a requirement, for looking up."""
    word = ""
    for character in name.strip().lower():
        if not (character.isalnum() or character in "-_."):
            break
        word += "-" if character in "-_." else character
    return word
