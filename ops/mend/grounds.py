"""Why a case is erased or kept: the record keeps that for ever, so it tells of nobody (R48)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from ops.mend.reach import Reach, reach
from router.memory.families import members_of
from router.steps.link.register import STEP_NAME as LINKING
from router.steps.link.register import Evidence
from router.steps.sanitising import Known, known_of, sanitise
from schemas.person import Person
from stores import states
from stores.database import View

UNSAID: Final = "(not kept: it told of people of the case)"
"""What the record has instead of such a reason, where somebody is not let."""
SAY_IT_WITHOUT: Final = (
    "the reason tells of the people of this case, by a name, a date of birth, a place, a number or "
    "a reference; the record keeps it for ever, so say it without, as in 'retention ended "
    "2101-03-02' or 'court order 12/26'. Nothing was done"
)


def tells_of(view: View, case_id: str, *, why: str) -> bool:
    """Whether a reason holds what the hub knows of the child of a case, or of anybody around."""
    found = reach(view, case_id)
    if any(_is_in(why, reference) for reference in found.words.any_of):
        return True
    return bool(sanitise(why, known=_known(view, found)).redactions)


def _is_in(text: str, reference: str) -> bool:
    """Whether it stands there by itself: ``12`` is not in ``2120``."""
    return re.search(rf"(?<!\w){re.escape(reference)}(?!\w)", text, re.IGNORECASE) is not None


def _known(view: View, found: Reach) -> Known:
    """Everyone in the picture: here the child's own names may stay as little as anybody's."""
    known = known_of(Person(), *_people(view, found))
    names = (*known.own, *known.others, *known.risks)
    return known.model_copy(update={"own": (), "others": names, "risks": ()})


def _people(view: View, found: Reach) -> Iterator[Person]:
    """The child as each told of it, and the other children of the family."""
    families = {piece.family_id for piece in found.told.values()}
    members = members_of(view, families - {""}).values()
    ids = {id_ for each in members for person in each for id_ in person.evidence}
    documents = states.load(view, LINKING, keys=ids - found.told.keys())
    others = (Evidence.model_validate_json(body) for _, body in documents.values())
    for piece in (*found.told.values(), *others):
        yield piece.child
