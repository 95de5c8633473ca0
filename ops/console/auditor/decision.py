"""A decision as it was made: what was decided, on which picture, by which policy."""

from __future__ import annotations

from collections.abc import Sequence

from ops.console.auditor.asking import asker, faults, page
from ops.console.screen import Page, Visit
from ops.look.as_of import NoDecision, as_of
from ops.look.as_of import Picture as Was
from ops.look.picture_words import in_words, part_in_words
from schemas.picture import Picture, PicturePart

_SAY = "Write the id of a decision's message"


def decision(visit: Visit) -> Page:
    """The question."""
    return page(visit, "decision")


def reopen(visit: Visit) -> Page:
    """The decision with its picture; who looks is recorded, and told to whose words are in it."""
    if errors := faults(visit, "message_id", say=_SAY):
        return page(visit, "decision", errors=errors)
    try:
        found = as_of(visit.hub, visit.form.one("message_id"), asker=asker(visit))
    except NoDecision:
        errors = {"message_id": "No decision of a person that can be read is recorded under it"}
        return page(visit, "decision", errors=errors)
    said = found.decision.get("decision", found.decision)
    told = {
        "found": found,
        "said": {name: value for name, value in said.items() if name != "saw"},
        "pictures": [(one, _lines(visit, one)) for one in found.pictures],
    }
    return page(visit, "decision", told=told)


def _lines(visit: Visit, one: Was) -> Sequence[str]:
    if "child" in one.content:
        return [*in_words(Picture.model_validate(one.content), visit.names)]
    return [*part_in_words(PicturePart.model_validate(one.content), visit.names)]
