"""Which box is taken, and that it fails closed."""

import pytest

from grader.errors import CannotMeasure
from grader.sandbox import choose, remembered
from grader.sandbox.box import PlainBox
from grader.sandbox.bubblewrap import Bubblewrap
from grader.sandbox.choose import Boxes, Trial
from grader.sandbox.landlock import Landlock
from grader.sandbox.landlock import version as landlock_version
from grader.sandbox.selftest import Attempt

HELD = (Attempt("write outside"), Attempt("run pytest on one test"))
LEAKED = (Attempt("write outside", "wrote /there"), Attempt("run pytest on one test"))


def found(
    monkeypatch: pytest.MonkeyPatch, bubblewrap: Trial, landlock: Trial
) -> list[str]:
    """Let trying find these; the list says which were tried."""
    tried: list[str] = []

    def trying(trial: Trial) -> Trial:
        tried.append(trial.tier)
        return trial

    monkeypatch.setattr(
        choose,
        "_TRIALS",
        {
            "bubblewrap": lambda: trying(bubblewrap),
            "landlock": lambda: trying(landlock),
        },
    )
    return tried


def test_the_first_tier_that_holds_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    box = Landlock(7)
    tried = found(
        monkeypatch,
        Trial("bubblewrap", PlainBox(), LEAKED),
        Trial("landlock", box, HELD),
    )
    boxes = Boxes("auto")
    assert boxes.for_tests() is box
    assert boxes.for_tools() is box
    assert boxes.description() == box.description
    assert tried == ["bubblewrap", "landlock"]  # once, for all three


def test_a_tier_that_leaks_is_not_used_and_the_tests_are_not_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found(
        monkeypatch,
        Trial("bubblewrap", PlainBox(), LEAKED),
        Trial("landlock", None, missing="this kernel has no Landlock"),
    )
    boxes = Boxes("auto")
    with pytest.raises(CannotMeasure) as refusal:
        boxes.for_tests()
    assert "the project's tests were not run" in refusal.value.reason
    assert "bubblewrap: write outside: wrote /there" in refusal.value.reason
    assert "landlock: this kernel has no Landlock" in refusal.value.reason
    assert "apt-get install bubblewrap" in refusal.value.reason
    assert isinstance(boxes.for_tools(), PlainBox)
    assert boxes.description() == "no tier works here: tests are not run"


def test_the_tier_that_is_asked_for_is_not_replaced(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tried = found(
        monkeypatch,
        Trial("bubblewrap", None, missing="bwrap is not installed"),
        Trial("landlock", Landlock(7), HELD),
    )
    with pytest.raises(CannotMeasure, match="bwrap is not installed"):
        Boxes("bubblewrap").for_tests()
    assert tried == ["bubblewrap"]


def test_a_tier_in_which_nothing_was_tried_does_not_work() -> None:
    assert not Trial("landlock", Landlock(7)).works


@pytest.mark.parametrize("name", ["GITHUB_TOKEN", "WANDB_API_KEY", "db_password"])
def test_without_isolation_a_token_in_the_environment_stops_the_tests(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    for other in choose._tokens():
        monkeypatch.delenv(other)
    assert isinstance(Boxes("none").for_tests(), PlainBox)
    monkeypatch.setenv(name, "abc")
    with pytest.raises(
        CannotMeasure, match=f"without isolation they could read {name}"
    ):
        Boxes("none").for_tests()
    assert isinstance(Boxes("none").for_tools(), PlainBox)


@pytest.mark.skipif(not landlock_version(), reason="this kernel has no Landlock")
def test_what_works_is_tried_once_and_what_does_not_every_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    box = Landlock(landlock_version())
    tried = found(
        monkeypatch,
        Trial("bubblewrap", None, missing="bwrap is not installed"),
        Trial("landlock", box, HELD),
    )
    assert Boxes("landlock").for_tools() == box
    assert Boxes("landlock").for_tools() == box
    assert tried == ["landlock"]

    monkeypatch.setattr(remembered, "_BOOT", "/proc/sys/kernel/ostype")
    assert Boxes("landlock").for_tools() == box
    assert tried == ["landlock", "landlock"]

    monkeypatch.setattr(remembered, "_RIGHTS", ("Pid:",))
    found(monkeypatch, Trial("bubblewrap", None), Trial("landlock", box, LEAKED))
    for _ in range(2):
        with pytest.raises(CannotMeasure, match="wrote /there"):
            Boxes("landlock").for_tests()


def test_forks_of_our_tools_get_a_box_that_a_process_puts_on_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    landlock = Landlock(99)  # not this kernel's: nothing is remembered of it
    mounts = Trial("bubblewrap", Bubblewrap("/usr/bin/bwrap"), HELD)
    found(monkeypatch, mounts, Trial("landlock", landlock, HELD))
    boxes = Boxes("auto")
    assert boxes.for_tools() == mounts.box
    assert boxes.for_forks() is landlock

    found(monkeypatch, mounts, Trial("landlock", landlock, LEAKED))
    assert Boxes("auto").for_forks() is None
    assert isinstance(Boxes("none").for_forks(), PlainBox)
