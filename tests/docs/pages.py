"""The pages a reader gets, and the parts of them that are generated.

A part stands between `<!-- NAME -->` and `<!-- /NAME -->`, each on a line of its own.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from grader.cli.checkers import checker_table
from tests.conftest import REPOSITORY
from tests.docs.action import action_inputs, action_outputs
from tests.docs.checks import checks_in_full, checks_of_the_final_project
from tests.docs.commands import commands, exit_codes
from tests.docs.formats import formats
from tests.docs.layers import layers
from tests.docs.rubric import functions, rubric_keys
from tests.docs.workflows import single_workflow

PARTS: Mapping[str, Callable[[], str]] = {
    "checks": checker_table,
    "checks-in-full": checks_in_full,
    "checks-of-the-final-project": checks_of_the_final_project,
    "commands": commands,
    "exit-codes": exit_codes,
    "formats": formats,
    "functions": functions,
    "rubric-keys": rubric_keys,
    "action-inputs": action_inputs,
    "action-outputs": action_outputs,
    "workflow-single": single_workflow,
    "layers": layers,
}
_PART = re.compile(
    r"^<!-- (?P<name>[a-z-]+) -->\n(?P<body>.*?)^<!-- /(?P=name) -->$",
    re.DOTALL | re.MULTILINE,
)


def pages() -> list[Path]:
    """README.md, then the pages of docs/ by name."""
    return [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").glob("*.md"))]


def up_to_date(text: str) -> str:
    """A page with each of its generated parts as the code has it now."""
    return _PART.sub(_generated, text)


def parts_of(text: str) -> list[str]:
    """The names of a page's generated parts."""
    return [found["name"] for found in _PART.finditer(text)]


def _generated(found: re.Match[str]) -> str:
    name = found["name"]
    return f"<!-- {name} -->\n{PARTS[name]()}\n<!-- /{name} -->"
