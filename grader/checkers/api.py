"""The API that serves the model: a FastAPI application, its routes and how it is written."""

from grader.checkers._api_answers import (
    ApiAnswers,
    answer_app,
    answer_declared,
    answer_server,
)
from grader.checkers._base import Bench, Checker, Options, Result, nothing_to_measure
from grader.checkers._checklist import Checklist, Criterion, quantities_of
from grader.codebase.routes import served_of
from grader.model.measurement import Quantity
from grader.model.snapshot import Snapshot

CRITERIA = (
    Criterion(
        "app",
        "there is a FastAPI application",
        "Make an application: app = FastAPI(title=…), in src/api.py or app/main.py.",
    ),
    Criterion(
        "health",
        "GET of a health path answers: /health, or / with a status",
        'Add @app.get("/health") that answers {"status": "ok"}.',
    ),
    Criterion(
        "predict",
        "a POST route predicts",
        'Add @app.post("/predict") whose function answers with a prediction.',
    ),
    Criterion(
        "batch",
        "a POST route predicts for several records at once",
        "Let a route take a list of records, or add /predict_batch.",
    ),
    Criterion(
        "request_model",
        "the function that predicts takes a pydantic model",
        "Declare the input as a BaseModel and take it: def predict(record: Record).",
    ),
    Criterion(
        "response_model",
        "it answers with a pydantic model",
        "Declare the answer as a BaseModel, and say it: response_model=Prediction.",
    ),
    Criterion(
        "delegates",
        "predicting is left to the inference code of another module",
        "Call the function of the inference module instead of model.predict(…).",
    ),
    Criterion(
        "error_handling",
        "what goes wrong while predicting is answered with an error",
        "Catch what can fail and raise HTTPException with a status and a reason.",
    ),
    Criterion(
        "server",
        "a command or the code starts the application with uvicorn",
        "Start it in the Dockerfile: uvicorn src.api:app --host 0.0.0.0 --port $PORT.",
    ),
    Criterion(
        "server_declared",
        "uvicorn, or another server, is among the declared packages",
        "Add uvicorn to environment.yml or requirements.txt.",
    ),
    Criterion(
        "tests",
        "a test sends a request to a route and asserts",
        "Test the routes: client = TestClient(app), then assert what it answers.",
    ),
    Criterion(
        "loads_once",
        "the model is loaded once, not for each request",
        "Load the model when the application starts (lifespan), and keep it.",
    ),
    Criterion(
        "documented",
        "the application says what it is: a title, and a version, description or tags",
        'Say what it is: FastAPI(title="…", version="1.0.0").',
    ),
)


class ApiOptions(Options):
    """The checker has no options."""


class Api(Checker[ApiOptions]):
    """The API that serves the model.

    Why it matters
        A model that nobody can ask is not deployed. A contract for what goes in and out,
        and one path of code for training and serving, keep its answers right.

    How it is measured
        FastAPI applications and routers are followed through imports, factories and
        prefixes. Of several applications those count that a command (Dockerfile, Procfile,
        render.yaml, scripts, README) or the code starts, and of routes those on them. A
        route predicts where its path or function is called so, or it comes to a model. What
        the function calls is followed by name and by class; a model's own method called
        there is not delegation. Tests count where a client of the app sends a request to
        one of its routes, and the test asserts something.

    What it does not see
        Whether it answers: `deployment` asks a running one. Middleware that catches errors.
        A model that is called like a function, as in PyTorch. Routes of other frameworks.

    How to fix
        One module with the application: models for request and answer, /health, /predict,
        the model loaded in lifespan, the work done by the inference module.
    """

    id = "api"
    source = "https://fastapi.tiangolo.com/tutorial/"
    criteria = CRITERIA
    mending = "findings"
    quantities = (
        *quantities_of(CRITERIA),
        Quantity("routes", "routes", "routes of the served application"),
    )

    def measure(self, snapshot: Snapshot, options: ApiOptions, bench: Bench) -> Result:
        """Follow the routes, and what answers them."""
        if nothing := nothing_to_measure(snapshot, "all"):
            return Result(nothing)
        served, checklist = served_of(snapshot), Checklist(CRITERIA)
        answer_app(checklist, served)
        answer_declared(checklist, snapshot)
        answer_server(checklist, served)
        if not served.apps:
            told = "There is no FastAPI application."
            if served.idle:
                told = f"{served.idle[0].sight.path} makes an application, and nothing serves it."
            for criterion in CRITERIA:
                if criterion.name not in ("app", "server_declared", "server"):
                    checklist.no(criterion.name, told)
            return Result(
                checklist.measured({"routes": 0}), population="no application"
            )
        ApiAnswers(snapshot, served).answer(checklist)
        where = ", ".join(dict.fromkeys(app.sight.path for app in served.apps))
        values = {"routes": len(served.routes)}
        return Result(checklist.measured(values), population=where)
