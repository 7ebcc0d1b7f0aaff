"""Templates are compiled once for a program, and never taken for those of another."""

from pathlib import Path

import jinja2
import pytest

from grader.cache import ruler
from grader.reporting import templates as ours
from grader.reporting.templates import templates


class Compiled:
    """Counts what is compiled."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.names: list[str] = []
        compile_ = jinja2.Environment.compile

        def counted(environment, source, name=None, *others):  # type: ignore[no-untyped-def]
            self.names.append(name)
            return compile_(environment, source, name, *others)

        monkeypatch.setattr(jinja2.Environment, "compile", counted)


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Compiled:
    (tmp_path / "a.txt").write_text("{{ 'x' }} {{ y }}\n")
    monkeypatch.setattr(ours, "shipped", lambda _: tmp_path)
    monkeypatch.setattr(ruler, "_LOADED_AT", float("inf"))
    return Compiled(monkeypatch)


def shouted(value: object) -> object:
    return str(value).upper()


def test_a_template_is_compiled_by_the_first_run_alone(compiled: Compiled) -> None:
    for y in ("1", "2"):
        assert templates().get_template("a.txt").render(y=y) == f"x {y}"
    assert compiled.names == ["a.txt"]


def test_another_way_to_treat_its_text_compiles_it_anew(compiled: Compiled) -> None:
    assert templates().get_template("a.txt").render(y="y") == "x y"
    assert templates(shouted).get_template("a.txt").render(y="y") == "X Y"
    made = templates(keeps_last_line=True).get_template("a.txt")
    assert made.render(y="y") == "x y\n"
    assert len(compiled.names) == 3


def test_a_template_that_changed_is_compiled_anew(
    compiled: Compiled, tmp_path: Path
) -> None:
    templates().get_template("a.txt")
    (tmp_path / "a.txt").write_text("{{ y }}!\n")
    assert templates().get_template("a.txt").render(y="y") == "y!"
    assert len(compiled.names) == 2


def test_another_program_compiles_anew_and_one_that_changes_keeps_nothing(
    compiled: Compiled, monkeypatch: pytest.MonkeyPatch
) -> None:
    templates().get_template("a.txt")
    monkeypatch.setattr(ours, "program", lambda *_: "another")
    templates().get_template("a.txt")
    assert len(compiled.names) == 2
    monkeypatch.setattr(ours, "program", lambda *_: None)
    for _ in range(2):
        templates().get_template("a.txt")
    assert len(compiled.names) == 4
