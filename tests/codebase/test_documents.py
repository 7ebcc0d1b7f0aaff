"""Documents as values: YAML 1.2 booleans, lines, and files that can't be read."""

import pytest

from grader.codebase.commands import Started, started
from grader.codebase.documents import Value, documents_of, parse_yaml
from tests.conftest import MakeSnapshot


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("on: push", {"on": "push"}),
        ("a: yes", {"a": "yes"}),
        ("a: true", {"a": True}),
        ("a: 'true'", {"a": "true"}),
        ("a: 3.10", {"a": 3.1}),
        ("a: '3.10'", {"a": "3.10"}),
        ("a: 0o17", {"a": 15}),
        ("a: 1_000", {"a": "1_000"}),
        ("a: .nan", {"a": ".nan"}),
        ("a: 1e999", {"a": "1e999"}),
        ("a:", {"a": None}),
        (
            "x: &x {a: 1, b: 2}\ny: {<<: *x, b: 3}",
            {"x": {"a": 1, "b": 2}, "y": {"a": 1, "b": 3}},
        ),
        ("", None),
    ],
)
def test_yaml_is_read_by_version_1_2(text: str, value: Value) -> None:
    assert parse_yaml("a.yaml", text).value == value


def test_a_value_has_its_line() -> None:
    document = parse_yaml("a.yaml", "a:\n  b:\n    - x\n    - c: 1\n")
    assert document.line_of("a", "b", 1, "c") == 4
    assert document.at("a", "b", 1, "c") == 1
    assert document.at("a", "z", 1) is None


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.yaml", "a: [1,"),
        ("a.yaml", "[" * 5_000),
        (
            "a.yaml",
            "".join(f"a{i}: &a{i} [*a{i - 1},*a{i - 1}]\n" for i in range(1, 40)),
        ),
        ("a.toml", "a = = 1"),
        ("a.toml", "a = " + "[" * 5_000),
        ("a.json", "{"),
        ("a.json", "[" * 100_000),
    ],
)
def test_a_broken_file_says_so_and_has_no_value(
    path: str, text: str, make_snapshot: MakeSnapshot
) -> None:
    document = documents_of(make_snapshot({path: text})).get(path)
    assert document.problem
    assert document.value is None


def test_no_file_is_no_document(make_snapshot: MakeSnapshot) -> None:
    documents = documents_of(make_snapshot({"a.toml": "a = 1\n"}))
    assert documents.find("b.toml") is None
    assert documents.get("a.toml").mapping == {"a": 1}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("python main.py --x 1", [("script", "main.py")]),
        ("FOO=1 python3.11 -u -m src.train", [("module", "src.train")]),
        (
            "poetry run python src/a.py && make test lint",
            [("script", "src/a.py"), ("make", "test"), ("make", "lint")],
        ),
        ("uv run --extra dev pytest tests", [("program", "pytest")]),
        ("conda run -n env python a.py", [("script", "a.py")]),
        ("coverage run -m pytest", [("module", "pytest")]),
        ("bash scripts/x.sh", [("script", "scripts/x.sh")]),
        ("bash -c 'python a.py'", [("script", "a.py")]),
        ("python a.py \\\n  --y 2", [("script", "a.py")]),
        ("# python a.py", []),
        ("don't", []),
        ("make", [("make", "")]),
    ],
)
def test_a_command_starts_programs(text: str, expected: list[tuple[str, str]]) -> None:
    found = [(one.kind, one.name) for one in started(text)]
    assert found == expected


def test_the_words_that_follow_are_kept() -> None:
    assert started("python main.py --x 1") == (
        Started("script", "main.py", ("--x", "1")),
    )
