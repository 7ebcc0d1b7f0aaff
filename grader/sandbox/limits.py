"""How much a child process may use before it is stopped."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Time in seconds of wall clock, output in bytes for each of the two streams."""

    seconds: float = 180.0
    output_bytes: int = 64 * 1024 * 1024
