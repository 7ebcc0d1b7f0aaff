"""How many processor cores, and how much memory, there are for us."""

import os


def cores() -> int:
    """The cores that this process may use: fewer than the machine has, in a container."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def at_once(each_bytes: int) -> int:
    """How many things that take so much memory may run side by side: at most one a core."""
    try:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return cores()
    return max(1, min(cores(), memory // each_bytes))
