"""Test-side code that replaces the project's own functions: told, unless it is usual."""

import pytest

from grader.checkers._signals.seen import code_signals
from tests.conftest import MakeSnapshot

PROJECT = {
    "src/__init__.py": "from src.calc import add\n",
    "src/calc.py": (
        "import json\n\nimport numpy as np\n\nLIMIT = 3\n\n"
        "double = lambda a: 2 * a\n\ndef add(a, b):\n    return a + b\n\n"
        "class Base:\n    def fit(self):\n        pass\n\n"
        "class Model(Base):\n    size = 1\n\n    def predict(self):\n        return 1\n"
    ),
    "src/api.py": (
        "from fastapi import FastAPI\nfrom joblib import load\n\n"
        "from .calc import Model, add as plus\n\n"
        "app = FastAPI()\nmodel = Model()\nCONFIG = {}\n\n"
        "try:\n    import orjson\nexcept ImportError:\n"
        "    def dumps(value):\n        return ''\n"
    ),
}

# Each is told once, at the line that has `# here`.
TOLD = {
    "a function": "import src.calc\nsrc.calc.add = lambda a, b: 5  # here\n",
    "under another name": "from src import calc as c\nc.add = print  # here\n",
    "with src on the path": "import calc\ncalc.add = print  # here\n",
    "a lambda": "import src.calc\nsrc.calc.double = abs  # here\n",
    "a class": "import src.calc\nsrc.calc.Model = dict  # here\n",
    "a method": "from src.calc import Model\nModel.predict = print  # here\n",
    "an inherited method": "from src.calc import Model\nModel.fit = print  # here\n",
    "what equal means": (
        "from src.calc import Model\nModel.__eq__ = lambda *a: True  # here\n"
    ),
    "where it is imported from elsewhere": "import src.api\nsrc.api.plus = max  # here\n",
    "in the package": "import src\nsrc.add = max  # here\n",
    "a method by way of another module": (
        "import src.api\nsrc.api.Model.predict = print  # here\n"
    ),
    "only where something is missing": "import src.api\nsrc.api.dumps = str  # here\n",
    "setattr": "from src import calc\nsetattr(calc, 'add', max)  # here\n",
    "setattr by names in a loop": (
        "from src import calc\nfor name in ('add', 'double'):\n"
        "    setattr(calc, name, max)  # here\n"
    ),
    "the dictionary of names": (
        "import src.calc\nsrc.calc.__dict__['add'] = max  # here\n"
    ),
    "vars": "import src.calc\nvars(src.calc)['add'] = max  # here\n",
    "vars, updated": "import src.calc\nvars(src.calc).update(add=max)  # here\n",
    "several at once": (
        "import src.calc\nsrc.calc.add, src.calc.LIMIT = max, 4  # here\n"
    ),
    "looked up by its name": (
        "import importlib\nmodule = importlib.import_module('src.calc')\n"
        "module.add = max  # here\n"
    ),
    "looked up among the modules": (
        "import sys\nimport src.calc\nsys.modules['src.calc'].add = max  # here\n"
    ),
    "a patcher of one's own": (
        "import pytest\nimport src.calc\nmp = pytest.MonkeyPatch()\n"
        "mp.setattr(src.calc, 'add', max)  # here\n"
    ),
    "a patcher that is told a name": (
        "from pytest import MonkeyPatch\n"
        "MonkeyPatch().setattr('src.calc.add', max)  # here\n"
    ),
    "within if, try, for and with": (
        "import src.calc\nfor n in range(1):\n    try:\n        if n == 0:\n"
        "            with open('x') as f:\n"
        "                src.calc.add = max  # here\n    except OSError:\n        pass\n"
    ),
    "in the body of a class": (
        "import src.calc\n\nclass Setup:\n    src.calc.add = max  # here\n"
    ),
    "in a hook": (
        "def pytest_configure(config):\n    import src.calc\n\n"
        "    src.calc.add = max  # here\n"
    ),
    "in a hook of a plugin": (
        "import src.calc\n\nclass Plugin:\n    def pytest_runtest_setup(self, item):\n"
        "        src.calc.add = max  # here\n"
    ),
    "in a function that is called at import": (
        "import src.calc\n\ndef prepare():\n    src.calc.add = max  # here\n\n"
        "def start():\n    prepare()\n\nstart()\n"
    ),
    "in a function that a hook calls": (
        "import src.calc\n\ndef prepare():\n    src.calc.add = max  # here\n\n"
        "def pytest_sessionstart(session):\n    prepare()\n"
    ),
    "in a fixture for all tests that undoes nothing": (
        "import pytest\nimport src.calc\n\n"
        "@pytest.fixture(scope='session', autouse=True)\ndef prepared():\n"
        "    src.calc.add = max  # here\n"
    ),
    "around the original": (
        "import src.calc\noriginal = src.calc.add\n"
        "src.calc.add = lambda a, b: original(a, b) + 1  # here\n"
    ),
}

HONEST = {
    "in a test": "import src.calc\n\ndef test_a():\n    src.calc.add = max\n",
    "in a method of a test": (
        "import src.calc\n\nclass TestA:\n    def setup_method(self):\n"
        "        src.calc.add = max\n"
    ),
    "in a helper that tests call": (
        "import src.calc\n\ndef stub():\n    src.calc.add = max\n\n"
        "def test_a():\n    stub()\n"
    ),
    "in a fixture": (
        "import pytest\nimport src.calc\n\n@pytest.fixture\ndef stubbed():\n"
        "    src.calc.add = max\n\n@pytest.fixture(autouse=True)\ndef quick():\n"
        "    src.calc.add = max\n"
    ),
    "in a fixture for all tests that undoes it": (
        "import pytest\nimport src.calc\n\n"
        "@pytest.fixture(scope='session', autouse=True)\ndef stubbed():\n"
        "    original = src.calc.add\n    src.calc.add = max\n    yield\n"
        "    src.calc.add = original\n"
    ),
    "with the fixture for it": (
        "import src.calc\n\ndef test_a(monkeypatch):\n"
        "    monkeypatch.setattr(src.calc, 'add', max)\n"
        "    monkeypatch.setattr('src.calc.add', max)\n"
    ),
    "with a patcher that undoes it": (
        "import pytest\nimport src.calc\n\n"
        "with pytest.MonkeyPatch.context() as mp:\n"
        "    mp.setattr(src.calc, 'add', max)\n\n"
        "patcher = pytest.MonkeyPatch()\npatcher.setattr(src.calc, 'add', max)\n"
        "import src.api\npatcher.undo()\n"
    ),
    "with mock.patch": (
        "from unittest import mock\nimport src.calc\n\n"
        "with mock.patch('src.calc.add'), mock.patch.object(src.calc, 'double'):\n"
        "    import src.api\n\n@mock.patch('src.calc.add')\ndef test_a(add):\n    pass\n"
    ),
    "given back": (
        "import src.calc\noriginal = src.calc.add\nsrc.calc.add = max\ntry:\n"
        "    import src.api\nfinally:\n    src.calc.add = original\n"
    ),
    "constants, settings and made objects": (
        "import src.api\nimport src.calc\nsrc.calc.LIMIT = 4\nsrc.api.CONFIG = {'a': 1}\n"
        "src.api.CONFIG['a'] = 2\nsrc.api.model = None\nsrc.calc.Model.size = 2\n"
        "src.api.model.predict = max\nsrc.api.app.state.model = None\n"
        "src.api.app.dependency_overrides[src.api.plus] = lambda: 1\n"
        "for name in ('LIMIT', 'SEED'):\n    setattr(src.calc, name, 1)\n"
        "vars(src.calc).update(LIMIT=1)\n"
    ),
    "a new name": "import src.calc\nsrc.calc.extra = max\n",
    "what the project has from elsewhere": (
        "import src.api\nimport src.calc\nsrc.api.load = lambda path: None\n"
        "src.calc.np.random.seed = print\nsrc.calc.json = None\n"
    ),
    "a class for an old pickle": (
        "import __main__\nimport sys\nfrom src.calc import Model\n"
        "__main__.Model = Model\nsetattr(sys.modules['__main__'], 'Model', Model)\n"
    ),
    "a module that is stubbed": (
        "import sys, types\nstub = types.ModuleType('src.calc')\nstub.add = max\n"
        "sys.modules['src.calc'] = stub\n"
    ),
    "when it is run as a program": (
        "import src.calc\n\nif __name__ == '__main__':\n    src.calc.add = max\n"
    ),
    "later, if ever": (
        "import src.calc\nundo = lambda: setattr(src.calc, 'add', max)\n"
        "call = lambda: vars(src.calc).update(add=max)\n"
    ),
    "a name of one's own": (
        "from src.calc import add\n\nplus = add\nadd = max\n\n"
        "class calc:\n    pass\n\ncalc.add = max\n"
    ),
}


@pytest.mark.parametrize("text", TOLD.values(), ids=TOLD)
@pytest.mark.parametrize("path", ["conftest.py", "tests/test_a.py"])
def test_it_is_told_at_the_line(
    path: str, text: str, make_snapshot: MakeSnapshot
) -> None:
    line = next(n for n, t in enumerate(text.split("\n"), 1) if t.endswith("# here"))
    found = code_signals(make_snapshot({**PROJECT, path: text}))
    assert [(f.rule, f.path, f.line) for f in found] == [
        ("replaces-own-code", path, line)
    ]
    assert found[0].severity == "info"
    assert "cheat" not in found[0].message.lower()


@pytest.mark.parametrize("text", HONEST.values(), ids=HONEST)
@pytest.mark.parametrize("path", ["conftest.py", "tests/test_a.py"])
def test_what_is_usual_is_not_told(
    path: str, text: str, make_snapshot: MakeSnapshot
) -> None:
    assert code_signals(make_snapshot({**PROJECT, path: text})) == ()


def test_the_project_may_set_its_own_as_it_likes(make_snapshot: MakeSnapshot) -> None:
    text = "import src.calc\nsrc.calc.add = max\n"
    assert code_signals(make_snapshot({**PROJECT, "src/fast.py": text})) == ()


def test_a_module_of_the_same_name_in_the_standard_library_is_meant(
    make_snapshot: MakeSnapshot,
) -> None:
    files = {
        "src/random.py": "def seed(number):\n    pass\n",
        "conftest.py": "import random\nrandom.seed = print\n",
    }
    assert code_signals(make_snapshot(files)) == ()


def test_modules_and_classes_that_lead_in_a_circle_are_no_trouble(
    make_snapshot: MakeSnapshot,
) -> None:
    files = {
        "src/a.py": "from src.b import f\n\nclass A(A):\n    pass\n",
        "src/b.py": "from src.a import f\n",
        "conftest.py": "import src.a\nsrc.a.f = max\nsrc.a.A.go = max\n",
    }
    assert code_signals(make_snapshot(files)) == ()
