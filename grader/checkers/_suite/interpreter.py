"""Asks the interpreter that runs the tests what it has. It is ours to provide."""

import os
from collections.abc import Mapping, Sequence
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from grader.checkers._base import Bench, refuse_killed, refuse_unknown
from grader.errors import CannotMeasure

# As env(1) and our own launcher say it: it can't be run, or it isn't there.
_NOT_STARTED = (126, 127)

Presence = Literal["present", "namespace", "absent"]

# What runs and measures the tests, by distribution.
TOOLS = ("pytest", "pytest-cov", "coverage")

# `-I` in both: nothing of a repository is on the path, no variable of the user's
# counts.
_VERSIONS = """\
import json, sys
from importlib import metadata
found = {}
for name in sys.argv[1:]:
    try:
        found[name] = metadata.version(name)
    except metadata.PackageNotFoundError:
        found[name] = None
print(json.dumps(found))
"""

# Finds without importing. A folder without __init__.py is a package of nobody:
# `namespace`.
_FINDER = """\
import importlib.util, json, sys
found = {}
for name in sys.argv[1:]:
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        spec = None
    kind = "absent" if spec is None else "present" if spec.origin else "namespace"
    found[name] = "present" if name in sys.modules else kind
print(json.dumps(found))
"""


def test_python(bench: Bench) -> str:
    """The interpreter as a name on the PATH, or absolute: we work in other folders."""
    python = bench.test_python
    return os.path.abspath(python) if os.path.dirname(python) else python


def tool_versions(bench: Bench) -> Mapping[str, str]:
    """The versions of `TOOLS` in that interpreter.

    Raises `CannotMeasure` with what to install when one is missing, or when the
    interpreter doesn't answer.
    """
    answer = _ask(bench, _VERSIONS, TOOLS)
    try:
        found = TypeAdapter(dict[str, str | None]).validate_json(answer)
    except ValidationError as error:
        raise CannotMeasure(_not_an_interpreter(bench)) from error
    missing = [name for name in TOOLS if found.get(name) is None]
    if missing:
        raise CannotMeasure(
            f"the interpreter for the tests, {bench.test_python}, lacks "
            f"{', '.join(missing)}. Install {'it' if len(missing) == 1 else 'them'} "
            "there, or name another interpreter with --python."
        )
    return {name: version for name, version in found.items() if version is not None}


def presence(names: Sequence[str], bench: Bench) -> Mapping[str, Presence]:
    """Whether that interpreter can import each top-level module; none is imported."""
    if not names:
        return {}
    answer = _ask(bench, _FINDER, names)
    try:
        return TypeAdapter(dict[str, Presence]).validate_json(answer)
    except ValidationError as error:
        raise CannotMeasure(_not_an_interpreter(bench)) from error


def _ask(bench: Bench, script: str, names: Sequence[str]) -> str:
    output = bench.run_project([test_python(bench), "-I", "-c", script, *names])
    refuse_killed(bench.test_python, output, bench.tool_limits)
    if output.exit_status in _NOT_STARTED:
        why = output.stderr.strip().rpartition(": ")[2]
        raise CannotMeasure(f"{bench.test_python}: could not be started: {why}")
    if output.exit_status != 0:
        raise refuse_unknown(bench.test_python, output, "is no Python that answers")
    return output.stdout


def _not_an_interpreter(bench: Bench) -> str:
    return f"{bench.test_python}: did not answer as a Python interpreter does."
