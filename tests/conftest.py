"""What the tests share: snapshots made from literals, a bench, recorded tool output."""

import sys
from collections.abc import Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import Protocol

import pytest
from hypothesis import HealthCheck, settings

from grader.cache.place import FOLDER
from grader.checkers._base import Bench
from grader.environment.given import GivenInterpreter
from grader.model.snapshot import Snapshot
from grader.sandbox.box import Box, Confining, PlainBox
from grader.sandbox.limits import Limits
from grader.sandbox.run import ToolOutput

# How long an example takes tells of the machine.
settings.register_profile(
    "untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("untimed")

REPOSITORY = Path(__file__).resolve().parent.parent
FIXTURES = REPOSITORY / "fixtures"


class MakeSnapshot(Protocol):
    """Writes files below a temporary folder and gives a snapshot of them."""

    def __call__(self, files: Mapping[str, str | bytes]) -> Snapshot: ...


class Recorded(Protocol):
    """Reads `fixtures/recorded/<name>`, with `{root}` standing for the snapshot's root."""

    def __call__(
        self, name: str, snapshot: Snapshot, *, exit_status: int, stream: str = "stdout"
    ) -> ToolOutput: ...


class Unboxed:
    """No isolation, whatever stands in this machine's environment: the tests are our own."""

    def for_tools(self) -> Box:
        return PlainBox()

    def for_forks(self) -> Confining | None:
        return PlainBox()

    def for_tests(self) -> Box:
        return PlainBox()


@pytest.fixture(scope="session")
def _caches(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One place for each cache that is asked for, none of them made before it is used."""
    folder = tmp_path_factory.mktemp("caches")
    return (folder / str(number) for number in count())


@pytest.fixture(scope="module", autouse=True)
def _own_cache_of_a_module(_caches: Iterator[Path]) -> Iterator[None]:
    """What a module's fixtures measure is kept for them, and for nobody else."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(FOLDER, str(next(_caches)))
        yield


@pytest.fixture(autouse=True)
def _own_cache(_caches: Iterator[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """No test takes over what another one, or the user of this machine, measured."""
    monkeypatch.setenv(FOLDER, str(next(_caches)))


@pytest.fixture
def make_snapshot(tmp_path: Path) -> MakeSnapshot:
    def make(files: Mapping[str, str | bytes]) -> Snapshot:
        root = tmp_path / "repository"
        for path, content in files.items():
            file = root / path
            file.parent.mkdir(parents=True, exist_ok=True)
            raw = content if isinstance(content, bytes) else content.encode()
            file.write_bytes(raw)
        root.mkdir(exist_ok=True)
        return Snapshot(root=root, name="repository", files=tuple(sorted(files)))

    return make


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    return Bench(
        scratch=scratch,
        tool_limits=Limits(seconds=120),
        test_limits=Limits(seconds=120),
        boxes=Unboxed(),
        environment=GivenInterpreter(sys.executable),
    )


@pytest.fixture
def recorded() -> Recorded:
    def read(
        name: str, snapshot: Snapshot, *, exit_status: int, stream: str = "stdout"
    ) -> ToolOutput:
        text = (FIXTURES / "recorded" / name).read_text("utf-8")
        text = text.replace("{root}", str(snapshot.root))
        return ToolOutput(
            exit_status=exit_status,
            stdout=text if stream == "stdout" else "",
            stderr=text if stream == "stderr" else "",
            duration_s=0.1,
        )

    return read
