"""What a repository keeps outside git, with a name for its content in git, and what it doesn't.

DVC's pointers and lock, and what Git LFS leaves in place of a file. `Kept.beside` is the data
that is in git all the same.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from pathspec import GitIgnoreSpec

from grader.codebase.code import code_of
from grader.codebase.documents import text_of
from grader.codebase.dvc import Dvc, Out, dvc_of
from grader.codebase.ignores import is_reasonable
from grader.codebase.origins import Value, origins_of
from grader.codebase.stages import words_of
from grader.codebase.trackers import any_reach, trackers_of
from grader.model.measurement import Sight
from grader.model.snapshot import Snapshot

MEBIBYTE = 1024 * 1024
_LFS = b"version https://git-lfs.github.com/spec/"
_ATTRIBUTES_BYTES = 64 * 1024
_MAX_ATTRIBUTES = 5
_MAX_PATTERNS = 50
# What is data wherever it lies; below a folder of data everything but text about it is.
_TABLES = frozenset(
    ".csv .tsv .parquet .feather .arrow .xlsx .xls .npy .npz .h5 .hdf5 .avro .orc .arff "
    ".jsonl .ndjson .sqlite .db .duckdb .sas7bdat .dta .sav".split()
)
_DATA = frozenset({"data", "dataset", "datasets", "raw", "processed"})
_ABOUT = frozenset(".md .rst .py .dvc .ipynb .gitignore .gitkeep".split())
_NOT_DATA = frozenset(
    "tests test fixtures docs images reports figures models model".split()
)
# A model that Git LFS keeps versions no data.
_MODELS = frozenset(
    ".pkl .pickle .joblib .pt .pth .onnx .keras .safetensors .model .bin".split()
)
_PLACEHOLDERS = frozenset(
    {".gitkeep", ".gitignore", ".keep", "readme.md", "__init__.py"}
)
# The capture leaves files out that are larger than this; their size is not told.
_LEFT_OUT_MIB = 100.0
_DATASETS = frozenset({"dataset", "datasets", "data"})


@dataclass(frozen=True)
class Kept:
    """What one repository keeps where.

    `outs` are what DVC keeps, with or without a hash, without what it leaves to git (`left`);
    `lfs` the pointers of Git LFS; `both` what DVC keeps and git has too; `beside` other data
    in git, with its size in MiB; `others` calls of other systems.
    """

    dvc: Dvc
    outs: tuple[Out, ...]
    lfs: tuple[str, ...]
    both: tuple[tuple[Out, str], ...]
    beside: tuple[tuple[str, float], ...]
    others: tuple[Sight, ...]

    @property
    def named(self) -> tuple[Out, ...]:
        """What a hash in git names."""
        return tuple(one for one in self.outs if one.has_hash)

    @property
    def inside(self) -> tuple[Out, ...]:
        """What of it lies in the repository's own folders."""
        return tuple(one for one in self.named if is_inside(one.path))


def kept_of(snapshot: Snapshot) -> Kept:
    """What a repository keeps, and what git has beside it."""
    dvc = dvc_of(snapshot)
    outs, left = _outs(dvc)
    lfs = tuple(_lfs(snapshot))
    sizes = dict(_sizes(snapshot))
    both = tuple(_both(outs, sizes))
    known = {path for _, path in both} | set(lfs) | left
    beside = tuple(
        (path, size)
        for path, size in sizes.items()
        if path not in known and not _is_below(path, left) and _is_data(path)
    )
    return Kept(dvc, outs, lfs, both, beside, tuple(_others(snapshot)))


def is_inside(path: str) -> bool:
    """Whether a path is one of the repository, not one above it or elsewhere."""
    return (
        "://" not in path and not path.startswith(("..", "/", "~")) and "$" not in path
    )


def _outs(dvc: Dvc) -> tuple[tuple[Out, ...], frozenset[str]]:
    """What DVC keeps, each path once, the named first; and what it leaves to git."""
    found = [out for pointer in dvc.pointers for out in pointer.outs]
    for file in dvc.files:
        # dvc.lock may have stages of old, whose outs are nobody's any more.
        names = {stage.name for stage in file.stages}
        for name, locked in (file.lock or {}).items():
            if name.partition("@")[0] in names:
                found += locked.outs
    declared = [out for stage in dvc.stages for out in stage.outs]
    left = frozenset(one.path for one in (*found, *declared) if not one.is_cached)
    by_path: dict[str, Out] = {}
    for one in (*found, *declared):
        if one.path not in left:
            by_path.setdefault(one.path, one)
    return tuple(by_path.values()), left


def _sizes(snapshot: Snapshot) -> Iterator[tuple[str, float]]:
    """Every file in git with its size in MiB, those that the capture left out too."""
    for path in snapshot.files:
        file = snapshot.root / path
        if not file.is_symlink() and file.is_file() and not snapshot.foreign(path):
            yield path, file.stat().st_size / MEBIBYTE
    for one in snapshot.left_out:
        if one.reason.startswith("too large"):
            yield one.path, _LEFT_OUT_MIB


def _both(outs: tuple[Out, ...], sizes: dict[str, float]) -> Iterator[tuple[Out, str]]:
    by_path = {one.path: one for one in outs if is_inside(one.path)}
    for path in sizes:
        pure = PurePosixPath(path)
        if pure.suffix == ".dvc" or pure.name in ("dvc.yaml", "dvc.lock"):
            continue
        if pure.name.lower() in _PLACEHOLDERS and path not in by_path:
            continue
        for one in (path, *(str(parent) for parent in pure.parents)):
            if one in by_path and one != ".":
                yield by_path[one], path
                break


def _is_below(path: str, folders: frozenset[str]) -> bool:
    return any(str(parent) in folders for parent in PurePosixPath(path).parents)


def _is_data(path: str) -> bool:
    pure = PurePosixPath(path)
    folders = {part.lower() for part in pure.parts[:-1]}
    if any(part.startswith(".") for part in pure.parts):
        return False
    suffix = pure.suffix.lower()
    if not _DATA.isdisjoint(folders):
        return suffix not in _ABOUT and not folders & {"src", "tests", "test"}
    return suffix in _TABLES and not folders & _NOT_DATA


def _lfs(snapshot: Snapshot) -> Iterator[str]:
    """Data in Git LFS: .gitattributes gives the file to it, and it has taken it."""
    named = [path for path in snapshot.files if path.endswith(".gitattributes")]
    for path in named[:_MAX_ATTRIBUTES]:
        text = text_of(snapshot, path, _ATTRIBUTES_BYTES) or ""
        folder = str(PurePosixPath(path).parent)
        below = "" if folder == "." else f"{folder}/"
        patterns = []
        for line in text.splitlines()[:_MAX_PATTERNS]:
            words = line.split()
            if "filter=lfs" in words[1:] and is_reasonable(words[0]):
                patterns.append(words[0])
        if not patterns:
            continue
        spec = GitIgnoreSpec.from_lines(patterns)
        for one in snapshot.files:
            if one.startswith(below) and spec.match_file(one[len(below) :]):
                suffix = PurePosixPath(one).suffix.lower()
                is_data = _is_data(one) and suffix not in _MODELS
                if is_data and _is_lfs_pointer(snapshot, one):
                    yield one


def _is_lfs_pointer(snapshot: Snapshot, path: str) -> bool:
    file = snapshot.root / path
    if file.is_symlink() or not file.is_file() or not 0 < file.stat().st_size < 1024:
        return False
    with file.open("rb") as opened:
        return opened.read(len(_LFS)) == _LFS


def _others(snapshot: Snapshot) -> Iterator[Sight]:
    """Data that the code gives to W&B, MLflow, lakeFS or Delta Lake: named, no more."""
    reach, origins = any_reach(snapshot), origins_of(snapshot)
    for use in trackers_of(snapshot).uses(reach.nodes()):
        if use.name in ("mlflow.log_input", "mlflow.data.from_pandas"):
            yield use.sight
        elif use.name == "wandb.Artifact":
            kinds = [one for one in (use.keyword("type"), *use.arguments[1:2]) if one]
            text = origins.text(Value(use.file, kinds[0])) if kinds else None
            if text and not _DATASETS.isdisjoint(words_of(text)):
                yield use.sight
    code = code_of(snapshot)
    for file, call in reach.calls():
        symbol = code.symbol(file, call.func) or ""
        if symbol.startswith(("lakefs.", "lakefs_client.", "deltalake.")):
            yield Sight(path=file.path, line=call.lineno, what=symbol[:120])
