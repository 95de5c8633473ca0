"""One referral: which child it is about, and which of that child's referrals are another's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ops.console.linker.sides import of_review, opened
from ops.console.opening import DO, SAW, changes, read_back, said_why, saw
from ops.console.screen import Go, NotThere, Page, Visit
from ops.console.sending import Sent, send
from ops.look import links
from ops.look.changed import changed
from ops.look.picture_words import name_of
from ops.look.pictures import Opened
from ops.look.worklist import is_open

NONE: Final = "none"
"""None of the candidates: a child of its own."""
_OTHER: Final = "other"


def referral(visit: Visit) -> Page:
    """With its candidates side by side; what does not wait is opened for a reason."""
    if not _waits(visit):
        return Page("linker/why.html", {"form": visit.form, "errors": {}})
    return _page(visit, _opened(visit))


def settle(visit: Visit) -> Page | Go:
    """Take why somebody opens it, which child it is about, or which referrals are another's."""
    if not _waits(visit) and (errors := said_why(visit)):
        return Page("linker/why.html", {"form": visit.form, "errors": errors}, 422)
    now = _opened(visit)
    do = visit.form.one(DO)
    if do not in _DECISIONS:
        return _page(visit, now)
    checks, says, sends, done = _DECISIONS[do]
    if (errors := checks(visit)) or changes(visit):
        return _page(visit, now, errors=errors)
    if visit.form.one(SAW) != now.saw.id:
        return _page(visit, now, overtaken=True)
    if check := read_back(visit, says(visit, now)):
        return check
    sent = sends(visit, now)
    if sent.refused:
        return _page(visit, now, errors={_FIELDS.get(do, do): sent.refused})
    return Go("links", done if sent.settled else "sent")


def _waits(visit: Visit) -> bool:
    referral_id = visit.place["referral_id"]
    if is_open(visit.hub, referral_id) is None:
        raise NotThere
    return links.is_waiting(visit.hub, referral_id)


def _opened(visit: Visit) -> Opened:
    return opened(visit, visit.place["referral_id"], waits=_waits(visit))


def _chosen(visit: Visit) -> str | None:
    """Whom it is about: the one chosen, or of whom somebody wrote the id."""
    person = visit.form.one("person")
    if person == NONE:
        return None
    return visit.form.one("other_person_id") if person == _OTHER else person


def _link_faults(visit: Visit) -> dict[str, str]:
    faults: dict[str, str] = {}
    if not visit.form.one("person"):
        faults["person"] = "Choose which child it is about"
    elif _chosen(visit) == "":
        faults["other_person_id"] = "Write the id of the person"
    return faults | _why(visit)


def _link_said(visit: Visit, now: Opened) -> dict[str, str]:
    chosen = _chosen(visit)
    known = {one.person_id: one for one in (now.picture.child, *now.picture.candidates)}
    whom = "Another child, of its own"
    if chosen is not None:
        names = known[chosen].names if chosen in known else ()
        whom = " ".join((*(name_of(one.name) for one in names[:1]), f"(person {chosen})"))
    return {"This referral is about": whom, "Why": visit.form.one("rationale")}


def _link(visit: Visit, now: Opened) -> Sent:
    return send(
        visit,
        "mash.link-decision.v1",
        {
            "referral_id": now.picture.referral_id,
            "person_id": _chosen(visit),
            "decided_by": visit.who,
            "rationale": visit.form.one("rationale"),
            "saw": saw(now),
        },
        about=now.picture.referral_id,
    )


def _split_faults(visit: Visit) -> dict[str, str]:
    faults = {} if visit.form.all("referral") else {"referral": "Tick which are another child's"}
    return faults | _why(visit, "rationale-split")


def _split_said(visit: Visit, _: Opened) -> dict[str, str]:
    to = visit.form.one("to_person_id")
    return {
        "Referrals that are another child's": "\n".join(visit.form.all("referral")),
        "Whose they are": f"Person {to}" if to else "A child whom the hub does not know yet",
        "Why": visit.form.one("rationale-split"),
    }


def _split(visit: Visit, now: Opened) -> Sent:
    return send(
        visit,
        "mash.split-decision.v1",
        {
            "person_id": now.picture.child.person_id,
            "referral_ids": list(visit.form.all("referral")),
            "to_person_id": visit.form.one("to_person_id") or None,
            "decided_by": visit.who,
            "rationale": visit.form.one("rationale-split"),
            "saw": saw(now),
        },
    )


def _why(visit: Visit, name: str = "rationale") -> dict[str, str]:
    return {} if visit.form.one(name) else {name: "Say why"}


_DECISIONS = {
    "link": (_link_faults, _link_said, _link, "linked"),
    "split": (_split_faults, _split_said, _split, "split"),
}
_FIELDS = {"link": "person", "split": "referral"}


def _page(
    visit: Visit,
    now: Opened,
    *,
    errors: Mapping[str, str] | None = None,
    overtaken: bool = False,
) -> Page:
    picture = now.picture
    values: dict[str, Any] = {
        "opened": now,
        "picture": picture,
        "sides": of_review(visit, now),
        "waits": links.is_waiting(visit.hub, picture.referral_id),
        "own": _own(visit, now),
        "news": changed(now.before, picture, visit.names),
        "names": visit.names,
        "form": visit.form,
        "errors": errors or {},
        "overtaken": overtaken,
    }
    return Page("linker/referral.html", values, 422 if errors else 409 if overtaken else 200)


def _own(visit: Visit, now: Opened) -> list[dict[str, Any]]:
    """The referrals that are held to be about the same child, this one first."""
    child = now.picture.child.person_id
    told = {one.referral_id: one for one in now.picture.history if one.person_id == child}
    ids = links.referrals_of(visit.hub, child) or ()
    this = now.picture.referral_id
    return [{"id": id_, "earlier": told.get(id_), "this": id_ == this} for id_ in reversed(ids)]
