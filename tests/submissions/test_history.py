"""What is read of a repository's history beside its commits: co-authors, tags, branches."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from grader.engine.capture import capture
from grader.model.history import History, Person
from grader.submissions.history import MAX_CO_AUTHORS, co_authors
from tests.histories import DELIVERED, git, history, written

ANA = Person("Ana", "ana@uni.edu")


def captured(source: Path, work: Path, deadline: datetime | None = None) -> History:
    work.mkdir()
    found = capture(str(source), work, deadline=deadline).snapshot.history
    assert found is not None
    return found


@pytest.mark.parametrize(
    "message",
    [
        "Add\n\nCo-authored-by: Ana <ana@uni.edu>",
        "Add\n\nBody.\n\nCO-AUTHORED-BY:Ana<ana@uni.edu>\n\n",
        "Add\r\n\r\nco-authored-by: Ana <ana@uni.edu>\r\n",
        "Add\n\nSigned-off-by: B <b@uni.edu>\nCo-authored-by: Ana <ana@uni.edu>",
        "Add\n\nReviewed-by: B\n  of the course\nCo-authored-by: Ana <ana@uni.edu>",
        "A\n\nCo-authored-by: Ana <ana@uni.edu>\nCo-authored-by: Ana <ana@uni.edu>",
        "Long\n\n" + "word " * 10_000 + "\n\nCo-authored-by: Ana <ana@uni.edu>",
    ],
)
def test_co_authors_are_the_trailers_at_a_messages_end(message: str) -> None:
    assert co_authors(message.encode()) == (ANA,)


@pytest.mark.parametrize(
    "message",
    [
        "",
        "Co-authored-by: Ana <ana@uni.edu>",
        "Add\nCo-authored-by: Ana <ana@uni.edu>",
        "Add\n\nCo-authored-by: Ana <ana@uni.edu>\n\nMore text.",
        "Add\n\nAs I said to her:\nCo-authored-by: Ana <ana@uni.edu>\nis no way to go",
        "Add\n\nCo-authored-by: Ana",
    ],
)
def test_words_elsewhere_in_a_message_credit_nobody(message: str) -> None:
    assert co_authors(message.encode()) == ()


def test_co_authors_are_bounded_and_a_hostile_message_is_read_at_once() -> None:
    many = "".join(f"Co-authored-by: P{at} <p{at}@uni.edu>\n" for at in range(100))
    assert len(co_authors(f"Add\n\n{many}".encode())) == MAX_CO_AUTHORS
    assert co_authors(b"Add\n\nCo-authored-by:" + b" " * 1_000_000) == ()
    assert co_authors(b"Add\n\nCo-authored-by: \xff\xfe <\xff>") != ()


def test_a_repository_is_read_as_it_was_told(tmp_path: Path) -> None:
    source = written(tmp_path / "source", DELIVERED)
    found = captured(source, tmp_path / "work")
    expected = history(DELIVERED)
    assert [
        (one.subject, one.author, one.parents, one.co_authors, one.authored)
        for one in found.commits
    ] == [
        (one.subject, one.author, one.parents, one.co_authors, one.authored)
        for one in expected.commits
    ]
    assert found.branches == ("main",)
    (tag,) = found.tags
    assert (tag.name, tag.commit, tag.made) == ("v1.0.0", found.commits[0].hash, None)


def test_tags_lead_to_commits_or_are_none_and_branches_have_one_name(
    tmp_path: Path,
) -> None:
    text = "2026-03-02 10:00 A <a@uni.edu>: One\n2026-03-03 10:00 A <a@uni.edu>: Two\n"
    source = written(tmp_path / "source", text)
    tip = git(source, "rev-parse", "HEAD")
    who = ("-c", "user.name=A", "-c", "user.email=a@uni.edu")
    git(source, *who, "tag", "-a", "v1.0.0", "-m", "First", "HEAD~1")
    git(source, "tag", "light")
    git(source, *who, "tag", "-a", "of-a-tag", "-m", "Chain", "v1.0.0")
    git(source, "tag", "of-a-tree", "HEAD^{tree}")
    git(source, "branch", "feat/api")
    for name in ("refs/remotes/origin/feat/api", "refs/remotes/up/main"):
        git(source, "update-ref", name, "HEAD")
    git(source, "update-ref", "refs/pull/1/head", "HEAD")
    git(source, "update-ref", "refs/stash", "HEAD")
    found = captured(source, tmp_path / "work")
    assert found.branches == ("feat/api", "main")
    tags = {one.name: one for one in found.tags}
    assert tags["v1.0.0"].commit == git(source, "rev-parse", "HEAD~1")
    made = tags["v1.0.0"].made
    assert made is not None and made.utc is not None
    assert (tags["light"].commit, tags["light"].made) == (tip, None)
    assert "of-a-tag" not in tags
    # It names no commit of the history, whatever it is.
    assert tags["of-a-tree"].commit not in {one.hash for one in found.commits}


def test_a_mailmap_in_the_repository_gives_nobodys_work_to_anybody(
    tmp_path: Path,
) -> None:
    files = tmp_path / "files"
    files.mkdir()
    (files / ".mailmap").write_text("Thief <thief@uni.edu> <ana@uni.edu>\n")
    text = "2026-03-02 10:00 Ana <ana@uni.edu>: Read the raw data"
    source = written(tmp_path / "source", text, files)
    git(source, "config", "log.mailmap", "true")
    assert [one.author for one in captured(source, tmp_path / "work").commits] == [ANA]


def test_the_history_knows_the_deadline_that_chose_its_first_commit(
    tmp_path: Path,
) -> None:
    source = written(tmp_path / "source", DELIVERED)
    deadline = datetime(2026, 3, 5, 23, 59, tzinfo=UTC)
    found = captured(source, tmp_path / "work", deadline)
    assert found.deadline == deadline and found.read_at is not None
    assert found.commits[0].subject.startswith("Merge pull request #4")


def test_a_shallow_clone_says_that_there_is_more(tmp_path: Path) -> None:
    source = written(tmp_path / "source", DELIVERED)
    git(tmp_path, "clone", "-q", "--depth=3", f"file://{source}", "shallow")
    found = captured(tmp_path / "shallow", tmp_path / "work")
    assert found.is_truncated and len(found.commits) < 10
    assert "main" in found.branches
