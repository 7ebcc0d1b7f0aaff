"""Where DVC keeps the data: the default remote, who can reach it, and what it is opened with."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from grader.codebase.credentials import has_known_form, is_credential, masked
from grader.codebase.dvc_remotes import DvcConfig
from grader.model.measurement import Sight

_MAX_HOPS = 5
_PASSWORD = re.compile(r"\w+://[^/\s:@]*:([^/\s@]+)@")
_OWN_NAMES = re.compile(
    r"(access_key_id|secret|_key|token|password|connection_string)$"
)


@dataclass(frozen=True)
class Remote:
    """The default remote: its address and place; or `problem`, why there is none."""

    address: str = ""
    sight: Sight | None = None
    problem: str = ""

    @property
    def shown(self) -> str:
        """The address without what a password may be."""
        return masked(self.address)[:120]

    @property
    def is_local(self) -> bool:
        """Whether it is a path of one machine."""
        return "://" not in self.address or self.address.startswith("file://")


def default_remote(configs: Sequence[DvcConfig]) -> Remote:
    """The default remote of the first configuration that has one, else what is wrong."""
    shared = [one for one in configs if not one.path.endswith(".local")]
    if not shared:
        return Remote(problem="There is no .dvc/config.")
    found = [_default(one) for one in sorted(shared, key=lambda one: len(one.path))]
    return next((one for one in found if not one.problem), found[0])


def _default(config: DvcConfig) -> Remote:
    place = Sight(path=config.path)
    if config.problem:
        return Remote(sight=place, problem=f"{config.path}: {config.problem}.")
    if not config.remotes:
        return Remote(sight=place, problem=f"{config.path} has no remote.")
    if not config.default:
        names = ", ".join(list(config.remotes)[:3])
        told = f"{config.path} has {names}, and none of them is the default."
        return Remote(sight=place, problem=told)
    sight = Sight(
        path=config.path,
        line=config.line_of("remote", config.default),
        what=config.default[:80],
    )
    given = config.remotes.get(config.default)
    if given is None:
        told = f"The default remote {config.default[:80]} is not in {config.path}."
        return Remote(sight=sight, problem=told)
    address = given.get("url", "")
    for _ in range(_MAX_HOPS):
        # `remote://other/folder` is a folder of another remote.
        if not address.startswith("remote://"):
            break
        name, _, rest = address.removeprefix("remote://").partition("/")
        above = config.remotes.get(name, {}).get("url", "")
        address = f"{above}/{rest}" if above else ""
    if not address:
        return Remote(sight=sight, problem=f"{config.default[:80]} has no url.")
    line = config.line_of("url", given.get("url", ""))
    return Remote(
        address, Sight(path=config.path, line=line, what=masked(address)[:120])
    )


def credentials(configs: Sequence[DvcConfig]) -> list[Sight]:
    """The options in git that open something, without their values."""
    found = []
    for config in configs:
        for section, name, value in config.options:
            is_known = has_known_form(value) or _PASSWORD.search(value) is not None
            # An option of a remote is what its name says, whatever its value looks like.
            is_named = (
                "remote" in section
                and _OWN_NAMES.search(name) is not None
                and not name.startswith("ask_")
            )
            if is_known or (is_named and is_credential(f"x_{name}", value)):
                line = config.line_of(name, value)
                found.append(Sight(path=config.path, line=line, what=name[:80]))
    return found
