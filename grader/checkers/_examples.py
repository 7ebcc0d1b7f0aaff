"""Code that earns a line of a checklist, and code that looks like it and does not.

The examples of a checker stand beside it in `examples/ID.md`: under `## criterion` the
headings `### Earns it` and `### Does not`, each with fenced blocks whose info string ends in
the path of the file that the block is. A block of the path `git log` is no file but the
history: a line for each commit, as the tests' `histories` reads it. `explain` shows them, and
a test measures them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources

from markdown_it import MarkdownIt
from markdown_it.token import Token

from grader.checkers._base import Checker, Options

EARNS, FAILS = "Earns it", "Does not"


@dataclass(frozen=True)
class Example:
    """Two small repositories, text by path, and a sentence about each."""

    earns: Mapping[str, str] = field(default_factory=dict)
    fails: Mapping[str, str] = field(default_factory=dict)
    why_earns: str = ""
    why_fails: str = ""


def examples(checker: Checker[Options]) -> dict[str, Example]:
    """The examples by criterion; none for a checker that ships no such file."""
    package = type(checker).__module__.rpartition(".")[0]
    if not package:
        return {}
    file = resources.files(package) / "examples" / f"{checker.id}.md"
    return parse(file.read_text("utf-8")) if file.is_file() else {}


def parse(text: str) -> dict[str, Example]:
    """The examples in a Markdown text. Raises `ValueError` for a block without a place.

    Neither a line nor a file of one of its parts may stand there twice.
    """
    found: dict[str, Example] = {}
    criterion, files, said = "", dict[str, dict[str, str]](), dict[str, list[str]]()
    part = ""
    tokens = MarkdownIt().parse(text)
    for index, token in enumerate(tokens):
        if token.type == "heading_open":
            title = tokens[index + 1].content
            if token.tag == "h2":
                if criterion:
                    found[criterion] = _example(files, said)
                criterion, part, files, said = title.strip("`"), "", {}, {}
                if criterion in found:
                    raise ValueError(f"{criterion}: a second time")
            elif token.tag == "h3":
                part = title
        elif token.type == "fence":
            path = _path(token)
            if not (criterion and part in (EARNS, FAILS) and path):
                raise ValueError(f"a block without a place: {token.info!r}")
            if path in files.setdefault(part, {}):
                raise ValueError(f"{criterion}: {path} a second time")
            files[part][path] = token.content
        elif token.type == "inline" and tokens[index - 1].type == "paragraph_open":
            said.setdefault(part, []).append(token.content.replace("\n", " "))
    if criterion:
        found[criterion] = _example(files, said)
    return found


def _path(fence: Token) -> str:
    words = fence.info.split(maxsplit=1)
    return words[1] if len(words) == 2 else ""


def _example(
    files: Mapping[str, Mapping[str, str]], said: Mapping[str, list[str]]
) -> Example:
    return Example(
        earns=files.get(EARNS, {}),
        fails=files.get(FAILS, {}),
        why_earns=" ".join(said.get(EARNS, ())),
        why_fails=" ".join(said.get(FAILS, ())),
    )
