"""Runs are told alike when they decided alike, whenever that was, and only then."""

from __future__ import annotations

from tests.proofs.evidence import Recorded
from tests.support.names import Names


def dated(second: int, number: int) -> str:
    return f"{second:08x}-0000-8000-8000-{number:012x}"


def run(second: int, *, same: int = 0, reference: str = "R-2") -> list[Recorded]:
    """Two arrivals of a run that began at this second; each makes a person, and a third is linked
    to the one or the other.
    """
    ids = [dated(second, number) for number in range(7)]
    said = ("R-1", reference, "R-3")
    arrivals = [
        Recorded(number, ids[number], "arrived", "http", None, "", {"reference": said[number]})
        for number in range(3)
    ]
    persons = (ids[3], ids[4], (ids[3], ids[4])[same])
    linked = [
        Recorded(
            3 + number,
            dated(second, 10 + number),
            "linked",
            "link",
            ids[number],
            "",
            {"referral_id": ids[number], "person_id": persons[number], "due_at": str(second)},
        )
        for number in range(3)
    ]
    return [*arrivals, *linked]


def told(journal: list[Recorded]) -> list[str]:
    names = Names(journal)
    return [f"{names.of(entry.id)} {names.told(entry.data)}" for entry in journal]


def test_two_runs_that_decided_alike_are_told_alike_whatever_the_time() -> None:
    assert told(run(1)) == told(run(2))


def test_the_order_in_which_arrivals_came_makes_no_difference() -> None:
    first, second, *rest = run(2)
    assert sorted(told(run(1))) == sorted(told([second, first, *rest]))


def test_a_link_to_another_person_is_told_otherwise_and_nothing_else_is() -> None:
    differ = [one != other for one, other in zip(told(run(1)), told(run(2, same=1)), strict=True)]
    assert differ == [False] * 5 + [True]


def test_what_came_otherwise_is_told_otherwise_with_all_that_follows() -> None:
    other = told(run(2, reference="R-9"))
    differ = [one != other_ for one, other_ in zip(told(run(1)), other, strict=True)]
    assert differ == [False, True, False, False, True, False]


def test_the_same_said_twice_has_two_names() -> None:
    journal = run(1, reference="R-1")
    names = Names(journal)
    assert len({names.of(entry.id) for entry in journal}) == len(journal)


def test_an_id_that_does_not_tell_the_time_is_its_own_name() -> None:
    id_ = "00000000-0000-5000-8000-000000000001"
    names = Names([Recorded(1, id_, "refused", "intake", None, "", {})])
    assert names.of(id_) == id_
