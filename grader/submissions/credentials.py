"""Tokens for private repositories, from the environment, each for its own host only.

Git asks for one through a helper that is set for that host alone, so that no other gets it,
after a redirect either. The helper is a line of shell that prints what is in a variable of
that one git process: the token is in no address, no command line, no file.
"""

import base64
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit

from grader.errors import GradeError

PREFIX = "MLOPS_GRADE_TOKEN_"
_WELL_KNOWN = {
    "github.com": ("GITHUB_TOKEN", "GH_TOKEN"),
    "gitlab.com": ("GITLAB_TOKEN",),
}
# Beside a token the user's name means nothing, but some hosts want to see a certain one.
_USERS = {"github.com": "x-access-token", "bitbucket.org": "x-token-auth"}
_USER = "oauth2"

_VALUE = "MLOPS_GRADE_GIT_PASSWORD"
# What is shorter guards nothing, and would be found in ordinary words.
_SHORTEST = 4
# Of each credential git asks the helper to get, store and erase it.
_HELPER = (
    "!f() { test \"$1\" = get && printf 'username=%s\\npassword=%s\\n' "
    f'USER "${_VALUE}"; }}; f'
)


@dataclass(frozen=True)
class Token:
    """A secret, the variable that it is from, and what git is to be run with.

    `settings` and `environment` are for the one git process that asks the host.
    """

    variable: str
    settings: Mapping[str, str] = field(repr=False)
    environment: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True)
class Credentials:
    """The tokens in some environment variables; other variables are not kept."""

    _values: Mapping[str, str] = field(default_factory=dict, repr=False)

    def token(self, url: str) -> Token | None:
        """What may be shown to the host of an address. None without one, and for ssh.

        Raises `GradeError` for a value that can't be a token.
        """
        parts = urlsplit(url)
        if parts.scheme != "https" or not parts.hostname:
            return None
        for variable in variables_for(url):
            value = self._values.get(variable, "")
            if not value:
                continue
            if not re.fullmatch(r"[!-~]+", value):
                raise GradeError(
                    f"{variable} holds white space or odd characters, as no token does.",
                    hint="Set it again, to the token alone.",
                )
            helper = _HELPER.replace("USER", _USERS.get(parts.hostname, _USER))
            key = f"credential.https://{parts.netloc.lower()}.helper"
            return Token(variable, {key: helper}, {_VALUE: value})
        return None

    def masked(self, text: str) -> str:
        """The text without any of the tokens, however a server may have put them."""
        for variable, value in self._values.items():
            if len(value) < _SHORTEST:
                continue
            forms = {value, quote(value, safe=""), *_encoded(value)}
            for form in sorted(forms, key=len, reverse=True):
                text = text.replace(form, f"[{variable}]")
        return text


def credentials_in(environment: Mapping[str, str]) -> Credentials:
    """The tokens that an environment holds."""
    known = {name for names in _WELL_KNOWN.values() for name in names}
    return Credentials(
        {
            name: value.strip()
            for name, value in environment.items()
            if value.strip() and (name in known or name.startswith(PREFIX))
        }
    )


def variables_for(url: str) -> tuple[str, ...]:
    """The names of the variables that may hold a token for an address's host, best first.

    A hyphen is two underscores, a dot is one: a token for git.example.org must not be shown
    to git-example.org, which is somebody else's.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme != "https" or re.search(r"\.-|-\.|\.\.|-$|\.$", host):
        return ()
    own = PREFIX + host.upper().replace("-", "__").replace(".", "_")
    return (own, *_WELL_KNOWN.get(host, ()))


def _encoded(value: str) -> Iterable[str]:
    """As it stands in the header that git sends."""
    for user in {*_USERS.values(), _USER}:
        yield base64.b64encode(f"{user}:{value}".encode()).decode("ascii")
