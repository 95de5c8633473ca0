"""How much is taken in hand at a time."""

from __future__ import annotations

from stores.pace import Pace


def test_what_takes_long_is_taken_in_smaller_parts_though_each_has_its_price() -> None:
    pace = Pace(most=200)
    pace.took(pace.size, seconds=1.0)
    assert pace.size == 8
    pace.took(8, seconds=100.0)
    assert pace.size == 8
    assert Pace(most=1).size == 1


def test_what_is_quick_is_taken_in_larger_parts_little_by_little_and_up_to_the_most() -> None:
    pace = Pace(most=50)
    sizes = []
    for _ in range(6):
        pace.took(pace.size, seconds=0.0)
        sizes.append(pace.size)
    assert sizes == [20, 40, 50, 50, 50, 50]


def test_it_settles_on_what_fits_into_a_twentieth_of_a_second() -> None:
    pace = Pace(most=200)
    for _ in range(20):
        pace.took(pace.size, seconds=pace.size / 400)
    assert pace.size == 20


def test_in_haste_it_takes_fewer() -> None:
    pace = Pace(most=200, least=2, seconds=0.02)
    for _ in range(20):
        pace.took(pace.size, seconds=pace.size / 400)
    assert pace.size == 8
    pace.took(8, seconds=100.0)
    assert pace.size == 2
