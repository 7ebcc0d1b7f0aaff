"""The values that a key of the rubric may have, where they are few."""

from collections.abc import Iterator
from typing import Literal, get_args, get_origin

from tests.docs.table import code


def choices(annotation: object) -> str:
    """The values that a type allows, as code; empty where they are not few."""
    return ", ".join(code(str(one)) for one in _literals(annotation))


def _literals(annotation: object) -> Iterator[object]:
    if get_origin(annotation) is Literal:
        yield from get_args(annotation)
    elif get_origin(annotation) is not dict:
        for inner in get_args(annotation):
            yield from _literals(inner)
