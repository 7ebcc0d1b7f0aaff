"""A server of git repositories on this machine, over real TLS, that misbehaves on request.

What stands first in a path says how it answers:

    /repo/NAME.git           the bare repository NAME.git of its folder, by git's own program
    /private/NAME.git        the same, for whoever shows the token as a password
    /status/CODE/…           that status, with a line of text for the user
    /to/PATH                 a redirect to PATH on this host
    /away/HOST:PORT/PATH     a redirect to another
    /file/PATH               a redirect to a file
    /stall/…                 nothing, for as long as the server runs
    /drop/…                  the connection closed without an answer
    /page/…                  a web page
    /flaky/N/NAME.git        503 to the first N requests, then the repository
    /cut/NAME.git            the repository, but half of each pack
"""

import base64
import os
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

# What the server says beside a status, as an unkind one would.
WORDS = "\x1b[31mred\x1b[0m \x1b]0;title\x07words\u202e"


@dataclass
class Server:
    """Where it is, what it was asked, and with which passwords.

    While `is_halting` it sends half of each pack and waits for its end.
    """

    folder: Path
    port: int
    certificate: Path
    token: str = ""
    words: str = WORDS
    is_halting: bool = False
    requests: list[str] = field(default_factory=list)
    passwords: list[str] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)

    @property
    def host(self) -> str:
        """Its host and port."""
        return f"localhost:{self.port}"

    def url(self, path: str) -> str:
        """The address of a path on it."""
        return f"https://{self.host}/{path}"


@contextmanager
def serving(folder: Path, certificate: Path, token: str = "") -> Iterator[Server]:
    """A running server of the bare repositories in `folder`."""
    httpd = _Quiet(("127.0.0.1", 0), _Handler)
    httpd.daemon_threads = True
    httpd.block_on_close = False
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    httpd.socket = context.wrap_socket(
        httpd.socket, server_side=True, do_handshake_on_connect=False
    )
    server = Server(folder, httpd.server_address[1], certificate, token)
    _Handler.servers[server.port] = server
    thread = threading.Thread(target=httpd.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.ended.set()
        httpd.shutdown()
        httpd.server_close()
        thread.join()


def make_certificate(folder: Path) -> Path:
    """A certificate for localhost with its key, in one file."""
    file = folder / "localhost.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-nodes", "-days", "30"),
            *("-pkeyopt", "ec_paramgen_curve:prime256v1", "-subj", "/CN=localhost"),
            *("-addext", "subjectAltName=DNS:localhost", "-keyout", str(file)),
            *("-out", str(folder / "alone.pem")),
        ],
        check=True,
        capture_output=True,
    )
    file.write_bytes(file.read_bytes() + (folder / "alone.pem").read_bytes())
    return file


class _Quiet(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that hang up."""


class _Handler(BaseHTTPRequestHandler):
    servers: dict[int, Server] = {}

    @property
    def _ours(self) -> Server:
        return self.servers[self.connection.getsockname()[1]]

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        """Answer as the path wants it."""
        server = self._ours
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        server.requests.append(f"{self.command} {self.path}")
        given = self.headers.get("Authorization", "").removeprefix("Basic ")
        password = base64.b64decode(given).decode().partition(":")[2]
        if given:
            server.passwords.append(password)
        how, _, rest = self.path.removeprefix("/").partition("/")
        match how:
            case "repo":
                self._git(rest, body)
            case "private" if server.token and password == server.token:
                self._git(rest, body)
            case "private":
                self._say(401, f"{server.words} {password}", "WWW-Authenticate: Basic")
            case "status":
                self._say(int(rest.partition("/")[0]), server.words)
            case "to":
                self._say(301, "", f"Location: /{rest}")
            case "away":
                self._say(301, "", f"Location: https://{rest}")
            case "file":
                self._say(301, "", f"Location: file:///{rest}")
            case "stall":
                server.ended.wait()
            case "drop":
                self.close_connection = True
            case "page":
                self._say(200, "<html>a page</html>")
            case "flaky":
                often, _, rest = rest.partition("/")
                asked = sum(f"/flaky/{often}/" in one for one in server.requests)
                if asked <= int(often):
                    self._say(503, "busy")
                else:
                    self._git(rest, body)
            case "cut":
                self._git(rest, body, is_cut=self.command == "POST")
            case _:
                self._say(404, "no such thing")

    do_POST = do_GET

    def _say(self, status: int, words: str, *headers: str) -> None:
        raw = words.encode()
        self.send_response(status)
        for header in headers:
            self.send_header(*header.split(": ", 1))
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def _git(self, rest: str, body: bytes, *, is_cut: bool = False) -> None:
        path, _, query = rest.partition("?")
        done = subprocess.run(
            ["git", "http-backend"],
            input=body,
            env={
                "PATH": os.environ["PATH"],
                "GIT_PROJECT_ROOT": str(self._ours.folder),
                "GIT_HTTP_EXPORT_ALL": "1",
                "GIT_CONFIG_COUNT": "1",
                "GIT_CONFIG_KEY_0": "safe.directory",
                "GIT_CONFIG_VALUE_0": "*",
                "PATH_INFO": f"/{path}",
                "QUERY_STRING": query,
                "REQUEST_METHOD": self.command,
                "CONTENT_TYPE": self.headers.get("Content-Type", ""),
                "CONTENT_LENGTH": str(len(body)),
                "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
                "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
                "REMOTE_ADDR": "127.0.0.1",
            },
            capture_output=True,
            check=False,
        )
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        lines = [line.split(": ", 1) for line in head.decode().split("\r\n") if line]
        headers = {name: value for name, value in lines}
        self.send_response(int(headers.pop("Status", "200").split()[0]))
        for name, value in headers.items():
            self.send_header(name, value)
        if is_cut and b"PACK" in content:
            content = content[: content.index(b"PACK") + 40]
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self._ours.is_halting and b"PACK" in content:
            self.wfile.write(content[: len(content) // 2])
            self._ours.ended.wait()
        self.wfile.write(content)
