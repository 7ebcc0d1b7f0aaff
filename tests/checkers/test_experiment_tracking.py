"""Experiment tracking: what of a call counts for which line; the examples say the rest."""

import pytest

from grader.checkers._base import Bench
from grader.checkers.experiment_tracking import (
    ExperimentTracking,
    ExperimentTrackingOptions,
)
from grader.model.measurement import Measured, NotApplicable
from tests.checkers.conftest import Measure, told
from tests.conftest import MakeSnapshot


@pytest.fixture
def measured(make_snapshot: MakeSnapshot, bench: Bench) -> "Tracking":
    return Tracking(make_snapshot, bench)


class Tracking:
    """The tracking of a runner whose main() has these lines; `files` are whole ones."""

    def __init__(self, make_snapshot: MakeSnapshot, bench: Bench) -> None:
        self.files = Measure("experiment-tracking", make_snapshot, bench)

    def __call__(self, body: str, **files: str) -> Measured:
        lines = "".join(f"    {line}\n" for line in body.splitlines())
        text = f"import os\nimport mlflow\nimport wandb\ndef main():\n{lines}main()\n"
        return self.files({"main.py": text, **files})


@pytest.mark.parametrize(
    ("body", "run"),
    [
        ("wandb.init()", 1),
        ("wandb.init(mode='offline')", 1),
        ("wandb.init(mode='disabled')", 0),
        ("mode = 'disabled'\nwandb.init(mode=mode)", 0),
        ("wandb.init(mode='online' if x else 'disabled')", 1),
        ("mlflow.start_run()", 1),
        ("mlflow.autolog()", 1),
        ("mlflow.sklearn.autolog(disable=True)", 0),
        ("mlflow.log_metric('a', 1)", 1),
        ("mlflow.set_experiment('a')", 0),
        ("mlflow.tracking.MlflowClient().create_run('1')", 1),
        ("from pytorch_lightning.loggers import WandbLogger\nWandbLogger()", 1),
        ("print('wandb.init()')", 0),
        ("wandb.login()", 0),
    ],
)
def test_what_a_run_is(body: str, run: int, measured: Tracking) -> None:
    assert measured(body).values["run"] == run


@pytest.mark.parametrize(
    ("body", "holds"),
    [
        ("wandb.init(config={'a': 1})", 1),
        ("wandb.init(config={})", 0),
        ("wandb.init(config=None)", 0),
        ("run = wandb.init()\nrun.config.update({'a': 1})", 1),
        ("wandb.init()\nwandb.config.lr = 0.1", 1),
        ("wandb.init()\nwandb.config['lr'] = 0.1", 1),
        ("wandb.init()\nprint(wandb.config.lr)", 0),
        ("with mlflow.start_run():\n    mlflow.log_param('a', 1)", 1),
        ("with mlflow.start_run():\n    mlflow.set_tag('a', 1)", 0),
    ],
)
def test_parameters_are_what_goes_into_the_run(
    body: str, holds: int, measured: Tracking
) -> None:
    assert measured(body).values["config"] == holds


@pytest.mark.parametrize(
    ("line", "holds"),
    [
        ("wandb.log({'auc': x})", 1),
        ("wandb.log(metrics)", 1),
        ("wandb.log({'auc': x, 'rows': wandb.Table()})", 1),
        ("wandb.log({'rows': wandb.Table()})", 0),
        ("wandb.log({'curve': wandb.plot.roc_curve(a, b)})", 0),
        ("wandb.summary['auc'] = x", 1),
        ("wandb.summary['data_hash'] = x", 0),
        ("wandb.summary['model_path'] = str(x)", 0),
        ("wandb.summary.update(report)", 1),
        ("mlflow.log_metrics({'auc': x})", 1),
        ("mlflow.evaluate(m, d)", 1),
        ("wandb.Table()", 0),
    ],
)
def test_metrics_are_numbers(line: str, holds: int, measured: Tracking) -> None:
    assert measured(f"wandb.init()\n{line}").values["metrics"] == holds


@pytest.mark.parametrize(
    ("body", "artifact", "finished"),
    [
        ("with wandb.init() as run:\n    run.log_artifact('m')", 1, 1),
        ("run = wandb.init()\nrun.link_model('m', 'n')\nrun.finish()", 1, 1),
        ("wandb.init()\nwandb.save('m')", 1, 0),
        ("mlflow.start_run()\nmlflow.log_artifact('m')\nmlflow.end_run()", 1, 1),
        ("with mlflow.start_run():\n    mlflow.xgboost.log_model(m, 'm')", 1, 1),
        ("mlflow.autolog()", 1, 1),
        ("mlflow.autolog(log_models=False)", 0, 1),
    ],
)
def test_what_is_kept_and_how_it_ends(
    body: str, artifact: int, finished: int, measured: Tracking
) -> None:
    values = measured(body).values
    assert (values["artifact"], values["finished"]) == (artifact, finished)


HELPERS = """import mlflow
import wandb

def begin(name):
    return mlflow.start_run(run_name=name)

def begin_or_not(on):
    if on:
        run = wandb.init()
        return run
    return None

def opened():
    return open("a")

def unused():
    with begin("a"):
        pass
"""


@pytest.mark.parametrize(
    ("body", "finished"),
    [
        ("with begin('a') as run:\n    pass", 1),
        ("with begin_or_not(True):\n    pass", 1),
        ("run = begin('a')\nwith run:\n    pass", 1),
        ("run = begin('a')", 0),
        ("begin('a')\nwith opened():\n    pass", 0),
        ("begin('a')\nwith wandb.init(mode='disabled'):\n    pass", 0),
        ("begin('a')\nwith mlflow.MlflowClient().create_run('1'):\n    pass", 0),
    ],
)
def test_a_run_of_the_projects_own_function_ends_with_its_block(
    body: str, finished: int, measured: Tracking
) -> None:
    body = f"from helpers import begin, begin_or_not, opened\n{body}"
    values = measured(body, **{"helpers.py": HELPERS}).values
    assert values["run"] == 1
    assert values["finished"] == finished


SETTINGS = """from pydantic_settings import BaseSettings

class Settings(BaseSettings):
    uri: str = "file:./mlruns"

settings = Settings()
"""


def test_settings_of_pydantic_come_from_the_environment(measured: Tracking) -> None:
    body = "from app import settings\nmlflow.set_tracking_uri(settings.uri)\nmlflow.start_run()"
    for text, holds in ((SETTINGS, 1), (SETTINGS.replace("BaseSettings", "A"), 0)):
        assert measured(body, **{"app.py": text}).values["configured"] == holds


@pytest.mark.parametrize(
    ("body", "holds"),
    [
        ("wandb.init(project=os.getenv('P'))", 1),
        ("wandb.init(project='p', entity=os.environ['E'])", 1),
        ("wandb.init(project='p')", 0),
        ("wandb.init()", 0),
        ("import yaml\ncfg = yaml.safe_load(open('c'))\nwandb.init(**{'project': cfg['p']})", 1),
        ("import yaml\ncfg = yaml.safe_load(open('c'))\n"
         "os.environ['WANDB_PROJECT'] = cfg['p']\nwandb.init()", 1),
        ("mlflow.set_experiment('e')\nmlflow.start_run()", 0),
        ("mlflow.set_tracking_uri(os.environ['U'])\nmlflow.start_run()", 1),
    ],
)  # fmt: skip
def test_where_it_goes_is_configured(body: str, holds: int, measured: Tracking) -> None:
    assert measured(body).values["configured"] == holds


@pytest.mark.parametrize(
    ("config", "enabled"),
    [
        ("wandb: {enabled: true}\n", 1),
        ("wandb: {enabled: false}\n", 0),
        ("use_wandb: false\n", 0),
        ("wandb: false\n", 0),
        ("wandb: {mode: disabled}\n", 0),
        ("wandb: {mode: online, log_plots: false}\n", 1),
        ("plots: {enabled: false}\n", 1),
        ("# wandb: {enabled: false}\n", 1),
        ("wandb: {enabled: 'false'}\n", 1),
        ("wandb: [\n", 1),
    ],
)
def test_what_the_configuration_turns_off_is_off(
    config: str, enabled: int, measured: Tracking
) -> None:
    found = measured("wandb.init()", **{"config.yaml": config})
    assert found.values["enabled"] == enabled


def test_the_environment_can_be_set_so_that_nothing_is_logged(
    measured: Tracking,
) -> None:
    found = measured("os.environ['WANDB_MODE'] = 'disabled'\nwandb.init()")
    assert found.values["enabled"] == 0
    found = measured("os.environ.setdefault('WANDB_MODE', 'disabled')\nwandb.init()")
    assert found.values["enabled"] == 0


@pytest.mark.parametrize(
    ("line", "holds"),
    [
        ("wandb.login(key='" + "a1b2" * 10 + "')", 0),
        ("wandb.login('" + "a1b2" * 10 + "')", 0),
        ("wandb.login(key='your-key')", 1),
        ("wandb.login(key=os.environ['WANDB_API_KEY'])", 1),
        ("os.environ['WANDB_API_KEY'] = 'abc'", 1),
        ("login(key='" + "a1b2" * 10 + "')", 1),
    ],
)
def test_a_key_in_the_code_is_seen_and_never_said(
    line: str, holds: int, measured: Tracking
) -> None:
    found = measured(f"wandb.init()\n{line}")
    assert found.values["no_key"] == holds
    assert "a1b2a1b2" not in found.model_dump_json()


def test_dead_code_is_told_as_such(measured: Tracking) -> None:
    dead = "import wandb\ndef track():\n    wandb.init()\n"
    found = measured("print(1 + 1)", **{"track.py": dead})
    assert found.values["run"] == 0
    assert "never comes to" in told(found, "run")


def test_an_import_alone_is_told_as_such(measured: Tracking) -> None:
    found = measured("print(1 + 1)")
    assert "imported" in told(found, "run")
    assert [one.quantity for one in found.answers if one.holds] == []


def test_tests_are_no_pipeline(measured: Tracking) -> None:
    test = "import wandb\ndef test_it():\n    wandb.init()\n"
    found = measured.files({"main.py": "print(1)\n", "tests/test_a.py": test})
    assert found.values["run"] == 0


def test_without_python_it_is_not_applicable(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    snapshot = make_snapshot({"README.md": "wandb.init()"})
    checker, options = ExperimentTracking(), ExperimentTrackingOptions()
    assert isinstance(checker.measure(snapshot, options, bench).outcome, NotApplicable)
