"""A server of repositories with a certificate that only the tests trust."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from grader.submissions.remote import Transport
from tests.submissions.https_server import Server, make_certificate, serving

TOKEN = "tok-3fd0c1" + "a7"


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for localhost and its key."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl makes the certificate")
    return make_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture
def server(tmp_path: Path, certificate: Path) -> Iterator[Server]:
    """A running server without repositories."""
    folder = tmp_path / "served"
    folder.mkdir()
    with serving(folder, certificate, TOKEN) as running:
        yield running


@pytest.fixture
def transport(certificate: Path) -> Transport:
    """What is needed to trust the server, and to lose patience quickly."""
    settings = {"http.sslCAInfo": str(certificate), "http.lowSpeedTime": "1"}
    return Transport(("https",), settings)
