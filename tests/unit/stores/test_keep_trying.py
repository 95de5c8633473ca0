"""Trying again: what is repeated, how long it pauses, and what ends it."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from structlog.testing import capture_logs

from stores.keep_trying import Failure, Pauses, Stopped, keep_trying, keep_working, logged
from stores.ports import Unavailable


class Failing:
    """Fails so many times, then answers how often it was asked."""

    def __init__(self, times: int, error: type[Exception] = Unavailable) -> None:
        self.asked = 0
        self._times, self._error = times, error

    def __call__(self) -> int:
        self.asked += 1
        if self.asked <= self._times:
            raise self._error("Thornbury")
        return self.asked


def ignore(_failure: Failure) -> None:
    """Nothing needs to be said."""


def pauses_of(failures: int, pauses: Pauses) -> list[float]:
    waited: list[float] = []
    keep_trying(
        Failing(failures), threading.Event(), failed=ignore, pauses=pauses, wait=waited.append
    )
    return waited


def test_what_works_is_done_once_and_its_answer_given() -> None:
    attempt = Failing(0)
    assert keep_trying(attempt, threading.Event(), failed=ignore) == 1
    assert attempt.asked == 1


def test_it_tries_again_until_it_works() -> None:
    attempt = Failing(3)
    answer = keep_trying(attempt, threading.Event(), failed=ignore, pauses=Pauses(first=0))
    assert answer == 4


def test_pauses_double_up_to_the_longest() -> None:
    assert pauses_of(5, Pauses(first=1, longest=5)) == [1, 2, 4, 5, 5]


def test_pauses_stay_the_longest_however_often_it_fails() -> None:
    assert pauses_of(3_000, Pauses(first=1, longest=5))[-1] == 5


def test_after_an_attempt_that_had_worked_for_a_while_pauses_begin_anew() -> None:
    assert pauses_of(3, Pauses(first=1, longest=5, steady=0)) == [1, 1, 1]


def test_other_errors_are_the_callers() -> None:
    with pytest.raises(ValueError, match="Thornbury"):
        keep_trying(Failing(1, ValueError), threading.Event(), failed=ignore)


def test_the_errors_worth_trying_again_can_be_named() -> None:
    attempt = Failing(1, ValueError)
    answer = keep_trying(
        attempt,
        threading.Event(),
        failed=ignore,
        errors=(ValueError, LookupError),
        pauses=Pauses(first=0),
    )
    assert answer == 2


def test_told_to_stop_it_ends_the_pause_at_once() -> None:
    stop = threading.Event()
    with pytest.raises(Stopped):
        keep_trying(
            Failing(9), stop, failed=lambda _: stop.set(), pauses=Pauses(first=600, longest=600)
        )


def test_told_to_stop_before_it_tries_once_to_finish_what_is_in_hand() -> None:
    stop = threading.Event()
    stop.set()
    assert keep_trying(Failing(0), stop, failed=ignore) == 1


def test_each_failure_says_how_many_there_were_and_when_the_next_attempt_comes() -> None:
    heard: list[Failure] = []
    keep_trying(
        Failing(2),
        threading.Event(),
        failed=heard.append,
        pauses=Pauses(first=3),
        wait=lambda _: None,
    )
    assert [(failure.count, failure.again_in) for failure in heard] == [(1, 3), (2, 5)]
    assert {type(failure.error) for failure in heard} == {Unavailable}


def test_who_hears_of_a_failure_can_give_up() -> None:
    class Enough(Exception):
        pass

    def give_up(failure: Failure) -> None:
        if failure.count == 3:
            raise Enough from failure.error

    attempt = Failing(9)
    with pytest.raises(Enough):
        keep_trying(attempt, threading.Event(), failed=give_up, pauses=Pauses(first=0))
    assert attempt.asked == 3


def answering(*rests: float | None) -> Callable[[], float | None]:
    """Work that answers these rests in turn."""
    left = list(rests)
    return lambda: left.pop(0)


def test_work_is_done_over_and_over_until_it_says_that_it_is_over() -> None:
    work = answering(0, 0, None, 0)
    keep_working(work, threading.Event(), failed=ignore)
    assert work() == 0


def test_work_goes_on_after_a_failure() -> None:
    failing, told = Failing(2), threading.Event()
    heard: list[Failure] = []

    def work() -> float | None:
        return None if failing() == 4 else 0

    keep_working(work, told, failed=heard.append, pauses=Pauses(first=0))
    assert (len(heard), failing.asked) == (2, 4)


def test_work_that_was_told_to_stop_is_not_begun() -> None:
    stop, failing = threading.Event(), Failing(0)
    stop.set()
    keep_working(failing, stop, failed=ignore)
    assert failing.asked == 0


@pytest.mark.parametrize("failures", [0, 9])
def test_a_long_rest_or_pause_ends_when_told_to_stop(failures: int) -> None:
    stop, failing = threading.Event(), Failing(failures)

    def work() -> float:
        stop.set()
        return 600 * failing()

    keep_working(work, stop, failed=ignore, pauses=Pauses(first=600, longest=600))
    assert failing.asked == 1


def test_the_log_has_the_errors_class_and_nothing_that_it_says() -> None:
    with capture_logs() as lines:
        logged("store.unavailable", part="relay")(Failure(Unavailable("Thornbury"), 1, 0.5))
    assert lines == [
        {
            "log_level": "warning",
            "event": "store.unavailable",
            "part": "relay",
            "error": "Unavailable",
            "again_in": 0.5,
        }
    ]
