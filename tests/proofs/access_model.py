"""A plain model of the access rules, from the page of prose beside it alone (F24)."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass
from datetime import date
from enum import Enum

IN_FORCE = date(2026, 4, 1)
ROLES = frozenset(
    [
        "operations",
        "observer",
        "screening",
        "duty_manager",
        "researcher",
        "decision_maker",
        "auditor",
        "risk_owner",
        "records",
        "reviewer",
        "system",
    ]
)
ACTS = frozenset(
    "look search replay reveal export mend review hold erase fetch decide".split()  # noqa: SIM905
)
RECORDS = frozenset(["health", "trail", "case", "picture", "dead_letter", "letter", "accesses"])
PURPOSES = frozenset(["safeguarding", "mending", "audit", "disclosure", "emergency"])
SENSITIVITIES = frozenset(["routine", "sensitive", "restricted"])
EXISTENCES = frozenset(["open", "signpost", "silent"])
CASE_PICTURE = frozenset({"case", "picture"})
ITEMS = CASE_PICTURE | {"dead_letter"}


class NotUnderstood(Exception):
    """The question does not say what the page says a question has."""


@dataclass(frozen=True)
class Question:
    """A question, once understood."""

    named: bool
    roles: frozenset[str]
    act: str
    record: str
    purpose: str | None
    assigned: bool
    reason: bool
    break_glass: bool
    own: bool
    anothers: bool
    nobodys: bool
    sensitivity: str
    existence: str
    on: date


def _word(value: object, known: frozenset[str]) -> str:
    """One of the known words, as a plain string (an enum counts as its value)."""
    plain = value.value if isinstance(value, Enum) else value
    if not isinstance(plain, str) or str(plain) not in known:
        raise NotUnderstood(repr(value))
    return str(plain)


def _name(value: object) -> str | None:
    """A name, or None; an empty name is neither."""
    plain = value.value if isinstance(value, Enum) else value
    if plain is None:
        return None
    if not isinstance(plain, str) or not plain.strip():
        raise NotUnderstood(repr(value))
    return str(plain)


def _yes(value: object) -> bool:
    if not isinstance(value, bool):
        raise NotUnderstood(repr(value))
    return value


def _understand(asked: Mapping[str, object]) -> Question:
    roles, purpose, on = asked["roles"], asked["purpose"], asked["on"]
    if not isinstance(roles, Set) or not isinstance(on, date) or type(on) is not date:
        raise NotUnderstood("roles or date")
    agency, owner = _name(asked["agency"]), _name(asked["owner"])
    own = agency is not None and agency == owner
    return Question(
        named=_name(asked["person"]) is not None,
        roles=frozenset(_word(role, ROLES) for role in roles),
        act=_word(asked["act"], ACTS),
        record=_word(asked["resource"], RECORDS),
        purpose=None if purpose is None else _word(purpose, PURPOSES),
        assigned=_yes(asked["assigned"]),
        reason=_yes(asked["reason"]),
        break_glass=_yes(asked["break_glass"]),
        own=own,
        anothers=owner is not None and not own,
        nobodys=owner is None,
        sensitivity=_word(asked["sensitivity"], SENSITIVITIES),
        existence=_word(asked["existence"], EXISTENCES),
        on=on,
    )


def _forbidden(q: Question) -> bool:
    nameless = not q.named and q.act in {
        *("reveal", "export", "mend", "review", "hold", "erase", "decide")
    }
    shown = q.act in {"reveal", "export"}
    sought = shown or q.act == "search"
    keepers = not q.roles.isdisjoint({"operations", "observer"})
    operations = keepers and sought and q.record in CASE_PICTURE
    silent = q.anothers and q.existence == "silent" and q.record in ITEMS | {"trail"}
    return nameless or operations or (silent and (shown or q.act in {"look", "search"}))


def _has(q: Question, *roles: str) -> bool:
    return not q.roles.isdisjoint(roles)


def _glass_broken(q: Question) -> bool:
    """Screening or a duty manager reveals a case or picture in an emergency by breaking it."""
    fitting = q.act == "reveal" and q.record in CASE_PICTURE and q.purpose == "emergency"
    return q.break_glass and fitting and _has(q, "screening", "duty_manager")


def _allowed_plainly(q: Question) -> bool:
    """Whether one of the rules that want no reason allows it."""
    trail = ("operations", "screening", "duty_manager", "auditor", "risk_owner")
    if q.record == "trail":
        watched = q.act in {"look", "search"} and _has(q, "observer")
        return watched or (q.act in {"look", "search", "replay"} and _has(q, *trail))
    if q.record == "accesses":
        ours = q.own and _has(q, "decision_maker")
        audits = _has(q, "auditor", "risk_owner")
        looks = q.act == "look" and (ours or audits or _has(q, "reviewer"))
        return looks or (q.act == "export" and audits)
    if q.record == "case":
        if q.act == "search":
            return q.nobodys and _has(q, "system")
        decides = q.act == "decide" and q.purpose == "safeguarding"
        own, cases = _has(q, "decision_maker"), _has(q, "screening")
        return decides and ((q.own and own) or (q.nobodys and cases))
    if q.record == "letter":
        fetched = q.act == "fetch" and _has(q, "system")
        at_a_desk = q.act == "look" and _has(q, "decision_maker", "researcher")
        return q.own and (fetched or at_a_desk)
    return q.record == "health" and q.act == "look"


def _allowed_for_a_reason(q: Question) -> bool:
    """Whether one of the rules that want a reason allows it."""
    reveal_case = q.act == "reveal" and q.record in CASE_PICTURE
    safeguarding = reveal_case and q.purpose == "safeguarding"
    inquiry = q.purpose in {"audit", "disclosure"}
    letter = q.record == "dead_letter"
    finders = _has(q, "screening", "duty_manager", "auditor")
    sought_for = q.purpose == "safeguarding" or inquiry
    return any(
        (
            q.act == "search" and (q.record, q.named) == ("case", True) and sought_for and finders,
            letter and q.act == "mend" and _has(q, "operations"),
            q.record in {"health", "letter"} and q.act == "mend" and _has(q, "operations"),
            letter and q.act == "reveal" and q.purpose == "mending" and _has(q, "operations"),
            safeguarding and q.record == "case" and q.assigned and _has(q, "screening"),
            safeguarding and q.record == "picture" and _has(q, "screening"),
            safeguarding and _has(q, "duty_manager"),
            _glass_broken(q),
            q.act in {"reveal", "export"} and q.record in ITEMS and inquiry and _has(q, "auditor"),
            reveal_case
            and q.own
            and (safeguarding or inquiry)
            and _has(q, "decision_maker", "risk_owner"),
            q.act == "review" and q.record == "accesses" and _has(q, "reviewer"),
            q.act in {"hold", "erase"} and q.record == "case" and _has(q, "records", "risk_owner"),
        )
    )


def _masked(q: Question) -> bool:
    shown = q.anothers and q.record in ITEMS and q.act in {"reveal", "export"}
    restricted = q.sensitivity == "restricted" and not _glass_broken(q)
    return shown and (restricted or q.existence == "signpost")


def verdict(asked: Mapping[str, object]) -> str:
    """What the page says to a question: allow, mask, need_reason or deny."""
    try:
        q = _understand(asked)
    except (NotUnderstood, KeyError):
        return "deny"
    for_a_reason = _allowed_for_a_reason(q)
    if q.on < IN_FORCE or _forbidden(q) or not (for_a_reason or _allowed_plainly(q)):
        return "deny"
    if for_a_reason and not q.reason:
        return "need_reason"
    return "mask" if _masked(q) else "allow"
