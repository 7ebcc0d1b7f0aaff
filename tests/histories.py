"""Git histories from a few lines of text, as a `History` or as a real repository.

A line for each commit, the oldest first, as in `git log --reverse`:

    2026-03-02 10:00 Ana Costa <ana@uni.edu>: feat: read the raw data
        Co-authored-by: Ben Ode <ben@uni.edu>
    2026-03-03 18:30 Ana Costa <ana@uni.edu> merges: Merge branch 'data'
    2026-03-04 09:00 Ana Costa <ana@uni.edu> squashes: Add a plot (#2)
    tag v1.0.0

What is indented is the end of the message. A merge has as its second parent what was
committed since the merge before it; what is squashed was committed by GitHub's page. A tag
names the commit above it. Times are in UTC.
"""

import hashlib
import os
import re
import shutil
import subprocess
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from grader.model.history import Commit, History, Tag, Time
from grader.submissions.history import co_authors

# Two people on branches with pull requests; one who uploads; one commit and nothing more.
DELIVERED = """\
2026-03-02 09:00 Ana Costa <ana@uni.edu>: chore: add the folder structure
2026-03-02 10:00 Ana Costa <ana@uni.edu>: feat(data): read the raw data from the configured path
2026-03-02 11:00 Ana Costa <ana@uni.edu>: test(data): cover a missing file
2026-03-02 12:00 Ben Ode <ben@uni.edu> merges: Merge pull request #1 from team/feat-data
2026-03-03 09:00 Ben Ode <ben@uni.edu>: feat(validation): refuse ages out of range
2026-03-03 10:00 Ben Ode <ben@uni.edu>: feat(validation): refuse columns of another type
2026-03-03 11:00 Ben Ode <ben@uni.edu>: test(validation): cover empty columns
2026-03-03 12:00 Ana Costa <ana@uni.edu> merges: Merge pull request #2 from team/feat-validation
2026-03-04 09:00 Ana Costa <ana@uni.edu>: feat(features): scale incomes
2026-03-04 10:00 Ana Costa <ana@uni.edu>: feat(training): train a baseline with a fixed seed
    Co-authored-by: Ben Ode <ben@uni.edu>
2026-03-04 11:00 Ana Costa <ana@uni.edu>: feat(training): save the model and its metrics
2026-03-04 12:00 Ben Ode <ben@uni.edu> merges: Merge pull request #3 from team/feat-training
2026-03-05 09:00 Ben Ode <ben@uni.edu>: feat(evaluation): compare with the majority class
2026-03-05 10:00 Ben Ode <ben@uni.edu>: feat(tracking): log runs to W&B
2026-03-05 11:00 Ben Ode <ben@uni.edu>: fix(tracking): close the run after a failure
2026-03-05 12:00 Ana Costa <ana@uni.edu> merges: Merge pull request #4 from team/feat-tracking
2026-03-09 09:00 Ana Costa <ana@uni.edu>: feat(api): serve predictions
2026-03-09 10:00 Ana Costa <ana@uni.edu>: test(api): ask for a batch
2026-03-09 11:00 Ana Costa <ana@uni.edu>: build: make an image that starts the server
2026-03-09 12:00 Ben Ode <ben@uni.edu> merges: Merge pull request #5 from team/feat-api
2026-03-10 09:00 Ben Ode <ben@uni.edu>: ci: run linters and tests on each push
2026-03-10 10:00 Ben Ode <ben@uni.edu>: ci: publish the image after a release
2026-03-11 09:00 Ana Costa <ana@uni.edu>: docs: describe how to deploy
2026-03-11 10:00 Ana Costa <ana@uni.edu>: docs: name the model's limits
2026-03-12 09:00 Ben Ode <ben@uni.edu>: chore: release the first version
tag v1.0.0
"""
MESSY = """\
2026-03-11 22:00 Carl Diem <carl@uni.edu>: Add files via upload
2026-03-11 23:00 Carl Diem <carl@uni.edu>: update
2026-03-12 01:00 Carl Diem <carl@uni.edu>: final
2026-03-12 02:00 Carl Diem <carl@uni.edu>: final
tag handin
"""
EMPTY = "2026-03-12 02:00 Carl Diem <carl@uni.edu>: Initial commit\n"

# Of an example's blocks the one that is no file.
HISTORY = "git log"
GITHUB = "noreply@github.com"

_LINE = re.compile(
    r"(?P<time>\d{4}-\d\d-\d\d \d\d:\d\d) (?P<name>[^<]*?) ?<(?P<email>[^>]*)>"
    r"(?: (?P<how>merges|squashes))?: (?P<subject>.*)"
)


@dataclass
class Told:
    """One commit of such a text."""

    time: datetime
    name: str
    email: str
    how: str
    subject: str
    trailers: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)

    @property
    def message(self) -> str:
        """Its whole message."""
        return "\n".join(
            [self.subject, *([""] if self.trailers else []), *self.trailers]
        )

    @property
    def committer(self) -> str:
        """Whose address made the commit of what the author wrote."""
        return GITHUB if self.how == "squashes" else self.email


def told(text: str) -> list[Told]:
    """The commits of a text, the oldest first. Raises `ValueError` for another line."""
    found: list[Told] = []
    for line in text.splitlines():
        if not line.strip():
            continue
        if line[0].isspace():
            found[-1].trailers.append(line.strip())
        elif line.startswith("tag "):
            found[-1].tags.append(line.removeprefix("tag ").strip())
        elif match := _LINE.fullmatch(line):
            time = datetime.strptime(match["time"], "%Y-%m-%d %H:%M")
            found.append(
                Told(
                    time.replace(tzinfo=UTC),
                    *(match["name"], match["email"], match["how"] or ""),
                    match["subject"],
                )
            )
        else:
            raise ValueError(f"no line of a history: {line}")
    return found


def history(
    text: str,
    *,
    branches: tuple[str, ...] = ("main",),
    deadline: datetime | None = None,
    is_truncated: bool = False,
) -> History:
    """What is read of a repository with these commits."""
    commits: list[Commit] = []
    tags: list[Tag] = []
    for at, one in enumerate(told(text)):
        name = hashlib.sha1(f"{at}\n{one.message}".encode()).hexdigest()
        time = Time(one.time, f"{one.time.timestamp():.0f} +0000")
        parents = 2 if one.how == "merges" else min(at, 1)
        commits.append(
            Commit(
                *(name, one.name, one.email, time, time, parents, one.subject),
                committer_email=one.committer,
                co_authors=co_authors(one.message.encode()),
            )
        )
        tags += [Tag(tag, name) for tag in one.tags]
    return History(
        commits=tuple(reversed(commits)),
        is_truncated=is_truncated,
        tags=tuple(tags),
        branches=branches,
        read_at=datetime(2027, 1, 1, tzinfo=UTC),
        deadline=deadline,
    )


def git(folder: Path, *arguments: str, stdin: str | None = None) -> str:
    """What git prints, run in a folder without this machine's settings."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    clean |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    done = subprocess.run(
        ["git", *arguments],
        cwd=folder,
        env=clean,
        check=True,
        capture_output=True,
        input=stdin.encode() if stdin is not None else None,
    )
    return done.stdout.decode().strip()


def written(folder: Path, text: str, files: Path | None = None) -> Path:
    """A repository at `folder` with these commits, each with all of the `files`.

    The files stand in it as they are committed.
    """
    if files is not None:
        shutil.copytree(files, folder, symlinks=True)
    folder.mkdir(parents=True, exist_ok=True)
    git(folder, "-c", "init.defaultBranch=main", "init", "-q")
    git(folder, "add", "--all")
    tree = git(folder, "write-tree")
    stream: list[str] = []
    base = tip = 0
    for mark, one in enumerate(told(text), 1):
        seconds = f"{one.time.timestamp():.0f} +0000"
        size = len(one.message.encode())
        stream += [
            "commit refs/heads/main",
            f"mark :{mark}",
            f"author {one.name} <{one.email}> {seconds}",
            f"committer {one.name} <{one.committer}> {seconds}",
            f"data {size}\n{one.message}",
        ]
        if one.how == "merges":
            stream += [f"from :{base}", f"merge :{tip}"]
            base = mark
        elif tip:
            stream.append(f"from :{tip}")
        base, tip = base or mark, mark
        stream += [f'M 040000 {tree} ""', ""]
        for tag in one.tags:
            stream += [f"reset refs/tags/{tag}", f"from :{mark}", ""]
    git(folder, "fast-import", "--quiet", "--force", stdin="\n".join(stream) + "\n")
    git(folder, "reset", "-q", "--hard")
    return folder
