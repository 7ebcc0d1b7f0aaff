"""The address of a service that runs somewhere: what the instructor gives to be asked."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from grader.errors import GradeError

DEFAULT_PORTS = {"http": 80, "https": 443}
_HOST = re.compile(r"[A-Za-z0-9._-]{1,253}|[0-9A-Fa-f:.]{2,45}")
_PATH = re.compile(r"[A-Za-z0-9/._~%!$&'()*+,;=:@-]*")
_LONGEST = 500
_FORM = "It is https://HOST or https://HOST/PATH, with http:// and a port where needed."


@dataclass(frozen=True)
class ServiceAddress:
    """Where a service is: `path` has no slash at its end, `port` is never left open."""

    scheme: str
    host: str
    port: int
    path: str = ""

    def __str__(self) -> str:
        return f"{self.origin}{self.path}"

    @property
    def origin(self) -> str:
        """The address without a path; a port that goes without saying is left out."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == DEFAULT_PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}"


def service_address(written: str) -> ServiceAddress:
    """The address in a text. Raises `GradeError` for what is none, or has more in it.

    A password in it is refused and not quoted: reports show the address.
    """
    text = written.strip()
    if "@" in text.partition("://")[2].partition("/")[0]:
        raise GradeError(
            "the address of a service has a user or a password in it.",
            hint=f"Leave it out: it would stand in reports. {_FORM}",
        )
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise _refused(text) from None
    host = (parts.hostname or "").rstrip(".")
    if not host.isascii():
        try:
            host = host.encode("idna").decode("ascii")
        except UnicodeError:
            raise _refused(text) from None
    is_good = (
        parts.scheme in DEFAULT_PORTS
        and _HOST.fullmatch(host)
        and _PATH.fullmatch(parts.path)
        and not (parts.query or parts.fragment or port == 0)
        and len(text) <= _LONGEST
        and text.isprintable()
    )
    if not is_good:
        raise _refused(text)
    port = port or DEFAULT_PORTS[parts.scheme]
    return ServiceAddress(parts.scheme, host.lower(), port, parts.path.rstrip("/"))


def _refused(text: str) -> GradeError:
    # What stands behind a question mark may be a key.
    shown = text.partition("?")[0][:80]
    shown = "".join(one if one.isprintable() else "?" for one in shown)
    return GradeError(f'"{shown}" is not the address of a service.', hint=_FORM)
