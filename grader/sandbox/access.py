"""What a boxed process may see and change: an allow-list, nothing else is there."""

import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Access:
    """Files and folders by absolute path.

    `readable` are there read-only, `writable` can be changed; the programs and libraries of
    the system are there in any case. `has_network` leaves the network as it is outside,
    which only fetching packages needs: a project's tests never get it.
    """

    readable: tuple[Path, ...] = ()
    writable: tuple[Path, ...] = ()
    has_network: bool = False


def own_interpreter() -> tuple[Path, ...]:
    """The folders that our own interpreter, its packages and this package come from."""
    return (
        *prefixes_of(sys.executable),
        Path(sys.prefix),
        Path(sys.base_prefix),
        Path(__file__).resolve().parents[1],
    )


def prefixes_of(python: str) -> tuple[Path, ...]:
    """The folders that an interpreter needs, found without running it.

    A virtual environment's `pyvenv.cfg` names the installation that it was made from. An
    environment that somebody else filled may run code as soon as it starts (`.pth` files),
    so it isn't asked.
    """
    given = Path(python).absolute()
    prefixes = [given.parent.parent, given.resolve().parent.parent]
    try:
        settings = (prefixes[0] / "pyvenv.cfg").read_text("utf-8", errors="replace")
    except OSError:
        settings = ""
    for line in settings.splitlines():
        name, _, value = line.partition("=")
        if name.strip().lower() == "home" and value.strip():
            home = Path(value.strip())
            prefixes += [home.parent, home.resolve().parent]
    # `/usr/bin/python3` lies in the system's own folders, which are there anyway.
    return tuple(
        dict.fromkeys(one for one in prefixes if one not in (Path("/"), Path("/usr")))
    )
