"""JSON: the report as it is stored, and back; the other formats are made from it."""

import json
import re
from collections.abc import Mapping

from pydantic import ValidationError
from pydantic_core import PydanticSerializationError

from grader.errors import GradeError
from grader.model.measurement import Stored
from grader.model.report import SCHEMA_VERSION, Report

MAX_BYTES = 64 * 1024 * 1024

# What JSON may leave as it is but a terminal or an eye would act on: C1 controls, bidi; and
# what a workflow's runner takes for a command in the middle of a line of its log.
_UNSHOWN = re.compile(r"[^\n -~]|#(?=#(?:vso)?\[)", re.IGNORECASE)


def render_json(report: Stored) -> str:
    """The report, or comparison, as JSON, indented by two, with a newline at the end.

    A lone surrogate, which JSON can't hold, stands as `\\udcff` in it, as in every format.
    """
    try:
        text = report.model_dump_json(indent=2)
    except PydanticSerializationError:
        encodable = type(report).model_validate(_encodable(report.model_dump()))
        text = encodable.model_dump_json(indent=2)
    return _UNSHOWN.sub(_escaped, text) + "\n"


def _escaped(match: re.Match[str]) -> str:
    char = match[0]
    if char != "#" and char.isprintable():
        return char
    return json.dumps(char)[1:-1] if char != "#" else "\\u0023"


def _encodable(value: object) -> object:
    match value:
        case str():
            return value.encode("utf-8", "backslashreplace").decode("utf-8")
        case Mapping():
            return {_encodable(key): _encodable(one) for key, one in value.items()}
        case list() | tuple():
            return type(value)(_encodable(one) for one in value)
        case _:
            return value


def load_report(text: str | bytes, source: str) -> Report:
    """The report that a JSON text says. `source` names it in errors, as a file name.

    Raises `GradeError` for what is too large, damaged, no report of ours or of a newer
    schema, with the place.
    """
    if len(text) > MAX_BYTES:
        raise _refusal(source, f"is larger than {MAX_BYTES // 2**20} MiB")
    content = _decoded(text, source)
    try:
        stored = json.loads(content)
    except json.JSONDecodeError as error:
        place = f"{source}:{error.lineno}:{error.colno}"
        raise GradeError(
            f"{place}: this is not JSON: {error.msg}.", hint=_HINT
        ) from error
    except (ValueError, RecursionError) as error:
        reason = (
            "nested too deeply" if isinstance(error, RecursionError) else str(error)
        )
        raise _refusal(source, f"can't be read: {reason}") from error
    _check_version(stored, source)
    try:
        return Report.model_validate_json(content, strict=True)
    except ValidationError as error:
        raise _invalid(error, source) from error


_HINT = "Grade the repository again and write the result with --format json."


def _decoded(text: str | bytes, source: str) -> str:
    if isinstance(text, str):
        return text
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _refusal(source, f"is not UTF-8 (at byte {error.start})") from error


def _check_version(stored: object, source: str) -> None:
    if not isinstance(stored, dict) or "schema_version" not in stored:
        raise _refusal(source, "is JSON, but no report of mlops-grade")
    version = stored["schema_version"]
    if isinstance(version, int) and version > SCHEMA_VERSION:
        raise GradeError(
            f"{source}: schema_version: is {version}; this mlops-grade reads up to "
            f"{SCHEMA_VERSION}.",
            hint="It was written by a newer version: pip install --upgrade mlops-grade",
        )


def _invalid(error: ValidationError, source: str) -> GradeError:
    first, *others = error.errors(include_url=False, include_input=False)
    more = f" (and {len(others)} more)" if others else ""
    return GradeError(
        f"{source}: {_place(first['loc'])}: {first['msg']}{more}.", hint=_HINT
    )


def _place(location: tuple[int | str, ...]) -> str:
    parts = (f"[{p}]" if isinstance(p, int) else f".{p}" for p in location)
    return "".join(parts).lstrip(".") or "the report"


def _refusal(source: str, why: str) -> GradeError:
    return GradeError(f"{source}: this file {why}.", hint=_HINT)
