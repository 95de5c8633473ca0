"""Who may read what, in plain Python: written from the prose of ``f24.md``, beside the hub's rules.

It shares nothing with them: no shape, no file, no function.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

CONTENT = {"case", "picture"}
KEPT = CONTENT | {"dead_letter"}
OUT = {"reveal", "export"}
TRAIL = {"operations", "screening", "duty_manager", "auditor", "risk_owner"}
AFTERWARDS = {"audit", "disclosure"}


def verdict(asked: Mapping[str, Any]) -> str:
    """``allow``, ``mask``, ``need_reason`` or ``deny``."""
    try:
        return _verdict(asked)
    except (KeyError, TypeError, AttributeError):
        return "deny"


def _verdict(asked: Mapping[str, Any]) -> str:
    if asked["on"].isoformat() < "2026-11-27" or _forbidden(asked):
        return "deny"
    freely, reasoned = _freely(asked), _for_a_reason(asked)
    if not freely and not reasoned:
        return "deny"
    if reasoned and not asked["reason"]:
        return "need_reason"
    return "mask" if _masked(asked) else "allow"


def _whose(asked: Mapping[str, Any]) -> str:
    if asked["owner"] is None:
        return "nobody"
    return "own" if asked["owner"] == asked["agency"] else "another"


def _forbidden(asked: Mapping[str, Any]) -> bool:
    act, record = asked["act"], asked["record"]
    if asked["person"] is None and act in OUT | {"mend", "review", "hold", "erase"}:
        return True
    if "operations" in asked["roles"] and act in OUT and record in CONTENT:
        return True
    hidden = _whose(asked) == "another" and asked["existence"] == "silent"
    return hidden and act in OUT | {"look", "search"} and record in KEPT | {"trail"}


def _freely(asked: Mapping[str, Any]) -> bool:
    roles, act, record = asked["roles"], asked["act"], asked["record"]
    if record == "health":
        return bool(act == "look")
    if record == "trail":
        return act in {"look", "search", "replay"} and bool(roles & TRAIL)
    if record == "accesses":
        return act == "look" and bool(roles & {"auditor", "risk_owner", "reviewer"})
    fetches = record == "letter" and act == "fetch"
    return fetches and "system" in roles and _whose(asked) == "own"


def _for_a_reason(asked: Mapping[str, Any]) -> bool:
    roles, act, record = asked["roles"], asked["act"], asked["record"]
    if record == "accesses":
        return act == "review" and "reviewer" in roles
    if record == "case" and act in {"hold", "erase"}:
        return bool(roles & {"records", "risk_owner"})
    if "auditor" in roles and act in OUT and record in KEPT and asked["purpose"] in AFTERWARDS:
        return True
    if record == "dead_letter" and "operations" in roles:
        return bool(act == "mend" or (act == "reveal" and asked["purpose"] == "mending"))
    return record in CONTENT and act == "reveal" and _reads_a_case(asked)


def _reads_a_case(asked: Mapping[str, Any]) -> bool:
    roles, purpose = asked["roles"], asked["purpose"]
    if purpose == "emergency":
        return asked["break_glass"] and bool(roles & {"screening", "duty_manager"})
    if purpose == "safeguarding" and (
        "duty_manager" in roles or ("screening" in roles and asked["assigned"])
    ):
        return True
    own = _whose(asked) == "own" and bool(roles & {"decision_maker", "risk_owner"})
    return bool(own and purpose in AFTERWARDS | {"safeguarding"})


def _masked(asked: Mapping[str, Any]) -> bool:
    if asked["act"] not in OUT or asked["record"] not in KEPT or _whose(asked) != "another":
        return False
    if asked["existence"] == "signpost":
        return True
    return asked["sensitivity"] == "restricted" and not asked["break_glass"]
