"""The process that tools are forked from: they start with their modules imported.

    python -I -X utf8 -m grader.sandbox.warm_parent LISTENER LIFE TREES [TOOL ...]

`LISTENER` and `LIFE` are inherited descriptors: a Unix socket that listens, and a pipe whose
other end is held by whoever wants tools run; when that closes, everything here ends. Each
tool gets a process of its own that imports it and nothing else, so that a run finds what it
would find in a new interpreter. The tools that are named are imported beforehand, one after
the other; with `TREES` (1, not 0) pylint then also parses what every repository makes it
parse, while nobody waits for it: that pays for several. A request comes over a connection:
the tool's name in `NAME_BYTES`, then what the launcher of a container is told
(`grader.sandbox.launcher`). The answer is the process id of the keeper on a line, and how the
tool ended on another.

No file of a repository is ever open here: a run is a fork that puts the box's rules on
itself before it reads the first one, and is gone afterwards.
"""

import array
import atexit
import contextlib
import gc
import importlib
import logging
import marshal
import os
import pkgutil
import select
import signal
import socket
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Sequence
from types import MappingProxyType, ModuleType
from typing import TYPE_CHECKING, NoReturn

from grader.sandbox import launcher, shielded

if TYPE_CHECKING:
    from grader.sandbox.launcher import Specification

NAME_BYTES = 32

# What each tool imports in the course of a run, some of it late.
MODULES = MappingProxyType(
    {
        "black": (
            *("black", "black.concurrency", "asyncio", "multiprocessing.pool"),
            *("multiprocessing.popen_fork", "concurrent.futures.process"),
        ),
        "detect_secrets": (
            *("detect_secrets.main", "detect_secrets.core.scan"),
            *("multiprocessing.pool", "multiprocessing.popen_fork"),
        ),
        "flake8": (
            *("flake8.main.cli", "flake8.plugins.pyflakes", "pycodestyle"),
            *("flake8.plugins.pycodestyle", "flake8.formatting.default", "mccabe"),
            *("logging_format.api", "flake8_logging"),
            *("multiprocessing.pool", "multiprocessing.popen_fork"),
        ),
        "isort": ("isort.main", "concurrent.futures.process", "multiprocessing.pool"),
        "pydocstyle": ("pydocstyle.cli",),
        "pylint": ("pylint.lint", "pylint.reporters.json_reporter", "isort.api"),
        "radon": ("radon", "radon.cli", "radon.cli.harvest"),
    }
)

# What pylint parses of the standard library for at least a fifth of 43 course projects, and
# what it came to for two of fourteen others.
_PREPARED = (
    *("builtins", "_collections_abc", "abc", "_py_abc", "sys", "os", "posix"),
    *("collections", "_weakref", "_io", "operator", "_operator", "pathlib", "logging"),
    *("warnings", "json", "pickle", "_pickle", "typing", "posixpath", "genericpath"),
    *("ntpath", "time", "argparse", "datetime", "_datetime", "functools", "_functools"),
    *("stat", "_stat", "io", "json.decoder", "json.scanner", "_json", "__future__"),
    *("enum", "types", "tempfile", "hashlib", "contextlib", "copy", "uuid"),
    *("threading", "shutil", "re", "re._parser", "re._compiler", "re._constants"),
    *("_sre", "random", "_random", "importlib", "importlib._bootstrap", "zipimport"),
    *("_frozen_importlib", "_frozen_importlib_external"),
)

# A tool leaves little garbage and many objects that stay: looking for it takes a tenth to a
# quarter of the time. So many objects are some 100 MiB.
_COLLECT_EVERY = 1_000_000


def main(listener: int, life: int, trees: bool, prepared: Sequence[str]) -> None:
    """Pass requests on to the tools' own processes until nobody wants any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whose key it was decides
    listening = socket.socket(fileno=listener)
    tools: dict[str, socket.socket] = {}

    def begin(tool: str, *ours: socket.socket) -> socket.socket:
        requests, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        if os.fork() == 0:
            for other in (listening, requests, *ours, *tools.values()):
                other.close()
            os.close(life)
            _serve(tool, theirs, trees=trees)
        theirs.close()
        tools[tool] = requests
        return requests

    ahead = (tool for tool in prepared if tool not in tools)
    importing = None
    while True:
        if importing is None and (importing := next(ahead, None)):
            begin(importing)
        importers = [tools[importing].fileno()] if importing else []
        ready, _, _ = select.select([listening.fileno(), life, *importers], [], [])
        if life in ready:
            return  # the tools' processes end with this one
        if not set(importers).isdisjoint(ready):
            importing = None  # it is imported, or its process gone
        if listening.fileno() not in ready:
            continue
        connection, _ = listening.accept()
        name = connection.recv(NAME_BYTES, socket.MSG_WAITALL)
        wanted = name.decode("ascii", "replace").strip()
        if wanted in MODULES and not _passed_on(connection, tools.get(wanted)):
            _passed_on(connection, begin(wanted, connection))
        connection.close()
        _reap()


def _passed_on(connection: socket.socket, tool: socket.socket | None) -> bool:
    """Whether a tool's process has got a connection; False where there is none any more."""
    if tool is None:
        return False
    handed = array.array("i", [connection.fileno()])
    try:
        tool.sendmsg([b"."], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, handed)])
    except OSError:
        tool.close()
        return False
    return True


def _serve(tool: str, requests: socket.socket, *, trees: bool) -> NoReturn:
    """Import one tool, say so, then fork for each connection; ends with the process above."""
    launcher.die_with_parent()
    # All that is made here stays: looking for garbage doubles what the trees take.
    gc.disable()
    load(tool)
    requests.send(b".")
    unprepared = list(reversed(_PREPARED)) if trees and tool == "pylint" else []
    room = socket.CMSG_SPACE(4)
    while True:
        while unprepared and not select.select([requests.fileno()], [], [], 0)[0]:
            _prepare_pylint(unprepared.pop())
        # What is here stays: a fork that looked at it would copy it.
        gc.freeze()
        said, ancillary, _, _ = requests.recvmsg(1, room)
        if not said:
            _reap()
            os._exit(0)
        handed = array.array("i")
        for _, _, content in ancillary:
            handed.frombytes(content)
        above = os.getpid()
        if os.fork() == 0:
            requests.close()
            _keep(socket.socket(fileno=handed[0]), above)
        os.close(handed[0])
        _reap()


def load(tool: str) -> None:
    """Import a tool, and do what each of its runs would."""
    if tool == "detect_secrets":
        # Half of its imports are for asking services whether a secret works, which is never
        # asked for. Two of its plugins name this class beside what a function returns.
        sys.modules["requests"] = Later("requests", Response=None)
    for module in MODULES[tool]:
        # Another version has it elsewhere, and imports it by itself.
        with contextlib.suppress(ImportError):
            importlib.import_module(module)
    with contextlib.suppress(ImportError, AttributeError):
        _ready(tool)


class Later(ModuleType):
    """Stands for a module until something of it is wanted that is not among the `known`."""

    def __init__(self, name: str, **known: object) -> None:
        super().__init__(name)
        self.__dict__.update(known)

    def __getattr__(self, name: str) -> object:
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        # Whoever has imported this gets all that is the module's.
        self.__dict__.update(vars(importlib.import_module(self.__name__)))
        try:
            return self.__dict__[name]
        except KeyError:
            raise AttributeError(name) from None


def _ready(tool: str) -> None:
    """What every run of a tool does first, or does otherwise than in a process of its own."""
    if tool == "pylint":
        from pylint.lint import PyLinter

        # Imports the checkers and compiles their patterns.
        PyLinter().load_default_plugins()
    if tool == "pydocstyle":
        # What it tells of itself, token by token, takes longer than what it does; nobody
        # sees it without --debug, which is never given.
        logging.disable(logging.DEBUG)
    if tool == "black":
        from grader.sandbox import formatted_twice

        formatted_twice.install()
    if tool == "detect_secrets":
        import detect_secrets.plugins
        import detect_secrets.transformers

        from grader.sandbox import quiet_lines

        # It imports all of each when it begins.
        for package in (detect_secrets.plugins, detect_secrets.transformers):
            for one in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
                importlib.import_module(one.name)
        quiet_lines.install()


def _prepare_pylint(module: str) -> None:
    from astroid import MANAGER
    from astroid.exceptions import AstroidError

    try:
        MANAGER.ast_from_module_name(module)
    except AstroidError:
        return


def _keep(connection: socket.socket, above: int) -> NoReturn:
    """Take a request, say who we are, and run it in a child."""
    try:
        os.setsid()
        supervisor, raw, received = launcher.receive(connection)
        told: "Specification" = marshal.loads(raw)
        told["parent"] = above
        supervisor.sendall(b"%d\n" % os.getpid())
    except (OSError, ValueError, EOFError, TypeError):
        os._exit(1)  # whoever asked is gone
    launcher.keep(told, supervisor, received, _run)


def _run(told: "Specification") -> NoReturn:
    """Be the interpreter that was asked for, from its arguments to its end."""
    # Nothing is inherited by chance: no connection of the keeper's, above all.
    os.closerange(3, 4096)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.clear()
    os.environ.update(told["environment"] or {})
    time.tzset()
    launcher.enter(told)
    launcher.be_dumpable()
    tempfile.tempdir = None  # found anew in this environment
    gc.set_threshold(_COLLECT_EVERY, 50, 100)
    gc.enable()
    status = 0
    try:
        shielded.main(told["argv"][told["argv"].index(shielded.__name__) + 1 :])
    except SystemExit as leaving:
        status = _status(leaving.code)
    except BaseException:
        traceback.print_exc()
        status = 1
    _leave(status)


def _status(code: object) -> int:
    """The exit status that Python makes of what `sys.exit` was given."""
    if code is None:
        return 0
    if isinstance(code, int):
        return code & 0xFF
    print(code, file=sys.stderr)
    return 1


def _leave(status: int) -> NoReturn:
    """End as an interpreter does, without taking apart what the kernel drops anyway."""
    try:
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
        sys.stdout.flush()
    except BaseException:
        traceback.print_exc()
        status = status or 120
    sys.stderr.flush()
    os._exit(status)


def _reap() -> None:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3] == "1", sys.argv[4:])
