"""The files and folders of a complete project: present, empty, placeholder, missing."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import ValidationError

from grader.checkers._base import Bench
from grader.checkers.file_presence import Expected, FilePresence, FilePresenceOptions
from grader.model.measurement import Measured
from grader.model.snapshot import LeftOut, Snapshot
from tests.conftest import MakeSnapshot

COMPLETE = {
    "README.md": "# Churn\n",
    "config.yaml": "seed: 1\n",
    "environment.yml": "name: churn\n",
    "tests/test_model.py": "def test_x(): assert f()\n",
    ".gitignore": "*.log\n",
    "logs/run.csv": "a\n",
    "models/model.json": "{}\n",
}


def measured(
    snapshot: Snapshot, bench: Bench, expected: tuple[object, ...] | None = None
) -> Measured:
    given = {} if expected is None else {"expected": expected}
    options = FilePresenceOptions.model_validate(given)
    outcome = FilePresence().measure(snapshot, options, bench).outcome
    assert isinstance(outcome, Measured)
    return outcome


def rules(outcome: Measured) -> list[tuple[str, str | None]]:
    return [(finding.rule, finding.path) for finding in outcome.findings]


def test_a_complete_project_has_nothing_to_fix(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    outcome = measured(make_snapshot(COMPLETE), bench)
    assert outcome.values == {
        "expected": 7,
        "found": 7,
        "empty_files": 0,
        "placeholder_folders": 0,
        "missing": 0,
        "case_differences": 0,
    }
    assert outcome.findings == ()


def test_an_empty_repository_is_measured(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    outcome = measured(make_snapshot({}), bench)
    assert outcome.values["expected"] == outcome.values["missing"] == 7
    assert outcome.values["found"] == 0
    assert [finding.rule for finding in outcome.findings] == ["missing"] * 7


@pytest.mark.parametrize(
    ("entry", "path"),
    [
        ("README.md", "README.rst"),
        ("config.yaml", "config.yml"),
        ("config.yaml", "conf/config.yaml"),
        ("config.yaml", "configs/config.yml"),
        ("environment.yml", "conda.yml"),
        ("tests/", "test/test_a.py"),
        ("models/", "models.dvc"),
    ],
)
def test_another_usual_name_will_do(
    entry: str, path: str, make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    outcome = measured(make_snapshot({path: "x\n"}), bench)
    missing = [finding.message for finding in outcome.findings]
    assert outcome.values["found"] == 1
    assert not any(message.startswith(f"{entry} is not") for message in missing)


@pytest.mark.parametrize(
    "elsewhere", ["docs/README.md", "README.md.bak", "src/tests/a.py", "tests.py"]
)
def test_what_stands_elsewhere_is_not_found(
    elsewhere: str, make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    assert measured(make_snapshot({elsewhere: "x\n"}), bench).values["found"] == 0


@pytest.mark.parametrize("content", [b"", b" \n\t\n", b"\xef\xbb\xbf\n"])
def test_a_file_of_white_space_is_empty(
    content: bytes, make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    outcome = measured(make_snapshot({**COMPLETE, "README.md": content}), bench)
    assert (outcome.values["empty_files"], outcome.values["found"]) == (1, 6)
    assert rules(outcome) == [("empty-file", "README.md")]


def test_an_alternative_with_content_goes_before_an_empty_file(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    files = {"config.yaml": "", "conf/config.yaml": "seed: 1\n"}
    outcome = measured(
        make_snapshot(files),
        bench,
        (Expected(name="config.yaml", any_of=("config.yaml", "conf/config.yaml")),),
    )
    assert outcome.values["found"] == 1
    assert outcome.findings == ()


@pytest.mark.parametrize(
    "files",
    [
        {"logs/.gitkeep": "kept\n"},
        {"logs/README.md": "Logs go here.\n"},
        {"logs/.gitignore": "*\n", "logs/old/.keep": ""},
        {"logs/__init__.py": "", "logs/a.csv": "\n"},
    ],
)
def test_a_folder_of_placeholders_is_told_apart(
    files: Mapping[str, str], make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    outcome = measured(make_snapshot(files), bench, ("logs/",))
    assert outcome.values["placeholder_folders"] == 1
    assert outcome.values["found"] == outcome.values["missing"] == 0
    assert rules(outcome) == [("placeholder-folder", "logs/")]


def test_a_name_in_another_case_is_found_and_reported(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    files = {"readme.md": "# Churn\n", "Tests/test_a.py": "x = 1\n"}
    outcome = measured(make_snapshot(files), bench, ("README.md", "tests/"))
    assert outcome.values["found"] == outcome.values["case_differences"] == 2
    assert rules(outcome) == [
        ("case-difference", "readme.md"),
        ("case-difference", "Tests/"),
    ]
    assert outcome.findings[0].fix == "git mv readme.md README.md"


def test_the_very_name_goes_before_its_twin_in_another_case(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    files = {"README.md": "# Churn\n", "readme.md": "# Other\n"}
    assert measured(make_snapshot(files), bench, ("README.md",)).findings == ()


@pytest.mark.parametrize(
    ("patterns", "command"),
    [
        ("*.log\nlogs/\n", "git add -f logs/.gitkeep"),
        ("/log*\n", "git add -f logs/.gitkeep"),
        ("[Ll]ogs/\n", "git add -f logs/.gitkeep"),
        ("# logs/\n*.log\n", "git add logs/.gitkeep"),
        ("logs/*\n!logs/.gitkeep\n", "git add logs/.gitkeep"),
        ("!\nlogs/\n", "git add -f logs/.gitkeep"),  # git passes over the first
    ],
)
def test_the_hint_knows_whether_gitignore_names_the_folder(
    patterns: str, command: str, make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    outcome = measured(make_snapshot({".gitignore": patterns}), bench, ("logs/",))
    assert outcome.findings[0].rule == "missing"
    assert outcome.findings[0].fix.endswith(": " + command)
    assert ("The .gitignore keeps" in outcome.findings[0].message) == ("-f" in command)


def test_a_gitignore_of_exponential_patterns_is_passed_over(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    hostile = "*" * 200 + "z\n" + "*?" * 100 + "z\n" + "[z-a]\n[[a]]\nlogs/\n"
    outcome = measured(make_snapshot({".gitignore": hostile}), bench, ("logs/",))
    assert outcome.findings[0].fix.endswith("git add -f logs/.gitkeep")


def test_a_gitignore_that_is_a_link_is_not_followed(
    make_snapshot: MakeSnapshot, bench: Bench, tmp_path: Path
) -> None:
    (tmp_path / "elsewhere").write_text("logs/\n")
    snapshot = make_snapshot({".gitignore": ""})
    (snapshot.root / ".gitignore").unlink()
    (snapshot.root / ".gitignore").symlink_to(tmp_path / "elsewhere")
    outcome = measured(snapshot, bench, ("logs/",))
    assert outcome.findings[0].fix.endswith(": git add logs/.gitkeep")


def test_what_is_in_git_but_too_large_to_read_is_there(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    snapshot = replace(
        make_snapshot({"models/.gitkeep": ""}),
        left_out=(
            LeftOut("models/big.pkl", "too large: over 100 MiB"),
            LeftOut("data", "a submodule"),
        ),
    )
    assert measured(snapshot, bench, ("models/", "data/")).values["found"] == 2


def test_a_plain_string_stands_for_an_entry_and_its_only_path() -> None:
    options = FilePresenceOptions.model_validate(
        {"expected": ["src/", {"name": "lock", "any_of": ["uv.lock", "poetry.lock"]}]}
    )
    assert options.expected == (
        Expected(name="src/", any_of=("src/",)),
        Expected(name="lock", any_of=("uv.lock", "poetry.lock")),
    )
    stored = options.model_dump(exclude_unset=True)
    assert FilePresenceOptions.model_validate(stored) == options


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "../other", "a/../b", "a//b", ".", "/"]
)
def test_a_path_that_is_not_below_the_top_is_refused(path: str) -> None:
    with pytest.raises(ValidationError, match="not a path below the top"):
        FilePresenceOptions.model_validate({"expected": [path]})


def test_an_empty_list_is_refused() -> None:
    with pytest.raises(ValidationError, match="at least 1 item"):
        FilePresenceOptions.model_validate({"expected": []})


def test_the_published_schema_allows_the_plain_string() -> None:
    schema = FilePresenceOptions.model_json_schema()
    assert schema["$defs"]["Expected"]["anyOf"][0] == {"type": "string"}
