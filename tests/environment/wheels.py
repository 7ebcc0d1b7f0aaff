"""Makes tiny wheels and source distributions in a folder, so that tests need no network.

uv takes packages from that folder alone when `UV_FIND_LINKS` names it and `UV_NO_INDEX`
is set; both reach it through `grader.environment.uv`.
"""

import base64
import hashlib
import io
import tarfile
import zipfile
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path

from packaging.utils import canonicalize_name

# The same in every wheel: a stamp of the clock would make each one another file.
_STAMP = (2024, 1, 1, 0, 0, 0)


def make_wheel(
    folder: Path,
    name: str,
    version: str,
    *,
    requires_dist: Sequence[str] = (),
    requires_python: str | None = None,
    modules: Mapping[str, str] | None = None,
    tag: str = "py3-none-any",
) -> Path:
    """A wheel with the modules given, or one that knows its version.

    `modules` are paths within the wheel and their text. `tag` makes it one for another
    Python: `cp27-cp27m-win32`.
    """
    module = str(canonicalize_name(name)).replace("-", "_")
    if modules is None:
        modules = {f"{module}.py": f'__version__ = "{version}"\n'}
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    lines += [f"Requires-Dist: {requirement}" for requirement in requires_dist]
    if requires_python is not None:
        lines.append(f"Requires-Python: {requires_python}")
    files = {path: text.encode() for path, text in modules.items()}
    return _write_wheel(folder, module, version, tag, files, "\n".join(lines) + "\n")


def repack(folder: Path, name: str) -> Path:
    """A wheel of a distribution that is installed here, which really works."""
    distribution = metadata.distribution(name)
    wheel = distribution.read_text("WHEEL") or ""
    tags = [
        line.removeprefix("Tag: ")
        for line in wheel.splitlines()
        if line.startswith("Tag: ")
    ]
    files = {
        str(path): Path(str(path.locate())).read_bytes()
        for path in distribution.files or ()
        if ".." not in path.parts
        and "__pycache__" not in path.parts
        and not path.parts[0].endswith(".dist-info")
    }
    entry_points = distribution.read_text("entry_points.txt") or ""
    text = distribution.read_text("METADATA") or ""
    module = str(canonicalize_name(name)).replace("-", "_")
    return _write_wheel(
        folder, module, distribution.version, tags[0], files, text, entry_points
    )


def make_sdist(folder: Path, name: str, version: str, setup_py: str) -> Path:
    """A source distribution whose `setup.py` is the text given."""
    module = str(canonicalize_name(name)).replace("-", "_")
    top = f"{module}-{version}"
    files = {
        "PKG-INFO": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        "setup.py": setup_py,
        f"{module}.py": "",
    }
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{top}.tar.gz"
    with tarfile.open(target, "w:gz") as archive:
        for path, text in files.items():
            entry = tarfile.TarInfo(f"{top}/{path}")
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))
    return target


def _write_wheel(
    folder: Path,
    module: str,
    version: str,
    tag: str,
    files: Mapping[str, bytes],
    description: str,
    entry_points: str = "",
) -> Path:
    about = f"{module}-{version}.dist-info"
    is_pure = "true" if tag.endswith("-any") else "false"
    wheel = f"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: {is_pure}\n"
    written = {
        **files,
        f"{about}/METADATA": description.encode(),
        f"{about}/WHEEL": f"{wheel}Tag: {tag}\n".encode(),
        **({f"{about}/entry_points.txt": entry_points.encode()} if entry_points else {}),
    }
    record = "".join(
        f"{path},sha256={_hash(content)},{len(content)}\n"
        for path, content in written.items()
    )
    written[f"{about}/RECORD"] = f"{record}{about}/RECORD,,\n".encode()
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{module}-{version}-{tag}.whl"
    with zipfile.ZipFile(target, "w") as archive:
        for path, content in written.items():
            archive.writestr(zipfile.ZipInfo(path, _STAMP), content)
    return target


def _hash(content: bytes) -> str:
    digest = hashlib.sha256(content).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
