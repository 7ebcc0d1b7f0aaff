"""Runs a piece of Python in a box, with small limits."""

import sys
from dataclasses import dataclass, replace
from pathlib import Path

from grader.sandbox.access import Access, own_interpreter
from grader.sandbox.box import Box
from grader.sandbox.limits import MEBIBYTE, Limits
from grader.sandbox.run import ToolOutput, run

SMALL = Limits(
    seconds=30,
    output_bytes=MEBIBYTE,
    memory_bytes=256 * MEBIBYTE,
    processes=48,
    disk_bytes=16 * MEBIBYTE,
    files=200,
)


@dataclass(frozen=True)
class Inside:
    """A box, and a folder of which `work` is writable in it."""

    box: Box
    place: Path

    @property
    def work(self) -> Path:
        """The working directory."""
        return self.place / "work"

    def run(
        self, code: str, *, seconds: float = 30, has_channel: bool = False
    ) -> ToolOutput:
        """Run code as a program of its own."""
        self.work.mkdir(exist_ok=True)
        return run(
            [sys.executable, "-I", "-c", code],
            cwd=self.work,
            home=self.place / "home",
            limits=replace(SMALL, seconds=seconds),
            has_channel=has_channel,
            box=self.box,
            access=Access(own_interpreter(), (self.work,)),
        )
