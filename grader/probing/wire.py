"""One request to one address, bounded in bytes and in time, whatever answers there.

Nothing of the machine goes along: no proxy, no cookies, no credentials of a .netrc.
"""

import errno
import ipaddress
import socket
import ssl
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from http.client import HTTPConnection, HTTPException, HTTPResponse
from threading import Timer
from time import monotonic
from types import TracebackType
from typing import Literal, Self

from requests.utils import DEFAULT_CA_BUNDLE_PATH

from grader.model.service import ServiceAddress

# To connect, and for a body once its headers are there.
CONNECT_S, BODY_S = 10.0, 20.0
_PIECE = 16 * 1024
# A name may stand for any number of addresses.
_MAX_ADDRESSES = 4
_HEADERS = {
    "User-Agent": "mlops-grade",
    "Accept": "application/json",
    "Accept-Encoding": "identity",
    "Connection": "close",
}
_NETWORK = frozenset(
    {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EHOSTDOWN}
)

# `name`, `network`, `unreachable` and `certificate` may be this machine's own trouble.
Cause = Literal[
    "name", "network", "unreachable", "certificate", "refused", "silent", "broken"
]


class Unanswered(Exception):
    """Nothing was answered: why, in words and by a cause."""

    def __init__(self, cause: Cause, reason: str) -> None:
        super().__init__(reason)
        self.cause = cause
        self.reason = reason


@dataclass(frozen=True)
class Answer:
    """What was answered; with a `problem` the body is not whole, and left out."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""
    problem: str = ""


@dataclass(frozen=True)
class Sent:
    """A body to send, and its type."""

    content: bytes
    type: str = "application/json"


def ask(
    address: ServiceAddress,
    method: str,
    path: str,
    sent: Sent | None,
    *,
    seconds: float,
    most_bytes: int,
) -> Answer:
    """What an address answers to one request. Raises `Unanswered`; follows nothing."""
    headers = _HEADERS | ({"Content-Type": sent.type} if sent else {})
    with _Line(address, seconds) as line:
        try:
            line.connection.request(
                method, path, body=sent.content if sent else None, headers=headers
            )
            response = line.connection.getresponse()
            fields = {name.lower(): value for name, value in response.getheaders()}
            if line.is_over:
                # Headers that were cut look whole to the library.
                raise TimeoutError
            line.limit(BODY_S)
            body, problem = _read(response, line, most_bytes)
        except (OSError, HTTPException, ValueError) as error:
            raise line.trouble(error) from error
    if fields.get("content-encoding", "identity").lower() not in ("", "identity"):
        body, problem = b"", "it is compressed, which nobody asked for"
    return Answer(response.status, fields, body, problem)


def _read(response: HTTPResponse, line: "_Line", most: int) -> tuple[bytes, str]:
    """The body, and what kept it from being read whole."""
    pieces: list[bytes] = []
    size = 0
    try:
        while piece := response.read(min(_PIECE, most + 1 - size)):
            size += len(piece)
            pieces.append(piece)
            if size > most:
                return b"", f"it is larger than {most // 1024:,} KiB"
    except (OSError, HTTPException):
        if not line.is_over:
            return b"", "it breaks off"
    if line.is_over:
        return b"", "it does not come to its end in time"
    if response.length:
        return b"", "it breaks off"
    return b"".join(pieces), ""


class _Line:
    """A connection that is cut when its time is over.

    A timeout of the socket begins anew with every byte: who sends one a second never runs
    into it. So a second handle of the socket ends it, in the middle of whatever it does.
    """

    def __init__(self, address: ServiceAddress, seconds: float) -> None:
        self._address = address
        self._end = monotonic() + seconds
        self._handle: socket.socket | None = None
        self._timer: Timer | None = None
        self._is_connected = False
        self.connection: HTTPConnection = _Connection(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer.join()
        if self._handle is not None:
            self._handle.close()
        self.connection.close()

    @property
    def is_over(self) -> bool:
        """Whether its time is over."""
        return monotonic() >= self._end

    def limit(self, seconds: float) -> None:
        """Leave it so many seconds from now on, or fewer where there are fewer."""
        self._end = min(self._end, monotonic() + seconds)
        self._arm()

    def open(self) -> socket.socket:
        """A connection to the address, encrypted where its scheme says so."""
        bare = self._connected()
        self._is_connected = True
        self._handle = bare.dup()
        self._arm()
        if self._address.scheme == "http":
            return bare
        return _context().wrap_socket(bare, server_hostname=self._address.host)

    def _connected(self) -> socket.socket:
        host, port = self._address.host, self._address.port
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        failure: OSError = TimeoutError("no address of it answers")
        for family, kind, protocol, _, where in found[:_MAX_ADDRESSES]:
            _refuse_hidden(host, str(where[0]))
            left = min(CONNECT_S, self._end - monotonic())
            if left <= 0:
                break
            one = socket.socket(family, kind, protocol)
            one.settimeout(left)
            try:
                one.connect(where)
            except OSError as error:
                one.close()
                failure = error
                continue
            one.settimeout(max(0.1, self._end - monotonic()))
            return one
        raise failure

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = Timer(max(0.0, self._end - monotonic()), self._cut)
        self._timer.daemon = True
        self._timer.start()

    def _cut(self) -> None:
        if self._handle is not None:
            with suppress(OSError):
                self._handle.shutdown(socket.SHUT_RDWR)

    def trouble(self, error: Exception) -> Unanswered:
        """Why a request came to nothing, in words."""
        host = self._address.host
        match error:
            case socket.gaierror():
                return Unanswered("name", f"the name {host} is not known here")
            case ssl.SSLCertVerificationError(verify_message=said):
                return Unanswered("certificate", f"its certificate: {said}")
            case ConnectionRefusedError():
                return Unanswered("refused", "the connection is refused")
            case OSError(errno=number) if number in _NETWORK:
                return Unanswered("network", f"there is no way to {host} from here")
            case _Hidden():
                return Unanswered("network", str(error))
        if not self._is_connected:
            return Unanswered("unreachable", "no connection comes about")
        if self.is_over or isinstance(error, TimeoutError):
            return Unanswered("silent", "nothing is answered in time")
        if isinstance(error, ConnectionError):
            return Unanswered("refused", "the connection is closed without an answer")
        if isinstance(error, ssl.SSLError):
            return Unanswered("broken", "it does not speak TLS as it should")
        return Unanswered("broken", "what it answers is not HTTP")


class _Connection(HTTPConnection):
    """A connection that is opened by a line."""

    def __init__(self, line: _Line) -> None:
        address = line._address
        super().__init__(address.host, address.port)
        self._line = line
        # The port goes without saying in the Host header where the scheme implies it.
        self.default_port = 443 if address.scheme == "https" else 80

    def connect(self) -> None:
        """Open the line."""
        self.sock = self._line.open()


class _Hidden(OSError):
    """A name stands for an address that no name of a service should."""


def _refuse_hidden(host: str, found: str) -> None:
    """Raise for a name that leads to this machine, or to a cloud's own interface.

    Who has the name decides where it leads, and may lead the probe to what only this
    machine can reach. An address that the instructor wrote as a number is meant.
    """
    if host == "localhost" or _is_number(host):
        return
    number = ipaddress.ip_address(found.partition("%")[0])
    if isinstance(number, ipaddress.IPv6Address) and number.ipv4_mapped:
        number = number.ipv4_mapped
    if (
        number.is_loopback
        or number.is_link_local
        or number.is_multicast
        or number.is_unspecified
    ):
        raise _Hidden(f"{host} stands for {number}, which is not asked by a name")


def _is_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


@cache
def _context() -> ssl.SSLContext:
    """What this machine trusts, and what browsers do, where it has no list of its own."""
    context = ssl.create_default_context()
    context.load_verify_locations(DEFAULT_CA_BUNDLE_PATH)
    return context
