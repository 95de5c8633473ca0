"""Whose turn it is to write."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from stores.turns import Turns
from tests.support.production import DEADLINE, wait_until


def test_who_is_first_goes_before_those_who_waited_longer() -> None:
    turns, may_end, order = Turns(), threading.Event(), list[str]()

    def take(name: str, *, first: bool = False) -> None:
        with turns.turn(first=first):
            order.append(name)
            assert may_end.wait(DEADLINE)

    with ThreadPoolExecutor(4) as executor:
        taking = [executor.submit(take, "in hand")]
        wait_until(lambda: order == ["in hand"])
        taking += [executor.submit(take, name) for name in ("one", "another")]
        taking.append(executor.submit(take, "red", first=True))
        wait_until(lambda: turns._waiting_first == 1)
        may_end.set()
        for one in taking:
            one.result(DEADLINE)
    assert order[:2] == ["in hand", "red"]
    assert sorted(order[2:]) == ["another", "one"]


def test_whoever_fails_in_a_turn_ends_it() -> None:
    turns = Turns()
    with pytest.raises(ZeroDivisionError), turns.turn(first=False):
        raise ZeroDivisionError
    with turns.turn(first=False):
        pass


def test_who_gives_way_waits_until_nobody_writes_or_waits_to_and_no_longer_than_it_may() -> None:
    turns, may_end = Turns(), threading.Event()
    assert turns.give_way(DEADLINE) == 0.0, "nobody is there"

    def take() -> None:
        with turns.turn(first=False):
            assert may_end.wait(DEADLINE)

    with ThreadPoolExecutor(2) as executor:
        taking = [executor.submit(take) for _ in range(2)]
        wait_until(lambda: turns._asking == 2)
        assert 0.01 <= turns.give_way(0.01) < DEADLINE
        may_end.set()
        assert turns.give_way(DEADLINE) < DEADLINE
        for one in taking:
            one.result(DEADLINE)
    assert turns.give_way(DEADLINE) == 0.0
