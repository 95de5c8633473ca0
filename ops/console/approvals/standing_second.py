"""Two people have to sign what leaves: a release beforehand that one has signed waits for the
second, and lets nothing leave before.
"""

from __future__ import annotations

from ops.access.passkeys import party_of
from ops.console import sending
from ops.console.approvals import passkey
from ops.console.approvals.beforehand import RELEASE
from ops.console.screen import Go, NotThere, Page, Visit
from ops.look import letters
from ops.look.standing import Released, standing_of
from schemas.envelope import Envelope
from schemas.policy import plain_name


def asks(visit: Visit) -> Page:
    """What the first has signed, to be read and signed by somebody else."""
    return _page(visit, _begun(visit))


def taken(visit: Visit) -> Page | Go:
    """Send it with both signatures: it takes the place of what one alone has signed."""
    found = _begun(visit)
    both = passkey.both_signed(visit, _signed(found)) if _may_sign(visit, found) else None
    if both is None:
        return _page(visit, found, errors={"sign-here": passkey.NOT_THIS})
    release = found.release.model_copy(update={"envelope": both})
    told = release.model_dump(mode="json", exclude_none=True) | {"standing_id": found.standing_id}
    sent = sending.send(visit, RELEASE, told, done=lambda: _find(visit) is None)
    if sent.refused is not None:
        said = f"The hub did not take this. {sent.refused}"
        return _page(visit, found, errors={"sign-here": said})
    return Go("approvals/standing", "released" if sent.settled else "taken")


def _begun(visit: Visit) -> Released:
    found = _find(visit)
    if found is None:
        raise NotThere
    return found


def _find(visit: Visit) -> Released | None:
    every = standing_of(visit.hub, visit.asker)
    waits = (one for one in every if one.waits_for_second)
    return next((one for one in waits if one.name == visit.place["name"]), None)


def _signed(found: Released) -> Envelope:
    envelope = found.release.envelope
    assert isinstance(envelope, Envelope)
    return envelope


def _is_other(visit: Visit, found: Released) -> bool:
    return plain_name(found.release.decided_by) != plain_name(visit.who)


def _may_sign(visit: Visit, found: Released) -> bool:
    """Whether whoever is there is somebody else, and decides for the agency."""
    may = letters.now_at(visit.hub).may_decide(visit.agency, visit.who)
    return may and _is_other(visit, found)


def _page(visit: Visit, found: Released, *, errors: dict[str, str] | None = None) -> Page:
    may = _may_sign(visit, found)
    asking = passkey.ask_also(visit, _signed(found)) if may else None
    values = {
        "one": found,
        "names": visit.names,
        "other": _is_other(visit, found),
        "may_sign": may,
        "asking": asking,
        "errors": errors,
        "has_passkeys": party_of(visit.hub.settings) is not None,
    }
    script = "sign.js" if asking else None
    return Page("approvals/standing_second.html", values, 422 if errors else 200, script=script)
