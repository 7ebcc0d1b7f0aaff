"""Monitoring: what a running service tells about itself, its requests and its data."""

from collections.abc import Sequence

from grader.checkers._base import Bench, Checker, Options, Result, nothing_to_measure
from grader.checkers._checklist import Checklist, Criterion, quantities_of
from grader.checkers._monitoring_drift import Drift
from grader.checkers._monitoring_health import Health
from grader.checkers._monitoring_inputs import Inputs
from grader.checkers._monitoring_records import Records
from grader.checkers._monitoring_serving import Serving
from grader.model.measurement import Quantity, Sight
from grader.model.snapshot import Snapshot

CRITERIA = (
    Criterion(
        "request_log",
        "the application logs each request, or each one that predicts",
        'Add a middleware that logs: @app.middleware("http"), with path, status and time.',
    ),
    Criterion(
        "telemetry",
        "predictions, their inputs or the time they take are recorded while serving",
        "Log input, prediction, model version and latency where the route predicts.",
    ),
    Criterion(
        "metrics",
        "metrics of the service are there to be collected",
        'Serve them: app.mount("/metrics", make_asgi_app()) of prometheus_client.',
    ),
    Criterion(
        "input_checks",
        "what comes in is checked as data before it is predicted on",
        "Call the validation of the pipeline, or limit the fields: Field(ge=0, le=120).",
    ),
    Criterion(
        "drift",
        "code that runs compares new data or predictions with a reference",
        "Compare what was served with the training data: Evidently, ks_2samp, PSI.",
    ),
    Criterion(
        "health",
        "the application says how it is: GET of a health path",
        'Add @app.get("/health") that answers {"status": "ok"}.',
    ),
    Criterion(
        "health_model",
        "it looks whether the model is there before it says so",
        'Answer {"model_loaded": model is not None}, and 503 where it is not.',
    ),
    Criterion(
        "errors_reported",
        "an error while predicting is logged or reported",
        "Call logger.exception(…) where the error is caught, or sentry_sdk.init(…).",
    ),
)
_NOT_SERVED = "No application is served."


class MonitoringOptions(Options):
    """The checker has no options."""


class Monitoring(Checker[MonitoringOptions]):
    """What is known of a model once it is served.

    Why it matters
        A model fails quietly: the service answers, and the answers get worse. What is
        recorded of requests, predictions and data is all that tells.

    How it is measured
        Middleware counts where a served application has it, and logs. Values are followed
        from the request and the prediction to what records them: messages, metrics of
        Prometheus, W&B and MLflow, files, databases and queues; a metric counts where it
        is counted up. The latency in a middleware's message belongs to the request log, a
        metric around requests is telemetry. Drift is a comparison by a library, a test of
        two samples, or a function of the project, in code that the pipeline, the
        application, a workflow or a script comes to.

    What it does not see
        The access log of uvicorn, which is there anyway. Metrics that are kept in a
        dictionary of one's own. Whether the level of the logger lets a message through.
        Monitoring by the platform, and notebooks: they run when somebody opens them.

    How to fix
        A middleware that logs each request, a record of each prediction with its input and
        model version, /metrics, /health that looks at the model, and a drift report that a
        schedule runs on those records.
    """

    id = "monitoring"
    source = "https://docs.evidentlyai.com/"
    criteria = CRITERIA
    mending = "findings"
    quantities = (
        *quantities_of(CRITERIA),
        Quantity("handlers", "functions", "functions of routes that predict"),
        Quantity("records", "places", "places where these record what they predict"),
        Quantity("comparisons", "calls", "calls that run and compare data for drift"),
    )

    def measure(
        self, snapshot: Snapshot, options: MonitoringOptions, bench: Bench
    ) -> Result:
        """Follow requests to what is written down of them."""
        if nothing := nothing_to_measure(snapshot, "all"):
            return Result(nothing)
        serving, checklist = Serving(snapshot), Checklist(CRITERIA)
        records = Records(snapshot, serving)
        drift = Drift(snapshot, serving)
        predictions = records.of_predictions()
        _request_log(checklist, serving, records)
        _telemetry(checklist, serving, records, predictions)
        _health(checklist, serving, Health(snapshot, serving))
        _inputs(checklist, serving, Inputs(snapshot, serving).checks())
        _drift(checklist, drift)
        _errors(checklist, serving, records.of_errors())
        values = {
            "handlers": len(serving.handlers),
            "records": len(predictions),
            "comparisons": len(drift.running),
        }
        where = ", ".join(dict.fromkeys(one.sight.path for one in serving.served.apps))
        return Result(checklist.measured(values), population=where or "no application")


def _request_log(checklist: Checklist, serving: Serving, records: Records) -> None:
    found, silent = records.of_requests()
    loose = serving.loose()
    if found and not silent:
        checklist.yes("request_log", f"{found[0].what} logs each request.", *found)
    elif found:
        told = f"{silent[0].what} logs nothing of a request."
        checklist.no("request_log", told, *silent)
    elif loose:
        told = f"{loose[0].what} is on no application that is served."
        checklist.no("request_log", told, *loose)
    elif not serving.is_any:
        checklist.no("request_log", _NOT_SERVED)
    else:
        told = "No middleware logs, and no function that predicts logs its request."
        around = [one.sight for one in serving.around]
        checklist.no("request_log", told, *around)


def _telemetry(
    checklist: Checklist,
    serving: Serving,
    records: Records,
    found: Sequence[Sight],
) -> None:
    if found:
        told = f"{found[0].what} records it."
        checklist.yes("telemetry", told, *found)
    elif idle := records.idle_metrics():
        told = f"{idle[0].what} makes a metric that no request counts on."
        checklist.no("telemetry", told, *idle)
    elif not serving.is_any:
        checklist.no("telemetry", _NOT_SERVED)
    else:
        told = (
            "Nothing that a route comes to records a prediction, its input or its time."
        )
        checklist.no("telemetry", told, *(one.sight for one in serving.handlers))


def _health(checklist: Checklist, serving: Serving, health: Health) -> None:
    metrics = list(dict.fromkeys(health.metrics()))
    none = "" if serving.is_any else _NOT_SERVED
    told = "Nothing serves metrics in the form of Prometheus."
    named = [one.sight for one in health.named_metrics]
    if named:
        told = f"{named[0].what} gives no metrics of the running service."
    if metrics:
        checklist.yes("metrics", f"{metrics[0].what} gives them.", *metrics)
    else:
        checklist.no("metrics", none or told, *named)
    routes = [one.sight for one in health.routes]
    checklist.seen(
        "health",
        routes,
        yes=f"{routes[0].what if routes else ''} answers.",
        no=none or "No GET route is called /health, /healthz, /ping or the like.",
    )
    looks = list(health.looking())
    if looks:
        told = f"{looks[0].what} looks at the model."
        checklist.yes("health_model", told, *looks)
    else:
        told = "There is no route of health."
        if routes:
            told = f"{routes[0].what} answers the same whether the model is there."
        checklist.no("health_model", none or told, *routes)


def _inputs(checklist: Checklist, serving: Serving, found: Sequence[Sight]) -> None:
    checklist.seen(
        "input_checks",
        found,
        yes=f"{found[0].what if found else ''} checks what comes in.",
        no=(
            "No route that predicts validates its data, and no field has a limit."
            if serving.handlers
            else "No route predicts."
        ),
    )


def _drift(checklist: Checklist, drift: Drift) -> None:
    if drift.running:
        told = f"{drift.running[0].what} compares."
        checklist.yes("drift", told, *drift.running)
    elif drift.dead:
        told = f"{drift.dead[0].what} stands in code that nothing comes to."
        checklist.no("drift", told, *drift.dead)
    elif drift.imported:
        told = f"{drift.imported[0].what} stands there, and nothing is compared by it."
        checklist.no("drift", told, *drift.imported)
    elif notebooks := drift.in_notebooks():
        told = f"{notebooks[0].path} compares data by hand; no code that runs does."
        checklist.no("drift", told, *notebooks)
    else:
        told = "No code compares new data with a reference."
        checklist.no("drift", told)


def _errors(checklist: Checklist, serving: Serving, found: Sequence[Sight]) -> None:
    checklist.seen(
        "errors_reported",
        found,
        yes=f"{found[0].what if found else ''} tells of errors.",
        no=(
            "No error while predicting is logged, and no service is told."
            if serving.handlers
            else "No route predicts."
        ),
    )
