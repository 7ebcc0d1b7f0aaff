"""Which lines of code a report may show beside its findings, and how they look."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from grader.checkers._registry import installed
from grader.engine.quoting import CODE_CHARACTERS, INDENT, PER_REPOSITORY, quoted
from grader.model.measurement import (
    Failed,
    Finding,
    Measured,
    Measurement,
    NotMeasured,
    Outcome,
)
from grader.model.snapshot import Snapshot

SECRET = "hunter2-is-no-password"
CODE = f'"""Load."""\n\nPASSWORD = "{SECRET}"\nimport os\n'


def snapshot(root: Path, files: Mapping[str, str]) -> Snapshot:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(text.encode())
    return Snapshot(root=root, name="group", files=tuple(sorted(files)))


def at(path: str | None, line: int | None) -> Finding:
    return Finding(rule="E501", message="too long", path=path, line=line)


def looked(
    findings: Sequence[Finding] = (), unread: Sequence[str] = (), **options: str
) -> Measurement:
    """What the secrets check left."""
    outcome = Measured(
        values={},
        findings=tuple(findings),
        not_measured=tuple(NotMeasured(path=one, reason="?") for one in unread),
    )
    return Measurement(checker="secrets", outcome=outcome, options=options)


def lint(*findings: Finding) -> Measurement:
    return Measurement(checker="lint", outcome=Measured(values={}, findings=findings))


def findings(outcome: Outcome) -> tuple[Finding, ...]:
    assert isinstance(outcome, Measured)
    return outcome.findings


def codes(of: Snapshot, *found: Finding, secrets: Measurement) -> list[str | None]:
    """The lines of these findings of lint, with what the secrets check left."""
    measurements = {"lint": lint(*found), "secrets": secrets}
    shown = quoted(measurements, of, installed().checkers)
    return [one.code for one in findings(shown["lint"].outcome)]


def test_a_finding_has_its_line(tmp_path: Path) -> None:
    of = snapshot(tmp_path, {"a.py": CODE, "b.cfg": "[x]\r\ny = 1\r\n"})
    found = codes(of, at("a.py", 4), at("b.cfg", 2), secrets=looked())
    assert found == ["import os", "y = 1"]


def test_no_line_where_there_is_none(tmp_path: Path) -> None:
    of = snapshot(tmp_path, {"a.py": CODE, "empty.py": ""})
    places = [
        *(at("a.py", 2), at("a.py", 99), at("a.py", None), at(None, 3)),
        *(
            at("gone.py", 1),
            at("../a.py", 1),
            at("/etc/hostname", 1),
            at("empty.py", 1),
        ),
    ]
    assert codes(of, *places, secrets=looked()) == [None] * len(places)


def test_one_secret_keeps_its_whole_file_out_of_every_check(tmp_path: Path) -> None:
    of = snapshot(tmp_path, {"a.py": CODE, "b.py": "import sys\n"})
    # A check names a secret once a file: line 3 may hold it again.
    found = looked([Finding(rule="Secret Keyword", message="!", path="a.py", line=9)])
    measurements = {
        "lint": lint(at("a.py", 3), at("a.py", 4), at("b.py", 1)),
        "secrets": found,
    }
    shown = quoted(measurements, of, installed().checkers)
    lines = findings(shown["lint"].outcome)
    assert [one.code for one in lines] == [None, None, "import sys"]
    assert [one.is_withheld for one in lines] == [True, True, False]
    assert [one.code for one in findings(shown["secrets"].outcome)] == [None]
    assert all(SECRET not in one.model_dump_json() for one in shown.values())


def test_what_another_check_takes_for_a_secret_keeps_its_file_out_too(
    tmp_path: Path,
) -> None:
    of = snapshot(tmp_path, {"a.py": CODE, "b.py": CODE})
    hygiene = Measurement(
        checker="secrets-hygiene",
        outcome=Measured(values={}, findings=(at("a.py", 3),)),
    )
    measurements = {
        "lint": lint(at("a.py", 4), at("b.py", 4)),
        "secrets": looked(),
        "hygiene": hygiene,
    }
    shown = quoted(measurements, of, installed().checkers)
    assert [one.code for one in findings(shown["lint"].outcome)] == [None, "import os"]
    # By itself it is no reason to quote anything.
    del measurements["secrets"]
    shown = quoted(measurements, of, installed().checkers)
    assert [one.code for one in findings(shown["lint"].outcome)] == [None, None]


@pytest.mark.parametrize(
    "secrets",
    [
        Measurement(checker="secrets", outcome=Failed(reason="crashed")),
        Measurement(checker="docstrings", outcome=Measured(values={})),
        Measurement(checker="a-plugin-that-is-gone", outcome=Measured(values={})),
        looked(unread=["a.py"]),
        looked(exclude_files=r"^a\.py$"),
    ],
)
def test_a_file_that_nobody_searched_is_not_quoted(
    tmp_path: Path, secrets: Measurement
) -> None:
    of = snapshot(tmp_path, {"a.py": CODE})
    assert codes(of, at("a.py", 4), secrets=secrets) == [None]


def test_vendored_files_are_not_searched_and_not_quoted(tmp_path: Path) -> None:
    of = snapshot(tmp_path, {"vendor/a.py": CODE})
    assert codes(of, at("vendor/a.py", 4), secrets=looked()) == [None]


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "outside").write_text("the other group's\n")
    root = tmp_path / "root"
    root.mkdir()
    (root / "link.cfg").symlink_to(tmp_path / "outside")
    of = Snapshot(root=root, name="group", files=("link.cfg",))
    assert codes(of, at("link.cfg", 1), secrets=looked()) == [None]


def test_lines_are_counted_as_tools_count_them(tmp_path: Path) -> None:
    of = snapshot(tmp_path, {"a.py": 'x = "\x0b\x1c\u2028"\r\ny = 1\rz = 2\n'})
    found = codes(of, at("a.py", 2), at("a.py", 3), secrets=looked())
    assert found == ["y = 1", "z = 2"]


def test_long_and_deep_lines_are_cut(tmp_path: Path) -> None:
    of = snapshot(tmp_path, {"a.py": "\t" * 30 + "x = 1\n" + "y" * 5_000 + "\n"})
    deep, long = codes(of, at("a.py", 1), at("a.py", 2), secrets=looked())
    assert deep == " " * INDENT + "x = 1"
    assert long == "y" * CODE_CHARACTERS + "…"


def test_all_lines_of_a_repository_are_so_many_at_most(tmp_path: Path) -> None:
    of = snapshot(tmp_path, {"a.py": "import os\n"})
    every = lint(*[at("a.py", 1)] * 1_500)
    measurements = {f"lint-{n}": every.model_copy() for n in range(8)}
    shown = quoted({**measurements, "secrets": looked()}, of, installed().checkers)
    count = sum(
        one.code is not None
        for key in measurements
        for one in findings(shown[key].outcome)
    )
    assert count == PER_REPOSITORY


def test_what_shares_a_measurement_goes_on_sharing_it(tmp_path: Path) -> None:
    of = snapshot(tmp_path, {"a.py": CODE})
    once = lint(at("a.py", 4))
    shown = quoted(
        {"a": once, "b": once, "secrets": looked()}, of, installed().checkers
    )
    assert shown["a"] is shown["b"]


def test_to_quote_again_changes_nothing(tmp_path: Path) -> None:
    of = snapshot(tmp_path, {"a.py": CODE})
    once = quoted(
        {"lint": lint(at("a.py", 4)), "secrets": looked()}, of, installed().checkers
    )
    assert quoted(once, of, installed().checkers) == once
