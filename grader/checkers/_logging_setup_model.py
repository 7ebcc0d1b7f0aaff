"""What logging is set up with: the handlers that loggers have, and their levels."""

import re
from dataclasses import dataclass, field
from typing import Literal

from grader.model.measurement import Sight

Kind = Literal["console", "file", "other"]

_TIME = re.compile(r"asctime|\{time|created|timestamp|formatTime", re.IGNORECASE)
_LEVEL = re.compile(r"levelname|levelno|\{level|\blevel\b|add_log_level")
# What the libraries write by themselves.
TIME_AND_LEVEL = "%(asctime)s %(levelname)s"
NUMBERS = {
    **{"NOTSET": 0, "TRACE": 5, "DEBUG": 10, "INFO": 20, "SUCCESS": 25},
    **{"WARNING": 30, "WARN": 30, "ERROR": 40, "CRITICAL": 50, "FATAL": 50},
}


@dataclass(frozen=True)
class Handler:
    """One handler that a logger has; what the code doesn't say of it is None.

    `is_loguru`: no level of logging's loggers stands before its own.
    """

    kind: Kind
    sight: Sight
    level: str | None = None
    format: str | None = None
    place: str | None = None
    rotates: bool = False
    is_level_configured: bool = False
    is_loguru: bool = False

    @property
    def tells_time_and_level(self) -> bool:
        """Whether each of its lines has both."""
        text = self.format or ""
        return bool(_TIME.search(text) and _LEVEL.search(text))


@dataclass
class Setup:
    """What sets logging up, the handlers, and where levels come from a configuration.

    `is_past_hydra`: Hydra's own handlers get no message, since all go to loguru.
    """

    calls: list[Sight] = field(default_factory=list)
    handlers: list[Handler] = field(default_factory=list)
    configured_levels: list[Sight] = field(default_factory=list)
    logger_levels: list[str] = field(default_factory=list)
    is_past_hydra: bool = False

    def of(self, kind: Kind) -> list[Handler]:
        """The handlers of one kind."""
        return [one for one in self.handlers if one.kind == kind]

    def passes(self, handler: Handler) -> str | int:
        """From which level on a handler gets messages; a text where only the code knows."""
        own = handler.level or "NOTSET"
        if own not in NUMBERS:
            return own
        if handler.is_loguru:
            return NUMBERS[own]
        # A logger that nobody gives a level has the root's: warnings.
        levels = [NUMBERS.get(one, 0) for one in self.logger_levels] or [30]
        return max(NUMBERS[own], min(levels))
