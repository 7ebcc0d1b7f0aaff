"""Reads a class's cohort.json."""

from pathlib import Path

from pydantic import ValidationError

from grader.errors import GradeError
from grader.model.cohort import COHORT_VERSION, Cohort

MAX_BYTES = 64 * 1024 * 1024

_HINT = "Write it again with: mlops-grade cohort export CLASS -o cohort.json"


def load_cohort(file: Path) -> Cohort:
    """The class in a file. Raises `GradeError` for what is no such file, with the place."""
    try:
        with file.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise GradeError(
            f'cannot read the cohort "{file}": {error.strerror}.', hint=_HINT
        ) from error
    if len(raw) > MAX_BYTES:
        raise GradeError(
            f"{file}: is larger than {MAX_BYTES // 2**20} MiB.", hint=_HINT
        )
    try:
        return Cohort.model_validate_json(raw, strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"])) or "the file"
        newer = (
            f" This mlops-grade reads version {COHORT_VERSION}."
            if place == "schema_version"
            else ""
        )
        raise GradeError(
            f"{file}: {place}: {first['msg']}.{newer}", hint=_HINT
        ) from error
