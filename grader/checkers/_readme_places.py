"""Whether what a README points at is in the repository: paths, links, workflows, trees."""

import posixpath
import re
from collections.abc import Iterator
from urllib.parse import unquote

from grader.codebase.documents import documents_of
from grader.codebase.markdown import Markdown
from grader.model.snapshot import Snapshot

# `README.md`, `├── src/`, `|-- data`, `- src/`: the first name of a line.
_FIRST_NAME = re.compile(r"[\s│├└─|+`\\*•-]*([\w.][\w./-]*)")
_MAX_TREE_LINES = 300
_WORKFLOWS = ".github/workflows/"


class Places:
    """The files and folders of a repository, as a README names them."""

    def __init__(self, snapshot: Snapshot, readme_path: str) -> None:
        self._snapshot = snapshot
        self._folder = posixpath.dirname(readme_path)
        self._files = {*snapshot.files, *(one.path for one in snapshot.left_out)}
        self._folders = {f for file in self._files for f in _folders_of(file)}
        self._names = {posixpath.basename(p) for p in (*self._files, *self._folders)}

    def has(self, text: str) -> bool:
        """Whether a text is the path of a file or folder, from the top."""
        name = text.removeprefix("./").rstrip("/")
        return name in self._files or name in self._folders

    def in_tree(self, tree: str) -> set[str]:
        """The names that a drawn tree has, and the repository somewhere."""
        words = (
            _FIRST_NAME.match(line) for line in tree.splitlines()[:_MAX_TREE_LINES]
        )
        shown = {word[1].rstrip("/") for word in words if word}
        return {name for name in shown if posixpath.basename(name) in self._names}

    def workflow(self, name: str) -> str | None:
        """The path of the workflow that has this file name or is called so."""
        if name in ("pipeline", "coverage") and ".gitlab-ci.yml" in self._files:
            return ".gitlab-ci.yml"
        if f"{_WORKFLOWS}{name}" in self._files:
            return f"{_WORKFLOWS}{name}"
        documents = documents_of(self._snapshot)
        for path in self._snapshot.files:
            if path.startswith(_WORKFLOWS) and path.endswith((".yml", ".yaml")):
                if documents.get(path).at("name") == name:
                    return path
        return None

    def leads(self, target: str, readme: Markdown) -> bool:
        """Whether a link into the repository leads to a file, a folder or a heading."""
        path, _, anchor = target.partition("#")
        path = unquote(path.partition("?")[0])
        if not path:
            return not anchor or readme.has_anchor(unquote(anchor))
        if path.startswith("/"):
            there = path.strip("/")
        else:
            there = posixpath.join(self._folder, path)
        there = posixpath.normpath(there) if there else "."
        # `../../issues` leads to a page of the host.
        return there.startswith("..") or there == "." or self.has(there)


def is_inner(target: str) -> bool:
    """Whether a link leads into the repository: no scheme, no host."""
    return bool(target) and not re.match(r"[a-zA-Z][\w+.-]*:|//", target)


def _folders_of(path: str) -> Iterator[str]:
    folder = path.rstrip("/") if path.endswith("/") else posixpath.dirname(path)
    while folder:
        yield folder
        folder = posixpath.dirname(folder)
