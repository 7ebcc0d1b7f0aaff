"""The runner: which file it is, and what of it counts; the examples say the rest."""

from collections.abc import Mapping

import pytest

from grader.checkers._base import Bench
from grader.checkers.entry_point import EntryPoint, EntryPointOptions
from grader.checkers.pipeline_stages import PipelineStages, PipelineStagesOptions
from grader.model.measurement import Measured, NotApplicable
from tests.checkers.conftest import Measure
from tests.conftest import MakeSnapshot

MODULE = {"src/train.py": "def train_model(x):\n    return sorted(x)\n"}


@pytest.fixture
def measured(make_snapshot: MakeSnapshot, bench: Bench) -> Measure:
    return Measure("entry-point", make_snapshot, bench)


@pytest.mark.parametrize(
    "line",
    [
        "import pandas as pd\nframe = pd.read_csv('x.csv')",
        "from src.train import train_model\nmodel = train_model([1])",
        "for x in [1]:\n    y = x",
        "with open('x') as file:\n    text = 1",
        "try:\n    import wandb\nexcept ImportError:\n    wandb = None\nwandb.login()",
        "if True:\n    open('x').read()",
        "print('hello')",
    ],
)
def test_work_at_the_modules_level_is_seen(line: str, measured: Measure) -> None:
    found = measured(
        {**MODULE, "main.py": f"{line}\n\ndef main():\n    print(1 + 1)\n"}
    )
    assert found.values["nothing_at_import"] == 0


@pytest.mark.parametrize(
    "line",
    [
        "import logging\nlogging.basicConfig(level=1)\nlog = logging.getLogger(__name__)",
        "from pathlib import Path\nROOT = Path(__file__).resolve().parent",
        "from dotenv import load_dotenv\nload_dotenv()",
        "import sys\nsys.path.insert(0, 'src')",
        "NAMES = 'a b'.split()",
        "import typer\napp = typer.Typer()",
        "import argparse\nparser = argparse.ArgumentParser()\nparser.add_argument('--x')",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import pandas",
    ],
)
def test_naming_and_configuring_is_no_work(line: str, measured: Measure) -> None:
    found = measured({**MODULE, "main.py": f"{line}\n\ndef main():\n    open('x')\n"})
    assert found.values["nothing_at_import"] == 1


@pytest.mark.parametrize(
    "text",
    [
        "import typer\napp = typer.Typer()\n@app.command()\ndef run(x: int): open('x')\n"
        "if __name__ == '__main__':\n    app()\n",
        "from typer import run as go\ndef f(x: int): open('x')\n"
        "if __name__ == '__main__':\n    go(f)\n",
        "import click\n@click.command()\n@click.option('--x')\ndef f(x): open('x')\n"
        "if __name__ == '__main__':\n    f()\n",
        "import hydra as h\n@h.main(config_path='conf')\ndef main(cfg): open('x')\n"
        "if __name__ == '__main__':\n    main()\n",
        "from argparse import ArgumentParser\ndef parse():\n    p = ArgumentParser()\n"
        "    return p.parse_args()\ndef main(): parse()\n"
        "if __name__ == '__main__':\n    main()\n",
    ],
)
def test_arguments_are_known_by_every_librarys_name_for_them(
    text: str, measured: Measure
) -> None:
    found = measured({**MODULE, "main.py": text})
    assert (found.values["arguments"], found.values["guard"]) == (1, 1)


def test_what_is_short_is_the_rubrics_to_say(measured: Measure) -> None:
    body = "".join(f"    x{n} = open('{n}')\n" for n in range(20))
    files = {**MODULE, "main.py": f"def main():\n{body}"}
    assert measured(files).values["short"] == 1
    found = measured(files, main_lines=20)
    assert (found.values["short"], found.values["main_lines"]) == (0, 21)


def test_a_handler_of_a_missing_import_is_not_how_errors_are_handled(
    measured: Measure,
) -> None:
    text = "try:\n    import wandb\nexcept ImportError:\n    wandb = None\n"
    assert measured({"main.py": text}).values["error_handling"] == 0


def test_stages_that_stand_in_the_runner_itself_are_not_delegated(
    measured: Measure,
) -> None:
    text = "def train_model():\n    return sorted([1])\ntrain_model()\n"
    assert measured({"main.py": text}).values["stages_called"] == 0


def test_without_a_runner_every_line_says_what_was_looked_for(
    measured: Measure,
) -> None:
    found = measured({"src/fit.py": "def fit(x):\n    return sorted(x)\n"})
    assert all(not answer.holds for answer in found.answers)
    assert all("main.py" in answer.told for answer in found.answers)


def test_a_repository_without_python_is_not_applicable(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    snapshot = make_snapshot({"README.md": "x"})
    for outcome in (
        EntryPoint().measure(snapshot, EntryPointOptions(), bench).outcome,
        PipelineStages().measure(snapshot, PipelineStagesOptions(), bench).outcome,
    ):
        assert isinstance(outcome, NotApplicable)


@pytest.mark.parametrize(
    ("files", "values"),
    [
        # A name made of two stages counts for both; a split is neither.
        (
            {"main.py": "from s import *\ntrain_and_evaluate()\ntrain_test_split()\n",
             "s.py": "def train_and_evaluate():\n    return sorted([1])\n"
             "def train_test_split():\n    return sorted([1])\n"},
            {"stages": 2, "dead_stages": 0},
        ),
        # Reading a configuration or a model is not loading data.
        (
            {"main.py": "import u\nu.load_config()\nu.load_model()\n",
             "u.py": "def load_config():\n    return open('x')\n"
             "def load_model():\n    return open('x')\n"},
            {"stages": 0, "loading": 0},
        ),
        # The word may be the folder's.
        (
            {"main.py": "from src.data_validation import core\ncore.check([1])\n",
             "src/data_validation/core.py": "def check(x):\n    assert sum(x)\n    f(x)\n"},
            {"validation": 1, "stages": 1},
        ),
        (
            {"main.py": "import src.train\n",
             "src/train.py": "def train_model(x):\n    return sorted(x)\n",
             "src/infer.py": "def predict(x):\n    raise NotImplementedError\n"},
            {"stages": 0, "dead_stages": 1, "stub_stages": 1},
        ),
    ],
)  # fmt: skip
def test_stages_are_told_by_names_and_by_what_runs(
    files: Mapping[str, str],
    values: Mapping[str, int],
    make_snapshot: MakeSnapshot,
    bench: Bench,
) -> None:
    checker, options = PipelineStages(), PipelineStagesOptions()
    outcome = checker.measure(make_snapshot(files), options, bench).outcome
    assert isinstance(outcome, Measured)
    assert {name: outcome.values[name] for name in values} == values
