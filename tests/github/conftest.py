"""A GitHub of our own for each test, and a client that waits for hardly anything."""

from collections.abc import Callable, Iterator

import pytest

from grader.github.client import GitHub
from tests.github.server import TOKEN, Host, serving

Client = Callable[[], GitHub]


@pytest.fixture
def host() -> Iterator[Host]:
    with serving(Host()) as running:
        yield running


@pytest.fixture
def github(host: Host) -> GitHub:
    return GitHub(TOKEN, api_url=host.url, pause_s=0.0, longest_wait_s=1)
