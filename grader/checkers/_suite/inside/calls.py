"""Notes which changed functions the tests call."""

from __future__ import annotations

import sys
import types

# Far above the number of changed functions.
_MAX = 200


class Calls:
    """A module that changed code may call, so that it is known which test reached it."""

    def __init__(self, name: str) -> None:
        self._numbers: set[int] = set()
        module = types.ModuleType(name)
        setattr(module, "called", self._called)
        sys.modules[name] = module

    def _called(self, number: int) -> None:
        if isinstance(number, int) and 0 <= number < _MAX:
            self._numbers.add(number)

    def taken(self) -> list[int]:
        """The numbers since the last time."""
        numbers = sorted(self._numbers)
        self._numbers.clear()
        return numbers
