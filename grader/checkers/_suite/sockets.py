"""Tests that need what the box doesn't give: their failure says nothing of the project."""

import re

from grader.checkers._suite.run import SuiteRun
from grader.checkers._suite.said import cut
from grader.errors import CannotMeasure
from grader.sandbox.box import Tier

# As `socket.socket(…)` fails where no socket may be made, with the call above it.
_REFUSED = re.compile(r"socket.*PermissionError: \[Errno 13\]", re.DOTALL)


def refuse_without_sockets(run: SuiteRun, tier: Tier) -> None:
    """Raise `CannotMeasure` when tests failed for want of a socket, which Landlock forbids."""
    if tier != "landlock":
        return
    refused = [
        result.name
        for result in run.told.results.told
        if result.is_bad and _REFUSED.search(f"{result.text}\n{result.message}")
    ]
    if refused:
        raise CannotMeasure(
            f"{len(refused)} test{'s need' if len(refused) > 1 else ' needs'} a socket "
            f"({cut(refused[0])}), and the landlock tier gives none. Install bubblewrap, "
            "or use --isolation docker."
        )
