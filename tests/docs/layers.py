"""The layers of the program, from the contract that import-linter holds."""

import tomllib

from tests.conftest import REPOSITORY


def layers() -> str:
    """The packages from top to bottom; those of one line don't import each other."""
    settings = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    (found,) = (one["layers"] for one in contracts if one["id"] == "layers")
    return "\n".join(["```text", *found, "```"])
