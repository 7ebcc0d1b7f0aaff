"""Every command with its arguments and options, from typer's own objects.

Not from the printed help: that is wrapped, and worded otherwise by each version of typer.
"""

import inspect
import re
import types
import typing
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import TypeAlias

from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

from grader.cli.app import program
from grader.errors import ExitCode
from tests.docs.table import code, table

PROGRAM = "mlops-grade"
_WORDS = {Path: "FILE", str: "TEXT", int: "N", float: "NUMBER"}
_Parameter: TypeAlias = TyperArgument | TyperOption


def commands() -> str:
    """A section for each command, in the order of `mlops-grade --help`."""
    return "\n\n".join(
        _section(name, command) for name, command in _leaves(PROGRAM, program())
    )


def exit_codes() -> str:
    """The exit codes, as `mlops-grade --help` ends."""
    said = (program().epilog or "").removeprefix("Exit codes: ").removesuffix(".")
    rows = [one.split(" ", 1) for one in said.split("; ")]
    assert [int(number) for number, _ in rows] == [int(one) for one in ExitCode]
    return table(("code", "meaning"), rows)


def _leaves(name: str, group: TyperGroup) -> Iterator[tuple[str, TyperCommand]]:
    for word, command in group.commands.items():
        if isinstance(command, TyperGroup):
            yield from _leaves(f"{name} {word}", command)
        elif isinstance(command, TyperCommand) and not command.hidden:
            yield f"{name} {word}", command


def _section(name: str, command: TyperCommand) -> str:
    said = inspect.cleandoc(command.help or "")
    hints = typing.get_type_hints(inspect.unwrap(command.callback or _nothing))
    known = command.params
    arguments = [one for one in known if isinstance(one, TyperArgument)]
    options = [one for one in known if isinstance(one, TyperOption) and not one.hidden]
    usage = " ".join([name, *(_usage(one) for one in arguments)])
    parts = [f"## {name}", said, f"```text\n{usage}{' [OPTIONS]' * bool(options)}\n```"]
    shown: list[_Parameter] = [*arguments, *options]
    rows = [(_named(one, hints.get(one.name or "")), _meaning(one)) for one in shown]
    if rows:
        parts.append(table(("argument or option", "what it is"), rows))
    return "\n\n".join(parts)


def _nothing() -> None:
    """For a command without a function: it has no hints."""


def _usage(argument: TyperArgument) -> str:
    word = _word(argument).removesuffix("...")
    many = "..." if argument.nargs != 1 or argument.multiple else ""
    return f"{word}{many}" if argument.required else f"[{word}{many}]"


def _word(argument: TyperArgument) -> str:
    return argument.metavar or (argument.name or "").upper()


def _named(one: _Parameter, hint: object) -> str:
    if isinstance(one, TyperArgument):
        return code(_word(one))
    names = ", ".join([*one.opts, *one.secondary_opts])
    value = "" if one.is_flag else f" {one.metavar or _value(hint)}"
    return code(f"{names}{value}")


def _value(hint: object) -> str:
    """What stands for the value of an option: its choices, or a word for its type."""
    if isinstance(hint, types.UnionType) or typing.get_origin(hint) in (
        typing.Union,
        list,
    ):
        kinds = [kind for kind in typing.get_args(hint) if kind is not type(None)]
        return _value(kinds[0])
    if isinstance(hint, type) and issubclass(hint, Enum):
        return "|".join(str(one.value) for one in hint)
    return _WORDS[hint] if isinstance(hint, type) else "TEXT"


def _meaning(one: _Parameter) -> str:
    said = re.sub(r"\s+", " ", one.help or "")
    notes = []
    if one.required and isinstance(one, TyperOption):
        notes.append("Required.")
    if isinstance(one.envvar, str):
        notes.append(f"Or {code(one.envvar)} in the environment.")
    is_flag = isinstance(one, TyperOption) and one.is_flag
    if one.default not in (None, ..., "") and not is_flag:
        value = one.default.value if isinstance(one.default, Enum) else one.default
        notes.append(f"Default: {code(str(value))}.")
    return " ".join([said, *notes])
