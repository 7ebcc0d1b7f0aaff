"""What a start leads to: by import, by name, by command; and what stays dead."""

from collections.abc import Mapping

import pytest

from grader.codebase.code import code_of
from grader.codebase.entry import pipeline_of
from grader.codebase.reach import Reach, Start, reach_from
from tests.conftest import MakeSnapshot

GUARD = 'if __name__ == "__main__":\n    main()\n'


def reached(reach: Reach) -> set[str]:
    """`path:function` of every function that is come to."""
    return {f"{one.file.path}:{one.node.name}" for one in reach.units if one.node}


def from_main(make_snapshot: MakeSnapshot, files: Mapping[str, str]) -> set[str]:
    return reached(reach_from(make_snapshot(files), [Start("main.py")]))


def test_what_is_called_through_an_alias_of_an_import_is_reached(
    make_snapshot: MakeSnapshot,
) -> None:
    found = from_main(
        make_snapshot,
        {
            "main.py": "import src.train as t\ndef main():\n    t.fit()\n" + GUARD,
            "src/train.py": "def fit(): pass\ndef unused(): pass\n",
        },
    )
    assert found == {"main.py:main", "src/train.py:fit"}


def test_a_function_that_is_only_named_in_a_string_is_not_reached(
    make_snapshot: MakeSnapshot,
) -> None:
    text = '"""calls fit()"""\n# fit()\nx = "fit()"\ndef fit(): pass\n'
    assert from_main(make_snapshot, {"main.py": text}) == set()


def test_the_guard_of_an_imported_module_does_not_run(
    make_snapshot: MakeSnapshot,
) -> None:
    other = "def main(): pass\n" + GUARD
    files = {"main.py": "import other\n", "other.py": other}
    assert from_main(make_snapshot, files) == set()
    assert reached(reach_from(make_snapshot(files), [Start("other.py")])) == {
        "other.py:main"
    }


def test_a_name_that_a_package_hands_on_leads_to_where_it_is_defined(
    make_snapshot: MakeSnapshot,
) -> None:
    found = from_main(
        make_snapshot,
        {
            "main.py": "from src import fit\nfit()\n",
            "src/__init__.py": "from .models import *\n",
            "src/models/__init__.py": "from .net import train as fit\n",
            "src/models/net.py": "def train(): pass\n",
        },
    )
    assert found == {"src/models/net.py:train"}


def test_a_function_that_is_handed_on_is_reached(make_snapshot: MakeSnapshot) -> None:
    text = "def step(): pass\nSTEPS = [step]\nfor one in STEPS:\n    one()\n"
    assert from_main(make_snapshot, {"main.py": text}) == {"main.py:step"}


def test_a_method_is_reached_where_running_code_names_it(
    make_snapshot: MakeSnapshot,
) -> None:
    text = (
        "class Model:\n"
        "    def __init__(self): pass\n"
        "    def fit(self): self.check()\n"
        "    def check(self): pass\n"
        "    def never(self): pass\n"
        "Model().fit()\n"
    )
    found = from_main(make_snapshot, {"main.py": text})
    assert found == {"main.py:__init__", "main.py:fit", "main.py:check"}


def test_the_methods_of_a_class_that_extends_a_librarys_are_its_to_call(
    make_snapshot: MakeSnapshot,
) -> None:
    text = (
        "from sklearn.base import BaseEstimator\n"
        "class Clean(BaseEstimator):\n    def transform(self): pass\n"
        "class Idle(BaseEstimator):\n    def transform(self): pass\n"
        "Clean()\n"
    )
    snapshot = make_snapshot({"main.py": text})
    reach = reach_from(snapshot, [Start("main.py")])
    file = code_of(snapshot).files["main.py"]
    assert reach.reaches(file.functions["Clean.transform"])
    assert not reach.reaches(file.functions["Idle.transform"])


@pytest.mark.parametrize(
    "call",
    [
        'import subprocess, sys\nsubprocess.run([sys.executable, "src/train.py"])',
        'import subprocess as sp\nsp.check_call(["python", "-m", "src.train"])',
        'from subprocess import run\nrun("python src/train.py --x 1", shell=True)',
        'import os\nos.system("cd . && python3 src/train.py")',
        'from importlib import import_module\nimport_module("src.train").fit()',
        'from importlib import import_module\nfor s in ["train"]:\n'
        '    import_module(f"src.{s}").fit()',
        'import runpy\nrunpy.run_path("src/train.py")',
    ],
)
def test_what_is_started_by_a_command_is_followed(
    call: str, make_snapshot: MakeSnapshot
) -> None:
    train = "def fit(): pass\n" + 'if __name__ == "__main__":\n    fit()\n'
    snapshot = make_snapshot({"main.py": call + "\n", "src/train.py": train})
    reach = reach_from(snapshot, [Start("main.py")])
    assert "src/train.py" in reach.paths
    if "fit()" not in call and "import_module" not in call:
        assert reached(reach) == {"src/train.py:fit"}


PROJECT = "entry_points:\n  main:\n    command: python run.py\n"


def test_mlflow_steps_are_those_that_the_runner_or_its_steps_name(
    make_snapshot: MakeSnapshot,
) -> None:
    runner = (
        "import mlflow\nSTEPS = ['train']\n"
        "for step in STEPS:\n    mlflow.run(f'src/{step}', 'main')\n"
    )
    files = {
        "main.py": runner,
        "config.yaml": "main:\n  steps: train,evaluate\nfeatures: {n: 1}\n",
        **{
            f"src/{one}/MLproject": PROJECT for one in ("train", "evaluate", "features")
        },
        **{f"src/{one}/run.py": "x = 1\n" for one in ("train", "evaluate", "features")},
    }
    reach = reach_from(make_snapshot(files), [Start("main.py")])
    assert reach.paths == {"main.py", "src/train/run.py", "src/evaluate/run.py"}


def test_what_hydra_makes_is_a_name_and_no_script(make_snapshot: MakeSnapshot) -> None:
    files = {
        "main.py": "from hydra.utils import instantiate\ninstantiate(cfg.model)\n",
        "conf/model.yaml": "_target_: src.model.Net\n",
        "conf/sweep.yaml": "program: src/sweep.py\n",
        "src/model.py": "class Net:\n    pass\n",
        "src/sweep.py": "x = 1\n",
    }
    reach = reach_from(make_snapshot(files), [Start("main.py")])
    assert reach.paths == {"main.py", "src/model.py"}


def test_a_route_of_an_app_is_the_frameworks_to_call(
    make_snapshot: MakeSnapshot,
) -> None:
    text = (
        "from fastapi import FastAPI\nimport hydra\n"
        "def make(): return FastAPI()\n"
        "app = make()\n"
        "@app.get('/')\ndef root(): pass\n"
        "@hydra.main()\ndef main(cfg): pass\n"
    )
    assert from_main(make_snapshot, {"main.py": text}) == {
        "main.py:make",
        "main.py:root",
    }


def test_modules_that_import_each_other_are_followed_once(
    make_snapshot: MakeSnapshot,
) -> None:
    found = from_main(
        make_snapshot,
        {
            "main.py": "import b\ndef f(): b.g()\nf()\n",
            "b.py": "import main\ndef g(): main.f()\n",
        },
    )
    assert found == {"main.py:f", "b.py:g"}


def test_a_sum_of_many_terms_is_no_trouble(make_snapshot: MakeSnapshot) -> None:
    text = "def f(): pass\nx = " + " + ".join(["f()"] * 800) + "\n"
    assert from_main(make_snapshot, {"main.py": text}) == {"main.py:f"}


@pytest.mark.parametrize(
    ("files", "path"),
    [
        ({"main.py": "import a\n", "a.py": ""}, "main.py"),
        (
            {"main.py": "print(1)\n", "src/main.py": "import a\n", "src/a.py": ""},
            "src/main.py",
        ),
        (
            {
                "app/main.py": "from fastapi import FastAPI\nimport app.m\napp = FastAPI()\n",
                "app/m.py": "",
                "src/run.py": "import a\n",
                "src/a.py": "",
            },
            "src/run.py",
        ),
        ({"churn.py": "import a\n" + GUARD, "a.py": ""}, "churn.py"),
        ({"tests/main.py": "import a\n", "a.py": ""}, None),
        ({"README.md": "python main.py"}, None),
    ],
)
def test_the_runner_is_what_leads_to_the_project(
    files: Mapping[str, str], path: str | None, make_snapshot: MakeSnapshot
) -> None:
    assert pipeline_of(make_snapshot(files)).entry.path == path


def test_stages_of_dvc_and_console_scripts_start_the_pipeline(
    make_snapshot: MakeSnapshot,
) -> None:
    snapshot = make_snapshot(
        {
            "dvc.yaml": "stages:\n  train:\n    cmd: [python src/train.py, echo done]\n",
            "pyproject.toml": "[project.scripts]\ngo = 'pack.cli:go'\n",
            "src/train.py": "x = 1\n",
            "pack/__init__.py": "",
            "pack/cli.py": "def go(): pass\ndef other(): pass\n",
        }
    )
    pipeline = pipeline_of(snapshot)
    assert {"src/train.py", "pack/cli.py"} <= pipeline.reach.paths
    assert reached(pipeline.reach) == {"pack/cli.py:go"}
