"""The checker of the running service: from what was answered to the lines."""

from dataclasses import replace

import pytest
from pydantic import ValidationError

from grader.checkers._base import Bench
from grader.checkers.live_service import LINES, LiveService, LiveServiceOptions
from grader.errors import CannotMeasure
from grader.model.live import LiveFacts, Predicted, ProbePlan, Reply
from grader.model.measurement import Measured, NotApplicable
from tests.conftest import MakeSnapshot

ADDRESS = "https://houses.example.org"
DOCUMENT = Reply("GET /openapi.json", 200, is_json=True)
GOOD = Reply("POST /predict", 200, is_json=True)
WRONG = Reply("POST /predict", 422, is_json=True)
PREDICTED = Predicted(GOOD, WRONG, states_answer=True)
FACTS = LiveFacts(
    address=ADDRESS,
    first=DOCUMENT,
    requests=4,
    waited_s=0.2,
    health=Reply("GET /health", 200, is_json=True),
    document=DOCUMENT,
    predicted=PREDICTED,
)


def measured(facts: LiveFacts, make_snapshot: MakeSnapshot, bench: Bench) -> Measured:
    asked = replace(bench, probe=lambda plan: facts)
    result = LiveService().measure(make_snapshot({}), LiveServiceOptions(), asked)
    assert isinstance(result.outcome, Measured)
    assert result.population == ADDRESS
    return result.outcome


def test_without_an_address_nothing_is_measured_and_it_says_why(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    result = LiveService().measure(make_snapshot({}), LiveServiceOptions(), bench)
    assert isinstance(result.outcome, NotApplicable)
    assert "--probe URL" in result.outcome.reason


def test_the_options_are_what_is_asked_for(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    plans: list[ProbePlan] = []

    def probe(plan: ProbePlan) -> LiveFacts:
        plans.append(plan)
        return FACTS

    options = LiveServiceOptions.model_validate(
        {"predict_path": "/v1/price", "example": {"rooms": 3}, "patience_seconds": 5}
    )
    LiveService().measure(make_snapshot({}), options, replace(bench, probe=probe))
    assert plans[0].predict_path == "/v1/price"
    assert plans[0].example == {"rooms": 3}
    assert plans[0].patience_s == 5


@pytest.mark.parametrize(
    "option",
    [
        {"predict_path": "https://elsewhere.org/predict"},
        {"health_paths": []},
        {"patience_seconds": 0},
        {"url": ADDRESS},
    ],
)
def test_a_rubric_can_name_no_other_address(option: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        LiveServiceOptions.model_validate(option)


def _predicted(**changed: object) -> LiveFacts:
    return replace(FACTS, predicted=replace(PREDICTED, **changed))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        pytest.param(FACTS, "111111", id="all well"),
        pytest.param(
            replace(FACTS, first=Reply("GET /openapi.json", 503), document=None),
            "000000",
            id="never awake",
        ),
        pytest.param(
            replace(
                FACTS,
                first=Reply("GET /openapi.json", None, "the connection is refused"),
                document=None,
            ),
            "000000",
            id="refused",
        ),
        pytest.param(
            replace(FACTS, health=Reply("GET /health", 404)), "101111", id="no health"
        ),
        pytest.param(
            replace(FACTS, health=Reply("GET /health", 200, "it is larger than 1 KiB")),
            "101111",
            id="endless health",
        ),
        pytest.param(
            replace(FACTS, predicted=None, document_lacks="it is no document"),
            "110000",
            id="no document",
        ),
        pytest.param(
            replace(
                FACTS,
                first=Reply("GET /openapi.json", 302, "it leads to b.org"),
                document=Reply("GET /openapi.json", 302, "it leads to b.org"),
                health=Reply("GET /health", 302, "it leads to b.org"),
                predicted=None,
            ),
            "000000",
            id="elsewhere",
        ),
        pytest.param(
            replace(
                FACTS,
                first=Reply("GET /openapi.json", 404),
                document=Reply("GET /openapi.json", 404),
                health=Reply("GET /health", 404),
                front=Reply("GET /", 404),
                predicted=None,
            ),
            "000000",
            id="the host says that it is gone",
        ),
        pytest.param(
            replace(
                FACTS,
                first=Reply("GET /openapi.json", 404),
                document=Reply("GET /openapi.json", 404),
                health=Reply("GET /health", 404),
                front=Reply("GET /", 200),
                predicted=None,
            ),
            "100000",
            id="a page and no more",
        ),
        pytest.param(
            _predicted(reply=replace(GOOD, status=500, is_json=False)),
            "111001",
            id="breaks",
        ),
        pytest.param(
            _predicted(reply=replace(GOOD, is_json=False)), "111001", id="no JSON"
        ),
        pytest.param(_predicted(states_answer=False), "111101", id="nothing stated"),
        pytest.param(
            _predicted(differs=('the answer has no "price"',)), "111101", id="differs"
        ),
        pytest.param(
            _predicted(wrong=replace(WRONG, status=500)), "111110", id="500 for wrong"
        ),
        pytest.param(
            _predicted(wrong=replace(WRONG, status=200)), "111110", id="200 for wrong"
        ),
        pytest.param(
            _predicted(wrong=replace(WRONG, status=404)), "111110", id="404 for wrong"
        ),
        pytest.param(
            _predicted(reply=replace(GOOD, status=401), is_guarded=False),
            "111001",
            id="401 that nobody documents",
        ),
    ],
)
def test_what_was_answered_settles_the_lines(
    facts: LiveFacts, expected: str, make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    values = measured(facts, make_snapshot, bench).values
    assert "".join(str(values[line.name]) for line in LINES) == expected


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        (
            _predicted(reply=replace(GOOD, status=403), is_guarded=True),
            "asks for credentials, and the probe has none",
        ),
        (
            _predicted(
                reply=replace(GOOD, status=422), doubts=("a pattern of the schema",)
            ),
            "may not meet its schema",
        ),
    ],
)
def test_what_the_probe_can_not_do_is_no_mark(
    facts: LiveFacts, words: str, make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    with pytest.raises(CannotMeasure, match=words):
        measured(facts, make_snapshot, bench)


def test_what_was_seen_is_told(make_snapshot: MakeSnapshot, bench: Bench) -> None:
    facts = replace(
        FACTS,
        first=Reply("GET /openapi.json", 503),
        document=None,
        requests=7,
        waited_s=90.1,
    )
    outcome = measured(facts, make_snapshot, bench)
    told = {one.told for one in outcome.answers}
    assert told == {"GET /openapi.json answers 503. Asked 7 times in 90.1 s."}
