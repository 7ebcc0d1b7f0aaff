"""One repository's grading: tools are made ready while what grades is loaded."""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from grader.engine import request as asking
from grader.engine.request import Request, grade_repository
from grader.sandbox import warm, warm_parent
from tests.engine.test_batch import RUBRIC


@pytest.fixture
def asked(tmp_path: Path) -> Request:
    home = tmp_path / "repository"
    home.mkdir()
    (home / "main.py").write_text("open('/data/x.csv')\n")
    (tmp_path / "r.yaml").write_text(RUBRIC)
    return Request(
        str(home), rubric=tmp_path / "r.yaml", environment="none", isolation="none"
    )


@pytest.mark.parametrize(
    ("cores", "is_warm", "expected"),
    [(1, True, [()]), (2, True, [("detect-secrets", "pylint")]), (2, False, [])],
)
def test_the_first_tool_is_imported_beforehand_where_a_core_is_idle(
    asked: Request,
    monkeypatch: pytest.MonkeyPatch,
    cores: int,
    is_warm: bool,
    expected: list[tuple[str, ...]],
) -> None:
    started = []

    @contextmanager
    def stove(prepared: Sequence[str] = ()) -> Iterator[Path | None]:
        started.append(tuple(prepared))
        with warm.stove(prepared) as address:
            yield address

    monkeypatch.setattr(asking, "stove", stove)
    monkeypatch.setattr(asking, "cores", lambda: cores)
    report = grade_repository(replace(asked, warm=is_warm))
    assert report.grade.total is not None
    assert started == expected


def test_what_is_imported_beforehand_is_a_tool() -> None:
    assert {name.replace("-", "_") for name in asking._NEEDED_FIRST} <= set(
        warm_parent.MODULES
    )


_LOADED_WHEN_TOOLS_START = """
import json, sys
from grader.engine import request

def stove(prepared=()):
    print(json.dumps(sorted(sys.modules)))
    sys.exit()

request.stove = stove
request.grade_repository(request.Request("."))
"""


def test_little_is_loaded_before_the_tools_start() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", _LOADED_WHEN_TOOLS_START],
        check=True,
        capture_output=True,
        text=True,
    )
    loaded = set(json.loads(ran.stdout))
    assert "grader.sandbox.warm" in loaded
    ours = {name for name in loaded if name.startswith("grader.")}
    assert not ours & {"grader.engine.grade", "grader.rubric", "grader.model.report"}
    assert not loaded & {"pydantic", "yaml", "git", "rich", "asyncio", "jinja2"}
