"""The errors a user is meant to read: what happened, where, what to do."""

from enum import IntEnum


class ExitCode(IntEnum):
    """What the process ends with; part of the command line's contract."""

    GRADED = 0
    BELOW_THRESHOLD = 1
    USAGE = 2
    ENVIRONMENT = 3
    INTERRUPTED = 130


class GradeError(Exception):
    """A trouble that the user can mend: shown as a message and a hint, without a traceback.

    `cause` is a short word by which the same troubles of a class are counted.
    """

    cause: str = "repository"

    def __init__(
        self, message: str, *, hint: str = "", exit_code: ExitCode = ExitCode.USAGE
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.exit_code = exit_code


class CannotMeasure(Exception):
    """We could not measure: a tool is missing, crashed, hung or printed what we don't know.

    Raised while measuring and turned into `Failed(reason)`; it never carries a number.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def did_you_mean(word: str, known: list[str]) -> str:
    """The sentence ` Did you mean "x"?` for the closest known word, or an empty string."""
    from difflib import get_close_matches

    close = get_close_matches(word, known, n=1, cutoff=0.6)
    return f' Did you mean "{close[0]}"?' if close else ""
