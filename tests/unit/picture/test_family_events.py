"""Several notifications of one incident are one event of the family, and one concern about it."""

from __future__ import annotations

import datetime as dt
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from router.steps.link.events import family_events
from router.steps.link.register import Evidence
from schemas.person import Address, Person
from tests.support.given import NOON

HOME = (Address(line1="12 Larkfield Road", city="Netherby", postcode="ZX1 2AB"),)
ELSEWHERE = (Address(line1="7 Mill Court", city="Netherby", postcode="ZX3 9QQ"),)
NIGHT = NOON + dt.timedelta(hours=7, minutes=42)


def told(id_: str, person_id: str, reference: str, **changes: Any) -> Evidence:
    said = {
        "id": id_,
        "agency": "police",
        "reference": reference,
        "observed_at": NIGHT,
        "child": Person(address=HOME),
        "person_id": person_id,
    }
    return Evidence.model_validate(said | changes)


def events(*pieces: Evidence, untimed: tuple[str, ...] = ()) -> list[set[str]]:
    """The referrals of each event with several children."""
    found = family_events(pieces, untimed=untimed)
    known = [found.of(piece.id) for piece in pieces]
    by_id = {event.event_id: set(event.referral_ids) for event in known if event}
    return list(by_id.values())


def later(**by: int) -> dict[str, Any]:
    return {"observed_at": NIGHT + dt.timedelta(**by)}


def test_siblings_whom_an_agency_tells_apart_by_a_suffix_are_of_one_event() -> None:
    three = [told(f"r{n}", f"child-{n}", f"INC-7/{n}", **later(hours=n)) for n in (1, 2, 3)]
    found = family_events(three)
    assert events(*three) == [{"r1", "r2", "r3"}]
    assert len({found.id_of(id_) for id_ in ("r1", "r2", "r3")}) == 1


def test_children_under_one_number_are_of_one_event_unless_it_is_used_again_later() -> None:
    one, other = told("r1", "ada", "INC-7"), told("r2", "bo", "INC-7", **later(hours=3))
    assert events(one, other) == [{"r1", "r2"}]
    assert events(one, told("r2", "bo", "INC-7", **later(days=3))) == []


def test_numbers_of_other_agencies_and_placeholders_are_of_no_incident() -> None:
    apart = later(hours=1)
    assert events(told("r1", "ada", "7"), told("r2", "bo", "7", agency="gp", **apart)) == []
    assert events(told("r1", "ada", "N/A"), told("r2", "bo", "N/A", **apart)) == []


def test_children_of_one_home_told_of_at_the_same_time_are_of_one_event() -> None:
    one, other = told("r1", "ada", "A-1"), told("r2", "bo", "A-2", **later(minutes=4))
    assert events(one, other) == [{"r1", "r2"}]
    assert events(one, told("r2", "bo", "A-2", child=Person(address=ELSEWHERE))) == []
    assert events(one, told("r2", "bo", "A-2", **later(hours=1))) == []
    assert events(one, told("r2", "bo", "A-2", agency="gp")) == []


def test_a_time_that_nobody_told_makes_no_event() -> None:
    one, other = told("r1", "ada", "A-1"), told("r2", "bo", "A-2")
    assert events(one, other, untimed=("r2",)) == []
    midnight = NIGHT.replace(hour=0, minute=0)
    both = [told(one.id, one.person_id, one.reference, observed_at=midnight) for one in (one,)]
    assert events(*both, told("r2", "bo", "A-2", observed_at=midnight)) == []


def test_two_concerns_of_one_child_are_two_events() -> None:
    assert events(told("r1", "ada", "A-1"), told("r2", "ada", "A-2")) == []
    one, bo, again = told("r1", "ada", "A-1"), told("r2", "bo", "A-2"), told("r3", "ada", "A-3")
    assert events(one, bo, again) == [{"r1", "r2"}]


def test_a_new_version_is_of_the_event_of_what_it_amends() -> None:
    one, bo = told("r1", "ada", "INC-7/1"), told("r2", "bo", "INC-7/2")
    version = told("r3", "ada", "INC-7/1 (amended)", again="r1", **later(days=2))
    found = family_events([one, bo, version])
    assert found.of("r3") == found.of("r1")
    assert len(found.of("r1").referral_ids) == 2  # type: ignore[union-attr]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["ada", "bo", "cy"]),
            st.sampled_from(["INC-1/1", "INC-1/2", "INC-2", "INC-3"]),
            st.integers(min_value=0, max_value=30),
        ),
        max_size=12,
    )
)
def test_a_family_never_has_fewer_concerns_than_one_of_its_children(
    said: list[tuple[str, str, int]],
) -> None:
    pieces = [
        told(f"r{n}", child, reference, **later(hours=hours))
        for n, (child, reference, hours) in enumerate(said)
    ]
    found = family_events(pieces)
    of_family = {found.id_of(piece.id) or piece.id for piece in pieces}
    for child in ("ada", "bo", "cy"):
        assert sum(piece.person_id == child for piece in pieces) <= len(of_family)
