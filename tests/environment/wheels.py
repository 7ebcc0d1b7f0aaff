"""Makes an index of tiny wheels in a folder, so that building needs no network.

The folder is laid out as PyPI's own index (PEP 503): `<name>/index.html` beside the
files. uv takes packages from it alone when `UV_DEFAULT_INDEX` is its `file://` address,
which `grader.environment.uv` passes on. (uv reads no `UV_NO_INDEX`: with
`UV_FIND_LINKS` it would ask PyPI as well.)
"""

import base64
import hashlib
import html
import io
import tarfile
import zipfile
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from grader.environment.resolve import OURS

# A port that nobody listens at.
NOWHERE = "http://127.0.0.1:9"

# The same in every wheel: the clock would make each one another file.
_STAMP = (2024, 1, 1, 0, 0, 0)

_BACKEND = """
import os, zipfile
{first}

def build_wheel(folder, config_settings=None, metadata_directory=None):
    info = "{module}-{version}.dist-info"
    name = "{module}-{version}-py3-none-any.whl"
    files = {{
        "{module}.py": "__version__ = '{version}'\\n",
        info + "/METADATA": {about!r},
        info + "/WHEEL": "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
    }}
    with zipfile.ZipFile(os.path.join(folder, name), "w") as wheel:
        for path, text in files.items():
            wheel.writestr(path, text)
        record = "".join(path + ",,\\n" for path in files)
        wheel.writestr(info + "/RECORD", record + info + "/RECORD,,\\n")
    return name
"""


class Index:
    """A package index in a folder, empty at first."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def url(self) -> str:
        """What `UV_DEFAULT_INDEX` is to be."""
        return self.folder.as_uri()

    def wheel(
        self,
        name: str,
        version: str,
        *,
        requires_dist: Sequence[str] = (),
        requires_python: str | None = None,
        modules: Mapping[str, str] | None = None,
        tag: str = "py3-none-any",
    ) -> Path:
        """Add a wheel with the modules given, or with one that knows its version.

        `modules` are paths within the wheel and their text; `tag` can make it one for
        another Python, `cp27-cp27m-win32`.
        """
        if modules is None:
            modules = {f"{_module(name)}.py": f'__version__ = "{version}"\n'}
        about = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
        about += [f"Requires-Dist: {requirement}" for requirement in requires_dist]
        if requires_python is not None:
            about.append(f"Requires-Python: {requires_python}")
        files = {path: text.encode() for path, text in modules.items()}
        return self._wheel(
            name, version, tag, files, _text(*about), requires_python=requires_python
        )

    def repacked(self, name: str) -> Path:
        """Add a wheel of a distribution that is installed here, and so really works."""
        distribution = metadata.distribution(name)
        lines = (distribution.read_text("WHEEL") or "").splitlines()
        tag = next(line for line in lines if line.startswith("Tag: "))
        return self._wheel(
            name,
            distribution.version,
            tag.removeprefix("Tag: "),
            {
                str(path): Path(str(path.locate())).read_bytes()
                for path in distribution.files or ()
                if ".." not in path.parts
                and "__pycache__" not in path.parts
                and not path.parts[0].endswith(".dist-info")
            },
            distribution.read_text("METADATA") or "",
            entry_points=distribution.read_text("entry_points.txt") or "",
        )

    def sdist(self, name: str, version: str, setup_py: str) -> Path:
        """Add a source distribution whose `setup.py` is the text given."""
        return self._sdist(name, version, {"setup.py": setup_py})

    def self_building(
        self, name: str, version: str, *, first: str = "", claims: str = ""
    ) -> Path:
        """Add a source distribution that brings its own build backend, of a few lines.

        Its build runs the code `first`; its wheel says that it is `claims`, by default what
        it is.
        """
        backend = _BACKEND.format(
            first=first,
            module=_module(name),
            version=version,
            about=_text(
                "Metadata-Version: 2.1",
                f"Name: {claims or name}",
                f"Version: {version}",
            ),
        )
        project = _text(
            "[build-system]",
            "requires = []",
            'build-backend = "backend"',
            'backend-path = ["."]',
        )
        return self._sdist(
            name, version, {"pyproject.toml": project, "backend.py": backend}
        )

    def _sdist(self, name: str, version: str, content: Mapping[str, str]) -> Path:
        top = f"{_module(name)}-{version}"
        about = _text("Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}")
        files = {"PKG-INFO": about, f"{_module(name)}.py": "", **content}
        target = self._target(name, f"{top}.tar.gz")
        with tarfile.open(target, "w:gz") as archive:
            for path, text in files.items():
                entry = tarfile.TarInfo(f"{top}/{path}")
                entry.size = len(text.encode())
                archive.addfile(entry, io.BytesIO(text.encode()))
        self._list(target)
        return target

    def _wheel(
        self,
        name: str,
        version: str,
        tag: str,
        files: Mapping[str, bytes],
        about: str,
        *,
        entry_points: str = "",
        requires_python: str | None = None,
    ) -> Path:
        is_pure = "true" if tag.endswith("-any") else "false"
        info = f"{_module(name)}-{version}.dist-info"
        written = dict(files)
        written[f"{info}/METADATA"] = about.encode()
        written[f"{info}/WHEEL"] = _text(
            "Wheel-Version: 1.0", f"Root-Is-Purelib: {is_pure}", f"Tag: {tag}"
        ).encode()
        if entry_points:
            written[f"{info}/entry_points.txt"] = entry_points.encode()
        record = [f"{path},{_hash(raw)},{len(raw)}" for path, raw in written.items()]
        written[f"{info}/RECORD"] = _text(*record, f"{info}/RECORD,,").encode()
        target = self._target(name, f"{_module(name)}-{version}-{tag}.whl")
        with zipfile.ZipFile(target, "w") as archive:
            for path, raw in written.items():
                archive.writestr(zipfile.ZipInfo(path, _STAMP), raw)
        self._list(target, requires_python)
        return target

    def _target(self, name: str, file: str) -> Path:
        folder = self.folder / canonicalize_name(name)
        folder.mkdir(exist_ok=True)
        return folder / file

    def _list(self, target: Path, requires_python: str | None = None) -> None:
        """Put a file on its package's page."""
        asked = html.escape(requires_python or "")
        python = f' data-requires-python="{asked}"' if asked else ""
        with (target.parent / "index.html").open("a", encoding="utf-8") as page:
            page.write(f'<a href="{target.name}"{python}>{target.name}</a><br>\n')


def only_from(url: str, monkeypatch: pytest.MonkeyPatch, path: str = "") -> None:
    """Let uv take packages from one index, and find no Python but the tests' own.

    `path` is the PATH. What asks anybody else for something is refused at once.
    """
    monkeypatch.setenv("UV_DEFAULT_INDEX", url)
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, NOWHERE)
        monkeypatch.setenv(name.lower(), NOWHERE)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setenv("PATH", path)
    monkeypatch.setenv("PYENV_ROOT", "/nonexistent")
    for name in ("UV_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS"):
        monkeypatch.delenv(name, raising=False)


def with_ours(folder: Path) -> Index:
    """An index with hollow wheels of what every environment gets, new and too old."""
    index = Index(folder)
    for name, version in OURS.items():
        index.wheel(name, version)
    for name, version in (("pytest", "6.0"), ("pytest", "8.3"), ("coverage", "5.0")):
        index.wheel(name, version)
    return index


def _module(name: str) -> str:
    return str(canonicalize_name(name)).replace("-", "_")


def _text(*lines: str) -> str:
    return "".join(f"{line}\n" for line in lines)


def _hash(raw: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(raw).digest())
    return f"sha256={digest.rstrip(b'=').decode()}"
