"""The model registry: names put together, versions told apart; the examples say the rest."""

import pytest

from grader.checkers._base import Bench
from grader.checkers.model_registry import ModelRegistry, ModelRegistryOptions
from grader.model.measurement import Measured, NotApplicable
from tests.checkers.conftest import Measure, told
from tests.conftest import MakeSnapshot


@pytest.fixture
def measured(make_snapshot: MakeSnapshot, bench: Bench) -> "Registry":
    return Registry("model-registry", make_snapshot, bench)


class Registry(Measure):
    """The registry's facts about some files."""

    def app(self, lines: str, **files: str) -> Measured:
        """Of an application with these lines at its level."""
        text = f"import os, mlflow, wandb\nfrom fastapi import FastAPI\napp = FastAPI()\n{lines}\n"
        return self({"src/api.py": text, **files})

    def pipeline(self, lines: str) -> Measured:
        """Of a runner that trains with these lines."""
        body = "".join(f"    {line}\n" for line in lines.splitlines())
        text = f"import os, mlflow, wandb\ndef train_model():\n{body}train_model()\n"
        return self({"main.py": text})


@pytest.mark.parametrize(
    ("line", "loads", "alias", "configured"),
    [
        ("mlflow.pyfunc.load_model('models:/m@champion')", 1, 1, 0),
        ("mlflow.sklearn.load_model(model_uri='models:/m/Production')", 1, 1, 0),
        ("mlflow.pyfunc.load_model('models:/m/3')", 1, 0, 0),
        ("mlflow.pyfunc.load_model('models:/m/latest')", 1, 0, 0),
        ("mlflow.pyfunc.load_model('runs:/1/model')", 0, 0, 0),
        ("mlflow.pyfunc.load_model('models/m')", 0, 0, 0),
        ("N = 'm'\nA = 'champion'\nmlflow.pyfunc.load_model(f'models:/{N}@{A}')", 1, 1, 0),
        ("mlflow.pyfunc.load_model('models:/m@' + os.environ['A'])", 1, 1, 1),
        ("def uri(a):\n    return f'models:/m@{a}'\n"
         "mlflow.pyfunc.load_model(uri(os.getenv('A', 'x')))", 1, 1, 1),
        ("mlflow.MlflowClient().get_model_version_by_alias('m', 'champion')", 1, 1, 0),
        ("mlflow.MlflowClient().get_latest_versions('m', stages=['Production'])", 1, 1, 0),
        ("mlflow.MlflowClient().get_latest_versions('m')", 1, 0, 0),
        ("wandb.Api().artifact('e/p/m:prod')", 1, 1, 0),
        ("wandb.Api().artifact('e/p/m:latest')", 1, 0, 0),
        ("wandb.Api().artifact('e/p/m:v3')", 1, 0, 0),
        ("wandb.init().use_artifact('m:prod', type='model')", 1, 1, 0),
        ("wandb.init().use_artifact('m:prod', type='dataset')", 0, 0, 0),
        ("wandb.init().use_artifact('raw_data:prod')", 0, 0, 0),
        ("a = os.getenv('A', 'prod')\nr = wandb.init()\nr.use_model(f'm:{a}')", 1, 1, 1),
        ("a = os.getenv('A', 'latest')\nwandb.Api().artifact(f'm:{a}')", 1, 0, 1),
        ("import joblib\njoblib.load('m')", 0, 0, 0),
        ("# mlflow.pyfunc.load_model('models:/m@champion')", 0, 0, 0),
        ("print('models:/m@champion')", 0, 0, 0),
    ],
)  # fmt: skip
def test_what_a_reference_asks_for(
    line: str, loads: int, alias: int, configured: int, measured: Registry
) -> None:
    values = measured.app(line).values
    found = (values["serving_loads"], values["by_alias"], values["configured"])
    assert found == (loads, alias, configured)


def test_what_the_configuration_says_is_read(measured: Registry) -> None:
    found = measured.app(
        "import yaml\ncfg = yaml.safe_load(open('config.yaml'))\n"
        "w = cfg['registry']\nwandb.Api().artifact(f\"{w['name']}:{w['alias']}\")",
        **{"config.yaml": "registry: {name: risk, alias: prod}\n"},
    )
    assert (found.values["by_alias"], found.values["configured"]) == (1, 1)
    assert "risk:prod" in told(found, "by_alias")


@pytest.mark.parametrize(
    "start",
    [
        'FROM x\nCMD ["sh", "-c", "python scripts/get.py && uvicorn src.api:app"]\n',
        "FROM x\nCMD python -m scripts.get && exec uvicorn src.api:app\n",
    ],
)
def test_what_the_start_fetches_first_is_served(start: str, measured: Registry) -> None:
    get = "import wandb\nwandb.Api().artifact('e/p/m:prod').download()\n"
    files = {"scripts/get.py": get}
    assert measured.app("", **files).values["serving_loads"] == 0
    found = measured.app("", **files, Dockerfile=start)
    assert found.values["serving_loads"] == 1


def test_a_load_that_the_application_never_comes_to_is_told(measured: Registry) -> None:
    other = "import mlflow\ndef get():\n    mlflow.pyfunc.load_model('models:/m@a')\n"
    found = measured.app("", **{"src/other.py": other})
    assert found.values["serving_loads"] == 0
    assert "never comes there" in told(found, "serving_loads")


def test_a_file_and_a_hub_are_told(measured: Registry) -> None:
    found = measured.app("import joblib\njoblib.load('m.joblib')")
    assert "reads a file" in told(found, "serving_loads")
    assert found.values["file_loads"] == 1
    found = measured.app(
        "from huggingface_hub import hf_hub_download as h\nh('a', 'b')"
    )
    assert "hub" in told(found, "serving_loads")


@pytest.mark.parametrize(
    ("lines", "registered", "promoted"),
    [
        ("mlflow.register_model('runs:/1/m', 'm')", 1, 0),
        ("mlflow.sklearn.log_model(m, 'm', registered_model_name='m')", 1, 0),
        ("mlflow.sklearn.log_model(m, 'm', registered_model_name=None)", 0, 0),
        ("mlflow.sklearn.log_model(m, 'm')", 0, 0),
        ("mlflow.autolog(registered_model_name='m')", 1, 0),
        ("r = wandb.init()\na = wandb.Artifact('x', type='model')\nr.log_artifact(a)", 1, 0),
        ("r = wandb.init()\na = wandb.Artifact('x', 'model')\n"
         "r.log_artifact(a, aliases=['prod'])", 1, 1),
        ("r = wandb.init()\na = wandb.Artifact('x', 'model')\n"
         "r.log_artifact(a, aliases=[f'run_{x}', 'latest'])", 1, 0),
        ("a = wandb.Artifact('model', type='dataset')\nwandb.log_artifact(a)", 0, 0),
        ("for name, kind in [('a', 'metrics'), ('b', 'model')]:\n"
         "    wandb.log_artifact(wandb.Artifact(name, type=kind))", 1, 0),
        ("for kind, path in {'model': 1}.items():\n"
         "    wandb.log_artifact(wandb.Artifact('a', type=kind))", 1, 0),
        ("wandb.init().link_model('p', 'm', aliases=['staging'])", 1, 1),
        ("c = mlflow.MlflowClient()\nc.transition_model_version_stage('m', 1, 'Production')", 0, 1),
        ("wandb.Api().artifact('m:v1').aliases.append('prod')", 0, 1),
        ("a = wandb.Api().artifact('m:v1')\na.link('r/m', aliases=['prod'])", 1, 1),
        ("a = wandb.Api().artifact('m:v1')\na.link('r/m', ['prod'])", 1, 1),
        ("a = wandb.Api().artifact('m:v1')\na.link('r/m', aliases=['latest'])", 1, 0),
        ("a = wandb.Api().artifact('m:v1')\na.link(target_path='r/m')", 1, 0),
        ("for run in wandb.Api().runs('p'):\n"
         "    run.logged_artifacts()[0].link('r/m', aliases=['prod'])", 1, 1),
        ("a = wandb.Artifact('x', type='dataset')\na.link('r/m', aliases=['prod'])", 0, 0),
        ("a = wandb.Api().artifact('m:v1', type='dataset')\n"
         "a.link('r/m', aliases=['prod'])", 0, 0),
        ("for run in wandb.Api().runs('p'):\n"
         "    run.logged_artifacts()[0].link('r/dataset', aliases=['prod'])", 0, 0),
        ("os.link('r/m', 'prod')", 0, 0),
        ("from wandb import Artifact as A\na = A('x', 'dataset')\n"
         "a.link('r/m', aliases=['prod'])", 0, 0),
        ("a = wandb.Api().artifact('m:v1', 'dataset')\na.link('r/m', ['prod'])", 0, 0),
        ("for node in graph:\n    node.link('m', ['prod'])", 0, 0),
        ("r = wandb.init()\na = r.use_artifact('m:v1')\n"
         "r.link_artifact(a, 'r/m', aliases=['prod'])", 1, 1),
        ("r = wandb.init()\na = r.use_artifact('m:v1')\nr.link_artifact(a, 'r/m', ['prod'])", 1, 1),
        ("r = wandb.init()\na = r.use_artifact('d:v1', type='dataset')\n"
         "r.link_artifact(a, 'r/m', aliases=['prod'])", 0, 0),
        ("r = wandb.init()\na = r.use_artifact('d:v1')\n"
         "r.link_artifact(a, 'r/raw_data', aliases=['prod'])", 0, 0),
        ("r = wandb.init()\na = r.use_artifact('m:v1')\nr.log_artifact(a, aliases=['prod'])", 0, 0),
        ("print('register_model', 'aliases')", 0, 0),
    ],
)  # fmt: skip
def test_what_registers_and_what_promotes(
    lines: str, registered: int, promoted: int, measured: Registry
) -> None:
    values = measured.pipeline(lines).values
    assert (values["registered"], values["promoted"]) == (registered, promoted)


def test_registering_in_dead_code_is_told(measured: Registry) -> None:
    text = "import mlflow\ndef f():\n    mlflow.register_model('a', 'b')\nprint(1)\n"
    found = measured({"main.py": text})
    assert found.values["registered"] == 0
    assert "never comes to" in told(found, "registered")


def test_without_an_application_what_predicts_is_what_serves(
    measured: Registry,
) -> None:
    text = (
        "import mlflow\ndef predict_all():\n"
        "    return mlflow.pyfunc.load_model('models:/m/Production')\n"
        "if __name__ == '__main__':\n    predict_all()\n"
    )
    assert measured({"score.py": text}).values["by_alias"] == 1


def test_without_python_it_is_not_applicable(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    snapshot = make_snapshot({"README.md": "models:/m@prod"})
    checker, options = ModelRegistry(), ModelRegistryOptions()
    assert isinstance(checker.measure(snapshot, options, bench).outcome, NotApplicable)


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("u = u + 'a'\nmlflow.pyfunc.load_model(u)", id="itself"),
        pytest.param(
            "mlflow.pyfunc.load_model(" + "+".join(["'models:/a'"] * 500) + ")",
            id="a long sum",
        ),
        pytest.param("wandb.Api().artifact(':' * 10)", id="no text"),
        pytest.param("wandb.Api().artifact()", id="nothing"),
        pytest.param("wandb.Api().artifact(*x, **y)", id="anything"),
    ],
)
def test_what_is_hostile_ends(line: str, measured: Registry) -> None:
    assert measured.app(line).values["promoted"] == 0
