"""Which calls log a message: by a logger of logging, loguru, structlog and their like."""

import ast

from grader.codebase.code import Code, CodeFile

_METHODS = frozenset(
    "debug info warning warn error exception critical fatal log success trace "
    "adebug ainfo awarning aerror".split()
)
_LOGGERS = (
    *("logging.getLogger()", "logging.Logger()", "logging.LoggerAdapter()"),
    *("loguru.logger", "structlog.get_logger()", "structlog.getLogger()"),
    *("logging.root", "absl.logging", "structlog.stdlib.get_logger()"),
    *("prefect.get_run_logger()", "prefect.logging.get_run_logger()"),
)
_USUAL_NAMES = frozenset({"logger", "log", "_logger", "_log", "LOGGER", "LOG"})


def is_log_call(code: Code, file: CodeFile, call: ast.Call) -> bool:
    """Whether a call gives a message to a logger, one by its usual name included."""
    if not isinstance(call.func, ast.Attribute) or call.func.attr not in _METHODS:
        return False
    symbol = code.symbol(file, call.func) or ""
    if symbol.startswith(_LOGGERS) or symbol == f"logging.{call.func.attr}":
        return True
    receiver = call.func.value
    if isinstance(receiver, ast.Call):
        # `get_logger().info(…)`
        return "logger" in last_name(receiver.func).lower()
    return last_name(receiver) in _USUAL_NAMES


def last_name(node: ast.AST) -> str:
    """The last part of a name: `logger` of `self.app.logger`; empty for what is none."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""
