"""Text of a list that a person wrote: tidied for use, and made fit to be shown in an error."""

import re
import unicodedata
from collections.abc import Sequence

from grader.submissions.names import printable

SHOWN_CHARACTERS = 120
SEARCHED_CHARACTERS = 600

# They come along when text is copied from a page, and two names may differ in nothing else.
_INVISIBLE = dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u2060\ufeff"))

_USER_INFO = re.compile(r"//(?:[^\s/@]*:\S*|[^\s/]*)@")
_BEHIND = re.compile(r"(://[^\s?#]*)[?#]\S*")
_TOKENS = re.compile(r"\b(?:gh[a-z]_|github_pat_|glpat-)[\w-]+")


def tidy(text: str) -> str:
    """One line without white space at its ends, invisible characters or doubled spaces.

    Accents are one character each (NFC), so that a name is the same whoever typed it.
    """
    visible = text.translate(_INVISIBLE)
    return unicodedata.normalize("NFC", " ".join(visible.split()))


def shown(text: str, limit: int = SHOWN_CHARACTERS) -> str:
    """The text for an error: no secret of an address in it, all of it printable, not long."""
    if len(text) > SEARCHED_CHARACTERS:
        # Cut before it is searched, which takes its time on megabytes; and an address that
        # is cut could be a password whose "@" is gone.
        text = re.sub(r"//\S*$", "//…", text[:SEARCHED_CHARACTERS])
    public = printable(tidy(_without_secrets(text)))
    return public if len(public) <= limit else public[: limit - 1] + "…"


def _without_secrets(text: str) -> str:
    """The text without what an address can carry of passwords and tokens."""
    public = _USER_INFO.sub("//…@", text)
    public = _BEHIND.sub(r"\1…", public)
    return _TOKENS.sub("…", public)


def numbered(rows: Sequence[int]) -> str:
    """Rows as words: `row 3`, `rows 3 and 5`, `rows 3, 4, 5, 7, 8 and 20 more`."""
    names = [str(row) for row in rows[:6]]
    if len(rows) > len(names):
        return f"rows {', '.join(names[:5])} and {len(rows) - 5} more"
    if len(names) == 1:
        return f"row {names[0]}"
    return f"rows {', '.join(names[:-1])} and {names[-1]}"
