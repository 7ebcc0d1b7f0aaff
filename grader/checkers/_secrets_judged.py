"""Which of the strings that detect-secrets reports are credentials, by the line they are on.

It reports what has the form of a key, what is called a password, and what looks random. The
last two have many names and hashes among them: there the line has to say that it is one.
Lines are looked at here and go nowhere.
"""

import re

from grader.codebase.credentials import has_known_form, is_credential

# Nobody opens anything with an address.
_NO_SECRETS = frozenset({"Public IP (ipv4)"})
_RANDOM = frozenset({"Base64 High Entropy String", "Hex High Entropy String"})
_NAMED = frozenset({"Secret Keyword", *_RANDOM})
_LINE_CHARACTERS = 10_000
# `API_KEY = "x"`, `"token": "x"`, `password: x`, `Key(api_key="x")`, `getenv("KEY", "x")`.
_QUOTED = re.compile(
    r"(?<![\w.-])(?P<name>[\w.-]{1,80}+)[\"']?\]?\s{0,9}(?:[:=]|:=|=>|,)\s*(?:[A-Za-z_]\w*\()?"
    r"[rbfu]{0,2}(?P<quote>[\"'])(?P<value>[^\"']{1,500})(?P=quote)"
)
_PLAIN = re.compile(
    r"(?:^|[\s{,;-])[\"']?(?P<name>[\w.-]{1,80}+)[\"']?\s{0,9}[:=]\s{0,9}"
    r"(?P<value>[a-z]{4}(?: [a-z]{4}){3}(?=\s*(?:#|$))|[^\s\"',;(]{1,500}+)(?!\()"
)
_LOGIN = re.compile(
    r"\b(login|auth|wandb|api|token|credential|bearer)\w*\b", re.IGNORECASE
)
_KEY = re.compile(r"\bkey\s*=\s*[\"'][^\"']{20,}[\"']")
# `wandb.login("…")`, `WANDB_KEY = "…"`: whose key it is says that it is one.
_OF_SERVICE = re.compile(
    r"\blogin\(\s*[\"'][\w-]{20,}[\"']"
    r"|(wandb|comet|neptune|clearml|dagshub|openai|anthropic|huggingface|kaggle|azure)"
    r"[_-]?key[\"']?\]?\s*[:=]\s*[\"'][\w-]{20,}[\"']",
    re.IGNORECASE,
)
_IN_ADDRESS = re.compile(
    r"://(?P<user>[^/\s:@]*):(?P<value>[^/\s@]+)@(?P<host>[\w.-]*)"
)
_EXAMPLE = re.compile(r"EXAMPLE(KEY)?\b|0123456789abcdef|1234567890", re.IGNORECASE)
_COUNTED = re.compile(r"(0123456789|1234567890)abcdef", re.IGNORECASE)
_HERE = frozenset("localhost 127.0.0.1 0.0.0.0 db postgres mysql redis host".split())
# In these a value without quotes is a name or a call.
_CODE = (".py", ".js", ".ts", ".tsx", ".jsx", ".java", ".go", ".r", ".scala")


_DATA = re.compile(
    r"\.(csv|tsv|parquet|feather|arrow|jsonl|geojson|xlsx?|npy|npz|h5|hdf5|pkl|pickle"
    r"|joblib|pt|pth|onnx|bin|model|png|jpe?g|gif|svg|ico|webp|bmp|tiff?|pdf|docx?|pptx?"
    r"|zip|gz|bz2|xz|7z|tar|tgz|whl|jar|so|dll|exe|pyc|db|sqlite3?|duckdb|mp[34]|wav|woff2?"
    r"|ttf|eot|map|lock|dvc|min\.js|min\.css|log)$|(^|/)[\w.-]*lock[\w.-]*\.(ya?ml|json)$",
    re.IGNORECASE,
)
# What every form of key that is told by itself has: many letters and digits in a row, a
# key's own words, or an address.
_RUN = re.compile(r"[\w-]{20,}+")
_WORDS = ("PRIVATE KEY", "://", "AccountKey")
_TOKEN = re.compile(r"(?=.*[A-Za-z])[\w+=.-]{12,}")
_LETTER, _DIGIT = re.compile("[g-zG-Z]"), re.compile("[0-9]")
# Any name that `is_credential` takes has one of these, and what is handed to a login.
_SAYS_SO = re.compile(r"key|secret|token|pass|pwd|connection|login\(", re.IGNORECASE)


def is_example(text: str) -> bool:
    """Whether a key is one that its maker's own manual shows."""
    return _EXAMPLE.search(text) is not None


def is_data(path: str) -> bool:
    """Whether a file is data, a picture, an archive or a list of hashes, by its name."""
    return _DATA.search(path) is not None


def may_be_secret(line: str, path: str) -> bool:
    """Whether a line could be one of those that `is_secret` takes for one.

    It spares detect-secrets the rest, for which it takes a minute in a large history.
    """
    line = line[:_LINE_CHARACTERS]
    if any(word in line for word in _WORDS):
        return True
    if any(_LETTER.search(run) and _DIGIT.search(run) for run in _RUN.findall(line)):
        return True
    return bool(_SAYS_SO.search(line)) and (
        _KEY.search(line) is not None
        or _OF_SERVICE.search(line) is not None
        or names_credential(line, path)
    )


def is_sure(kind: str) -> bool:
    """Whether what is of a kind has the form of a credential, whatever stands around it."""
    return kind not in _NAMED | _NO_SECRETS | {"Basic Auth Credentials"}


def is_secret(kind: str, line: str, path: str) -> bool:
    """Whether a string of one of detect-secrets' kinds opens something."""
    line = line[:_LINE_CHARACTERS]
    if kind in _NO_SECRETS or has_known_form(line) and not is_example(line):
        return kind not in _NO_SECRETS
    if kind == "Basic Auth Credentials":
        return any(
            found["host"].lower() not in _HERE
            and is_credential("password", found["value"])
            for found in _IN_ADDRESS.finditer(line)
        )
    if kind in _NAMED:
        return names_credential(line, path) or (
            kind in _RANDOM
            and bool(
                _KEY.search(line) and _LOGIN.search(line) or _OF_SERVICE.search(line)
            )
        )
    return not is_example(line)


def names_token(line: str) -> bool:
    """Whether a line gives a text of letters and digits to a name such as `token`.

    detect-secrets reports what is called a key or a password, and of tokens those that
    look random enough.
    """
    return any(
        _TOKEN.fullmatch(found["value"])
        and _DIGIT.search(found["value"])
        and is_credential(found["name"], found["value"])
        for found in _QUOTED.finditer(line[:_LINE_CHARACTERS])
    )


def names_credential(line: str, path: str) -> bool:
    """Whether a line gives a credential, in so many letters, to a name that says so."""
    patterns = [_QUOTED]
    if not path.lower().endswith(_CODE):
        patterns.append(_PLAIN)
    return any(
        is_credential(found["name"], found["value"])
        and not _COUNTED.match(found["value"])
        for pattern in patterns
        for found in pattern.finditer(line)
    )
