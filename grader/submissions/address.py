"""The address of a repository: which ones git may be given, and why another is refused.

Git takes much more for an address than an address: a transport helper (`ext::`) is a
program, a host that begins with a hyphen is an option of ssh's.
"""

import re

from grader.errors import GradeError
from grader.submissions.names import printable

_REMOTE = re.compile(r"^[^/\s]*@[^/]*:|^[\w.+-]+::|^[\w.+-]+://")

_HOST = r"[A-Za-z0-9][A-Za-z0-9.-]*"
_USER = r"[A-Za-z0-9_][\w.-]*"
_PATH = r"[^\s?#]+"
_ADDRESS = re.compile(
    rf"https://{_HOST}(:\d+)?/{_PATH}"
    rf"|ssh://({_USER}@)?{_HOST}(:\d+)?/{_PATH}"
    rf"|{_USER}@{_HOST}:{_PATH}",
    re.ASCII,
)
_CREDENTIALS = re.compile(r"^https?://[^/@]*@|^ssh://[^/@:]*:[^/@]*@")


def looks_like_url(source: str) -> bool:
    """Whether the user means a remote repository rather than a folder of this machine."""
    return _REMOTE.match(source) is not None


def check_url(url: str) -> str:
    """The address, when git may be given it. Raises `GradeError` for any other."""
    if _CREDENTIALS.match(url):
        raise GradeError(
            "the URL carries a user name or a password; it would end up in logs.",
            hint="Clone the repository yourself and grade the folder.",
        )
    if reason := _why_not(url):
        raise GradeError(
            f'"{_shown(url)}" is not a repository address that can be cloned: '
            f"{reason}.",
            hint="Give a folder, or an https://, ssh:// or git@host:path address.",
        )
    return url


def _shown(url: str) -> str:
    """The address without what may be a secret."""
    public = re.split("[?#]", url, maxsplit=1)[0]
    return printable(public) + ("…" if public != url else "")


def _why_not(url: str) -> str | None:
    scheme, separator, rest = url.partition("://")
    if not url.isprintable() or " " in url:
        return "it has white space or control characters"
    if "::" in url:
        return f'"{url.partition("::")[0]}::" names a program that git would run'
    if url.startswith("-"):
        return "it begins with a hyphen, as an option does"
    if any(sign in url for sign in "$`\\"):
        return 'a "$", a backquote and a backslash have no place in one'
    if scheme == "file":
        return "a folder of this machine is given by its path"
    if separator and scheme not in ("https", "ssh"):
        return f'"{scheme}://" is not protected on its way'
    host, _, path = rest.partition("/") if separator else url.partition(":")
    if host.startswith("-") or "@-" in host:
        return "its host begins with a hyphen, which ssh would take for an option"
    if path.startswith("-"):
        return "its path begins with a hyphen, as an option does"
    if "?" in url or "#" in url:
        return 'what follows a "?" or a "#" can be a secret, and would end up in logs'
    if not _ADDRESS.fullmatch(url):
        return "it lacks a host or a path, or has odd characters in them"
    return None
