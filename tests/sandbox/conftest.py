"""The boxes that work on this machine, as trying them found."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from grader.sandbox.box import Box
from grader.sandbox.choose import trials
from grader.sandbox.docker import find_engine
from tests.sandbox.inside import Inside

REQUIRED = ("bubblewrap", "landlock")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "inside" in metafunc.fixturenames:
        # Docker only where an engine is there to be tried: it is never taken unasked.
        has_engine = not isinstance(find_engine(), str)
        metafunc.parametrize("tier", [*REQUIRED, *(["docker"] if has_engine else [])])


@pytest.fixture(scope="session")
def boxes() -> dict[str, Box | str]:
    """By tier: the box, or why it doesn't work here."""
    return {
        one.tier: one.box if one.works and one.box else one.trouble for one in trials()
    }


@pytest.fixture
def inside(
    tier: str, boxes: dict[str, Box | str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Inside]:
    """Runs Python code in a box of the tier. Skips, or fails where one is required."""
    box = boxes[tier]
    if isinstance(box, str):
        if os.environ.get("MLOPS_GRADE_REQUIRE_SANDBOX") == "1" and tier in REQUIRED:
            pytest.fail(f"{tier} doesn't work here: {box}")
        pytest.skip(f"{tier} doesn't work here: {box}")
    place = tmp_path_factory.mktemp("box")
    for folder in (place, *place.parents):
        # pytest's own are for its user alone, and as root the box has another one.
        if folder.name.startswith(("pytest-", "box")):
            Path(folder).chmod(0o711)
    yield Inside(box, place)
