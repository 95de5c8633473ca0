"""What letters to an agency would say now, after the last look that every letter has (L7)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pydantic_core import from_json

from ops.access.acting import Asker
from ops.access.recording import accessed
from ops.run.wiring import Hub
from router.keeping_back import looked_through
from router.steps.now import Now
from schemas.access import Act, Purpose, Resource
from schemas.letter import Letter
from stores import codec
from stores.database import View
from stores.ports import Leased


def now_at(hub: Hub) -> Now:
    """This moment, and the policy in force."""
    return Now(codec.from_micros(hub.database.clock()), hub.policy.value)


def looked_at(
    view: View, letters: Mapping[str, Letter], *, agency: str, now: Now
) -> dict[str, dict[str, Any] | None]:
    """The data of each letter, by its id, with less in it where a human said so; None for one that
    is kept back until a human has looked.
    """
    told = [
        Leased(
            id_,
            letter.agency,
            letter.notice.type,
            body=codec.letter_body(letter, id_=id_, time=now.at),
            attempts=1,
        )
        for id_, letter in letters.items()
    ]
    goes = looked_through(view, agency, leased=told, policy=now.policy).goes
    shown = {one.id: from_json(one.body)["data"] for one in goes}
    return {id_: shown.get(id_) for id_ in letters}


def opened(hub: Hub, asker: Asker, *, wanted: str, referral_id: str, why: str) -> None:
    """Record that somebody read what is for their agency; raises ``Denied``."""
    reading = replace(asker, why=why, purpose=Purpose.SAFEGUARDING)
    with hub.database.transaction() as transaction:
        refused = accessed(
            hub,
            transaction,
            asker=reading,
            act=Act.LOOK,
            resource=Resource.LETTER,
            wanted=wanted,
            about=referral_id,
            owner=asker.agency,
        )
    if refused is not None:
        raise refused
