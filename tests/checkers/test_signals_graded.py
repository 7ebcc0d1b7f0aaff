"""The graded run's own course: what fits is silent, what doesn't is told."""

import pytest

from grader.checkers._signals.graded import Course, graded_signals

FITS = Course(exit_status=1, finish_status=1, collected=("a", "b"), reported=("b", "a"))


def test_a_run_in_which_all_fits_is_silent() -> None:
    assert graded_signals(FITS) == ()


@pytest.mark.parametrize(
    ("course", "rule", "said"),
    [
        (Course(0, None), "no-end-reported", "ended with status 0, which"),
        (Course(0, 1), "other-exit-status", "status 1; the process ended with 0"),
        (Course(0, 0, bad=2), "other-exit-status", "every test passed; 2 did not"),
        (Course(0, 0, odd_lines=3), "foreign-results", "3 lines"),
        (Course(0, 0, lost_lines=1), "lost-results", "1 line did"),
        (
            Course(0, 0, collected=("a", "b")),
            "tests-not-reported",
            "2 tests were to run",
        ),
        (Course(0, 0, reported=("a",)), "tests-not-known", "1 test was reported"),
        (Course(0, 0, dropped=("a",)), "tests-dropped", "1 test was collected"),
        (
            Course(0, 0, marked=[f"t{n}" for n in range(9)]),
            "tests-marked-later",
            "t0, t1, t2, t3, t4 and 4 more.",
        ),
    ],
)
def test_what_does_not_fit_is_told(course: Course, rule: str, said: str) -> None:
    (found,) = graded_signals(course)
    assert found.rule == rule
    assert said in found.message


@pytest.mark.parametrize(
    "course",
    [
        # Stopped by a limit, or crashed: told as a run that broke off, in the numbers.
        Course(-9, None, was_stopped=True, collected=("a", "b"), reported=("a",)),
        Course(-11, None, collected=("a", "b"), reported=("a",)),
        Course(139, None),
        # At the very end, by a library that doesn't clean up.
        Course(-11, 0),
        Course(139, 1, bad=1),
        # The settings are wrong, a plugin raises: no test ran.
        Course(4, None),
        Course(1, None),
    ],
)
def test_a_run_that_broke_off_is_no_signal_by_itself(course: Course) -> None:
    assert graded_signals(course) == ()
