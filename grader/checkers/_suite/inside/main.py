"""Runs pytest with our plugin, as `python -m pytest` would without it."""

from __future__ import annotations

import argparse
import importlib
import os
import sys

import pytest
from _pytest.config import default_plugins

from .channel import make_channel
from .plugin import Plugin

MYPY = False
if MYPY:
    from .channel import Send

_CHANNEL = "MLOPS_GRADE_CHANNEL"
# Imported first: a repository's `random.py` must not keep them from what they need.
_NEEDED = ("coverage", "pytest_cov.plugin", "pytest_cov.engine")


def main(arguments: list[str]) -> None:
    """Run pytest as `python -m pytest` does, and tell of it; ends with its exit status.

    The options before `--` are ours, what follows is pytest's command line.
    """
    parser = argparse.ArgumentParser()
    parser.add_argument("--key", required=True, help="file with the key; is removed")
    parser.add_argument("--caller", help="name of a module that changed code calls")
    parser.add_argument("--sources", help="folder for the end of the import path")
    end = arguments.index("--")
    told, words = parser.parse_args(arguments[:end]), arguments[end + 1 :]
    send = _own_channel(told.key)
    plugin = Plugin(send, told.caller)
    for name in (*_NEEDED, *(f"_pytest.{name}" for name in default_plugins)):
        importlib.import_module(name)
    sys.argv[:] = [os.path.join(os.path.dirname(pytest.__file__), "__main__.py")]
    sys.argv += words
    # Whatever ends the process before this is not the project's doing.
    send("started", {})
    sys.path.insert(0, os.getcwd())
    if told.sources:
        sys.path.append(told.sources)
        os.environ["PYTHONPATH"] = told.sources
    status = pytest.main(words, plugins=[plugin])
    plugin.finish(status)
    sys.exit(status)


def _own_channel(key_file: str) -> Send:
    """The channel that we were given, and nobody after us: no child, no test."""
    descriptor = int(os.environ.pop(_CHANNEL))
    os.set_inheritable(descriptor, False)
    with open(key_file, encoding="ascii") as file:
        key = file.read()
    os.unlink(key_file)
    return make_channel(descriptor, key)
