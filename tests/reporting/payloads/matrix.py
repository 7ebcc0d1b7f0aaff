"""Texts × fields × formats: what is counted, and the search for what acts."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tests.reporting.payloads.filling import filled, text_fields
from tests.reporting.payloads.formats import Shown, all_formats
from tests.reporting.payloads.texts import TEXTS, twin

# Of texts for the default suite; each on a line of its own.
BUNDLES = 6
LONG = 1_000


@dataclass(frozen=True)
class Acting:
    """Something that acts: in which format, from which text on the fields were filled, what."""

    form: str
    start: int
    what: str


def alone() -> tuple[str, ...]:
    """Each text for itself."""
    return tuple(TEXTS.values())


def together() -> tuple[str, ...]:
    """Many in one; the long ones, which stand for themselves alone, left out."""
    texts = [text for text in alone() if len(text) < LONG]
    return tuple(" \n".join(texts[at::BUNDLES]) for at in range(BUNDLES))


def acting(
    texts: Sequence[str], starts: Sequence[int], formats: Sequence[Shown]
) -> Iterator[Acting]:
    """What acts where the fields have the texts, from the `starts`-th on.

    With every start each field has had each text.
    """
    twins = [twin(text, number) for number, text in enumerate(texts)]
    documents = {id(one.document): one.document for one in formats}
    for start in starts:
        pairs = {
            key: (filled(one, texts, start), filled(one, twins, start))
            for key, one in documents.items()
        }
        for one in formats:
            hostile, plain = pairs[id(one.document)]
            for what in one.decide(one.write(hostile), one.write(plain)):
                yield Acting(one.name, start, what)


def count() -> str:
    """How much is tried: for the README."""
    formats = all_formats()
    fields = {one.name: text_fields(type(one.document)) for one in formats}
    tried = sum(len(TEXTS) * len(one) for one in fields.values())
    every = set().union(*fields.values())
    return (
        f"{len(TEXTS)} payloads × {len(every)} fields × {len(formats)} formats: "
        f"{tried:,} combinations"
    )
