"""What was told beside the account, such as who reported it: seen at the desk, never sent on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ops.look.picture_words import in_words
from ops.run.wiring import Hub
from schemas.picture import Picture
from tests.support.console import Person, app_of
from tests.support.desks import KIM, LEAD, Data, Desks
from tests.support.filled import empty_hub

REPORTER = "Reported by: Pat Quill, 01632 960777"
KEPT = {"may_leave": False, "signpost": False, "reason": "Told to nobody outside the hub."}
HIDDEN = {"may_be_revealed": False, **KEPT}


@pytest.fixture
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    _, made = empty_hub(tmp_path_factory.mktemp("beside") / "hub")
    yield made
    made.database.close()


def told(desks: Desks, agency: str, *parts: dict[str, Any]) -> Data:
    """A concern with these parts; the request to rate it."""
    said = {"reference": "R-1", "observed_at": "2026-11-03T19:40:00Z", "subject": KIM}
    desks.tells(agency, "notification", **said, narrative="Kim was alone.", parts=list(parts))
    (request,) = desks.letters(LEAD, "rating-request")
    return request


def at_the_desk(hub: Hub, request: Data) -> str:
    """What a screening social worker sees of it."""
    person = Person(app_of(hub))
    person.enters(hub, "S. Worker")
    return person.get(f"/desk/front-door/{request['referral_id']}").text


def test_who_reported_it_is_seen_by_whoever_rates_and_by_nobody_else(hub: Hub) -> None:
    desks = Desks(hub)
    request = told(desks, LEAD, {"text": REPORTER, "sensitivity": "restricted", **KEPT})
    assert REPORTER in at_the_desk(hub, request)
    picture = Picture.model_validate(request["picture"]["content"])
    assert f"  Told beside it (restricted): {REPORTER}" in in_words(picture, {})
    desks.rates(request, "amber")
    others = [one for one in hub.settings.agencies if one != LEAD]
    leased = [one for agency in others for one in hub.queues.lease(agency, limit=500, seconds=0)]
    assert leased, "others were asked"
    assert not any(b"Quill" in bytes(one.body) for one in leased)


def test_anothers_restricted_words_are_not_read_at_the_desk_but_known_to_be_there(
    hub: Hub,
) -> None:
    request = told(Desks(hub), "police", {"text": REPORTER, "sensitivity": "restricted", **KEPT})
    page = at_the_desk(hub, request)
    assert "Pat Quill" not in page
    assert "Not shown to you, by the word of its owner" in page


def test_what_its_agency_does_not_reveal_leaves_no_trace(hub: Hub) -> None:
    request = told(Desks(hub), "police", {"text": REPORTER, "sensitivity": "sensitive", **HIDDEN})
    assert "parts" not in request["picture"]["content"]["concern"]
    assert "Told beside it" not in at_the_desk(hub, request)
