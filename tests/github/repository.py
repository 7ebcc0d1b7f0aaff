"""A GitHub that knows repositories by what was done in them, and answers GraphQL of that.

What it answers has the shape of GitHub's own answers: pages with cursors, accounts that are
gone as null, what is not asked for not there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tests.github.server import REPOSITORY, Host, Json

START = "2026-03-01T10:00:00Z"
MERGED = "2026-03-02T10:00:00Z"
LATER = "2026-04-02T10:00:00Z"

Node = dict[str, Json]


def account(name: str | None) -> Json:
    """Somebody; a name that ends with `[bot]` is a bot, None is nobody any more."""
    if name is None:
        return None
    is_bot = name.endswith("[bot]")
    login = name.removesuffix("[bot]")
    return {"__typename": "Bot" if is_bot else "User", "login": login}


def review(
    who: str | None,
    state: str = "APPROVED",
    *,
    at: str | None = "2026-03-01T12:00:00Z",
    body: str = "",
    comments: int = 0,
) -> Node:
    return {
        "author": account(who),
        "state": state,
        "submittedAt": at,
        "body": body,
        "comments": {"totalCount": comments},
    }


def pull(
    number: int,
    author: str | None = "ada",
    *reviews: Node,
    by: str | None = "ben",
    at: str | None = MERGED,
    opened: str = START,
    checks: str | None = "SUCCESS",
    more_reviews: int = 0,
) -> Node:
    """A pull request, merged `at` that time by somebody; None where it was not."""
    return {
        "number": number,
        "createdAt": opened,
        "mergedAt": at,
        "author": account(author),
        "mergedBy": account(by) if at else None,
        "reviews": {
            "totalCount": len(reviews) + more_reviews,
            "nodes": list(reviews),
        },
        "commits": {
            "nodes": [
                {"commit": {"statusCheckRollup": checks and {"state": checks}}},
            ]
        },
    }


def commit(
    number: int,
    *,
    merged: str | None = MERGED,
    at: str = START,
    email: str | None = "ada@uni.edu",
    parents: int = 1,
) -> Node:
    return {
        "oid": f"{number:040x}",
        "committedDate": at,
        "author": {"email": email},
        "parents": {"totalCount": parents},
        "associatedPullRequests": {"nodes": [{"mergedAt": merged}] if merged else []},
    }


def release(
    number: int | None,
    *,
    at: str | None = MERGED,
    is_draft: bool = False,
    is_prerelease: bool = False,
) -> Node:
    """A release of the commit with this number; None where its tag is gone."""
    return {
        "isDraft": is_draft,
        "isPrerelease": is_prerelease,
        "publishedAt": at,
        "tagCommit": {"oid": f"{number:040x}"} if number is not None else None,
    }


@dataclass
class Work:
    """What was done in one repository; `called` is its name now, None for the one asked for."""

    pulls: Sequence[Node] = ()
    commits: Sequence[Node] = ()
    releases: Sequence[Node] = ()
    has_branch: bool = True
    called: str | None = None


@dataclass
class WorkHost(Host):
    """A GitHub with repositories by name; `asked` counts the queries about each."""

    work: dict[str, Work] = field(default_factory=lambda: {REPOSITORY: Work()})
    asked: dict[str, int] = field(default_factory=dict)
    sent: list[Mapping[str, Json]] = field(default_factory=list)
    left: int = 5_000

    def answer(
        self, method: str, target: str, sent: Mapping[str, Json]
    ) -> tuple[int, Json, dict[str, str]]:
        """GraphQL about a repository; the rest as any host."""
        if not target.endswith("/graphql"):
            return super().answer(method, target, sent)
        variables = sent["variables"]
        assert isinstance(variables, dict)
        self.sent.append(sent)
        name = f"{variables['owner']}/{variables['name']}"
        self.asked[name] = self.asked.get(name, 0) + 1
        self.left -= 1
        headers = {"X-RateLimit-Remaining": str(self.left)}
        if name not in self.work:
            gone = f"Could not resolve to a Repository with the name '{name}'."
            error = {"type": "NOT_FOUND", "path": ["repository"], "message": gone}
            return 200, {"data": {"repository": None}, "errors": [error]}, headers
        shown = _shown(name, self.work[name], variables)
        return 200, {"data": {"repository": shown}}, headers


def _shown(name: str, work: Work, asked: Mapping[str, Json]) -> Json:
    history = _page(work.commits, asked, "commits", "many")
    target = {"history": history} if asked["wantsCommits"] else {}
    shown: Node = {
        "nameWithOwner": work.called or name,
        "defaultBranchRef": (
            {"name": "main", "target": target} if work.has_branch else None
        ),
    }
    if asked["wantsPulls"]:
        shown["pullRequests"] = _page(work.pulls, asked, "pulls", "few")
    if asked["wantsReleases"]:
        shown["releases"] = _page(work.releases, asked, "releases", "few")
    return shown


def _page(
    nodes: Sequence[Node], asked: Mapping[str, Json], cursor: str, size: str
) -> Node:
    start = int(str(asked[cursor] or 0))
    end = start + int(str(asked[size]))
    return {
        "totalCount": len(nodes),
        "pageInfo": {
            "hasNextPage": end < len(nodes),
            "endCursor": str(min(end, len(nodes))) if nodes else None,
        },
        "nodes": list(nodes[start:end]),
    }
