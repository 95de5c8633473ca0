"""Hop 2 and 3: a reference is the agency's number for a form, an incident or a family, and not the
child.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from router.linkage.rules import FIRST
from router.steps.deduplicate import decide as deduplicate
from schemas.case import ChildLinked, LinkOutcome, NotificationAmended, VersionMoved
from schemas.message import Message
from schemas.notification import NotificationAccepted, NotificationDuplicated, NotificationReceived
from schemas.person import Address, Identifier, Name, PartialDate, Person, Sex
from schemas.policy import Policy
from tests.support.given import NOON, child, notification
from tests.support.linking import AREA, Linking, in_replay, rules


def version(hub: Linking, id_: str, subject: Person, *, first: str) -> ChildLinked:
    return hub.referral(id_, subject, first=first)


def changed(**parts: Any) -> Person:
    return child().model_copy(update={"identifier": (), **parts})


@pytest.mark.parametrize(
    "other",
    [
        changed(name=(Name(given_name=("Barnaby",), family_name=("Thornbury",)),)),
        changed(date_of_birth=PartialDate(date=dt.date(2016, 7, 9))),
        changed(date_of_birth=PartialDate(date=dt.date(2018, 3, 2))),
        changed(sex_code=Sex.MALE),
        changed(identifier=(Identifier(value="9990000026", system=child().identifier[0].system),)),
    ],
    ids=["name", "birthday", "birthday with day and month swapped", "sex", "NHS number"],
)
def test_another_child_under_the_same_reference_is_never_a_version(other: Person) -> None:
    hub = in_replay()
    first = hub.referral("r1", child().model_copy(update={"sex_code": Sex.FEMALE}))
    linked = version(hub, "r2", other, first="r1")
    assert linked.outcome is not LinkOutcome.LINKED
    assert linked.person_id != first.person_id
    assert linked.version == 1


def test_a_reference_that_says_too_little_of_both_is_no_version() -> None:
    hub = in_replay()
    first = hub.referral("r1", Person(name=(Name(family_name=("Thornbury",)),)))
    linked = version(hub, "r2", child(), first="r1")
    assert linked.person_id != first.person_id


LITTLE = [
    Person(),
    Person(name=(Name(given_name=("Unknown",), family_name=("Unknown",)),)),
    Person(name=(Name(family_name=("Thornbury",)),), address=child().address),
]


@pytest.mark.parametrize("subject", LITTLE, ids=["nothing", "unknown", "surname"])
def test_one_whom_nothing_tells_is_a_version_in_the_same_words_alone(subject: Person) -> None:
    hub = in_replay()
    first = hub.referral("r1", subject)
    other = hub.referral(
        "r2", subject, first="r1", narrative="A boy of four was seen on the roof of a garage."
    )
    assert other.person_id != first.person_id
    hub = in_replay()
    told = "Nobody came to the school gate for the youngest one until six in the evening."
    hub.referral("r1", subject, narrative=told)
    again = hub.referral("r2", subject, first="r1", narrative=f"{told} It was raining.")
    assert again.version == 2


def test_a_postcode_alone_makes_no_home() -> None:
    """Muhammad and Ava Khan are many, and a postcode is fifteen homes."""
    ava = Person(
        name=(Name(given_name=("Ava",), family_name=("Khan",)),),
        address=(Address(postcode="TS1 1AA"),),
    )
    hub = in_replay()
    first = hub.referral("r1", ava)
    assert hub.referral("r2", ava, narrative="She was cold.").person_id != first.person_id


def test_a_version_with_the_name_spelt_otherwise_is_one_and_counts_as_no_repeat() -> None:
    hub = in_replay()
    first = hub.referral("r1")
    spelt = child().model_copy(
        update={"name": (Name(given_name=("Tily",), family_name=("Thornbury",)),)}
    )
    linked = version(hub, "r2", spelt, first="r1")
    assert (linked.person_id, linked.version) == (first.person_id, 2)
    assert linked.earlier_referrals == 0
    assert hub.referral("r3").earlier_referrals == 1


def test_each_earlier_version_hears_what_its_agencys_words_are_now() -> None:
    hub = in_replay()
    hub.referral("r1")
    assert version(hub, "r2", child(), first="r1").amends == "r1"
    (amended,) = (one for one in hub.facts if isinstance(one, NotificationAmended))
    assert (amended.referral_id, amended.amended_by, amended.version) == ("r1", "r2", 2)
    assert amended.notification.reference == "R-r2"


def test_what_is_no_version_amends_nothing() -> None:
    hub = in_replay()
    hub.referral("r1")
    other = changed(name=(Name(given_name=("Barnaby",), family_name=("Thornbury",)),))
    assert version(hub, "r2", other, first="r1").amends is None
    assert not [one for one in hub.facts if isinstance(one, NotificationAmended)]


def test_a_copy_that_another_agency_forwards_amends_nothing() -> None:
    hub = in_replay()
    hub.referral("r1")
    copy = NotificationAccepted(
        referral_id="r2",
        agency="school",
        area=AREA,
        version=2,
        first_referral_id="r1",
        notification=notification(reference="R-r2"),
    )
    hub.hear(copy, "r2-accepted")
    assert not [one for one in hub.facts if isinstance(one, NotificationAmended)]


def test_a_number_that_is_given_to_a_family_for_good_makes_no_version_of_a_new_concern() -> None:
    hub = in_replay()
    first = hub.referral("r1")
    later = NotificationAccepted(
        referral_id="r2",
        agency="police",
        area=AREA,
        version=2,
        first_referral_id="r1",
        notification=notification(
            "Late for school, cold and hungry.", observed_at=NOON + dt.timedelta(days=60)
        ),
    )
    (linked,) = [f for f in hub.hear(later, "r2-accepted").facts if isinstance(f, ChildLinked)]
    assert (linked.person_id, linked.version) == (first.person_id, 1)
    assert linked.earlier_referrals == 1


def received(reference: str, id_: str) -> Message:
    said = notification(reference=reference)
    fact = NotificationReceived(
        agency="police", area=AREA, content_digest=said.content_digest(), notification=said
    )
    return Message(
        id=id_,
        source="test",
        time=NOON,
        key=AREA,
        correlation_id=id_,
        causation_id=None,
        data=fact,
    )


def second_of(reference: str, policy: Policy) -> Any:
    """What becomes of the very same content, told twice under a reference."""
    first, again = received(reference, "m1"), received(reference, "m2")
    known = deduplicate.decide(None, first, policy)
    (fact,) = deduplicate.decide(known.state, again, policy).facts
    return fact


@pytest.mark.parametrize("reference", ["N/A", "0", "Unknown", "tbc"])
def test_under_a_reference_that_says_nothing_nothing_is_a_duplicate(reference: str) -> None:
    fact = second_of(reference, rules())
    assert isinstance(fact, NotificationAccepted)
    assert (fact.version, fact.first_referral_id) == (1, None)


def test_by_the_first_rules_it_is_one_as_it_was() -> None:
    old = rules().model_copy(update={"linkage_rules": FIRST})
    assert isinstance(second_of("N/A", old), NotificationDuplicated)


def test_a_policy_of_old_reads_as_it_was_written_and_means_the_first_rules() -> None:
    old = rules().model_copy(update={"linkage_rules": FIRST}).model_dump_json()
    assert "linkage_rules" not in old
    assert Policy.model_validate_json(old).linkage_rules == FIRST
    assert Policy.model_validate_json(old).model_dump_json() == old


def test_a_resend_under_a_new_reference_is_kept_and_counts_once() -> None:
    hub = in_replay()
    first = hub.hear_referral("r1")
    again = NotificationAccepted(
        referral_id="r2",
        agency="school",
        area=AREA,
        version=1,
        notification=notification(reference="S-9", observed_at=NOON),
    )
    (linked,) = [f for f in hub.hear(again, "r2-accepted").facts if isinstance(f, ChildLinked)]
    assert linked.same_concern_as == "r1"
    assert linked.earlier_referrals == 0
    assert first.facts
    assert hub.referral("r3").earlier_referrals == 1


def sent_again(referral_id: str, reference: str, **changes: Any) -> NotificationAccepted:
    told = {"referral_id": referral_id, "agency": "police", "area": AREA, "version": 1}
    said = notification(reference=reference, observed_at=NOON)
    return NotificationAccepted.model_validate(told | {"notification": said} | changes)


def test_an_amendment_of_a_resend_is_of_the_concern_that_was_told_first() -> None:
    hub = in_replay()
    hub.hear_referral("r1")
    hub.hear(sent_again("r2", "R-9"), "r2-accepted")
    amends = {"version": 2, "first_referral_id": "r2"}
    hub.hear(sent_again("r3", "R-9 (amended)", **amends), "r3-accepted")
    linked = [f for f in hub.facts if isinstance(f, ChildLinked)][-1]
    assert (linked.amends, linked.resent_from, linked.first_told) == ("r2", "r1", "r1")


def test_another_agencys_copy_under_a_reference_is_of_the_concern_that_was_told_first() -> None:
    hub = in_replay()
    hub.hear_referral("r1")
    copy = {"agency": "school", "version": 2, "first_referral_id": "r1"}
    hub.hear(sent_again("r2", "S-9", **copy), "r2-accepted")
    linked = [f for f in hub.facts if isinstance(f, ChildLinked)][-1]
    assert (linked.amends, linked.first_told) == (None, "r1")


def test_by_earlier_rules_an_amendment_is_of_what_it_amends() -> None:
    hub = in_replay()
    with hub._memory() as memory:
        memory.rules = 3
    hub.hear_referral("r1")
    hub.hear(sent_again("r2", "R-9"), "r2-accepted")
    amends = {"version": 2, "first_referral_id": "r2"}
    hub.hear(sent_again("r3", "R-9 (amended)", **amends), "r3-accepted")
    linked = [f for f in hub.facts if isinstance(f, ChildLinked)][-1]
    assert (linked.amends, linked.first_told) == ("r2", "r2")


def amending(id_: str, of: str) -> NotificationAccepted:
    """A later version under the first one's reference."""
    return NotificationAccepted(
        referral_id=id_,
        agency="police",
        area=AREA,
        version=2,
        first_referral_id=of,
        notification=notification(reference=f"R-{of}"),
    )


def test_the_version_before_one_that_a_human_moves_to_another_child_hears_it(
    linking: Linking,
) -> None:
    linking.referral("r1")
    for id_ in ("r2", "r3"):
        linking.hear(amending(id_, "r1"), f"{id_}-accepted")
    for number, id_ in enumerate(("r3", "r2")):
        linking.link(id_, None, id_=f"d-{number}")
    left = [one for one in linking.facts if isinstance(one, VersionMoved)]
    assert [(one.referral_id, one.moved) for one in left] == [("r2", "r3"), ("r1", "r2")]


def test_no_other_version_hears_that_an_earlier_one_was_moved(linking: Linking) -> None:
    linking.referral("r1")
    linking.hear(amending("r2", "r1"), "r2-accepted")
    linking.referral("r4")
    linking.link("r1", None)
    linking.link("r4", None, id_="d-2")
    assert not [one for one in linking.facts if isinstance(one, VersionMoved)]
