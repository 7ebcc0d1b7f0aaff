"""The expressions of GitHub Actions, as far as action.yml has them.

Their rules: https://docs.github.com/en/actions/reference/workflows-and-actions/expressions
"""

import re
from collections.abc import Mapping

Value = str | float | int | bool | None | Mapping[str, "Value"]

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<number>-?\d+(?:\.\d+)?)|"
    r"(?P<name>[A-Za-z_][A-Za-z0-9_-]*)|(?P<sign>==|!=|&&|\|\||[!().,\[\]]))"
)
_INSERTED = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)


def text_of(value: Value) -> str:
    """A value as it is put into text."""
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case float() | int():
            return f"{value:g}"
        case str():
            return value
    return "Object"


def is_true(value: Value) -> bool:
    """Whether a value counts as true."""
    return value not in (None, False, "", 0.0)


def filled(text: str, contexts: Mapping[str, Value], *, failed: bool = False) -> str:
    """A text of action.yml with its expressions put in."""
    return _INSERTED.sub(
        lambda found: text_of(evaluate(found[1], contexts, failed=failed)), text
    )


def condition(text: str | None, contexts: Mapping[str, Value], *, failed: bool) -> bool:
    """Whether a step runs: without a function of the status only while nothing failed."""
    written = (text or "success()").strip()
    inner = _INSERTED.fullmatch(written)
    expression = inner[1] if inner else written
    value = is_true(evaluate(expression, contexts, failed=failed))
    asks = re.search(r"\b(success|failure|always|cancelled)\s*\(", expression)
    return value and (bool(asks) or not failed)


def evaluate(
    text: str, contexts: Mapping[str, Value], *, failed: bool = False
) -> Value:
    """What an expression comes to. Raises `ValueError` for what this does not know."""
    tokens, at = [], 0
    while text[at:].strip():
        found = _TOKEN.match(text, at)
        if found is None:
            raise ValueError(f"not understood: {text[at:]!r}")
        tokens.append((found.lastgroup or "", found[found.lastgroup or 0]))
        at = found.end()
    reader = _Reader(tokens, contexts, failed)
    value = reader.either()
    if reader.tokens:
        raise ValueError(f"left over in {text!r}: {reader.tokens}")
    return value


class _Reader:
    def __init__(
        self, tokens: list[tuple[str, str]], contexts: Mapping[str, Value], failed: bool
    ) -> None:
        self.tokens = tokens
        self._contexts = contexts
        self._failed = failed

    def _took(self, *signs: str) -> str:
        if self.tokens and self.tokens[0][1] in signs and self.tokens[0][0] == "sign":
            return self.tokens.pop(0)[1]
        return ""

    def either(self) -> Value:
        value = self._both()
        while self._took("||"):
            other = self._both()
            value = value if is_true(value) else other
        return value

    def _both(self) -> Value:
        value = self._compared()
        while self._took("&&"):
            other = self._compared()
            value = other if is_true(value) else value
        return value

    def _compared(self) -> Value:
        value = self._single()
        while sign := self._took("==", "!="):
            same = _same(value, self._single())
            value = same if sign == "==" else not same
        return value

    def _single(self) -> Value:
        if self._took("!"):
            return not is_true(self._single())
        if self._took("("):
            value = self.either()
            assert self._took(")")
            return value
        kind, word = self.tokens.pop(0)
        match kind:
            case "text":
                return word[1:-1].replace("''", "'")
            case "number":
                return float(word)
            case "name" if word in ("true", "false", "null"):
                return {"true": True, "false": False, "null": None}[word]
            case "name" if self._took("("):
                return self._called(word)
            case "name":
                return self._looked_up(word)
        raise ValueError(f"not understood: {word!r}")

    def _looked_up(self, name: str) -> Value:
        # An unknown context is a mistake of ours; what it hasn't got is null.
        value = self._contexts[name]
        while self._took("."):
            part = self.tokens.pop(0)[1]
            value = value.get(part) if isinstance(value, Mapping) else None
        return value

    def _called(self, name: str) -> Value:
        values = []
        while not self._took(")"):
            values.append(self.either())
            self._took(",")
        match name, values:
            case "always", []:
                return True
            case "cancelled", []:
                return False
            case "success", []:
                return not self._failed
            case "failure", []:
                return self._failed
            case "format", [str(pattern), *parts]:
                return re.sub(
                    r"\{(\d+)\}", lambda m: text_of(parts[int(m[1])]), pattern
                )
        raise ValueError(f"{name}() is not known here")


def _same(one: Value, other: Value) -> bool:
    if isinstance(one, str) and isinstance(other, str):
        return one.lower() == other.lower()
    if type(one) is type(other):
        return one == other
    numbers = [_number(one), _number(other)]
    return numbers[0] == numbers[1]


def _number(value: Value) -> float:
    match value:
        case None | "":
            return 0.0
        case bool() | float() | int():
            return float(value)
        case str():
            try:
                return float(value)
            except ValueError:
                return float("nan")
    return float("nan")
