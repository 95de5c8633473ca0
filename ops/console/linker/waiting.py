"""What waits for somebody who settles links, and what was settled lately."""

from __future__ import annotations

from ops.console.screen import Go, Page, Visit
from ops.linkage.explained import odds
from ops.look import links
from ops.look.worklist import is_open


def waiting(visit: Visit) -> Page:
    """Referrals in doubt first; then persons who may be one child, or two."""
    return _page(visit, {})


def find(visit: Visit) -> Page | Go:
    """Go to a referral, of which somebody thinks that its link is wrong."""
    referral_id = visit.form.one("referral_id")
    if is_open(visit.hub, referral_id) is None:
        return _page(visit, {"referral_id": "The hub knows no referral of this id"})
    return Go(f"links/referrals/{referral_id}")


def _page(visit: Visit, errors: dict[str, str]) -> Page:
    values = {
        "waits": links.waiting(visit.hub),
        "odds": odds,
        "names": visit.names,
        "errors": errors,
        "form": visit.form,
    }
    return Page("linker/waiting.html", values, 422 if errors else 200)
