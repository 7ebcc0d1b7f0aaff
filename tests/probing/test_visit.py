"""What a visit brings back from services that behave, and from those that do not."""

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from fastapi import FastAPI, HTTPException
from fastapi.responses import JSONResponse, PlainTextResponse, Response

from grader.errors import CannotMeasure
from grader.model.live import LiveFacts, Predicted, ProbePlan
from grader.model.service import service_address
from grader.probing import visit as visiting
from grader.probing import wire
from grader.probing.paths import led
from grader.probing.visit import visit
from tests.probing.services import (
    Asgi,
    Counted,
    House,
    Sleepy,
    answering,
    elsewhere,
    endless,
    free_socket,
    prose,
    serving,
    trusting,
    well_behaved,
)
from tests.submissions.https_server import make_certificate

PLAN = ProbePlan(
    health_paths=("/health", "/ping"),
    document_paths=("/openapi.json",),
    predict_path=None,
    example=None,
    patience_s=30.0,
    work_s=30.0,
)

Serve = Callable[[Asgi], str]


@pytest.fixture
def serve() -> Iterator[Serve]:
    with ExitStack() as stack:
        yield lambda app: stack.enter_context(serving(app))


def facts_of(
    address: str,
    plan: ProbePlan = PLAN,
    pause: Callable[[float], None] = lambda seconds: None,
) -> LiveFacts:
    return visit(service_address(address), plan, pause)


def predicted(facts: LiveFacts) -> Predicted:
    assert facts.predicted is not None, facts
    return facts.predicted


def test_a_service_that_behaves_is_asked_five_times(serve: Serve) -> None:
    app = Counted(well_behaved())
    facts = facts_of(serve(app))
    assert app.requests == [
        *("GET /openapi.json", "GET /health"),
        *("POST /predict", "POST /predict"),
    ]
    assert facts.requests == len(app.requests)
    assert facts.health is not None and facts.health.is_good
    found = predicted(facts)
    assert found.reply.is_good and found.reply.is_json
    assert found.states_answer and found.differs == ()
    assert found.wrong.status == 422


def test_nothing_of_the_machine_goes_along(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    app = Counted(well_behaved())
    facts = facts_of(serve(app))
    assert facts.health is not None and facts.health.is_good
    assert set(app.headers) <= {
        *("host", "user-agent", "accept", "accept-encoding", "connection"),
        *("content-type", "content-length"),
    }


@pytest.mark.parametrize(
    "status",
    [503, *(pytest.param(one, marks=pytest.mark.sandbox) for one in (429, 502, 504))],
)
def test_who_sleeps_is_asked_again_and_left_alone_as_long_as_it_asks(
    status: int, serve: Serve
) -> None:
    app, pauses = Sleepy(well_behaved(), times=2, status=status), list[float]()
    facts = facts_of(serve(app), pause=pauses.append)
    assert pauses == [2.0, 2.0]
    assert facts.first.is_good and predicted(facts).reply.is_good


def test_who_is_refused_at_first_is_waited_for() -> None:
    at, pauses = free_socket(), list[float]()
    address = f"http://127.0.0.1:{at.getsockname()[1]}"
    with ExitStack() as stack:

        def pause(seconds: float) -> None:
            pauses.append(seconds)
            if len(pauses) == 3:
                stack.enter_context(serving(well_behaved(), at))

        facts = facts_of(address, pause=pause)
    assert pauses == [1.0, 2.0, 4.0]
    assert predicted(facts).reply.is_good


def test_who_never_wakes_is_no_answer_and_not_our_trouble(serve: Serve) -> None:
    app = Sleepy(well_behaved(), times=1_000)
    impatient = facts_of(serve(app), _with(patience_s=0.1))
    assert impatient.first.status == 503
    assert impatient.document is None and impatient.predicted is None
    at = free_socket()
    refused = facts_of(f"http://127.0.0.1:{at.getsockname()[1]}", _with(patience_s=0.1))
    at.close()
    assert refused.first.status is None
    assert "refused" in refused.first.told


def _with(**changed: object) -> ProbePlan:
    return ProbePlan(**{**PLAN.__dict__, **changed})


def test_a_name_that_nobody_knows_is_our_trouble() -> None:
    with pytest.raises(CannotMeasure, match="nobody.invalid is not known here"):
        facts_of("https://nobody.invalid")


def test_a_name_that_leads_to_this_machine_is_not_asked(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = Counted(well_behaved())
    port = int(serve(app).rpartition(":")[2])
    known = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **named: [known])
    with pytest.raises(CannotMeasure, match="rebound.example stands for 127.0.0.1"):
        facts_of(f"http://rebound.example:{port}")
    assert app.requests == []


def _fails(house: House) -> Response:
    raise KeyError("model")


@pytest.mark.parametrize(
    ("reply", "is_good", "is_json", "differs"),
    [
        (lambda house: JSONResponse({"price": 1.5}), True, True, ()),
        (
            lambda house: JSONResponse({"price": "high"}),
            *(True, True),
            ('"price" in the answer is string, and not number',),
        ),
        (
            lambda house: JSONResponse({"prediction": 1.5}),
            *(True, True),
            ('the answer has no "price"',),
        ),
        (
            lambda house: JSONResponse([1.5]),
            *(True, True),
            ("the answer is array, and not object",),
        ),
        (lambda house: PlainTextResponse("1.5 EUR"), True, False, ()),
        (lambda house: PlainTextResponse('{"price": NaN}'), True, False, ()),
        (lambda house: PlainTextResponse("[" * 100_000), True, False, ()),
        (lambda house: JSONResponse({}, 503), False, True, ()),
        (_fails, False, False, ()),
    ],
)
def test_an_answer_is_held_against_the_document(
    reply: Callable[[House], Response],
    is_good: bool,
    is_json: bool,
    differs: tuple[str, ...],
    serve: Serve,
) -> None:
    found = predicted(facts_of(serve(answering(reply))))
    assert (found.reply.is_good, found.reply.is_json) == (is_good, is_json)
    assert found.differs == differs


def test_a_wrong_body_that_breaks_the_code_is_seen(serve: Serve) -> None:
    app = FastAPI()

    @app.post("/predict")
    def predict(payload: dict[str, object]) -> dict[str, object]:
        return {"price": payload.get("area", 1)}

    broken = predicted(facts_of(serve(trusting())))
    assert broken.reply.status == 500
    assert not broken.reply.is_good
    assert predicted(facts_of(serve(app))).wrong.status == 422


def test_a_redirect_elsewhere_is_told_and_never_asked(serve: Serve) -> None:
    other = Counted(well_behaved())
    facts = facts_of(serve(elsewhere(serve(other))))
    assert other.requests == []
    assert facts.first.status == 307
    assert "which is not asked" in facts.first.problem
    assert facts.predicted is None
    assert facts.health is not None and not facts.health.is_good


@pytest.mark.sandbox
@pytest.mark.parametrize(
    ("location", "problem"),
    [
        ("https://example.org", "it leads to https://example.org, which is not asked"),
        ("http://127.0.0.1", "it leads to http://127.0.0.1, which is not asked"),
        ("file:///etc", "it leads to what is no address"),
        ("//example.org", "it leads to http://example.org, which is not asked"),
        ("http://user:word@example.org", "it leads to what is no address"),
    ],
)
def test_where_a_redirect_may_not_lead(
    location: str, problem: str, serve: Serve
) -> None:
    facts = facts_of(serve(elsewhere(location)))
    assert facts.first.problem == problem


@pytest.mark.sandbox
def test_a_redirect_within_the_service_is_followed_a_few_times(serve: Serve) -> None:
    app = well_behaved(redirect_slashes=True, openapi_url="/openapi.json/")
    assert predicted(facts_of(serve(app))).reply.is_good
    circle = facts_of(serve(elsewhere("")))
    assert circle.first.problem == "it leads on more than 3 times"


def test_an_endless_body_is_cut(serve: Serve) -> None:
    facts = facts_of(serve(endless()))
    assert facts.health is not None
    assert facts.health.problem == "it is larger than 2,048 KiB"
    assert predicted(facts).reply.is_good


def test_a_body_in_drips_is_cut(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("grader.probing.wire.BODY_S", 0.3)
    facts = facts_of(serve(endless(pause_s=0.02)))
    assert facts.health is not None
    assert facts.health.problem == "it does not come to its end in time"


@pytest.mark.sandbox
def test_headers_in_drips_are_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visiting, "_ANSWER_S", 0.5)
    facts = _answered_by(
        [b"HTTP/1.1 200 OK\r\nX: "] + [b"x"] * 500, _with(patience_s=0.5)
    )
    assert facts.first.status is None
    assert facts.first.problem == "nothing is answered in time"


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        (b"SSH-2.0-OpenSSH_9.6\r\n", "what it answers is not HTTP"),
        (b"", "the connection is closed without an answer"),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{}",
            "it breaks off",
        ),
        (
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\nxx",
            "it is compressed, which nobody asked for",
        ),
        (b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 500, "what it answers is not HTTP"),
        (
            b"HTTP/1.1 100 Continue\r\n\r\n",
            "the connection is closed without an answer",
        ),
    ],
)
def test_what_is_no_answer_is_told(raw: bytes, problem: str) -> None:
    facts = _answered_by([raw], _with(patience_s=0.1))
    assert facts.first.problem == problem


def _answered_by(pieces: list[bytes], plan: ProbePlan) -> LiveFacts:
    """What comes of a server that sends these pieces, whatever it is asked."""
    from threading import Event, Thread

    over = Event()
    listener = free_socket()
    listener.listen()

    def answer() -> None:
        while not over.is_set():
            try:
                one, _ = listener.accept()
            except OSError:
                return
            with one:
                one.recv(65536)
                try:
                    for piece in pieces:
                        one.sendall(piece)
                        if len(pieces) > 1 and over.wait(0.05):
                            return
                except OSError:
                    continue

    thread = Thread(target=answer, daemon=True)
    thread.start()
    try:
        return facts_of(f"http://127.0.0.1:{listener.getsockname()[1]}", plan)
    finally:
        over.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(timeout=5)


def test_a_service_without_a_document_has_health_and_no_more(serve: Serve) -> None:
    facts = facts_of(serve(well_behaved(openapi_url=None)))
    assert facts.health is not None and facts.health.is_good
    assert facts.predicted is None
    assert facts.document_lacks == "GET /openapi.json answers 404"


def test_prose_is_no_document(serve: Serve) -> None:
    facts = facts_of(serve(prose()))
    assert facts.predicted is None
    assert facts.document_lacks == "what it answers is no OpenAPI document with routes"


def test_a_prefix_is_part_of_the_address(serve: Serve) -> None:
    outer = FastAPI(openapi_url=None)
    outer.mount("/team-3", well_behaved())
    facts = facts_of(serve(outer) + "/team-3/")
    assert predicted(facts).reply.is_good
    assert facts.health is not None and facts.health.is_good


@pytest.mark.sandbox
def test_a_root_path_of_the_document_is_tried_first(serve: Serve) -> None:
    with serving(well_behaved(), root_path="/api") as address:
        assert predicted(facts_of(address)).reply.asked == "POST /predict"
    outer = FastAPI(openapi_url=None)
    outer.mount("/api", well_behaved())
    facts = facts_of(serve(outer), _with(document_paths=("/api/openapi.json",)))
    assert predicted(facts).reply.asked == "POST /api/predict"


@pytest.mark.sandbox
def test_credentials_that_the_document_asks_for_are_told(serve: Serve) -> None:
    from fastapi import Depends
    from fastapi.security import HTTPBearer

    app = FastAPI()

    @app.post("/predict", dependencies=[Depends(HTTPBearer())])
    def predict(house: House) -> dict[str, float]:
        raise HTTPException(403)

    found = predicted(facts_of(serve(app)))
    assert found.is_guarded
    assert found.reply.status in (401, 403)


@pytest.mark.sandbox
def test_tls_is_spoken_and_its_certificate_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = make_certificate(tmp_path)
    with serving(well_behaved(), certificate=certificate) as address:
        with pytest.raises(CannotMeasure, match="its certificate: "):
            facts_of(address)
        trusting_it = ssl.create_default_context(cafile=certificate)
        monkeypatch.setattr(wire, "_context", lambda: trusting_it)
        assert predicted(facts_of(address)).reply.is_good
        plain = facts_of(address.replace("https", "http"), _with(patience_s=0.1))
        assert plain.first.status != 200


@pytest.mark.parametrize(
    ("address", "location", "leads"),
    [
        ("http://a.org", "https://a.org/health", "https://a.org"),
        ("http://a.org", "https://A.org:443/health", "https://a.org"),
        ("https://a.org", "/other", "https://a.org"),
        ("https://a.org:8443", "//a.org:8443/other", "https://a.org:8443"),
        ("https://a.org", "http://a.org/health", None),
        ("http://a.org", "https://a.org:8443/health", None),
        ("http://a.org:8000", "https://a.org/health", None),
        ("http://a.org", "https://www.a.org/health", None),
        ("http://a.org", "https://a.org.b.org/", None),
        ("http://a.org", "http://a.org:81/", None),
        ("http://a.org", "", None),
        ("http://a.org", "http://[::1", None),
    ],
)
def test_a_redirect_leads_within_the_address_or_to_https_of_it(
    address: str, location: str, leads: str | None
) -> None:
    leads_to = led(service_address(address), "/health", location)
    found = None if isinstance(leads_to, str) else leads_to[0].origin
    assert found == leads


def test_a_route_without_a_body_is_asked_by_its_query(serve: Serve) -> None:
    app = FastAPI()

    @app.post("/predict")
    def predict(rooms: int, area: float) -> dict[str, float]:
        return {"price": area * rooms}

    found = predicted(facts_of(serve(app)))
    assert found.reply.is_good and found.wrong.status == 422


def test_a_file_that_is_asked_for_is_not_sent(serve: Serve) -> None:
    app = FastAPI(openapi_url=None)

    @app.get("/openapi.json")
    def document() -> dict[str, object]:
        content: dict[str, object] = {"multipart/form-data": {}}
        return {
            "openapi": "3.1.0",
            "paths": {"/predict": {"post": {"requestBody": {"content": content}}}},
        }

    with pytest.raises(CannotMeasure, match="takes multipart/form-data"):
        facts_of(serve(app))


def test_a_plan_says_which_route_and_with_what(serve: Serve) -> None:
    app, seen = well_behaved(), list[dict[str, object]]()

    @app.post("/v2/value")
    def value(payload: dict[str, object]) -> dict[str, object]:
        seen.append(payload)
        return payload

    given = {"rooms": 3}
    facts = facts_of(serve(app), _with(predict_path="/v2/value", example=given))
    assert seen[0] == given
    assert predicted(facts).reply.asked == "POST /v2/value"
