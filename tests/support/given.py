"""Builders for what tests are given: invented people, agencies and facts, with only what matters
spelled out.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, TypeVar
from uuid import uuid4

from pydantic import TypeAdapter

from ops.run.configuration import read_profile
from router.linkage.rules import NEWEST
from router.step import Outcome, Step
from schemas.base import Fact
from schemas.calendar import TimeAllowed
from schemas.case import ChildLinked, LinkCorrected, LinkOutcome, Worker
from schemas.message import Message, derived_id
from schemas.notification import Notification
from schemas.person import Address, Contact, Identifier, Name, PartialDate, Person, RelatedPerson
from schemas.picture import DecidedOnPicture, Shown
from schemas.policy import RULES, Agreement, BoroughProfile, Partner, Policy, StandingRelease
from schemas.rating import ClockKind, Colour, RatingAssigned, TimerElapsed

S = TypeVar("S")
D = TypeVar("D", bound=DecidedOnPicture)

NOON = dt.datetime(2026, 6, 10, 12, 0, tzinfo=dt.UTC)
"""A Wednesday."""

AGENCIES = (
    "childrens_social_care",
    "police",
    "school",
    "gp",
    "health_visiting",
    "housing",
    "helpline",
    "midwifery",
    "csc_duty_team",
    "police_cait",
    "csc_assessment_team",
    "early_help",
)

HIT = "Child disclosed that they were hit at home."
DOMESTIC_ABUSE = "Domestic abuse incident at the home address."
MISSING_EPISODE = "Missing episode, returned after some hours."
MOVED = "Family has moved without giving a forwarding address."


@lru_cache
def profile() -> BoroughProfile:
    """The sample borough's profile, as it ships."""
    return read_profile("sample-borough")


def partner(code: str, **changes: Any) -> Partner:
    """A partner whose agreement has been in force since 2020."""
    agreement = Agreement(
        reference=f"ISA/{code}",
        signatory="A. Director",
        since=dt.date(2020, 1, 1),
        signposts=True,
    )
    told = {
        "code": code,
        "name": code.title(),
        "signpost_contact": f"{code} duty desk",
        "agreement": agreement,
        "decision_makers": (f"Decision maker of {code}",),
    }
    return Partner.model_validate(told | changes)


def policy(*partners: Partner, profile_: BoroughProfile | None = None) -> Policy:
    """All agencies as partners, with the ones given in their place."""
    known = {code: partner(code) for code in AGENCIES} | {one.code: one for one in partners}
    return Policy(
        lead_agency="childrens_social_care",
        area="e99999999",
        profile=profile_ or profile(),
        partners=known,
        linkage_model="test",
        linkage_rules=NEWEST,
        rules=RULES,
    )


def owing_no_receipts(profile_: BoroughProfile | None = None) -> BoroughProfile:
    """The profile in which nobody owes a receipt, and nothing goes to a next recipient."""
    known = profile_ or profile()
    colours = {
        colour: one.model_copy(update={"next": (), "allowed": _but_receipts(one.allowed)})
        for colour, one in known.colours.items()
    }
    less = {"colours": colours, "allowed": _but_receipts(known.allowed)}
    return known.model_copy(update=less)


def _but_receipts(allowed: Mapping[ClockKind, TimeAllowed]) -> dict[ClockKind, TimeAllowed]:
    return {clock: time for clock, time in allowed.items() if clock != "receipt"}


def registering(*workers: str) -> Policy:
    """A lead agency that registers its social workers."""
    return policy(partner("childrens_social_care", social_workers=workers))


def standing(recipient: str, **changes: Any) -> StandingRelease:
    """An owner's standing release of its sanitised notification for a section 47 enquiry."""
    told = {
        "recipients": (recipient,),
        "purposes": ("section 47 enquiry",),
        "since": dt.date(2020, 1, 1),
        "decided_by": "Sergeant in the agreement",
        "reason": "Agreed beforehand for every Red",
    }
    return StandingRelease.model_validate(told | changes)


def releasing(code: str, *releases: StandingRelease, **changes: Any) -> Partner:
    """A partner whose agreement releases kinds of its items beforehand."""
    told = partner(code).agreement
    assert told is not None
    parts = {"text_sha256": "0" * 64, "standing_release": releases}
    return partner(code, agreement=told.model_copy(update=parts | changes))


def child() -> Person:
    """Tilly Thornbury, invented, with a mother, an address and a telephone of the drama range."""
    return Person(
        identifier=(Identifier(value="9990000018", system="https://fhir.nhs.uk/Id/nhs-number"),),
        name=(Name(given_name=("Tilly",), family_name=("Thornbury",)),),
        date_of_birth=PartialDate(date=dt.date(2018, 2, 3)),
        address=(
            Address(
                line1="12 Balmoral Pl", line2="Farnley Moor", city="Exampleton", postcode="ZZ99 3VZ"
            ),
        ),
        contact=(Contact(telephone=("01632 960123",)),),
        related_person=(
            RelatedPerson(
                name=Name(given_name=("Mariam",), family_name=("Chowdhury",)),
                relationship="mother",
            ),
        ),
    )


def unborn() -> Person:
    """The same before birth: no name and no number, a mother and a date in September 2026."""
    expected = PartialDate(date=dt.date(2026, 9, 1), accuracy_indicator="XXX")
    nothing: dict[str, Any] = {"name": (), "identifier": (), "date_of_birth": expected}
    return child().model_copy(update=nothing)


def notification(narrative: str = DOMESTIC_ABUSE, **changes: Any) -> Notification:
    """A police notification about Tilly Thornbury."""
    told = {"reference": "R-1", "observed_at": NOON, "subject": child(), "narrative": narrative}
    return Notification.model_validate(told | changes)


def linked(narrative: str = DOMESTIC_ABUSE, **changes: Any) -> ChildLinked:
    """Referral ``ref-1`` by the police, linked to case ``case-1``."""
    told = {
        "referral_id": "ref-1",
        "agency": "police",
        "area": "e99999999",
        "person_id": "person-1",
        "family_id": "family-1",
        "case_id": "case-1",
        "outcome": LinkOutcome.NEW,
        "score": 0.0,
        "reasons": ("Nobody like this is known.",),
        "model": "test",
        "earlier_referrals": 0,
        "notification": notification(narrative),
    }
    return ChildLinked.model_validate(told | changes)


def worker() -> Worker:
    """An allocated social worker."""
    return Worker(name="W. Allocated", team="csc_assessment_team", case_reference="ICS-7")


def corrected(*, from_: str = "case-1", to: str = "case-2", revision: int = 0) -> LinkCorrected:
    """A human moved ``ref-1`` to another child."""
    return LinkCorrected(
        referral_id="ref-1",
        from_person_id="person-1",
        from_case_id=from_,
        person_id="person-2",
        family_id="family-2",
        case_id=to,
        decided_by="A. Reviewer",
        rationale="Twins were taken for one child",
        revision=revision,
    )


def assigned(colour: Colour, **changes: Any) -> RatingAssigned:
    """A social worker rated ``ref-1``, as rating took it."""
    told = {
        "referral_id": "ref-1",
        "case_id": "case-1",
        "colour": colour,
        "previous": None,
        "confirmed": False,
        "decided_by": "S. Worker",
        "rationale": "As seen",
        "profile": profile().title,
        "product_due_at": NOON + dt.timedelta(hours=24),
    }
    return RatingAssigned.model_validate(told | changes)


def message(fact: Fact, *, at: dt.datetime = NOON, id_: str | None = None) -> Message:
    """The fact in an envelope; every call makes another message."""
    return Message(
        id=id_ or str(uuid4()),
        source="test",
        time=at,
        key=fact.subject,
        correlation_id="ref-1",
        causation_id=None,
        data=fact,
    )


def elapsed(step: str, due_at: dt.datetime, key: str = "ref-1") -> Message:
    """The timer of ``step`` has run out."""
    return message(TimerElapsed(step=step, key=key, due_at=due_at), at=due_at)


class Given:
    """A step with its state, as ``handle`` would keep it: written and read as JSON between
    messages.
    """

    def __init__(self, step: Step[Any], policy_: Policy | None = None) -> None:
        self._step, self._policy = step, policy_ or policy()
        self._adapter: TypeAdapter[Any] = TypeAdapter(step.state)
        self.state: Any = None
        self._shared: dict[str, Any] = {}
        """States that others stand beside, by key."""
        self.facts: list[Fact] = []

    def when(self, fact: Fact | Message, *, at: dt.datetime = NOON) -> Outcome[Any]:
        """Decide, keep the state, and answer the outcome."""
        heard = fact if isinstance(fact, Message) else message(fact, at=at)
        assert self._step.concerns(heard)
        key, beside = self._step.key(heard), self._step.beside(heard)
        own = self._shared.get(key) if key in beside else self.state
        others = {name: self._shared[name] for name in beside if name in self._shared}
        state = self._step.join(own, others) if beside else own
        outcome = self._step.decide(state, heard, self._policy)
        if outcome.refusal is not None:
            assert outcome == Outcome(refusal=outcome.refusal), "a refusal stands alone"
        if outcome.state is not None:
            kept = self._adapter.validate_json(self._adapter.dump_json(outcome.state))
            if key in beside:
                self._shared[key] = kept
            else:
                self.state = kept
        self.facts.extend(outcome.facts)
        return outcome

    def given(self, *facts: Fact | Message) -> Given:
        """What happened before."""
        for fact in facts:
            self.when(fact)
        return self


def of(kind: type[S], things: Iterable[object]) -> list[S]:
    """Those things that are of this kind."""
    return [thing for thing in things if isinstance(thing, kind)]


def on_picture(decided: D, *, revision: int = 0) -> D:
    """The decision made on a picture of its referral that was shown to whoever decides."""
    referral_id = decided.of_referral or ""
    shown = Shown(
        id=derived_id("picture", referral_id),
        digest="0" * 64,
        agency=decided.agency,
        referral_id=referral_id,
        revision=revision,
    )
    return decided.model_copy(update={"shown": (shown,)})
