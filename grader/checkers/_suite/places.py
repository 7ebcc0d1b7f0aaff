"""The folders of a run: a copy of the tree that the tests may change, our files that not."""

import os
import re
import secrets
import shutil
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.checkers._suite import inside
from grader.model.snapshot import Snapshot
from grader.sandbox.remove import remove_tree


@dataclass(frozen=True)
class Places:
    """Where a run reads and writes. The tests can change what is below `writable` only."""

    ours: Path
    writable: Path
    copy: Path

    @property
    def inside(self) -> Path:
        """Our package that runs in the project's interpreter."""
        return self.ours / "mlops_grade_inside"

    @property
    def coverage_settings(self) -> Path:
        """Our settings for coverage, so that the repository's own are not read."""
        return self.ours / "coverage.cfg"

    @property
    def no_settings(self) -> Path:
        """An empty pytest.ini, for a repository without one."""
        return self.ours / "pytest.ini"

    @property
    def basetemp(self) -> Path:
        """For the tests' temporary folders; pytest empties it."""
        return self.writable / "basetemp"

    @property
    def coverage_data(self) -> Path:
        """Where coverage keeps what ran; we read it over the channel."""
        return self.writable / "coverage.data"

    @property
    def key(self) -> Path:
        """What our plugin signs with; gone before anything of the tests is there."""
        return self.writable / "key"


def prepare(
    snapshot: Snapshot, scratch: Path, changed: Mapping[str, str]
) -> tuple[Places, str]:
    """Fresh folders below `scratch`, and the key of the run.

    `changed` are texts by path that the copy has in addition, or instead of its own.
    """
    places = Places(
        ours=scratch / "suite-settings",
        writable=scratch / "suite",
        copy=scratch / "suite" / "copy" / _folder_name(snapshot),
    )
    for folder in (places.ours, places.writable):
        remove_tree(folder)
        folder.mkdir(parents=True)
    places.copy.mkdir(parents=True)
    _copy(snapshot, places.copy)
    for path, text in changed.items():
        target = places.copy / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8", newline="")
    lines = coverage_settings(places.coverage_data, ())
    places.coverage_settings.write_text("\n".join(lines) + "\n", "utf-8")
    places.no_settings.write_text("[pytest]\n", "utf-8")
    places.inside.mkdir()
    for module in Path(inside.__file__).parent.glob("*.py"):
        shutil.copyfile(module, places.inside / module.name)
    key = secrets.token_hex(16)
    places.key.write_text(key, "ascii")
    return places, key


def coverage_settings(data_file: Path | None, omit: Sequence[str]) -> list[str]:
    """The lines of our settings for coverage.

    Files in folders without `__init__.py` count too, also those that no test imports.
    """
    return [
        "[run]",
        *([f"data_file = {data_file}"] if data_file else []),
        *(["omit =", *(f"  {pattern}" for pattern in omit)] if omit else []),
        "[report]",
        "include_namespace_packages = true",
    ]


def _folder_name(snapshot: Snapshot) -> str:
    name = re.sub(r"[^\w.+-]", "_", Path(snapshot.name).name).lstrip(".")
    return name or "repository"


def _copy(snapshot: Snapshot, copy: Path) -> None:
    root = snapshot.root.resolve()
    for path in snapshot.files:
        # A committed cache of pytest's says which tests to skip (`--lf`).
        if ".pytest_cache" in Path(path).parts:
            continue
        source, target = snapshot.root / path, copy / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_symlink():
            # Elsewhere are the grader's files, and the tree that must stay as it is.
            link = os.readlink(source)
            if not os.path.isabs(link) and source.resolve().is_relative_to(root):
                target.symlink_to(link)
            continue
        shutil.copyfile(source, target)
        executable = source.stat().st_mode & stat.S_IXUSR
        target.chmod(0o755 if executable else 0o644)
