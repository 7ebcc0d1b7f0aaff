"""A visit to a deployed service: it is woken up, asked how it is, and made to predict.

Only the address that was given is asked. A redirect is followed within it, and to https of
the same host; one that leads elsewhere is told.
"""

import time
from collections.abc import Callable
from dataclasses import replace
from time import monotonic

from grader.errors import CannotMeasure
from grader.model.live import LiveFacts, Predicted, ProbePlan, Reply
from grader.model.service import ServiceAddress
from grader.probing.agreement import disagreements
from grader.probing.document import Document, Operation, mapping, read_json
from grader.probing.example import NoExample, examples_of
from grader.probing.paths import led, quoted
from grader.probing.sending import (
    filled,
    given_example,
    kinds,
    media_of,
    sent_as,
    stated_by,
    wrong_for,
)
from grader.probing.wire import Answer, Sent, Unanswered, ask

# Who sleeps answers with these, or not at all; from 520 on they are Cloudflare's.
_ASLEEP = frozenset({429, 502, 503, 504, *range(520, 525), 530})
_OURS = frozenset({"name", "network", "certificate"})
_WAKES = frozenset({"refused", "silent", "unreachable"})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MAX_REDIRECTS = 3
_MAX_BYTES = 2 * 1024 * 1024
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 1.0, 15.0
# Of one request once the service is awake: a model may be loaded for it.
_ANSWER_S = 30.0


def visit(
    address: ServiceAddress,
    plan: ProbePlan,
    pause: Callable[[float], None] = time.sleep,
) -> LiveFacts:
    """What the service at an address answers. Raises `CannotMeasure` for our own trouble."""
    return _Visit(address, plan, pause).facts()


class _Visit:
    def __init__(
        self, address: ServiceAddress, plan: ProbePlan, pause: Callable[[float], None]
    ) -> None:
        self._given = self._address = address
        self._plan = plan
        self._pause = pause
        self._requests = 0
        self._end = monotonic() + plan.patience_s
        self._bodies: dict[str, bytes] = {}

    def facts(self) -> LiveFacts:
        """Everything, in order; nothing more once the service does not answer."""
        began = monotonic()
        first = self._woken(self._plan.document_paths[0])
        waited = round(monotonic() - began, 1)
        facts = LiveFacts(
            str(self._given), first, self._requests, waited, document=first
        )
        if first.status is None or first.status in _ASLEEP:
            return replace(facts, document=None)
        self._end = monotonic() + self._plan.work_s
        reply, document, lacks = self._document(first)
        health = self._health(document)
        # A host answers 404 for services that are gone: that is no service's answer.
        answers = reply.is_good or health.is_good
        front = None if answers else self._get("/")
        predicted = self._predicted(document) if document else None
        return LiveFacts(
            address=str(self._given),
            first=first,
            requests=self._requests,
            waited_s=waited,
            health=health,
            front=front,
            document=reply,
            document_lacks=lacks,
            predicted=predicted,
        )

    def _woken(self, path: str) -> Reply:
        """The first real answer, waited for; the last trouble where none comes."""
        pause = _FIRST_PAUSE_S
        while True:
            left = self._end - monotonic()
            reply, cause, asked_wait = self._tried("GET", path, max(1.0, left))
            is_asleep = reply.status in _ASLEEP or cause in _WAKES
            left = self._end - monotonic()
            wait = max(pause, asked_wait)
            if not is_asleep or wait > left:
                if cause == "unreachable":
                    raise CannotMeasure(
                        f"{self._given}: {reply.problem}: it is not there, or something "
                        "between here and there keeps us from it."
                    )
                return reply
            self._pause(wait)
            pause = min(2 * pause, _LONGEST_PAUSE_S)

    def _tried(
        self, method: str, path: str, seconds: float, sent: Sent | None = None
    ) -> tuple[Reply, str, float]:
        """A reply, the cause of none, and how long the service asks to be left alone."""
        asked = f"{method} {path}"
        try:
            answer, problem = self._followed(method, path, seconds, sent)
        except Unanswered as error:
            if error.cause in _OURS:
                raise CannotMeasure(
                    f"{self._given}: {error.reason}. Check the address, and the network "
                    "of this machine."
                ) from None
            return Reply(asked, problem=error.reason), error.cause, 0.0
        problem = problem or answer.problem
        is_json = False
        if not problem:
            self._bodies[asked] = answer.body
            is_json = _is_json(answer.body)
        after = answer.headers.get("retry-after", "").strip()
        is_number = after.isascii() and after.isdigit() and len(after) < 8
        wait = float(after) if is_number else 0.0
        return Reply(asked, answer.status, problem, is_json), "", wait

    def _followed(
        self, method: str, path: str, seconds: float, sent: Sent | None
    ) -> tuple[Answer, str]:
        """The answer behind redirects, and where they lead if it isn't to the service."""
        end = monotonic() + seconds
        address, target = self._address, self._address.path + path
        for _ in range(_MAX_REDIRECTS + 1):
            self._requests += 1
            answer = ask(
                address,
                method,
                target,
                sent,
                seconds=max(1.0, end - monotonic()),
                most_bytes=_MAX_BYTES,
            )
            if answer.status not in _REDIRECTS:
                if address.scheme != self._address.scheme:
                    # The whole service is at https: nothing is sent in the clear again.
                    path_of = self._address.path
                    self._address = replace(address, path=path_of)
                return answer, ""
            leads = led(address, target, answer.headers.get("location", ""))
            if isinstance(leads, str):
                return answer, leads
            if sent is not None and answer.status not in (307, 308):
                return answer, "it leads on in a way that drops what was sent"
            address, target = leads
        return answer, f"it leads on more than {_MAX_REDIRECTS} times"

    def _get(self, path: str) -> Reply:
        """The reply to a GET of a service that is awake, tried a second time if need be."""
        return self._again("GET", path, None)

    def _again(self, method: str, path: str, sent: Sent | None) -> Reply:
        for is_last in (False, True):
            left = self._end - monotonic()
            if left <= 0:
                return Reply(f"{method} {path}", problem="there is no time left to ask")
            reply, cause, wait = self._tried(method, path, min(_ANSWER_S, left), sent)
            wait = max(_FIRST_PAUSE_S, wait)
            is_asleep = reply.status in _ASLEEP or cause in _WAKES
            if is_last or not is_asleep or wait > self._end - monotonic():
                break
            self._pause(wait)
        return reply

    def _document(self, first: Reply) -> tuple[Reply, Document | None, str]:
        """The OpenAPI document, or why there is none that is of use."""
        for path in self._plan.document_paths:
            asked = f"GET {path}"
            reply = first if asked == first.asked else self._get(path)
            if reply.is_good and reply.is_json:
                root = mapping(read_json(self._bodies[asked]))
                if "openapi" in root and mapping(root.get("paths")):
                    return reply, Document(root), ""
        if first.is_good:
            return first, None, "what it answers is no OpenAPI document with routes"
        return first, None, first.told

    def _health(self, document: Document | None) -> Reply:
        named = document.health() if document else None
        paths = [self._under(document, named)] if document and named else []
        paths += [one for one in self._plan.health_paths if one not in paths]
        replies = []
        for path in paths[:8]:
            replies.append(self._get(path))
            if replies[-1].is_good:
                return replies[-1]
        # What the document names says more than what was only guessed.
        return replies[0]

    def _under(self, document: Document, path: str) -> str:
        """A path of the document below the address: where its server is, if it says so."""
        root = document.root_path
        is_said = root and not f"{self._address.path}/".endswith(f"{root}/")
        if is_said:
            reply, _, _ = self._tried("GET", f"{root}{quoted(path)}", _ANSWER_S)
            if reply.status != 404:
                return f"{root}{quoted(path)}"
        return quoted(path)

    def _predicted(self, document: Document) -> Predicted | None:
        operation = document.predicting(self._plan.predict_path)
        if operation is None:
            return None
        path, doubts = filled(document, operation)
        path = self._under(document, path)
        asked = f"POST {path}"
        stated = stated_by(document, operation)
        is_guarded = document.is_guarded(operation)
        try:
            bodies, wrong = self._bodies_of(document, operation)
        except NoExample as error:
            nothing = Reply(asked, problem=f"no example can be made: {error.reason}")
            return Predicted(nothing, nothing)
        found: list[Predicted] = []
        for sent, unmet in bodies:
            reply = self._again("POST", path, sent)
            one = Predicted(
                reply,
                reply,
                states_answer=bool(stated),
                doubts=(*doubts, *unmet),
                is_guarded=is_guarded,
            )
            found.append(one)
            if reply.is_good or reply.status not in (400, 422):
                break
        best = found[-1] if found[-1].reply.is_good else found[0]
        if best.reply.is_good and best.reply.is_json and stated:
            value = read_json(self._bodies[asked])
            differs = disagreements(value, dict(stated), document)
            best = replace(best, differs=differs)
        # What has no body has its values in the query.
        where = path if wrong is not None else path.partition("?")[0]
        return replace(best, wrong=self._again("POST", where, wrong))

    def _bodies_of(
        self, document: Document, operation: Operation
    ) -> tuple[list[tuple[Sent | None, tuple[str, ...]]], Sent | None]:
        """Bodies to try, each with what it may not meet, and one that is wrong.

        None for a route that takes none. Raises `NoExample`, and `CannotMeasure` for a kind
        of body that isn't sent.
        """
        if operation.said.get("requestBody") is None:
            if self._plan.example is None:
                return [(None, ())], None
            # The rubric knows more than the document.
            sent = sent_as(self._plan.example, "application/json")
            return [(sent, ())], Sent(b'{"not": ')
        body = document.resolved(operation.said.get("requestBody"))
        kind, media = media_of(body)
        if not kind:
            raise CannotMeasure(
                f"{self._given}: POST {operation.path[:80]} takes "
                f"{', '.join(kinds(body)) or 'no JSON'}, and the probe sends JSON."
            )
        schema = media.get("schema")
        given = given_example(self._plan, media)
        examples = examples_of(schema, document, given)
        bodies = [(sent_as(one.value, kind), one.doubts) for one in examples]
        return list(bodies), wrong_for(document, schema, kind)


def _is_json(body: bytes) -> bool:
    try:
        read_json(body)
    except ValueError:
        return False
    return True
