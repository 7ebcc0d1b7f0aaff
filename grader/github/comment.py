"""One comment on a pull request: made, kept up to date, and its duplicates removed.

It is known by two things together: its first line, a marker that readers don't see, and its
author. Anybody can write the marker; only the holder of the token writes as its author.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal

from grader.github.client import Answer, GitHub
from grader.github.pulls import PullRequest
from grader.github.trouble import Gone, Refused, Unavailable

VERSION = 1
# GitHub takes 65,536 characters, the marker's line among them.
MAX_CHARACTERS = 65_000
_MARKER = re.compile(r"<!-- mlops-grade comment v\d{1,4} [0-9a-f]{16} -->")


@dataclass(frozen=True)
class Written:
    """What was done: `address` is the comment's, `removed` how many duplicates went."""

    kind: Literal["created", "updated", "unchanged"]
    address: str
    removed: int = 0


@dataclass(frozen=True)
class NotWritten:
    """There is no comment, and why: `read-only` is the token, `gone` the pull request."""

    kind: Literal["read-only", "locked", "gone"]
    reason: str
    hint: str = ""


class _User(Answer):
    login: str


class _Comment(Answer):
    id: int
    body: str | None = None
    # None where the account was deleted.
    user: _User | None = None
    html_url: str = ""


class _Viewer(Answer):
    viewer: _User


def marked(text: str) -> str:
    """The text as it is posted: below a marker with the format's version and a short hash."""
    return f"<!-- mlops-grade comment v{VERSION} {_hash(text)} -->\n{text}"


def _hash(text: str) -> str:
    """Of the text as it reads: line ends and spaces at the ends of lines are left aside."""
    read = "\n".join(line.rstrip() for line in text.splitlines()).strip()
    return sha256(read.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def write_comment(github: GitHub, pull: PullRequest, text: str) -> Written | NotWritten:
    """Make the pull request have one comment of ours, with this text, and no other of ours.

    Nothing is sent where it has that already. Raises `GitHubError` where GitHub doesn't do
    what it should.
    """
    if len(text) > MAX_CHARACTERS:
        raise ValueError(f"a comment of {len(text)} characters does not fit")
    try:
        return _write(github, pull, text)
    except Gone as error:
        return NotWritten(
            "gone",
            f"Pull request {pull.number} of {pull.repository} has vanished: "
            f"{error.message}",
        )
    except Refused as error:
        if "locked" in error.message:
            return NotWritten("locked", f"The conversation is locked: {error.message}")
        return _read_only(pull, error)


def _read_only(pull: PullRequest, error: Refused) -> NotWritten:
    if not pull.is_fork:
        return NotWritten(
            "read-only",
            f"the token may not write comments: {error.message}",
            "Give the job the permission pull-requests: write.",
        )
    return NotWritten(
        "read-only",
        "this pull request comes from a fork, and there GitHub's token may only read: "
        "no comment was written.",
        "Comment from a second workflow, which runs none of the fork's code: "
        "`mlops-grade github init` writes both.",
    )


def _write(github: GitHub, pull: PullRequest, text: str) -> Written:
    body = marked(text)
    ours = _ours(github, pull)
    # A comment may go between being found and being changed: then the next one is it.
    while ours:
        first, *others = ours
        try:
            kept = _updated(github, pull, first, body)
        except Gone:
            ours = others
            continue
        for other in others:
            _remove(github, pull, other)
        kind: Literal["updated", "unchanged"] = (
            "unchanged" if kept is first else "updated"
        )
        return Written(kind, kept.html_url, len(others))
    return Written("created", _created(github, pull, body).html_url)


def _ours(github: GitHub, pull: PullRequest) -> list[_Comment]:
    """The comments with our marker that this token's identity wrote, the oldest first."""
    with_marker = [
        one
        for one in github.pages(
            f"/repos/{pull.repository}/issues/{pull.number}/comments", _Comment
        )
        if _MARKER.fullmatch(_first_line(one))
    ]
    if not with_marker:
        return []
    me = _login(github)
    mine = [one for one in with_marker if one.user is not None and one.user.login == me]
    return sorted(mine, key=lambda one: one.id)


def _login(github: GitHub) -> str:
    """Who the token writes as: `github-actions[bot]` for a workflow's own.

    Asked by GraphQL: GET /user is refused to the token of a workflow and of any app.
    """
    return github.query("query { viewer { login } }", _Viewer).viewer.login


def _first_line(comment: _Comment) -> str:
    return (comment.body or "").partition("\n")[0].rstrip()


def _is_as(comment: _Comment, body: str) -> bool:
    """Whether it reads like that already: its marker, and its text, which people may edit."""
    first, _, text = (comment.body or "").partition("\n")
    wanted, _, wanted_text = body.partition("\n")
    return first.rstrip() == wanted and _hash(text) == _hash(wanted_text)


def _updated(
    github: GitHub, pull: PullRequest, comment: _Comment, body: str
) -> _Comment:
    if _is_as(comment, body):
        return comment
    path = f"/repos/{pull.repository}/issues/comments/{comment.id}"
    return github.patch(path, {"body": body}, _Comment)


def _remove(github: GitHub, pull: PullRequest, comment: _Comment) -> None:
    try:
        github.delete(f"/repos/{pull.repository}/issues/comments/{comment.id}")
    except Gone:
        return


def _created(github: GitHub, pull: PullRequest, body: str) -> _Comment:
    path = f"/repos/{pull.repository}/issues/{pull.number}/comments"
    try:
        return github.post(path, {"body": body}, _Comment)
    except Unavailable:
        # It may have been made before the answer was lost.
        there: Sequence[_Comment] = _ours(github, pull)
        if there:
            return there[0]
        return github.post(path, {"body": body}, _Comment)
