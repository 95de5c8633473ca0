"""What an agency has released beforehand: in its agreement, and by messages of its own (R29)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import TypeAdapter

from ops.access.acting import Asker
from ops.look import letters
from ops.look.signatures import Signed, signed_by
from ops.run.wiring import Hub
from router.steps import gate
from router.steps.approve import decide as approve
from router.steps.approve.standing import STANDING, is_given
from router.steps.approve.state import Standing, State
from router.steps.now import Now
from schemas.message import derived_id
from schemas.policy import StandingRelease
from stores import states

_STATE: TypeAdapter[State] = TypeAdapter(State)


@dataclass(frozen=True, slots=True, repr=False)
class Released:
    """One of them."""

    name: str
    """In an address, as of a request."""
    standing_id: str | None
    """The agency's own name of it; None: it is part of its agreement, which no message ends."""
    release: StandingRelease
    counts: bool
    """Whether it is signed as it has to be."""
    in_force: bool
    """Whether it lets something leave today: it counts, and that is in its time and in that of the
    agreement.
    """
    signed: Signed | None
    waits_for_second: bool = False
    """Whether one of the two people who have to has signed it."""


def standing_of(hub: Hub, asker: Asker) -> list[Released]:
    """All of the agency of who asks, in force or not; what was ended is there no more."""
    return list(_found(hub, asker.agency or "", now=letters.now_at(hub)))


def _found(hub: Hub, agency: str, *, now: Now) -> Iterator[Released]:
    key, partner = STANDING + agency, now.policy.partners.get(agency)
    with hub.database.view() as view:
        kept = states.load(view, approve.STEP.name, keys={key}).get(key)
    known = _STATE.validate_json(kept[1]) if kept else None
    own = known.releases if isinstance(known, Standing) else {}
    for standing_id, release in own.items():
        yield _released(standing_id, release, agency=agency, now=now)
    agreement = partner.agreement if partner else None
    for release in agreement.standing_release if agreement and agreement.text_sha256 else ():
        yield _released(None, release, agency=agency, now=now)


def _released(
    standing_id: str | None, release: StandingRelease, *, agency: str, now: Now
) -> Released:
    day, until = now.today, release.until
    in_time = release.since <= day and (until is None or day <= until)
    counts = is_given(release, agency, now=now)
    signed = signed_by(release.envelope, agency, now=now) if release.envelope else None
    one_of_two = signed is not None and len(signed.signatures) == 1
    return Released(
        derived_id("desk", "standing", standing_id or release.model_dump_json(), agency),
        standing_id,
        release,
        counts,
        counts and in_time and now.agreement_with(agency) is not None,
        signed,
        bool(standing_id)
        and not counts
        and one_of_two
        and gate.must_sign(agency, now)
        and gate.people_for_everything(now) > 1,
    )
