"""Numbers as text: 10 only for 10, 0 only for 0, and never far from the truth."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.reporting import numbers

MARKS = st.floats(0, 10)
SHARES = st.floats(0, 1)
ANY = st.one_of(
    st.integers(-(10**15), 10**15),
    st.floats(-1e11, 1e11, allow_nan=False, allow_infinity=False),
)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (10, "10"),
        (9.9996, "9.99"),
        (9.994, "9.99"),
        (0, "0"),
        (-0.0, "0"),
        (0.001, "0.01"),
        (8.571428, "8.57"),
        (8.575, "8.58"),
        (8.5, "8.5"),
        (1e-300, "0.01"),
    ],
)
def test_a_mark_has_two_decimals_at_most(value: float, shown: str) -> None:
    assert numbers.mark(value) == shown


@given(MARKS)
def test_a_mark_shows_10_only_if_it_is_10_and_0_only_if_it_is_0(mark: float) -> None:
    shown = numbers.mark(mark)
    assert (shown == "10") == (mark == 10)
    assert (shown == "0") == (mark == 0)
    assert abs(float(shown) - mark) <= 0.01
    assert len(shown.partition(".")[2]) <= 2


@given(MARKS, MARKS)
def test_a_better_mark_never_looks_worse(one: float, other: float) -> None:
    worse, better = sorted((one, other))
    assert float(numbers.mark(worse)) <= float(numbers.mark(better))


@given(SHARES)
def test_a_share_shows_100_per_cent_only_if_it_is_the_whole(share: float) -> None:
    shown = numbers.percent(share)
    assert (shown == "100 %") == (share == 1)
    assert (shown == "0 %") == (share == 0)


def test_a_share_is_not_spoilt_by_the_floats_last_bit() -> None:
    assert numbers.percent(0.07) == "7 %"
    assert numbers.percent(0.9996) == "99.9 %"
    assert numbers.percent(0.0001) == "0.1 %"


@pytest.mark.parametrize(
    ("points", "shown"),
    [(0.4199, "+0.42"), (0.0004, "+0.01"), (0, "+0"), (10, "+10"), (-0.3, "-0.3")],
)
def test_a_gain_has_its_sign(points: float, shown: str) -> None:
    assert numbers.gain(points) == shown


@given(ANY)
def test_any_other_number_is_zero_or_one_only_if_it_is(value: float) -> None:
    shown = numbers.plain(value)
    for end in (0, 1, 10, 100):
        assert (shown == str(end)) == (value == end)


@given(st.integers(-(10**15), 10**15))
def test_an_integer_is_shown_as_it_is(value: int) -> None:
    assert numbers.plain(value) == str(value)


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (18, "files", "18 files"),
        (1, "files", "1 file"),
        (1, "classes", "1 class"),
        (1, "entries", "1 entry"),
        (1.0, "places", "1 place"),
        (0.8726, "share", "87.3 %"),
        (2.0004, "", "2"),
        (1e30, "files", "1e+30 files"),
    ],
)
def test_a_quantity_has_its_unit(value: float, unit: str, shown: str) -> None:
    assert numbers.quantity(value, unit) == shown


def test_a_total_of_100_is_100_only_if_it_is() -> None:
    assert numbers.of_100(99.996) == "99.99"
    assert numbers.of_100(100.0) == "100"


def test_a_duration_has_as_many_digits_as_matter() -> None:
    assert numbers.seconds(0.8412) == "0.84 s"
    assert numbers.seconds(75.2) == "75 s"
    assert numbers.duration(75.2) == "75 s"
    assert numbers.duration(2460) == "41 min"
    assert numbers.duration(12_000) == "3 h 20 min"


@given(MARKS)
def test_a_mark_in_a_table_has_four_decimals_and_its_ends_are_true(mark: float) -> None:
    shown = numbers.cell(mark)
    assert abs(float(shown) - mark) <= 0.0001
    assert (float(shown) == 10) == (mark == 10)
    assert (float(shown) == 0) == (mark == 0)


@given(ANY)
def test_an_exact_number_is_read_back_as_it_was(value: float) -> None:
    assert float(numbers.exact(value)) == value
