"""Requirements into versions with the real uv, from an index in a folder."""

import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from packaging.version import Version

from grader.environment.interpreters import Interpreter
from grader.environment.resolve import Resolution, Resolver
from grader.environment.uv import Uv
from grader.errors import CannotMeasure
from grader.model.environment import Unresolved
from tests.environment.wheels import NOWHERE, Index, only_from, with_ours

OWN = Interpreter(sys.executable, Version("{}.{}.{}".format(*sys.version_info)))
PYTHON = f"Python {sys.version_info.major}.{sys.version_info.minor}"
OURS = {"pytest": "9.2.0", "pytest-cov": "7.1.0", "coverage": "7.17.3"}

Resolve = Callable[..., Resolution]


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    index = with_ours(tmp_path_factory.mktemp("index"))
    for name, version in (
        *(("pandas", "1.5"), ("pandas", "2.0"), ("pandas", "2.1")),
        *(("numpy", "1.26"), ("numpy", "2.0"), ("polars", "1.0")),
    ):
        index.wheel(name, version)
    index.wheel("panoramic", "1.0", requires_dist=["pandas"])
    index.wheel("modular", "1.0", requires_dist=["numpy<2 ; extra == 'fast'"])
    index.wheel("old-friend", "1.0", requires_dist=["pandas<2"])
    index.wheel("other-friend", "1.0", requires_dist=["pandas<2"])
    index.wheel("dreamer", "1.0", requires_dist=["numpy==7"])
    index.wheel("haunted", "1.0", requires_dist=["ghost>=2"])
    index.wheel("windows-only", "1.0", tag="cp27-cp27m-win32")
    index.wheel("tomorrow", "1.0", requires_python=">=3.99")
    index.sdist("from-source", "1.0", "raise SystemExit('setup.py was run')")
    index.wheel("deep", "1.0", requires_dist=["from-source"])
    index.wheel("conservative", "1.0", requires_dist=["pytest<7"])
    index.wheel("deep-learning", "1.0", requires_dist=["torch"])
    index.wheel("torch", "2.0")
    return index


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """For uv's cache, which remembers what it asked of the interpreter."""
    return tmp_path_factory.mktemp("resolve")


@pytest.fixture
def resolve(index: Index, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Resolve:
    only_from(index.url, monkeypatch)
    return partial(resolved, folder)


def resolved(
    folder: Path,
    requirements: Sequence[str],
    constraints: Sequence[str] = (),
    additions: Sequence[str] = (),
    *,
    conda: Sequence[str] = (),
    offline: bool = False,
) -> Resolution:
    """A resolution with the folder for uv's cache."""
    uv = Uv(folder / "cache", folder / "home", is_offline=offline)
    resolver = Resolver(uv, OWN, frozenset(conda))
    return resolver.resolve(requirements, constraints, additions)


def theirs(resolution: Resolution) -> dict[str, str]:
    """The versions of what is not ours."""
    found = resolution.versions
    return {name: found[name] for name in found if name not in OURS}


def only(resolution: Resolution) -> Unresolved:
    """The one requirement that could not be had."""
    (unresolved,) = resolution.unresolved
    return unresolved


def test_a_list_that_resolves_is_taken_whole(resolve: Resolve) -> None:
    found = resolve(["pandas<2.1", "NumPy==1.26", "old_friend ; python_version<'3'"])
    assert theirs(found) == {"pandas": "2.0", "numpy": "1.26"}
    assert found.unresolved == ()


def test_nothing_declared_comes_to_what_runs_the_tests(resolve: Resolve) -> None:
    assert resolve([]).versions == OURS


@pytest.mark.parametrize("line", ["pandas==9.9", "pandas>=9.9", "pandas[all]==9.9"])
def test_a_version_that_does_not_exist_is_the_projects(
    line: str, resolve: Resolve
) -> None:
    found = resolve([line, "numpy"])
    assert theirs(found) == {"numpy": "2.0"}
    one = only(found)
    assert (one.name, one.requirement) == ("pandas", line)
    assert (one.cause, one.is_ours) == ("unknown-version", False)
    assert one.reason == f"{line} does not exist"


@pytest.mark.parametrize("line", ["nonsuch==2.0", "NonSuch[all]"])
def test_a_package_that_does_not_exist_is_the_projects(
    line: str, resolve: Resolve
) -> None:
    found = resolve(["numpy", line])
    assert theirs(found) == {"numpy": "2.0"}
    one = only(found)
    assert (one.cause, one.is_ours) == ("unknown-package", False)
    assert "nonsuch does not exist" in one.reason


def test_a_package_that_needs_what_does_not_exist_is_said_to(resolve: Resolve) -> None:
    one = only(resolve(["haunted", "numpy"]))
    assert (one.name, one.cause) == ("haunted", "unknown-package")
    assert one.reason == "ghost does not exist, which haunted needs"


@pytest.mark.parametrize("order", [("dreamer", "numpy"), ("numpy", "dreamer")])
def test_a_sound_package_is_not_blamed_for_one_that_asks_too_much_of_it(
    order: tuple[str, str], resolve: Resolve
) -> None:
    found = resolve(order)
    assert theirs(found) == {"numpy": "2.0"}
    one = only(found)
    assert one.name == "dreamer"
    assert "dreamer needs a version that does not exist" in one.reason
    assert "numpy==7" in one.reason


@pytest.mark.parametrize(
    "line",
    [
        *("windows-only", "windows-only[all]==1.0", "from-source==1.0"),
        *("deep", "tomorrow==1.0"),
    ],
)
def test_what_has_no_wheel_for_this_python_is_ours(line: str, resolve: Resolve) -> None:
    found = resolve([line, "numpy"])
    assert theirs(found) == {"numpy": "2.0"}
    one = only(found)
    assert (one.cause, one.is_ours) == ("no-wheel", True)
    assert f"{line} can't be had as a wheel for {PYTHON}: " in one.reason


@pytest.mark.parametrize(
    ("requirements", "kept", "left_out"),
    [
        (["pandas==2.0", "old-friend"], {"pandas": "2.0"}, "old-friend"),
        (
            ["old-friend", "pandas==2.0"],
            {"pandas": "1.5", "old-friend": "1.0"},
            "pandas",
        ),
        (["pandas==1.5", "pandas==2.0"], {"pandas": "1.5"}, "pandas"),
    ],
)
def test_of_two_that_conflict_the_first_is_kept_and_the_reason_given(
    requirements: list[str], kept: dict[str, str], left_out: str, resolve: Resolve
) -> None:
    found = resolve([*requirements, "numpy"])
    assert theirs(found) == {**kept, "numpy": "2.0"}
    one = only(found)
    assert (one.name, one.cause, one.is_ours) == (left_out, "conflict", False)
    assert "conflicts with the rest: " in one.reason
    assert "pandas" in one.reason


def test_a_requirement_that_contradicts_itself_is_a_conflict(resolve: Resolve) -> None:
    one = only(resolve(["numpy", "pandas>=2,<1"]))
    assert (one.name, one.cause, one.is_ours) == ("pandas", "conflict", False)


def test_several_troubles_are_each_named_and_the_rest_is_kept(resolve: Resolve) -> None:
    wrong = ["nonsuch", "pandas==9.9", "windows-only", "dreamer"]
    found = resolve(["polars", *wrong, "numpy"])
    assert theirs(found) == {"polars": "1.0", "numpy": "2.0"}
    assert {one.requirement: one.cause for one in found.unresolved} == {
        "nonsuch": "unknown-package",
        "pandas==9.9": "unknown-version",
        "windows-only": "no-wheel",
        "dreamer": "unknown-version",
    }


def test_where_pypi_lacks_condas_version_the_newest_is_taken(resolve: Resolve) -> None:
    found = resolve(["pandas==9.9", "numpy"], conda=["pandas==9.9"])
    assert theirs(found) == {"pandas": "2.1", "numpy": "2.0"}
    one = only(found)
    assert (one.cause, one.is_ours, one.instead) == ("not-on-pypi", True, "2.1")
    assert one.reason.endswith("is asked of conda and is not on PyPI: 2.1 was taken")


def test_a_conda_package_that_pypi_lacks_is_ours(resolve: Resolve) -> None:
    one = only(resolve(["nonsuch", "numpy"], conda=["nonsuch"]))
    assert (one.cause, one.is_ours, one.instead) == ("not-on-pypi", True, None)


def test_condas_version_among_the_additions_is_as_little_the_projects(
    resolve: Resolve,
) -> None:
    found = resolve(["numpy"], (), ["polars", "pandas==9.9"], conda=["pandas==9.9"])
    assert theirs(found) == {"numpy": "2.0", "polars": "1.0", "pandas": "2.1"}
    one = only(found)
    assert (one.cause, one.is_ours, one.instead) == ("not-on-pypi", True, "2.1")


def test_constraints_hold_the_versions_of_what_is_asked_for(resolve: Resolve) -> None:
    found = resolve(["pandas", "numpy"], ["pandas==1.5", "polars==1.0"])
    assert theirs(found) == {"pandas": "1.5", "numpy": "2.0"}


def test_a_constraint_that_cannot_be_had_is_dropped_and_the_others_hold(
    resolve: Resolve,
) -> None:
    found = resolve(["pandas", "numpy"], ["pandas==1.5", "numpy==7"])
    assert theirs(found) == {"pandas": "1.5", "numpy": "2.0"}
    assert found.unresolved == ()


def test_constraints_that_are_for_elsewhere_are_all_dropped(
    resolve: Resolve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("grader.environment.resolve.MOST_LOOSENED", 1)
    found = resolve(["pandas", "numpy"], ["pandas==1.5", "numpy==7"])
    assert theirs(found) == {"pandas": "2.1", "numpy": "2.0"}
    assert found.unresolved == ()


def test_additions_do_not_move_what_the_requirements_came_to(resolve: Resolve) -> None:
    found = resolve(["pandas"], (), ["numpy<2", "old-friend", "polars"])
    assert theirs(found) == {"pandas": "2.1", "numpy": "1.26", "polars": "1.0"}
    one = only(found)
    assert (one.name, one.cause) == ("old-friend", "conflict")


def test_an_addition_decides_the_version_of_what_only_came_along(
    resolve: Resolve,
) -> None:
    found = resolve(["panoramic"], (), ["pandas<2"])
    assert theirs(found) == {"panoramic": "1.0", "pandas": "1.5"}
    assert found.unresolved == ()


def test_an_addition_that_does_not_fit_is_told_with_the_version_instead(
    resolve: Resolve,
) -> None:
    found = resolve(["panoramic"], (), ["pandas==9.9", "polars"])
    assert theirs(found) == {"panoramic": "1.0", "pandas": "2.1", "polars": "1.0"}
    assert (only(found).requirement, only(found).instead) == ("pandas==9.9", "2.1")


def test_the_extras_of_an_addition_are_added_to_what_is_declared_without(
    resolve: Resolve,
) -> None:
    found = resolve(["modular"], (), ["modular[fast]"])
    assert theirs(found) == {"modular": "1.0", "numpy": "1.26"}


def test_an_addition_that_the_requirements_have_already_is_not_asked_again(
    resolve: Resolve,
) -> None:
    found = resolve(["pandas<2"], (), ["pandas>=2", "numpy"])
    assert theirs(found) == {"pandas": "1.5", "numpy": "2.0"}
    assert found.unresolved == ()


def test_what_runs_the_tests_is_added_where_it_is_absent_and_said(
    resolve: Resolve,
) -> None:
    added = resolve(["pandas"]).added
    assert added == ("pytest 9.2.0", "pytest-cov 7.1.0", "coverage 7.17.3")


def test_a_pytest_that_is_too_old_is_replaced_and_said(resolve: Resolve) -> None:
    found = resolve(["pytest==6.0", "coverage==5.0"])
    assert found.versions == OURS
    assert found.added == (
        "pytest 9.2.0 (instead of 6.0, too old)",
        "pytest-cov 7.1.0",
        "coverage 7.17.3 (instead of 5.0, too old)",
    )


def test_a_pytest_that_something_else_holds_down_is_replaced_too(
    resolve: Resolve,
) -> None:
    found = resolve(["conservative"])
    assert found.versions == {**OURS, "conservative": "1.0"}
    assert "pytest 9.2.0 (instead of 6.0, too old)" in found.added


def test_a_projects_own_pytest_is_kept_where_it_is_new_enough(resolve: Resolve) -> None:
    found = resolve(["pytest==8.3"])
    assert found.versions["pytest"] == "8.3"
    assert found.added == ("pytest-cov 7.1.0", "coverage 7.17.3")


def test_where_our_pytest_fits_nothing_an_older_one_is_added_and_nothing_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = Index(tmp_path / "index")
    index.wheel("pytest", "9.2.0", requires_dist=["packaging>=24"])
    index.wheel("pytest", "8.3")
    index.wheel("pytest-cov", "7.1.0")
    index.wheel("coverage", "7.17.3")
    for name, version in (("packaging", "23.0"), ("packaging", "25.0")):
        index.wheel(name, version)
    for name in ("pandas", "polars"):
        index.wheel(name, "1.0")
    only_from(index.url, monkeypatch)
    conda = ["pandas==9.9"]
    found = resolved(
        tmp_path, ["packaging<24", *conda, "nonsuch"], (), ["polars"], conda=conda
    )
    assert theirs(found) == {"packaging": "23.0", "pandas": "1.0", "polars": "1.0"}
    assert found.added == ("pytest 8.3", "pytest-cov 7.1.0", "coverage 7.17.3")
    assert {one.name for one in found.unresolved} == {"nonsuch", "pandas"}


@pytest.mark.parametrize(
    "arguments", [(["numpy"],), (["numpy"], ["numpy==2.0"]), ([],), (["torch"],)]
)
def test_an_index_that_cannot_be_reached_is_never_the_projects_fault(
    arguments: tuple[list[str], ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    only_from(f"{NOWHERE}/simple", monkeypatch)
    with pytest.raises(CannotMeasure) as caught:
        resolved(tmp_path, *arguments)
    assert "the project's packages could not be fetched" in caught.value.reason
    assert "Check the network" in caught.value.reason


def test_offline_with_an_empty_cache_is_never_the_projects_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    only_from(f"{NOWHERE}/simple", monkeypatch)
    with pytest.raises(CannotMeasure, match="could not be fetched.*numpy"):
        resolved(tmp_path, ["numpy"], offline=True)


@pytest.mark.parametrize("line", ["torch", "deep-learning"])
def test_where_only_pytorchs_own_index_is_out_of_reach_the_rest_is_kept(
    line: str, resolve: Resolve
) -> None:
    found = resolve([line, "numpy"])
    assert theirs(found) == {"numpy": "2.0"}
    one = only(found)
    assert (one.requirement, one.cause, one.is_ours) == (line, "unreachable", True)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Index, str]]:
    """An index that is served over HTTP from this machine, so that uv caches it."""
    index = with_ours(tmp_path / "served")
    handler = partial(_Quiet, directory=str(index.folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield index, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


def test_offline_what_is_cached_is_used_and_what_came_later_is_not_the_projects_fault(
    served: tuple[Index, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index, url = served
    index.wheel("pandas", "1.0")
    only_from(url, monkeypatch)
    assert theirs(resolved(tmp_path, ["pandas"])) == {"pandas": "1.0"}
    index.wheel("pandas", "2.0")
    offline = resolved(tmp_path, ["pandas==1.0"], offline=True)
    assert theirs(offline) == {"pandas": "1.0"}
    one = only(resolved(tmp_path, ["pandas==2.0"], offline=True))
    assert (one.cause, one.is_ours) == ("unreachable", True)
    assert "as far as is known offline" in one.reason
