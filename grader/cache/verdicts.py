"""What a tool said of single files, so that it need not be asked about the same bytes again."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from grader.cache.contents import Contents
from grader.cache.digest import digest
from grader.cache.entries import Entries
from grader.cache.ruler import ruler


@dataclass(frozen=True)
class Verdicts:
    """What is known of a snapshot's files. Without `is_read` nothing is, only kept."""

    entries: Entries
    contents: Contents
    is_read: bool = True

    def basis(self, module: str, stated: Sequence[str]) -> str | None:
        """What every verdict of one check rests on beside the file.

        `stated` is its tool with the version, and its options; None where our own code
        can't be told apart from another.
        """
        code = ruler(module, self.entries)
        return None if code is None else digest(["verdict", code, *stated])

    def known(
        self, paths: Collection[str], basis: str, *, is_named: bool = False
    ) -> dict[str, str]:
        """The verdicts on those of these files that there are any for.

        With `is_named` they are on the path as well, not only on its ending.
        """
        if not self.is_read:
            return {}
        found = {}
        for path in paths:
            raw = self.entries.get(self._key(path, basis, is_named=is_named))
            if raw is not None:
                found[path] = raw.decode("utf-8", "replace")
        return found

    def keep(
        self, verdicts: Mapping[str, str], basis: str, *, is_named: bool = False
    ) -> None:
        """Keep what was said of these files."""
        for path, verdict in verdicts.items():
            key = self._key(path, basis, is_named=is_named)
            self.entries.put(key, verdict.encode())

    def _key(self, path: str, basis: str, *, is_named: bool) -> str:
        name = f"at {path}" if is_named else PurePosixPath(path).suffix
        return digest([basis, name, self.contents.of(path)])
