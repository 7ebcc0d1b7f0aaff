"""How logging is set up by code that runs: the handlers that are added, and their settings.

A handler counts where it is given to a logger: by `addHandler`, to `basicConfig`, by
`dictConfig` or `fileConfig` to a logger that is declared there, to loguru's `add`. One that
is only made is none.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from pathlib import PurePosixPath

from grader.checkers._logging_setup_declared import (
    Declared,
    declared_by_dict,
    declared_by_file,
)
from grader.checkers._logging_setup_made import (
    CONSOLE,
    FILE,
    Maker,
    keywords_of,
    mentioned,
    sight_of,
)
from grader.checkers._logging_setup_model import (
    TIME_AND_LEVEL,
    Handler,
    Kind,
    Setup,
)
from grader.checkers._orchestration_hydra import HydraUses
from grader.codebase.code import CodeFile, Function, code_of
from grader.codebase.documents import Value as Plain
from grader.codebase.documents import documents_of
from grader.codebase.log_calls import is_log_call
from grader.codebase.origins import UNKNOWN, Value, origins_of
from grader.codebase.reach import Reach
from grader.model.measurement import Sight
from grader.model.snapshot import Snapshot

# Far more than any project has.
_MAX_CALLS = 200
# What Hydra takes from elsewhere, the innermost first: `${oc.env:DIR,${data.dir}}`.
_TAKEN = re.compile(r"\$\{[^{}]{0,200}\}")
_MAX_NESTED = 5
_CONSOLE_INSTALLERS = frozenset({"coloredlogs.install", "daiquiri.setup"})


def setup_of(snapshot: Snapshot, reach: Reach) -> Setup:
    """What sets logging up in the code that runs."""
    return _Reader(snapshot, reach).read()


class _Reader:
    def __init__(self, snapshot: Snapshot, reach: Reach) -> None:
        self._snapshot, self._reach = snapshot, reach
        self._code, self._origins = code_of(snapshot), origins_of(snapshot)
        self._maker = Maker(self._code, self._origins)
        self._setup = Setup()
        self._known: set[ast.AST] = set()

    def read(self) -> Setup:
        for file, node in list(self._reach.nodes()):
            if isinstance(node, ast.Call):
                self._call(file, node)
            elif isinstance(node, Function):
                self._hydra(file, node)
        if any(one.startswith("loguru") for one in self._loguru()):
            self._default_of_loguru()
        return self._setup

    def _call(self, file: CodeFile, call: ast.Call) -> None:
        name = self._code.symbol(file, call.func) or ""
        value = Value(file, call)
        attribute = call.func.attr if isinstance(call.func, ast.Attribute) else ""
        if name == "logging.basicConfig":
            self._basic(value, call)
        elif attribute == "addHandler" and call.args:
            self._add(value.other(call.args[0]), sight_of(value, "addHandler"))
        elif name in ("logging.config.dictConfig", "logging.config.fileConfig"):
            self._declared(value, call, name)
        elif name == "loguru.logger.add":
            self._loguru_sink(value, call)
        elif name in ("structlog.configure", *_CONSOLE_INSTALLERS):
            self._library(value, call, name)
        elif attribute == "setLevel" and call.args and self._is_logger(name, call):
            self._logger_level(value.other(call.args[0]))

    def _basic(self, value: Value, call: ast.Call) -> None:
        if len(self._setup.calls) > _MAX_CALLS:
            return
        given = keywords_of(value, call)
        sight = sight_of(value, "logging.basicConfig")
        self._setup.calls.append(sight)
        if (level := given.get("level")) is not None:
            self._logger_level(level)
        text = self._maker.text(given.get("format"))
        if "filename" in given:
            place = self._maker.text(given["filename"])
            self._setup.handlers.append(
                Handler("file", sight, format=text, place=place)
            )
        elif "handlers" in given:
            before = len(self._setup.handlers)
            self._add(given["handlers"], None)
            own = self._setup.handlers[before:]
            self._setup.handlers[before:] = [
                replace(one, format=one.format or text) for one in own
            ]
        else:
            self._setup.handlers.append(Handler("console", sight, format=text))

    def _add(self, value: Value, sight: Sight | None) -> None:
        if len(self._setup.calls) > _MAX_CALLS:
            return
        found = self._maker.made(value)
        for one in found:
            if one.node not in self._known:
                self._known.add(one.node)
                handler = self._maker.handler(one)
                self._setup.handlers.append(handler)
                if handler.is_level_configured:
                    self._setup.configured_levels.append(handler.sight)
        silent = all(self._maker.symbol(one) == "logging.NullHandler" for one in found)
        if sight is not None and (not found or not silent):
            self._setup.calls.append(sight)

    def _logger_level(self, value: Value) -> None:
        if (level := self._level(value)) is not None:
            self._setup.logger_levels.append(level)

    def _level(self, value: Value) -> str | None:
        """A level's name, else the expression; noted where a configuration says it."""
        if self._origins.is_configured(value):
            self._setup.configured_levels.append(sight_of(value, "the level"))
        return self._maker.level(value)

    def _is_logger(self, name: str, call: ast.Call) -> bool:
        receiver = call.func.value if isinstance(call.func, ast.Attribute) else None
        if name.startswith(("logging.getLogger", "logging.root", "logging.Logger()")):
            return True
        return isinstance(receiver, ast.Name) and "logger" in receiver.id.lower()

    def _declared(self, value: Value, call: ast.Call, name: str) -> None:
        sight = sight_of(value, name)
        self._setup.calls.append(sight)
        if not call.args:
            return
        read = declared_by_dict if name.endswith("dictConfig") else declared_by_file
        declared = read(
            self._snapshot, self._origins, value.other(call.args[0]), self._reach.paths
        )
        if declared is not None:
            self._take(declared, sight)

    def _take(self, declared: Declared, sight: Sight) -> None:
        for one in declared.handlers:
            kind: Kind = "other"
            if one.class_name in CONSOLE:
                kind = "console"
            elif one.class_name in FILE:
                kind = "file"
            where = sight.model_copy(update={"what": one.class_name})
            if declared.path is not None:
                where = Sight(path=declared.path, line=one.line, what=one.class_name)
            self._setup.handlers.append(
                Handler(
                    kind,
                    where,
                    level=one.level.upper() if one.level else None,
                    format=one.format,
                    place=one.place,
                    rotates="Rotating" in one.class_name,
                )
            )
        self._setup.logger_levels += [one.upper() for one in declared.levels]
        if declared.is_level_configured:
            where = Sight(path=declared.path or sight.path, what="the level")
            self._setup.configured_levels.append(where)

    def _loguru(self) -> Iterator[str]:
        for file, call in self._reach.calls():
            name = self._code.symbol(file, call.func) or ""
            if name.startswith("loguru.logger."):
                yield name

    def _default_of_loguru(self) -> None:
        """The handler on the console that loguru has until it is taken away."""
        used = set(self._loguru())
        if "loguru.logger.remove" in used:
            return
        for file, call in self._reach.calls():
            name = self._code.symbol(file, call.func) or ""
            if name.startswith("loguru.logger."):
                sight = sight_of(Value(file, call), "loguru's own")
                handler = Handler(
                    "console", sight, "DEBUG", TIME_AND_LEVEL, is_loguru=True
                )
                self._setup.handlers.append(handler)
                return

    def _loguru_sink(self, value: Value, call: ast.Call) -> None:
        given = keywords_of(value, call)
        sink = given.get("sink") or next(map(value.other, call.args), None)
        if sink is None:
            return
        symbol = self._code.symbol(value.file, sink.node) or ""
        is_console = symbol.startswith(("sys.std", "sys.__std"))
        kind: Kind = "console" if is_console else "file"
        if isinstance(sink.node, ast.Lambda) or symbol in CONSOLE:
            kind = "console"
        sight = sight_of(value, "loguru.logger.add")
        self._setup.calls.append(sight)
        text = self._maker.text(given.get("format")) or (
            None if "format" in given else TIME_AND_LEVEL
        )
        self._setup.handlers.append(
            Handler(
                kind,
                sight,
                level=self._level(given["level"]) if "level" in given else "DEBUG",
                format=text,
                place=None if is_console else self._maker.text(sink),
                rotates="rotation" in given,
                is_loguru=True,
            )
        )

    def _library(self, value: Value, call: ast.Call, name: str) -> None:
        sight = sight_of(value, name)
        self._setup.calls.append(sight)
        text: str | None = TIME_AND_LEVEL
        if name == "structlog.configure":
            text = mentioned(call)
        if (level := keywords_of(value, call).get("level")) is not None:
            self._logger_level(level)
        self._setup.handlers.append(Handler("console", sight, format=text))

    def _hydra(self, file: CodeFile, function: Function) -> None:
        """Hydra sets logging up before the function runs: a console and a file below outputs."""
        if not self._reach.reaches(function):
            return
        for decorator in function.decorator_list:
            called = decorator.func if isinstance(decorator, ast.Call) else decorator
            if self._code.symbol(file, called) == "hydra.main":
                value = Value(file, decorator)
                sight = sight_of(value, "Hydra's own logging")
                self._setup.calls.append(sight)
                own = Handler("console", sight, format=TIME_AND_LEVEL)
                self._setup.logger_levels.append("INFO")
                if self._is_past_hydra:
                    self._setup.is_past_hydra = True
                    return
                written = replace(own, kind="file", place=self._place(sight))
                self._setup.handlers += [own, written]

    @cached_property
    def _is_past_hydra(self) -> bool:
        """Whether all messages go to loguru, which hands none to the handlers of logging."""
        names = [
            self._code.symbol(file, call.func) or ""
            for file, call in self._reach.calls()
            if is_log_call(self._code, file, call)
        ]
        is_all = bool(names) and all(one.startswith("loguru.logger") for one in names)
        return is_all and "loguru.logger.add" not in self._loguru()

    @cached_property
    def _configs(self) -> dict[tuple[str, int | None], str]:
        """The configuration of each use of Hydra, by its file and line."""
        uses = HydraUses(self._snapshot, self._reach).uses
        return {(one.sight.path, one.sight.line): one.config for one in uses}

    def _place(self, sight: Sight) -> str:
        """Hydra's log file, with what the configuration says of its folder and name."""
        path = self._configs.get((sight.path, sight.line), "")
        config = documents_of(self._snapshot).get(path)
        folder = _interpolated(config.at("hydra", "run", "dir"))
        if folder is None or folder.startswith(UNKNOWN):
            folder = f"outputs/{UNKNOWN}/{UNKNOWN}"
        name = _interpolated(config.at("hydra", "job", "name"))
        return f"{folder}/{name or PurePosixPath(sight.path).stem}.log"


def _interpolated(value: Plain) -> str | None:
    """A text of Hydra's configuration, what it takes from elsewhere as not known."""
    if not isinstance(value, str) or not value:
        return None
    for _ in range(_MAX_NESTED):
        value = _TAKEN.sub(UNKNOWN, value)
    return value
