"""Which child is it: links in doubt, children who are one or two, and what is taken back."""

from __future__ import annotations

from ops.console.linker.pair import pair, settle_pair
from ops.console.linker.referral import referral, settle
from ops.console.linker.undo import take_back, undo
from ops.console.linker.waiting import find, waiting
from ops.console.screen import Desk, Hears, Screen
from schemas.access import Role

DESK = Desk(
    code="links",
    name="Links",
    says="Which child a referral is about, whether two are one, and wrong links taken back.",
    roles=frozenset({Role.SCREENING, Role.DUTY_MANAGER}),
    lead=True,
    screens=(
        Screen("", waiting, find, hears=Hears.ANYTHING),
        Screen("referrals/{referral_id}", referral, settle),
        Screen("persons/{person_id}/{other_person_id}", pair, settle_pair),
        Screen("decisions/{decision_id}", undo, take_back),
    ),
    done={
        "linked": "It is settled which child it is. Whoever acted on the old link is told.",
        "split": "The referrals are moved to another child. Whoever acted on them is told.",
        "merged": "The two are one child now. Whoever acted on them is told.",
        "apart": "The two are verified as two children: only a human takes them for one again.",
        "undone": "The decision is taken back: what was before it holds again.",
        "sent": "It is sent. The hub has not acted on it yet: look again in a moment.",
    },
)
