"""Where this program keeps what it can have again: the user's cache folder."""

import os
from pathlib import Path

import platformdirs

from grader.errors import GradeError

FOLDER, LIMIT = "MLOPS_GRADE_CACHE", "MLOPS_GRADE_CACHE_MIB"
DEFAULT_MEBIBYTES = 512


def user_cache() -> Path:
    """The folder of everything that is kept: measurements, environments, repositories.

    The one that `MLOPS_GRADE_CACHE` names, or else the system's place for this user's.
    """
    named = os.environ.get(FOLDER)
    return (
        Path(named).absolute() if named else platformdirs.user_cache_path("mlops-grade")
    )


def limit_mebibytes() -> int:
    """How much room measurements may take; 0 keeps none.

    Raises `GradeError` for a value of `MLOPS_GRADE_CACHE_MIB` that is no such number.
    """
    written = os.environ.get(LIMIT, "").strip()
    if not written:
        return DEFAULT_MEBIBYTES
    if not (written.isascii() and written.isdigit()):
        raise GradeError(
            f'{LIMIT} is "{written}", which is no number of mebibytes.',
            hint=f"Give a whole number; {DEFAULT_MEBIBYTES} if left out, 0 to keep nothing.",
        )
    return int(written)
