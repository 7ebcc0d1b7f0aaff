"""Reads an HTML page strictly: elements with their attributes and text, in order."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

_VOID = frozenset({"meta", "link", "br", "hr", "wbr", "img", "input"})


@dataclass
class Element:
    """One element; `parts` are its children and texts in order."""

    tag: str
    attributes: dict[str, str]
    parts: list["Element | str"] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All text inside, with runs of whitespace as one space."""
        return " ".join(self.raw.split())

    @property
    def raw(self) -> str:
        """All text inside, as it is."""
        return "".join(p if isinstance(p, str) else p.raw for p in self.parts)

    def all(self, tag: str = "", **attributes: str) -> list["Element"]:
        """The elements below with this tag and attributes (`class_` for class)."""
        wanted = {name.rstrip("_"): value for name, value in attributes.items()}
        found: list[Element] = []
        for part in self.parts:
            if isinstance(part, str):
                continue
            if tag in ("", part.tag) and wanted.items() <= part.attributes.items():
                found.append(part)
            found += part.all(tag, **attributes)
        return found

    def one(self, tag: str = "", **attributes: str) -> "Element":
        """The only such element."""
        [found] = self.all(tag, **attributes)
        return found


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open = [Element("", {})]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.open[-1].parts.append(element)
        if tag not in _VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open[-1].parts.append(
            Element(tag, {name: value or "" for name, value in attrs})
        )

    def handle_endtag(self, tag: str) -> None:
        closed = self.open.pop()
        assert closed.tag == tag, f"</{tag}> closes <{closed.tag}>"

    def handle_data(self, data: str) -> None:
        self.open[-1].parts.append(data)


def read_page(text: str) -> Element:
    """The root of a page whose every element is closed in its place."""
    reader = _Reader()
    reader.feed(text)
    reader.close()
    [root] = reader.open
    return root
