"""Finds the files that ship beside the code: rubric, schemas, templates, fixtures.

In a wheel they stand in `mlops_grade_shipped/` beside the package; in a checkout and an
editable install they stand at the top of the repository, which is where people edit them.
"""

from pathlib import Path

from grader.errors import ExitCode, GradeError

_BESIDE = Path(__file__).resolve().parent.parent


def shipped(name: str) -> Path:
    """The path of a shipped file or folder, e.g. `rubric.yaml` or `templates`.

    Raises `GradeError` when the installation lacks it.
    """
    for home in (_BESIDE / "mlops_grade_shipped", _BESIDE):
        candidate = home / name
        if candidate.exists():
            return candidate
    raise GradeError(
        f'this installation of mlops-grade lacks its own file "{name}".',
        hint="Install it again: pip install --force-reinstall mlops-grade",
        exit_code=ExitCode.ENVIRONMENT,
    )
