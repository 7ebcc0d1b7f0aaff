"""Where a request goes: paths that fit in a request's line, and where redirects may lead."""

from dataclasses import replace
from urllib.parse import quote, urljoin, urlsplit

from grader.errors import GradeError
from grader.model.service import DEFAULT_PORTS, ServiceAddress, service_address

_SAFE_IN_PATH = "/?%:@!$&'()*+,;=~-._"


def led(
    address: ServiceAddress, target: str, location: str
) -> tuple[ServiceAddress, str] | str:
    """Where a redirect leads: within the address, or to https of it; else what to tell."""
    try:
        parts = urlsplit(urljoin(address.origin + target, location.strip()))
        to = service_address(f"{parts.scheme}://{parts.netloc}")
    except (ValueError, GradeError):
        return "it leads to what is no address"
    is_same = (to.scheme, to.host, to.port) == (
        address.scheme,
        address.host,
        address.port,
    )
    is_upgrade = (
        to.host == address.host
        and (address.scheme, address.port) == ("http", DEFAULT_PORTS["http"])
        and (to.scheme, to.port) == ("https", DEFAULT_PORTS["https"])
    )
    if not location.strip() or not (is_same or is_upgrade):
        return f"it leads to {to.origin[:100]}, which is not asked"
    query = f"?{quote(parts.query, safe=_SAFE_IN_PATH)}" if parts.query else ""
    return replace(to, path=address.path), f"{quoted(parts.path or '/')}{query}"


def quoted(path: str) -> str:
    """A path that fits in a request's line, whatever a document says."""
    return quote(path if path.startswith("/") else f"/{path}", safe=_SAFE_IN_PATH)[
        :1000
    ]
