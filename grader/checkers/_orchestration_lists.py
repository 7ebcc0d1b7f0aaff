"""Lists of steps: what they name, whether that is there, and who says which steps run."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from grader.checkers._orchestration_projects import Project
from grader.checkers._orchestration_texts import listed
from grader.codebase.bodies import is_stub
from grader.codebase.code import CodeFile, code_of
from grader.codebase.documents import Value as Setting
from grader.codebase.dvc import dvc_of
from grader.codebase.origins import Origins, Value, origins_of
from grader.codebase.reach import Reach
from grader.codebase.settings import Leaf, leaves, settings_of
from grader.codebase.stages import words_of
from grader.model.measurement import Sight
from grader.model.snapshot import Snapshot

_PLURAL = frozenset({"steps", "stages"})
_STEP = frozenset({"step", "stage", *_PLURAL})
_BESIDE = frozenset(
    "pipeline pipelines run active enabled to execute execution order ordered selected all "
    "default valid available main list names ml".split()
)
_EVERYTHING = frozenset({"", "all", "*", "none", "null", "full"})
_MODELS = ("sklearn.", "imblearn.")
_MAX_LISTS = 40


@dataclass(frozen=True)
class StepList:
    """The names of a list of steps, where it stands, and those that stand for nothing."""

    sight: Sight
    names: tuple[str, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True)
class Choice:
    """Where code reads which steps run, and the key or option that says it."""

    read: Sight
    said: Sight
    names: tuple[str, ...] = ()


class StepLists:
    """The lists of steps that the pipeline comes to, and the choices it reads."""

    def __init__(
        self, snapshot: Snapshot, reach: Reach, projects: tuple[Project, ...]
    ) -> None:
        self._reach, self._code = reach, code_of(snapshot)
        self._origins: Origins = origins_of(snapshot)
        self._settings = settings_of(snapshot)
        self._known = frozenset(_known(snapshot, projects))
        self._compared = frozenset(self._comparisons())
        self.choices = tuple(self._choices())
        self.lists = tuple(self._lists())
        self.unread = () if self.choices else tuple(self._unread())

    def _lists(self) -> Iterator[StepList]:
        seen: set[tuple[str, ...]] = set()
        for choice in self.choices:
            if len(choice.names) >= 2 and choice.names not in seen:
                seen.add(choice.names)
                yield self._list(choice.said, choice.names)
        for file, node in self._reach.nodes():
            if not isinstance(node, ast.Name) or len(seen) >= _MAX_LISTS:
                continue
            if not isinstance(node.ctx, ast.Load) or not _says_steps(node.id, _STEP):
                continue
            value = Value(file, node)
            for one in self._origins.of(value)[:4]:
                if not isinstance(one.node, ast.List | ast.Tuple | ast.Dict):
                    continue
                names = listed(self._origins, one)
                elements = (
                    one.node.keys if isinstance(one.node, ast.Dict) else one.node.elts
                )
                # `[("scaler", StandardScaler())]` are steps of scikit-learn.
                is_rows = any(isinstance(each, ast.Tuple) for each in elements)
                if len(names) >= 2 and names not in seen and not is_rows:
                    seen.add(names)
                    sight = Sight(
                        path=one.file.path, line=one.node.lineno, what=node.id[:80]
                    )
                    yield self._list(sight, names, self._handled(one))

    def _list(
        self,
        sight: Sight,
        names: tuple[str, ...],
        handled: frozenset[str] = frozenset(),
    ) -> StepList:
        known = self._known | self._compared | handled
        missing = tuple(
            one for one in names if not any(form in known for form in _forms(one))
        )
        return StepList(sight, names, missing)

    def _handled(self, value: Value) -> frozenset[str]:
        """The keys of `{"train": train_model}` whose functions are there."""
        found = set()
        if isinstance(value.node, ast.Dict):
            for key, one in zip(value.node.keys, value.node.values):
                text = self._origins.text(value.other(key)) if key else None
                defined = self._code.defined(value.file, one)
                if text and defined is not None:
                    is_empty = not isinstance(defined.node, ast.ClassDef) and is_stub(
                        defined.file, defined.node
                    )
                    if not is_empty:
                        found.add(_plain(text))
        return frozenset(found)

    def _comparisons(self) -> Iterator[str]:
        """The names that code which runs asks for: `if "train" in steps`, `case "train"`."""
        for file, node in self._reach.nodes():
            match node:
                case ast.If(test=test):
                    for one in ast.walk(test):
                        match one:
                            case ast.Compare(
                                left=ast.Constant(value=str(text)),
                                ops=[ast.In() | ast.Eq()],
                            ) | ast.Compare(
                                ops=[ast.Eq()],
                                comparators=[ast.Constant(value=str(text))],
                            ):
                                if not _does_nothing(node):
                                    yield _plain(text)
                case ast.MatchValue(value=ast.Constant(value=str(text))):
                    yield _plain(text)

    def _choices(self) -> Iterator[Choice]:
        said: dict[str, list[Leaf]] = {}
        for name, one in self._step_settings():
            said.setdefault(name, []).append(one)
        for file, node in self._reach.nodes():
            if not isinstance(node, ast.Attribute | ast.Subscript | ast.Call):
                continue
            if isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load):
                continue
            if isinstance(node, ast.Call) and not isinstance(node.func, ast.Attribute):
                continue
            value = Value(file, node)
            if not (key := _key(node)) or not _says_steps(key, _STEP):
                continue
            read = Sight(path=file.path, line=node.lineno, what=key[:80])
            if self._is_option(file, node):
                yield Choice(read, read)
                continue
            if key not in said or not self._origins.is_configured(value):
                continue
            if self._is_of_model(file, node):
                continue
            leaf = _same(said[key], self._origins.keys(value), key)
            if leaf is None:
                continue
            at = leaf.keys.index(key)
            line = self._settings.files[leaf.path].line_of(*leaf.keys[: at + 1])
            where = Sight(path=leaf.path, line=line, what=".".join(leaf.keys[: at + 1]))
            yield Choice(read, where, self._names(leaf.path, leaf.keys[: at + 1]))
        yield from self._commands()

    def _is_option(self, file: CodeFile, node: ast.expr) -> bool:
        """Whether it is `args.steps` of what argparse parsed."""
        if not isinstance(node, ast.Attribute):
            return False
        return ".parse_args()" in (self._code.symbol(file, node.value) or "")

    def _is_of_model(self, file: CodeFile, node: ast.expr) -> bool:
        """Whether it is `pipeline.steps` of scikit-learn."""
        if not isinstance(node, ast.Attribute):
            return False
        return (self._code.symbol(file, node.value) or "").startswith(_MODELS)

    def _commands(self) -> Iterator[Choice]:
        """Parameters of a command of typer or click that say which steps run."""
        for unit in self._reach.units:
            if unit.node is None:
                continue
            symbols = [
                self._code.symbol(unit.file, one) or ""
                for one in unit.node.decorator_list
            ]
            if not any(one.startswith(("typer.", "click.")) for one in symbols):
                continue
            for argument in (*unit.node.args.args, *unit.node.args.kwonlyargs):
                if _says_steps(argument.arg, _STEP):
                    sight = Sight(
                        path=unit.file.path, line=argument.lineno, what=argument.arg
                    )
                    yield Choice(sight, sight)

    def _step_settings(self) -> Iterator[tuple[str, Leaf]]:
        """The keys of the configuration that say which steps run, with a value below each."""
        for document in self._settings.files.values():
            for leaf in leaves(document):
                for key in leaf.keys:
                    if _says_steps(key, _PLURAL):
                        yield key, leaf

    def _names(self, path: str, keys: tuple[str, ...]) -> tuple[str, ...]:
        """The names below a key: of a list, of a mapping, of `a,b,c`; none for `all`."""
        return _names_in(self._settings.files[path].at(*keys))

    def _unread(self) -> Iterator[Sight]:
        for key, leaf in self._step_settings():
            at = leaf.keys.index(key)
            if len(self._names(leaf.path, leaf.keys[: at + 1])) >= 2:
                line = self._settings.files[leaf.path].line_of(*leaf.keys[: at + 1])
                yield Sight(path=leaf.path, line=line, what=key)


def _same(found: list[Leaf], keys: tuple[str, ...], key: str) -> Leaf | None:
    """The value that a look-up means: the key above must be the same, where both say one."""
    for leaf in found:
        at = leaf.keys.index(key)
        if len(keys) < 2 or not at or keys[-2] == leaf.keys[at - 1]:
            return leaf
    return None


def _names_in(value: Setting) -> tuple[str, ...]:
    match value:
        case str():
            names = [one.strip() for one in value.split(",")]
        case list():
            names = [one for one in value if isinstance(one, str)]
            names += [
                str(one.get("name"))
                for one in value
                if isinstance(one, dict) and isinstance(one.get("name"), str)
            ]
        case dict():
            names = [str(one) for one in value]
        case _:
            return ()
    kept = [one[:200] for one in names if one.lower() not in _EVERYTHING]
    return tuple(dict.fromkeys(kept[:60]))


def _key(node: ast.expr) -> str | None:
    """The last key of a look-up: `cfg.main.steps`, `config["steps"]`, `.get("steps")`."""
    match node:
        case ast.Attribute(attr=name):
            return name
        case ast.Subscript(slice=ast.Constant(value=str(text))):
            return text
        case ast.Call(
            func=ast.Attribute(attr="get" | "pop"),
            args=[ast.Constant(value=str(text)), *_],
        ):
            return text
    return None


def _says_steps(name: str, words: frozenset[str]) -> bool:
    """Whether a name is that of a choice of steps, and not `n_steps` or `data_stage`."""
    own = set(words_of(name))
    return bool(own & words) and own <= _STEP | _BESIDE


def _plain(name: str) -> str:
    return name.strip().lower().replace("-", "_")


def _forms(name: str) -> tuple[str, ...]:
    """What a step may be called in the repository: its path, its module, its last part."""
    plain = _plain(name).removesuffix(".py").removeprefix("./")
    dotted = plain.replace("/", ".").replace(":", ".")
    forms = (plain, dotted)
    return forms if "." in dotted and dotted != plain else (*forms, dotted)


def _known(snapshot: Snapshot, projects: tuple[Project, ...]) -> Iterator[str]:
    """The modules, folders of code, functions, projects, entry points and stages there are."""
    code = code_of(snapshot)
    for path, file in code.files.items():
        if file.is_test:
            continue
        pure = PurePosixPath(path)
        dotted = code.modules.importable(path)
        yield _plain(dotted)
        yield _plain(dotted.removeprefix("src."))
        if pure.stem != "__init__":
            yield _plain(pure.stem)
        if any(part.strip() for part in snapshot.module(path).text.splitlines()):
            for part in pure.parts[:-1]:
                yield _plain(part)
        for name, function in file.functions.items():
            if not is_stub(file, function):
                yield _plain(name.rpartition(".")[2])
                yield _plain(f"{dotted}.{name}")
    for project in projects:
        if project.folder:
            yield _plain(PurePosixPath(project.folder).name)
        yield from (_plain(point.name) for point in project.points)
    yield from (_plain(stage.name) for stage in dvc_of(snapshot).stages)


def _does_nothing(branch: ast.If) -> bool:
    return all(
        isinstance(one, ast.Pass)
        or (isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant))
        for one in branch.body
    )
