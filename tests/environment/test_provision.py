"""Building environments with the real uv, from an index of tiny wheels in a folder."""

import multiprocessing
import os
import shutil
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from filelock import FileLock

from grader.environment import provision
from grader.environment.forge import BoxSource
from grader.environment.interpreters import installed_interpreters
from grader.environment.provision import Provisioner
from grader.environment.uv import Uv
from grader.environment.wishes import Provisioned, Wish
from grader.errors import CannotMeasure
from grader.sandbox.limits import Limits
from grader.sandbox.run import run
from tests.conftest import Unboxed
from tests.environment.wheels import NOWHERE, Index, only_from, with_ours

DAY = 86_400.0


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    index = with_ours(tmp_path_factory.mktemp("index"))
    for version in ("1.0", "2.0", "3.0"):
        index.wheel("pandas", version)
    return index


class Machine:
    """A cache, and a scratch folder for each provisioner; what they told is kept."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.cache = folder / "cache"
        self.told: list[str] = []
        self._homes = 0

    def provisioner(
        self,
        *,
        offline: bool = False,
        from_source: bool = False,
        boxes: BoxSource | None = None,
    ) -> Provisioner:
        self._homes += 1
        home = self.folder / f"home-{self._homes}"
        return Provisioner(
            self.cache, home, offline, from_source, self.told.append, boxes
        )

    def provide(self, *requirements: str) -> Provisioned:
        return self.provisioner().provide(Wish(requirements))

    @property
    def builds(self) -> int:
        return sum(words.startswith("installing") for words in self.told)

    def complete(self, built: Provisioned) -> Path:
        return folder_of(built) / "complete.json"


def folder_of(built: Provisioned) -> Path:
    return built.python.parent.parent


def version_of(built: Provisioned, module: str = "pandas") -> str:
    """What the environment's interpreter says of a module."""
    output = run(
        [str(built.python), "-I", "-c", f"import {module} as m; print(m.__version__)"],
        cwd=built.python.parent,
        home=built.python.parent.parent.parent / "home",
        limits=Limits(seconds=60),
    )
    assert output.exit_status == 0, output.stderr
    return output.stdout.strip()


def no_uv(monkeypatch: pytest.MonkeyPatch) -> None:
    """From here on uv can't be started."""

    def fail() -> str:
        raise AssertionError("uv was started")

    monkeypatch.setattr("uv.find_uv_bin", fail)


@pytest.fixture(scope="module")
def resolved(index: Index, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache in which three versions of pandas are resolved and nothing is built."""
    seed = Machine(tmp_path_factory.mktemp("resolved"))
    with pytest.MonkeyPatch.context() as patch:
        only_from(index.url, patch)
        for version in ("1.0", "2.0", "3.0"):
            seed.provisioner().resolve(Wish((f"pandas=={version}",)))
    return seed.cache


@pytest.fixture
def machine(fresh: Machine, resolved: Path) -> Machine:
    """A machine with that cache."""
    shutil.copytree(resolved / "resolutions", fresh.cache / "resolutions")
    return fresh


@pytest.fixture
def fresh(
    index: Index, resolved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Machine:
    """A machine where nothing is resolved; uv knows the interpreter already."""
    only_from(index.url, monkeypatch)
    machine = Machine(tmp_path)
    shutil.copytree(resolved / "uv", machine.cache / "uv")
    return machine


def test_what_is_built_has_what_was_asked_for_and_what_runs_tests(
    fresh: Machine,
) -> None:
    built = fresh.provide("pandas<3")
    assert version_of(built) == "2.0"
    assert version_of(built, "pytest") == "9.2.0"
    assert set(built.pins) == {
        *("pandas==2.0", "pytest==9.2.0", "pytest-cov==7.1.0", "coverage==7.17.3")
    }
    assert built.python_version == "{}.{}.{}".format(*sys.version_info)
    assert built.size_bytes > 0
    assert fresh.told[0] == "resolving 1 declared package"
    assert fresh.told[1] == "installing 4 packages"
    assert fresh.told[2].startswith("installed ")


def test_the_second_call_starts_no_uv(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = machine.provide("pandas==1.0", "nonsuch")
    no_uv(monkeypatch)
    assert machine.provide("pandas==1.0", "nonsuch") == first
    assert [one.cause for one in first.unresolved] == ["unknown-package"]


def test_two_wishes_that_come_to_the_same_share_one_environment(
    machine: Machine,
) -> None:
    one, other = machine.provide("pandas==3.0"), machine.provide("pandas")
    assert folder_of(one) == folder_of(other)
    assert machine.builds == 1


def test_another_index_is_another_resolution(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wish = Wish(("late",))
    before, _ = machine.provisioner().resolve(wish)
    assert [one.reason for one in before.unresolved] == ["late does not exist"]
    other = with_ours(tmp_path / "other")
    other.wheel("late", "1.0")
    only_from(other.url, monkeypatch)
    after, _ = machine.provisioner().resolve(wish)
    assert after.unresolved == ()


def test_a_resolution_is_made_anew_after_a_week_but_not_offline(
    fresh: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh.provide("pandas")
    (stored,) = (fresh.cache / "resolutions").glob("*.json")
    os.utime(stored, (time.time() - 8 * DAY,) * 2)
    fresh.provide("pandas")
    resolving = [words for words in fresh.told if words.startswith("resolving")]
    assert len(resolving) == 2
    os.utime(stored, (time.time() - 8 * DAY,) * 2)
    no_uv(monkeypatch)
    fresh.provisioner(offline=True).provide(Wish(("pandas",)))


def test_where_nothing_can_be_reached_it_is_our_trouble_and_nothing_is_kept(
    fresh: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    only_from(f"{NOWHERE}/simple", monkeypatch)
    for offline in (False, True):
        provisioner = fresh.provisioner(offline=offline)
        with pytest.raises(CannotMeasure, match="could not be fetched"):
            provisioner.provide(Wish(("pandas",)))
    assert not (fresh.cache / "resolutions").exists()
    assert not (fresh.cache / "environments").exists()


def test_what_could_not_be_fetched_is_asked_for_again_the_next_time(
    machine: Machine, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    # PyTorch's own index is out of reach, the other one is not.
    provisioner = machine.provisioner()
    for _ in range(2):
        built = provisioner.provide(Wish(("torch", "pandas==1.0")))
        assert [one.cause for one in built.unresolved] == ["unreachable"]
        assert version_of(built) == "1.0"
    resolving = [words for words in machine.told if words.startswith("resolving")]
    assert len(resolving) == 2
    assert machine.builds == 1


def test_a_wheel_that_has_gone_is_our_trouble_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = with_ours(tmp_path / "index")
    wheel = index.wheel("pandas", "1.0")
    only_from(index.url, monkeypatch)
    machine = Machine(tmp_path)
    provisioner = machine.provisioner()
    resolution, _ = provisioner.resolve(Wish(("pandas",)))
    assert "pandas==1.0" in resolution.pins
    wheel.write_bytes(b"no longer a wheel")
    with pytest.raises(CannotMeasure, match="packages could not be"):
        provisioner.provide(Wish(("pandas",)))
    left = (machine.cache / "environments").iterdir()
    assert [path.name for path in left if path.is_dir()] == []


def _garbage(folder: Path) -> None:
    (folder / "complete.json").unlink()
    (folder / "bin" / "python").unlink(missing_ok=True)
    (folder / "bin" / "python").write_text("half of a python")
    (folder / "pyvenv.cfg").write_bytes(b"\0")


def _no_interpreter(folder: Path) -> None:
    for python in (folder / "bin" / "python", folder / "Scripts" / "python.exe"):
        python.unlink(missing_ok=True)


def _empty(folder: Path) -> None:
    (folder / "complete.json").write_bytes(b"")


def _garbled(folder: Path) -> None:
    (folder / "complete.json").write_bytes(b'{"layout": 1, "pins": [\xff')


def _other_pins(folder: Path) -> None:
    text = (folder / "complete.json").read_text("utf-8")
    (folder / "complete.json").write_text(text.replace("pandas==1.0", "pandas==0.1"))


def _other_layout(folder: Path) -> None:
    text = (folder / "complete.json").read_text("utf-8")
    (folder / "complete.json").write_text(text.replace('"layout":', '"layout":9'))


def test_an_environment_that_is_not_surely_finished_is_built_again(
    machine: Machine,
) -> None:
    built = machine.provide("pandas==1.0")
    for spoil in (
        *(_garbage, _no_interpreter, _empty, _garbled, _other_pins, _other_layout),
    ):
        spoil(folder_of(built))
        before = machine.builds
        assert machine.provide("pandas==1.0") == built
        assert machine.builds == before + 1, spoil.__name__
        assert '"pandas==1.0"' in machine.complete(built).read_text("utf-8")
    assert version_of(built) == "1.0"


def test_a_resolution_that_is_garbled_is_made_again(fresh: Machine) -> None:
    built = fresh.provide("pandas==1.0")
    (stored,) = (fresh.cache / "resolutions").glob("*.json")
    stored.write_bytes(b'{"pins": ')
    assert fresh.provide("pandas==1.0") == built
    assert fresh.builds == 1


def _killed_before_the_end(folder: Path) -> None:
    def kill(words: str) -> None:
        if words.startswith("installed"):
            os.kill(os.getpid(), signal.SIGKILL)

    Provisioner(folder / "cache", folder / "killed", tell=kill).provide(
        Wish(("pandas==1.0",))
    )


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_a_build_that_was_killed_leaves_nothing_that_looks_finished(
    machine: Machine,
) -> None:
    spawn = multiprocessing.get_context("spawn")
    process = spawn.Process(target=_killed_before_the_end, args=(machine.folder,))
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    environments = machine.cache / "environments"
    (left,) = [path for path in environments.iterdir() if path.is_dir()]
    assert (left / "pyvenv.cfg").exists()
    assert not (left / "complete.json").exists()
    built = machine.provide("pandas==1.0")
    assert folder_of(built) == left
    assert version_of(built) == "1.0"


def test_two_threads_build_once_and_both_get_a_working_interpreter(
    fresh: Machine,
) -> None:
    both = Barrier(2)

    def provide(provisioner: Provisioner) -> Provisioned:
        both.wait(60)
        return provisioner.provide(Wish(("pandas==1.0",)))

    provisioners = [fresh.provisioner() for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(provide, provisioners)
    assert first == second
    assert fresh.builds == 1
    assert version_of(first) == "1.0"


def _provide(folder: Path, name: str) -> None:
    def tell(words: str) -> None:
        with (folder / "told").open("a", encoding="utf-8") as log:
            log.write(f"{words}\n")

    built = Provisioner(folder / "cache", folder / name, tell=tell).provide(
        Wish(("pandas==1.0",))
    )
    assert version_of(built) == "1.0"


def test_two_processes_build_once_and_both_get_a_working_interpreter(
    fresh: Machine,
) -> None:
    spawn = multiprocessing.get_context("spawn")
    both = [
        spawn.Process(target=_provide, args=(fresh.folder, name))
        for name in ("one", "two")
    ]
    for process in both:
        process.start()
    for process in both:
        process.join(60)
    assert [process.exitcode for process in both] == [0, 0]
    told = (fresh.folder / "told").read_text("utf-8").splitlines()
    assert sum(words.startswith("installing") for words in told) == 1


def used(built: Provisioned, *, days_ago: float) -> None:
    at = time.time() - days_ago * DAY
    os.utime(folder_of(built) / "complete.json", (at, at))


def test_tidying_removes_what_has_long_not_been_used(machine: Machine) -> None:
    old, newer = machine.provide("pandas==1.0"), machine.provide("pandas==2.0")
    used(old, days_ago=provision.MAX_AGE_DAYS + 1)
    used(newer, days_ago=provision.MAX_AGE_DAYS - 1)
    latest = machine.provide("pandas==3.0")
    assert not folder_of(old).exists()
    assert version_of(newer) == "2.0"
    assert version_of(latest) == "3.0"
    # What was removed is built again.
    assert version_of(machine.provide("pandas==1.0")) == "1.0"


def test_using_an_environment_makes_it_young_again(machine: Machine) -> None:
    old = machine.provide("pandas==1.0")
    used(old, days_ago=provision.MAX_AGE_DAYS + 1)
    machine.provide("pandas==1.0")
    machine.provide("pandas==2.0")
    assert version_of(old) == "1.0"


def test_tidying_removes_a_killed_build_that_nobody_asked_for_again(
    machine: Machine,
) -> None:
    dead = folder_of(machine.provide("pandas==1.0"))
    (dead / "complete.json").unlink()
    at = time.time() - (provision.MAX_AGE_DAYS + 1) * DAY
    os.utime(dead / "pyvenv.cfg", (at, at))
    machine.provide("pandas==2.0")
    assert not dead.exists()


def test_over_the_size_the_longest_unused_goes_and_never_one_in_use(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = machine.provide("pandas==1.0"), machine.provide("pandas==2.0")
    used(first, days_ago=2)
    monkeypatch.setattr(provision, "MAX_BYTES", 1)
    # Larger than the limit by itself: kept, and so is what was used a moment ago.
    third = machine.provide("pandas==3.0")
    assert not folder_of(first).exists()
    assert version_of(second) == "2.0"
    assert version_of(third) == "3.0"


def test_an_environment_that_is_being_built_is_not_tidied_away(
    machine: Machine,
) -> None:
    old = machine.provide("pandas==1.0")
    used(old, days_ago=provision.MAX_AGE_DAYS + 1)
    with FileLock(f"{folder_of(old)}.lock"):
        machine.provide("pandas==2.0")
    assert version_of(old) == "1.0"


CANARY = "from pathlib import Path\nPath({canary!r}).touch()\n"
SETUP = "from setuptools import setup\nsetup(name='risky', version='1.0')\n"


def test_a_source_distribution_is_never_executed_without_a_box(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    canary = tmp_path / "canary"
    index = with_ours(tmp_path / "index")
    index.sdist("risky", "1.0", CANARY.format(canary=str(canary)) + SETUP)
    only_from(index.url, monkeypatch)
    machine = Machine(tmp_path)
    built = machine.provide("risky")
    assert [(one.cause, one.is_ours) for one in built.unresolved] == [
        ("no-wheel", True)
    ]
    assert "--build-from-source" in built.unresolved[0].reason
    asked, _ = machine.provisioner(from_source=True).resolve(Wish(("risky",)))
    (one,) = asked.unresolved
    assert (one.cause, one.is_ours) == ("no-wheel", True)
    assert "No box is there to build it in. Install bubblewrap" in one.reason
    assert not canary.exists()


def test_what_can_not_be_built_on_request_is_ours_and_said_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = with_ours(tmp_path / "index")
    index.sdist("risky", "1.0", SETUP)
    only_from(index.url, monkeypatch)
    asking = Machine(tmp_path).provisioner(from_source=True, boxes=Unboxed())
    resolution, _ = asking.resolve(Wish(("risky",)))
    (one,) = resolution.unresolved
    assert (one.cause, one.is_ours) == ("no-wheel", True)
    # This index has no setuptools.
    assert "risky has no wheel and could not be built: " in one.reason


def test_a_python_that_is_not_installed_is_replaced_by_the_nearest_and_said(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    wish = Wish(("pandas==1.0",), python="==3.7.*")
    built = machine.provisioner().provide(wish)
    assert built.python_version == "{}.{}.{}".format(*sys.version_info)
    assert "Python ==3.7.* is asked for and not installed here" in built.note
    no_uv(monkeypatch)
    assert machine.provisioner().provide(wish).note == built.note


def another_python() -> Path | None:
    """A folder with a Python of another minor version than this one."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    for minor in set(range(10, 15)) - {sys.version_info[1]}:
        for folder in pyenv.glob(f"versions/3.{minor}.*/bin"):
            return folder
        if (found := shutil.which(f"python3.{minor}")) and "shims" not in found:
            return Path(found).parent
    return None


def test_another_python_is_taken_where_it_alone_has_the_wheels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = str(another_python() or pytest.skip("there is no other Python here"))
    only_from(NOWHERE, monkeypatch, path)
    found = installed_interpreters(Uv(tmp_path / "uv", tmp_path / "list"))
    other = next(one for one in found if one.version.minor != sys.version_info[1])
    tag = f"cp{other.version.major}{other.version.minor}"
    index = with_ours(tmp_path / "index")
    index.wheel("picky", "1.0", tag=f"{tag}-none-any")
    only_from(index.url, monkeypatch, path)
    machine = Machine(tmp_path)
    built = machine.provide("picky")
    assert built.unresolved == ()
    assert built.python_version == str(other.version)
    assert f"Python {other.version} was used: no Python is asked for" in built.note
    assert version_of(built, "picky") == "1.0"
    # Where the project asks for this one, it keeps it.
    own = "{}.{}.{}".format(*sys.version_info)
    wish = Wish(("picky",), python=f"=={own}")
    asked = machine.provisioner().provide(wish)
    assert asked.python_version == own
    assert [one.cause for one in asked.unresolved] == ["no-wheel"]


def test_a_marker_is_judged_for_the_python_that_is_used(machine: Machine) -> None:
    built = machine.provide(
        "pandas==1.0 ; python_version<'3'", "pandas==2.0 ; python_version>='3'"
    )
    assert version_of(built) == "2.0"
    assert built.unresolved == ()
