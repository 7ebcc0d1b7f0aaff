"""Findings that a group inherited from the course's starter are told apart from its own."""

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from grader.engine.starter import Starter, marks
from grader.model.measurement import Finding, Measured
from grader.model.starter import INHERITED, OWN

KEY = "lint {}"
LOAD = "import os\n\n\ndef load(path):\n    x = open(path)\n    return x\n"


def write(root: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return root


def finding(line: int | None = 1, message: str = "unused", **more: str) -> Finding:
    facts = {"rule": "F401", "path": "load.py", "severity": "warning", **more}
    return Finding.model_validate({"line": line, "message": message, **facts})


def starter(root: Path, findings: Sequence[Finding]) -> Starter:
    return Starter({KEY: Counter(marks(findings, root))}, is_known=True)


def divided(
    known: Starter, root: Path, findings: Sequence[Finding], key: str = KEY
) -> Measured:
    measured = Measured(values={"violations": 7}, findings=tuple(findings))
    return known.divided(key, measured, root)


def inherited(measured: Measured) -> list[bool]:
    return [one.inherited for one in measured.findings]


def counts(measured: Measured) -> tuple[int | float, int | float]:
    return measured.values[INHERITED], measured.values[OWN]


def test_the_starters_findings_are_inherited_and_others_are_the_groups(
    tmp_path: Path,
) -> None:
    here = write(tmp_path / "starter", {"load.py": LOAD})
    there = write(tmp_path / "group", {"load.py": LOAD})
    known = starter(here, [finding(1), finding(5, "open without with")])
    found = divided(
        known, there, [finding(1), finding(5, "open without with"), finding(6, "bad")]
    )
    assert inherited(found) == [True, True, False]
    assert counts(found) == (2, 1)
    assert found.values["violations"] == 7


def test_they_are_recognised_after_lines_have_moved(tmp_path: Path) -> None:
    here = write(tmp_path / "starter", {"load.py": LOAD})
    there = write(tmp_path / "group", {"load.py": '"""Ours."""\n\n' + LOAD})
    found = divided(starter(here, [finding(1)]), there, [finding(3)])
    assert inherited(found) == [True]


def test_they_are_recognised_after_the_line_was_only_indented(tmp_path: Path) -> None:
    here = write(tmp_path / "starter", {"load.py": "import os\n"})
    there = write(tmp_path / "group", {"load.py": "if 1:\n    import os\n"})
    found = divided(starter(here, [finding(1)]), there, [finding(2)])
    assert inherited(found) == [True]


def test_the_same_message_about_another_line_of_code_is_the_groups(
    tmp_path: Path,
) -> None:
    here = write(tmp_path / "starter", {"load.py": "import os\n"})
    there = write(tmp_path / "group", {"load.py": "import sys\n"})
    found = divided(starter(here, [finding(1)]), there, [finding(1)])
    assert inherited(found) == [False]
    assert counts(found) == (0, 1)


def test_of_the_same_text_as_many_are_inherited_as_the_starter_has(
    tmp_path: Path,
) -> None:
    here = write(tmp_path / "starter", {"load.py": "import os\n" * 2})
    there = write(tmp_path / "group", {"load.py": "import os\n" * 5})
    known = starter(here, [finding(1), finding(2)])
    found = divided(known, there, [finding(line) for line in range(1, 6)])
    assert sum(inherited(found)) == 2
    assert counts(found) == (2, 3)


def test_digits_in_a_message_may_be_others(tmp_path: Path) -> None:
    here = write(tmp_path / "starter", {"load.py": LOAD})
    there = write(tmp_path / "group", {"load.py": "\n" * 20 + LOAD})
    known = starter(here, [finding(5, "redefinition of x from line 1")])
    found = divided(known, there, [finding(25, "redefinition of x from line 21")])
    assert inherited(found) == [True]
    other = divided(known, there, [finding(25, "redefinition of y from line 21")])
    assert inherited(other) == [False]


def test_what_is_said_of_the_whole_file_is_not_about_its_first_line(
    tmp_path: Path,
) -> None:
    here = write(tmp_path / "starter", {"load.py": LOAD})
    there = write(tmp_path / "group", {"load.py": "# ours\n" + LOAD})
    said = finding(1, "Missing docstring in public module.")
    known = starter(here, [said, finding(1)])
    assert inherited(divided(known, there, [said, finding(1)])) == [True, False]


def test_in_a_file_that_was_renamed_they_are_the_groups(tmp_path: Path) -> None:
    here = write(tmp_path / "starter", {"load.py": LOAD})
    there = write(tmp_path / "group", {"read.py": LOAD})
    found = divided(starter(here, [finding(1)]), there, [finding(1, path="read.py")])
    assert inherited(found) == [False]


def test_by_another_rule_or_check_they_are_the_groups(tmp_path: Path) -> None:
    here = write(tmp_path / "starter", {"load.py": LOAD})
    known = starter(here, [finding(1)])
    assert inherited(divided(known, here, [finding(1, rule="E401")])) == [False]
    assert inherited(divided(known, here, [finding(1)], key="pylint {}")) == [False]


def test_a_finding_of_the_whole_repository_or_file_is_recognised(
    tmp_path: Path,
) -> None:
    def whole(message: str) -> Finding:
        return Finding(rule="missing", message=message)

    here = write(tmp_path / "starter", {"load.py": LOAD})
    there = write(tmp_path / "group", {"other.py": LOAD})
    known = starter(here, [whole("no LICENSE"), finding(None, "not formatted")])
    found = divided(
        known,
        there,
        [whole("no LICENSE"), whole("no README"), finding(None, "not formatted")],
    )
    assert inherited(found) == [True, False, True]


def test_notes_are_marked_and_not_counted(tmp_path: Path) -> None:
    here = write(tmp_path / "starter", {"load.py": LOAD})
    known = starter(here, [finding(1, severity="info")])
    found = divided(
        known, here, [finding(1, severity="info"), finding(5, severity="info")]
    )
    assert inherited(found) == [True, False]
    assert counts(found) == (0, 0)


def test_without_a_starter_nothing_is_told_apart(tmp_path: Path) -> None:
    here = write(tmp_path, {"load.py": LOAD})
    found = divided(Starter(), here, [finding(1)])
    assert found.values == {"violations": 7}
    assert inherited(found) == [False]


def test_a_starter_without_findings_leaves_all_to_the_group(tmp_path: Path) -> None:
    here = write(tmp_path, {"load.py": LOAD})
    found = divided(Starter(is_known=True), here, [finding(1), finding(5)])
    assert counts(found) == (0, 2)


def test_a_finding_of_the_starters_that_was_fixed_is_gone(tmp_path: Path) -> None:
    here = write(tmp_path / "starter", {"load.py": LOAD})
    known = starter(here, [finding(1), finding(5, "open without with")])
    there = write(tmp_path / "group", {"load.py": LOAD.replace("import os\n", "")})
    found = divided(known, there, [finding(4, "open without with")])
    assert counts(found) == (1, 0)
    assert counts(divided(known, there, [])) == (0, 0)


def test_a_file_that_is_gone_a_link_or_no_text_is_no_error(tmp_path: Path) -> None:
    here = write(tmp_path / "starter", {"load.py": LOAD})
    known = starter(here, [finding(1)])
    there = write(tmp_path / "group", {"secret.txt": LOAD})
    assert inherited(divided(known, there, [finding(1)])) == [False]
    (there / "load.py").symlink_to(there / "secret.txt")
    assert inherited(divided(known, there, [finding(1)])) == [False]
    (there / "load.py").unlink()
    (there / "load.py").write_bytes(b"\xff\xfe\x00\n")
    assert inherited(divided(known, there, [finding(1), finding(900)])) == [False] * 2


def test_nothing_outside_of_the_repository_and_no_device_is_read(
    tmp_path: Path,
) -> None:
    outside = write(tmp_path / "outside", {"load.py": LOAD})
    here = write(tmp_path / "starter", {"load.py": LOAD})
    (here / "linked").symlink_to(outside)
    os.mkfifo(here / "pipe.py")
    paths = ["../outside/load.py", "linked/load.py", str(outside / "load.py")]
    for path in [*paths, "pipe.py", "/dev/zero", "a" * 5_000, "nul\0.py"]:
        ((_, _, text),) = marks([finding(1, path=path)], here)
        assert text == "unused\n", path


def test_the_digest_changes_with_what_is_inherited_and_only_with_it(
    tmp_path: Path,
) -> None:
    here = write(tmp_path / "starter", {"load.py": LOAD})
    moved = write(tmp_path / "moved", {"load.py": "\n\n" + LOAD})
    one = starter(here, [finding(1), finding(5)])
    assert starter(here, [finding(5), finding(1)]).digest == one.digest
    assert starter(moved, [finding(3), finding(7)]).digest == one.digest
    others = [starter(here, [finding(1)]), Starter(), Starter(is_known=True)]
    assert len({one.digest, *(other.digest for other in others)}) == 4


lines = st.lists(st.integers(1, 8), max_size=10)


@given(theirs=lines, ours=lines, moved=st.integers(0, 3))
def test_inherited_and_own_are_all_there_is_and_none_is_inherited_twice(
    theirs: list[int], ours: list[int], moved: int
) -> None:
    # Nothing is read: every line of a file that isn't there has the same text.
    nowhere = Path("no-such-folder")
    known = starter(nowhere, [finding(one, f"{'a' * one}") for one in theirs])
    found = divided(
        known, nowhere, [finding(one + moved, f"{'a' * one}") for one in ours]
    )
    same = Counter(theirs) & Counter(ours)
    assert counts(found) == (same.total(), len(ours) - same.total())
    assert sum(inherited(found)) == same.total()
