"""What a service writes down: each request, what it predicted, what went wrong."""

import ast
import re
from collections.abc import Iterator

from grader.checkers._monitoring_flow import Flow
from grader.checkers._monitoring_serving import Handler, Serving, called, within
from grader.codebase.answering import Answering
from grader.codebase.code import Code, CodeFile, Function, code_of
from grader.codebase.log_calls import is_log_call, last_name
from grader.codebase.stages import words_of
from grader.codebase.trackers import Trackers, trackers_of
from grader.model.measurement import Sight
from grader.model.snapshot import Snapshot

_MADE = re.compile(r"prometheus_client\.(\w+\.)?(Counter|Gauge|Histogram|Summary)\(\)")
_COUNTED = re.compile(
    rf"{_MADE.pattern}(\.labels\(\))?"
    r"\.(inc|dec|observe|set|time|count_exceptions|track_inprogress)(\(\))?"
)
_INSTRUMENTED = re.compile(
    r"prometheus_fastapi_instrumentator\..*\.instrument"
    r"|opentelemetry\.instrumentation\.\w+\.\w+(\(\))?\.instrument(_app)?"
    r"|prometheus_flask_exporter\.\w+|logfire\.instrument_\w+"
)
# Middlewares of libraries that measure each request.
_MEASURES = (
    *("starlette_exporter.", "starlette_prometheus.", "prometheus_fastapi", "ddtrace."),
    *(
        "opentelemetry.",
        "elasticapm.",
        "aioprometheus.",
        "starlette_context_prometheus",
    ),
)
_TELEMETRY = re.compile(
    r"opentelemetry\..*\.(start_as_current_span|start_span|set_attribute|set_attributes"
    r"|add|record|add_event)|whylogs\.(\w+\.)*log|(arize|fiddler|aporia|superwise)\..+"
    r"|statsd\..+|datadog\..+|boto3\..*put_metric_data"
)
_TRACKED = re.compile(r"(wandb|mlflow)\.(client\.)?(log\w*|summary.*)")
_LOGS_BY_NAME = frozenset(
    "log logs logged logger logging access accesslog structlog".split()
)
_RECORDS = frozenset(
    "log logs logged logging logger audit track monitor record observe trace flush".split()
)
_PREPARES = frozenset("load get init setup create make build read".split())
_HIDDEN = frozenset({"debug", "trace", "adebug"})
_TELLS_ERRORS = frozenset({"exception", "error", "critical", "fatal", "aerror"})
_STORES = frozenset(
    "insert_one insert_many insert_rows_json execute executemany put_item put_record "
    "put_records put_object send produce publish xadd rpush lpush write writelines "
    "writerow writerows to_sql write_text upload_from_string".split()
)
_SESSIONS = frozenset({"session", "db", "database", "conn", "connection", "db_session"})
_CLIENTS = frozenset({"requests", "httpx", "client", "session", "queue"})
_TO_FILES = frozenset("to_csv to_json to_parquet to_pickle to_feather".split())
_IN_MEMORY = re.compile(r"(io\.|tempfile\.)\w+")
_REPORTERS = re.compile(
    r"sentry_sdk\.(init|capture_exception|capture_message)|rollbar\.(init|report_exc_info)"
    r"|bugsnag\.configure|newrelic\.agent\.(initialize|notice_error)|airbrake\.\w+"
    r"|honeybadger\.\w+|raygun4py\.\w+"
)


class Records:
    """What the functions that answer requests write down."""

    def __init__(self, snapshot: Snapshot, serving: Serving) -> None:
        self._snapshot, self._serving = snapshot, serving
        self._code: Code = code_of(snapshot)
        self._trackers: Trackers = trackers_of(snapshot)
        self._flows = {
            one: Flow(snapshot, serving.answers, one.answering)
            for one in serving.handlers
        }

    def of_requests(self) -> tuple[list[Sight], list[Sight]]:
        """The places that log each request, and the handlers that log none.

        Logged by something around each request, nothing is missing.
        """
        around = [
            sight
            for one in self._serving.around
            for sight in (self._around(one.symbol, one.sight, one.answering))
        ]
        if around:
            return around, []
        found, silent = list[Sight](), list[Sight]()
        for handler in self._serving.handlers:
            places = list(self._own_messages(handler.answering))
            if not places:
                places = [
                    sight
                    for file, node in handler.answering.functions
                    for sight in self._messages(handler, file, node)
                ]
            found += places[:1]
            if not places:
                silent.append(handler.sight)
        return found, silent

    def of_predictions(self) -> list[Sight]:
        """Where predictions, their inputs or the time they take are recorded."""
        found = list[Sight]()
        for one in self._serving.handlers:
            home = one.answering.file
            functions = sorted(
                one.answering.functions, key=lambda pair: pair[0] is not home
            )
            for file, node in functions:
                found += self._in_function(one, file, node)
                found += self._messages(one, file, node)
        for around in self._serving.around:
            if around.symbol.startswith(_MEASURES):
                found.append(around.sight)
            for answering in around.answering:
                for file, call in answering.calls():
                    symbol = self._code.symbol(file, call.func) or ""
                    if _COUNTED.fullmatch(symbol) or _TELEMETRY.fullmatch(symbol):
                        found.append(called(file, call))
        for file, call in self._serving.reach.calls():
            symbol = self._code.symbol(file, call.func) or ""
            if not file.is_test and _INSTRUMENTED.fullmatch(symbol):
                found.append(called(file, call))
        return list(dict.fromkeys(found))

    def of_errors(self) -> list[Sight]:
        """Where an error on the way to an answer is logged or reported."""
        found = [
            called(file, call)
            for file, call in self._serving.reach.calls()
            if not file.is_test
            and (call.args or call.keywords)
            and _REPORTERS.fullmatch(self._code.symbol(file, call.func) or "")
        ]
        handled = [one.answering for one in self._serving.handlers]
        handled += [each for one in self._serving.around for each in one.answering]
        for answering in handled:
            for file, node in answering.functions:
                # What goes wrong with a record is no error of the prediction.
                if not _RECORDS.isdisjoint(words_of(node.name)):
                    continue
                for call in ast.walk(node):
                    if isinstance(call, ast.Call):
                        is_own = file is answering.file
                        if self._tells_caught(file, call, is_own=is_own):
                            found.append(called(file, call))
        for one in self._serving.errors:
            for answering in one.answering:
                for file, call in answering.calls():
                    if self._tells(file, call):
                        found.append(called(file, call))
        return list(dict.fromkeys(found))

    def idle_metrics(self) -> list[Sight]:
        """The metrics of Prometheus that are made, where nothing that runs counts on any."""
        made = list[Sight]()
        for file in self._code.files.values():
            text = "" if file.is_test else self._snapshot.module(file.path).text
            for node in file.names.nodes if "prometheus_client" in text else ():
                if isinstance(node, ast.Call):
                    symbol = self._code.symbol(file, node) or ""
                    if _MADE.fullmatch(symbol):
                        made.append(called(file, node))
        return made

    def _around(
        self, symbol: str, sight: Sight, answering: tuple[Answering, ...]
    ) -> Iterator[Sight]:
        if not answering and not _LOGS_BY_NAME.isdisjoint(
            words_of(symbol.rpartition(".")[2])
        ):
            yield sight
        for one in answering:
            for file, call in one.calls():
                is_error = within((ast.ExceptHandler,), file, call)
                if not is_error and self._logs(file, call):
                    yield called(file, call)
                    return

    def _own_messages(self, answering: Answering) -> Iterator[Sight]:
        """What a handler logs of each request, itself or by a function for that."""
        for file, node in answering.functions:
            words = words_of(node.name)
            is_handler = node is answering.handler
            is_own = file is answering.file and _PREPARES.isdisjoint(words[:1])
            if not (is_handler or is_own or not _RECORDS.isdisjoint(words)):
                continue
            for inner in ast.walk(node):
                if isinstance(inner, ast.Call) and self._logs(file, inner):
                    is_told = _method(inner) not in (*_TELLS_ERRORS, "warning", "warn")
                    if is_told and not within((ast.ExceptHandler,), file, inner):
                        yield called(file, inner)

    def _in_function(
        self, handler: Handler, file: CodeFile, function: Function
    ) -> Iterator[Sight]:
        flow = self._flows[handler]
        calls = [one for one in ast.walk(function) if isinstance(one, ast.Call)]
        in_memory = any(
            _IN_MEMORY.fullmatch(self._code.symbol(file, one.func) or "")
            for one in calls
        )
        for call in calls:
            symbol = self._code.symbol(file, call.func) or ""
            is_metric = _COUNTED.fullmatch(symbol) or _TELEMETRY.fullmatch(symbol)
            if is_metric:
                yield called(file, call)
            elif within((ast.ExceptHandler,), file, call) or in_memory:
                continue
            elif self._stores(flow, function, call):
                yield called(file, call)
        for use in self._trackers.uses((file, one) for one in ast.walk(function)):
            if _TRACKED.fullmatch(use.name):
                yield use.sight

    def _messages(
        self, handler: Handler, file: CodeFile, function: Function
    ) -> Iterator[Sight]:
        """The messages with a prediction, an input or the time that it took."""
        flow = self._flows[handler]
        for call in ast.walk(function):
            if not (isinstance(call, ast.Call) and self._logs(file, call)):
                continue
            kinds = {kind for one in _given(call) for kind in flow.of(function, one)}
            if kinds - {"clock"} and not within((ast.ExceptHandler,), file, call):
                yield called(file, call)

    def _stores(self, flow: Flow, function: Function, call: ast.Call) -> bool:
        """Whether a prediction is put into a file, a database or a queue."""
        if not isinstance(call.func, ast.Attribute):
            return False
        attr, receiver = call.func.attr, call.func.value
        if attr == "dump" and last_name(receiver) == "json":
            given = call.args[:1] if len(call.args) > 1 else []
        elif attr in _TO_FILES:
            return bool(call.args) and "prediction" in flow.of(function, receiver)
        elif attr in ("add", "add_all", "put_nowait"):
            words = words_of(last_name(receiver))
            is_session = not _SESSIONS.isdisjoint(words) or "queue" in words
            given = list(call.args) if is_session else []
        elif attr in _STORES or (
            attr in ("post", "put") and last_name(receiver) in _CLIENTS
        ):
            given = _given(call)
        else:
            given = []
        return any("prediction" in flow.of(function, one) for one in given)

    def _logs(self, file: CodeFile, call: ast.Call) -> bool:
        """Whether a message is logged that is shown by default."""
        return _method(call) not in _HIDDEN and is_log_call(self._code, file, call)

    def _tells_caught(self, file: CodeFile, call: ast.Call, *, is_own: bool) -> bool:
        """Whether a caught error is told: as an error, or where it is answered by its text."""
        if not within((ast.ExceptHandler,), file, call):
            return False
        if is_own and _method(call) in ("warning", "warn"):
            caught = {
                above.name
                for above in _above(file, call)
                if isinstance(above, ast.ExceptHandler) and above.name
            }
            names = {
                node.id
                for one in _given(call)
                for node in ast.walk(one)
                if isinstance(node, ast.Name)
            }
            return bool(caught & names) and self._logs(file, call)
        return self._tells(file, call)

    def _tells(self, file: CodeFile, call: ast.Call) -> bool:
        if _REPORTERS.fullmatch(self._code.symbol(file, call.func) or ""):
            return True
        is_traced = any(one.arg == "exc_info" for one in call.keywords)
        if not is_traced and _method(call) not in _TELLS_ERRORS:
            return False
        return is_log_call(self._code, file, call)


def _above(file: CodeFile, node: ast.AST) -> Iterator[ast.AST]:
    above = file.names.parents.get(node)
    while above is not None:
        yield above
        above = file.names.parents.get(above)


def _given(call: ast.Call) -> list[ast.expr]:
    return [*call.args, *(one.value for one in call.keywords)]


def _method(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else ""
