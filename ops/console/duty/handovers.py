"""Referrals that are with the team of a child's worker; one is taken back where it is opened."""

from __future__ import annotations

from ops.console.screen import Page, Visit
from ops.look import handings


def handovers(visit: Visit) -> Page:
    """Those that stand, with the ones that somebody has to see to first."""
    found = handings.standing(visit.hub)
    return Page("duty/handovers.html", {"rows": found, "names": visit.names})
