"""How much a child process and all that it starts may use before they are stopped."""

from dataclasses import dataclass

MEBIBYTE = 2**20
GIBIBYTE = 2**30


@dataclass(frozen=True)
class Limits:
    """The limits of one program and of every process that comes from it.

    `seconds` of wall clock; `output_bytes` for each of the streams; `memory_bytes` and
    `processes` (threads count) for the whole tree; `disk_bytes` and `files` for what it may
    write. The last four hold in a box only; see `grader.sandbox.box`.
    """

    seconds: float = 180.0
    output_bytes: int = 64 * MEBIBYTE
    memory_bytes: int = 4096 * MEBIBYTE
    processes: int = 512
    disk_bytes: int = 2048 * MEBIBYTE
    files: int = 100_000
