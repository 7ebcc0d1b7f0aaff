"""What the tests of reading manifests share."""

from pathlib import Path

import pytest

from tests.environment.repository import Repository


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path)
