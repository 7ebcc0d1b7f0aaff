"""What GitHub's refusals mean, in plain words: one error each, none with the token in it."""

from collections.abc import Mapping
from math import ceil

from grader.errors import ExitCode, GradeError


class GitHubError(GradeError):
    """GitHub did not do what it was asked; `status` is the HTTP status, where there is one."""

    cause = "github"

    def __init__(
        self, message: str, *, hint: str = "", status: int | None = None
    ) -> None:
        super().__init__(message, hint=hint, exit_code=ExitCode.ENVIRONMENT)
        self.status = status


class Refused(GitHubError):
    """403: the token is good, and may not do this."""


class Gone(GitHubError):
    """404 or 410: it is not there, or the token may not see it."""


class RateLimited(GitHubError):
    """GitHub wants to be asked later than we are willing to wait."""


class Unavailable(GitHubError):
    """No answer, or 5xx: whether what was asked for was done is not known."""


_KINDS: Mapping[int, tuple[type[GitHubError], str, str]] = {
    401: (
        GitHubError,
        "The token is missing, wrong or has expired.",
        "In a workflow: env: GITHUB_TOKEN: ${{ github.token }}",
    ),
    403: (
        Refused,
        "The token may not do this.",
        "Give the job the permission, for example pull-requests: write.",
    ),
    404: (
        Gone,
        "It is not there, or the token may not see it.",
        "Check the name, and that the token is for this repository.",
    ),
    410: (Gone, "It was there and is no more.", ""),
    422: (GitHubError, "It can't take what was sent.", ""),
}


def trouble(status: int, what: str, said: str, wait_s: float | None) -> GitHubError:
    """The error for a status of 400 or more.

    `what` was asked for, such as `GET /user`; `said` are GitHub's own words, empty if it has
    none; `wait_s` is how long it asks to be left alone, None where it doesn't.
    """
    says = f"GitHub says {status} to {what}" + (f": {said}" if said else "")
    # A secondary rate limit is a 403 too; it has a time or says what it is.
    is_limit = wait_s is not None or "rate limit" in said.lower()
    if status == 429 or status == 403 and is_limit:
        # Without a time GitHub's documentation asks for a minute.
        wait = _duration(60 if wait_s is None else wait_s)
        return RateLimited(
            f"{says}. It is asked too often.",
            hint=f"It may be tried again in {wait}.",
            status=status,
        )
    if status >= 500:
        return Unavailable(
            f"{says}. GitHub has a problem of its own.",
            hint="Run the job again later; https://www.githubstatus.com tells more.",
            status=status,
        )
    kind, words, hint = _KINDS.get(status, (GitHubError, "It was not done.", ""))
    return kind(f"{says}. {words}", hint=hint, status=status)


def _duration(seconds: float) -> str:
    return f"{ceil(seconds)} s" if seconds <= 120 else f"{ceil(seconds / 60)} minutes"
