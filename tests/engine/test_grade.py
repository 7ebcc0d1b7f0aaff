"""The whole path on repositories that are broken, hostile or too much for a limit."""

from pathlib import Path

import pytest

import grader
from grader.checkers._base import _version
from grader.checkers._registry import installed
from grader.engine.grade import static_items
from grader.model.measurement import Measured
from grader.model.report import Report
from grader.model.score import ItemScore, Ungraded
from grader.resources import shipped
from grader.rubric.schema import Item
from tests.conftest import FIXTURES

STATIC = ("coverage",)


def write(folder: Path, files: dict[str, str | bytes]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def causes(report: Report) -> dict[str, str]:
    """What each check came to: `scored`, or the cause of its being ungraded."""
    return {
        check.id: check.result.cause if isinstance(check.result, Ungraded) else "scored"
        for check in report.checks
    }


def test_a_tool_that_hangs_is_ungraded_and_the_rest_is_graded(tmp_path: Path) -> None:
    rubric = tmp_path / "r.yaml"
    text = shipped("rubric.yaml").read_text("utf-8")
    rubric.write_text(text.replace("tool_seconds: 180", "tool_seconds: 0.01"))
    report = grader.grade(FIXTURES / "repos" / "middling", rubric=rubric, skip=STATIC)
    said = causes(report)
    own = {"file-presence", "config-paths", "error-handling"}
    assert {name for name, cause in said.items() if cause == "scored"} == own
    lint = report.check("lint").result
    assert isinstance(lint, Ungraded)
    assert lint.cause == "failed"
    assert "did not finish within 0.01 s" in lint.reason
    assert "limits.tool_seconds" in lint.reason
    assert report.grade.measured_share == pytest.approx(3 / 12)
    assert report.grade.has_ungraded_checks


def test_a_tool_that_is_missing_is_ungraded_with_the_remedy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from importlib import metadata

    real = metadata.version

    def version(name: str) -> str:
        if name == "radon":
            raise metadata.PackageNotFoundError(name)
        return real(name)

    monkeypatch.setattr(metadata, "version", version)
    _version.cache_clear()
    report = grader.grade(
        FIXTURES / "repos" / "solid", only=["complexity", "error-handling"]
    )
    result = report.check("complexity").result
    assert isinstance(result, Ungraded)
    assert "radon is not installed" in result.reason
    assert "pip install" in result.reason
    assert isinstance(report.check("error-handling").result, ItemScore)


def test_files_that_cannot_be_read_are_findings_and_never_free_points(
    tmp_path: Path,
) -> None:
    repository = write(
        tmp_path / "repository",
        {
            "src/good.py": '"""A module."""\n\nX = 1\n',
            "src/nul.py": b"x = 1\0\n",
            "src/latin.py": b"# caf\xe9\nx = 1\n",
            "src/coded.py": "# coding: nonsense\nx = 1\n",
            "src/utf16.py": "x = 1\n".encode("utf-16"),
            "src/broken.py": "def f(:\n",
            "src/deep.py": "x = " + "(" * 5000 + ")" * 5000 + "\n",
            "src/empty.py": "",
        },
    )
    report = grader.grade(repository, skip=STATIC)
    assert set(causes(report).values()) == {"scored", "left-out"}, causes(report)
    # 5,000 parentheses stand on one line: no tool is given that file, and that is said.
    assert [one.path for one in report.repository.left_out] == ["src/deep.py"]
    for name in ("formatting", "imports"):
        measured = report.check(name).measurement
        assert measured is not None
        assert isinstance(measured.outcome, Measured)
        assert measured.outcome.values["unparsable"] == 5, name
        assert measured.outcome.values["compliant_files"] == 2, name
    for name in ("lint", "logging", "complexity", "docstrings", "config-paths"):
        result = report.check(name).result
        assert isinstance(result, ItemScore)
        assert result.mark <= 10 * 2 / 7, name


@pytest.mark.sandbox
def test_what_is_too_deep_for_a_tool_is_ungraded_and_named(tmp_path: Path) -> None:
    repository = write(
        tmp_path / "repository",
        {
            "src/sum.py": "x = " + "1 + " * 400 + "1\n",
            "src/minus.py": "x = " + "-" * 300 + "1\n",
            "src/ok.py": "x = 1\n",
        },
    )
    report = grader.grade(repository, skip=STATIC)
    for name, cause in causes(report).items():
        result = report.check(name).result
        if isinstance(result, Ungraded) and cause == "failed":
            # radon and pylint recurse into expressions; the fault is theirs.
            assert name in ("complexity", "pylint")
            assert "src/" in result.reason


@pytest.mark.parametrize(
    ("files", "left"),
    [
        ({"notebook.ipynb": "{}", "README.md": "# A\n"}, 2),
        ({"src/__init__.py": "", "src/a.py": "\n"}, 2),
        ({}, 1),
    ],
)
def test_nothing_to_measure_is_not_a_full_mark(
    tmp_path: Path, files: dict[str, str | bytes], left: int
) -> None:
    (tmp_path / "repository").mkdir()
    repository = write(tmp_path / "repository", files)
    report = grader.grade(repository)
    for name in ("formatting", "imports", "lint", "logging", "pylint", "docstrings"):
        result = report.check(name).result
        assert isinstance(result, Ungraded), name
        assert result.cause == "not-applicable", (name, result.reason)
    coverage = report.check("coverage").result
    assert isinstance(coverage, ItemScore)
    assert coverage.mark == 0
    scored = [
        check.id for check in report.checks if isinstance(check.result, ItemScore)
    ]
    assert len(scored) >= left


def test_nothing_of_the_repository_is_executed_by_the_static_checks(
    tmp_path: Path,
) -> None:
    trap = tmp_path / "trap"
    spring = f"open({str(trap)!r}, 'a').write(__name__ + '\\n')\n"
    quiet = {
        "src/main.py": '"""Main."""\n\nimport csv\nimport email\n\nprint(csv, email)\n',
        "src/helper.py": '"""Help."""\n\nimport logging\n\nlogging.info("a %s", 1)\n',
    }
    hostile = {
        **{f"{name}.py": spring for name in ("isort", "csv", "email", "dill", "black")},
        **{f"src/{name}.py": spring for name in ("isort", "tomlkit", "pyflakes")},
        ".pylintrc": f"[MAIN]\ninit-hook={spring.strip()}\nload-plugins=evil\n",
        "pylintrc": f"[MAIN]\ninit-hook={spring.strip()}\n",
        ".flake8": "[flake8:local-plugins]\nextension = X = evil:Evil\npaths = .\n",
        "setup.cfg": "[isort]\nskip_glob = *\n[pydocstyle]\nmatch = nothing\n"
        "[flake8]\nexclude = *\n[radon]\nexclude = *\n[pylint]\ndisable = all\n",
        "tox.ini": "[flake8]\nignore = E,W,F\n",
        "radon.cfg": "[radon]\nexclude = *\n",
        "pyproject.toml": "[tool.black]\nforce-exclude = '.*'\n"
        "[tool.isort]\nskip_glob = ['*']\n"
        f"[tool.pylint.main]\ninit-hook = {spring.strip()!r}\n",
        ".secrets.baseline": '{"version": "1.5.0", "plugins_used": '
        f'[{{"name": "Evil", "path": "file://{tmp_path}/repository/evil.py"}}], '
        '"filters_used": [], "results": {}}',
        "evil.py": spring + "class Evil:\n    pass\n",
        "conftest.py": spring,
        "setup.py": spring,
    }
    plain = write(tmp_path / "plain", dict(quiet))
    # The same sources, and beside them everything that tries to take part.
    repository = write(tmp_path / "repository", {**quiet, **hostile})
    alike = ("complexity", "error-handling")
    honest = grader.grade(plain, only=alike)
    report = grader.grade(repository, skip=STATIC)
    assert not trap.exists(), trap.read_text()
    assert "failed" not in causes(report).values(), [c.result for c in report.checks]
    # What is measured below src/ is what it is without all that (three files more there).
    for name in alike:
        assert causes(report)[name] == causes(honest)[name]
    lint = report.check("lint").measurement
    assert lint is not None
    assert isinstance(lint.outcome, Measured)
    assert lint.outcome.values["files"] == len(
        [name for name in {**quiet, **hostile} if name.endswith(".py")]
    )


def test_only_and_skip_are_said_and_never_rescale_silently() -> None:
    report = grader.grade(FIXTURES / "repos" / "solid", only=["error-handling"])
    assert report.grade.total == 10
    assert report.grade.measured_share == pytest.approx(1 / 12)
    assert [p.cause for p in report.grade.provisional] == ["left-out"]


def test_the_report_has_the_lines_of_findings_and_never_one_of_a_file_with_secrets() -> (
    None
):
    repository = FIXTURES / "repos" / "messy"
    report = grader.grade(repository, only=["lint", "config-paths", "secrets"])
    found = [
        finding
        for check in report.checks
        if check.measurement and isinstance(check.measurement.outcome, Measured)
        for finding in check.measurement.outcome.findings
    ]
    quoted = [one for one in found if one.code is not None]
    assert len(quoted) > 50
    for one in quoted:
        assert one.path is not None and one.line is not None
        lines = (repository / one.path).read_text("utf-8").splitlines()
        assert (one.code or "").strip() == lines[one.line - 1].expandtabs(4).strip()
    kept = {one.path for one in found if one.is_withheld}
    assert kept == {"config.py"}
    text = report.model_dump_json()
    for secret in ("AKIAIOSFODNN7EXAMPLE", "bratwurst", "q8Zt3LrW7vXc1NpK5sYd"):
        assert secret not in text


@pytest.mark.parametrize(
    ("checker", "options", "is_static"),
    [
        ("config-paths", {}, True),
        ("coverage", {}, False),
        ("pylint", {}, True),
        ("pylint", {"resolve": "environment"}, False),
        ("dependencies", {}, True),
        ("dependencies", {"resolve": "environment"}, False),
    ],
)
def test_what_needs_the_projects_environment_is_no_static_item(
    checker: str, options: dict[str, object], is_static: bool
) -> None:
    items = [Item(checker="config-paths", id="other", score="1")]
    items.append(Item(checker=checker, id="asked", score="1", options=options))
    kept = static_items(items, installed())
    assert ("asked" in {item.key for item in kept}) is is_static
