"""Source distributions: where they are built, what is taken from there, and what not."""

import os
import stat
import sys
import zipfile
from pathlib import Path

import pytest
from packaging.version import Version

from grader.environment import forge as forge_module
from grader.environment.forge import (
    Forge,
    NotForged,
    wheel_trouble,
    without_passwords,
)
from grader.environment.interpreters import Interpreter
from grader.environment.provision import Provisioner
from grader.environment.resolve import read_lock
from grader.environment.wishes import Provisioned, Wish
from grader.errors import CannotMeasure
from grader.sandbox.box import Box, PlainBox
from grader.sandbox.choose import Trial, try_bubblewrap
from grader.sandbox.landlock import Landlock
from tests.conftest import Unboxed
from tests.environment.wheels import Index, only_from, with_ours

OWN = Interpreter(sys.executable, Version("{}.{}.{}".format(*sys.version_info)))


class Only:
    """One box for everything, and how often it was asked for."""

    def __init__(self, box: Box) -> None:
        self.box = box
        self.asked = 0

    def for_tests(self) -> Box:
        self.asked += 1
        return self.box


class NoBox:
    """A machine on which no tier works."""

    def for_tests(self) -> Box:
        raise CannotMeasure("no isolation works here")


@pytest.fixture(scope="module")
def bubblewrap() -> Trial:
    """What trying it finds; asked before a test takes the PATH away."""
    return try_bubblewrap()


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Index:
    index = with_ours(tmp_path / "index")
    index.wheel("numpy", "2.0")
    only_from(index.url, monkeypatch)
    return index


def working(trial: Trial) -> Box:
    """The box. Skips, or fails where one is required."""
    if trial.works and trial.box is not None:
        return trial.box
    if os.environ.get("MLOPS_GRADE_REQUIRE_SANDBOX") == "1":
        pytest.fail(f"{trial.tier} doesn't work here: {trial.trouble}")
    pytest.skip(f"{trial.tier} doesn't work here: {trial.trouble}")


def provide(
    place: Path,
    *requirements: str,
    boxes: forge_module.BoxSource,
    from_source: bool = True,
) -> Provisioned:
    """The environment of some requirements, with a cache that stays from call to call."""
    home = place / f"home-{len(list(place.glob('home-*')))}"
    provisioner = Provisioner(
        place / "cache", home, from_source=from_source, boxes=boxes
    )
    return provisioner.provide(Wish(requirements))


def has_module(built: Provisioned, module: str) -> bool:
    """Whether it is there, without starting an interpreter to find out."""
    return any(built.python.parents[1].rglob(f"site-packages/{module}.py"))


@pytest.mark.sandbox
def test_what_has_no_wheel_is_built_on_request_and_the_wheel_is_kept(
    index: Index, tmp_path: Path
) -> None:
    index.self_building("homemade", "1.0")
    built = provide(tmp_path, "homemade", "numpy", boxes=Only(PlainBox()))
    assert built.unresolved == ()
    assert "homemade==1.0" in built.pins
    assert has_module(built, "homemade")
    [wheel] = (tmp_path / "cache" / "wheels").rglob("*.whl")
    assert wheel.name == "homemade-1.0-py3-none-any.whl"


def test_a_kept_wheel_is_taken_without_building_it_again(
    index: Index, tmp_path: Path
) -> None:
    count = tmp_path / "count"
    index.self_building(
        "homemade", "1.0", first=f"open({str(count)!r}, 'a').write('.')"
    )
    wheels = tmp_path / "wheels"
    first = Forge(wheels, tmp_path / "one", Unboxed(), is_asked_for=True)
    wheel = first.wheel("homemade", "1.0", OWN)
    runs = count.read_text()
    again = Forge(wheels, tmp_path / "two", NoBox())
    assert again.wheel("Homemade", "1.0", OWN) == wheel
    assert count.read_text() == runs


@pytest.mark.sandbox
def test_a_build_gets_no_cache_of_ours_and_no_password_for_the_index(
    index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = tmp_path / "seen"
    monkeypatch.setenv("HTTPS_PROXY", "http://me:secret@127.0.0.1:9")
    monkeypatch.setenv("CANARY", "sings")
    tell = f"open({str(seen)!r}, 'a').write(repr(dict(os.environ)))"
    index.self_building("homemade", "1.0", first=tell)
    provide(tmp_path, "homemade", boxes=Only(PlainBox()))
    told = seen.read_text()
    assert "http://127.0.0.1:9" in told
    assert "secret" not in told
    assert "sings" not in told
    assert str(tmp_path / "cache" / "uv") not in told


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("https://pypi.org/simple", "https://pypi.org/simple"),
        ("https://me:pass@pypi.example/simple", "https://pypi.example/simple"),
        ("own=https://token@a.example/x", "own=https://a.example/x"),
        (
            "https://u:p@a.example/x,https://u:q@b.example/y https://c.example",
            "https://a.example/x,https://b.example/y https://c.example",
        ),
        ("/opt/wheels", "/opt/wheels"),
    ],
)
def test_addresses_lose_their_passwords(value: str, shown: str) -> None:
    assert without_passwords({"UV_INDEX": value}) == {"UV_INDEX": shown}


@pytest.mark.parametrize(
    ("boxes", "is_asked_for", "words"),
    [
        (None, True, "no box is there to build it in. Install bubblewrap"),
        (NoBox(), True, "no box is there to build it in. Install bubblewrap"),
        (
            Only(Landlock(7)),
            True,
            "(landlock) has no network for it. Install bubblewrap",
        ),
        (Only(PlainBox()), False, "Leave --isolation none out, or add --build-from"),
    ],
    ids=["not given", "none works", "landlock", "no isolation and not asked for"],
)
def test_where_nothing_can_be_built_the_reason_says_what_to_do(
    tmp_path: Path,
    boxes: forge_module.BoxSource | None,
    is_asked_for: bool,
    words: str,
) -> None:
    forge = Forge(tmp_path, tmp_path, boxes, is_asked_for=is_asked_for)
    assert words in forge.trouble()
    with pytest.raises(NotForged):
        forge.wheel("homemade", "1.0", OWN)


def test_packages_that_courses_need_are_resolved_without_running_them(
    index: Index, tmp_path: Path
) -> None:
    canary = tmp_path / "canary"
    index.sdist("antlr4-python3-runtime", "4.9.3", f"open({str(canary)!r}, 'w')")
    index.wheel("omegaconf", "2.3", requires_dist=["antlr4-python3-runtime==4.9.*"])
    index.wheel("omegaconf", "1.4")
    built = provide(tmp_path, "omegaconf", boxes=NoBox(), from_source=False)
    assert not canary.exists()
    # Not the older one that could be had without: what is missing is ours.
    assert "omegaconf==2.3" in built.pins
    (one,) = built.unresolved
    assert (one.name, one.cause, one.is_ours) == (
        "antlr4-python3-runtime",
        "no-wheel",
        True,
    )
    assert "no box is there to build it in" in one.reason


@pytest.mark.sandbox
def test_without_a_request_only_those_packages_are_built(
    bubblewrap: Trial, index: Index, tmp_path: Path
) -> None:
    index.self_building("lime", "0.2")
    index.self_building("homemade", "1.0")
    for name in ("matplotlib", "scipy", "tqdm", "scikit-learn", "scikit-image"):
        index.wheel(name, "9.0")
    boxes = Only(working(bubblewrap))
    built = provide(tmp_path, "lime", "homemade", boxes=boxes, from_source=False)
    assert has_module(built, "lime")
    assert not has_module(built, "homemade")
    assert [one.name for one in built.unresolved] == ["homemade"]


def test_an_environment_that_is_there_needs_no_box(
    index: Index, tmp_path: Path
) -> None:
    index.self_building("homemade", "1.0")
    boxes = Only(PlainBox())
    first = provide(tmp_path, "homemade", boxes=boxes)
    (tmp_path / "cache" / "wheels").rename(tmp_path / "gone")
    assert provide(tmp_path, "homemade", boxes=boxes) == first
    assert not (tmp_path / "cache" / "wheels").exists()


def test_a_wheel_that_says_it_is_another_package_is_not_taken(
    index: Index, tmp_path: Path
) -> None:
    index.self_building("homemade", "1.0", claims="numpy")
    forge = Forge(tmp_path / "wheels", tmp_path / "home", Unboxed(), is_asked_for=True)
    with pytest.raises(NotForged):
        forge.wheel("homemade", "1.0", OWN)
    assert not list((tmp_path / "wheels").rglob("*.whl"))


def wheel_of(
    file: Path, *entries: tuple[str, str] | tuple[zipfile.ZipInfo, str]
) -> Path:
    """A zip file with the entries."""
    with zipfile.ZipFile(file, "w") as archive:
        for name, text in entries:
            archive.writestr(name, text)
    return file


ABOUT = ("homemade-1.0.dist-info/METADATA", "Name: Homemade\nVersion: 1.0.0\n")


def _link() -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo("homemade.py")
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    return entry


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        ([ABOUT], ""),
        ([ABOUT, ("homemade/a..b.py", "")], ""),
        ([ABOUT, ("../outside.py", "")], "../outside.py"),
        ([ABOUT, ("homemade/../../outside.py", "")], "outside.py"),
        ([ABOUT, ("/etc/outside", "")], "/etc/outside"),
        ([ABOUT, ("..\\outside.py", "")], "outside.py"),
        ([ABOUT, ("C:/outside.py", "")], "C:/outside.py"),
        ([ABOUT, (_link(), "/etc/passwd")], "homemade.py"),
        ([], "no metadata"),
        ([ABOUT, ("other-2.dist-info/METADATA", "")], "more than one"),
        ([(ABOUT[0], "Name: numpy\nVersion: 1.0\n")], "'numpy' '1.0'"),
        ([(ABOUT[0], "Name: homemade\nVersion: 2.0\n")], "'homemade' '2.0'"),
        ([(ABOUT[0], "Name: homemade\nVersion: latest\n")], "'latest'"),
    ],
)
def test_a_wheel_is_looked_at_before_it_is_kept(
    tmp_path: Path,
    entries: list[tuple[str, str] | tuple[zipfile.ZipInfo, str]],
    words: str,
) -> None:
    trouble = wheel_trouble(
        wheel_of(tmp_path / "w.whl", *entries), "homemade", Version("1.0")
    )
    assert (trouble == "") if words == "" else (words in trouble)


def test_what_is_no_zip_file_is_no_wheel(tmp_path: Path) -> None:
    (tmp_path / "w.whl").write_bytes(b"MZ")
    trouble = wheel_trouble(tmp_path / "w.whl", "homemade", Version("1.0"))
    assert trouble.startswith("it can't be read")


@pytest.mark.skipif(sys.platform == "win32", reason="no links to be made")
def test_a_link_or_a_pipe_in_the_place_of_a_wheel_is_not_read(tmp_path: Path) -> None:
    secret = wheel_of(tmp_path / "secret", ABOUT)
    folder = tmp_path / "kept"
    folder.mkdir()
    link = tmp_path / "homemade-1.0-py3-none-any.whl"
    link.symlink_to(secret)
    with pytest.raises(OSError):
        forge_module._keep(link, folder)
    link.unlink()
    os.mkfifo(link)
    with pytest.raises((OSError, NotForged)):
        forge_module._keep(link, folder)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    "text",
    [
        "not toml [",
        "packages = 3",
        '[[packages]]\nname = "numpy"\n',
        '[[packages]]\nname = "-r /etc/passwd"\nversion = "1"\n',
        '[[packages]]\nname = "numpy"\nversion = "1 --index-url https://evil.example"\n',
        '[[packages]]\nname = "numpy @ https://evil.example"\nversion = "1"\n',
    ],
)
def test_an_answer_from_a_box_that_is_no_lock_file_is_refused(text: str) -> None:
    with pytest.raises(CannotMeasure):
        read_lock(text)


def test_a_lock_file_says_which_packages_have_no_wheel() -> None:
    text = (
        '[[packages]]\nname = "Docopt"\nversion = "0.6.2"\nsdist = {url = "x"}\n'
        '[[packages]]\nname = "torch"\nversion = "2.9.1+cpu"\nwheels = [{url = "y"}]\n'
    )
    assert read_lock(text) == [("docopt", "0.6.2", False), ("torch", "2.9.1+cpu", True)]


def test_nothing_starts_an_environment_once_it_is_filled(
    index: Index, tmp_path: Path
) -> None:
    # A .pth file of a package runs whenever the environment's interpreter starts.
    canary = tmp_path / "canary"
    line = f"import pathlib; pathlib.Path({str(canary)!r}).touch()\n"
    index.wheel("sneaky", "1.0", modules={"sneaky.pth": line})
    built = provide(tmp_path, "sneaky", boxes=NoBox(), from_source=False)
    assert provide(tmp_path, "sneaky", boxes=NoBox(), from_source=False) == built
    assert any(built.python.parents[1].rglob("sneaky.pth"))
    assert not canary.exists()


@pytest.mark.sandbox
def test_a_build_in_the_box_reaches_nothing_of_the_user_s(
    bubblewrap: Trial, index: Index, tmp_path: Path
) -> None:
    secret, poisoned = tmp_path / "secret", tmp_path / "cache" / "wheels" / "poisoned"
    secret.write_text("mine")
    secret.chmod(0o644)
    first = (
        "tried = []\n"
        f"for path, mode in (({str(secret)!r}, 'r'), ({str(poisoned)!r}, 'w')):\n"
        "    try: open(path, mode); tried.append(path)\n"
        "    except OSError: pass\n"
        "if tried or os.getuid() == 0: raise SystemExit(f'reached {tried}')\n"
    )
    index.self_building("homemade", "1.0", first=first)
    boxes = Only(working(bubblewrap))
    built = provide(tmp_path, "homemade", boxes=boxes)
    assert built.unresolved == ()
    assert has_module(built, "homemade")
    assert not poisoned.exists()
    assert boxes.asked > 0
