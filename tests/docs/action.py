"""The inputs and outputs of the GitHub Action, from action.yml."""

import yaml
from pydantic import BaseModel, TypeAdapter

from tests.conftest import REPOSITORY
from tests.docs.table import code, table


class _Named(BaseModel):
    """An input or an output, as far as a page says it."""

    description: str
    default: str | None = None


_ALL = TypeAdapter(dict[str, _Named])


def action_inputs() -> str:
    """The action's inputs, each with its default."""
    rows = (
        (code(name), one.description, code(one.default) if one.default else "empty")
        for name, one in _read("inputs").items()
    )
    return table(("input", "what it is", "default"), rows)


def action_outputs() -> str:
    """The action's outputs."""
    rows = ((code(name), one.description) for name, one in _read("outputs").items())
    return table(("output", "what it is"), rows)


def _read(key: str) -> dict[str, _Named]:
    action = yaml.safe_load((REPOSITORY / "action.yml").read_text("utf-8"))
    return _ALL.validate_python(action[key])
