"""Which configuration files code that runs reads, and by what."""

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePosixPath

from grader.codebase.code import CodeFile, Function, code_of
from grader.codebase.documents import Document
from grader.codebase.documents import Value as Plain
from grader.codebase.documents import documents_of
from grader.codebase.entry import pipeline_of, serves
from grader.codebase.origins import UNKNOWN, Value, origins_of
from grader.codebase.reach import Reach, Start, reach_from
from grader.codebase.settings import settings_of
from grader.model.measurement import Sight
from grader.model.snapshot import Snapshot

_YAML = frozenset(
    "yaml.load yaml.safe_load yaml.full_load yaml.unsafe_load yaml.load_all "
    "yaml.safe_load_all yaml.full_load_all ruamel.yaml.YAML().load "
    "ruamel.yaml.load ruamel.yaml.safe_load ruamel.yaml.round_trip_load "
    "omegaconf.OmegaConf.load strictyaml.load oyaml.safe_load oyaml.load "
    "box.Box.from_yaml box.ConfigBox.from_yaml pyaml_env.parse_config anyconfig.load "
    "confuse.Configuration().set_file munch.Munch.fromYAML".split()
)
_OTHERS = frozenset(
    "tomllib.load tomllib.loads tomli.load tomli.loads toml.load toml.loads "
    "configparser.ConfigParser().read configparser.RawConfigParser().read "
    "configparser.ConfigParser().read_file configparser.SafeConfigParser().read "
    "dynaconf.Dynaconf dynaconf.LazySettings".split()
)
# JSON is data as often as it is settings.
_JSON = frozenset({"json.load", "json.loads", "orjson.loads", "ujson.load"})
_DVC = frozenset({"dvc.api.params_show"})
_CONFIGURED_BY_FILE = frozenset({"yaml_file", "toml_file", "json_file"})
_HYDRA_STARTS = frozenset({"hydra.initialize", "hydra.experimental.initialize"})
_HYDRA_COMPOSES = frozenset({"hydra.compose", "hydra.experimental.compose"})
_SAFE = frozenset(
    "yaml.SafeLoader yaml.CSafeLoader yaml.BaseLoader yaml.CBaseLoader "
    "yaml.loader.SafeLoader yaml.cyaml.CSafeLoader".split()
)
_SETTINGS = re.compile("config|cfg|settings|params", re.IGNORECASE)
_MAX_DEPTH = 10
_MAX_SERVICES = 10
# Far more than any project has.
_MAX_LOADS = 300


@dataclass
class Read:
    """The configuration files that are read, by path, each with the places.

    `hydra` are those that Hydra reads; `lost` the places that name a file which isn't there.
    """

    files: dict[str, list[Sight]] = field(default_factory=dict)
    hydra: dict[str, list[Sight]] = field(default_factory=dict)
    lost: list[Sight] = field(default_factory=list)

    @property
    def places(self) -> list[Sight]:
        """All places where one is read."""
        return [sight for places in self.files.values() for sight in places]


def running(snapshot: Snapshot) -> Reach:
    """What the pipeline comes to, and what the web applications do."""
    pipeline = pipeline_of(snapshot)
    services = [
        Start(path)
        for path, file in code_of(snapshot).files.items()
        if not file.is_test and serves(snapshot, path)
    ]
    return reach_from(snapshot, [*pipeline.starts, *services[:_MAX_SERVICES]])


def read_by(snapshot: Snapshot, reach: Reach) -> Read:
    """The configuration files that code which runs reads."""
    return _Reader(snapshot, reach).read()


def unsafe_loads(snapshot: Snapshot) -> list[Sight]:
    """Where YAML is loaded by a loader that can build any object, tests aside."""
    code, found = code_of(snapshot), []
    for file in code.files.values():
        for node in () if file.is_test else file.names.nodes:
            if not isinstance(node, ast.Call):
                continue
            name = code.symbol(file, node.func)
            if name in ("yaml.unsafe_load", "yaml.unsafe_load_all"):
                found.append(Sight(path=file.path, line=node.lineno, what=name))
            elif name in ("yaml.load", "yaml.load_all"):
                loaders = [one.value for one in node.keywords if one.arg == "Loader"]
                given = [*loaders, *node.args[1:2]]
                if not given or code.symbol(file, given[0]) not in _SAFE:
                    found.append(Sight(path=file.path, line=node.lineno, what=name))
    return found


class _Reader:
    def __init__(self, snapshot: Snapshot, reach: Reach) -> None:
        self._snapshot, self._reach = snapshot, reach
        self._code, self._origins = code_of(snapshot), origins_of(snapshot)
        self._known = settings_of(snapshot).files
        self._read = Read()
        # The names on the way to the path that is looked for.
        self._met: list[str] = []
        self._loads = 0

    def read(self) -> Read:
        folders: list[str | None] = []
        composed: list[Value] = []
        for file, node in self._reach.nodes():
            if isinstance(node, Function) and self._reach.reaches(node):
                self._decorated(file, node)
            elif isinstance(node, ast.Call):
                value = Value(file, node)
                name = self._code.symbol(file, node.func) or ""
                if name in _HYDRA_COMPOSES:
                    composed.append(value)
                elif name in _HYDRA_STARTS or name == "hydra.initialize_config_dir":
                    folders.append(self._folder(value, node))
                else:
                    self._called(value, node, name)
        for value in composed:
            if isinstance(value.node, ast.Call):
                self._composed(value, value.node, folders)
        return self._read

    def _called(self, value: Value, call: ast.Call, name: str) -> None:
        if name in _DVC:
            self._note("params.yaml", value, name)
        for keyword in call.keywords:
            # SettingsConfigDict(yaml_file="config.yaml")
            if keyword.arg in _CONFIGURED_BY_FILE:
                text = self._origins.text(value.other(keyword.value))
                self._named(text, value, "pydantic")
        if name not in _YAML and name not in _OTHERS and name not in _JSON:
            return
        self._loads += 1
        if self._loads > _MAX_LOADS:
            return
        given = [*call.args, *(one.value for one in call.keywords)][:3]
        self._met = []
        texts = [self._path(value.other(one), _MAX_DEPTH) for one in given]
        text = next((one for one in texts if one), None)
        if text is None:
            self._unnamed(value, name)
        else:
            self._named(text, value, name, is_data=name in _JSON)

    def _path(self, value: Value, depth: int) -> str | None:
        """The path in `open(path)`, `path.read_text()`, a list of paths, a variable of these."""
        if depth == 0:
            return None
        node, inner = value.node, list[Value]()
        if isinstance(node, ast.Name | ast.Attribute):
            self._met.append(node.id if isinstance(node, ast.Name) else node.attr)
        text = self._origins.text(value)
        if text is not None and "\n" not in text:
            return text
        match node:
            case ast.Call(func=ast.Attribute(value=receiver, attr=method), args=args):
                if method in ("open", "read_text", "read_bytes", "read", "files"):
                    inner = [value.other(receiver), *map(value.other, args[:1])]
                else:
                    inner = [*map(value.other, args[:1]), value.other(receiver)]
            case ast.Call(args=[first, *_]):
                inner = [*self._origins.returned(value), value.other(first)]
            case ast.List(elts=parts) | ast.Tuple(elts=parts):
                inner = [value.other(part) for part in parts[:5]]
            case _:
                inner = self._origins.of(value)
        for one in inner:
            if (found := self._path(one, depth - 1)) is not None:
                return found
        return None

    def _named(
        self, text: str | None, value: Value, what: str, *, is_data: bool = False
    ) -> None:
        """A file by the path that is known of it."""
        if text is None:
            return
        parts = [
            part
            for part in PurePosixPath(text.replace("\\", "/")).parts
            if part.strip(UNKNOWN) and part not in ("..", ".", "/")
        ]
        if not parts:
            return
        candidates = self._known if is_data else self._files()
        best = max(
            (one for one in candidates if _same(PurePosixPath(one).parts, parts)),
            key=lambda one: (_same(PurePosixPath(one).parts, parts), -len(one)),
            default=None,
        )
        if best is not None:
            self._note(best, value, what)
        elif not is_data and UNKNOWN not in parts[-1]:
            sight = _sight(value, f"{what} of {parts[-1]}")
            self._read.lost.append(sight)

    def _files(self) -> Iterator[str]:
        yield from self._known
        for path in self._snapshot.files:
            if path not in self._known and path.endswith((".yaml", ".yml", ".toml")):
                yield path

    def _unnamed(self, value: Value, what: str) -> None:
        """A file that only an argument names.

        One whose name code that runs has as a text; else, where the argument is called
        after a configuration, the first that the loader can read.
        """
        suffixes = (".json",) if what in _JSON else (".yaml", ".yml", ".toml", ".ini")
        fitting = [one for one in self._known if one.endswith(suffixes)]
        named = [one for one in fitting if PurePosixPath(one).name in self._words]
        is_settings = any(_SETTINGS.search(one) for one in self._met)
        if what not in _JSON and named or is_settings and named:
            for path in named:
                self._note(path, value, what)
        elif is_settings and fitting:
            self._note(fitting[0], value, what)

    @cached_property
    def _words(self) -> frozenset[str]:
        """The last parts of the texts of code that runs: names of files among them."""
        return frozenset(
            PurePosixPath(node.value).name
            for _, node in self._reach.nodes()
            if isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and len(node.value) < 200
        )

    def _note(self, path: str, value: Value, what: str) -> None:
        if path in self._snapshot.files:
            self._read.files.setdefault(path, []).append(_sight(value, what))

    def _decorated(self, file: CodeFile, function: Function) -> None:
        for decorator in function.decorator_list:
            if isinstance(decorator, ast.Call):
                if self._code.symbol(file, decorator.func) == "hydra.main":
                    value = Value(file, decorator)
                    self._composed(value, decorator, [self._folder(value, decorator)])

    def _folder(self, value: Value, call: ast.Call) -> str | None:
        """The folder of Hydra's files from the top of the repository; None if not known."""
        given = {one.arg: one.value for one in call.keywords}
        node = given.get("config_path") or given.get("config_dir")
        if node is None and call.args:
            node = call.args[0]
        home = PurePosixPath(value.file.path).parent
        if node is None or isinstance(node, ast.Constant) and node.value is None:
            return str(home)
        text = self._origins.text(value.other(node))
        is_here = isinstance(node, ast.Constant) and node.value in (".", "")
        if is_here:
            return str(home)
        if text is None:
            return None
        if UNKNOWN in text:
            return text.replace(UNKNOWN, "").strip("/")
        return _normal(str(home / text))

    def _composed(
        self, value: Value, call: ast.Call, folders: Iterable[str | None]
    ) -> None:
        given = {one.arg: one.value for one in call.keywords}
        node = given.get("config_name") or next(iter(call.args[:1]), None)
        text = self._origins.text(value.other(node)) if node is not None else None
        if text is None:
            return
        name = text if text.endswith((".yaml", ".yml")) else f"{text}.yaml"
        wanted = [_normal(f"{one}/{name}") for one in folders if one is not None]
        for path in wanted:
            if path in self._snapshot.files:
                self._hydra(path, value)
                return
        anywhere = [one for one in self._known if PurePosixPath(one).name == name]
        if wanted or not anywhere:
            where = wanted[0] if wanted else name
            self._read.lost.append(_sight(value, f"Hydra, of {where}"))
        else:
            self._hydra(anywhere[0], value)

    def _hydra(self, path: str, value: Value) -> None:
        sight = _sight(value, "Hydra")
        self._read.hydra.setdefault(path, []).append(sight)
        self._read.files.setdefault(path, []).append(sight)
        for one in groups_of(documents_of(self._snapshot).get(path)):
            if one.path in self._snapshot.files:
                self._read.files.setdefault(one.path, []).append(sight)


@dataclass(frozen=True)
class Group:
    """One entry of a defaults list: the file that it means, and its group, "" for none."""

    path: str
    group: str


def groups_of(document: Document) -> list[Group]:
    """What a Hydra file's `defaults` list names, Hydra's own groups aside."""
    found: list[Group] = []
    folder = PurePosixPath(document.path).parent
    listed = document.mapping.get("defaults")
    for entry in listed if isinstance(listed, list) else []:
        pairs: list[tuple[str, Plain]] = []
        if isinstance(entry, str):
            pairs = [("", entry)]
        elif isinstance(entry, dict):
            pairs = list(entry.items())
        for key, chosen in pairs:
            words = key.split()
            group = words[-1].partition("@")[0] if words else ""
            if group.startswith("hydra/") or "optional" in words[:-1]:
                continue
            for one in chosen if isinstance(chosen, list) else [chosen]:
                if not isinstance(one, str) or one in ("_self_", "???"):
                    continue
                if "${" in one:
                    continue
                name = one.partition("@")[0].removesuffix(".yaml")
                path = _normal(f"{folder}/{group.strip('/')}/{name}.yaml")
                found.append(Group(path, group or str(PurePosixPath(name).parent)))
    return found


def _same(path: tuple[str, ...], parts: list[str]) -> int:
    """How many of the last parts of two paths are the same."""
    count = 0
    for one, other in zip(reversed(path), reversed(parts)):
        if one != other:
            break
        count += 1
    return count


def _normal(path: str) -> str:
    parts: list[str] = []
    for part in path.split("/"):
        if part == ".." and parts:
            parts.pop()
        elif part not in ("", ".", ".."):
            parts.append(part)
    return "/".join(parts)


def _sight(value: Value, what: str) -> Sight:
    return Sight(path=value.file.path, line=value.node.lineno, what=what)
