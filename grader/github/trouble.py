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
    """GitHub wants to be asked later than we are willing to wait.

    `resets_in_s` is when a limit that is used up is none any more; None where that was not
    said, or was waited for already.
    """

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        status: int | None = None,
        resets_in_s: float | None = None,
    ) -> None:
        super().__init__(message, hint=hint, status=status)
        self.resets_in_s = resets_in_s


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


def trouble(
    status: int,
    what: str,
    said: str,
    wait_s: float | None,
    *,
    has_waited: bool = False,
) -> GitHubError:
    """The error for a status of 400 or more.

    `what` was asked for, such as `GET /user`; `said` are GitHub's own words, empty if it has
    none; `wait_s` is how long it asks to be left alone, None where it doesn't; `has_waited`
    is whether it was, as often as we do that.
    """
    says = f"GitHub says {status} to {what}" + (f": {said}" if said else "")
    # A secondary rate limit is a 403 too; it has a time or says what it is.
    is_limit = wait_s is not None or "rate limit" in said.lower()
    if status == 429 or status == 403 and is_limit:
        return _too_often(says, wait_s, status=status, has_waited=has_waited)
    if status >= 500:
        return Unavailable(
            f"{says}. GitHub has a problem of its own.",
            hint="Run the job again later; https://www.githubstatus.com tells more.",
            status=status,
        )
    kind, words, hint = _KINDS.get(status, (GitHubError, "It was not done.", ""))
    return kind(f"{says}. {words}", hint=hint, status=status)


# Both are written: https://github.com/yanyongyu/githubkit/issues/271
_LIMITS = frozenset({"RATE_LIMIT", "RATE_LIMITED"})
_REFUSALS = frozenset({"FORBIDDEN", "INSUFFICIENT_SCOPES"})


def of_query(kind: str, said: str, place: str, wait_s: float | None) -> GitHubError:
    """The error for what GraphQL answers with status 200.

    `kind` is GitHub's word for it, empty if it has none; `said` are its own words, `place`
    the field that it is about, `wait_s` as in `trouble`.
    """
    at = f" ({place})" if place else ""
    says = f"GitHub can't answer a query: {said}{at}"
    if kind in _LIMITS or "rate limit" in said.lower():
        return _too_often(says, wait_s)
    if kind == "NOT_FOUND":
        words, hint = _KINDS[404][1:]
        return Gone(f"{says}. {words}", hint=hint)
    if kind in _REFUSALS or "not accessible by" in said:
        words, hint = _KINDS[403][1:]
        return Refused(f"{says}. {words}", hint=hint)
    if not kind and "omething went wrong" in said:
        # As it says of a query that took too long.
        return Unavailable(f"{says}.", hint="Try again later.")
    return GitHubError(f"{says}.")


def _too_often(
    says: str,
    wait_s: float | None,
    *,
    status: int | None = None,
    has_waited: bool = False,
) -> RateLimited:
    # Without a time GitHub's documentation asks for a minute.
    wait = _duration(60 if wait_s is None else wait_s)
    return RateLimited(
        f"{says}. It is asked too often.",
        hint=f"It may be tried again in {wait}.",
        status=status,
        resets_in_s=None if has_waited else wait_s,
    )


def _duration(seconds: float) -> str:
    return f"{ceil(seconds)} s" if seconds <= 120 else f"{ceil(seconds / 60)} minutes"
