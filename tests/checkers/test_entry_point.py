"""The runner: which file it is, and what of it counts; the examples say the rest."""

from collections.abc import Mapping

import pytest

from grader.checkers._base import Bench
from grader.checkers.entry_point import EntryPoint, EntryPointOptions
from grader.checkers.pipeline_stages import PipelineStages, PipelineStagesOptions
from grader.codebase.entry import pipeline_of
from grader.model.measurement import Measured, NotApplicable
from tests.checkers.conftest import Measure, told
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


@pytest.mark.parametrize(
    ("end", "holds"),
    [
        ("sys.exit(1)", 1),
        ("sys.exit('No data')", 1),
        ("sys.exit(f'No {x}')", 1),
        ("sys.exit(-1)", 1),
        ("exit(1)", 1),
        ("raise SystemExit(2)", 1),
        ("raise typer.Exit(code=1)", 1),
        ("parser.error('No data')", 1),
        ("sys.exit(0)", 0),
        ("sys.exit()", 0),
        ("raise typer.Exit()", 0),
        ("sys.exit(work(x))", 0),
        ("log.error('No data')", 0),
    ],
)
def test_an_if_that_ends_with_a_status_handles_an_error(
    end: str, holds: int, measured: Measure
) -> None:
    head = (
        "import argparse, logging, sys, typer\nlog = logging.getLogger(__name__)\n"
        "parser = argparse.ArgumentParser()\n"
    )
    for body in (
        f"    if not x:\n        log.info('x')\n        {end}\n",
        f"    if x:\n        log.info('x')\n    else:\n        {end}\n",
    ):
        found = measured({**MODULE, "main.py": f"{head}def main(x):\n{body}"})
        assert found.values["error_handling"] == holds
    found = measured({**MODULE, "main.py": f"{head}def main(x):\n    {end}\n"})
    assert found.values["error_handling"] == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "x = 1\n",
            "main.py has no `except`, and no `if` that ends with a status other than 0.",
        ),
        (
            "for x in []:\n    try:\n        open(x)\n    except OSError:\n"
            "        continue\n",
            "No `except` in main.py does more than pass or continue.",
        ),
        (
            "try:\n    import wandb\nexcept ImportError:\n    wandb = None\n",
            "Each `except` in main.py is only for a missing import.",
        ),
    ],
)
def test_why_errors_are_not_handled_is_told(
    text: str, said: str, measured: Measure
) -> None:
    assert told(measured({"main.py": text}), "error_handling") == said


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
        # What Lightning calls validation evaluates the model; its loaders load the data.
        (
            {"main.py": "from m import Net\nNet().validation_step(1)\n"
             "Net().train_dataloader()\n",
             "m.py": "class Net:\n    def validation_step(self, x):\n"
             "        return sorted(x)\n"
             "    def train_dataloader(self):\n        return sorted([1])\n"},
            {"validation": 0, "evaluation": 1, "loading": 1, "training": 0},
        ),
        (
            {"main.py": "from d import *\nget_dataloaders([1])\n",
             "d.py": "def get_dataloaders(x):\n    return sorted(x)\n"},
            {"loading": 1, "stages": 1},
        ),
        (
            {"main.py": "from d import *\nextract_features([1])\n",
             "d.py": "def extract_features(x):\n    return sorted(x)\n"},
            {"loading": 0, "features": 1},
        ),
        # Where data comes from says nothing of what is loaded.
        (
            {"main.py": "from d import *\nread_data_from_file('x')\n",
             "d.py": "def read_data_from_file(x):\n    return open(x).read()\n"},
            {"loading": 1},
        ),
        # What is shown, or asked for over the web, is no stage of the pipeline.
        (
            {"main.py": "from d import *\ndisplay_csv_download()\nplot_features([1])\n"
             "metrics()\nread_root()\npredict([1])\n",
             "d.py": "def display_csv_download():\n    return button('x')\n"
             "def plot_features(x):\n    return draw(x)\n"
             "@app.get('/metrics')\ndef metrics():\n    return newest()\n"
             "@app.get('/')\ndef read_root():\n    return newest()\n"
             "@app.post('/predict')\ndef predict(x):\n    return sorted(x)\n"},
            {"stages": 1, "inference": 1},
        ),
        # A loop that only talks is what a template has.
        (
            {"main.py": "from src.train import main\nmain()\n",
             "src/train.py": "def main():\n    for i in tqdm(range(10), total=10):\n"
             "        if i == 5:\n            logger.info('half')\n"
             "    logger.success('done')\n"},
            {"training": 0, "stub_stages": 1},
        ),
        (
            {"main.py": "from src.train import main\nmain()\n",
             "src/train.py": "def main():\n    for x in fit(3):\n        print(x)\n"},
            {"training": 1},
        ),
        (
            {"main.py": "from v import *\nvalidate_data([1])\n",
             "v.py": "def validate_data(x):\n    if x:\n        return True\n"
             "    return False\n"},
            {"validation": 1},
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


def test_a_long_chain_of_branches_that_talk_is_read(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    branches = "".join(
        f"    elif x == {number}:\n        print({number})\n" for number in range(1_500)
    )
    text = f"def train_model(x):\n    if not x:\n        print(x)\n{branches}"
    snapshot = make_snapshot({"main.py": "import src.train\n", "src/train.py": text})
    outcome = PipelineStages().measure(snapshot, PipelineStagesOptions(), bench).outcome
    assert isinstance(outcome, Measured)
    assert outcome.values["stub_stages"] == 1


def test_the_template_of_a_runner_is_not_taken_for_one(
    make_snapshot: MakeSnapshot,
) -> None:
    talks = "def main():\n    for i in range(10):\n        print(i)\n"
    guard = "if __name__ == '__main__':\n    main()\n"
    snapshot = make_snapshot(
        {
            "src/config.py": "PLACE = 'x'\n",
            "src/train.py": f"from src.config import PLACE\n{talks}{guard}",
            "jobs/daily.py": "from src.work import work\n"
            f"def main():\n    work()\n{guard}",
            "src/work.py": "def work():\n    return open('x')\n",
        }
    )
    assert pipeline_of(snapshot).entry.path == "jobs/daily.py"


def test_what_a_readme_says_to_run_is_part_of_the_pipeline(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    files = {
        "README.md": "# A\n```bash\npython main.py\npython src/evaluate.py --all\n"
        "python tools/call.py\n```\n",
        "main.py": "from src.train import train_model\ntrain_model([1])\n",
        "src/evaluate.py": "from src import core\ndef evaluate():\n    core.f([1])\n"
        "if __name__ == '__main__':\n    evaluate()\n",
        "src/core.py": "def f(x):\n    return sorted(x)\n",
        "src/infer.py": "def predict(x):\n    return sorted(x)\n",
        # A helper that leads to nothing of the project is no part of it.
        "tools/call.py": "def predict():\n    return post('x')\npredict()\n",
        **MODULE,
    }
    snapshot = make_snapshot(files)
    assert [one.path for one in pipeline_of(snapshot).starts] == [
        "main.py",
        "src/evaluate.py",
    ]
    checker, options = PipelineStages(), PipelineStagesOptions()
    outcome = checker.measure(snapshot, options, bench).outcome
    assert isinstance(outcome, Measured)
    found = {
        name for name in ("training", "evaluation", "inference") if outcome.values[name]
    }
    assert found == {"training", "evaluation"}
