"""Forks the program, loaded and with its tier tried, for every run; a script of its own.

    python -m tests.hostile.server TIER     a `Specification` in JSON on every line of its input

A run that is forked is the whole command line under the watcher, as one that is started anew
is; only the imports and the self-test of the tier, the same for all, have been done before.
Some runs of every tier are started anew all the same, see `harness`.
"""

import importlib
import os
import pkgutil
import signal
import sys
import tempfile
import threading
from typing import NoReturn

from pydantic import TypeAdapter

import grader.reporting
from grader.checkers._registry import installed
from grader.cli import app
from grader.sandbox.choose import Boxes, Isolation
from tests.hostile.watcher import Specification, read_specification, watch

# What the commands import when they run.
_LATER = (
    *("grader.cli.grade", "grader.cli.progress", "grader.engine.grade"),
    *("grader.engine.cohort", "grader.checkers._coverage_work"),
    "grader.environment.provision",
)


def main(wanted: str) -> None:
    """Load, try the tier, then fork a run for each line."""
    for name in _LATER:
        importlib.import_module(name)
    for module in pkgutil.iter_modules(grader.reporting.__path__):
        importlib.import_module(f"grader.reporting.{module.name}")
    # Each is loaded when it is asked for.
    tuple(installed().checkers)
    tier: Isolation = TypeAdapter(Isolation).validate_python(wanted)
    Boxes(tier).for_tests()
    # A fork has one thread, and would wait for ever for what another one held.
    assert threading.active_count() == 1, threading.enumerate()
    # What has ended is nobody's to collect.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    print("ready", flush=True)
    while line := sys.stdin.readline():
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            watch(read_specification(line), forked)
            os._exit(0)


def forked(specification: Specification) -> int:
    """The program in a child of this process; its process id."""
    child = os.fork()
    if child == 0:
        _become(specification)
    return child


def _become(specification: Specification) -> NoReturn:
    signal.signal(signal.SIGURG, signal.SIG_DFL)
    null = os.open(os.devnull, os.O_RDONLY)
    streams = [
        os.open(specification[name], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        for name in ("stdout", "stderr")
    ]
    for number, stream in enumerate((null, *streams)):
        os.dup2(stream, number)
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    os.chdir(specification["cwd"])
    os.environ.clear()
    os.environ.update(specification["environment"])
    # Found once in a process, and now another.
    tempfile.tempdir = None
    sys.argv = specification["argv"]
    # The folder of the script; this checkout is in nobody's way.
    sys.path[0] = os.path.dirname(sys.argv[0])
    # Leaves by way of the interpreter's own end, as a program that was started does.
    app.main()


if __name__ == "__main__":
    main(sys.argv[1])
