"""What the host of a repository is asked of the work on it, at most once for all checks.

The token is taken from the environment of the process that asks, when it asks, and given to
the API of that host alone: it is in nothing that is stored, sent to a worker or run.
"""

import logging
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from urllib.parse import urlsplit

from grader.errors import CannotMeasure, GradeError
from grader.model.hosted import Hosted
from grader.submissions.credentials import variables_for
from grader.submissions.web import Origin

GITHUB, API_URL = "github.com", "https://api.github.com"
# These are of the GitHub that GITHUB_SERVER_URL names, as in a workflow of its own.
_OF_THE_SERVER = ("GITHUB_TOKEN", "GH_TOKEN")
_PATH = re.compile(r"(?!\.{1,2}/)[A-Za-z0-9_.-]+/(?!\.{1,2}$)[A-Za-z0-9_.-]+", re.ASCII)


@dataclass(frozen=True)
class Question:
    """Which repository is asked about, and which of what happened there counts.

    `origin` is where it is kept, None where that is not known. With `until` only what
    happened by then counts.
    """

    origin: Origin | None
    until: datetime | None = None
    is_offline: bool = False


def asking(
    question: Question, tell: Callable[[str], None] = lambda _: None
) -> Callable[[], Hosted]:
    """A function that asks when it is first called, and gives that answer from then on.

    It raises `CannotMeasure`, with the same words each time, where there is no answer.
    """
    guard = Lock()
    found: list[Hosted | CannotMeasure] = []

    def answer() -> Hosted:
        with guard:
            if not found:
                try:
                    found.append(_ask(question, os.environ, tell))
                except CannotMeasure as error:
                    found.append(error)
        if isinstance(found[0], CannotMeasure):
            raise CannotMeasure(found[0].reason)
        return found[0]

    return answer


def _ask(
    question: Question, environment: Mapping[str, str], tell: Callable[[str], None]
) -> Hosted:
    origin = question.origin
    if origin is None:
        raise CannotMeasure(
            "it is not known where the repository is hosted: give its address, or a "
            "clone whose remote `origin` is on GitHub."
        )
    server = server_of(environment)
    if origin.host not in (server, GITHUB):
        raise CannotMeasure(
            f"pull requests are read from GitHub, and the repository is on {origin.host}. "
            "For a GitHub of your own set GITHUB_SERVER_URL to its address."
        )
    if not _PATH.fullmatch(origin.path):
        raise CannotMeasure(f"no repository of {origin.host} has such an address.")
    if question.is_offline:
        raise CannotMeasure(f"{origin.host} was not asked: nothing is fetched offline.")
    variable, token = token_for(origin.host, server, environment)
    # `requests` is long to import, and hardly any run asks.
    from grader.github.activity import read_activity
    from grader.github.client import GitHub
    from grader.github.trouble import GitHubError, RateLimited

    # What goes wrong is said in our words, once.
    logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)
    tell(f"asking {origin.host} for the pull requests")
    try:
        api, graphql = addresses(origin.host, server, environment)
        github = GitHub(token, api_url=api, graphql_url=graphql)
        return read_activity(github, origin.host, origin.path, question.until)
    except GitHubError as error:
        status = f" The token is that of {variable}." if error.status == 401 else ""
        when = f" {error.hint}" if isinstance(error, RateLimited) else ""
        raise CannotMeasure(f"{error.message}{status}{when}") from None
    except GradeError as error:
        raise CannotMeasure(
            f"{variable}: {error.message} {error.hint}".strip()
        ) from None


def server_of(environment: Mapping[str, str]) -> str:
    """The host of the GitHub that this machine's variables are about."""
    url = environment.get("GITHUB_SERVER_URL", "").strip()
    host = urlsplit(url).hostname if url.startswith("https://") else None
    return (host or GITHUB).removeprefix("www.")


def token_for(
    host: str, server: str, environment: Mapping[str, str]
) -> tuple[str, str]:
    """A token for a host, behind the name of the variable that has it."""
    own = variables_for(f"https://{host}")
    names = [name for name in own if name not in _OF_THE_SERVER]
    if host == server:
        names += _OF_THE_SERVER
    for name in names:
        if value := environment.get(name, "").strip():
            return name, value
    known = [*names[1:], *names[:1]] if host == server else names
    raise CannotMeasure(
        f"there is no token for {host}, without which pull requests can't be read. Set "
        f"{', or '.join(known)}, to one that may read the repository."
    )


def addresses(
    host: str, server: str, environment: Mapping[str, str]
) -> tuple[str, str | None]:
    """Where the API of a host is, and its GraphQL where that is not said by the first.

    For the server's own as its variables say.
    """
    usual = API_URL if host == GITHUB else f"https://{host}/api/v3"
    if host != server:
        return usual, None
    api = environment.get("GITHUB_API_URL", "").strip()
    graphql = environment.get("GITHUB_GRAPHQL_URL", "").strip()
    return api or usual, graphql or None
