"""Links to a line of the repository at its host, at the commit that was graded."""

import re
from dataclasses import dataclass
from urllib.parse import quote

from grader.model.hosts import HostKind, host_kind
from grader.model.report import RepositoryFacts

_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
# No path of a repository is longer.
_PATH_CHARACTERS = 1_000


@dataclass(frozen=True)
class _Hosted:
    """A commit at a known kind of host, whose page is that of the repository."""

    page: str
    kind: HostKind
    commit: str


def commit_link(repository: RepositoryFacts) -> str | None:
    """The page of the graded commit; None where the host has none that is known."""
    if (hosted := _hosted(repository)) is None:
        return None
    page, commit = hosted.page, hosted.commit
    match hosted.kind:
        case "gitlab":
            return f"{page}/-/commit/{commit}"
        case "bitbucket":
            return f"{page}/commits/{commit}"
        case "github" | "gitea":
            return f"{page}/commit/{commit}"


def line_link(
    repository: RepositoryFacts, path: str | None, line: int | None = None
) -> str | None:
    """The address of a file at the graded commit, or of a line of it.

    None outside such a host, and where what was graded is not just that commit: there the
    line may be another one.
    """
    hosted = _hosted(repository)
    if hosted is None or repository.uncommitted or not path or not _is_plain(path):
        return None
    page, commit, file = hosted.page, hosted.commit, quote(path, safe="/")
    match hosted.kind:
        case "github":
            return f"{page}/blob/{commit}/{file}{_at('#L', line)}"
        case "gitlab":
            return f"{page}/-/blob/{commit}/{file}{_at('#L', line)}"
        case "bitbucket":
            return f"{page}/src/{commit}/{file}{_at('#lines-', line)}"
        case "gitea":
            return f"{page}/src/commit/{commit}/{file}{_at('#L', line)}"


def _hosted(repository: RepositoryFacts) -> _Hosted | None:
    page, commit = repository.web, repository.commit
    kind = host_kind(page) if page else None
    if page is None or kind is None or not commit or not _COMMIT.fullmatch(commit):
        return None
    return _Hosted(page, kind, commit)


def _at(sign: str, line: int | None) -> str:
    return f"{sign}{line}" if line is not None and line > 0 else ""


def _is_plain(path: str) -> bool:
    # A backslash is what stands for a character that can't be shown: no file's name here.
    if "\\" in path or len(path) > _PATH_CHARACTERS or not path.isprintable():
        return False
    return not {"", ".", ".."} & set(path.split("/"))
