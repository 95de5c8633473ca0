"""A recipient that cannot know whom a letter is about is a defect: each names the child, or says
whom to ring where too little may be told.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ops.demo.simulation.stream import batches, sample_lines
from ops.look.export import NOTICES
from ops.run.wiring import Hub
from schemas.enquiries import EnquiryReply
from schemas.identity import IdentityBlock
from schemas.notices import ContentRevealed, LookReviewed, MessageMended
from schemas.notification import Receipt
from schemas.picture import Picture
from tests.support.filled import answer_letters, empty_hub, send

SAYS = ("about", "children", "picture", "child", "enquiry")
"""The fields of which a letter has one, to say whom it is about."""
OWN = {ContentRevealed.type, LookReviewed.type, MessageMended.type}
"""What names concerns by their sender's own references: it tells no more of them than that."""
RINGS = {EnquiryReply.type}
"""What says no more than whom to ring: who asks whether a child is known knows whom it is about."""


def letters(hub: Hub) -> Iterator[dict[str, Any]]:
    """Every letter that the sample's agencies get, once; everybody answers."""
    for _ in range(20):
        had = 0
        for agency in hub.settings.agencies:
            leased = hub.queues.lease(agency, limit=500, seconds=0.0)
            had += len(leased)
            yield from (json.loads(one.body) for one in leased)
        answer_letters(hub)
        hub.embedded().drain()
        if not had:
            return


def says_who(data: Mapping[str, Any]) -> bool:
    """Whether somebody who knows the child can know from this which one it is."""
    if "content" in (data.get("picture") or {}) and "child" in data["picture"]["content"]:
        child = Picture.model_validate(data["picture"]["content"]).child
        return bool(child.names or child.identifiers or child.births)
    if data.get("child"):
        return bool(data["child"]["name"] or data["child"]["identifier"])
    blocks = (
        [data["about"]] if data.get("about") else [c["about"] for c in data.get("children", ())]
    )
    told = [IdentityBlock.model_validate(one) for one in blocks]
    return bool(told) and all(one.tells_apart or one.ring for one in told)


def test_every_kind_of_letter_has_where_to_say_whom_it_is_about() -> None:
    silent = {one.type for one in NOTICES if set(one.model_fields).isdisjoint(SAYS)}
    assert silent == {Receipt.type, *RINGS, *OWN}


def test_every_letter_of_a_stream_says_whom_it_is_about(tmp_path: Path) -> None:
    hub = empty_hub(tmp_path / "hub")[1]
    for agency, events in batches(sample_lines(150), 50):
        send(hub, agency, events)
    hub.embedded().drain()
    seen: dict[str, int] = {}
    silent: dict[str, int] = {}
    for letter in letters(hub):
        if letter["type"] != Receipt.type:
            seen[letter["type"]] = seen.get(letter["type"], 0) + 1
            if not says_who(letter["data"]):
                silent[letter["type"]] = silent.get(letter["type"], 0) + 1
    assert silent == {}
    assert len(seen) > 5
