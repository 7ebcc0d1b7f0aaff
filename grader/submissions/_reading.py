"""Reading what people wrote about a class: its groups and items by name, all mistakes at once."""

from collections.abc import Sequence

from grader.errors import GradeError, did_you_mean
from grader.submissions._text import shown, tidy
from grader.submissions.names import printable, sameness

MISTAKES = 20
TEXT_CHARACTERS = 2_000


class Reading:
    """What is known of the class, and the mistakes that were found up to now."""

    def __init__(
        self, source: str, items: Sequence[str], groups: Sequence[str]
    ) -> None:
        self.source = source
        self.items = list(items)
        self.notes: list[str] = []
        self._groups = list(groups)
        self._alike: dict[str, list[str]] = {}
        for group in groups:
            self._alike.setdefault(sameness(tidy(group)), []).append(group)
        self._mistakes: list[str] = []

    def mistake(self, place: str, words: str) -> None:
        """Keep a mistake: where it is, and what it is."""
        self._mistakes.append(f"{place}: {words}")

    def finish(self) -> None:
        """Raise `GradeError` when there was any mistake."""
        if not self._mistakes:
            return
        told = self._mistakes[:MISTAKES]
        if more := len(self._mistakes) - len(told):
            told.append(f"… and {more} more.")
        raise GradeError("\n".join(told), hint="Nothing was taken from this file.")

    def group(self, written: str, place: str) -> str | None:
        """The class's group of that name, in other capitals if there is only one."""
        name = tidy(written)
        if not name:
            self.mistake(place, "no group is named.")
            return None
        if name in self._groups:
            return name
        alike = self._alike.get(sameness(name), [])
        if len(alike) == 1:
            self.notes.append(f'{place}: "{shown(name)}" is taken for "{alike[0]}".')
            return alike[0]
        is_told = len(self._mistakes) < MISTAKES
        close = did_you_mean(name, self._groups) if is_told else ""
        which = f" {len(alike)} have a name like it." if alike else close
        self.mistake(place, f'the class has no group "{shown(name)}".{which}')
        return None

    def item(self, written: str, place: str) -> str | None:
        """The item or criterion of that id."""
        name = tidy(written)
        if name in self.items:
            return name
        self.mistake(
            place,
            f'the rubric has no item "{shown(name)}".{did_you_mean(name, self.items)} '
            f"It has: {', '.join(self.items) or 'none'}.",
        )
        return None


def one_line(written: str) -> str:
    """A comment, a reason or a name, fit for a report."""
    return printable(tidy(written))[:TEXT_CHARACTERS]
