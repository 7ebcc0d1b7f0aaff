"""Orchestration: projects, steps, lists, other tools; the examples say the rest."""

from collections.abc import Mapping

import pytest

from grader.checkers._base import Bench
from grader.model.measurement import Measured
from tests.checkers.conftest import Measure, told
from tests.conftest import MakeSnapshot

PROJECT = "name: {0}\nentry_points:\n  main:\n    command: python run.py\n"
STEPS: Mapping[str, str] = {
    "src/load/MLproject": PROJECT.format("load"),
    "src/load/run.py": "print('loaded')\n",
    "src/train/MLproject": PROJECT.format("train"),
    "src/train/run.py": "print('trained')\n",
}


@pytest.fixture
def measured(make_snapshot: MakeSnapshot, bench: Bench) -> "Measuring":
    return Measuring("orchestration", make_snapshot, bench)


class Measuring(Measure):
    """What orchestrates some files."""

    def runner(self, body: str, **files: str) -> Measured:
        """Of a main.py with these lines, and two projects below src/."""
        text = f"import os, sys, subprocess\nfrom pathlib import Path\n{body}\n"
        return self({"main.py": text, **STEPS, **files})

    def project(self, text: str, **files: str) -> Measured:
        """Of an MLproject beside a main.py."""
        return self({"MLproject": text, "main.py": "print('run')\n", **files})


@pytest.mark.parametrize(
    ("body", "steps"),
    [
        ("import mlflow\nmlflow.run('src/load')\nmlflow.run('./src/train', 'main')", 2),
        ("import mlflow as m\nm.run(uri='src/load', entry_point='main')", 1),
        ("from mlflow import run\nrun('src/load')", 1),
        ("from mlflow.projects import run as go\ngo('src#load')", 1),
        ("import mlflow\nfor s in ('load', 'train'):\n    mlflow.run(f'src/{s}')", 2),
        ("import mlflow\nALL = ['load', 'train']\nactive = [s for s in ALL if s in sys.argv]\n"
         "for s in active or ALL:\n    mlflow.run(str(Path(__file__).parent / 'src' / s))", 2),
        ("import mlflow\nfor s in {'src/load': 1, 'src/train': 2}.items():\n    mlflow.run(s[0])",
         2),
        ("import mlflow\ndef go(step):\n    mlflow.run(os.path.join('src', step))\n"
         "go('train')", 1),
        ("subprocess.run(['mlflow', 'run', 'src/load', '-e', 'main'], check=True)", 1),
        ("import mlflow\nmlflow.run('src/load', 'train')", 0),
        ("import mlflow\nmlflow.run('src/evaluate')", 0),
        ("import mlflow\nmlflow.start_run()", 0),
        ("def run(x): ...\nrun('src/load')", 0),
        ("text = \"mlflow.run('src/load')\"", 0),
    ],
)  # fmt: skip
def test_which_steps_a_call_runs(body: str, steps: int, measured: Measuring) -> None:
    found = measured.runner(body).values
    assert (found["steps"], found["steps_run"]) == (steps, int(steps > 0))
    assert found["chained"] == int(steps >= 2)


def test_steps_that_only_the_configuration_names_are_run(measured: Measuring) -> None:
    body = (
        "import mlflow, yaml\nconfig = yaml.safe_load(open('config.yaml'))\n"
        "for step in config['steps']:\n    mlflow.run(f'src/{step}')"
    )
    found = measured.runner(body, **{"config.yaml": "steps: [load, train]\n"})
    assert [
        found.values[name] for name in ("steps", "steps_match", "steps_chosen")
    ] == [
        2,
        1,
        1,
    ]
    found = measured.runner(body, **{"config.yaml": "steps: [load, tune]\n"})
    assert "src/tune" in told(found, "steps_run")
    assert not found.values["steps_run"] and not found.values["steps_match"]


def test_a_step_that_is_not_given_what_it_needs_can_not_run(
    measured: Measuring,
) -> None:
    needs = (
        "name: a\nentry_points:\n  main:\n    parameters: {rows: int}\n"
        "    command: python run.py {rows}\n"
    )
    body = "import mlflow\nmlflow.run('src/load', parameters={%s})"
    files = {"src/load/MLproject": needs}
    assert "rows" in told(measured.runner(body % "", **files), "steps_run")
    assert measured.runner(body % "'rows': 3", **files).values["steps_run"] == 1


def test_a_project_of_another_repository_is_a_step_that_nobody_looks_at(
    measured: Measuring,
) -> None:
    found = measured.runner("import mlflow\nmlflow.run('https://github.com/a/b#load')")
    assert found.values["steps_run"] == 1
    assert "another repository" in told(found, "steps_run")


@pytest.mark.parametrize(
    ("command", "works"),
    [
        ("python main.py", 1),
        ("python main.py {steps} && python -m src.report", 1),
        ("cd src && python report.py", 1),
        ("python src\\\\report.py", 1),
        ("bash run.sh", 0),
        ("python -m src.plot", 0),
        ("report --all", 1),
        ("pytest -q", 0),
        ("python -c 'import main'", 0),
        ("echo python main.py", 0),
        ("make all", 0),
        ("python ../main.py", 0),
    ],
)
def test_whether_what_an_entry_point_starts_is_there(
    command: str, works: int, measured: Measuring
) -> None:
    text = (
        "name: a\nentry_points:\n  main:\n    parameters: {steps: str}\n"
        f'    command: "{command}"\n'
    )
    scripts = "[project.scripts]\nreport = 'src.report:main'\n"
    found = measured.project(
        text, **{"src/report.py": "print(1)\n", "pyproject.toml": scripts}
    )
    assert found.values["entry_points"] == works, told(found, "entry_points")


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("name: [a\n", "mlproject", "can't be read"),
        ("- a\n", "mlproject", "can't be read"),
        ("", "mlproject", "can't be read"),
        ("entry_points: {main: {command: python main.py}}\n", "mlproject", "no name"),
        ("name: a\nentry_points: {main: {parameters: {}}}\n", "entry_points", "no command"),
        ("name: a\nentry_points: [main]\n", "entry_points", "starts a file"),
        ("name: a\nentry_points: {main: {command: 'python main.py {x'}}\n", "entry_points",
         "braces"),
        ("name: a\nentry_points: {main: {command: 'python main.py ${HOME}'}}\n", "parameters",
         "HOME"),
        ("name: a\n", "environment", "names no"),
        ("name: a\nconda_env: 7\n", "environment", "names no"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_project_is_said(
    text: str, line: str, words: str, measured: Measuring
) -> None:
    found = measured.project(text)
    assert found.values[line] == 0
    assert words in told(found, line)


def test_mlflow_knows_the_file_in_any_case(measured: Measuring) -> None:
    found = measured({"src/MLProject": PROJECT.format("a"), "src/run.py": "print(1)\n"})
    assert found.values["entry_points"] == 1


FLOW = """\
from prefect import flow, task


@task(retries=2)
def clean():
    return open("a").read().strip()


@task
def train():
    return open("b").read().strip()


@flow(name="all")
def everything():
    clean.submit()
    train.with_options(retries=3)()
"""
DAG = """\
from airflow import DAG
from airflow.operators.python import PythonOperator

with DAG("all") as dag:
    a = PythonOperator(task_id="a", python_callable=print)
    b = PythonOperator(task_id="b", python_callable=print)
"""
TASKFLOW = (
    FLOW.replace(
        "from prefect import flow, task", "from airflow.decorators import dag, task"
    )
    .replace("@flow(", "@dag(")
    .replace(".submit", "")
)
AGAIN = """all:
\t$(MAKE) clean
\t@if true; then ${MAKE} train; fi
\t$(MAKE) all

clean:
\tpython clean.py

train:
\tpython -m train
"""
MAKE = "all: clean train\n\nclean:\n\tpython clean.py\n\ntrain:\n\t@python -m train\n"
SCRIPTS = {"clean.py": "print(1)\n", "train.py": "print(2)\n"}


@pytest.mark.parametrize(
    ("files", "tool"),
    [
        ({"flow.py": FLOW + "\n\nif __name__ == '__main__':\n    everything()\n"}, "Prefect"),
        ({"flow.py": FLOW, "prefect.yaml": "deployments: [{entrypoint: 'flow.py:everything'}]\n"},
         "Prefect"),
        ({"flow.py": FLOW + "\n\neverything.serve(name='nightly')\n"}, "Prefect"),
        ({"flow.py": FLOW}, None),
        ({"dags/a.py": DAG + "    a >> b\n"}, "Airflow"),
        ({"dags/a.py": DAG}, None),
        ({"dags/a.py": DAG.replace("airflow", "mine") + "    a >> b\n"}, None),
        ({"Makefile": MAKE, **SCRIPTS}, "make"),
        ({"Makefile": AGAIN, **SCRIPTS}, "make"),
        ({"Makefile": AGAIN.replace("$(MAKE)", "-make"), **SCRIPTS}, "make"),
        ({"Makefile": AGAIN.replace("$(MAKE)", "$(MAKE) -C deep"), **SCRIPTS}, None),
        ({"Makefile": AGAIN.replace("$(MAKE)", "cd deep && make"), **SCRIPTS}, None),
        ({"Makefile": AGAIN.replace("\t$", "\techo $"), **SCRIPTS}, None),
        ({"Makefile": MAKE, "clean.py": "print(1)\n"}, None),
        ({"Makefile": MAKE, "clean.py": "print(1)\n", "train.py": "import streamlit as st\n"},
         None),
        ({"dags/a.py": TASKFLOW + "\n\ndag = everything()\n"}, "Airflow"),
        ({"dags/a.py": TASKFLOW}, None),
        ({"Makefile": "test:\n\tpython clean.py\nrun:\n\tpython train.py\n", **SCRIPTS}, None),
    ],
)  # fmt: skip
def test_which_tool_runs_steps(
    files: Mapping[str, str], tool: str | None, measured: Measuring
) -> None:
    found = measured(files)
    assert found.values["chained"] == found.values["other_tools"] == int(bool(tool))
    assert (tool or "No two steps") in told(found, "chained")


@pytest.mark.parametrize(
    ("lines", "chosen"),
    [
        ("import argparse\np = argparse.ArgumentParser()\np.add_argument('--steps')\n"
         "args = p.parse_args()\nprint(args.steps)", 1),
        ("import argparse\np = argparse.ArgumentParser()\np.add_argument('--steps')\n"
         "args = p.parse_args()", 0),
        ("import yaml\nc = yaml.safe_load(open('config.yaml'))\nprint(c['main']['steps'])", 1),
        ("import yaml\nc = yaml.safe_load(open('config.yaml'))\nprint(c.get('main').get('steps'))",
         1),
        ("import yaml\nc = yaml.safe_load(open('config.yaml'))\nprint(c['model']['steps'])", 0),
        ("import yaml\nc = yaml.safe_load(open('config.yaml'))\nprint(c['model']['n_steps'])", 0),
        ("from sklearn.pipeline import Pipeline\np = Pipeline(steps=[])\nprint(p.steps)", 0),
    ],
)  # fmt: skip
def test_who_says_which_steps_run(lines: str, chosen: int, measured: Measuring) -> None:
    config = "main:\n  steps: all\nmodel:\n  n_steps: 3\n"
    found = measured({"main.py": lines + "\n", "config.yaml": config})
    assert found.values["steps_chosen"] == chosen, told(found, "steps_chosen")


@pytest.mark.parametrize(
    ("lines", "matches"),
    [
        ("STEPS = ['load', 'train']\nfor s in STEPS:\n    print(s)", 1),
        ("STEPS = ['load', 'tune']\nfor s in STEPS:\n    print(s)", 0),
        (
            "STEPS = ['load', 'tune']\nfor s in STEPS:\n    if s == 'tune':\n        print(s)",
            1,
        ),
        (
            "STEPS = ['load', 'tune']\nfor s in STEPS:\n    if s == 'tune':\n        pass",
            0,
        ),
        ("STEPS = ['load', 'train']", 0),
        (
            "def go():\n    return open('a').read()\n"
            "STEPS = {'one': go, 'two': go}\nprint(STEPS['one'])",
            1,
        ),
        ("steps = [('scale', 1), ('train', 2)]\nprint(steps)", 0),
    ],
)
def test_a_list_of_steps_names_what_is_there(
    lines: str, matches: int, measured: Measuring
) -> None:
    found = measured({"main.py": lines + "\n", **STEPS})
    assert found.values["steps_match"] == matches, told(found, "steps_match")


@pytest.mark.parametrize(
    ("decorator", "words"),
    [
        ("@hydra.main", "brackets"),
        ("@hydra.main()", "names no configuration"),
        ("@hydra.main(config_path='conf', config_name='other')", "conf/other.yaml"),
        ("@hydra.main(config_path='.', config_name='broken')", "can't be read"),
        ("@hydra.main(config_path='conf', config_name='config.yaml')", "takes conf/"),
        ("@hydra.main('conf', 'config')", "takes conf/"),
        ("@hydra.main(config_path=str(Path(__file__).parent), config_name='config')",
         "takes conf/"),
    ],
)  # fmt: skip
def test_what_hydra_starts_with(
    decorator: str, words: str, measured: Measuring
) -> None:
    text = (
        f"import hydra\nfrom pathlib import Path\n\n{decorator}\n"
        "def main(cfg):\n    print(cfg)\n\nmain()\n"
    )
    files = {"main.py": text, "conf/config.yaml": "a: 1\n", "broken.yaml": "a: [\n"}
    found = measured(files)
    assert words in told(found, "hydra")
    assert found.values["hydra"] == int(words == "takes conf/")


@pytest.mark.sandbox
def test_hostile_projects_and_lists_are_bounded(measured: Measuring) -> None:
    points = "".join(
        f"  p{at}:\n    command: {'python a.py && ' * 300}true\n" for at in range(300)
    )
    rows = ", ".join(f"'s{at}'" for at in range(5_000))
    found = measured(
        {
            "MLproject": f"name: a\nentry_points:\n{points}",
            "deep/MLproject": "{a: " * 200,
            "Makefile": "a: a b\nb: a\n\tmake a\n",
            "main.py": "import mlflow\n"
            f"STEPS = [{rows}]\nx = STEPS\nSTEPS = x\n"
            "for step in STEPS:\n    mlflow.run('src/' + step)\n"
            f"mlflow.run({'(' * 60}{'+'.join(['x'] * 500)}{')' * 60})\n",
        }
    )
    assert found.values["mlproject"] == found.values["entry_points"] == 0
    assert found.values["chained"] == 0
    assert all(len(one.told) < 1_000 for one in found.answers)
