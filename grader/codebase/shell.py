"""A shell script as its commands: words, line, and what follows each.

For what scripts, steps of workflows and instructions of Dockerfiles run. Comments and the
text of here-documents are no commands. Nothing is expanded or run: `$PORT`, `$(pwd)` and
`${{ secrets.KEY }}` stay as they are written.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

MAX_CHARACTERS = 100_000

_OPERATORS = ("&&", "||", ";;", "|&", ";", "|", "&", "(", ")")
_REDIRECT = re.compile(r"\d*(>>|>\||>&|<&|&>>|&>|<>|>|<)(&?\d+|-)?")
_HEREDOC = re.compile(r"\d*<<-?\s*(['\"]?)([A-Za-z_][\w.]*)\1")
_LEADS = frozenset({"then", "else", "do", "{", "time"})
_CONDITIONS = frozenset({"if", "elif", "while", "until", "!"})
_CLOSES = {"(": ")", "{": "}"}


@dataclass(frozen=True)
class Command:
    """One command: its words without quotes, its line from 1, and the operator behind it.

    `before` is the operator in front of it (`""` at the start of a line). `quoted` are the
    words that stood in single quotes: in these the shell expands nothing.
    """

    words: tuple[str, ...]
    line: int
    before: str = ""
    after: str = ""
    quoted: frozenset[str] = frozenset()

    @property
    def bare(self) -> tuple[str, ...]:
        """Its words without what only leads up to them: `then`, `if`, `{`, `!`."""
        at = 0
        while at < len(self.words) and self.words[at] in _LEADS | _CONDITIONS:
            at += 1
        return self.words[at:]

    @property
    def is_condition(self) -> bool:
        """Whether its failure only decides a branch: `if pytest; then`, `! pytest`."""
        return bool(self.words) and self.words[0] in _CONDITIONS


def commands(text: str) -> tuple[Command, ...]:
    """The commands of a script, in order."""
    found: list[Command] = []
    for one in _Reader(text[:MAX_CHARACTERS].replace("\r\n", "\n")).commands():
        if found and one.before:
            found[-1] = replace(found[-1], after=one.before)
        found.append(one)
    return tuple(found)


class _Reader:
    """Reads a script letter by letter; every letter once, whatever it is nested in."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._line = 1
        self._ends: list[str] = []

    def commands(self) -> Iterator[Command]:
        words: list[str] = []
        quoted: set[str] = set()
        start, before = 1, ""
        while self._at < len(self._text):
            letter = self._text[self._at]
            if letter in " \t":
                self._at += 1
            elif self._text.startswith("\\\n", self._at):
                self._take(2)
            elif letter == "#":
                self._skip_to_end()
            elif letter == "\n":
                if words:
                    yield Command(tuple(words), start, before, "", frozenset(quoted))
                    words, quoted, before = [], set(), ""
                elif before in (";", "(", ")", "&"):
                    before = ""
                self._take(1)
                self._skip_heredocs()
            elif found := _HEREDOC.match(self._text, self._at):
                self._ends.append(found[2])
                self._take(len(found[0]))
            elif found := _REDIRECT.match(self._text, self._at):
                self._take(len(found[0]))
                if found[2] is None:
                    self._skip_blanks()
                    self._word()
            elif operator := self._operator():
                self._at += len(operator)
                if words:
                    yield Command(
                        tuple(words), start, before, operator, frozenset(quoted)
                    )
                    words, quoted, before = [], set(), operator
                elif operator not in "()":
                    before = operator
            else:
                start = start if words else self._line
                word, is_quoted = self._word()
                words.append(word)
                if is_quoted:
                    quoted.add(word)
        if words:
            yield Command(tuple(words), start, before, "", frozenset(quoted))

    def _operator(self) -> str:
        for one in _OPERATORS:
            if self._text.startswith(one, self._at):
                return one
        return ""

    def _take(self, count: int) -> str:
        taken = self._text[self._at : self._at + count]
        self._line += taken.count("\n")
        self._at += count
        return taken

    def _skip_to_end(self) -> None:
        end = self._text.find("\n", self._at)
        self._at = len(self._text) if end < 0 else end

    def _skip_blanks(self) -> None:
        while self._text[self._at : self._at + 1] in (" ", "\t"):
            self._at += 1

    def _skip_heredocs(self) -> None:
        for end in self._ends:
            while self._at < len(self._text):
                close = self._text.find("\n", self._at) + 1 or len(self._text)
                if self._take(close - self._at).strip() == end:
                    break
        self._ends.clear()

    def _word(self) -> tuple[str, bool]:
        """One word, and whether all of it stood in single quotes."""
        parts: list[str] = []
        first = self._text[self._at : self._at + 1]
        begun = self._at
        while self._at < len(self._text):
            letter = self._text[self._at]
            if letter in " \t\n" or (letter in ";&|()<>" and self._at > begun):
                break
            if self._text.startswith("\\\n", self._at):
                self._take(2)
            elif letter == "\\":
                parts.append(self._take(2)[1:])
            elif letter == "'":
                parts.append(self._until("'"))
            elif letter == '"':
                parts.append(self._double())
            elif letter == "`":
                parts.append(f"`{self._until('`')}`")
            elif self._text[self._at : self._at + 2] in ("$(", "${"):
                parts.append(self._nested())
            else:
                parts.append(self._take(1))
        whole = self._text[begun : self._at]
        is_quoted = first == "'" and whole.count("'") == 2 and whole.endswith("'")
        return "".join(parts), is_quoted

    def _until(self, end: str) -> str:
        """What stands up to the next quote of this kind, which is passed."""
        self._at += 1
        close = self._text.find(end, self._at)
        close = len(self._text) if close < 0 else close
        inner = self._take(close - self._at)
        self._at += 1
        return inner

    def _double(self) -> str:
        self._at += 1
        parts: list[str] = []
        while self._at < len(self._text) and self._text[self._at] != '"':
            if self._text.startswith("\\\n", self._at):
                self._take(2)
            elif (
                self._text[self._at] == "\\"
                and self._text[self._at + 1 : self._at + 2] in '"\\$`'
            ):
                parts.append(self._take(2)[1:])
            elif self._text[self._at : self._at + 2] in ("$(", "${"):
                parts.append(self._nested())
            else:
                parts.append(self._take(1))
        self._at += 1
        return "".join(parts)

    def _nested(self) -> str:
        """`$(…)`, `${…}` and `${{ … }}` as they are written, to the bracket that closes."""
        begun = self._at
        self._take(1)
        opens = self._text[self._at]
        closes, depth = _CLOSES[opens], 0
        while self._at < len(self._text):
            letter = self._take(1)
            depth += (letter == opens) - (letter == closes)
            if not depth:
                break
        return self._text[begun : self._at]
