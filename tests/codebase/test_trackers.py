"""What code does with W&B and MLflow, by one name, however it comes to it."""

from collections.abc import Mapping

import pytest

from grader.codebase.code import code_of
from grader.codebase.trackers import trackers_of, training_reach
from tests.conftest import MakeSnapshot

RUN = "import wandb\nrun = wandb.init()\n"


def used(files: Mapping[str, str], make_snapshot: MakeSnapshot) -> list[str]:
    """The uses in all files, in order."""
    snapshot = make_snapshot(files)
    nodes = (
        (file, node)
        for file in code_of(snapshot).files.values()
        for node in file.names.nodes
    )
    return [one.name for one in trackers_of(snapshot).uses(nodes)]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("import wandb as w\nw.log({})\n", "wandb.log"),
        ("from wandb import log as put\nput({})\n", "wandb.log"),
        ("import wandb\nwandb.run.log({})\n", "wandb.log"),
        (f"{RUN}run.log({{}})\n", "wandb.log"),
        ("import wandb\nrun = None\nif 1:\n    run = wandb.init()\nrun.log({})\n", "wandb.log"),
        ("import wandb\nwith wandb.init() as run:\n    run.log({})\n", "wandb.log"),
        (f"def f(run):\n    run.log({{}})\n{RUN}f(run)\n", "wandb.log"),
        ("import wandb\ndef f(run: wandb.Run):\n    run.log({})\n", "wandb.log"),
        (
            "import wandb\nclass A:\n    def __init__(self):\n        self.run = wandb.init()\n"
            "    def f(self):\n        self.run.log({})\n",
            "wandb.log",
        ),
        (
            "import wandb\ndef start(on):\n    if not on:\n        return None\n"
            "    return wandb.init()\nrun = start(1)\nrun.log({})\n",
            "wandb.log",
        ),
        (
            "import importlib\ndef get():\n    return importlib.import_module('wandb')\n"
            "w = get()\nrun = w.init()\nrun.log({})\n",
            "wandb.log",
        ),
        (f"{RUN}run.summary.update({{}})\n", "wandb.summary.update"),
        (f"{RUN}run.summary['a'] = 1\n", "wandb.summary"),
        ("import wandb\nwandb.config.lr = 1\n", "wandb.config.lr"),
        ("from mlflow import MlflowClient as C\nc = C()\nc.log_metric(1)\n",
         "mlflow.client.log_metric"),
        ("import mlflow\nmlflow.tracking.MlflowClient().log_param()\n", "mlflow.client.log_param"),
        ("from mlflow.tracking.fluent import log_metric\nlog_metric(1)\n", "mlflow.log_metric"),
        ("import mlflow.sklearn as s\ns.log_model(1)\n", "mlflow.sklearn.log_model"),
    ],
)  # fmt: skip
def test_one_thing_has_one_name(
    text: str, name: str, make_snapshot: MakeSnapshot
) -> None:
    assert name in used({"main.py": text}, make_snapshot)


@pytest.mark.parametrize(
    "text",
    [
        "import wandb\n",
        "log = print\nlog('wandb.log')\n",
        "# wandb.log\nx.log({})\n",
        "import math\nmath.log(1)\nrun = None\nrun.log({})\n",
        "wandb = 1\nwandb.log({})\n",
        "import logging\nlogger = logging.getLogger('wandb')\nlogger.log(1, 'x')\n",
    ],
)
def test_what_only_looks_like_it_is_none(
    text: str, make_snapshot: MakeSnapshot
) -> None:
    assert used({"main.py": text}, make_snapshot) == []


def test_arguments_are_given_by_a_dictionary_too(make_snapshot: MakeSnapshot) -> None:
    text = "import wandb\nkw = {'project': 'p'}\nwandb.init(**kw, config={})\n"
    snapshot = make_snapshot({"main.py": text})
    file = code_of(snapshot).files["main.py"]
    (use,) = trackers_of(snapshot).uses((file, node) for node in file.names.nodes)
    assert set(use.given) == {"project", "config"}


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("README.md", "```\npython src/fit.py\n```\n"),
        ("Dockerfile", 'FROM x\nCMD ["python", "src/fit.py"]\n'),
        ("Makefile", "train:\n\tpython -m src.fit\n"),
    ],
)
def test_a_script_that_a_file_says_to_run_runs(
    path: str, text: str, make_snapshot: MakeSnapshot
) -> None:
    files = {
        "main.py": "from train import train_model\ntrain_model()\n",
        "train.py": "def train_model():\n    return sorted([1])\n",
        "src/fit.py": "import wandb\nwandb.init()\n",
    }
    assert "src/fit.py" not in training_reach(make_snapshot(files)).paths
    assert "src/fit.py" in training_reach(make_snapshot({**files, path: text})).paths


def test_a_flow_runs_where_no_runner_comes_to_training(
    make_snapshot: MakeSnapshot,
) -> None:
    flow = "from prefect import flow\n@flow(name='x')\ndef go():\n    import inner\n"
    snapshot = make_snapshot({"flow.py": flow, "inner.py": "x = 1\n"})
    assert "inner.py" in training_reach(snapshot).paths


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("import wandb\na = b\nb = a\na.log(1)\n", id="a circle"),
        pytest.param(
            "import wandb\ndef f():\n    return f()\nf().log(1)\n", id="itself"
        ),
        pytest.param("import wandb\nx" + ".y()" * 300 + ".log(1)\n", id="a chain"),
        pytest.param(
            "import wandb\n"
            + "".join(f"a{n} = a{n + 1} or a{n + 2}\n" for n in range(200))
            + "a0.log(1)\n",
            id="many ways",
        ),
    ],
)
def test_what_is_hostile_ends(text: str, make_snapshot: MakeSnapshot) -> None:
    assert used({"main.py": text}, make_snapshot) == []
