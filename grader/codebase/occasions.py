"""On which occasions GitHub runs a workflow, and which of them a condition leaves.

Branch filters are matched as GitHub does; the main branch is called main or master.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Literal

from grader.codebase.documents import Document, Value

# `push` and `pull_request` are those to the main branch; `after` follows another workflow.
Occasion = Literal[
    "push", "pull_request", "release", "tag", "after", "manual", "schedule", "other"
]
OCCASIONS: frozenset[Occasion] = frozenset(
    ("push", "pull_request", "release", "tag", "after", "manual", "schedule", "other")
)
MAIN = ("main", "master")


_EVENT = re.compile(r"github\.event_name\s*(==|!=)\s*'([a-z_]+)'")
_REF = re.compile(
    r"github\.(ref|ref_name|base_ref|head_ref|ref_type)\s*(==|!=)\s*'([\w./-]+)'"
)
_STARTS = re.compile(r"startsWith\(\s*github\.ref\s*,\s*'(refs/[\w./-]+)'\s*\)")
_NEVER = frozenset({"false", "!true", "0", "''"})
EVENTS: dict[str, Occasion] = {
    "push": "push",
    "pull_request": "pull_request",
    "release": "release",
    "workflow_run": "after",
    "workflow_dispatch": "manual",
    "repository_dispatch": "manual",
    "schedule": "schedule",
}


def triggers(
    document: Document,
) -> tuple[frozenset[Occasion], tuple[str, ...], tuple[str, ...]]:
    """The occasions of a workflow, what limits them, and the workflows that it follows."""
    given = document.at("on")
    events: dict[str, Value] = {}
    match given:
        case str():
            events = {given: None}
        case list():
            events = {str(one): None for one in given}
        case dict():
            events = given
    found: set[Occasion] = set()
    notes: list[str] = []
    after: list[str] = []
    for name, value in events.items():
        options = value if isinstance(value, dict) else {}
        if name == "push":
            found |= _pushes(options, notes)
        elif name == "pull_request":
            if _takes_pull_requests(options, notes):
                found.add("pull_request")
        else:
            found.add(EVENTS.get(name, "other"))
        if name == "workflow_run":
            after += texts(options.get("workflows"))
        if name in ("push", "pull_request") and "paths" in options:
            notes.append(f"{name} only where certain paths change")
    if events.keys() == {"workflow_call"}:
        return frozenset(), ("it only runs where another workflow calls it",), ()
    return frozenset(found), tuple(notes), tuple(after)


def _pushes(options: dict[str, Value], notes: list[str]) -> set[Occasion]:
    found: set[Occasion] = set()
    has_tags = "tags" in options or "tags-ignore" in options
    has_branches = "branches" in options or "branches-ignore" in options
    if has_tags:
        found.add("tag")
    if has_tags and not has_branches:
        notes.append("push only of tags")
    elif not _is_main(options):
        notes.append("push only to other branches")
    elif "**" in texts(options.get("paths-ignore")):
        notes.append("push leaves every path out")
    else:
        found.add("push")
        if not has_branches:
            found.add("tag")
    return found


def _takes_pull_requests(options: dict[str, Value], notes: list[str]) -> bool:
    types = texts(options.get("types"))
    if types and not {"opened", "synchronize", "reopened"} & set(types):
        notes.append(f"pull_request only when {', '.join(types)[:60]}")
        return False
    if not _is_main(options):
        notes.append("pull_request only to other branches")
        return False
    if "**" in texts(options.get("paths-ignore")):
        notes.append("pull_request leaves every path out")
        return False
    return True


def _is_main(options: dict[str, Value]) -> bool:
    """Whether the filters let the main branch through."""
    if "branches" in options:
        patterns = texts(options["branches"])
        return any(matches(patterns, one) for one in MAIN)
    if "branches-ignore" in options:
        patterns = texts(options["branches-ignore"])
        return not any(matches(patterns, one) for one in MAIN)
    return True


def matches(patterns: Sequence[str], name: str) -> bool:
    """Whether a branch passes GitHub's filter: the last pattern that matches decides."""
    taken = False
    for pattern in patterns:
        is_negative = pattern.startswith("!")
        expression = _expression(pattern.removeprefix("!")[:200])
        if expression is not None and expression.fullmatch(name):
            taken = not is_negative
    return taken


@lru_cache(maxsize=256)
def _expression(pattern: str) -> re.Pattern[str] | None:
    parts: list[str] = []
    at = 0
    while at < len(pattern):
        if pattern.startswith("**", at):
            parts.append(".*")
            at += 2
            continue
        letter = pattern[at]
        at += 1
        if letter == "*":
            parts.append("[^/]*")
        elif letter in "?+":
            # One of what stands before it, or none: `v1.?`.
            parts.append(letter if parts else "")
        elif letter == "[" and "]" in pattern[at:]:
            end = pattern.index("]", at)
            parts.append("[" + re.escape(pattern[at:end]).replace(r"\-", "-") + "]")
            at = end + 1
        elif letter == "\\" and at < len(pattern):
            parts.append(re.escape(pattern[at]))
            at += 1
        else:
            parts.append(re.escape(letter))
    try:
        return re.compile("".join(parts))
    except re.error:
        return None


def conditioned(
    condition: Value, occasions: frozenset[Occasion]
) -> tuple[frozenset[Occasion], str]:
    """The occasions that an `if:` leaves, and why, where it leaves none.

    Of an expression only what compares the event or the ref is understood; the rest may
    be true.
    """
    if condition is None:
        return occasions, ""
    if condition is False:
        return frozenset(), "`if: false` never lets it run"
    text = str(condition).strip()
    whole = re.fullmatch(r"\$\{\{(.*)\}\}", text, re.DOTALL)
    inside = (whole[1] if whole and "${{" not in whole[1] else text).strip()
    if whole is None and "${{" in text:
        # What stands around an expression makes a text of it, and a text is true.
        return occasions, ""
    left: set[Occasion] = set()
    for either in inside.split("||"):
        kept = set(occasions)
        for term in either.split("&&"):
            kept &= _allowed(term.strip().lstrip("( "))
        left |= kept
    if not left and occasions:
        return frozenset(), f"`if: {inside[:60]}` never lets it run"
    return frozenset(left), ""


def _allowed(term: str) -> frozenset[Occasion]:
    if term.rstrip(") ").lower() in _NEVER:
        return frozenset()
    if found := _EVENT.search(term):
        name = EVENTS.get(found[2], "other")
        named = {name, "tag"} if name == "push" else {name}
        return OCCASIONS & named if found[1] == "==" else OCCASIONS - named
    if found := _STARTS.search(term):
        if found[1].startswith("refs/tags/"):
            is_not = term.startswith("!")
            tagged = frozenset[Occasion](("tag", "release"))
            return OCCASIONS - tagged if is_not else tagged
    if found := _REF.search(term):
        kind, operator, value = found[1], found[2], found[3]
        if operator == "==" and kind in ("ref", "ref_name"):
            if value.removeprefix("refs/heads/") in MAIN:
                return OCCASIONS - {"pull_request", "tag", "release"}
            if value.startswith("refs/heads/"):
                return OCCASIONS - {"push", "tag", "release", "pull_request"}
        if kind == "ref_type" and (value == "tag") == (operator == "=="):
            return frozenset(("tag", "release"))
    return OCCASIONS


def texts(value: Value) -> list[str]:
    """A text or a list of them as a list."""
    if isinstance(value, str):
        return [value]
    return [str(one) for one in value] if isinstance(value, list) else []
