"""Pages of a class's groups: the same whoever makes them, and all there in the end."""

import os
import signal
from collections.abc import Sequence
from pathlib import Path

import pytest

from grader.engine import pages
from grader.engine.pages import Pages, pages_of, write_pages
from grader.reporting.html import render_html
from grader.reporting.json import render_json
from grader.reporting.markdown import render_markdown
from grader.sandbox.workers import WorkerPool
from tests.reporting import sample


def die(homes: Sequence[Path]) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def homes(folder: Path, count: int) -> list[Path]:
    found = []
    for number in range(count):
        home = folder / f"group-{number}"
        home.mkdir()
        report = sample.hostile() if number % 2 else sample.messy()
        (home / "report.json").write_text(render_json(report), "utf-8")
        found.append(home)
    return found


def written(home: Path) -> tuple[bytes, bytes]:
    return (home / "report.html").read_bytes(), (home / "report.md").read_bytes()


@pytest.mark.parametrize("count", [0, 1, 9])
@pytest.mark.parametrize("cores", [1, 2])
def test_every_group_has_the_pages_of_its_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int, cores: int
) -> None:
    monkeypatch.setattr(pages, "cores", lambda: cores)
    found = homes(tmp_path, count)
    with pages_of(count) as made:
        for home in found:
            made.add(home)
    for number, home in enumerate(found):
        report = sample.hostile() if number % 2 else sample.messy()
        expected = render_html(report).encode(), render_markdown(report).encode()
        assert written(home) == expected


def test_what_kills_a_process_is_made_up_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pool: WorkerPool
) -> None:
    found = homes(tmp_path, 3)
    with monkeypatch.context() as patched, pool:
        patched.setattr(pages, "write_pages", die)
        made = Pages(pool, 2)
        for home in found:
            made.add(home)
        patched.undo()
        made.finish()
    assert all(written(home) for home in found)


def test_a_report_that_can_not_be_read_is_told_of(tmp_path: Path) -> None:
    found = homes(tmp_path, 9)
    (found[4] / "report.json").write_text("{", "utf-8")
    with pytest.raises(Exception, match=r"group-4.report\.json"):
        write_pages(found)
    with pytest.raises(Exception, match=r"group-4.report\.json"), pages_of(9) as made:
        for home in found:
            made.add(home)
