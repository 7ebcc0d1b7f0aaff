"""The files of a repository that a pipeline makes: models, data, leftovers of tools."""

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from grader.codebase.stages import words_of
from grader.model.measurement import Sight
from grader.model.snapshot import Snapshot

MEBIBYTE = 1024 * 1024
_LEFT_OUT_BYTES = 100 * MEBIBYTE
_MODELS = frozenset(
    ".pkl .pickle .joblib .onnx .pt .pth .h5 .keras .skops .ubj .cbm .bst .safetensors "
    ".ckpt .sav".split()
)
# What a trainer keeps beside a model, to go on from there.
_STATE = re.compile(r"(rng_state(_\d+)?|scheduler|optimizer)\.(pt|pth)")
_DATA = frozenset(
    ".csv .tsv .parquet .feather .xlsx .xls .arff .npy .npz .avro .orc .hdf5".split()
)
_PLACEHOLDERS = frozenset({".gitkeep", ".keep", ".gitignore", ".placeholder"})
_POINTER = b"version https://git-lfs.github.com/spec/"
# Folders that tools fill when they run, and files beside.
_GENERATED = re.compile(
    r"mlruns|mlartifacts|__pycache__|\.ipynb_checkpoints|\.pytest_cache|\.mypy_cache"
    r"|\.ruff_cache|htmlcov|lightning_logs|catboost_info|\.hydra|\.tox|\.nox|.+\.egg-info"
)
_GENERATED_FILE = re.compile(
    r".+\.py[co]|\.coverage(\..+)?|\.DS_Store|Thumbs\.db|mlflow\.db|mlruns\.db"
    r"|pyvenv\.cfg"
)
# Folders that are installed, as a whole.
_INSTALLED = frozenset({"site-packages", "node_modules"})
_ACTIVATE = ("bin/activate", "Scripts/activate")
_RUN = re.compile(r"(offline-)?run-\d.*|latest-run|debug.*\.log")
RAW = frozenset("raw external original source landing bronze".split())
PROCESSED = frozenset(
    "processed interim clean cleaned prepared preprocessed silver gold features "
    "final transformed splits split".split()
)


@dataclass(frozen=True)
class Tree:
    """What of a repository's files is made by a pipeline, by path with the size in bytes.

    `pointers` are those of git LFS and DVC; `placeholders` the folders with nothing else.
    `installed` are virtual environments and the like, by folder: their files, of which
    none is a model, data, in `generated` or a pointer.
    """

    models: dict[str, int]
    data: dict[str, int]
    large: dict[str, int]
    generated: tuple[str, ...]
    installed: dict[str, tuple[str, ...]]
    pointers: tuple[str, ...]
    placeholders: tuple[str, ...]


def tree_of(snapshot: Snapshot, large_bytes: int) -> Tree:
    """Sort a repository's files."""
    models, data, large = dict[str, int](), dict[str, int](), dict[str, int]()
    generated, pointers = [], []
    installed: dict[str, list[str]] = {}
    folders: dict[str, bool] = {}
    environments = _environments(snapshot)
    for path in snapshot.files:
        pure = PurePosixPath(path)
        if home := _installed_in(pure, environments):
            installed.setdefault(home, []).append(path)
            if (size := _size(snapshot, path)) > large_bytes:
                large[path] = size
            continue
        is_placeholder = pure.name in _PLACEHOLDERS
        folder = str(pure.parent)
        folders[folder] = folders.get(folder, True) and is_placeholder
        if is_placeholder:
            continue
        size = _size(snapshot, path)
        suffix = pure.suffix.lower()
        if _is_generated(pure):
            generated.append(path)
        elif suffix == ".dvc" or _is_pointer(snapshot, path, size, suffix):
            pointers.append(path)
            continue
        if size > large_bytes:
            large[path] = size
        if size and _is_model(pure):
            models[path] = size
        elif size and suffix in _DATA:
            data[path] = size
    for one in snapshot.left_out:
        # Dropped when the repository was copied: over 100 MiB, or beyond 1 GiB in all.
        if one.reason.startswith("too large"):
            large[one.path] = _LEFT_OUT_BYTES
    empty = tuple(sorted(one for one, is_only in folders.items() if is_only))
    return Tree(
        models,
        data,
        large,
        tuple(generated),
        {home: tuple(paths) for home, paths in installed.items()},
        tuple(pointers),
        empty,
    )


def stage_of_data(path: str) -> str | None:
    """Whether a path of data is of raw or of processed data: by its folders' words."""
    *folders, last = PurePosixPath(path).parts or ("",)
    # `data/raw.dvc` stands for a folder; the name of a file says nothing of where it is.
    name = [last.removesuffix(".dvc")] if last.endswith(".dvc") else []
    for part in (*reversed(folders), *name):
        words = words_of(part)
        if not RAW.isdisjoint(words):
            return "raw"
        if not PROCESSED.isdisjoint(words):
            return "processed"
    return None


def sights(paths: dict[str, int]) -> list[Sight]:
    """Files with their sizes as places."""
    return [
        Sight(path=path, what=f"{size / MEBIBYTE:.1f} MiB")
        for path, size in sorted(paths.items(), key=lambda one: -one[1])
    ]


def _environments(snapshot: Snapshot) -> frozenset[str]:
    """The folders of virtual environments, by the files that each of them has."""
    activated = {
        path.removesuffix(f"/{one}")
        for path in snapshot.files
        for one in _ACTIVATE
        if path.endswith(f"/{one}") and snapshot.foreign(path)
    }
    return snapshot.environment_folders | activated


def _installed_in(pure: PurePosixPath, environments: frozenset[str]) -> str | None:
    """The outermost installed folder that a file lies in."""
    for parent in reversed(pure.parents):
        if str(parent) in environments or parent.name in _INSTALLED:
            return str(parent)
    return None


def _is_model(pure: PurePosixPath) -> bool:
    if pure.name == "MLmodel":
        return True
    return pure.suffix.lower() in _MODELS and not _STATE.fullmatch(pure.name)


def _is_generated(pure: PurePosixPath) -> bool:
    parts = pure.parts
    for part in parts[:-1]:
        if _GENERATED.fullmatch(part):
            return True
    if "wandb" in parts[:-1]:
        below = parts[parts.index("wandb") + 1 :]
        return any(_RUN.fullmatch(one) for one in below)
    return _GENERATED_FILE.fullmatch(pure.name) is not None


def _size(snapshot: Snapshot, path: str) -> int:
    file = snapshot.root / path
    return 0 if file.is_symlink() or not file.is_file() else file.stat().st_size


def _is_pointer(snapshot: Snapshot, path: str, size: int, suffix: str) -> bool:
    """Whether a file is what git LFS leaves in place of one."""
    if not 0 < size < 1024 or suffix == ".py":
        return False
    with (snapshot.root / path).open("rb") as file:
        return file.read(len(_POINTER)) == _POINTER
