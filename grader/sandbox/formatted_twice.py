"""Spares `black --check` the formatting of what it has just formatted.

A file that black would change it formats, formats what came of that, and formats that once
more, to be sure that it stays as it is. Where the second time changes nothing, the third is
the second over again. Files that are not so, and every kind of trouble, are left to black
itself. Only for the version that was read for it.
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path
from typing import Any

import black
from black import concurrency

_KNOWN_VERSION = "26.10.1"


def install() -> None:
    """Have several files checked so, in this process and its children."""
    if version("black") == _KNOWN_VERSION:
        concurrency.ThreadPoolExecutor = Sparing  # type: ignore[attr-defined]


class Sparing(ThreadPoolExecutor):
    """What black formats several files with, one after the other.

    What is known of a file takes its turn among the others. A file that is left to black is
    given to it as ever: it tells how it came to whatever it stumbles over.
    """

    def submit(
        self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any
    ) -> "Future[Any]":
        """As any executor's."""
        if fn is black.format_file_in_place and not kwargs:
            known = would_change(*args)
            if known is not None:
                return super().submit(bool, known)
        return super().submit(fn, *args, **kwargs)


def would_change(
    src: Path, fast: bool, mode: black.Mode, write_back: black.WriteBack, *_: object
) -> bool | None:
    """Whether black would change a file, having looked whether it may; None for it to say."""
    is_only_told = write_back is black.WriteBack.CHECK and src.suffix == ".py"
    if fast or not is_only_told or mode.is_ipynb or mode.skip_source_first_line:
        return None
    try:
        source = black.decode_bytes(src.read_bytes(), mode)[0]
        once = black._format_str_once(source, mode=mode)
        if once == source:
            return False
        if black._format_str_once(once, mode=mode) != once:
            return None
        black.assert_equivalent(source, once)
    except Exception:
        return None
    return True
