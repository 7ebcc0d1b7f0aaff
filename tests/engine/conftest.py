"""What the tests of the engine share."""

import pytest

from grader.engine.machines import preloaded
from grader.sandbox.workers import WorkerPool


@pytest.fixture
def pool() -> WorkerPool:
    # This process has one server for all its tests: it starts with what a class needs.
    return WorkerPool(2, preloaded())
