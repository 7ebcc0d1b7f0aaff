"""Finds the files that ship beside the code: rubric, schemas, templates, fixtures.

In a wheel they stand in `mlops_grade_shipped/` beside the package; in a checkout and an
editable install they stand at the top of the repository, which is where people edit them.
"""

from pathlib import Path

_BESIDE = Path(__file__).resolve().parent.parent


class MissingResource(FileNotFoundError):
    """The installation lacks a file of its own: it is damaged."""


def shipped(name: str) -> Path:
    """The path of a shipped file or folder, e.g. `rubric.yaml` or `templates`.

    Raises `MissingResource` when the installation lacks it.
    """
    for home in (_BESIDE / "mlops_grade_shipped", _BESIDE):
        candidate = home / name
        if candidate.exists():
            return candidate
    raise MissingResource(f'this installation of mlops-grade lacks its file "{name}"')
