"""Keeps what is read out of a repository with its snapshot, so that it is read once."""

from collections.abc import Callable
from threading import RLock
from typing import Generic, TypeVar
from weakref import WeakValueDictionary, finalize

from grader.model.snapshot import Snapshot

T = TypeVar("T")


class Reading(Generic[T]):
    """Something that is made of a snapshot, once for each.

    Checks run side by side: the first that asks makes it, the others wait for it.
    """

    def __init__(self, make: Callable[[Snapshot], T]) -> None:
        self._make = make
        self._made: dict[int, T] = {}
        self._snapshots: WeakValueDictionary[int, Snapshot] = WeakValueDictionary()
        self._making = RLock()

    def __call__(self, snapshot: Snapshot) -> T:
        key = id(snapshot)
        with self._making:
            # By identity: to compare two snapshots is to compare all their paths.
            if self._snapshots.get(key) is not snapshot:
                self._made[key] = self._make(snapshot)
                self._snapshots[key] = snapshot
                finalize(snapshot, self._made.pop, key, None)
            return self._made[key]
