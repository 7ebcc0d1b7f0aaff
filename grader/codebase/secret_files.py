"""Which files hold credentials, by name, and whether one of these holds any.

`.env`, private keys, service accounts, the files in which tools keep their logins. A file
that shows others what to fill in (`.env.example`) is none of them.
"""

import re
from dataclasses import dataclass
from typing import Literal

# What has to be in a file of such a name: nothing more, a value, a private key.
Needs = Literal["name", "values", "private key"]

_EXAMPLE = frozenset(
    "example examples sample samples template templates tpl tmpl dist default defaults "
    "schema demo placeholder dummy".split()
)
_ENVIRONMENT = re.compile(r"\.env([._-].+)?", re.IGNORECASE)
# `.env.py`, `.env.md`: code, or words about one; and what is encrypted.
_OTHER = re.compile(
    r"\.(py|md|rst|ya?ml|toml|sh|j2|html?|ipynb|lock|enc|age|gpg|vault)$"
)
# `mlflow.project.env`, which MLflow writes, has no variables in it.
_NAMED: tuple[tuple[str, str, Needs], ...] = (
    (r"[^.].*\.env", "a file of variables", "values"),
    (r"id_(rsa|dsa|ecdsa|ed25519)", "an SSH key", "name"),
    (r".+\.(p12|pfx|ppk|jks|keystore)", "a key store", "name"),
    (r".+\.(pem|key|p8)", "a private key", "private key"),
    (r"\.?credentials(\.(json|csv|ini))?", "credentials", "values"),
    (r"application_default_credentials\.json", "credentials", "name"),
    (r"client_secrets?([._-].*)?\.json", "a client secret", "values"),
    (r".*service[_-]?account.*\.json", "a service account", "values"),
    (
        r"\.pypirc|\.git-credentials|\.pgpass|\.htpasswd|\.dockercfg",
        "a login",
        "values",
    ),
    (r"[._]netrc|\.s3cfg|\.boto|kaggle\.json", "a login", "values"),
    (r"\.?secrets?\.(json|ya?ml|toml|ini|txt|env)", "a file of secrets", "values"),
)
_NAMES = tuple(
    (re.compile(pattern, re.IGNORECASE), kind, needs) for pattern, kind, needs in _NAMED
)
_PLACES = {
    (".aws", "credentials"): "a login",
    (".docker", "config.json"): "a login",
    (".kube", "config"): "a login",
    (".dvc", "config.local"): "a login",
}
_PAIR = re.compile(
    r"\s*(?:export\s+|set\s+)?[\"']?[\w.\-/ ]{1,100}[\"']?\s*[:=](?P<value>.*)"
)
_STANDS_IN = re.compile(
    r"[<\[{(].*|.*\$\{.*|\.{2,}|[xX*_.-]+|(your|my|the|insert|add|put|replace|fill|enter)"
    r"([_ -].*)?|.*(change[_-]?me|placeholder|todo|your[_-]).*"
    r"|(none|null|nil|true|false|example|dummy|sample|secret|password|token|key)",
    re.IGNORECASE,
)
_LINES = 2_000
_LINE_CHARACTERS = 4_000
# As sops writes it.
_ENCRYPTED = "ENC[AES256"
_PRIVATE_KEY = "PRIVATE KEY-----"


@dataclass(frozen=True)
class SecretFile:
    """A file that holds credentials by its name: what it is, and what has to be in it."""

    kind: str
    needs: Needs

    @property
    def is_environment(self) -> bool:
        """A `.env`, by whatever name: the place that is made for what nobody may have."""
        return self.kind == "an environment file"

    @property
    def has_variables(self) -> bool:
        """A `.env`, or what is read like one."""
        return self.is_environment or self.kind == "a file of variables"

    def holds(self, text: str | None) -> bool:
        """Whether it holds what its name says; of a file that can't be read, yes."""
        if text is None or self.needs == "name":
            return True
        if _ENCRYPTED in text:
            return False
        if self.needs == "private key":
            return _PRIVATE_KEY in text
        return not is_blank(text)


def secret_file(path: str) -> SecretFile | None:
    """What kind of such a file a path is; None for any other."""
    folder, _, name = path.rpartition("/")
    words = set(re.split(r"[._-]", name.lower()))
    if words & _EXAMPLE:
        return None
    if place := _PLACES.get((folder.rpartition("/")[2].lower(), name.lower())):
        return SecretFile(place, "values")
    if _ENVIRONMENT.fullmatch(name) and not _OTHER.search(name.lower()):
        return SecretFile("an environment file", "values")
    for pattern, kind, needs in _NAMES:
        if pattern.fullmatch(name):
            return SecretFile(kind, needs)
    return None


def is_blank(text: str) -> bool:
    """Whether nothing in a file of names and values has a value but a placeholder."""
    is_code = False
    for line in text.splitlines()[:_LINES]:
        line = line[:_LINE_CHARACTERS]
        if not line.strip() or line.lstrip().startswith(("#", ";", "//")):
            continue
        pair = _PAIR.match(line)
        if pair is None:
            # What is no pair and no bracket is a value by itself: `machine x login y`.
            is_code = is_code or len(line.strip(" \t[]{}(),:-")) > 12
        elif not stands_in(pair["value"]):
            return False
    return not is_code


def stands_in(value: str) -> bool:
    """Whether a value is blank, or plainly stands in for one: `<your key>`, `changeme`."""
    text = re.sub(r"\s#.*", "", f" {value}").strip().rstrip(",;").strip("\"' ")
    return not text or bool(_STANDS_IN.fullmatch(text))
