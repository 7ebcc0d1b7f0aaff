"""How often and how long GitHub is asked again."""

from collections.abc import Mapping
from time import time
from types import TracebackType
from typing import Self

from urllib3.connectionpool import ConnectionPool
from urllib3.exceptions import MaxRetryError, ResponseError
from urllib3.response import BaseHTTPResponse
from urllib3.util import Retry

# GitHub may ask for up to an hour; a job of CI does not wait for that.
LONGEST_WAIT_S = 60


class Patience(Retry):
    """Tries again when GitHub asks for it, unless it asks for too long a wait.

    A secondary rate limit is a 403 with Retry-After.
    """

    RETRY_AFTER_STATUS_CODES = frozenset({403, 429, 503})
    longest_wait_s: float = LONGEST_WAIT_S

    def waiting_at_most(self, seconds: float) -> Self:
        """The same, with another longest wait."""
        self.longest_wait_s = seconds
        return self

    def new(self, **changed: object) -> Self:
        """One for the next try, which urllib3 makes from what it knows of."""
        return super().new(**changed).waiting_at_most(self.longest_wait_s)

    def get_retry_after(self, response: BaseHTTPResponse) -> float | None:
        """Seconds, None where GitHub asks for no wait."""
        return asked_wait_s(response.headers)

    def increment(
        self,
        method: str | None = None,
        url: str | None = None,
        response: BaseHTTPResponse | None = None,
        error: Exception | None = None,
        _pool: ConnectionPool | None = None,
        _stacktrace: TracebackType | None = None,
    ) -> Self:
        """One try less; none where the wait is too long, so that the answer comes out."""
        if response is not None:
            wait = asked_wait_s(response.headers)
            if wait is not None and wait > self.longest_wait_s and _pool is not None:
                raise MaxRetryError(_pool, url or "", ResponseError("told to wait"))
        return super().increment(method, url, response, error, _pool, _stacktrace)


def asked_wait_s(headers: Mapping[str, str]) -> float | None:
    """How long GitHub asks to be left alone: Retry-After, or until the limit's reset."""
    after = headers.get("Retry-After", "").strip()
    if _is_number(after):
        return float(after)
    reset = headers.get("X-RateLimit-Reset", "").strip()
    if headers.get("X-RateLimit-Remaining", "").strip() == "0" and _is_number(reset):
        return max(0.0, float(reset) - time())
    return None


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 12
