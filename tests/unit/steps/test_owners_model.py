"""Any run of decisions, silences and withdrawals, beside a plain second account of what has to come
of it: minutes and two owners, in dictionaries.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from functools import cache
from typing import Any, Literal

from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from router.steps.approve import decide as approve
from router.steps.compose import decide as compose
from schemas.calendar import Minutes, PartnerCalendar
from schemas.decisions import (
    ItemDecision,
    ItemRuled,
    ReleaseDecided,
    ReleaseDecision,
    Ruling,
)
from schemas.gathering import Level
from schemas.information import InformationRequested
from schemas.notices import ApprovalRequest
from schemas.owed import OwedNotice
from schemas.policy import Policy, Recipient, SilentOwner
from schemas.product import Choice, ProductApproved, ProductDrafted
from schemas.rating import Colour
from tests.support import given
from tests.support.flow import Flow
from tests.support.given import NOON
from tests.unit.steps.test_silent_owners import answered

OWNERS = ("gp", "school")
MINUTES = 40
SAID = {30: "warned", 40: "chased", 60: "escalated", 80: "escalated"}
"""Three quarters, all, one and a half and twice of forty minutes."""
Act = tuple[Literal["yes", "no", "lift", "wait"], str, int]


class Plain:
    """What has to be said and sent; ``0`` is when it was drafted."""

    def __init__(self, *, urgent: bool, then: str, after: str) -> None:
        self.urgent, self.then, self.over_at = urgent, then, 40 if after == "due" else 80
        self.at = 0
        self.said: list[tuple[int, str, str, str]] = []
        """When, of which product (``first`` or ``further``), to whose account, and what."""
        self.sent: list[tuple[int, tuple[str, ...], tuple[str, ...]]] = []
        """When, of whom, and naming whom."""
        self.no: set[str] = set()
        self.first: dict[str, str | None] = dict.fromkeys(OWNERS)
        self.further: dict[str, str | None] = {}
        self.open = True
        self.clocks: dict[tuple[str, str], int] = {}
        self.late: set[str] = set()
        self.went = False
        self.own: set[str] = set()
        """Whose item is asked about in a product of its own: a word about the first says nothing of
        it.
        """
        if urgent:
            self._close(named=OWNERS)
        else:
            self.clocks = {("first", one): 0 for one in OWNERS}

    def wait(self, minutes: int) -> None:
        for at in range(self.at + 1, self.at + minutes + 1):
            self.at = at
            for (which, owner), since in list(self.clocks.items()):
                gone = self.at - since
                if gone in SAID and (which, owner) in self.clocks:
                    self.said.append((self.at, which, owner, SAID[gone]))
                    if gone == 80:
                        del self.clocks[which, owner]
                    if gone == self.over_at and which == "first":
                        self.late.add(owner)
                        self._try()
                    elif gone == self.over_at and owner in self.own and self.then == "signpost":
                        self.sent.append((self.at, (), (owner,)))
                        if (which, owner) in self.clocks:
                            self.clocks[which, owner] = self.at

    def yes(self, owner: str) -> None:
        if owner in self.no:
            return
        if self.open and self.first[owner] is None:
            self.first[owner] = "yes"
            self._try()
        elif owner not in self.own and not self.open and self.further.get(owner, "none") is None:
            self.further[owner] = "yes"
            self.clocks.pop(("further", owner), None)
            self.sent.append((self.at, (owner,), ()))

    def no_(self, owner: str) -> None:
        self.no.add(owner)
        if self.open:
            self.first[owner] = "no"
            self._try()
        elif self.further.get(owner, "none") is None:
            self.further[owner] = "no"
            self.clocks.pop(("further", owner), None)

    def lift(self, owner: str) -> None:
        if owner not in self.no:
            return
        self.no.discard(owner)
        if self.open:
            self.first[owner] = None
            self.late.discard(owner)
            self.clocks.setdefault(("first", owner), self.at)
        else:  # what went without its item is followed; where nothing went it is one of its own
            self.further[owner] = None
            self.clocks["further", owner] = self.at
            if not self.went:
                self.own.add(owner)

    def _try(self) -> None:
        for owner in OWNERS:
            if self.first[owner] is not None:
                self.clocks.pop(("first", owner), None)
        silent = [one for one in OWNERS if self.first[one] is None]
        if any(self.then == "wait" or one not in self.late for one in silent):
            return
        named = tuple(silent) if self.then == "signpost" else ()
        if "yes" in self.first.values() or named:
            self._close(named=named)
        elif not silent:
            self.open = False

    def _close(self, *, named: Sequence[str]) -> None:
        self.open, self.went = False, True
        ones = tuple(one for one in OWNERS if self.first[one] == "yes")
        self.sent.append((self.at, ones, tuple(named)))
        for owner in OWNERS:
            chased = self.clocks.pop(("first", owner), None)
            if self.first[owner] is None:
                self.further[owner] = None
                if owner not in self.late or chased is not None:
                    self.clocks["further", owner] = self.at


@cache
def policy(*, urgent: bool, then: Any, after: Any) -> Policy:
    """One recipient, and owners that are always there and have forty minutes."""
    sample = given.profile()
    to = (Recipient(agency="csc_duty_team", purpose="section 47 enquiry"),)
    none: tuple[Recipient, ...] = ()
    changes = {
        "silent_owner": SilentOwner(after=after, then=then),
        "allowed": {"approval": Minutes(minutes=MINUTES)},
        "at_once": to if urgent else none,
        "recipients": none if urgent else to,
    }
    colours = {**sample.colours, Colour.RED: sample.colours[Colour.RED].model_copy(update=changes)}
    always = dict.fromkeys(OWNERS, PartnerCalendar(always=True))
    profile = sample.model_copy(update={"colours": colours, "calendars": always})
    return given.policy(profile_=profile)


class Hub:
    """The steps themselves, spoken to in the same words."""

    def __init__(self, policy_: Policy) -> None:
        self.flow = Flow(compose.STEP, approve.STEP, policy=policy_)
        asked = InformationRequested(
            referral_id="ref-1",
            case_id="case-1",
            level=Level.FULL,
            reasons=("A sign.",),
            profile="Sample",
            requests=(),
        )
        self.flow.send(
            given.linked(agency="gp"), answered("school", "Attends rarely and comes late."), asked
        )
        self.flow.send(given.assigned(Colour.RED))
        self.first = self.flow.of(ProductDrafted)[0]

    def wait(self, minutes: int) -> None:
        self.flow.until(self.flow.at + dt.timedelta(minutes=minutes))

    def yes(self, owner: str) -> None:
        self._decide(owner)

    def no_(self, owner: str) -> None:
        self._rule(owner, Ruling.WITHHOLD)

    def lift(self, owner: str) -> None:
        self._rule(owner, Ruling.LIFT)

    def _decide(self, owner: str) -> None:
        """As it was asked first, whatever has gone since."""
        item = next(one for one in self.first.items if one.owner == owner)
        decision = ReleaseDecision(
            referral_id="ref-1",
            product_id=self.first.product_id,
            case_id="case-1",
            item_id=item.item_id,
            choice=Choice.RELEASE_SANITISED,
            digest=item.sanitised_digest,
            recipient=self.first.recipient,
            purpose=self.first.purpose,
            decided_by=f"Decision maker of {owner}",
        )
        self.flow.send(ReleaseDecided(agency=owner, decision=decision))

    def _rule(self, owner: str, ruling: Ruling) -> None:
        item = next(one for one in self.first.items if one.owner == owner)
        decision = ItemDecision(
            referral_id="ref-1",
            case_id="case-1",
            item_id=item.item_id,
            ruling=ruling,
            decided_by=f"Decision maker of {owner}",
            reason="It would put the child at more risk.",
            signpost=False,
        )
        self.flow.send(ItemRuled(agency=owner, decision=decision))

    @property
    def said(self) -> list[tuple[int, str, str, str]]:
        return [
            (
                self._minute(at),
                "first" if one.notice.subject_id == self.first.product_id else "further",
                one.notice.agency,
                one.notice.moment,
            )
            for at, one in self.flow.letters
            if isinstance(one.notice, OwedNotice)
        ]

    @property
    def sent(self) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
        return [
            (
                tuple(sorted(item.owner for item in one.items)),
                tuple(sorted(post.owner for post in one.signposts)),
            )
            for one in self.flow.of(ProductApproved)
        ]

    @staticmethod
    def _minute(at: dt.datetime) -> int:
        return int((at - NOON).total_seconds()) // 60


acts = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["yes", "no", "lift"]), st.sampled_from(OWNERS), st.just(0)),
        st.tuples(st.just("wait"), st.just(""), st.sampled_from([1, 9, 10, 20, 30, 41, 90])),
    ),
    max_size=12,
)


@settings(max_examples=60)
@for_all(
    acts=acts,
    urgent=st.booleans(),
    then=st.sampled_from(["without", "signpost", "wait"]),
    after=st.sampled_from(["due", "chain"]),
)
def test_every_run_comes_to_what_the_plain_account_says(
    acts: list[Act], urgent: bool, then: str, after: str
) -> None:
    how: dict[str, Any] = {"urgent": urgent, "then": then, "after": after}
    plain, hub = Plain(**how), Hub(policy(**how))
    for what, owner, minutes in (*acts, ("wait", "", 100)):
        for one in (plain, hub):
            if what == "wait":
                one.wait(minutes)
            else:
                {"yes": one.yes, "no": one.no_, "lift": one.lift}[what](owner)
    assert sorted(hub.said) == sorted(plain.said)
    assert hub.sent == [(ones, named) for _, ones, named in plain.sent]
    asked = hub.flow.told(ApprovalRequest)
    assert {one.item.owner for one in asked} <= {*OWNERS}
