"""How many processor cores there are for us."""

import os


def cores() -> int:
    """The cores that this process may use: fewer than the machine has, in a container."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
