"""`python -m tests.reporting.payloads`: the whole matrix, and its figures for the README."""

import sys

from tests.reporting.payloads.formats import all_formats
from tests.reporting.payloads.matrix import acting, alone, count


def main() -> int:
    """Try everything; 1 where something acts."""
    texts, active = alone(), 0
    for one in acting(texts, range(len(texts)), all_formats()):
        print(f"{one.form}, from {one.start}: {one.what}", flush=True)
        active += 1
    print(f"{count()}, {active} active")
    return int(active > 0)


if __name__ == "__main__":
    sys.exit(main())
