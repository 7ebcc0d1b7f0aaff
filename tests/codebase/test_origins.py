"""Where a value comes from: through names, arguments, calls and the configuration."""

import ast

import pytest

from grader.codebase.code import code_of
from grader.codebase.origins import UNKNOWN, Origins, Value, origins_of
from tests.conftest import MakeSnapshot

OTHER = (
    "from pathlib import Path\nLOGS = Path('logs')\n\nclass Paths:\n    root = 'x'\n"
)
ENV = """
from functools import lru_cache
from typing import ClassVar
from pydantic import BaseModel
from pydantic_settings import BaseSettings

class Base(BaseSettings):
    host: str = "a"

class Settings(Base):
    uri: str = "file:./runs"
    tracking: BaseModel = BaseModel()
    KIND: ClassVar[str] = "x"

class Plain(BaseModel):
    uri: str = "b"

@lru_cache
def get_settings():
    return Settings()

settings = get_settings()
made = Settings(uri="fixed")
plain = Plain()
"""
CONFIG = "paths: {log: logs/a.log, raw: raw.csv}\nother: {log: b.log}\n"


def asked(text: str, make_snapshot: MakeSnapshot) -> tuple[Origins, Value]:
    """The origins of a file, and what its call of `ask` is given."""
    files = {
        "main.py": text,
        "src/other.py": OTHER,
        "src/env.py": ENV,
        "config.yaml": CONFIG,
    }
    snapshot = make_snapshot(files)
    file = code_of(snapshot).files["main.py"]
    for node in file.names.nodes:
        match node:
            case ast.Call(func=ast.Name(id="ask"), args=[given]):
                return origins_of(snapshot), Value(file, given)
    raise AssertionError("nothing is asked")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ask('a')", "a"),
        ("a = 'x'\nb = a\nask(b)", "x"),
        ("from src.other import LOGS\nask(LOGS / 'a.log')", "logs/a.log"),
        ("import src.other as o\nask(str(o.LOGS))", "logs"),
        ("import os\nask(os.path.join(os.getcwd(), 'a'))", f"{UNKNOWN}/a"),
        ("ask(f'{name}.log')", f"{UNKNOWN}.log"),
        ("def f(a, b='y'):\n    ask(b)\nf(1)", "y"),
        ("def f(a, b='y'):\n    ask(b)\nf(1, b='z')", "z"),
        ("def f(a):\n    a = a.strip()\n    ask(a)\nf('z')", "z"),
        ("def f(a):\n    return a\nf('wrong')\nask(f('right'))", "right"),
        ("def f(k):\n    return k + '!'\ndef g(k):\n    return f(k)\nask(g('a'))", "a!"),
        ("class A:\n    def __init__(self, p):\n        self.p = p\n"
         "    def f(self):\n        ask(self.p)\nA('q')", "q"),
        ("def f(cfg):\n    ask(cfg['paths']['log'])", "logs/a.log"),
        ("def f(cfg):\n    s = cfg.get('other')\n    ask(s['log'])", "b.log"),
        ("def f(cfg):\n    ask(cfg.paths.raw)", "raw.csv"),
        ("def f(cfg):\n    ask(cfg.get('none', 'default'))", "default"),
        ("ask(unknown)", None),
        ("ask(unknown())", None),
        ("a = b\nb = a\nask(a)", None),
        ("def f(x):\n    return f(x)\nask(f(1))", None),
    ],
)  # fmt: skip
def test_a_text_is_folded_as_far_as_it_is_known(
    text: str, expected: str | None, make_snapshot: MakeSnapshot
) -> None:
    origins, value = asked(f"{text}\n", make_snapshot)
    assert origins.text(value) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ask('INFO')", False),
        ("import logging\nask(logging.INFO)", False),
        ("from src.other import LOGS\nask(LOGS)", False),
        ("D = {'a': 1}\nask(D['a'])", False),
        ("import os\nask(os.getenv('A'))", True),
        ("from os import environ\nask(environ['A'])", True),
        ("import os\nD = {'a': 1}\nask(D[os.getenv('A')])", True),
        ("def f(cfg):\n    ask(cfg['a'].upper())", True),
        ("def f(cfg):\n    ask(cfg.a)", True),
        ("def f(level='INFO'):\n    ask(level)\nf()", False),
        ("def f(level='INFO'):\n    ask(level)\ndef g(cfg):\n    f(cfg['l'])", True),
        ("from src.env import settings\nask(settings.uri)", True),
        ("from src import env\nask(env.settings.host)", True),
        ("from src.env import settings as s\nask(s.tracking.uri)", True),
        ("from src.env import settings\nask(f'{settings.uri}/a')", True),
        ("from src.env import settings\nask(settings.KIND)", False),
        ("from src.env import made\nask(made.uri)", False),
        ("from src.env import made\nask(made.host)", True),
        ("from src.env import plain\nask(plain.uri)", False),
        (
            "import argparse\np = argparse.ArgumentParser()\n"
            "p.add_argument('--level', default='INFO')\nargs = p.parse_args()\nask(args.level)",
            True,
        ),
    ],
)
def test_a_value_from_outside_the_code_is_configured(
    text: str, expected: bool, make_snapshot: MakeSnapshot
) -> None:
    origins, value = asked(f"{text}\n", make_snapshot)
    assert origins.is_configured(value) is expected


def test_the_keys_on_the_way_to_a_value_are_told_in_order(
    make_snapshot: MakeSnapshot,
) -> None:
    text = (
        "def section(cfg, name):\n    value = cfg.get(name)\n    return value\n"
        "def run(cfg):\n    model = section(cfg, 'model')\n"
        "    params = dict(model['forest'].get('params', {}))\n    ask(params)\n"
    )
    origins, value = asked(text, make_snapshot)
    assert origins.keys(value) == ("model", "forest", "params")


def test_tests_hand_nothing_on(make_snapshot: MakeSnapshot) -> None:
    files = {
        "main.py": "def f(a):\n    return ask(a)\n",
        "tests/test_main.py": "from main import f\nf('from a test')\n",
    }
    snapshot = make_snapshot(files)
    file = code_of(snapshot).files["main.py"]
    given = next(n for n in file.names.nodes if isinstance(n, ast.Call)).args[0]
    assert origins_of(snapshot).text(Value(file, given)) is None
