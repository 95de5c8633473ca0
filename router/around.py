"""What was told of a child and of its brothers and sisters that must be looked for before anything
is sent about them (L7).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection

from pydantic_core import from_json

from router.memory.families import members_of
from router.memory.register import GUARDED
from router.steps.link.register import STEP_NAME
from router.steps.safety import CHILD, SIBLING
from schemas.person import Person
from schemas.safety import Around
from stores import states
from stores.database import View


def around(view: View, referral_ids: Collection[str]) -> dict[str, list[Around]]:
    """For each of these referrals of which there is anything; mostly there is nothing at all."""
    if not referral_ids or not states.any_of(view, GUARDED):
        return {}
    pieces = {
        id_: from_json(body)
        for id_, (_, body) in states.load(view, STEP_NAME, keys=referral_ids).items()
    }
    families = members_of(view, {piece["family_id"] for piece in pieces.values()})
    told = {id_ for members in families.values() for one in members for id_ in one.evidence}
    found = {
        id_: Person.model_validate_json(body)
        for id_, (_, body) in states.load(view, GUARDED, keys=told).items()
    }
    known: defaultdict[str, list[Around]] = defaultdict(list)
    for referral_id, piece in pieces.items():
        for member in families[piece["family_id"]]:
            who = CHILD if member.person_id == piece["person_id"] else SIBLING
            for id_ in member.evidence:
                if id_ in found:
                    known[referral_id].append(Around(who=who, person=found[id_]))
    return dict(known)
