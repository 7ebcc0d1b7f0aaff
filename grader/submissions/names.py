"""Which paths of a repository are written to disk, and why another is not.

A tree of git's can hold any bytes for a name; git itself refuses some of them only when it
checks out. The rules are the same on every system, so that the mark is too.
"""

import os
import re
import unicodedata
from functools import lru_cache

MAX_FOLDERS = 100
NAME_BYTES = 255
# What is left of the shortest limit on a path (macOS: 1,024) below our folders.
PATH_BYTES = 800

# NTFS leaves out what follows a colon, and dots and spaces at the end. The characters
# without width that HFS+ leaves out are refused anyway: they can't be seen.
_DOT_GIT = re.compile(r"(\.git|git~1)[. ]*(:.*)?", re.IGNORECASE)

_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
_ON_WINDOWS = re.compile(r'.*([<>:"|?*].*|[. ])')


def why_not(path: str) -> str | None:
    """Why nothing is written at a path, or None where it is an ordinary one."""
    if not is_short(path):
        return "its name is too long"
    parts = path.split("/")
    if len(parts) - 1 > MAX_FOLDERS:
        return f"nested too deeply: over {MAX_FOLDERS} folders"
    if ".." in parts or "." in parts or "" in parts:
        return "its name leads elsewhere"
    if "\\" in path:
        return "its name has a backslash"
    if not path.isprintable():
        return "its name has control characters or is not UTF-8"
    if any(_DOT_GIT.fullmatch(part) for part in parts):
        return "its name is that of git's own folder"
    if os.name == "nt" and any(map(_is_odd_on_windows, parts)):
        return "its name can't be had on Windows"
    return None


def is_short(path: str) -> bool:
    """Whether no name in a path, nor all of them, are longer than file systems take."""
    raw = path.encode("utf-8", "surrogateescape")
    return len(raw) <= PATH_BYTES and max(map(len, raw.split(b"/"))) <= NAME_BYTES


@lru_cache(maxsize=4096)
def sameness(path: str) -> str:
    """What two paths have in common that are one file where capitals don't count.

    The same is so for letters with accents, which can be one character or two.
    """
    normal = unicodedata.normalize("NFC", path).casefold()
    return unicodedata.normalize("NFC", normal)


def printable(path: str) -> str:
    """A path as plain text: control characters and lone surrogates as escapes."""
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode()
        for c in path
    )


def _is_odd_on_windows(name: str) -> bool:
    return bool(_DEVICES.fullmatch(name) or _ON_WINDOWS.fullmatch(name))
