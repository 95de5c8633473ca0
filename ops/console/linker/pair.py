"""Two persons: one child, or two."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ops.console.linker.sides import Side, opened
from ops.console.opening import SAW, changes, read_back, said_why
from ops.console.screen import Go, NotThere, Page, Visit
from ops.console.sending import send
from ops.linkage.explained import odds, reason
from ops.look import links
from ops.look.changed import changed
from ops.look.links import Pair
from ops.look.picture_words import name_of
from ops.look.pictures import Opened


def pair(visit: Visit) -> Page:
    """Side by side, as the last referral of each shows them; who are not asked about, once somebody
    has said why they look.
    """
    lasts = _lasts(visit)
    if _asked(visit) is None:
        return Page("linker/why.html", {"form": visit.form, "errors": {}})
    return _page(visit, _opened(visit, lasts))


def settle_pair(visit: Visit) -> Page | Go:
    """Send whether they are one child."""
    lasts = _lasts(visit)
    if _asked(visit) is None and (faults := said_why(visit)):
        return Page("linker/why.html", {"form": visit.form, "errors": faults}, 422)
    both, same = _opened(visit, lasts), visit.form.one("same")
    if not visit.form.one(SAW) or changes(visit):
        return _page(visit, both)
    errors = {} if same in ("yes", "no") else {"same": "Choose whether they are one child"}
    if not visit.form.one("rationale"):
        errors["rationale"] = "Say why"
    if errors:
        return _page(visit, both, errors=errors)
    if visit.form.one(SAW) != _seen(both):
        return _page(visit, both, overtaken=True)
    if check := read_back(visit, _said(visit, both)):
        return check
    sent = send(visit, "mash.persons-decision.v1", _decision(visit, both))
    if sent.refused:
        return _page(visit, both, errors={"same": sent.refused})
    done = "merged" if same == "yes" else "apart"
    return Go("links", done if sent.settled else "sent")


def _decision(visit: Visit, both: list[Opened]) -> dict[str, Any]:
    """What is sent: whether the two are one child, by whom, and on which pictures."""
    return {
        "person_id": visit.place["person_id"],
        "other_person_id": visit.place["other_person_id"],
        "same": visit.form.one("same") == "yes",
        "decided_by": visit.who,
        "rationale": visit.form.one("rationale"),
        "saw": [one.saw.model_dump() for one in both],
    }


def _said(visit: Visit, both: list[Opened]) -> dict[str, str]:
    same = visit.form.one("same") == "yes"
    return {
        "They are": "One child: all of person 2 goes to person 1" if same else "Two children",
        "Person 1": _whom(both[0]),
        "Person 2": _whom(both[1]),
        "Why": visit.form.one("rationale"),
    }


def _whom(one: Opened) -> str:
    child = one.picture.child
    names = (name_of(told.name) for told in child.names[:1])
    return " ".join((*names, f"(person {child.person_id})"))


def _seen(both: list[Opened]) -> str:
    return " ".join(one.saw.id for one in both)


def _asked(visit: Visit) -> Pair | None:
    """The question about them, where one waits."""
    return links.asked(visit.hub, visit.place["person_id"], visit.place["other_person_id"])


def _lasts(visit: Visit) -> list[str]:
    """The last referral of each; a person without one is nobody whom the hub can show."""
    ids = (visit.place["person_id"], visit.place["other_person_id"])
    each = [links.referrals_of(visit.hub, id_) for id_ in ids]
    lasts = [referrals[-1] for referrals in each if referrals]
    if ids[0] == ids[1] or len(lasts) < len(ids):
        raise NotThere
    return lasts


def _opened(visit: Visit, lasts: list[str]) -> list[Opened]:
    waits = _asked(visit) is not None
    return [opened(visit, last, waits=waits) for last in lasts]


def _page(
    visit: Visit,
    both: list[Opened],
    *,
    errors: Mapping[str, str] | None = None,
    overtaken: bool = False,
) -> Page:
    asked = _asked(visit)
    reasons = [reason(one) for one in asked.reasons] if asked else []
    lines = [changed(one.before, one.picture, visit.names) for one in both]
    values: dict[str, Any] = {
        "sides": [Side(f"Person {n}", one.picture.child) for n, one in enumerate(both, start=1)],
        "seen": _seen(both),
        "both": both,
        "odds": odds(asked.score) if asked else None,
        "agree": [one for one in reasons if one["speaks_for"]],
        "against": [one for one in reasons if not one["speaks_for"]],
        "news": {
            "new": [line for one in lines for line in one.new],
            "gone": [line for one in lines for line in one.gone],
        },
        "names": visit.names,
        "form": visit.form,
        "errors": errors or {},
        "overtaken": overtaken,
    }
    return Page("linker/pair.html", values, 422 if errors else 409 if overtaken else 200)
