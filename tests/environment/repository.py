"""Writes a repository's files and reads its manifests, in one call."""

from pathlib import Path

from grader.environment.manifests import Project, read_manifests


class Repository:
    """A folder that stands for a repository; calling it writes files and reads them."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def __call__(self, files: dict[str, str | bytes]) -> Project:
        for path, content in files.items():
            file = self.root / path
            file.parent.mkdir(parents=True, exist_ok=True)
            raw = content.encode() if isinstance(content, str) else content
            file.write_bytes(raw)
        return read_manifests(self.root, tuple(files))


def lines(project: Project) -> list[str]:
    """The requirement lines to install."""
    return [declared.requirement for declared in project.requirements]


def said(project: Project) -> str:
    """All findings as one text, for looking into."""
    return "\n".join(f"{f.path}:{f.line}: {f.message}" for f in project.findings)
