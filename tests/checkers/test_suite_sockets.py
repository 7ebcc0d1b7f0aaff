"""A box without sockets: the tests that need one say nothing of the project."""

import pytest

from grader.checkers._base import Bench
from grader.checkers._suite.run import run_suite
from grader.checkers._suite.settings import OwnSettings
from grader.checkers._suite.sockets import refuse_without_sockets
from grader.errors import CannotMeasure
from tests.conftest import MakeSnapshot

# As `socket.socket` fails in the box, and another file that may not be read.
REFUSED = (
    "import socket\n"
    "def refuse(*_):\n"
    "    raise PermissionError(13, 'Permission denied')\n"
    "def test_server(monkeypatch):\n"
    "    monkeypatch.setattr(socket, 'socket', refuse)\n"
    "    socket.socket(2, 1)\n"
)
OTHER = "def test_file():\n    raise PermissionError(13, 'Permission denied', '/etc/shadow')\n"


def test_a_test_that_needs_a_socket_is_not_graded_where_there_are_none(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    snapshot = make_snapshot({"test_a.py": REFUSED})
    run = run_suite(snapshot, OwnSettings(), bench)
    with pytest.raises(CannotMeasure, match="1 test needs a socket .*test_server"):
        refuse_without_sockets(run, "landlock")
    refuse_without_sockets(run, "bubblewrap")


def test_another_refusal_is_a_failing_test_like_any_other(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    run = run_suite(make_snapshot({"test_a.py": OTHER}), OwnSettings(), bench)
    assert run.told.results.count("failed") == 1
    refuse_without_sockets(run, "landlock")
