"""Lets detect-secrets pass over what none of its patterns matches.

It calls each plugin on every line, through an injection of arguments that takes most of its
time. A plugin of its own tells only of what one of its patterns matches, so here it is called
only on lines where one does: what it says of them, and what the filters take away, is theirs.
A plugin of any other kind is called on every line. Only for the version that was read for it.
"""

from collections.abc import Callable, Generator, Sequence
from typing import Any

from detect_secrets.__version__ import VERSION
from detect_secrets.core import scan
from detect_secrets.core.potential_secret import PotentialSecret
from detect_secrets.plugins import base, high_entropy_strings, jwt, keyword
from detect_secrets.settings import get_plugins
from detect_secrets.util.code_snippet import get_code_snippet
from detect_secrets.util.filetype import determine_file_type

_KNOWN_VERSION = "1.5.0"

# One of these is in everything that its detector of keywords looks for.
_IN_KEYWORDS = ("key", "pass", "pwd", "secret", "contrase")

_Looks = Callable[[str], object]


def install() -> None:
    """Have files scanned so, in this process and its children."""
    if VERSION == _KNOWN_VERSION:
        scan._process_line_based_plugins = secrets_in


def secrets_in(
    lines: list[tuple[int, str]], filename: str
) -> Generator[PotentialSecret, None, None]:
    """What detect-secrets finds in the numbered lines of a file, in its order."""
    content = [line for _, line in lines]
    plan = [(plugin, looks_of(plugin, filename)) for plugin in get_plugins()]
    wanted: dict[str, list[Any]] = {}
    for number, raw in lines:
        line = raw.rstrip()
        if line not in wanted:
            wanted[line] = [
                plugin
                for plugin, looks in plan
                if looks is None or any(look(line) for look in looks)
            ]
        if wanted[line]:
            yield from _said(wanted[line], filename, line, number, content)


def _said(
    plugins: Sequence[Any], filename: str, line: str, number: int, content: list[str]
) -> Generator[PotentialSecret, None, None]:
    """What these plugins say of one line, and the filters leave."""
    context = get_code_snippet(lines=content, line_number=number)
    place: dict[str, Any] = {"filename": filename, "line": line, "context": context}
    if scan._is_filtered_out(required_filter_parameters=["line"], **place):
        return
    for plugin in plugins:
        for secret in scan._scan_line(plugin=plugin, line_number=number, **place):
            if not scan._is_filtered_out(
                required_filter_parameters=["context"],
                filename=secret.filename,
                secret=secret.secret_value,
                plugin=plugin,
                line=line,
                context=context,
            ):
                yield secret


def looks_of(plugin: Any, filename: str) -> list[_Looks] | None:
    """Searches of which one finds something in each line that a plugin tells of.

    None for a plugin that isn't known to go by its patterns.
    """
    kind = type(plugin)
    ways = (kind.analyze_line, kind.analyze_string)
    if ways in _BY_DENYLIST:
        return [pattern.search for pattern in plugin.denylist]
    if ways == _BY_ENTROPY:
        return [plugin.regex.search]
    if kind is keyword.KeywordDetector and _names_keywords():
        return [_keywords(filename)]
    return None


_BY_DENYLIST = tuple(
    (base.BasePlugin.analyze_line, strings)
    for strings in (
        base.RegexBasedDetector.analyze_string,
        # Of what that finds, those that can be read as tokens.
        jwt.JwtTokenDetector.analyze_string,
    )
)
_BY_ENTROPY = (
    high_entropy_strings.HighEntropyStringsPlugin.analyze_line,
    high_entropy_strings.HighEntropyStringsPlugin.analyze_string,
)


def _names_keywords() -> bool:
    """Whether all that the keyword detector looks for has one of our words in it."""
    return all(
        any(word in name for word in _IN_KEYWORDS) for name in keyword.DENYLIST
    ) and all(
        keyword.DENYLIST_REGEX in pattern.pattern
        for patterns in (
            keyword.QUOTES_REQUIRED_DENYLIST_REGEX_TO_GROUP,
            *keyword.REGEX_BY_FILETYPE.values(),
        )
        for pattern in patterns
    )


def _keywords(filename: str) -> _Looks:
    patterns = keyword.REGEX_BY_FILETYPE.get(
        determine_file_type(filename), keyword.QUOTES_REQUIRED_DENYLIST_REGEX_TO_GROUP
    )

    def look(line: str) -> bool:
        if line.isascii():
            lower = line.lower()
            if not any(word in lower for word in _IN_KEYWORDS):
                return False
        # Beyond ASCII there are other letters that a pattern takes for these.
        return any(pattern.search(line) for pattern in patterns)

    return look
