"""The last commit until a deadline, and the moment that a deadline is."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.engine.capture import Capture, capture
from grader.errors import GradeError
from grader.model.history import Commit, Time
from grader.submissions.deadline import (
    NothingInTime,
    cut,
    merged_later,
    parse_moment,
    pinned,
)
from tests.hostile import git_repositories as hostile

DEADLINE = parse_moment("2025-05-29 23:59", "Europe/Madrid")
NOW = datetime(2025, 6, 10, 12, 0, tzinfo=UTC)


def commit(name: str, at: datetime | str | None) -> Commit:
    """A commit that claims to be of a moment, or of one after `DEADLINE` by so many hours."""
    if isinstance(at, datetime):
        time = Time(at.astimezone(UTC), str(int(at.timestamp())))
    else:
        time = Time(None, at or "")
    return Commit(name * 10, "Ada", "ada@example.org", time, time, 1, "Work")


def hours(*after: float) -> list[Commit]:
    """A chain, newest first, by how many hours after the deadline each claims to be."""
    return [
        commit("abcdefgh"[at], DEADLINE + timedelta(hours=one))
        for at, one in enumerate(after)
    ]


def test_the_last_commit_until_the_deadline_counts() -> None:
    chain = hours(5, 1, -1, -8)
    made = cut(chain, DEADLINE, NOW)
    assert made.commit == chain[2].hash
    assert made.claimed == chain[2].committed
    assert made.later == tuple(chain[:2])
    assert len(made.notes) == 1
    for part in ("claims to be of 2025-05-29 22:59:59 Europe/Madrid", "2 commit(s)"):
        assert part in made.notes[0]
    assert "2025-05-29 23:59:59 Europe/Madrid (inclusive)" in made.notes[0]


@pytest.mark.parametrize(("seconds", "counts"), [(0, True), (1, False)])
def test_the_deadline_itself_still_counts(seconds: int, counts: bool) -> None:
    chain = [commit("a", DEADLINE + timedelta(seconds=seconds))]
    assert (cut(chain, DEADLINE, NOW).commit is not None) == counts


def test_nothing_in_time_is_no_commit_and_says_when_the_first_was() -> None:
    chain = hours(5, 1)
    made = cut(chain, DEADLINE, NOW)
    assert (made.commit, made.claimed, made.later) == (None, None, tuple(chain))
    assert "No commit claims" in made.notes[0]
    assert "2025-05-30 00:59:59" in made.notes[0]


def test_a_branch_that_was_read_in_part_is_not_said_to_have_nothing() -> None:
    made = cut(hours(5, 1), DEADLINE, NOW, is_truncated=True)
    assert "older ones were not read" in made.notes[0]


def test_a_branch_without_commits_has_nothing() -> None:
    assert cut([], DEADLINE, NOW).notes == ("The branch has no commits.",)


def test_a_commit_in_time_on_top_of_a_late_one_is_chosen_and_doubted() -> None:
    chain = hours(-1, 3, -5)
    made = cut(chain, DEADLINE, NOW)
    assert made.commit == chain[0].hash
    assert any("builds on bbbbbbbbbb" in note for note in made.notes)
    assert any("earlier than the commit they build on" in note for note in made.notes)


def test_clocks_of_a_team_that_differ_a_little_are_not_doubted() -> None:
    assert len(cut(hours(-2 - 30 / 3600, -2), DEADLINE, NOW).notes) == 1


def test_an_unreadable_time_counts_as_late_and_is_told() -> None:
    chain = [commit("a", "99999999999999999999 +0000"), *hours(-1)[:1]]
    made = cut([chain[0], commit("b", DEADLINE)], DEADLINE, NOW)
    assert made.commit == "b" * 10
    assert made.later == (chain[0],)
    assert any("can't be read" in note and "aaaaaaaaaa" in note for note in made.notes)


def test_a_time_of_1970_counts_and_is_told() -> None:
    made = cut([commit("a", datetime(1970, 1, 1, tzinfo=UTC))], DEADLINE, NOW)
    assert made.commit == "a" * 10
    assert any("older than git itself" in note for note in made.notes)


def test_a_time_after_now_is_told() -> None:
    chain = [commit("a", datetime(2099, 1, 1, tzinfo=UTC)), *hours(-1)]
    made = cut(chain, DEADLINE, NOW)
    assert any("later than now, 2025-06-10 14:00:00" in one for one in made.notes)


def test_a_time_of_the_year_9999_is_shown() -> None:
    last = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    made = cut([commit("a", last)], DEADLINE, NOW)
    assert made.commit is None and "9999-12-31" in made.notes[0]


def test_what_a_later_merge_brought_in_is_told_where_it_was_in_time() -> None:
    assert merged_later(hours(2, 1), DEADLINE) == ()
    (note,) = merged_later(hours(2, -1), DEADLINE)
    assert note.startswith("1 commit(s) claim to be in time")


def test_a_commit_that_a_person_named_is_graded_whatever_its_time() -> None:
    chain = hours(5, 1, -1)
    made = pinned(chain[1].hash, chain, DEADLINE)
    assert (made.commit, made.later) == (chain[1].hash, (chain[0],))
    assert "after the deadline" in made.notes[1]
    assert len(pinned(chain[2].hash, chain, DEADLINE).notes) == 1
    assert "not in its branch" in pinned("f" * 40, chain, DEADLINE).notes[0]


@given(st.lists(st.one_of(st.none(), st.integers(-100, 100)), max_size=12))
def test_every_later_one_is_late_and_the_chosen_one_is_not(
    after: list[int | None],
) -> None:
    chain = [
        commit(f"{at:x}", None if one is None else DEADLINE + timedelta(hours=one))
        for at, one in enumerate(after)
    ]
    made = cut(chain, DEADLINE, NOW)
    assert all(
        one.committed.utc is None or one.committed.utc > DEADLINE for one in made.later
    )
    assert chain[: len(made.later)] == list(made.later)
    if made.commit is None:
        assert len(made.later) == len(chain)
    else:
        chosen = chain[len(made.later)]
        assert chosen.hash == made.commit
        assert chosen.committed.utc is not None and chosen.committed.utc <= DEADLINE


@pytest.mark.parametrize(
    ("text", "zone", "utc"),
    [
        # A minute, and a day, are meant with their last second.
        ("2025-05-29 23:59", "Europe/Madrid", "2025-05-29T21:59:59+00:00"),
        ("2025-05-29", "Europe/Madrid", "2025-05-29T21:59:59+00:00"),
        ("2025-05-29 23:59:00", "Europe/Madrid", "2025-05-29T21:59:00+00:00"),
        ("2025-05-29T00:00", "Europe/Madrid", "2025-05-28T22:00:59+00:00"),
        ("2025-01-29 23:59", "Europe/Madrid", "2025-01-29T22:59:59+00:00"),
        ("2025-05-29T23:59+02:00", None, "2025-05-29T21:59:59+00:00"),
        ("2025-05-29T23:59 +0200", "Europe/Madrid", "2025-05-29T21:59:59+00:00"),
        ("2025-05-29T21:59:59Z", None, "2025-05-29T21:59:59+00:00"),
        ("2025-05-29T21:59Z", "UTC", "2025-05-29T21:59:59+00:00"),
        # Said with its offset, an hour that comes twice is one.
        ("2025-10-26T02:30+01:00", "Europe/Madrid", "2025-10-26T01:30:59+00:00"),
        # The day ends when its last hour has come the second time.
        ("2025-04-05", "America/Santiago", "2025-04-06T03:59:59+00:00"),
        (" 2024-02-29 ", "Asia/Kathmandu", "2024-02-29T18:14:59+00:00"),
    ],
)
def test_a_moment_is_read_with_all_that_it_includes(
    text: str, zone: str | None, utc: str
) -> None:
    assert parse_moment(text, zone).astimezone(UTC).isoformat() == utc


@pytest.mark.parametrize(
    ("text", "zone", "words"),
    [
        ("2025-10-26 02:30", "Europe/Madrid", "comes twice in Europe/Madrid"),
        ("2025-03-30 02:30", "Europe/Madrid", "does not exist in Europe/Madrid"),
        ("2011-12-30", "Pacific/Apia", "does not exist"),
        ("2025-05-29 23:59", None, "different moment in every time zone"),
        ("2025-05-29", None, "different moment"),
        ("2025-05-29 23:59", "Europe/Madird", 'Did you mean "Europe/Madrid"'),
        ("2025-05-29 23:59", "Madrid", 'Did you mean "Europe/Madrid"'),
        ("2025-05-29 23:59", "../etc/passwd", "is not a time zone"),
        ("2025-05-29 23:59", "", "is not a time zone"),
        ("2025-05-29T23:59Z", "Europe/Madrid", "it is 2025-05-30 01:59 there"),
        ("2025-05-29T23:59+19:00", None, "no offset"),
        ("2025-02-29", "UTC", "no date and time"),
        ("2025-05-29 24:00", "UTC", "no date and time"),
        ("29/05/2025", "UTC", "is not a date and time"),
        ("2025-05-29+02:00", None, "is not a date and time"),
        ("tomorrow", "UTC", "is not a date and time"),
    ],
)
def test_what_is_not_one_moment_is_refused(
    text: str, zone: str | None, words: str
) -> None:
    with pytest.raises(GradeError) as caught:
        parse_moment(text, zone)
    assert words in caught.value.message
    assert caught.value.hint


def test_both_readings_of_a_doubtful_moment_are_named() -> None:
    for text, readings in (
        ("2025-10-26 02:30", ("02:30:59+02:00", "02:30:59+01:00")),
        ("2025-03-30 02:30", ("01:30:59+01:00", "03:30:59+02:00")),
    ):
        with pytest.raises(GradeError) as caught:
            parse_moment(text, "Europe/Madrid")
        for reading in readings:
            assert reading in caught.value.message
        assert "offset" in caught.value.hint


class Captures:
    """Captures of one local repository, each in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = 0

    def __call__(
        self, source: Path, deadline: datetime | None = DEADLINE, pin: str | None = None
    ) -> Capture:
        self._count += 1
        work = self._folder / f"work-{self._count}"
        work.mkdir()
        return capture(str(source), work, commit=pin, deadline=deadline, now=NOW)


@pytest.fixture
def captures(tmp_path: Path) -> Captures:
    return Captures(tmp_path)


def claimed(*after: float) -> list[bytes]:
    """Times as git writes them, by how many hours after the deadline they are."""
    start = DEADLINE.timestamp()
    return [b"%d +0200" % (start + 3600 * one) for one in after]


def branch(folder: Path, times: list[bytes]) -> Path:
    """A bare repository with a commit for each time, oldest first, each with its own file."""
    store = hostile.Store(folder / "group.git")
    commits: list[str] = []
    for at, time in enumerate(times):
        tree = store.tree(store.files({f"c{at}.py".encode(): b""}))
        commits.append(store.commit(tree, time=time, parents=commits[-1:]))
    return store.branch(commits[-1])


def test_a_branch_is_graded_where_it_was_at_the_deadline(
    tmp_path: Path, captures: Captures
) -> None:
    captured = captures(branch(tmp_path, claimed(-9, -2, 1, 2)))
    assert captured.snapshot.files == ("c1.py",)
    assert len(captured.later) == 2
    assert captured.snapshot.history is not None
    assert len(captured.snapshot.history.commits) == 2
    assert captured.notes[0].startswith("Graded at ")


def test_20_odd_times_choose_nothing_in_silence(
    tmp_path: Path, captures: Captures
) -> None:
    """1970 counts, 2099 and what is no time don't; each is said."""
    times = [b"0 +0000", *claimed(-2), b"4070908800 +0000", b"soon"]
    captured = captures(branch(tmp_path, times))
    assert captured.snapshot.files == ("c1.py",)
    said = " ".join(captured.notes)
    for words in ("can't be read", "later than now", "older than git itself"):
        assert words in said
    assert said.isprintable()


def test_a_merge_after_the_deadline_tells_what_it_brought(
    tmp_path: Path, captures: Captures
) -> None:
    store = hostile.Store(tmp_path / "group.git")
    early, beside, late = claimed(-9, -1, 2)

    def commit_of(name: bytes, time: bytes, *parents: str) -> str:
        return store.commit(
            store.tree(store.files({name: b""})), time=time, parents=parents
        )

    first = commit_of(b"a.py", early)
    merge = commit_of(b"m.py", late, first, commit_of(b"b.py", beside, first))
    captured = captures(store.branch(merge))
    assert captured.snapshot.files == ("a.py",)
    assert any("came into the branch by a merge" in note for note in captured.notes)


def test_nothing_in_time_is_refused_and_not_graded_as_empty(
    tmp_path: Path, captures: Captures
) -> None:
    with pytest.raises(NothingInTime) as caught:
        captures(branch(tmp_path, claimed(1, 2)))
    assert "No commit claims" in caught.value.message
    assert "group.git" in caught.value.message


def test_a_folder_is_graded_at_its_commit_under_a_deadline(
    tmp_path: Path, captures: Captures
) -> None:
    folder = hostile.worktree(tmp_path, {"rent.py": b"rent = 1\n"})
    (folder / "rent.py").write_bytes(b"changed\n")
    far = parse_moment("2999-01-01", "UTC")
    captured = captures(folder, far)
    assert (captured.snapshot.root / "rent.py").read_bytes() == b"rent = 1\n"
    assert not captured.snapshot.uncommitted
    assert captures(folder, None).snapshot.uncommitted


def test_a_folder_without_git_is_graded_as_it_stands_and_says_so(
    tmp_path: Path, captures: Captures
) -> None:
    (tmp_path / "plain").mkdir()
    (tmp_path / "plain" / "a.py").write_text("")
    captured = captures(tmp_path / "plain")
    assert captured.snapshot.files == ("a.py",)
    assert "nothing says what was there at the deadline" in captured.notes[-1]


def test_a_pin_outranks_the_deadline_and_must_be_a_commit(
    tmp_path: Path, captures: Captures
) -> None:
    path = branch(tmp_path, claimed(-9, 1))
    late = captures(path, None).snapshot.commit
    assert late is not None
    captured = captures(path, DEADLINE, late[:8].upper())
    assert captured.snapshot.commit == late
    assert "it was asked for by name" in captured.notes[1]
    for pin in ("main", "--all", "0" * 40, late[:6], ""):
        with pytest.raises(GradeError, match="not the hash|has no commit"):
            captures(path, DEADLINE, pin)
