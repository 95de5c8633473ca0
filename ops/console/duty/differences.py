"""Professional differences that nobody has settled; one is settled where it is opened (R51)."""

from __future__ import annotations

from ops.console.screen import Page, Visit
from ops.look import differences as look


def differences(visit: Visit) -> Page:
    """Those that nobody has settled, the most pressing first."""
    return Page("duty/differences.html", {"rows": look.unsettled(visit.hub), "names": visit.names})
