"""The page that a repository has at its host, from the address that git knows it by."""

import re

from grader.model.hosts import host_kind

_WEB = re.compile(r"https://(?:[^/@]*@)?(?P<host>[^/@:]+)(?::443)?/(?P<path>.*)")
# The port of ssh says nothing of where the pages are.
_SSH = re.compile(r"ssh://(?:[^/@]*@)?(?P<host>[^/@:]+)(?::\d+)?/(?P<path>.*)")
_SCP = re.compile(r"[^/@:\s]+@(?P<host>[^/@:\s]+):(?P<path>(?!/).*)")


def web_page(address: str) -> str | None:
    """`https://github.com/owner/name`; None for a host whose pages aren't known.

    Whatever else the address holds, be it a name or a password, is not in it.
    """
    for form in (_WEB, _SSH, _SCP):
        if found := form.fullmatch(address):
            host = found["host"].lower().removeprefix("www.")
            path = found["path"].strip("/").removesuffix(".git")
            page = f"https://{host}/{path}"
            return page if host_kind(page) else None
    return None
