"""Tools that judge each file by itself: what they said of a file holds while its bytes do.

Such a tool is given only the files that it has not judged yet. Where it fails on one of them,
all is done as if nothing were known: who is to blame is found out on the whole.
"""

import re
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

from grader.cache.contents import Contents
from grader.cache.verdicts import Verdicts
from grader.checkers._base import (
    Bench,
    OptionsT,
    Result,
    ToolChecker,
    execute,
    result_of,
)
from grader.errors import CannotMeasure
from grader.model.measurement import Measured, NotApplicable
from grader.model.snapshot import Snapshot
from grader.sandbox.run import ToolOutput


class FileByFile(ToolChecker[OptionsT]):
    """A checker whose tool says one short thing of each file: its verdict.

    `wording` is what that looks like.
    """

    wording: ClassVar[re.Pattern[str]]

    @abstractmethod
    def verdicts(self, output: ToolOutput, snapshot: Snapshot) -> dict[str, str]:
        """What the tool said of each file that it was given; `CannotMeasure` for all else."""

    @abstractmethod
    def state(
        self, verdicts: Mapping[str, str], snapshot: Snapshot, options: OptionsT
    ) -> Measured:
        """The facts, from what was said of all the files."""

    def beside(self, contents: Contents) -> tuple[str, ...]:
        """What a verdict depends on beside the file, the options and the tool."""
        del contents
        return ()

    def parse(
        self, output: ToolOutput, snapshot: Snapshot, options: OptionsT
    ) -> Measured:
        return self.state(self.verdicts(output, snapshot), snapshot, options)

    def none_given(self, snapshot: Snapshot, options: OptionsT) -> Measured:
        return self.state({}, snapshot, options)

    def measure(self, snapshot: Snapshot, options: OptionsT, bench: Bench) -> Result:
        """As any tool's, on those of the files that there is no verdict on yet."""
        kept = bench.verdicts
        basis = self._basis(kept, options) if kept else None
        if kept is None or basis is None:
            return super().measure(snapshot, options, bench)
        command = self.command(snapshot, options, bench)
        if isinstance(command, NotApplicable):
            return Result(command)
        if any(kept.contents.is_link(path) for path in command.files):
            # Two names for one file: what is said of one may be said of neither.
            return super().measure(snapshot, options, bench)
        known = {
            path: verdict
            for path, verdict in kept.known(command.files, basis).items()
            if self.wording.fullmatch(verdict)
        }
        unknown = tuple(path for path in command.files if path not in known)
        found = {}
        if unknown:
            part = replace(command, files=unknown)
            try:
                output = execute(part, unknown, snapshot, bench)
                found = self.verdicts(output, snapshot.only(unknown))
            except CannotMeasure as failure:
                if known:
                    return super().measure(snapshot, options, bench)
                return self._measure_rest(failure, snapshot, options, bench)
            kept.keep(found, basis)
        outcome = self.state({**known, **found}, snapshot, options)
        return result_of(command, outcome, snapshot, bench)

    def _basis(self, kept: Verdicts, options: OptionsT) -> str | None:
        tools = map(str, self.tool_versions())
        beside = self.beside(kept.contents)
        stated = [self.id, *tools, options.model_dump_json(), *beside]
        return kept.basis(type(self).__module__, stated)
