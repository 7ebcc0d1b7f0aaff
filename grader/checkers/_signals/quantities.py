"""The numbers that taking away the bodies of a few functions gives."""

from grader.model.measurement import Quantity

MUTANT_QUANTITIES = (
    Quantity(
        "mutants",
        "functions",
        "of two or three covered functions whose bodies were taken away or turned round "
        "for one more run: those that a passing test called; absent where none was tried, "
        "the run did not end in time, or no passing test called one",
        optional=True,
    ),
    Quantity(
        "surviving_mutants",
        "functions",
        "of `mutants`: those without which every test passed as before; absent where "
        "`mutants` is",
        better="lower",
        ideal=0,
        optional=True,
    ),
)
