"""The API: what of a route, its models, its work and its tests counts; the examples say more."""

import pytest

from grader.checkers._base import Bench
from grader.checkers.api import Api, ApiOptions
from grader.model.measurement import NotApplicable
from tests.checkers.conftest import Measure, told
from tests.conftest import MakeSnapshot

HEAD = "from fastapi import FastAPI\nfrom pydantic import BaseModel\napp = FastAPI()\n"
MODEL = "class Record(BaseModel):\n    age: int\n"
ROUTE = "@app.post('/predict')\ndef predict(x: dict):\n    return sorted(x)\n"


@pytest.fixture
def measured(make_snapshot: MakeSnapshot, bench: Bench) -> Measure:
    return Measure("api", make_snapshot, bench)


@pytest.mark.parametrize(
    ("signature", "holds", "many"),
    [
        ("record: Record", 1, 0),
        ('record: "Record"', 1, 0),
        ("records: list[Record]", 1, 1),
        ("records: 'list[Record]'", 1, 1),
        ("record: Record | None = None", 1, 0),
        ("record: Annotated[Record, Body()]", 1, 0),
        ("records: Optional[List[Record]]", 1, 1),
        ("records: conlist(Record, min_length=1)", 1, 1),
        ("records: list[dict]", 0, 1),
        ("records: list[float]", 0, 0),
        ("record: dict = Record", 0, 0),
        ("record", 0, 0),
    ],
)
def test_models_are_read_from_annotations(
    signature: str, holds: int, many: int, measured: Measure
) -> None:
    text = (
        "from typing import *\nfrom fastapi import Body\nfrom pydantic import conlist\n"
        f"{HEAD}{MODEL}@app.post('/predict')\ndef predict({signature}):\n    return 1 + 1\n"
    )
    values = measured({"src/api.py": text}).values
    assert (values["request_model"], values["batch"]) == (holds, many)


@pytest.mark.parametrize(
    ("route", "holds"),
    [
        ("@app.get('/health')", 1),
        ("@app.get('/api/v1/healthz/')", 1),
        ("@app.get('/ping')", 1),
        ("@app.get('/')", 1),
        ("@app.post('/health')", 0),
        ("@app.get('/healthy-food')", 0),
        ("@app.get('/docs')", 0),
        ("# @app.get('/health')", 0),
    ],
)
def test_health_is_a_get_by_its_name_or_a_status_at_the_top(
    route: str, holds: int, measured: Measure
) -> None:
    text = f"{HEAD}{route}\ndef f():\n    return {{'status': 'ok'}}\n"
    assert measured({"src/api.py": text}).values["health"] == holds


@pytest.mark.parametrize(
    ("body", "delegates"),
    [
        ("return service.predict(x)", 1),
        ("return infer.run(x)", 1),
        ("return helper(x)", 1),
        ("return model.predict(x)", 0),
        ("return near(x)", 0),
        ("infer.log_predictions(x)\n    return x.y()", 0),
        ("return x.y()", 0),
    ],
)
def test_whose_work_predicting_is(body: str, delegates: int, measured: Measure) -> None:
    infer = (
        "class Service:\n    def predict(self, x):\n        return self.m.predict(x)\n"
        "def run(x):\n    return model.predict(x)\n"
        "def log_predictions(x):\n    open('x').write(x)\n"
        "model = 1 + 1\n"
    )
    text = (
        "import joblib\nfrom src import infer\n"
        f"{HEAD}service = infer.Service()\nmodel = joblib.load('m')\n"
        "def helper(x):\n    return infer.run(x)\n"
        "def near(x):\n    return model.predict_proba(x)\n"
        f"@app.post('/predict')\ndef predict(x: dict):\n    {body}\n"
    )
    found = measured({"src/api.py": text, "src/infer.py": infer})
    assert found.values["delegates"] == delegates


def test_a_service_on_the_state_of_the_app_is_followed_and_made_once(
    measured: Measure,
) -> None:
    service = (
        "import joblib\nclass Service:\n    def __init__(self):\n"
        "        self.m = joblib.load('m')\n"
        "    def predict(self, x):\n        return self.m.predict(x)\n"
    )
    text = (
        "from fastapi import FastAPI, Request\nfrom src.service import Service\n"
        "async def lifespan(app):\n    app.state.service = None or Service()\n    yield\n"
        "app = FastAPI(lifespan=lifespan)\n"
        "@app.post('/predict')\ndef predict(request: Request, x: dict):\n"
        "    service: Service = request.app.state.service\n    return service.predict(x)\n"
    )
    values = measured({"src/api.py": text, "src/service.py": service}).values
    assert (values["delegates"], values["loads_once"]) == (1, 1)


@pytest.mark.parametrize(
    ("loader", "holds"),
    [
        ("def load():\n    return joblib.load('m')\n", 0),
        ("@lru_cache(maxsize=1)\ndef load():\n    return joblib.load('m')\n", 1),
        ("@functools.cache\ndef load():\n    return joblib.load('m')\n", 1),
        (
            "M = None\ndef load():\n    global M\n    if M is None:\n"
            "        M = joblib.load('m')\n    return M\n",
            1,
        ),
        (
            "M = None\ndef load():\n    global M\n    if M is not None:\n        return M\n"
            "    M = joblib.load('m')\n    return M\n",
            1,
        ),
        ("M = joblib.load('m')\ndef load():\n    return M\n", 1),
        ("M = 'joblib.load'\ndef load():\n    return M\n", 0),
    ],
)
def test_loading_is_once_where_it_is_kept(
    loader: str, holds: int, measured: Measure
) -> None:
    text = (
        f"import functools, joblib\nfrom functools import lru_cache\n{HEAD}{loader}"
        "@app.post('/predict')\ndef predict(x: dict):\n    return load().predict(x)\n"
    )
    assert measured({"src/api.py": text}).values["loads_once"] == holds


CLIENT = (
    "from fastapi.testclient import TestClient\nfrom src.api import app\n"
    "client = TestClient(app)\n"
)


@pytest.mark.parametrize(
    ("test", "holds"),
    [
        (CLIENT + "def test_it():\n    assert client.post('/predict').ok\n", 1),
        (CLIENT + "def test_it():\n    client.post('/predict')\n", 0),
        (CLIENT + "def test_it():\n    assert client.get('/nowhere')\n", 0),
        (CLIENT + "def send():\n    assert client.post('/predict')\n", 0),
        (
            CLIENT + "def send():\n    return client.post('/predict')\n"
            "def test_it():\n    assert send()\n",
            1,
        ),
        (
            "import pytest\n" + CLIENT + "@pytest.mark.skip\ndef test_it():\n"
            "    assert client.post('/predict')\n",
            0,
        ),
        (
            "from starlette import testclient as t\nfrom src.api import app\n"
            "class TestIt:\n    def setup_method(self):\n"
            "        self.client = t.TestClient(app)\n"
            "    def test_it(self):\n        assert self.client.post('/predict')\n",
            1,
        ),
        (
            "import httpx\nfrom src.api import app\nasync def test_it():\n"
            "    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app),"
            " base_url='http://t') as c:\n"
            "        assert (await c.post('http://t/predict?x=1')).is_success\n",
            1,
        ),
        (
            "import httpx\ndef test_it():\n    assert httpx.Client().post('/predict')\n",
            0,
        ),
        ("import requests\ndef test_it():\n    assert requests.post('/predict')\n", 0),
    ],
)
def test_a_test_asks_a_route_and_asserts(
    test: str, holds: int, measured: Measure
) -> None:
    found = measured({"src/api.py": HEAD + ROUTE, "tests/test_api.py": test})
    assert found.values["tests"] == holds


@pytest.mark.parametrize(
    ("body", "holds"),
    [
        ("raise HTTPException(400)", 1),
        ("raise fastapi.HTTPException(status_code=400)", 1),
        ("return JSONResponse({}, status_code=503)", 1),
        ("return JSONResponse({}, status_code=200)", 0),
        ("try:\n        x.y()\n    except KeyError:\n        pass", 0),
        ("raise ValueError", 0),
    ],
)
def test_errors_are_answered_as_errors(
    body: str, holds: int, measured: Measure
) -> None:
    text = (
        "import fastapi\nfrom fastapi import HTTPException\n"
        f"from fastapi.responses import JSONResponse\n{HEAD}"
        f"@app.post('/predict')\ndef predict(x: dict):\n    {body}\n"
    )
    assert measured({"src/api.py": text}).values["error_handling"] == holds


def test_a_handler_of_exceptions_on_the_app_counts(measured: Measure) -> None:
    text = f"{HEAD}{ROUTE}@app.exception_handler(ValueError)\ndef h(r, e): return 1\n"
    assert measured({"src/api.py": text}).values["error_handling"] == 1


def test_an_empty_function_does_not_predict(measured: Measure) -> None:
    text = (
        HEAD + "@app.post('/predict')\ndef predict(x: dict):\n    return {'risk': 0}\n"
    )
    found = measured({"src/api.py": text})
    assert found.values["predict"] == 0
    assert "empty" in told(found, "predict")


def test_a_route_predicts_by_what_it_comes_to_whatever_it_is_called(
    measured: Measure,
) -> None:
    text = (
        f"{HEAD}from ml import inference\n"
        "@app.post('/salary')\ndef salary(x: dict):\n    return inference(x)\n"
    )
    ml = "def inference(x):\n    return sorted(x)\n"
    assert measured({"main.py": text, "ml.py": ml}).values["predict"] == 1


def test_a_prediction_by_get_is_told(measured: Measure) -> None:
    text = HEAD + "@app.get('/predict')\ndef predict(x: int):\n    return x + 1\n"
    assert told(measured({"main.py": text}), "predict") == "GET /predict takes no POST."


def test_another_framework_is_named_and_not_taken(measured: Measure) -> None:
    text = (
        "from flask import Flask\napp = Flask('x')\n"
        "@app.post('/predict')\ndef predict():\n    return 1 + 1\n"
    )
    found = measured({"app.py": text})
    assert found.values["app"] == found.values["predict"] == 0
    assert told(found, "app") == "app.py is made with Flask; FastAPI is asked for."


@pytest.mark.parametrize("command", ["python app.py", "gunicorn app:app"])
def test_what_starts_another_framework_is_not_said_to_be_missing(
    command: str, measured: Measure
) -> None:
    files = {"app.py": "from flask import Flask\napp = Flask('x')\napp.run()\n"}
    found = measured({**files, "Dockerfile": f"FROM python:3.12\nCMD {command}\n"})
    assert found.values["server"] == 0
    assert told(found, "server") == "There is no FastAPI application."


@pytest.mark.parametrize(
    ("path", "text", "holds"),
    [
        ("requirements.txt", "uvicorn[standard]==0.3\n", 1),
        ("requirements.txt", "fastapi[standard]\n", 1),
        ("requirements.txt", "fastapi\n", 0),
        ("environment.yml", "dependencies:\n  - pip:\n      - gunicorn\n", 1),
        ("pyproject.toml", "[project]\nname='x'\ndependencies=['hypercorn']\n", 1),
    ],
)
def test_the_server_is_declared_by_any_manifest(
    path: str, text: str, holds: int, measured: Measure
) -> None:
    found = measured({"main.py": HEAD, path: text})
    assert found.values["server_declared"] == holds


def test_a_server_of_an_app_that_is_not_there_is_told(measured: Measure) -> None:
    found = measured({"main.py": HEAD, "Procfile": "web: uvicorn src.main:app\n"})
    assert found.values["server"] == 0
    assert told(found, "server") == "Procfile starts src.main:app, which is not there."


def test_without_python_it_is_not_applicable(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    snapshot = make_snapshot({"README.md": "FastAPI"})
    outcome = Api().measure(snapshot, ApiOptions(), bench).outcome
    assert isinstance(outcome, NotApplicable)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("x = " + "+".join(["1"] * 800), id="a long sum"),
        pytest.param("return x" + ".y" * 150 + "()", id="a chain"),
        pytest.param("return predict(x)", id="itself"),
        pytest.param("return " + "[" * 60 + "x" + "]" * 60, id="deep"),
    ],
)
def test_hostile_bodies_end(body: str, measured: Measure) -> None:
    text = (
        f"{HEAD}@app.post('/predict')\ndef predict(x: {'list[' * 50}int{']' * 50}):\n"
    )
    assert measured({"main.py": f"{text}    {body}\n"}).values["app"] == 1
