"""What changed and what to do now, in words for one agency that holds products."""

from __future__ import annotations

from router.steps.inform.state import Knows, Stands
from router.steps.now import Now
from schemas.product import Disposal
from schemas.rating import Colour

_CLOSED = {
    Disposal.NO_FURTHER_ACTION: "with no further action",
    Disposal.EARLY_HELP: "with early help",
    Disposal.FRONT_LINE_TEAM: "for a front-line team to go on with",
    Disposal.SIGNPOSTED: "with a signpost to another service",
    Disposal.TRANSFERRED: "as it is for the hub of another area to go on with",
}
_NO_MORE = (
    "What you have stands no more: end what you do for it alone. Of a risk that you know of "
    "yourself, or what cannot be ended, ring the hub."
)
_GO_ON = "What you have stands: go on with what it asks of you."
_CONFIRMED = (
    "What you have stands, and is a suggestion no more: do what it asks of you now, where you have "
    "waited for that."
)
_OTHERS = (
    "What you have stands no more: do nothing further for it alone, and ring the hub about what "
    "you have begun. Others act on this rating; where a product for it comes to you too, act on "
    "that."
)
_ANEW = (
    "What you have stands no more. A product for the new rating is made for you: act on that one, "
    "and until it comes do not wait where you know of a risk."
)


def changed(knew: Knows, stands: Stands) -> str:
    """What is otherwise than the agency knew."""
    said = []
    if knew.unconfirmed and knew.colour is stands.colour:
        said.append(f"A social worker has confirmed the rating {stands.colour.title()}.")
    if knew.colour is not stands.colour:
        up = stands.colour.severity > knew.colour.severity
        was, now = knew.colour.title(), stands.colour.title()
        said.append(f"The rating was {'raised' if up else 'lowered'} from {was} to {now}.")
    if knew.outcome is not stands.outcome:
        end = f"was closed {_CLOSED[stands.outcome]}" if stands.outcome else "is open again"
        said.append(f"The referral {end}.")
    return " ".join(said)


def to_do(
    agency: str, stands: Stands, *, holds: Colour | None, confirmed: bool = False, now: Now
) -> str:
    """What the agency is to do; ``holds``: the rating of what it has that stands, if any does."""
    if stands.outcome is Disposal.NO_FURTHER_ACTION:
        return _NO_MORE
    if holds is stands.colour:
        return _CONFIRMED if confirmed else _GO_ON
    rule = now.rule(stands.colour)
    if any(one.agency == agency for one in (*rule.at_once, *rule.recipients)):
        return _ANEW
    return _OTHERS if rule.recipients else _NO_MORE
