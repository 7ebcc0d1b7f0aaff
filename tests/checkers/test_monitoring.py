"""Monitoring: what of a request is followed to what is written down; the examples say more."""

import pytest

from grader.checkers._base import Bench
from grader.model.measurement import Measured
from tests.checkers.conftest import Measure, told
from tests.conftest import MakeSnapshot

HEAD = (
    "import logging, time, json\nfrom fastapi import FastAPI, HTTPException, Request\n"
    "from src import infer\nlogger = logging.getLogger(__name__)\napp = FastAPI()\n"
)
INFER = {"src/infer.py": "def run(x):\n    return sorted(x)\n"}


@pytest.fixture
def measured(make_snapshot: MakeSnapshot, bench: Bench) -> "Measuring":
    return Measuring("monitoring", make_snapshot, bench)


class Measuring(Measure):
    """What is measured of some files."""

    def route(self, body: str, before: str = "") -> Measured:
        """An application with one route that predicts."""
        lines = "".join(f"    {line}\n" for line in body.splitlines())
        route = (
            f"@app.post('/predict')\ndef predict(x: dict, request: Request):\n{lines}"
        )
        return self({"src/api.py": f"{HEAD}{before}{route}", **INFER})


@pytest.mark.parametrize(
    ("body", "holds"),
    [
        ("y = infer.run(x)\nlogger.info('%s', y)\nreturn y", 1),
        ("y = infer.run(x)\nlogger.info(f'{y}')\nreturn y", 1),
        ("y = infer.run(x)\nlogger.info('p', extra={'y': y[0]})\nreturn y", 1),
        ("logger.info('input %s', x)\nreturn infer.run(x)", 1),
        ("rows = [x]\nlogger.info(rows)\nreturn infer.run(rows)", 1),
        (
            "t = time.time()\ny = infer.run(x)\nlogger.info('%s', time.time() - t)\nreturn y",
            1,
        ),
        (
            "t = time.perf_counter()\ny = infer.run(x)\ne = time.perf_counter()\n"
            "took = e - t\nlogger.info('%s', took)\nreturn y",
            1,
        ),
        ("y = infer.run(x)\nopen('log', 'a').write(json.dumps({'y': y}))\nreturn y", 1),
        ("y = infer.run(x)\njson.dump([y], open('f', 'w'))\nreturn y", 1),
        ("y = infer.run(x)\ndatabase.predictions.insert_one({'y': y})\nreturn y", 1),
        ("y = infer.run(x)\nbucket.blob('a').upload_from_string(str(y))\nreturn y", 1),
        ("y = session.run(None, x)\nlogger.info(y)\nreturn y", 1),
        ("import wandb\ny = infer.run(x)\nwandb.log({'y': y})\nreturn y", 1),
        ("import mlflow as m\ny = infer.run(x)\nm.log_metric('y', y)\nreturn y", 1),
        ("y = infer.run(x)\nlogger.info('%s records', len(x))\nreturn y", 0),
        ("y = infer.run(x)\nlogger.info('%s', request.url.path)\nreturn y", 0),
        ("y = infer.run(x)\nlogger.info('now %s', time.time())\nreturn y", 0),
        ("y = infer.run(x)\nlogger.debug('%s', y)\nreturn y", 0),
        ("y = infer.run(x)\nprint(y)\nreturn y", 0),
        ("y = infer.run(x)\njson.dumps({'y': y})\nreturn y", 0),
        ("y = infer.run(x)\nopen('upload', 'wb').write(x)\nreturn y", 0),
        ("try:\n    return infer.run(x)\nexcept ValueError:\n    logger.error(x)", 0),
        ("y = infer.run(x)\n# logger.info('%s', y)\nreturn y", 0),
        ('"""logger.info(x)"""\nreturn infer.run(x)', 0),
    ],
)
def test_telemetry_is_a_record_of_what_came_in_or_out_or_of_the_time(
    body: str, holds: int, measured: Measuring
) -> None:
    found = measured.route(body)
    assert found.values["telemetry"] == holds, told(found, "telemetry")


@pytest.mark.parametrize(
    ("before", "body", "holds"),
    [
        ("from prometheus_client import Counter\nN = Counter('n', '')\n", "N.inc()", 1),
        (
            "import prometheus_client as p\nN = p.Histogram('n', '', ['a'])\n",
            "N.labels('a').observe(1)",
            1,
        ),
        (
            "from prometheus_client import Summary\nT = Summary('n', '')\n",
            "with T.time():\n    pass",
            1,
        ),
        ("from prometheus_client import Counter\nN = Counter('n', '')\n", "N", 0),
        (
            "from prometheus_fastapi_instrumentator import Instrumentator as I\n"
            "I().instrument(app).expose(app)\n",
            "",
            1,
        ),
        (
            "from prometheus_fastapi_instrumentator import Instrumentator as I\n"
            "def later():\n    I().instrument(app).expose(app)\n",
            "",
            0,
        ),
        (
            "from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor\n"
            "FastAPIInstrumentor.instrument_app(app)\n",
            "",
            1,
        ),
    ],
)
def test_metrics_are_telemetry_where_they_are_counted(
    before: str, body: str, holds: int, measured: Measuring
) -> None:
    found = measured.route(f"{body}\nreturn infer.run(x)", before)
    assert found.values["telemetry"] == holds, told(found, "telemetry")


def test_a_metric_of_another_module_that_nobody_counts_up_is_said(
    measured: Measuring,
) -> None:
    found = measured(
        {
            "src/api.py": f"{HEAD}from src.metrics import N\n"
            "@app.post('/predict')\ndef predict(x: dict):\n    return infer.run(x)\n",
            "src/metrics.py": "from prometheus_client import Counter\nN = Counter('n', 'n')\n",
            **INFER,
        }
    )
    assert found.values["telemetry"] == 0
    assert "no request counts on" in told(found, "telemetry")


MIDDLEWARE = (
    "async def log(request, call_next):\n    logger.info('%s', request.url.path)\n"
    "    return await call_next(request)\n"
)


@pytest.mark.parametrize(
    ("before", "holds"),
    [
        (f"@app.middleware('http')\n{MIDDLEWARE}", 1),
        (f"{MIDDLEWARE}app.middleware('http')(log)\n", 1),
        (
            "from starlette.middleware.base import BaseHTTPMiddleware as B\n"
            f"{MIDDLEWARE}app.add_middleware(B, dispatch=log)\n",
            1,
        ),
        (
            "from asgi_logger import AccessLoggerMiddleware as A\napp.add_middleware(A)\n",
            1,
        ),
        (MIDDLEWARE, 0),
        (f"other = FastAPI()\n@other.middleware('http')\n{MIDDLEWARE}", 0),
        (f"@app.middleware('http')\n{MIDDLEWARE.replace('info', 'debug')}", 0),
        (f"def later():\n    @app.middleware('http')\n    {MIDDLEWARE[:-1]}\n", 0),
        ("import uvicorn\nlogging.getLogger('uvicorn.access').setLevel(20)\n", 0),
    ],
)
def test_a_middleware_logs_requests_where_the_application_has_it(
    before: str, holds: int, measured: Measuring
) -> None:
    if before.startswith("def later"):
        inner = "".join(f"    {line}\n" for line in MIDDLEWARE.splitlines())
        before = f"def later():\n    @app.middleware('http')\n{inner}"
    text = f"{HEAD}{before}@app.post('/predict')\ndef predict(x: dict):\n    return infer.run(x)\n"
    files = {
        "src/api.py": text,
        "Procfile": "web: uvicorn src.api:app\n",
        **INFER,
    }
    found = measured(files)
    assert found.values["request_log"] == holds, told(found, "request_log")


def test_a_middleware_that_a_function_of_another_module_adds_counts(
    measured: Measuring,
) -> None:
    setup = (
        "import logging\nfrom starlette.middleware.base import BaseHTTPMiddleware\n"
        "logger = logging.getLogger(__name__)\n"
        "class Log(BaseHTTPMiddleware):\n    async def dispatch(self, request, call_next):\n"
        "        logger.info('%s', request.url.path)\n"
        "        return await call_next(request)\n"
        "def set_up(app):\n    app.add_middleware(Log)\n"
    )
    text = (
        "from fastapi import FastAPI\nfrom src import infer\nfrom src.setup import set_up\n"
        "def create_app():\n    app = FastAPI()\n    set_up(app)\n"
        "    @app.post('/predict')\n    def predict(x: dict):\n"
        "        return infer.run(x)\n    return app\napp = create_app()\n"
    )
    found = measured({"src/api.py": text, "src/setup.py": setup, **INFER})
    assert found.values["request_log"] == 1, told(found, "request_log")


@pytest.mark.parametrize(
    ("before", "holds"),
    [
        ("@app.exception_handler(Exception)\ndef f(r, e):\n    logger.error(e)\n", 1),
        ("def f(r, e):\n    logger.error(e)\napp.add_exception_handler(Exception, f)\n", 1),
        ("import sentry_sdk as s\ns.init(dsn='https://k@x.example/1')\n", 1),
        ("import sentry_sdk\n", 0),
        ("def f(r, e):\n    logger.error(e)\n", 0),
        ("@app.exception_handler(Exception)\ndef f(r, e):\n    return e\n", 0),
    ],
)  # fmt: skip
def test_an_error_is_reported_by_what_the_application_has(
    before: str, holds: int, measured: Measuring
) -> None:
    found = measured.route("return infer.run(x)", before)
    assert found.values["errors_reported"] == holds, told(found, "errors_reported")


def test_one_route_that_logs_is_not_every_route(measured: Measuring) -> None:
    text = (
        f"{HEAD}@app.post('/predict')\ndef predict(x: dict):\n"
        "    logger.info('predicting')\n    return infer.run(x)\n"
        "@app.post('/predict_batch')\ndef predict_batch(x: list):\n    return infer.run(x)\n"
    )
    found = measured({"src/api.py": text, **INFER})
    assert found.values["request_log"] == 0
    assert "/predict_batch" in told(found, "request_log")


@pytest.mark.parametrize(
    ("compare", "holds"),
    [
        ("from scipy.stats import ks_2samp\ndef f(reference, current):\n"
         "    return ks_2samp(reference, current)\ndrift = f([1], [2])\n", 0),
        ("from scipy import stats\ndef drift(reference, current):\n"
         "    return stats.ks_2samp(reference, current)\ndrift([1], [2])\n", 1),
        ("def psi(a, b):\n    return sum(a) - sum(b)\nprint(psi([1], [2]))\n", 1),
        ("def psi(a, b):\n    return None\nprint(psi([1], [2]))\n", 0),
        ("def psi(a, b):\n    return sum(a) - sum(b)\n", 0),
        ("from river import drift\nd = drift.ADWIN()\nd.update(1)\n", 1),
        ("from river import metrics\nd = metrics.Accuracy()\nd.update(1, 1)\n", 0),
        ("import whylogs as why\nwhy.log({})\n", 1),
        ("import whylogs\n", 0),
        ("import nannyml as n\nc = n.CBPE()\nc.estimate([])\n", 1),
        ("from evidently.report import Report\nr = Report([])\n"
         "r.run(reference_data=None, current_data=[])\n", 0),
        ("from evidently.report import Report\nr = Report([])\n", 0),
        ("def simulate_drift(a, b):\n    return a + b\nsimulate_drift(1, 2)\n", 0),
        ("# from evidently import Report\n'Report().run(reference, current)'\n", 0),
    ],
)  # fmt: skip
def test_drift_is_a_comparison_that_runs(
    compare: str, holds: int, measured: Measuring
) -> None:
    found = measured({"main.py": compare})
    assert found.values["drift"] == holds, told(found, "drift")


def test_a_notebook_with_a_report_is_named_and_does_not_count(
    measured: Measuring,
) -> None:
    cell = '{"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": 1,'
    notebook = (
        f'{{"cells": [{cell} "source": "import evidently"}}], "metadata": {{}},'
        ' "nbformat": 4, "nbformat_minor": 5}'
    )
    found = measured({"main.py": "print(1)\n", "drift.ipynb": notebook})
    assert found.values["drift"] == 0
    assert "drift.ipynb" in told(found, "drift")


@pytest.mark.parametrize(
    ("answer", "holds"),
    [
        ("return {'status': 'ok', 'model_loaded': model is not None}", 1),
        ("return {'status': 'ok', 'model_loaded': bool(model)}", 1),
        ("if not model:\n        raise HTTPException(503)\n    return 1", 1),
        ("return {'ready': 'model' in state}", 1),
        ("return {'status': 'ok', 'version': model.version}", 0),
        ("return {'status': 'ok', 'model_loaded': True}", 0),
        ("return {'status': 'model ready'}", 0),
        ("return {'status': 'ok' if request.url else ''}", 0),
    ],
)
def test_health_looks_at_the_model_or_says_the_same_always(
    answer: str, holds: int, measured: Measuring
) -> None:
    route = f"@app.get('/health')\ndef health(request: Request):\n    {answer}\n"
    found = measured({"src/api.py": f"{HEAD}model = None\n{route}"})
    assert found.values["health"] == 1
    assert found.values["health_model"] == holds, told(found, "health_model")


@pytest.mark.parametrize(
    ("field", "holds"),
    [
        ("age: int = Field(ge=0)", 1),
        ("age: Annotated[int, Field(lt=120)]", 1),
        ("sex: Literal['a', 'b']", 1),
        ("age: int", 0),
        ("age: int = Field(description='ge=0')", 0),
        ("ages: list[int] = Field(min_length=1)", 0),
    ],
)
def test_a_field_with_a_limit_is_a_check_of_data(
    field: str, holds: int, measured: Measuring
) -> None:
    text = (
        "from typing import Annotated, Literal\nfrom pydantic import BaseModel, Field\n"
        f"{HEAD}class Record(BaseModel):\n    {field}\n"
        "class Many(BaseModel):\n    records: list[Record]\n"
        "@app.post('/predict')\ndef predict(x: Many):\n    return infer.run(x)\n"
    )
    found = measured({"src/api.py": text, **INFER})
    assert found.values["input_checks"] == holds, told(found, "input_checks")


def test_an_application_of_flask_is_followed_as_well(measured: Measuring) -> None:
    text = (
        "from flask import Flask, request\nimport logging\napp = Flask(__name__)\n"
        "@app.before_request\ndef log():\n    logging.info(request.path)\n"
        "@app.route('/predict', methods=['POST'])\ndef predict():\n"
        "    y = model.predict(request.get_json())\n    db.rows.insert_one({'y': y})\n"
        "    return y\n"
    )
    values = measured({"app.py": text}).values
    assert (values["request_log"], values["telemetry"]) == (1, 1)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"{HEAD}x = {'f(' * 60}1{')' * 60}\n", id="nested calls"),
        pytest.param(f"{HEAD}x = a{'.b()' * 300}\n", id="a long chain"),
        pytest.param(
            f"{HEAD}@app.post('/predict')\ndef predict(x):\n    logger.info(x{' + x' * 300})\n"
            f"    return a{'.b(x)' * 200}\n",
            id="a long sum in a message",
        ),
        pytest.param(
            HEAD
            + "".join(f"def f{n}(x):\n    return f{n + 1}(x)\n" for n in range(250))
            + "@app.post('/predict')\ndef predict(x):\n    return f0(x)\n",
            id="functions of functions",
        ),
    ],
)
def test_what_is_deep_is_read_without_an_end_of_the_stack(
    text: str, measured: Measuring
) -> None:
    assert measured({"src/api.py": text, **INFER}).values["drift"] == 0


def test_a_file_that_cannot_be_parsed_hides_nothing_else(measured: Measuring) -> None:
    found = measured(
        {
            "broken.py": "def (",
            "src/api.py": f"{HEAD}@app.get('/health')\ndef h():\n    return 1\n",
        }
    )
    assert found.values["health"] == 1
