"""How a checker gets to ask the service that the instructor named, and no other."""

from functools import partial
from typing import NoReturn

from grader.errors import CannotMeasure
from grader.model.live import Probe, ProbePlan
from grader.model.service import service_address


def probe_of(written: str | None, *, is_offline: bool = False) -> Probe | None:
    """What asks the service at an address; None where none is given.

    Raises `GradeError` for what is no address.
    """
    if written is None:
        return None
    address = service_address(written)
    if is_offline:
        return _not_asked
    # Imported late: what asks over the network loads slowly, and few runs have a service.
    from grader.probing.visit import visit

    return partial(visit, address)


def _not_asked(plan: ProbePlan) -> NoReturn:
    raise CannotMeasure("with --offline nothing is asked, the service neither.")
