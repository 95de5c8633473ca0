"""Repeats are counted right (R12): distinct concerns of a child and of its family, of late."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from router.picture.drawing import draw
from router.picture.elsewhere import with_adults
from router.picture.reading import find
from router.steps.link.decide import STEP
from schemas.case import ChildLinked, Counted
from schemas.message import Message
from schemas.notification import NotificationAccepted
from schemas.person import Name, PartialDate, Person, RelatedPerson
from schemas.picture import Picture
from schemas.policy import BoroughProfile
from schemas.registers import RegisterEntry, RegisterEntryReceived
from stores.database import Database
from stores.vault import Vault
from tests.support import given
from tests.support.given import NOON, child, notification
from tests.support.linking import AREA, Linking, checked, in_replay, in_store

DAY = dt.timedelta(days=1)
MUM = RelatedPerson(
    name=Name(given_name=("Wilma",), family_name=("Thornbury",)),
    relationship="mother",
    date_of_birth=PartialDate(date=dt.date(1990, 4, 5)),
)
NAMES = {"ada": ("Ada", 2012, 1), "bo": ("Bohdan", 2015, 2), "cy": ("Cyril", 2018, 3)}


def sibling(name: str) -> Person:
    """A child of the Thornburys': one home, one telephone, one mother."""
    given_name, year, month = NAMES[name]
    return child().model_copy(
        update={
            "identifier": (),
            "name": (Name(given_name=(given_name,), family_name=("Thornbury",)),),
            "date_of_birth": PartialDate(date=dt.date(year, month, 4)),
            "related_person": (MUM,),
        }
    )


class Told:
    """What agencies tell one after the other, linked as it comes."""

    def __init__(self, linking: Linking, database: Database | None = None) -> None:
        self.linking, self.database = linking, database
        self.linking.policy = checked()
        self.messages: dict[str, Message] = {}
        self.at = NOON
        self._told = 0

    def concern(
        self,
        of: str,
        *,
        later: dt.timedelta = DAY,
        by: str = "police",
        observed: dt.timedelta = dt.timedelta(),
        amends: str | None = None,
        **changes: Any,
    ) -> ChildLinked:
        """A concern about a child ``later`` than what was told before it, observed so long ago."""
        self.at += later
        self._told += 1
        id_ = f"r{self._told}"
        words = f"{NAMES[of][0]} was seen {self._told} streets from home, alone."
        said: dict[str, Any] = {"reference": f"N-{self._told * 13}", "narrative": words}
        said |= {"observed_at": self.at - observed, "subject": sibling(of)} | changes
        fact = NotificationAccepted(
            referral_id=id_,
            agency=by,
            area=AREA,
            version=2 if amends else 1,
            first_referral_id=amends,
            notification=notification(**said),
        )
        (linked,) = [one for one in self._hear(fact, id_) if isinstance(one, ChildLinked)]
        self.messages[id_] = replace(given.message(linked), time=self.at)
        return linked

    def entry(self, of: str, *, later: dt.timedelta = DAY, **said: Any) -> None:
        """A register of what is below threshold tells of a child."""
        self.at += later
        told = {"system": "ecaf", "reference": "E-1", "child": sibling(of)}
        entry = RegisterEntry.model_validate(told | said)
        id_ = entry.entry_id("early_help")
        self._hear(
            RegisterEntryReceived(agency="early_help", area=AREA, entry_id=id_, entry=entry), id_
        )

    def _hear(self, fact: Any, id_: str) -> tuple[Any, ...]:
        message = Message(
            id=f"{id_}-heard",
            source="test",
            time=self.at,
            key=AREA,
            correlation_id=fact.of_referral or id_,
            causation_id=None,
            data=fact,
        )
        with self.linking._memory() as memory:
            memory.foresee([message])
            outcome = STEP.decide(memory.recall(message), message, self.linking.policy)
            assert outcome.state is not None
            memory.remember(message, outcome.state)
            memory.flush(memory._view)
        self.linking.facts += outcome.facts
        return outcome.facts

    def picture(self, referral_id: str) -> Picture:
        """The picture of a referral as it would be drawn now."""
        assert self.database is not None
        with self.database.transaction() as transaction:
            found = with_adults(transaction, find(transaction, [referral_id]))
        found = replace(found, linked=self.messages)
        drawn = draw(referral_id, found, policy=self.linking.policy)
        assert drawn is not None
        return drawn


@pytest.fixture(params=["store", "replay"])
def told(request: pytest.FixtureRequest) -> Iterator[Told]:
    if request.param == "replay":
        yield Told(in_replay())
        return
    with a_store() as database:
        yield Told(in_store(database), database)


@contextmanager
def a_store() -> Iterator[Database]:
    database = Database("sqlite://", Vault(bytes(32)))
    database.create_tables()
    yield database
    database.close()


def counts(linked: ChildLinked) -> tuple[int, int]:
    return linked.repeats.of_child, linked.repeats.of_family


def test_six_concerns_over_three_siblings_are_six_of_the_family_and_two_of_each(told: Told) -> None:
    found = [
        counts(told.concern(name, by=by))
        for name, by in zip(
            ("ada", "bo", "cy", "ada", "bo", "cy"),
            ("police", "gp", "school", "housing", "police", "gp"),
            strict=True,
        )
    ]
    assert found == [(1, 1), (1, 2), (1, 3), (2, 4), (2, 5), (2, 6)]


def test_children_of_one_incident_are_one_concern_of_the_family(told: Told) -> None:
    told.concern("ada", by="gp")
    told.concern("ada", reference="INC-7/1")
    told.concern("bo", reference="INC-7/2", later=dt.timedelta(minutes=1))
    last = told.concern("cy", reference="INC-7/3", later=dt.timedelta(minutes=1))
    assert counts(last) == (1, 2)


def test_what_is_older_than_the_window_counts_no_more(told: Told) -> None:
    """12 June 2026 is one day too old on 12 June 2027, and in on the day before."""
    told.concern("ada")
    told.concern("ada")
    assert counts(told.concern("ada", later=364 * DAY)) == (2, 2)
    assert told.at.date() == dt.date(2027, 6, 11)
    told.linking.policy = _with_profile(told, repeat_months=13)
    later = told.concern("ada")
    assert counts(later) == (4, 4)
    assert later.repeats.months == 13


def test_the_window_ends_on_the_day_of_the_month_even_in_a_leap_year(told: Told) -> None:
    told.at = dt.datetime(2028, 2, 28, 12, tzinfo=dt.UTC)
    told.concern("ada")  # 29 February 2028
    assert counts(told.concern("ada", later=365 * DAY)) == (2, 2)  # 28 February 2029
    assert counts(told.concern("bo")) == (1, 2)  # 1 March 2029


def test_a_concern_of_long_ago_that_is_told_now_is_counted_with_what_is_of_late(told: Told) -> None:
    told.concern("ada")
    late = told.concern("ada", observed=900 * DAY)
    assert counts(late) == (2, 2), "itself included: it is what somebody decides about"
    assert counts(told.concern("ada")) == (2, 2), "the one of long ago is not of these months"


def test_new_versions_resends_and_forwarded_copies_are_no_repeats(told: Told) -> None:
    words = "Ada was found at two in the morning by the canal with neither coat nor shoes on. " * 4
    when: dict[str, Any] = {"narrative": words, "observed_at": NOON + DAY}
    first = told.concern("ada", reference="P-1", **when)
    version = told.concern("ada", reference="P-1", amends=first.referral_id, **when)
    again = told.concern("ada", reference="P-2", **when)
    copy = told.concern("ada", reference="G-1", by="gp", **when)
    of_copy = told.concern("ada", reference="G-1", by="gp", amends=copy.referral_id, **when)
    assert [counts(one) for one in (version, again, copy, of_copy)] == [(1, 1)] * 4
    assert counts(told.concern("bo", by="school")) == (1, 2)
    assert counts(told.concern("ada", by="school")) == (2, 3)


def test_an_open_case_is_no_concern_and_what_goes_to_its_worker_counts(told: Told) -> None:
    told.linking.open_case("case-1", sibling("ada"))
    handed = told.concern("ada")
    assert handed.allocated_to is not None
    assert counts(handed) == (1, 1)
    assert counts(told.concern("bo")) == (1, 2)
    assert counts(told.concern("ada")) == (2, 3)


def test_what_is_on_record_as_below_threshold_counts_from_its_own_day(told: Told) -> None:
    told.entry("ada", since=NOON.date() - 30 * DAY)
    told.entry("ada", since=NOON.date() - 600 * DAY, reference="E-2")
    told.entry("ada", reference="E-3")
    assert counts(told.concern("ada")) == (2, 2)
    told.entry("bo", reference="E-4", since=NOON.date())
    told.entry("bo", reference="E-4", since=NOON.date(), involvement="team around the family")
    assert counts(told.concern("bo")) == (2, 4)


def test_registers_that_keep_something_else_are_not_counted(told: Told) -> None:
    ics = told.linking.policy.checks[0].model_copy(update={"kind": "health"})
    told.linking.policy = told.linking.policy.model_copy(update={"checks": (ics,)})
    told.entry("ada", since=NOON.date())
    assert counts(told.concern("ada")) == (1, 1)


def test_an_entry_that_a_referral_led_to_is_not_counted_beside_it(told: Told) -> None:
    first = told.concern("ada")
    told.entry("ada", since=told.at.date(), reference=first.referral_id)
    assert counts(told.concern("ada")) == (2, 2)


def test_eighty_resends_do_not_hide_what_else_was_told(told: Told) -> None:
    words = "Ada was found at two in the morning by the canal with neither coat nor shoes on. " * 4
    for number in range(3):
        told.concern("ada", by="gp", reference=f"G-{number}")
    when: dict[str, Any] = {"narrative": words, "observed_at": told.at + DAY}
    for number in range(80):
        told.concern("ada", reference=f"P-{number}", later=dt.timedelta(minutes=1), **when)
    last = told.concern("ada", by="school")
    assert counts(last) == (5, 5)
    if told.database:
        assert told.picture(last.referral_id).repeats == Counted(of_child=5, of_family=5)


def test_merged_children_are_counted_as_one_and_again_as_two_when_that_is_undone(
    told: Told,
) -> None:
    one = told.concern("ada")
    other = told.concern("bo")
    told.linking.persons(one.person_id, other.person_id, same=True, id_="d-1")
    told.at += DAY
    assert counts(told.concern("ada")) == (3, 3)
    told.linking.undo("d-1", id_="d-2")
    assert counts(told.concern("bo")) == (2, 4)


def test_a_referral_that_went_to_the_worker_of_another_child_is_counted_where_it_belongs(
    told: Told,
) -> None:
    told.concern("bo")
    told.concern("cy", by="gp")
    told.linking.open_case("case-1", sibling("ada"))
    handed = told.concern("ada")
    (first, second) = (told.linking.facts[0], handed)
    assert isinstance(first, ChildLinked)
    told.linking.link(second.referral_id, first.person_id)
    anew = [one for one in told.linking.facts if isinstance(one, ChildLinked)][-1]
    assert (anew.referral_id, anew.allocated_to) == (second.referral_id, None)
    assert counts(anew) == (2, 3)


def _with_profile(told: Told, **changes: Any) -> Any:
    policy = told.linking.policy
    profile = BoroughProfile.model_validate(policy.profile.model_dump(mode="json") | changes)
    return policy.model_copy(update={"profile": profile})


# --- what a picture lists


@pytest.fixture
def stored() -> Iterator[Told]:
    with a_store() as database:
        yield Told(in_store(database), database)


def test_a_picture_lists_what_its_counts_rest_on_and_what_was_left_out(stored: Told) -> None:
    words = "Ada was found at two in the morning by the canal with neither coat nor shoes on. " * 4
    when: dict[str, Any] = {"narrative": words, "observed_at": NOON + DAY}
    first = stored.concern("ada", reference="P-1", **when)
    version = stored.concern("ada", reference="P-1", amends=first.referral_id, **when)
    again = stored.concern("ada", reference="P-2", **when)
    copy = stored.concern("ada", reference="G-1", by="gp", **when)
    stored.entry("bo", since=NOON.date())
    stored.entry("bo", reference="E-2")
    last = stored.concern("bo", by="school")
    stored.concern("bo", by="housing")
    picture = stored.picture(last.referral_id)
    assert picture.repeats == last.repeats == Counted(of_child=2, of_family=3)
    rests = [(one.id, one.agency, one.on.day) for one in picture.counted]
    (entry,) = [one.id for one in picture.counted if one.below_threshold]
    assert rests == [
        (last.referral_id, "school", 17),
        (first.referral_id, "police", 11),
        (entry, "early_help", 10),
    ]
    left = {one.id: (one.why, one.of) for one in picture.not_counted}
    assert {id_: left.get(id_) for id_ in (r.referral_id for r in (version, again, copy))} == {
        version.referral_id: ("amendment", first.referral_id),
        again.referral_id: ("resend", first.referral_id),
        copy.referral_id: ("copy", first.referral_id),
    }
    assert sorted(why for why, _ in left.values()) == ["amendment", "copy", "resend", "undated"]


def test_what_came_later_is_not_among_the_concerns_up_to_one(stored: Told) -> None:
    first = stored.concern("ada")
    stored.concern("ada")
    assert stored.picture(first.referral_id).repeats == Counted(of_child=1, of_family=1)
    assert stored.picture(first.referral_id).counted == ()


# --- the count that raised a suggestion is the one that is shown, and a plain second one

ACTS = st.lists(
    st.tuples(
        st.sampled_from(["ada", "bo", "cy"]),
        st.sampled_from(["police", "gp"]),
        st.sampled_from(["new", "again", "amended", "incident", "entry"]),
        st.sampled_from([0, 1, 40, 200]),
        st.sampled_from([0, 0, 3, 400]),
    ),
    min_size=1,
    max_size=9,
)


@settings(max_examples=60)
@for_all(ACTS)
def test_what_raised_a_suggestion_is_what_is_shown_and_a_plain_count(acts: Any) -> None:
    with a_store() as database:
        stored, plain = Told(in_store(database), database), Plain()
        for name, by, how, days, ago in acts:
            later, observed = dt.timedelta(days=days, minutes=31), dt.timedelta(days=ago)
            if how == "entry":
                reference = f"E-{len(plain.told)}"
                since = (stored.at + later - observed).date()
                stored.entry(name, later=later, since=since, reference=reference)
                plain.told.append((name, stored.at, since, reference))
                continue
            first = plain.first.get(name)
            if how in ("again", "amended") and first is not None:
                linked, said = first
                amends = linked.referral_id if how == "amended" else None
                reference = said["reference"] if amends else f"A-{len(plain.told)}"
                told = stored.concern(
                    name,
                    by=linked.agency,
                    later=dt.timedelta(minutes=31),
                    amends=amends,
                    **said | {"reference": reference},
                )
                if told.version == 1 and told.same_concern_as is None:
                    return  # words that linking does not take for the same: not what is tried here
                plain.again(name, linked.referral_id)
            else:
                told = stored.concern(name, by=by, later=later, observed=observed)
                said = {
                    "reference": told.notification.reference,
                    "narrative": told.notification.narrative,
                    "observed_at": told.notification.observed_at,
                }
                plain.first[name] = told, said
                day = told.notification.observed_at.date()
                plain.told.append((name, stored.at, day, told.referral_id))
            assert counts(told) == plain.counts(name, stored.at, told.referral_id)
            assert stored.picture(told.referral_id).repeats == told.repeats


class Plain:
    """The same by a list of what was told: of whom, when, of which day, and under which concern."""

    def __init__(self) -> None:
        self.told: list[tuple[str, dt.datetime, dt.date, str]] = []
        self.first: dict[str, tuple[ChildLinked, dict[str, Any]]] = {}
        self.repeated: dict[str, str] = {}

    def again(self, name: str, of: str) -> None:
        self.repeated[name] = of

    def counts(self, name: str, at: dt.datetime, id_: str) -> tuple[int, int]:
        this = id_ if any(id_ == one for *_, one in self.told) else self.repeated[name]
        year_ago = at.replace(year=at.year - 1).date()
        late = {(whom, one) for whom, _, day, one in self.told if day > year_ago}
        late.add((name, this))
        return sum(whom == name for whom, _ in late), len(late)
