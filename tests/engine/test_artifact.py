"""HOSTILE case 66: a changed or huge artifact handed to the commenting job is refused."""

import json
import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from grader.engine import artifact
from grader.engine.artifact import check_commit, parse_artifact, read_artifact
from grader.engine.pull_request import held_against
from grader.errors import ExitCode, GradeError
from grader.model.report import Report
from grader.reporting.json import render_json
from grader.reporting.pull_request import render_pull_request
from tests.reporting import sample

Stored = dict[str, object]


def stored(build: sample.Builder = sample.messy) -> Stored:
    content: Stored = json.loads(render_json(build()))
    return content


def refusal(raw: bytes) -> str:
    with pytest.raises(GradeError) as caught:
        parse_artifact(raw, "head.json")
    assert caught.value.exit_code is ExitCode.USAGE
    assert caught.value.message.startswith("head.json:")
    assert caught.value.hint
    return caught.value.message


def at(content: object, *path: str | int) -> dict[str, object]:
    """The object, or list, at a path of a stored report, to change it."""
    for step in path:
        assert isinstance(content, dict | list)
        content = content[step]  # type: ignore[index]
    assert isinstance(content, dict | list)
    return content  # type: ignore[return-value]


@pytest.mark.parametrize(
    "build",
    [
        *(sample.messy, sample.clean, sample.empty, sample.partly_empty),
        *(sample.decided, sample.with_signals, sample.linked, sample.hostile),
    ],
)
def test_what_we_wrote_is_read_back(build: sample.Builder, tmp_path: Path) -> None:
    file = tmp_path / "head.json"
    file.write_text(render_json(build()), encoding="utf-8")
    assert read_artifact(file) == build()


def test_what_is_too_large_is_refused_before_it_is_read(tmp_path: Path) -> None:
    file = tmp_path / "head.json"
    with file.open("wb") as stream:
        stream.truncate(artifact.MAX_BYTES * 1000)
    with pytest.raises(GradeError, match="larger than 10 MiB"):
        read_artifact(file)


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("a link", lambda file: file.symlink_to("/etc/passwd")),
        ("a pipe", os.mkfifo),
        ("a folder", Path.mkdir),
        ("nothing", lambda file: None),
    ],
)
def test_what_is_no_plain_file_is_refused(
    tmp_path: Path, name: str, make: Callable[[Path], None]
) -> None:
    file = tmp_path / "head.json"
    make(file)
    with pytest.raises(GradeError, match="cannot read|no plain file"):
        read_artifact(file)


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "not JSON"),
        (b"\x00" * 100, "not JSON"),
        (b"\xff\xfe{}", "not UTF-8"),
        (b"{}", "no report of mlops-grade"),
        (b"[" * 100_000, "nested more than 40 deep"),
        (b'{"a":' * 100_000, "nested more than 40 deep"),
        (b'{"x": "' + b"[" * 100_000 + b'"}', "no report of mlops-grade"),
        (b'{"x": "\\"' + b"[" * 100_000 + b'"}', "no report of mlops-grade"),
        (b'"' + b"\\" * 100_000, "not JSON"),
        (b'{"schema_version": 1, "schema_version": 1}', "stands twice"),
        (b'{"schema_version": ' + b"9" * 100_000 + b"}", "100000 digits"),
        (b'{"schema_version": 9999999999999999}', "too large"),
        (b'{"schema_version": 1e400}', "too large"),
        (b'{"schema_version": 1e300}', "too large"),
        (b'{"schema_version": 0.' + b"1" * 100_000 + b"}", "too large"),
        (b'{"schema_version": NaN}', "NaN is no number"),
        (b'{"schema_version": -Infinity}', "-Infinity is no number"),
        (b'{"schema_version": 2}', "newer version"),
    ],
)
def test_tricks_of_json_are_refused(raw: bytes, words: str) -> None:
    with pytest.raises(GradeError) as caught:
        parse_artifact(raw, "head.json")
    assert words in f"{caught.value.message} {caught.value.hint}"


def test_a_key_that_is_not_ours_is_refused() -> None:
    content = stored()
    at(content, "grade")["__proto__"] = {"total": 10}
    assert "Extra inputs are not permitted" in refusal(json.dumps(content).encode())


def changed(*path: str | int, **values: object) -> bytes:
    content = stored()
    at(content, *path).update(values)
    return json.dumps(content).encode()


def first_check(**values: object) -> bytes:
    """Another value in a check, and in the grade, which has the same result."""
    content = stored()
    for result in (
        at(content, "checks", 0, "result"),
        at(content, "grade", "items", 0),
    ):
        result.update(values)
    return json.dumps(content).encode()


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (changed("grade", total=9.99), "not what its marks come to"),
        (changed("grade", total=None), "not what its marks come to"),
        (changed("grade", total=11), "less than or equal to 10"),
        (changed("grade", measured_share=1.0), "graded is another"),
        (changed("grade", "dimensions", 0, mark=10.0), "mark of a dimension"),
        (changed("grade", "dimensions", 0, mark=None), "mark of a dimension"),
        (changed("checks", 0, "result", mark=10.0), "other marks"),
        (changed("checks", 0, id="other"), "other marks"),
        (changed("checks", 0, id="lint"), "two checks have one id"),
        (first_check(mark=10.0), "not what"),
        (first_check(mark=-1), "greater than or equal to 0"),
        (changed("checks", 0, weight_share=1.5), "less than or equal to 1"),
        (changed("checks", 0, weight_share=0.9), "more than the whole rubric"),
        (changed("fixes", 0, mark_now=0.0), "another mark than the check has"),
        (changed("fixes", 0, gain=11), "more than all points"),
        (changed("fixes", 0, item="none"), "another mark than the check has"),
    ],
)
def test_numbers_that_do_not_follow_from_each_other_are_refused(
    raw: bytes, words: str
) -> None:
    assert words in refusal(raw)


def test_a_share_outside_0_to_1_is_refused() -> None:
    content = stored()
    checks = content["checks"]
    assert isinstance(checks, list)
    place = next(
        (number, line)
        for number, check in enumerate(checks)
        for line, quantity in enumerate(check["quantities"])
        if quantity["unit"] == "share"
    )
    at(content, "checks", place[0], "quantities", place[1])["value"] = 12.5
    assert "a share is not between 0 and 1" in refusal(json.dumps(content).encode())


def of(commit: str | None) -> Report:
    return sample.build([sample.ERRORS], commit=commit)


def test_a_result_speaks_for_its_own_commit_only() -> None:
    head = "3f2a91c04d8e7b6a5f4e3d2c1b0a99887766554f"
    check_commit(of(head), head, "head.json")
    for other, said in (
        ("0" * 40, "it is of commit 000000000000,"),
        (head[:12], "it is of no commit,"),
        ("@everyone", "it is of no commit,"),
        (None, "it is of no commit,"),
    ):
        with pytest.raises(GradeError) as caught:
            check_commit(of(other), head, "head.json")
        assert said in caught.value.message
        assert "the pull request is at 3f2a91c04d8e" in caught.value.message
        assert "pull_request.head.sha" in caught.value.hint


def leaves(
    content: object, path: tuple[str | int, ...] = ()
) -> list[tuple[str | int, ...]]:
    """The paths of all numbers and texts."""
    inner: list[tuple[str | int, object]] = []
    if isinstance(content, dict):
        inner = list(content.items())
    elif isinstance(content, list):
        inner = list(enumerate(content))
    elif isinstance(content, int | float | str):
        return [path]
    return [one for key, value in inner for one in leaves(value, (*path, key))]


STRANGE: dict[type, tuple[object, ...]] = {
    int: (0, -1, 10**15, 1e-300, -(10**15)),
    float: (0, -1.5, 1e15, 5e-324, 0.5),
    str: ("", "\x00\ud800", "`|<!--", "x" * 3_000, "a\nb"),
}


def test_what_is_accepted_can_be_shown_whatever_was_changed_in_it() -> None:
    chance, accepted = random.Random(66), 0
    base = sample.messy()
    for _ in range(40):
        content = stored(sample.linked)
        *path, last = chance.choice(leaves(content))
        place = at(content, *path)
        place[last] = chance.choice(STRANGE.get(type(place[last]), (True,)))  # type: ignore[index]
        try:
            report = parse_artifact(json.dumps(content).encode(), "head.json")
        except GradeError:
            continue
        accepted += 1
        text = render_pull_request(report, held_against(base, report))
        assert len(text.encode()) < 65_536
    assert accepted > 10
