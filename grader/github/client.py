"""A small client of GitHub's REST and GraphQL APIs: patient, careful with the token.

What GitHub answers comes out as a model of the caller's; whatever goes wrong as a
`GitHubError` in plain words. The token goes to the API's own host only and stands in no
message.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from time import monotonic, sleep
from typing import Final, TypeVar
from urllib.parse import urljoin, urlsplit

import requests
from pydantic import BaseModel, ConfigDict, JsonValue, TypeAdapter, ValidationError
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase

from grader.errors import GradeError
from grader.github.patience import LONGEST_WAIT_S, Patience, asked_wait_s
from grader.github.trouble import (
    GitHubError,
    RateLimited,
    Unavailable,
    of_query,
    trouble,
)

API_URL: Final = "https://api.github.com"
# Larger than any page of what is asked for here.
MAX_BYTES = 20 * 1024 * 1024
PER_PAGE = 100
MAX_PAGES = 100
# To connect, between two bytes, and for the whole answer.
CONNECT_S, SILENCE_S, ANSWER_S = 10, 30, 120
TRIES = 4
_REDIRECTS = frozenset({301, 302, 307, 308})
_MAX_REDIRECTS = 3
_SAID_CHARACTERS = 200
_LOCAL = frozenset({"127.0.0.1", "::1", "localhost"})


class Answer(BaseModel):
    """Base of what GitHub answers: frozen; what we don't ask about is left aside."""

    model_config = ConfigDict(frozen=True, extra="ignore")


_Model = TypeVar("_Model", bound=BaseModel)
_Found = TypeVar("_Found")


class _Token(AuthBase):
    """Sets the token; that there is an auth also keeps a .netrc from being used."""

    def __init__(self, token: str | None) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._token:
            request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class GitHub:
    """The API at one address, spoken to with one token or, for what is public, with none.

    GET, PATCH, DELETE and queries are tried again when they fail; a POST only where GitHub
    says that it did not do it, for else it might be done twice. `pause_s` grows from one try
    to the next. `sent` is how many requests it took so far, each try counted; `left` how many
    more the token is good for, None until that was said.
    """

    def __init__(
        self,
        token: str | None,
        *,
        api_url: str = API_URL,
        graphql_url: str | None = None,
        longest_wait_s: float = LONGEST_WAIT_S,
        pause_s: float = 1.0,
    ) -> None:
        self.sent = 0
        self.left: int | None = None
        self._longest_wait_s = longest_wait_s
        self._pause_s = pause_s
        self._token = _checked_token(token)
        self._api_url = _checked_address(api_url)
        self._graphql_url = graphql_url or _graphql_of(self._api_url)
        if _origin(self._graphql_url) != _origin(self._api_url):
            raise GradeError(
                f'the addresses "{self._api_url}" and "{self._graphql_url}" are on two hosts.',
                hint="GITHUB_API_URL and GITHUB_GRAPHQL_URL belong to one GitHub.",
            )
        self._repeating = self._session(
            Patience(
                total=TRIES - 1,
                allowed_methods=None,
                status_forcelist=(500, 502, 503, 504),
                backoff_factor=pause_s,
                backoff_jitter=pause_s / 2,
                raise_on_status=False,
            ).waiting_at_most(longest_wait_s)
        )
        self._once = self._session(
            Patience(
                total=TRIES - 1,
                read=False,
                allowed_methods=None,
                backoff_factor=pause_s,
                raise_on_status=False,
            ).waiting_at_most(longest_wait_s)
        )

    def _session(self, patience: Patience) -> requests.Session:
        session = requests.Session()
        session.auth = _Token(self._token)
        session.headers.update(
            {
                "Accept": "application/vnd.github+json",
                "User-Agent": "mlops-grade",
                "X-GitHub-Api-Version": "2022-11-28",
            }
        )
        for scheme in ("https://", "http://"):
            session.mount(scheme, HTTPAdapter(max_retries=patience))
        return session

    def get(self, path: str, model: type[_Model], **params: str) -> _Model:
        """What is at a path such as `/repos/octo/prices/pulls/3`."""
        response, raw = self._ask("GET", self._api_url + path, params=params)
        return _parsed(TypeAdapter(model), raw, response)

    def pages(self, path: str, model: type[_Model], **params: str) -> Iterator[_Model]:
        """Everything of a list, page by page, as GitHub's links lead."""
        url: str | None = self._api_url + path
        params = {"per_page": str(PER_PAGE), **params}
        for _ in range(MAX_PAGES):
            if url is None:
                return
            response, raw = self._ask("GET", url, params=params)
            yield from _parsed(TypeAdapter(list[model]), raw, response)  # type: ignore[valid-type]
            # The link has the parameters in it.
            url, params = response.links.get("next", {}).get("url"), {}
        if url is not None:
            raise GitHubError(
                f"{path} has more than {MAX_PAGES * PER_PAGE} entries, which is too many."
            )

    def post(
        self, path: str, body: Mapping[str, JsonValue], model: type[_Model]
    ) -> _Model:
        """Make something. After `Unavailable` it may have been made: look before you repeat."""
        response, raw = self._ask(
            "POST", self._api_url + path, body=body, repeats=False
        )
        return _parsed(TypeAdapter(model), raw, response)

    def patch(
        self, path: str, body: Mapping[str, JsonValue], model: type[_Model]
    ) -> _Model:
        """Change what is at a path."""
        response, raw = self._ask("PATCH", self._api_url + path, body=body)
        return _parsed(TypeAdapter(model), raw, response)

    def delete(self, path: str) -> None:
        """Remove what is at a path."""
        self._ask("DELETE", self._api_url + path)

    def query(self, text: str, model: type[_Model], **variables: JsonValue) -> _Model:
        """The `data` of a GraphQL query. It must change nothing, for it may be repeated.

        An answer in parts, with an error beside it, is none.
        """
        body: dict[str, JsonValue] = {"query": text, "variables": variables}

        def once() -> _Model:
            response, raw = self._asked("POST", self._graphql_url, body=body)
            envelope = _parsed(TypeAdapter(_Envelope), raw, response)
            if envelope.errors or envelope.data is None:
                first = envelope.errors[0] if envelope.errors else _QueryError()
                place = ".".join(map(str, first.path))[:_SAID_CHARACTERS]
                raise of_query(
                    first.type,
                    self._safe(first.message or "nothing"),
                    self._safe(place),
                    asked_wait_s(response.headers),
                )
            return _parsed(TypeAdapter(model), envelope.data, response)

        return self._waiting(once)

    def _waiting(self, attempt: Callable[[], _Found]) -> _Found:
        """What an attempt gives, made again where GitHub names a time that is near.

        Retry-After is waited for by `Patience`; this is for the reset of a limit.
        """
        for _ in range(TRIES - 1):
            try:
                return attempt()
            except RateLimited as error:
                wait = error.resets_in_s
                if wait is None or wait > self._longest_wait_s:
                    raise
                # It is told in whole seconds.
                sleep(wait + self._pause_s)
        return attempt()

    def _ask(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Mapping[str, JsonValue] | None = None,
        repeats: bool = True,
    ) -> tuple[requests.Response, bytes]:
        """The answer, read whole, when it is a good one.

        Asked again at the reset of a limit: what was refused for it was not done.
        """
        return self._waiting(
            lambda: self._asked(method, url, params=params, body=body, repeats=repeats)
        )

    def _asked(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Mapping[str, JsonValue] | None = None,
        repeats: bool = True,
    ) -> tuple[requests.Response, bytes]:
        session = self._repeating if repeats else self._once
        for _ in range(_MAX_REDIRECTS + 1):
            if _origin(url) != _origin(self._api_url):
                raise GitHubError(
                    f"GitHub's answer leads to another host, {urlsplit(url).hostname}: "
                    "the token doesn't go there.",
                    hint="Check GITHUB_API_URL; it may be out of date.",
                )
            try:
                with closing(
                    session.request(
                        method,
                        url,
                        params=params,
                        json=body,
                        timeout=(CONNECT_S, SILENCE_S),
                        allow_redirects=False,
                        stream=True,
                    )
                ) as response:
                    self._count(response)
                    raw = _read(response)
            except requests.RequestException as error:
                if error.response is None and not isinstance(error, _Refused):
                    self.sent += TRIES if repeats else 1
                raise Unavailable(
                    f"GitHub could not be reached at {urlsplit(url).hostname}: "
                    f"{self._safe(_in_short(error))}.",
                    hint="Try again; behind a proxy, set HTTPS_PROXY.",
                ) from None
            if response.status_code not in _REDIRECTS:
                if response.status_code >= 400:
                    raise trouble(
                        response.status_code,
                        f"{method} {urlsplit(response.url).path}",
                        self._safe(_said(raw)),
                        asked_wait_s(response.headers),
                        has_waited="Retry-After" in response.headers,
                    )
                return response, raw
            url, params = urljoin(url, response.headers.get("Location", "")), None
        raise GitHubError(
            f"GitHub sends {method} {urlsplit(url).path} round in circles."
        )

    def _count(self, response: requests.Response) -> None:
        retries = response.raw.retries
        self.sent += 1 + (len(retries.history) if retries is not None else 0)
        left = response.headers.get("X-RateLimit-Remaining", "").strip()
        if left.isascii() and left.isdigit() and len(left) < 12:
            self.left = int(left)

    def _safe(self, text: str) -> str:
        """Text for a message: short, and without the token whoever put it there."""
        if self._token:
            text = text.replace(self._token, "***")
        return " ".join(text.split())[:_SAID_CHARACTERS].rstrip(".")


class _Refused(requests.RequestException):
    """An answer that came, and that we don't read to its end."""


class _QueryError(Answer):
    message: str = ""
    type: str = ""
    path: tuple[str | int, ...] = ()


class _Envelope(Answer):
    """What GraphQL answers: 200 for failures too."""

    data: JsonValue = None
    errors: tuple[_QueryError, ...] = ()


class _Message(Answer):
    message: str = ""


def _parsed(
    adapter: TypeAdapter[_Found], found: bytes | JsonValue, response: requests.Response
) -> _Found:
    try:
        if isinstance(found, bytes):
            return adapter.validate_json(found)
        return adapter.validate_python(found)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the answer"
        raise GitHubError(
            f"what GitHub answers to {urlsplit(response.url).path} is not what its "
            f"documentation says: {place}: {first['msg']}.",
            hint="Check GITHUB_API_URL: another program may be answering there.",
        ) from None


def _read(response: requests.Response) -> bytes:
    """The body. Raises `RequestException` where it is too large or takes too long."""
    end = monotonic() + ANSWER_S
    chunks: list[bytes] = []
    size = 0
    for chunk in response.iter_content(64 * 1024):
        size += len(chunk)
        if size > MAX_BYTES:
            raise _Refused(f"the answer is larger than {MAX_BYTES // 2**20} MiB")
        if monotonic() > end:
            raise _Refused(f"no whole answer within {ANSWER_S} s")
        chunks.append(chunk)
    return b"".join(chunks)


def _said(raw: bytes) -> str:
    """GitHub's own words for an error; empty where there are none."""
    try:
        return _Message.model_validate_json(raw).message
    except ValidationError:
        return ""


def _in_short(error: requests.RequestException) -> str:
    """What went wrong, without the addresses of objects."""
    reason = getattr(error.args[0], "reason", error) if error.args else error
    said = str(reason).rpartition(">: ")[2]
    return re.sub(r"^\w+ConnectionPool\([^)]*\): ", "", said) or type(error).__name__


def _checked_token(token: str | None) -> str | None:
    token = token.strip() if token else None
    if token and not (token.isascii() and token.isprintable() and " " not in token):
        # Not quoted: it may be most of a good one.
        raise GradeError("the token is not a token: it has spaces or other characters.")
    return token or None


def _checked_address(url: str) -> str:
    parts = urlsplit(url)
    is_safe = parts.scheme == "https" or (
        parts.scheme == "http" and parts.hostname in _LOCAL
    )
    if not is_safe or not parts.hostname or parts.username or parts.query:
        raise GradeError(
            f'"{url}" is not the address of a GitHub API.',
            hint=f"It is {API_URL}, or https://HOST/api/v3 for GitHub Enterprise Server.",
        )
    return url.rstrip("/")


def _graphql_of(api_url: str) -> str:
    # GitHub Enterprise Server has them beside each other: /api/v3 and /api/graphql.
    return f"{api_url.removesuffix('/v3')}/graphql"


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port
