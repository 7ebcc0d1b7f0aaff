"""A GitHub API of our own: one repository, pull requests and comments, on localhost.

It answers as GitHub does where the tests look: pages with Link headers, GET /user refused to
a workflow's token, `viewer` answered, 403 to a token that may only read, and, for a request
that a test names, any answer once or for ever.
"""

import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar
from urllib.parse import parse_qs, urlsplit

REPOSITORY = "octo/prices"
TOKEN = "ghs_SecretOfThisTest"
BOT = "github-actions[bot]"
HEAD = "3f2a91c04d8e7b6a5f4e3d2c1b0a99887766554f"

Json = object


@dataclass
class Comment:
    """A comment as it is stored."""

    id: int
    author: str
    body: str


@dataclass
class Pull:
    """A pull request as it is stored; `home` is the repository of its head."""

    number: int
    head: str = HEAD
    branch: str = "feature"
    home: str | None = REPOSITORY
    state: str = "open"


@dataclass
class Fault:
    """An answer in place of the good one, so many `times`; `does_it` before it answers so.

    An `is_endless` one says its body again and again.
    """

    status: int
    body: Mapping[str, Json] | bytes = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    times: int = 1
    does_it: bool = False
    is_endless: bool = False


@dataclass
class Host:
    """What the server has, what it was asked, and how it misbehaves.

    `faults` are by the beginning of a request, such as `POST /repos`. `vanishes` is the
    beginning of the request before which the pull request is deleted.
    """

    viewer: str = BOT
    reads_only: bool = False
    page: int = 100
    pulls: dict[int, Pull] = field(default_factory=lambda: {7: Pull(7)})
    comments: dict[int, list[Comment]] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    authorized: list[bool] = field(default_factory=list)
    faults: dict[str, Fault] = field(default_factory=dict)
    vanishes: str | None = None
    url: str = ""
    next_id: int = 1000

    def says(self, author: str, body: str, number: int = 7) -> Comment:
        """Somebody comments."""
        self.next_id += 1
        comment = Comment(self.next_id, author, body)
        self.comments.setdefault(number, []).append(comment)
        return comment

    def writes(self) -> list[str]:
        """The requests that change something."""
        return [
            one
            for one in self.requests
            if not one.startswith("GET ") and "/graphql" not in one
        ]

    def answer(
        self, method: str, target: str, sent: Mapping[str, Json]
    ) -> tuple[int, Json, dict[str, str]]:
        """The answer when nothing is wrong."""
        parts = urlsplit(target)
        asked = {key: values[0] for key, values in parse_qs(parts.query).items()}
        path = parts.path
        if path == "/user":
            return 403, {"message": "Resource not accessible by integration"}, {}
        if path == "/graphql":
            return 200, {"data": {"viewer": {"login": self.viewer}}}, {}
        if path == f"/repos/{REPOSITORY}/pulls":
            return 200, self._listed(asked), {}
        if found := re.fullmatch(rf"/repos/{REPOSITORY}/pulls/(\d+)", path):
            pull = self.pulls.get(int(found[1]))
            return (200, self._pull(pull), {}) if pull else _GONE
        if found := re.fullmatch(rf"/repos/{REPOSITORY}/issues/(\d+)/comments", path):
            return self._comments(method, int(found[1]), asked, sent)
        if found := re.fullmatch(rf"/repos/{REPOSITORY}/issues/comments/(\d+)", path):
            return self._comment(method, int(found[1]), sent)
        return _GONE

    def _listed(self, asked: Mapping[str, str]) -> list[Json]:
        return [
            self._pull(pull)
            for pull in self.pulls.values()
            if asked.get("state") in (pull.state, "all")
            and asked.get("head") == f"{(pull.home or '').split('/')[0]}:{pull.branch}"
        ]

    def _pull(self, pull: Pull) -> dict[str, Json]:
        home = {"full_name": pull.home} if pull.home else None
        return {
            "number": pull.number,
            "state": pull.state,
            "head": {"sha": pull.head, "ref": pull.branch, "repo": home},
            "base": {"sha": "b" * 40, "repo": {"full_name": REPOSITORY}},
        }

    def _comments(
        self,
        method: str,
        number: int,
        asked: Mapping[str, str],
        sent: Mapping[str, Json],
    ) -> tuple[int, Json, dict[str, str]]:
        if number not in self.pulls:
            return _GONE
        if method == "POST":
            if self.reads_only:
                return _READ_ONLY
            return (
                201,
                self._shown(self.says(self.viewer, str(sent["body"]), number)),
                {},
            )
        page = int(asked.get("page", "1"))
        size = min(self.page, int(asked.get("per_page", "30")))
        stored = self.comments.get(number, [])
        here = stored[(page - 1) * size : page * size]
        headers = {}
        if page * size < len(stored):
            there = f"{self.url}/repos/{REPOSITORY}/issues/{number}/comments"
            headers["Link"] = f'<{there}?per_page={size}&page={page + 1}>; rel="next"'
        return 200, [self._shown(one) for one in here], headers

    def _comment(
        self, method: str, key: int, sent: Mapping[str, Json]
    ) -> tuple[int, Json, dict[str, str]]:
        for stored in self.comments.values():
            for comment in stored:
                if comment.id != key:
                    continue
                if self.reads_only:
                    return _READ_ONLY
                if method == "DELETE":
                    stored.remove(comment)
                    return 204, None, {}
                comment.body = str(sent["body"])
                return 200, self._shown(comment), {}
        return _GONE

    def _shown(self, comment: Comment) -> dict[str, Json]:
        return {
            "id": comment.id,
            "body": comment.body,
            "user": {"login": comment.author, "type": "Bot"},
            "html_url": f"https://github.com/{REPOSITORY}/pull/7#issuecomment-{comment.id}",
            "performed_via_github_app": None,
        }


_GONE: tuple[int, Json, dict[str, str]] = (404, {"message": "Not Found"}, {})
_READ_ONLY: tuple[int, Json, dict[str, str]] = (
    403,
    {"message": "Resource not accessible by integration"},
    {},
)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    host: ClassVar[Host]

    def _serve(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        sent = json.loads(self.rfile.read(length) or b"{}")
        request = f"{self.command} {self.path}"
        host = self.host
        host.requests.append(request)
        host.authorized.append(self.headers.get("Authorization") == f"Bearer {TOKEN}")
        if host.vanishes and request.startswith(host.vanishes):
            host.pulls.clear()
            host.comments.clear()
        for begins, fault in host.faults.items():
            if request.startswith(begins) and fault.times > 0:
                fault.times -= 1
                if fault.does_it:
                    host.answer(self.command, self.path, sent)
                if fault.is_endless:
                    self._go_on(fault)
                else:
                    self._reply(fault.status, fault.body, fault.headers)
                return
        self._reply(*host.answer(self.command, self.path, sent))

    do_GET = do_POST = do_PATCH = do_DELETE = _serve

    def _reply(self, status: int, body: Json, headers: Mapping[str, str]) -> None:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        if status == 204:
            raw = b""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def _go_on(self, fault: Fault) -> None:
        assert isinstance(fault.body, bytes)
        self.send_response(fault.status)
        self.end_headers()
        self.close_connection = True
        with suppress(OSError):
            while True:
                self.wfile.write(fault.body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def serving(host: Host) -> Iterator[Host]:
    """The host at an address of its own, as long as the block runs."""
    handler = type("Handler", (_Handler,), {"host": host})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    host.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield host
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
