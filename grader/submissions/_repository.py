"""What a row of a list says of a repository: its address, branch and commit, checked."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from grader.errors import GradeError
from grader.submissions._text import shown
from grader.submissions.address import check_url, looks_like_url

_WEB = re.compile(r"(https?|ssh)://([^/]*)(/.*)?", re.IGNORECASE)
_SCP = re.compile(r"([^@/\s]+)@([^:/\s]+):(.*)")
_BARE_HOST = re.compile(r"(www\.)?(github|gitlab|bitbucket)\.(com|org)/", re.IGNORECASE)

ADDRESS_CHARACTERS = 2_000

# There a repository is the same whatever its capitals are.
_CASELESS = frozenset({"github.com", "gitlab.com", "bitbucket.org", "codeberg.org"})

_PAGE = re.compile(
    r"(https://github\.com/[^/\s]+/[^/\s]+)/(?:commits?|compare|releases|tree)(?:/\S*)?",
    re.IGNORECASE,
)
_PAGE_COMMIT = re.compile(r"https://\S+/commits?/([0-9a-f]{7,64})/?", re.IGNORECASE)

_COMMIT = re.compile(r"[0-9a-f]{7,64}")
# What git-check-ref-format refuses, and a hyphen in front, which would be an option.
_NO_BRANCH = re.compile(r"^[-/.]|[\s~^:?*\[\\]|\.\.|@\{|//|/\.|(\.lock|[/.])$|\.lock/")
_BRANCH_CHARACTERS = 200


@dataclass(frozen=True)
class Repository:
    """Where a repository is, and what it has in common with every other address of itself.

    `names` are what a group without a name is called: briefly, and with the owner.
    """

    source: str
    identity: str
    names: tuple[str, str]


def find_repository(written: str, base: Path) -> Repository:
    """The repository at an address, or the folder at a path relative to `base`.

    Raises `GradeError` with what is wrong and what to do.
    """
    text = written.strip("<>")
    if len(text) > ADDRESS_CHARACTERS:
        raise GradeError(
            f'"{shown(text, 60)}" has {len(text)} characters.',
            hint="Give an address, or the path of a folder.",
        )
    if _BARE_HOST.match(text) and not os.path.exists(base / text):
        text = f"https://{text}"
    if looks_like_url(text):
        return _remote(text)
    return _folder(text, base)


def repository_of_page(link: str) -> str:
    """The address of the repository that a page of GitHub's belongs to, or the link."""
    page = _PAGE.fullmatch(link)
    return page[1] if page else link


def _remote(text: str) -> Repository:
    url = _normal(text)
    try:
        check_url(url)
    except GradeError as error:
        raise GradeError(shown(error.message, 400), hint=error.hint) from error
    host, path = _parts(url)
    steps = path.split("/")
    if not all(steps) or host == "github.com" and len(steps) < 2:
        raise GradeError(
            f'"{shown(url)}" is not the address of a repository: it lacks a name.',
            hint=f"It looks like https://{host}/owner/name.",
        )
    if host == "github.com" and len(steps) > 2 or "-" in steps[2:]:
        whole = "/".join(steps[:2])
        raise GradeError(
            f'"{shown(url)}" is a page of a repository, not the repository.',
            hint=f"Give https://{host}/{whole}, and a branch in a column of its own.",
        )
    name = steps[-1]
    owned = "/".join(steps[-2:])
    same = path.casefold() if host in _CASELESS else path
    return Repository(url, f"{host}/{same}", (name, owned))


def _normal(url: str) -> str:
    """The address with its host in small letters, protected, without slashes at its end."""
    if web := _WEB.fullmatch(url):
        user, at, host = web[2].rpartition("@")
        scheme = "ssh" if web[1].lower() == "ssh" else "https"
        return f"{scheme}://{user}{at}{host.lower()}{(web[3] or '').rstrip('/')}"
    if scp := _SCP.fullmatch(url):
        return f"{scp[1]}@{scp[2].lower()}:{scp[3].rstrip('/')}"
    return url


def _parts(url: str) -> tuple[str, str]:
    """The host and the path of an address, the same for each way to write it."""
    if web := _WEB.fullmatch(url):
        host = re.sub(r":(443|22)$", "", web[2].rpartition("@")[2])
        path = web[3] or ""
    else:
        _, _, place = url.partition("@")
        host, _, path = place.partition(":")
    return host.removeprefix("www."), path.strip("/").removesuffix(".git")


def _folder(text: str, base: Path) -> Repository:
    hint = "Give a folder, or an https://, ssh:// or git@host:path address."
    if re.fullmatch(r"[\w.-]+/[\w.-]+", text, re.ASCII):
        hint = f"Did you mean https://github.com/{text}?"
    try:
        found = (base / Path(text).expanduser()).resolve()
        is_folder = found.is_dir()
    except (OSError, RuntimeError, ValueError) as error:
        raise GradeError(f'"{shown(text)}" can\'t be a path.', hint=hint) from error
    if not text or not is_folder:
        raise GradeError(
            f'"{shown(text)}" is neither an address nor a folder beside the list.',
            hint=hint,
        )
    name = found.name.removesuffix(".git") or "repository"
    return Repository(
        str(found), os.path.normcase(found), (name, f"{found.parent.name}/{name}")
    )


def check_branch(written: str) -> str | None:
    """The branch or tag that a row names. Raises `GradeError` for what can't be one."""
    branch = written.removeprefix("refs/heads/").removeprefix("refs/tags/")
    if not branch:
        return None
    if (
        _NO_BRANCH.search(branch)
        or not branch.isprintable()
        or len(branch) > _BRANCH_CHARACTERS
    ):
        raise GradeError(
            f'"{shown(branch)}" can\'t be the name of a branch.',
            hint="Leave it empty for the repository's default branch.",
        )
    return branch


def check_commit(written: str) -> str | None:
    """The commit that a row names, as hash or link. Raises `GradeError` for another text."""
    if not written:
        return None
    page = _PAGE_COMMIT.fullmatch(written)
    commit = (page[1] if page else written).lower()
    if not _COMMIT.fullmatch(commit):
        raise GradeError(
            f'"{shown(written)}" is not the hash of a commit: 7 to 64 digits 0-9, a-f.',
            hint="A spreadsheet may have taken it for a number. A branch or a tag goes "
            "into the column branch.",
        )
    return commit
