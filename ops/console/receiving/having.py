"""What somebody says of what they were sent: that they have it, or why it is not theirs."""

from __future__ import annotations

from typing import Final

MOST: Final = 500
"""Characters of a reason."""
MOST_DONE: Final = 4000
"""Characters of what was done."""


def faults(status: str, reason: str) -> dict[str, str]:
    """What is amiss with it, by field."""
    errors = {}
    if status not in ("received", "refused"):
        errors["status"] = "Select whether you have it"
    if status == "refused" and not reason:
        errors["reason"] = "Say why it is not yours to act on"
    if len(reason) > MOST:
        errors["reason"] = f"The reason must be {MOST} characters or fewer"
    return errors


def undone(done: str) -> dict[str, str]:
    """What is amiss with what somebody says that was done."""
    if not done:
        return {"done": "Say what was done"}
    if len(done) > MOST_DONE:
        return {"done": f"What was done must be {MOST_DONE} characters or fewer"}
    return {}
