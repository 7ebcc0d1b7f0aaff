"""The hosts of repositories whose pages are known: which address a line of code has there."""

import re
from typing import Literal

HostKind = Literal["github", "gitlab", "bitbucket", "gitea"]

_KINDS: dict[str, HostKind] = {
    "github.com": "github",
    "gitlab.com": "gitlab",
    "bitbucket.org": "bitbucket",
    "codeberg.org": "gitea",
}
_STEP = r"(?!\.{1,2}(?:/|$))[A-Za-z0-9._~+-]+"
_PAGE = re.compile(
    rf"https://(?P<host>[a-z0-9-]+(?:\.[a-z0-9-]+)+)/(?P<path>{_STEP}(?:/{_STEP})+)"
)


def host_kind(page: str) -> HostKind | None:
    """What the host of a repository's page is; None for any other address.

    Universities run GitLab on hosts of their own, called gitlab by all of them.
    """
    found = _PAGE.fullmatch(page)
    if found is None:
        return None
    host, steps = found["host"], found["path"].split("/")
    kind = _KINDS.get(host) or ("gitlab" if host.startswith("gitlab.") else None)
    # Only GitLab has groups within groups; after a hyphen its own pages follow.
    is_deep = len(steps) > 2 and kind != "gitlab" or "-" in steps
    return None if is_deep else kind
