"""Where a repository is kept, and its page there, from the address that git knows it by."""

import re
from dataclasses import dataclass

from grader.model.hosts import host_kind

_WEB = re.compile(r"https://(?:[^/@]*@)?(?P<host>[^/@:]+)(?::443)?/(?P<path>.*)")
# The port of ssh says nothing of where the pages are.
_SSH = re.compile(r"ssh://(?:[^/@]*@)?(?P<host>[^/@:]+)(?::\d+)?/(?P<path>.*)")
_SCP = re.compile(r"[^/@:\s]+@(?P<host>[^/@:\s]+):(?P<path>(?!/).*)")


@dataclass(frozen=True)
class Origin:
    """Where a repository is kept: the host in small letters, and its path there."""

    host: str
    path: str


def origin_of(address: str) -> Origin | None:
    """What an address says of where it leads; None for what is no address.

    Whatever else it holds, be it a name or a password, is not in it.
    """
    for form in (_WEB, _SSH, _SCP):
        if found := form.fullmatch(address):
            host = found["host"].lower().removeprefix("www.")
            return Origin(host, found["path"].strip("/").removesuffix(".git"))
    return None


def web_page(address: str) -> str | None:
    """`https://github.com/owner/name`; None for a host whose pages aren't known."""
    origin = origin_of(address)
    if origin is None:
        return None
    page = f"https://{origin.host}/{origin.path}"
    return page if host_kind(page) else None
