"""The deployed service, asked live: its health, its document and a prediction."""

from typing import Annotated

from pydantic import Field, JsonValue

from grader.checkers._base import Bench, Checker, Options, Result
from grader.checkers._checklist import Checklist, Criterion, quantities_of
from grader.errors import CannotMeasure
from grader.model.live import LiveFacts, Predicted, ProbePlan, Reply
from grader.model.measurement import NotApplicable, Quantity
from grader.model.snapshot import Snapshot

LINES = (
    Criterion(
        "answers",
        "the service answers with success at the address, be it after a cold start",
        "Look at the service's log where it is deployed, and deploy it again.",
    ),
    Criterion(
        "health",
        "GET health answers with success",
        "Add a GET route /health that answers 200 once the model is loaded.",
    ),
    Criterion(
        "documented",
        "the service has an OpenAPI document that names a POST route which predicts",
        "Leave FastAPI's /openapi.json on, and call the route /predict.",
    ),
    Criterion(
        "predicts",
        "an example made from the document's schema is answered with success and JSON",
        "Try the route in /docs with the example that stands there, and give the fields of "
        "its model examples that it takes.",
    ),
    Criterion(
        "as_documented",
        "the answer has the types and fields that the document states",
        "Give the route a response_model, and return just that.",
    ),
    Criterion(
        "refuses_wrong",
        "a body that is wrong is answered with 4xx, not with 500 or a prediction",
        "Let a pydantic model check what comes in before the model sees it.",
    ),
)

NOT_ASKED = (
    "No address of a running service was given: --probe URL, or a column probe in the list "
    "of groups."
)
_CLIENT_ERROR = range(400, 500)
_Path = Annotated[str, Field(pattern=r"^/[!-~]*$", max_length=200)]
_Paths = Annotated[tuple[_Path, ...], Field(min_length=1, max_length=8)]


class LiveServiceOptions(Options):
    """What is asked for, and how long it is waited for.

    `health_paths` are tried where the document names no route of health, `document_paths`
    for the document. `predict_path` and `example` stand in for what the document says.
    `patience_seconds` is for a service that sleeps, `work_seconds` for all that follows.
    """

    health_paths: _Paths = ("/health", "/healthz", "/api/health", "/ping")
    document_paths: _Paths = ("/openapi.json", "/api/openapi.json")
    predict_path: _Path | None = None
    example: JsonValue = None
    patience_seconds: Annotated[float, Field(gt=0, le=600)] = 90.0
    work_seconds: Annotated[float, Field(gt=0, le=600)] = 60.0

    @property
    def plan(self) -> ProbePlan:
        """The options as what asks the service takes them."""
        return ProbePlan(
            health_paths=self.health_paths,
            document_paths=self.document_paths,
            predict_path=self.predict_path,
            example=self.example,
            patience_s=self.patience_seconds,
            work_s=self.work_seconds,
        )


class LiveService(Checker[LiveServiceOptions]):
    """The deployed service, asked live.

    Why it matters
        A service is deployed when somebody else can ask it. Files only say how it was
        meant to be.

    How it is measured
        The service at the address that the instructor gives (`--probe URL`, or the column
        probe of a list of groups; never one that stands in the repository) is asked for
        its OpenAPI document, its health, a prediction for an example made from the
        document's schema, and once with a body that is wrong. The document's own examples
        and defaults come first, then its enums and bounds. One that sleeps is asked again
        for 90 seconds. A redirect is followed within the address only; every answer is
        bounded in bytes and in time. Where no address is given the item is not graded, and
        costs nothing. Where one is given and the service refuses, is silent once connected
        or answers 502 to the end, every line is a no. Where the name is not known, its
        certificate is not trusted or no connection comes about at all, that may be this
        machine's network: the item is not graded, and says so. Measured anew at every run.

    What it does not see
        Whether a prediction is right. Patterns, and checks that only the code knows: an
        example that meets the schema may be refused for them. Services that ask for
        credentials or for an uploaded file are not graded.

    How to fix
        Open /docs of the deployed service and send the example; give the fields examples
        that the model takes, and the route a response_model.
    """

    id = "live-service"
    source = "https://fastapi.tiangolo.com/tutorial/schema-extra-example/"
    mending = "findings"
    is_live = True
    quantities = (
        *quantities_of(LINES),
        Quantity("requests", "requests", "requests that were made"),
        Quantity(
            "seconds_to_wake", "seconds", "seconds until it answered for the first time"
        ),
    )

    def measure(
        self, snapshot: Snapshot, options: LiveServiceOptions, bench: Bench
    ) -> Result:
        """Ask the service; without an address there is nothing to measure."""
        if bench.probe is None:
            return Result(NotApplicable(reason=NOT_ASKED))
        facts = bench.probe(options.plan)
        checklist = Checklist(LINES)
        _answer(checklist, facts)
        values = {"requests": facts.requests, "seconds_to_wake": facts.waited_s}
        return Result(checklist.measured(values), population=facts.address)


def _answer(checklist: Checklist, facts: LiveFacts) -> None:
    first = facts.first
    if first.status is None or facts.document is None:
        asked = f"Asked {facts.requests} times in {facts.waited_s:g} s."
        for line in LINES:
            checklist.no(line.name, f"{first.told}. {asked}")
        return
    health = facts.health or Reply("GET health", problem="it was not asked")
    replies = [one for one in (facts.document, health, facts.front) if one is not None]
    good = [one for one in replies if one.status is not None and one.status < 300]
    told = good[0].told if good else "; ".join(one.told for one in replies)
    checklist.answer("answers", f"{told}.", (), holds=bool(good))
    checklist.answer("health", f"{health.told}.", (), holds=health.is_good)
    predicted = facts.predicted
    if predicted is None:
        lacks = facts.document_lacks or "the document names no POST route that predicts"
        told = f"{facts.document.asked}: {lacks.removeprefix(facts.document.asked).strip()}."
        for name in ("documented", "predicts", "as_documented", "refuses_wrong"):
            checklist.no(name, told)
        return
    checklist.yes(
        "documented", f"{facts.document.asked} names {predicted.reply.asked}."
    )
    _predictions(checklist, predicted, facts.address)


def _predictions(checklist: Checklist, predicted: Predicted, address: str) -> None:
    reply, wrong = predicted.reply, predicted.wrong
    _refuse_unfair(predicted, address)
    holds = reply.is_good and reply.is_json
    what = " with what is no JSON" if reply.is_good and not reply.is_json else ""
    checklist.answer("predicts", f"{reply.told}{what}.", (), holds=holds)
    if not holds:
        checklist.no("as_documented", f"There is no answer to compare: {reply.told}.")
    elif not predicted.states_answer:
        told = f"The document does not say what {reply.asked} answers."
        checklist.no("as_documented", told)
    else:
        differs = "; ".join(predicted.differs)
        told = (
            f"{differs}." if differs else "It has the types and fields that are stated."
        )
        checklist.answer("as_documented", told, (), holds=not differs)
    checklist.answer(
        "refuses_wrong",
        f"A wrong body: {wrong.told}.",
        (),
        holds=wrong.status in _CLIENT_ERROR and _is_of_the_body(wrong),
    )


def _is_of_the_body(wrong: Reply) -> bool:
    """Whether a refusal is one of the body: not of the path, the method or the caller."""
    return wrong.status not in (401, 403, 404, 405, 407, 429)


def _refuse_unfair(predicted: Predicted, address: str) -> None:
    """Raise where the probe, not the service, is why nothing was predicted."""
    reply = predicted.reply
    if reply.status in (401, 403) and predicted.is_guarded:
        raise CannotMeasure(
            f"{address}: {reply.asked} asks for credentials, and the probe has none."
        )
    if reply.status in (400, 422) and predicted.doubts:
        doubts = ", ".join(predicted.doubts[:3])
        raise CannotMeasure(
            f"{address}: {reply.asked} answers {reply.status} to an example that may not "
            f"meet its schema ({doubts}). Give an example in the rubric's options, or let "
            "the group state one."
        )
