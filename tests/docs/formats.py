"""The formats a report can be written in, from the modules that write them."""

import inspect
from importlib import import_module

from grader.cli.output import Format
from tests.docs.table import code, table


def formats() -> str:
    """Each format with what its module says it is."""
    rows = ((code(one), _said(one)) for one in Format)
    return table(("format", "what it is"), rows)


def _said(wanted: Format) -> str:
    module = import_module(f"grader.reporting.{wanted.partition('-')[0]}")
    return inspect.cleandoc(module.__doc__ or "").partition("\n\n")[0]
