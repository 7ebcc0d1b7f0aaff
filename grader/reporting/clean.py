"""Text that comes from a repository: made visible once, then encoded once per format.

`clean_report` is the boundary. Behind it no string holds a character that a terminal, a
browser or a reader's eye would act on instead of showing: control characters, escapes,
bidirectional overrides, lone surrogates stand as `\\x1b`, `\\u202e`, `\\udcff`. Nor one
that a workflow's runner acts on wherever it stands in a log: `##[` is `#\\x23[`. What
the formats themselves act on is the matter of their encoders: autoescape for HTML, the
functions below for Markdown, spreadsheets and logs, plain `Text` objects for the terminal.
"""

import html
import re
from collections.abc import Mapping
from typing import TypeVar

from markupsafe import Markup

from grader.model.measurement import Stored
from grader.model.report import Report

# Long enough for any honest message; a megabyte of text would hide the rest.
TEXT_CHARACTERS = 2_000
# A command names every file that was taken; it must stay whole.
COMMAND_CHARACTERS = 200_000

# Documentation of checkers and texts of rubrics, which have paragraphs.
_HAS_LINES = frozenset({"text", "advice", "description"})
_COMMANDS = frozenset({"command", "fix_command"})


def clean(text: str, *, keeps_lines: bool = False, limit: int = TEXT_CHARACTERS) -> str:
    """The text with everything that is not printable as a visible escape.

    One line, unless it `keeps_lines`. What is beyond `limit` is only counted.
    """
    beyond = len(text) - limit
    if beyond > 0:
        text = text[:limit]
    if keeps_lines:
        lines = text.replace("\r\n", "\n").split("\n")
        shown = "\n".join(_visible(line) for line in lines)
    else:
        shown = _visible(text)
    return f"{shown}… ({beyond} more characters)" if beyond > 0 else shown


# How the runners of GitHub (its older form) and of Azure mark a command, anywhere in a line:
# actions/runner, ActionCommand.cs; azure-pipelines-agent, Command.cs.
_RUNNER = re.compile(r"##(?=(?:vso)?\[)", re.IGNORECASE)


def _visible(line: str) -> str:
    if not line.isprintable():
        line = "".join(
            c if c.isprintable() else c.encode("unicode_escape").decode("ascii")
            for c in line
        )
    # To look for two signs is much quicker than to try the pattern everywhere.
    return _RUNNER.sub(r"#\\x23", line) if "##" in line else line


def log_text(text: str) -> str:
    """Lines for a log, none of which a runner takes for a command as it begins with `::`.

    For what is wrapped: any word of a text may begin a line then.
    """
    return re.sub(r"^(\s*):(?=:)", r"\1: ", text, flags=re.MULTILINE)


def clean_report(report: Report) -> Report:
    """The same report with every string in it clean."""
    return clean_stored(report)


_Shown = TypeVar("_Shown", bound=Stored)


def clean_stored(stored: _Shown) -> _Shown:
    """The same with every string in it clean, whatever is stored."""
    return type(stored).model_validate(_cleaned(stored.model_dump(), ""))


def _cleaned(value: object, key: str) -> object:
    match value:
        case str() if key == "folder":
            return value
        case str():
            limit = COMMAND_CHARACTERS if key in _COMMANDS else TEXT_CHARACTERS
            return clean(value, keeps_lines=key in _HAS_LINES, limit=limit)
        case Mapping():
            return {
                clean(k) if isinstance(k, str) else k: _cleaned(v, str(k))
                for k, v in value.items()
            }
        case list() | tuple():
            return type(value)(_cleaned(part, key) for part in value)
        case _:
            return value


# What GitHub and others act on after Markdown is done, where a backslash doesn't help:
# mentions, references, shortcodes of emoji, bare links. A zero-width space stops them.
_LATE = re.compile(
    r"@(?=\w)|#(?=\d)|gh(?=-\d)|:(?=[\w+-]+:)|:(?=//)|www(?=\.)|(mailto|xmpp)(?=:)",
    re.IGNORECASE,
)
_INLINE = re.compile(r"[\\`*_\[\]|~]")
_AT_START = re.compile(r"^([-=#]|\+(?=\s|$)|\d+[.)](?=\s|$))")
_BREAK = "\u200b"
_ENTITIES = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", "$": "&#36;", _BREAK: "&#8203;"}
)


def markdown_text(text: str) -> Markup:
    """One line of text that is inert in Markdown, in tables too; also on GitHub."""
    encoded = _LATE.sub(rf"\g<0>{_BREAK}", " ".join(text.split()))
    encoded = _INLINE.sub(r"\\\g<0>", encoded)
    encoded = _AT_START.sub(lambda sign: f"{sign[0][:-1]}\\{sign[0][-1]}", encoded)
    return Markup(encoded.translate(_ENTITIES))


def markdown_code(text: str) -> Markup:
    """One line as a code span, in tables too, whatever backticks it has."""
    text = text.replace("\n", " ")
    if not text:
        return Markup("")
    if "|" in text:
        # In a table a bar ends the cell even inside a code span; an entity doesn't.
        return Markup("<code>{}</code>").format(_entities(text))
    longest = max(map(len, re.findall("`+", text)), default=0)
    fence = "`" * (longest + 1)
    # One space at each end is taken away again by the reader.
    pad = " " if text[0] in "` " or text[-1] in "` " else ""
    if not text.strip(" "):
        pad = ""
    return Markup(f"{fence}{pad}{text}{pad}{fence}")


def markdown_command(text: str, indent: int = 0) -> Markup:
    """A command of one line as a fenced block, whatever fences it has itself."""
    text = text.replace("\n", " ")
    longest = max(map(len, re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    space = " " * indent
    return Markup(f"{space}{fence}sh\n{space}{text}\n{space}{fence}")


def markdown_html(text: str) -> Markup:
    """One line of text inside an HTML tag of a Markdown file, as `<summary>` is."""
    encoded = _LATE.sub(rf"\g<0>{_BREAK}", " ".join(text.split()))
    return Markup(html.escape(encoded).replace(_BREAK, "&#8203;"))


def _entities(text: str) -> Markup:
    return Markup(
        "".join(c if c.isalnum() or c in " /,-" else f"&#{ord(c)};" for c in text)
    )


# What spreadsheets take for the start of a formula, its wide forms too: at the start of a cell,
# or of what is a cell to a reader that separates by semicolons, as Excel does in half of
# Europe. Quotes and spaces before it don't help.
_FORMULA = re.compile(r"(^|;)(?=[ \"'`]*[=+\-@\uff1d\uff0b\uff0d\uff20])")


def spreadsheet_text(text: str) -> str:
    """One line of text that no spreadsheet takes for a formula.

    An apostrophe stands before what would be one, as OWASP advises against CSV injection.
    """
    return _FORMULA.sub(r"\1'", clean(text))


_AFTER_ENTITY = re.compile(r"(?<=;)[ \"'`=+\-@\uff1d\uff0b\uff0d\uff20]+")
_SIGN = re.compile(r"[=+\-@\uff1d\uff0b\uff0d\uff20]")


def spreadsheet_html(text: str) -> str:
    """One or more lines of text as HTML for a cell that a spreadsheet may see before.

    An entity ends with what separates cells in half of Europe: what would be a formula after
    it is an entity too.
    """
    shown = html.escape(text, quote=False).replace("\n", "<br />")
    return _AFTER_ENTITY.sub(
        lambda start: _SIGN.sub(lambda sign: f"&#{ord(sign[0])};", start[0]), shown
    )


def paragraphs(text: str) -> list[str]:
    """Documentation as paragraphs of one line each; so is each item of a list."""
    blocks = re.split(r"\n\s*\n|\n(?=\s*[-*] )", text)
    return [" ".join(block.split()) for block in blocks if block.strip()]


def prose(text: str) -> list[tuple[bool, str]]:
    """Documentation split at its backticks: (whether this part is code, the part)."""
    parts = re.split(r"`([^`\n]+)`", text)
    return [(bool(i % 2), part) for i, part in enumerate(parts) if part]


_ADDRESS = re.compile(r"https?://[\w.:-]+(/[\w./~:?#=&%+,;@!-]*)?", re.ASCII)


def web_address(text: str) -> str | None:
    """The text where it is a plain http(s) address, fit to be linked to."""
    return text if _ADDRESS.fullmatch(text) else None
