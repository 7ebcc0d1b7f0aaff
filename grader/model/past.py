"""The files of earlier commits: what they were called, and what stood in them.

Nothing of this is read before a check asks for it: most never do.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True)
class PastFile:
    """A file as some commit had it: the first one that was found with this path and content.

    Bytes of the path that are not UTF-8 are lone surrogates. `object_id` is git's name for
    the content: two files of the same one are alike.
    """

    path: str
    object_id: str
    commit: str


@dataclass(frozen=True)
class PastFiles:
    """The files that the commits behind the graded one ever had, the oldest first.

    `gaps` are reasons why there may be more than these: without one, what isn't here was
    in none of the commits. `commits` is how many were looked at.
    """

    files: tuple[PastFile, ...]
    commits: int
    gaps: tuple[str, ...] = ()


@dataclass(frozen=True)
class PastTexts:
    """What stood in files, by object id; of some it is not known, which `gaps` says.

    `passed_over` counts, by reason, what is no text that anybody would read.
    """

    texts: Mapping[str, bytes]
    gaps: tuple[str, ...] = ()
    passed_over: Mapping[str, int] | None = None


class Past(Protocol):
    """Reads them, in a private folder that it is given; bounded, whatever the repository is.

    Raises `CannotMeasure` where git can't read the history.
    """

    def files(self, scratch: Path) -> PastFiles:
        """Every file of every commit that led to the graded one, merges included."""

    def texts(
        self,
        wanted: Sequence[PastFile],
        scratch: Path,
        most: Callable[[str], int],
    ) -> PastTexts:
        """The content of files, each once; `most` is how many bytes one of a path may have."""
