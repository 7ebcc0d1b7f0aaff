"""What asking a service that runs brings: facts for a checker, no marks."""

from collections.abc import Callable
from dataclasses import dataclass

from pydantic import JsonValue


@dataclass(frozen=True)
class ProbePlan:
    """What a service is asked for, and how long it is waited for.

    Paths are relative to the address; of several the first that is there counts.
    `predict_path` and `example` stand in for what the service's own document says.
    `patience_s` is for waking up, `work_s` for everything after that.
    """

    health_paths: tuple[str, ...]
    document_paths: tuple[str, ...]
    predict_path: str | None
    example: JsonValue
    patience_s: float
    work_s: float


@dataclass(frozen=True)
class Reply:
    """What came of one request: `asked` is such as `GET /health`.

    `status` is None where nothing was answered. `problem` is what is wrong with the answer,
    or with its coming, as part of a sentence; `is_json` whether its body is JSON.
    """

    asked: str
    status: int | None = None
    problem: str = ""
    is_json: bool = False

    @property
    def is_good(self) -> bool:
        """Whether it is a whole answer of success."""
        return self.status is not None and 200 <= self.status < 300 and not self.problem

    @property
    def told(self) -> str:
        """The reply as a sentence without its full stop."""
        said = f"{self.asked} answers {self.status}" if self.status else self.asked
        return f"{said}: {self.problem}" if self.problem else said


@dataclass(frozen=True)
class Predicted:
    """What came of sending an example to the route that predicts, and one that is wrong.

    `states_answer`: the document says what the route answers; `differs` are the places in
    which the answer is otherwise. `doubts` are what of the schema the example may not
    meet. `is_guarded`: the document says that the route asks for credentials.
    """

    reply: Reply
    wrong: Reply
    states_answer: bool = False
    differs: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    is_guarded: bool = False


@dataclass(frozen=True)
class LiveFacts:
    """What a service answered at an address.

    `first` is what woke it up, `waited_s` how long that took, `requests` how many were
    made. `document` is None where nothing was asked any more; `document_lacks` says why it
    is of no use. `front` is what `/` answers, asked where document and health do not.
    `predicted` is None where no route that predicts is known.
    """

    address: str
    first: Reply
    requests: int
    waited_s: float = 0.0
    health: Reply | None = None
    front: Reply | None = None
    document: Reply | None = None
    document_lacks: str = ""
    predicted: Predicted | None = None


Probe = Callable[[ProbePlan], LiveFacts]
