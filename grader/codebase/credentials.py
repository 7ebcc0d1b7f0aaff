"""Whether a setting holds a credential in so many letters, by its name and its value.

For `env:` of workflows and ENV of Dockerfiles, where what is secret has no business. The
value itself goes nowhere.
"""

import re

_NAME = re.compile(
    r"(^|[_.-])(api[_-]?key|access[_-]?key([_-]?id)?|secret([_-]?(access[_-]?)?key)?"
    r"|secret[_-]?token|token|password|passwd|pwd|passphrase|private[_-]?key"
    r"|auth[_-]?key|account[_-]?key|connection[_-]?string)$",
    re.IGNORECASE,
)
_KNOWN = re.compile(
    r"(gh[pousr]_[A-Za-z0-9]{30,}|github_pat_\w{30,}|AKIA[0-9A-Z]{16}"
    r"|(?<![\w-])sk-[\w-]{20,}"
    r"|hf_[A-Za-z0-9]{30,}|xox[abp]-[\w-]{20,}|AIza[\w-]{35}|rnd_[A-Za-z0-9]{20,}"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----|api\.render\.com/deploy/srv-\w+\?key=\w{6,}"
    r"|dckr_pat_[\w-]{20,}|wandb_v1_\w{30,})"
)
# Options and addresses that are followed by something secret.
_FOLLOWED = re.compile(
    r"(://[^/\s:@]*:|--?(?:password|passwd|token|api-?key|secret)[= ]"
    r"|\blogin\b[^\n]{0,200}?\s-p[= ]?"
    r"|\b(?:key|token|password|secret|apikey|api_key)=|Authorization:\s*(?:\w+\s+)?)"
    r"(?!\$)[^\s@&'\"]{6,}",
    re.IGNORECASE,
)
_WORDS = frozenset(
    "dummy test testing fake none null disabled offline online example changeme change_me "
    "placeholder postgres root admin user pass password secret guest true false mock "
    "xxx xxxx todo ci local dev localhost".split()
)
_LONGEST = 500
# As Google gives one to an app: `abcd efgh ijkl mnop` is how manuals write it.
_APP_PASSWORD = re.compile(r"(?!abcd efgh )(?!(.)\1{3} )[a-z]{4}(?: [a-z]{4}){3}")
_PASSWORD = re.compile(r"(password|passwd|pwd|passphrase)$", re.IGNORECASE)


def is_credential(name: str, value: object) -> bool:
    """Whether a setting of this name has a value that opens something.

    A reference (`${{ secrets.KEY }}`, `$KEY`), a blank and what plainly stands in for a value
    (`dummy`, `<your key>`) do not.
    """
    text = str(value).strip().strip("\"'")[:_LONGEST]
    if isinstance(value, bool) or value is None or "$" in text:
        return False
    if has_known_form(text):
        return True
    if not _NAME.search(name) or len(text) < 6:
        return False
    is_of_app = _PASSWORD.search(name) and _APP_PASSWORD.fullmatch(text)
    if " " in text and not is_of_app:
        return False
    if any(mark in text for mark in "<>[]{}*") or text.startswith(("/", "./", "~")):
        return False
    words = re.split(r"[-_. ]", text.lower())
    return not any(word in _WORDS or word.startswith("your") for word in words)


def names_secret(name: str) -> bool:
    """Whether a variable of this name is there for something secret: `WANDB_API_KEY`."""
    return _NAME.search(name[-_LONGEST:]) is not None


def has_known_form(text: str) -> bool:
    """Whether a text holds a token of a form that its maker gives to nothing else."""
    return _KNOWN.search(text[:20_000]) is not None


def masked(text: str) -> str:
    """A command with `***` for what a credential may be, to be shown."""
    return _FOLLOWED.sub(r"\1***", _KNOWN.sub("***", text[:20_000]))
