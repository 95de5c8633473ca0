"""Who acts on dead letters, and why: as with the commands, and recorded as they are."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

from ops.access.acting import Asker
from ops.access.noting import UNKNOWN
from ops.access.recording import permit_on_record
from ops.console.opening import DO, WHY
from ops.console.screen import Visit
from ops.mend.bulk import Verb
from ops.mend.dead_letters import Person
from schemas.access import Act, Purpose, Resource


def asker(visit: Visit) -> Asker:
    """Who is there, to mend, for the reason that they wrote."""
    return replace(visit.asker, why=visit.form.one(WHY), purpose=Purpose.MENDING)


def acts(visit: Visit) -> bool:
    """Whether anything here is for them to do."""
    return visit.could(Act.MEND, Resource.DEAD_LETTER)


def verb_of(visit: Visit) -> Verb | None:
    """What they want done with letters."""
    return next((one for one in get_args(Verb) if one == visit.form.one(DO)), None)


def permitted(visit: Visit, wanted: str | None = None) -> Person:
    """Whoever acts has to be let by the access rules; a denial is recorded. Raises ``Denied`` or
    ``NotRecent``.
    """
    access = permit_on_record(
        visit.hub,
        asker(visit),
        act=Act.MEND,
        resource=Resource.DEAD_LETTER,
        wanted=wanted or UNKNOWN,
    )
    return Person(visit.who, visit.form.one(WHY), access.proven)
