"""What acts in a document: each kind is parsed as its readers do, and asked what it found.

A decider gets the document with the payloads and the same one with their twins, which can't
act. It gives one line for each thing that acts; what a document may have is what its twin has.
"""

import csv
import io
import json
import re
import unicodedata
import warnings
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import unquote, urlsplit
from xml.etree.ElementTree import Element

import openpyxl
import pyte
from defusedxml.ElementTree import fromstring
from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin
from mdit_py_plugins.footnote import footnote_plugin
from mdit_py_plugins.tasklists import tasklists_plugin
from selectolax.lexbor import LexborHTMLParser, LexborNode

from tests.reporting.payloads.texts import CALL
from tests.reporting.test_annotations import commands

Document = str | bytes

# What a document has more or fewer of with another text, and nothing comes of it: code, and
# the places where a long word may be broken.
_TRANSPARENT = frozenset({"code", "wbr", "br"})
_ADDRESSES = frozenset(
    "href src srcset action formaction data poster background cite xlink:href ping".split()
)
_RUNS = frozenset("style srcdoc http-equiv".split())
_SHOWN = re.compile(r"<(script|style)\b.*?</\1>", re.DOTALL)


def text_of(document: Document) -> str:
    """A document as text; an assertion fails where it is no UTF-8."""
    text = document.decode("utf-8") if isinstance(document, bytes) else document
    text.encode("utf-8")
    return text


def printable(document: Document, twin: Document) -> Iterator[str]:
    """Characters that a terminal or a reader's eye would act on instead of showing."""
    text = text_of(document)
    odd = {c for c in text if not c.isprintable()}
    # Our own: line ends, indentation of a template, what stops a mention.
    odd -= {c for c in text_of(twin) if not c.isprintable()} | {"\n"}
    if odd:
        yield f"characters that act: {sorted(odd)!r}"


def html(document: Document, twin: Document) -> Iterator[str]:
    """What a browser builds of it: elements, attributes, addresses, scripts."""
    yield from printable(
        _SHOWN.sub("", text_of(document)), _SHOWN.sub("", text_of(twin))
    )
    yield from _elements(text_of(document), text_of(twin))


def _elements(document: str, twin: str) -> Iterator[str]:
    found, wanted = _Tree(document), _Tree(twin)
    yield from _another(found.parts, wanted.parts)
    yield from _another(Counter(found.kept), Counter(wanted.kept))
    for name, value in found.attributes:
        if name.startswith("on") or name in _RUNS - {
            name for name, _ in wanted.attributes
        }:
            yield f"{name}={value!r}"
        if name in _ADDRESSES and not _is_ours(value, wanted.hosts):
            yield f"an address: {name}={value!r}"


def _is_ours(address: str, hosts: Iterable[str]) -> bool:
    match = re.match(r"\s*([a-zA-Z][\w+.-]*:)?(//[^/?#]*)?", address)
    assert match is not None
    return (match[1] or "") + (match[2] or "") in {"", *hosts}


class _Tree:
    """A page as a browser reads it: how often each element is where, and what acts."""

    def __init__(self, text: str) -> None:
        self.parts: Counter[str] = Counter()
        self.attributes: list[tuple[str, str]] = []
        # Scripts and styles: as they are, or they are not ours.
        self.kept: list[str] = []
        self.hosts: set[str] = set()
        root = LexborHTMLParser(text).root
        assert root is not None
        self._read(root, "")

    def _read(self, node: LexborNode, above: str) -> None:
        for child in node.iter(include_text=True):
            tag = str(child.tag)
            if tag == "-text":
                continue
            if tag in _TRANSPARENT:
                self._note(child)
                self._read(child, above)
                continue
            self._note(child)
            given = child.attributes
            own = " ".join(sorted(given))
            place = f"{above}>{tag}[{own}]"
            if "class" in given:
                place += f".{given['class']}"
            self.parts[place] += 1
            if tag in ("script", "style"):
                self.kept.append(child.text())
            else:
                self._read(child, place)

    def _note(self, node: LexborNode) -> None:
        for name, value in node.attributes.items():
            self.attributes.append((name, value or ""))
            if name in _ADDRESSES and (
                match := re.match(r"([a-z]+:)(//[^/?#]*)?", value or "")
            ):
                self.hosts.add(match[0])


def _another(found: Counter[str], wanted: Counter[str]) -> Iterator[str]:
    if found != wanted:
        more, fewer = found - wanted, wanted - found
        yield f"more: {list(more.items())[:4]!r}; fewer: {list(fewer.items())[:4]!r}"


_MARKDOWN = (
    MarkdownIt("gfm-like", {"html": True, "linkify": True})
    .use(footnote_plugin)
    .use(tasklists_plugin)
    .use(dollarmath_plugin)
)
assert _MARKDOWN.linkify is not None
# GitHub makes no link of a name with a dot in it, or of two slashes. `_LATE` is for www.
_MARKDOWN.linkify.set({"fuzzy_link": False}).add("//", None)
# What GitHub looks for in the text once Markdown is done.
# https://docs.github.com/en/get-started/writing-on-github/getting-started-with-writing-and-formatting-on-github/basic-writing-and-formatting-syntax
_LATE = re.compile(
    r"@[a-z\d]|#\d|\bgh-\d+|(?<!\S):[\w+-]+:"
    r"|\b(https?|ftp)://\S|\bwww\.\S|\b(mailto|xmpp):\S",
    re.IGNORECASE,
)


def markdown(document: Document, twin: Document) -> Iterator[str]:
    """What CommonMark with GitHub's extensions builds of it, and what GitHub does then."""
    # The one that stops a mention or a marker; a repository's own is shown as an escape.
    yield from printable(text_of(document).replace("\u200b", ""), twin)
    page, plain = (_MARKDOWN.render(text_of(one)) for one in (document, twin))
    yield from _elements(page, plain)
    for text in _texts(page):
        if match := _LATE.search(text):
            yield f"GitHub acts on {match[0]!r} in {text[:80]!r}"


def _texts(page: str) -> Iterator[str]:
    """The texts of a page outside of code."""
    root = LexborHTMLParser(page).body
    assert root is not None
    waiting = [root]
    while waiting:
        node = waiting.pop()
        for child in node.iter(include_text=True):
            if child.tag == "-text":
                yield child.text_content or ""
            # Where an address leads is asked elsewhere.
            elif child.tag not in ("code", "pre", "a"):
                waiting.append(child)


class _Recorder(pyte.Screen):
    """A terminal that notes what it is told, beside letters, lines and colours."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def __getattribute__(self, name: str) -> object:
        if name not in pyte.Stream.events:
            return super().__getattribute__(name)

        def note(*given: object, **named: object) -> None:
            if name not in _SHOWS:
                self.told.append(name)

        return note


_SHOWS = frozenset({"draw", "linefeed", "select_graphic_rendition"})
_COLOUR = re.compile(r"\x1b\[[\d;]*m")


def terminal(document: Document, twin: Document) -> Iterator[str]:
    """What an emulator does of it beside showing it."""
    text = text_of(document)
    screen = _Recorder()
    pyte.Stream(screen).feed(text)
    if screen.told:
        yield f"the terminal is told {Counter(screen.told)}"
    plain = _COLOUR.sub("", text)
    yield from printable(plain, _COLOUR.sub("", text_of(twin)))


def log(document: Document, twin: Document) -> Iterator[str]:
    """The commands that a workflow's runner takes from it."""
    text = text_of(document)
    yield from printable(text, _COLOUR.sub("", text_of(twin)))
    for one in commands(text):
        yield f"a command: {one.name} {one.message[:80]!r}"
    # https://docs.gitlab.com/ci/jobs/job_logs/#custom-collapsible-sections
    if found := re.search(r"##(vso)?\[|section_(start|end):\d+:\S+\r\x1b", text):
        yield f"a command of another runner: {found[0]!r}"


_PROPERTIES = frozenset({"file", "line", "title"})


def annotations(document: Document, twin: Document) -> Iterator[str]:
    """The runner's reading: one annotation a line, as many as its twin has."""
    text = text_of(document)
    yield from printable(text, twin)
    found, wanted = commands(text), commands(text_of(twin))
    yield from _another(
        Counter(one.name for one in found), Counter(one.name for one in wanted)
    )
    # A place outside of the repository is left out.
    if odd := {name for one in found for name in one.properties} - _PROPERTIES:
        yield f"properties: {sorted(odd)}"
    for one in found:
        if not one.message.isprintable():
            yield f"lines within a message: {one.message[:80]!r}"
    for line in text.splitlines():
        head = line.removeprefix("::").partition("::")[0].partition(" ")[2]
        names = [part.partition("=")[0] for part in head.split(",")]
        if len(set(names)) < len(names):
            yield f"a property twice: {head[:80]!r}"
    if len(found) != text.count("\n"):
        yield "a line is no annotation, or two"


def data(document: Document, twin: Document) -> Iterator[str]:
    """JSON: the same values of the same types in the same places, and no odd character."""
    yield from printable(document, twin)
    yield from _another(
        Counter(_shape(json.loads(text_of(document)), "")),
        Counter(_shape(json.loads(text_of(twin)), "")),
    )
    for text in _strings(json.loads(text_of(document))):
        if any(unicodedata.category(c) == "Cs" for c in text):
            yield f"a lone surrogate in {text[:80]!r}"


def _shape(value: object, place: str) -> Iterator[str]:
    match value:
        case Mapping():
            yield f"{place}{{{len(value)}}}"
            for one in value.values():
                yield from _shape(one, f"{place}.")
        case list():
            yield f"{place}[{len(value)}]"
            for one in value:
                yield from _shape(one, f"{place}[]")
        case _:
            yield f"{place}:{type(value).__name__}"


def _strings(value: object) -> Iterator[str]:
    match value:
        case str():
            yield value
        case Mapping():
            for key, one in value.items():
                yield from _strings(key)
                yield from _strings(one)
        case list():
            for one in value:
                yield from _strings(one)


# https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html, 3.11.5 and 3.11.6.
_SARIF_LINK = re.compile(r"(?<!\\)\[[^\]]*\]\([^)]*\)")
_SARIF_PLACEHOLDER = re.compile(r"(?<!\{)(\{\{)*\{\d+\}(?!\})")


def sarif(document: Document, twin: Document) -> Iterator[str]:
    """JSON whose messages have no link and no placeholder, and whose places are inside."""
    yield from printable(document, twin)
    for key, text in _values(json.loads(text_of(document)), ""):
        if key == "text" and _SARIF_LINK.search(text):
            yield f"a link in {text[:80]!r}"
        if key in ("text", "markdown") and _SARIF_PLACEHOLDER.search(text):
            yield f"a placeholder in {text[:80]!r}"
        if key == "markdown":
            yield from _late(text)
        if key == "uri" and not _is_inside(text):
            yield f"an address: {text!r}"


def _is_inside(uri: str) -> bool:
    parts = urlsplit(uri)
    is_relative = not parts.scheme and not parts.netloc and not uri.startswith("/")
    return is_relative and ".." not in unquote(parts.path).split("/")


def _late(text: str) -> Iterator[str]:
    page = _MARKDOWN.render(text)
    tree = _Tree(page)
    for name, value in tree.attributes:
        if name in _ADDRESSES or name.startswith("on"):
            yield f"in Markdown: {name}={value!r}"


def _values(value: object, key: str) -> Iterator[tuple[str, str]]:
    match value:
        case str():
            yield key, value
        case Mapping():
            for name, one in value.items():
                yield from _values(one, str(name))
        case list():
            for one in value:
                yield from _values(one, key)


def xml(document: Document, twin: Document) -> Iterator[str]:
    """XML that a strict reader takes: the same elements in the same places."""
    yield from printable(document, twin)
    yield from _another(
        Counter(_branches(fromstring(text_of(document)), "")),
        Counter(_branches(fromstring(text_of(twin)), "")),
    )


def _branches(element: Element, above: str) -> Iterator[str]:
    place = f"{above}>{element.tag}[{' '.join(sorted(element.attrib))}]"
    yield place
    for one in element:
        yield from _branches(one, place)


def same(document: Document, twin: Document) -> Iterator[str]:
    """Nothing in it is of the payloads at all."""
    if document != twin:
        yield "a text of the repository is in it"


# What makes a formula of a cell, and what readers take off before they look.
_FORMULA = re.compile(r"[\s\"'`]*[=+\-@\uff1d\uff0b\uff0d\uff20]")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")


def table(document: Document, twin: Document) -> Iterator[str]:
    """CSV, in Excel's readings of commas, semicolons and tabs: no cell is a formula."""
    text, plain = (text_of(one).removeprefix("\ufeff") for one in (document, twin))
    yield from printable(text.replace("\r\n", "\n"), plain.replace("\r\n", "\n"))
    found, wanted = (
        list(csv.reader(io.StringIO(one, newline=""))) for one in (text, plain)
    )
    if [len(row) for row in found] != [len(row) for row in wanted]:
        yield "it has other rows or cells"
    for row in found:
        for cell in row:
            for part in re.split(r"[;\t\r\n]", cell):
                # A dash is what Moodle itself has for no grade.
                if part.startswith("'") or _NUMBER.fullmatch(part) or part == "-":
                    continue
                if _FORMULA.match(part):
                    yield f"a formula: {part[:80]!r}"
    # Somebody opens it as if semicolons or tabs were its commas.
    for sign in ";\t":
        for line in csv.reader(io.StringIO(text, newline=""), delimiter=sign):
            for cell in line[1:]:
                if cell.startswith(("=", "+", "@")):
                    yield f"a formula between {sign!r}: {cell[:80]!r}"


def sheets(document: Document, twin: Document) -> Iterator[str]:
    """A workbook: numbers and texts, no formula, no link, nothing outside."""
    assert isinstance(document, bytes) and isinstance(twin, bytes)
    with zipfile.ZipFile(io.BytesIO(document)) as archive:
        names = archive.namelist()
        if odd := [
            one
            for one in names
            if re.search("external|macro|vba|ole|connec", one.lower())
        ]:
            yield f"parts: {odd}"
        for name in names:
            raw = archive.read(name)
            fromstring(raw)
            if re.search(
                rb"<f[ >]|<hyperlink|<definedName[^>]*>[^<']*" + CALL.encode(), raw
            ):
                yield f"a formula or a link in {name}"
            if name.endswith(".rels") and b'TargetMode="External"' in raw:
                yield f"an address outside in {name}"
    books = [_book(one) for one in (document, twin)]
    if books[0].sheetnames != books[1].sheetnames:
        yield "it has other sheets"
    for name in books[1].sheetnames:
        cells, plain = (
            {cell.coordinate: cell for row in book[name].iter_rows() for cell in row}
            for book in books
        )
        yield from _another(
            Counter(
                f"{key}:{one.data_type == 'n'}"
                for key, one in cells.items()
                if one.value is not None
            ),
            Counter(
                f"{key}:{one.data_type == 'n'}"
                for key, one in plain.items()
                if one.value is not None
            ),
        )
        for key, cell in cells.items():
            if cell.data_type not in ("n", "s", "inlineStr") or cell.hyperlink:
                yield f"{name}!{key} is {cell.data_type}: {cell.value!r:.80}"
            elif isinstance(cell.value, str):
                if not cell.value.isprintable():
                    yield f"{name}!{key} has {cell.value!r:.80}"
                if _FORMULA.match(cell.value) and not cell.value.startswith("'"):
                    yield f"{name}!{key} would be a formula: {cell.value[:80]!r}"


def _book(raw: bytes) -> openpyxl.Workbook:
    with warnings.catch_warnings():
        # It doesn't know the extension of Excel 2010 for data bars without a gradient.
        warnings.simplefilter("ignore", UserWarning)
        return openpyxl.load_workbook(io.BytesIO(raw))


def outputs(document: Document, twin: Document) -> Iterator[str]:
    """A file of names and values, as the runner reads it: the names of its twin and no other.

    actions/runner, FileCommandManager.cs: `name=value`, or `name<<delimiter` and lines.
    """
    found, wanted = (_names(text_of(one)) for one in (document, twin))
    if found != wanted:
        yield f"names: {found}"


def _names(text: str) -> list[str]:
    names, lines = [], iter(text.splitlines())
    for line in lines:
        equals, heredoc = line.find("="), line.find("<<")
        if equals >= 0 and (heredoc < 0 or equals < heredoc):
            names.append(line[:equals])
        elif heredoc >= 0:
            names.append(line[:heredoc])
            assert line[heredoc + 2 :] in lines, "a value has no end"
        else:
            assert not line, "a line is no value"
    return names


def mail(document: Document, twin: Document) -> Iterator[str]:
    """Plain text: as many lines as its twin, of printable characters."""
    yield from printable(document, twin)
    if text_of(document).count("\n") != text_of(twin).count("\n"):
        yield "it has other lines"
