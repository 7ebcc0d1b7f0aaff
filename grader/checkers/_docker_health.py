"""Whether a health check can tell a server that works from one that does not."""

import re

from grader.codebase.dockerfiles import Dockerfile, Stage
from grader.codebase.shell import commands
from grader.model.measurement import Sight

_SAYS_NOTHING = frozenset("true : echo exit ls sleep date printf pwd".split())
_BARE = re.compile(r"(.*/)?(python:.*slim.*|debian:.*|ubuntu:.*)|debian|ubuntu")


def health(
    file: Dockerfile, stage: Stage
) -> tuple[bool, str, Sight | None, tuple[str, ...]]:
    """Whether there is one, what is told, its place, and the programs that it lacks."""
    last = stage.last("HEALTHCHECK")
    if last is None:
        return False, "There is no HEALTHCHECK.", None, ()
    what = f"HEALTHCHECK {' '.join(last.text.split())}"[:120]
    sight = Sight(path=file.path, line=last.line, what=what)
    keyword, _, rest = last.text.strip().partition(" ")
    if keyword.upper() == "NONE":
        return False, "HEALTHCHECK NONE switches it off.", sight, ()
    if keyword.upper() != "CMD" or not rest.strip():
        return False, "HEALTHCHECK has no CMD.", sight, ()
    text = rest.strip()
    if text.startswith("["):
        text = " ".join(re.findall(r'"((?:[^"\\]|\\.)*)"', text))
    asked = [one.bare[0].rpartition("/")[2] for one in commands(text) if one.bare]
    asking = [name for name in dict.fromkeys(asked) if name not in _SAYS_NOTHING]
    if not asking:
        return False, "Its command succeeds whatever the server does.", sight, ()
    missing = tuple(
        name for name in ("curl", "wget") if name in asked and _lacks(stage, name)
    )
    return (
        True,
        f"It asks by {', '.join(asking)[:80]}.",
        sight,
        missing,
    )


def _lacks(stage: Stage, name: str) -> bool:
    """Whether the base is known not to have a program, and nothing installs it."""
    base = stage.origin.base.lower()
    is_bare = _BARE.fullmatch(base) or (name == "curl" and "alpine" in base)
    brought = any(
        re.search(rf"\b{name}\b", one.text + one.body)
        for one in stage.each("RUN", "COPY", "ADD")
    )
    return bool(is_bare) and not brought
