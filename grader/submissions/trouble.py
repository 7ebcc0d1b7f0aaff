"""Why a repository could not be had, read from what git printed, and what to do about it.

Git prints sentences, not codes, so its sentences are what there is to go by. Those of the
server stand among them: they are looked at last, and shown as text, cleaned and cut.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from grader.errors import ExitCode, GradeError
from grader.submissions.names import printable

Cause = Literal[
    "private-or-gone",
    "refused",
    "forbidden",
    "rate-limited",
    "timed-out",
    "host-unknown",
    "connection",
    "host-key",
    "certificate",
    "redirected",
    "not-a-repository",
    "server",
    "damaged",
    "too-large",
    "disk-full",
    "not-in-cache",
    "other",
]

_SHOWN_CHARACTERS = 200
_SHOWN_LINES = 2

# What comes from the server: its side channel, and its refusals in git's own protocol.
_SERVER = re.compile(r"^(remote:|fatal: remote error:|ERROR:)\s*")
# Colours and titles of terminals, which would be left as a litter of escapes.
_SEQUENCE = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)?)")
_STATUS = re.compile(r"requested URL returned error: (\d{3})|RPC failed; HTTP (\d{3})")

# In this order: the first that fits says it. A failed transfer has several lines, of which
# the later ones are only what came of the first.
_GIT_SAYS: tuple[tuple[Cause, str], ...] = (
    (
        "too-large",
        r"died of signal 25|File too large|Out of memory|attempting to allocate",
    ),
    ("disk-full", r"No space left on device|Disk quota exceeded"),
    ("host-unknown", r"Could not resolve (host|proxy)"),
    (
        "certificate",
        r"(SSL|server) certificate|certificate (subject name|verif|problem)",
    ),
    ("host-key", r"Host key verification failed|REMOTE HOST IDENTIFICATION"),
    ("timed-out", r"Operation too slow|timed out|Timeout was reached|Timeout, server"),
    (
        "refused",
        r"Permission denied \(|Authentication failed|could not read (User|Pass)",
    ),
    ("private-or-gone", r"^fatal: repository '[^\n]*' not found"),
    (
        "not-a-repository",
        r"is this a git repository\?|not appear to be a git repo"
        r"|invalid server response|invalid content-type",
    ),
    (
        "damaged",
        r"^(error|fatal): (object [0-9a-f]{40}|fsck error|did not send all|bad object"
        r"|pack has|inflate|missing (blob|tree|commit)|remote did not send)"
        r"|index-pack: (fatal|error)|collision|fsck error|serious inflate",
    ),
    (
        "connection",
        r"[Ff]ailed to connect|[Cc]ouldn't connect|[Cc]onnection (was )?(refused|reset"
        r"|closed|aborted)|early EOF|RPC failed|unexpected disconnect|hung up unexpectedly"
        r"|Empty reply|transfer closed|recv error|recv failure|Send failure|unreachable"
        r"|No route to host|non-properly terminated|SSL_(read|connect|ERROR)"
        r"|gnutls_handshake|HTTP/2 stream|Broken pipe|still expected",
    ),
    ("not-a-repository", r"protocol error|bad line length"),
)
_SERVER_SAYS: tuple[tuple[Cause, str], ...] = (
    ("rate-limited", r"rate.?limit|too many requests|abuse detection"),
    ("private-or-gone", r"repository[^\n]*not found|could not be found|not exported"),
)
_BY_STATUS: dict[int, Cause] = {
    401: "refused",
    403: "forbidden",
    404: "private-or-gone",
    407: "refused",
    410: "private-or-gone",
    429: "rate-limited",
    451: "forbidden",
}

# For how long it is waited before another try, in seconds. What is not here will not pass.
DELAYS: dict[Cause, tuple[float, ...]] = {
    "connection": (2.0, 10.0),
    "timed-out": (2.0, 10.0),
    "server": (2.0, 10.0),
    # How long a server wants (Retry-After) git doesn't tell.
    "rate-limited": (20.0, 60.0),
    # A network that was gone for a moment; more often a host that isn't there.
    "host-unknown": (2.0,),
}


class CloneTrouble(GradeError):
    """A repository that can't be cloned or updated; `cause` is one of a few kinds.

    `is_final`: another try would come to the same, whatever the cause.
    """

    def __init__(
        self, url: str, cause: Cause, reason: str, hint: str, *, is_final: bool = False
    ) -> None:
        super().__init__(
            f"cloning {url} failed: {reason}.",
            hint=hint,
            exit_code=ExitCode.ENVIRONMENT,
        )
        self.url = url
        self.cause: Cause = cause
        self.reason = reason
        self.is_final = is_final

    def __reduce__(self) -> tuple[object, ...]:
        """So that it comes whole from a worker's process."""
        given = (self.url, self.cause, self.reason, self.hint)
        return CloneTrouble, given, {"is_final": self.is_final}

    def after(self, tries: int) -> "CloneTrouble":
        """The same, said to have been met several times."""
        if tries < 2:
            return self
        reason = f"{self.reason} ({tries} tries)"
        return CloneTrouble(self.url, self.cause, reason, self.hint)


@dataclass(frozen=True)
class Asked:
    """Whom git asked: the address, its host, and what stood in for the user.

    `variables` would hold a token for the host, `used` is the one that did.
    """

    url: str
    host: str
    variables: Sequence[str]
    used: str | None

    @property
    def is_ssh(self) -> bool:
        """Whether a key was shown instead of a token."""
        return not self.url.startswith("https://")


def trouble(asked: Asked, said: str) -> CloneTrouble:
    """What git's standard error, without secrets, means."""
    # The address is the group's own wording.
    git, server = _told_apart(said.replace(asked.url, "…"))
    cause, status = _cause(git, server)
    if cause == "refused" and not asked.is_ssh and asked.used is None and status != 407:
        # Without a token GitHub asks for one, whether there is a repository or not.
        cause = "private-or-gone"
    words = server if server and cause not in ("connection", "timed-out") else git
    return CloneTrouble(
        asked.url,
        cause,
        _reason(cause, asked, status) + _quoted(words),
        _hint(cause, asked),
    )


def stopped(
    asked: Asked, cause: Cause, why: str, *, is_final: bool = False
) -> CloneTrouble:
    """What there is to say where we had to stop git, or saw for ourselves."""
    hint = _hint(cause, asked)
    return CloneTrouble(asked.url, cause, why, hint, is_final=is_final)


def redirected(asked: Asked, where: str) -> CloneTrouble:
    """A redirect that is not followed; `where` is the server's own word."""
    reason = (
        f"{asked.host} sends on to {shown(where)}, where no password may go with it"
    )
    return CloneTrouble(asked.url, "redirected", reason, _hint("redirected", asked))


def shown(words: str) -> str:
    """A server's text on one line: without terminals' commands, the rest as escapes."""
    plain = printable(" ".join(_SEQUENCE.sub("", words).split()))
    beyond = len(plain) > _SHOWN_CHARACTERS
    return plain[:_SHOWN_CHARACTERS] + ("…" if beyond else "")


def _told_apart(said: str) -> tuple[list[str], list[str]]:
    git: list[str] = []
    server: list[str] = []
    is_theirs = False
    # Only where git itself ends a line: a server's text may have other line ends in it.
    for line in said.split("\n"):
        prefix = _SERVER.match(line)
        # A refusal in git's protocol can have lines of its own.
        is_theirs = is_theirs or line.startswith("fatal: remote error:")
        if prefix or is_theirs:
            server.append(line[prefix.end() if prefix else 0 :])
        elif not line.startswith(("Cloning into", "warning:")):
            git.append(line)
    return [one for one in git if one.strip()], [one for one in server if one.strip()]


def _cause(git: Sequence[str], server: Sequence[str]) -> tuple[Cause, int | None]:
    text, theirs = "\n".join(git), "\n".join(server)
    status = None
    if found := _STATUS.search(text):
        status = int(found[1] or found[2])
    said = _first(_SERVER_SAYS, theirs)
    if said == "rate-limited" and status in (None, 403, 429):
        return said, status
    if status is not None:
        if status in _BY_STATUS:
            return _BY_STATUS[status], status
        if status >= 500:
            return "server", status
        return ("redirected" if 300 <= status < 400 else "other"), status
    return _first(_GIT_SAYS, text) or said or "other", None


def _first(signs: Sequence[tuple[Cause, str]], text: str) -> Cause | None:
    flags = re.MULTILINE | (re.IGNORECASE if signs is _SERVER_SAYS else 0)
    return next((cause for cause, sign in signs if re.search(sign, text, flags)), None)


def _reason(cause: Cause, asked: Asked, status: int | None) -> str:
    code = f" (HTTP {status})" if status else ""
    match cause:
        case "private-or-gone":
            return f"there is no such repository, or it is private{code}"
        case "refused" if asked.is_ssh:
            return f"{asked.host} refused the ssh key{code}"
        case "refused" if asked.used:
            return f"{asked.host} refused the token in {asked.used}: wrong or expired{code}"
        case "refused":
            return f"a user name and a password are asked for{code}"
        case "forbidden":
            return f"{asked.host} does not allow it{code}"
        case "rate-limited":
            return f"{asked.host} has had too many requests{code}"
        case "timed-out":
            return f"{asked.host} stopped answering"
        case "host-unknown":
            return f"there is no host {asked.host}, or the network is down"
        case "connection":
            return f"the connection to {asked.host} failed or broke off"
        case "host-key":
            return f"ssh does not know the key of {asked.host}, or it has changed"
        case "certificate":
            return f"the certificate of {asked.host} is not trusted here"
        case "redirected":
            return f"{asked.host} sends on to another address{code}"
        case "not-a-repository":
            return "what is there is not a git repository"
        case "server":
            return f"{asked.host} had a trouble of its own{code}"
        case "damaged":
            return "the repository is damaged where it is kept"
        case "too-large":
            return "the repository is too large"
        case "disk-full":
            return "the disk is full here"
        case _:
            return f"git could not do it{code}"


def _hint(cause: Cause, asked: Asked) -> str:
    variables = " or ".join(asked.variables)
    match cause:
        case "private-or-gone" if asked.is_ssh:
            return "Check the address, and that your ssh key may read the repository."
        case "private-or-gone" if asked.used:
            return (
                f"Check the address, and that the token in {asked.used} may read "
                "this repository."
            )
        case "private-or-gone" if asked.variables:
            return (
                "Check the address, and that the group has not deleted or renamed it. If "
                f"it is private, put a token that may read it in {variables}."
            )
        case "refused" if asked.is_ssh:
            return f"Try: ssh -T git@{asked.host}"
        case "refused":
            return (
                f"Put a new token in {asked.used or variables or 'the proxy settings'}."
            )
        case "forbidden" if asked.used:
            return (
                f"Give the token in {asked.used} the right to read contents; where the "
                "organisation has single sign-on, authorise the token for it."
            )
        case "forbidden" if asked.variables:
            return f"It may need a token; it would be read from {variables}."
        case "rate-limited":
            more = (
                ""
                if asked.used or not asked.variables
                else f" A token in {variables} has more."
            )
            return f"Wait, then run again: what is done is not done twice.{more}"
        case "timed-out" | "connection" | "server":
            return "Run again later."
        case "host-unknown":
            return "Check the host's name and the network."
        case "host-key":
            return (
                f"Check its key, then: ssh-keyscan {asked.host} >> ~/.ssh/known_hosts"
            )
        case "certificate":
            return (
                "Check the clock and the address. A certificate authority of your own is "
                "named in SSL_CERT_FILE."
            )
        case "redirected":
            return "If that is where the repository is now, give that address."
        case "not-a-repository":
            return "Give the address that git clone takes, without /tree/… or /blob/…."
        case "damaged":
            return "The group can look with git fsck --full, and push a repaired one."
        case "too-large":
            return "Data, models and environments have no place in a repository."
        case "disk-full":
            return "Make room, then run again."
        case "not-in-cache":
            return "Run once without --offline."
        case _:
            return "Check the address, and try git clone yourself."


def _quoted(lines: Sequence[str]) -> str:
    words = [
        shown(line.removeprefix("fatal: ").removeprefix("error: "))
        for line in lines[:_SHOWN_LINES]
    ]
    said = " / ".join(filter(None, words)).rstrip(".")
    return f': "{said}"' if said else ""
