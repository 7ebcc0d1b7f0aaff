"""A Markdown file as what a reader sees: headings with what stands below, links, code, text.

Read with markdown-it-py as CommonMark with tables; headings, links and images written in
HTML count too. Nothing is fetched. A paragraph that is nothing but bold text is a heading
of the lowest level: that is how many people write one.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from html.parser import HTMLParser

from markdown_it import MarkdownIt
from markdown_it.token import Token

# Markdown's parsers take the square of some texts: these take 9 s at most.
MAX_CHARACTERS = 100_000
_MAX_SLUGS = 5_000
BOLD_LEVEL = 7


@dataclass(frozen=True)
class Heading:
    """A heading's text, level (1..6, 7 for a bold paragraph) and line, from 1."""

    text: str
    level: int
    line: int


@dataclass(frozen=True)
class Link:
    """Where a link or an image leads, as it is written, with its text and line."""

    target: str
    text: str
    line: int
    is_image: bool = False


@dataclass(frozen=True)
class CodeBlock:
    """A fenced or indented block: its language in lower case, its text, its first line."""

    language: str
    text: str
    line: int


@dataclass(frozen=True)
class Text:
    """A piece of what a reader reads: a paragraph, an item, a cell of a table.

    `codes` are its code spans, which are not in `text`; `tags` are what stands in angle
    brackets and is no HTML (`<your name>`).
    """

    text: str
    line: int
    codes: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()

    @property
    def words(self) -> int:
        """How many words it has, as blanks part them, numbers aside."""
        return sum(any(map(str.isalpha, word)) for word in self.text.split())


Block = Heading | Link | CodeBlock | Text


@dataclass(frozen=True)
class Section:
    """A heading and all that stands below it, up to the next one of its level or above."""

    heading: Heading
    blocks: tuple[Block, ...]

    @property
    def words(self) -> int:
        """The words of its text."""
        return sum(one.words for one in self.blocks if isinstance(one, Text))

    @property
    def code_blocks(self) -> tuple[CodeBlock, ...]:
        """Its code blocks."""
        return tuple(one for one in self.blocks if isinstance(one, CodeBlock))

    @property
    def codes(self) -> tuple[str, ...]:
        """Its code spans."""
        texts = (one for one in self.blocks if isinstance(one, Text))
        return tuple(code for one in texts for code in one.codes)

    @property
    def images(self) -> tuple[Link, ...]:
        """Its images."""
        return tuple(
            one for one in self.blocks if isinstance(one, Link) and one.is_image
        )


@dataclass(frozen=True)
class Markdown:
    """One file: its blocks in their order; a link stands before the text that it is in."""

    blocks: tuple[Block, ...] = ()
    anchors: frozenset[str] = field(default_factory=frozenset)

    @cached_property
    def headings(self) -> tuple[Heading, ...]:
        """Its headings."""
        return tuple(one for one in self.blocks if isinstance(one, Heading))

    @cached_property
    def links(self) -> tuple[Link, ...]:
        """Its links and images."""
        return tuple(one for one in self.blocks if isinstance(one, Link))

    @cached_property
    def code_blocks(self) -> tuple[CodeBlock, ...]:
        """Its code blocks."""
        return tuple(one for one in self.blocks if isinstance(one, CodeBlock))

    @cached_property
    def texts(self) -> tuple[Text, ...]:
        """Its text outside headings and code."""
        return tuple(one for one in self.blocks if isinstance(one, Text))

    @property
    def words(self) -> int:
        """The words of its text."""
        return sum(one.words for one in self.texts)

    @cached_property
    def sections(self) -> tuple[Section, ...]:
        """Each heading with what is below it; sections hold their subsections."""
        starts = [i for i, one in enumerate(self.blocks) if isinstance(one, Heading)]
        found = []
        for at, start in enumerate(starts):
            heading = self.blocks[start]
            assert isinstance(heading, Heading)
            end = len(self.blocks)
            for later in starts[at + 1 :]:
                other = self.blocks[later]
                if isinstance(other, Heading) and other.level <= heading.level:
                    end = later
                    break
            found.append(Section(heading, self.blocks[start + 1 : end]))
        return tuple(found)

    def has_anchor(self, name: str) -> bool:
        """Whether `#name` leads to a heading or to an `id`, as GitHub makes them."""
        return _plain(name) in self.anchors


def read_markdown(text: str) -> Markdown:
    """Read a text; of one beyond `MAX_CHARACTERS` the beginning."""
    text = text[:MAX_CHARACTERS]
    parser = MarkdownIt("commonmark").enable("table")
    reader = _Reader()
    reader.read(parser.parse(text))
    blocks = tuple(reader.blocks)
    headings = (one for one in blocks if isinstance(one, Heading))
    return Markdown(blocks, frozenset({*_slugs(headings), *reader.ids}))


def slug(text: str) -> str:
    """The anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", text.strip().lower()).replace(" ", "-")


def _plain(anchor: str) -> str:
    # An emoji leaves a dash or an invisible mark, which tables of contents write or not.
    return anchor.lower().replace("\ufe0f", "").strip("-")


def _slugs(headings: Iterable[Heading]) -> Iterator[str]:
    seen: dict[str, int] = {}
    for heading in list(headings)[:_MAX_SLUGS]:
        if heading.level < BOLD_LEVEL:
            name = _plain(slug(heading.text))
            count = seen.get(name, 0)
            seen[name] = count + 1
            yield f"{name}-{count}" if count else name


class _Reader:
    """Walks the tokens of a file once."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self.ids: set[str] = set()

    def read(self, tokens: Sequence[Token]) -> None:
        """Take all tokens of a file, in order."""
        for index, token in enumerate(tokens):
            line = token.map[0] + 1 if token.map else 1
            if token.type in ("fence", "code_block"):
                language = token.info.strip().split(maxsplit=1)[:1]
                first = line + (token.type == "fence")
                name = language[0].lower().strip("{}.") if language else ""
                self.blocks.append(CodeBlock(name, token.content, first))
            elif token.type == "html_block":
                self._html(token.content, line)
            elif token.type == "inline":
                self._inline(token, tokens[index - 1], line)

    def _inline(self, token: Token, opening: Token, line: int) -> None:
        inline = _Inline(line)
        inline.read(token.children or [])
        self.ids |= inline.ids
        if opening.type == "heading_open":
            self.blocks.append(Heading(inline.whole, int(opening.tag[1:]), line))
            self.blocks += inline.links
            return
        self.blocks += inline.links
        if opening.type == "paragraph_open" and inline.is_bold:
            self.blocks.append(Heading(inline.whole.strip(" :"), BOLD_LEVEL, line))
        elif inline.headings:
            self.blocks += inline.headings
        elif inline.text.strip() or inline.codes or inline.tags:
            self.blocks.append(
                Text(inline.text, line, tuple(inline.codes), tuple(inline.tags))
            )

    def _html(self, text: str, line: int) -> None:
        html = _Html(line)
        html.feed(text)
        html.close()
        self.ids |= html.ids
        self.blocks += html.blocks


class _Inline:
    """What a line of text holds: words, code spans, links, HTML."""

    def __init__(self, line: int) -> None:
        self.line = line
        self.links: list[Block] = []
        self.headings: list[Block] = []
        self.codes: list[str] = []
        self.tags: list[str] = []
        self.ids: set[str] = set()
        self._parts: list[str] = []
        self._whole: list[str] = []
        self._bold = self._bare = 0
        self._bolds = 0

    @property
    def text(self) -> str:
        """The words, without code."""
        return "".join(self._parts)

    @property
    def whole(self) -> str:
        """The words with the code spans."""
        return "".join(self._whole).strip()

    @property
    def is_bold(self) -> bool:
        """Whether all of it is one piece of bold text, and no sentence."""
        is_sentence = self.whole.endswith((".", "!", "?"))
        is_only = self._bolds == 1 and not self._bare and not self.codes
        return is_only and not is_sentence

    def read(self, children: Sequence[Token]) -> None:
        """Take the tokens of one piece of text."""
        targets: list[tuple[str, int]] = []
        line = self.line
        for child in children:
            if child.type == "text":
                self._say(child.content)
            elif child.type in ("softbreak", "hardbreak"):
                line += 1
                self._say("\n")
            elif child.type == "code_inline":
                self.codes.append(child.content)
                self._whole.append(child.content)
            elif child.type == "strong_open":
                self._bold += 1
                self._bolds += 1
            elif child.type == "strong_close":
                self._bold -= 1
            elif child.type == "link_open":
                targets.append((str(child.attrs.get("href", "")), len(self._whole)))
            elif child.type == "link_close" and targets:
                target, start = targets.pop()
                said = "".join(self._whole[start:])
                self.links.append(Link(target, said, line))
            elif child.type == "image":
                source = str(child.attrs.get("src", ""))
                self.links.append(Link(source, child.content, line, is_image=True))
            elif child.type == "html_inline":
                self._html(child.content, line)

    def _say(self, text: str) -> None:
        self._parts.append(text)
        self._whole.append(text)
        if not self._bold and text.strip(" :\n"):
            self._bare += 1

    def _html(self, text: str, line: int) -> None:
        name = _TAG.match(text)
        if name and name[1].lower() not in _HTML_TAGS:
            self.tags.append(text)
            return
        html = _Html(line)
        html.feed(text)
        self.ids |= html.ids
        self.links += [one for one in html.blocks if isinstance(one, Link)]


_TAG = re.compile(r"</?([A-Za-z][\w-]*)")
_HTML_TAGS = frozenset(
    "a abbr b big blockquote br center code dd del details div dl dt em figcaption figure "
    "font footer h1 h2 h3 h4 h5 h6 header hr i img input ins kbd li main mark nav ol p "
    "picture pre q s samp section small source span strike strong sub summary sup svg "
    "table tbody td tfoot th thead tr tt u ul var video audio iframe style script wbr "
    "path g title article aside label button".split()
)


class _Html(HTMLParser):
    """Headings, links, images and text of a piece of HTML."""

    def __init__(self, line: int) -> None:
        super().__init__(convert_charrefs=True)
        self.blocks: list[Block] = []
        self.ids: set[str] = set()
        self._first = line
        self._heading = 0
        self._said: list[str] = []
        self._target = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take a link's target, an image's source, a heading's level, an id."""
        given = {name: value or "" for name, value in attrs}
        for name in ("id", "name"):
            if given.get(name):
                self.ids.add(_plain(given[name]))
        if tag in ("img", "source") and given.get("src"):
            found = Link(given["src"], given.get("alt", ""), self._line, is_image=True)
            self.blocks.append(found)
        elif tag == "a" and given.get("href"):
            self.blocks.append(Link(given["href"], "", self._line))
        elif re.fullmatch("h[1-6]", tag):
            self._heading = int(tag[1])
            self._said = []

    def handle_endtag(self, tag: str) -> None:
        """Take a heading that ends here."""
        if self._heading and tag == f"h{self._heading}":
            said = " ".join("".join(self._said).split())
            self.blocks.append(Heading(said, self._heading, self._line))
            self._heading = 0

    def handle_data(self, data: str) -> None:
        """Take text, of a heading or of its own."""
        if self._heading:
            self._said.append(data)
        elif data.strip():
            self.blocks.append(Text(data.strip(), self._line))

    @property
    def _line(self) -> int:
        return self._first + self.getpos()[0] - 1
