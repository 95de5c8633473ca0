"""How sure a share is that was counted (Wilson, 1927)."""

from __future__ import annotations

from math import sqrt

_SURE = 1.96


def wilson(part: int, whole: int) -> tuple[float, float]:
    """Where a share lies with 95 % confidence, of ``part`` counted among ``whole``."""
    if not whole:
        return 0.0, 1.0
    share, squared = part / whole, _SURE**2
    middle = share + squared / (2 * whole)
    spread = _SURE * sqrt(share * (1 - share) / whole + squared / (4 * whole**2))
    return max(0.0, (middle - spread) / (1 + squared / whole)), min(
        1.0, (middle + spread) / (1 + squared / whole)
    )
