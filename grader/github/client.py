"""A small client of GitHub's REST API: patient with its limits, careful with the token.

What GitHub answers comes out as a model of the caller's; whatever goes wrong as a
`GitHubError` in plain words. The token goes to the API's own host only and stands in no
message.
"""

from collections.abc import Iterator, Mapping
from contextlib import closing
from time import monotonic
from typing import Final, TypeVar
from urllib.parse import urljoin, urlsplit

import requests
from pydantic import BaseModel, ConfigDict, JsonValue, TypeAdapter, ValidationError
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase

from grader.errors import GradeError
from grader.github.patience import LONGEST_WAIT_S, Patience, asked_wait_s
from grader.github.trouble import GitHubError, Unavailable, trouble

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
    to the next.
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
        """The `data` of a GraphQL query. It must change nothing, for it may be repeated."""
        body: dict[str, JsonValue] = {"query": text, "variables": variables}
        response, raw = self._ask("POST", self._graphql_url, body=body)
        envelope = _parsed(TypeAdapter(_Envelope), raw, response)
        if envelope.errors or envelope.data is None:
            said = envelope.errors[0].message if envelope.errors else "nothing"
            raise GitHubError(f"GitHub can't answer a query: {self._safe(said)}.")
        return _parsed(TypeAdapter(model), envelope.data, response)

    def _ask(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Mapping[str, JsonValue] | None = None,
        repeats: bool = True,
    ) -> tuple[requests.Response, bytes]:
        """The answer, read whole, when it is a good one."""
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
                    raw = _read(response)
            except requests.RequestException as error:
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
                    )
                return response, raw
            url, params = urljoin(url, response.headers.get("Location", "")), None
        raise GitHubError(
            f"GitHub sends {method} {urlsplit(url).path} round in circles."
        )

    def _safe(self, text: str) -> str:
        """Text for a message: short, and without the token whoever put it there."""
        if self._token:
            text = text.replace(self._token, "***")
        return " ".join(text.split())[:_SAID_CHARACTERS].rstrip(".")


class _QueryError(Answer):
    message: str


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
            raise requests.RequestException(
                f"the answer is larger than {MAX_BYTES // 2**20} MiB"
            )
        if monotonic() > end:
            raise requests.RequestException(f"no whole answer within {ANSWER_S} s")
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
    return str(reason).rpartition(">: ")[2] or type(error).__name__


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
