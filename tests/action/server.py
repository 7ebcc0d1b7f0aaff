"""As much of GitHub's API as one comment on one pull request takes."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from pydantic import JsonValue


@dataclass
class Api:
    """The pull request's head, and what was asked: `seen` are method, path and token."""

    head: str
    address: str = ""
    is_read_only: bool = False
    comments: list[str] = field(default_factory=list)
    seen: list[tuple[str, str, str]] = field(default_factory=list)


@contextmanager
def serving(head: str, *, is_read_only: bool = False) -> Iterator[Api]:
    """A server on this machine for pull request 3 of octo/prices."""
    api = Api(head, is_read_only=is_read_only)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._note()
            if self.path.startswith("/repos/octo/prices/issues/3/comments"):
                self._answer(200, [])
            elif self.path == "/repos/octo/prices/pulls/3":
                repository: JsonValue = {"full_name": "octo/prices"}
                self._answer(
                    200,
                    {
                        "number": 3,
                        "state": "open",
                        "head": {"sha": api.head, "repo": repository},
                        "base": {"sha": "0" * 40, "repo": repository},
                    },
                )
            else:
                self._answer(404, {"message": "Not Found"})

        def do_POST(self) -> None:
            self._note()
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if api.is_read_only:
                message = "Resource not accessible by integration"
                self._answer(403, {"message": message})
                return
            api.comments.append(body["body"])
            page = "https://github.com/octo/prices/pull/3#issuecomment-1"
            self._answer(201, {"id": 1, "body": body["body"], "html_url": page})

        def _note(self) -> None:
            token = self.headers.get("Authorization", "")
            api.seen.append((self.command, self.path, token))

        def _answer(self, status: int, body: JsonValue) -> None:
            raw = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    api.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield api
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
