"""A human says of two adults whom a picture shows together whether they are one (R13)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ops.demo.simulation.answers import event
from ops.look import trail
from ops.look.replay import Wanted, replay
from ops.run.wiring import Hub
from schemas.decisions import AdultsDecided, AdultsDecision
from schemas.policy import Policy
from tests.support.filled import empty_hub, send
from tests.support.given import on_picture, registering
from tests.support.linking import AREA, in_replay, refused
from tests.unit.ops.test_pictures import (
    KIM,
    LEAD,
    PERPETRATOR,
    facts,
    letters,
    refusals,
    robin_with,
    told,
)

UNDATED = {key: value for key, value in PERPETRATOR.items() if key != "date_of_birth"}


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    _, opened = empty_hub(tmp_path / "hub")
    yield opened
    opened.database.close()


def pictured(hub: Hub, reference: str, **changes: Any) -> dict[str, Any]:
    """The letter with the picture of a further concern about Robin."""
    told(hub, "school", reference, narrative=f"Robin is sad, as {reference} says.", **changes)
    every = letters(hub, LEAD, "mash.rating-request.v1")
    told_of = {one["picture"]["content"]["concern"]["reference"]: one for one in every}
    return told_of[reference]


def corin(letter: dict[str, Any]) -> dict[str, Any]:
    adults = letter["picture"]["content"]["adults"]
    found: dict[str, Any] = {one["name"]["given_name"][0]: one for one in adults}["Corin"]
    return found


def shown(letter: dict[str, Any]) -> tuple[list[str], list[str]]:
    """Beside which children the picture shows him, surely and perhaps."""
    adult = corin(letter)
    return tuple(  # type: ignore[return-value]
        [one["name"]["given_name"][0] for one in adult.get(where, [])]
        for where in ("also_in", "may_be_in")
    )


def decide(
    hub: Hub, letter: dict[str, Any], *, same: bool, id_: str = "", by: str = LEAD, **changes: Any
) -> str:
    """A decision about him and whom the letter's picture shows elsewhere; the id of its receipt."""
    adult, picture = corin(letter), letter["picture"]
    (place,) = [*adult.get("also_in", []), *adult.get("may_be_in", [])][:1] or [{}]
    said = {
        "referral_id": letter["referral_id"],
        "adult_id": adult.get("named_id"),
        "other_adult_id": place.get("named_id"),
        "same": same,
        "decided_by": "S. Worker",
        "rationale": "I rang probation",
        "saw": [{"id": picture["id"], "digest": picture["digest"]}],
    }
    return command(hub, "adults", said | changes, id_=id_, by=by)


def command(hub: Hub, kind: str, said: dict[str, Any], *, id_: str = "", by: str = LEAD) -> str:
    named = id_ or f"{kind}-{len(facts(hub))}"
    (receipt,) = send(hub, by, [event(named, f"mash.{kind}-decision.v1", agency=by, data=said)])
    hub.embedded().drain()
    return receipt.id


def undo(hub: Hub, decision_id: str) -> str:
    said = {"decision_id": decision_id, "decided_by": "S. Worker", "rationale": "I was wrong"}
    return command(hub, "undo", said)


def replays(hub: Hub) -> None:
    for processes in (1, 2):
        report = replay(hub, Wanted(), processes=processes)
        assert report.well
        assert report.facts == len(facts(hub))


@pytest.fixture
def perhaps(hub: Hub) -> dict[str, Any]:
    """Robin's picture, in which Corin may be Kim's father: nothing but the name says so."""
    told(hub, "gp", "G-1", subject=KIM, narrative="Kim is afraid of his father.")
    letter = pictured(hub, "S-1", subject=robin_with(UNDATED))
    assert shown(letter) == ([], ["Kim"])
    return letter


def test_who_may_be_the_same_adult_is_once_a_human_says_so(
    hub: Hub, perhaps: dict[str, Any]
) -> None:
    decide(hub, perhaps, same=True)
    assert refusals(hub) == []
    later = pictured(hub, "S-2", subject=robin_with(UNDATED))
    assert shown(later) == (["Kim"], [])
    (place,) = corin(later)["also_in"]
    assert place["reasons"] == ["a human found that they are one adult"]
    assert place["model"] == "human"
    told(hub, "gp", "G-2", subject=KIM, narrative="Kim does not want to go home.")
    (kims,) = letters(hub, LEAD, "mash.rating-request.v1")
    assert shown(kims) == (["Robin"], []), "whoever looks from the other family"
    assert corin(kims)["adult_id"] == corin(later)["adult_id"]
    (settled,) = facts(hub, "mash.case.adults-settled.v1")
    assert (settled.same, settled.decided_by) == (True, "S. Worker")  # type: ignore[attr-defined]
    replays(hub)


def test_who_is_verified_to_be_another_is_shown_in_neither(
    hub: Hub, perhaps: dict[str, Any]
) -> None:
    decide(hub, perhaps, same=False)
    assert shown(pictured(hub, "S-2", subject=robin_with(UNDATED))) == ([], [])
    told(hub, "gp", "G-2", subject=KIM, narrative="Kim does not want to go home.")
    (kims,) = letters(hub, LEAD, "mash.rating-request.v1")
    assert shown(kims) == ([], [])
    replays(hub)


def test_a_human_parts_adults_whom_the_hub_is_sure_of(hub: Hub) -> None:
    """Of one name and birthday, and yet two."""
    told(hub, "gp", "G-1", subject=KIM, narrative="Kim is afraid of his father.")
    letter = pictured(hub, "S-1", subject=robin_with(PERPETRATOR))
    assert shown(letter) == (["Kim"], [])
    decide(hub, letter, same=False)
    later = pictured(hub, "S-2", subject=robin_with(PERPETRATOR))
    assert shown(later) == ([], [])


def test_a_decision_about_adults_is_taken_back_like_any_about_links(
    hub: Hub, perhaps: dict[str, Any]
) -> None:
    first = decide(hub, perhaps, same=True)
    second = decide(hub, perhaps, same=False)
    undo(hub, first)
    assert refusals(hub)[-1] == ("refused.overtaken", "decision_id")
    undo(hub, second)
    assert shown(pictured(hub, "S-2", subject=robin_with(UNDATED))) == (["Kim"], [])
    undo(hub, first)
    assert shown(pictured(hub, "S-3", subject=robin_with(UNDATED))) == ([], ["Kim"])
    undo(hub, first)
    assert refusals(hub)[-1] == ("refused.closed", "decision_id")
    undone: list[Any] = facts(hub, "mash.case.decision-undone.v1")
    assert [one.undone_decision_id for one in undone] == [second, first]
    replays(hub)


def test_the_same_word_twice_changes_nothing(hub: Hub, perhaps: dict[str, Any]) -> None:
    decide(hub, perhaps, same=True)
    decide(hub, perhaps, same=True)
    assert len(facts(hub, "mash.case.adults-settled.v1")) == 1
    assert refusals(hub) == []


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"saw": []}, ("refused.not-shown", "saw")),
        ({"other_adult_id": "somebody"}, ("refused.not-shown", "other_adult_id")),
        ({"adult_id": "somebody"}, ("refused.not-shown", "other_adult_id")),
        ({"referral_id": "unknown"}, ("refused.unknown-subject", "referral_id")),
    ],
)
def test_what_the_hub_has_not_shown_is_refused(
    hub: Hub, perhaps: dict[str, Any], changes: dict[str, Any], refusal: tuple[str, str]
) -> None:
    decide(hub, perhaps, same=True, **changes)
    assert refusals(hub) == [refusal]
    assert shown(pictured(hub, "S-2", subject=robin_with(UNDATED))) == ([], ["Kim"])


def test_an_older_picture_that_did_not_show_the_two_is_not_enough(hub: Hub) -> None:
    alone = pictured(hub, "S-1", subject=robin_with(UNDATED))
    told(hub, "gp", "G-1", subject=KIM, narrative="Kim is afraid of his father.")
    letters(hub, LEAD, "mash.rating-request.v1")
    later = pictured(hub, "S-2", subject=robin_with(UNDATED))
    saw = [{"id": alone["picture"]["id"], "digest": alone["picture"]["digest"]}]
    decide(hub, later, same=True, referral_id=alone["referral_id"], saw=saw)
    assert refusals(hub) == [("refused.not-shown", "other_adult_id")]


def test_others_than_the_lead_agency_decide_nothing_about_adults(
    hub: Hub, perhaps: dict[str, Any]
) -> None:
    adult, picture = corin(perhaps), perhaps["picture"]
    said = {
        "referral_id": perhaps["referral_id"],
        "adult_id": adult["named_id"],
        "other_adult_id": adult["may_be_in"][0]["named_id"],
        "same": True,
        "decided_by": "S. Worker",
        "rationale": "As we know him",
        "saw": [{"id": picture["id"], "digest": picture["digest"]}],
    }
    made = event("police-1", "mash.adults-decision.v1", agency="police", data=said)
    (receipt,) = send(hub, "police", [made])
    assert receipt.reason == "refused.role"


def test_the_trail_of_the_referral_tells_who_decided_about_which_adults(
    hub: Hub, perhaps: dict[str, Any]
) -> None:
    decide(hub, perhaps, same=True)
    told_of = {one.type: one.shown for one in trail.of(hub, perhaps["referral_id"])}
    settled = told_of["mash.case.adults-settled.v1"]
    assert settled["same"] is True
    assert settled["adult_id"] == corin(perhaps)["named_id"]
    assert "probation" not in json.dumps(settled, default=str)


def test_a_third_family_follows_from_who_is_the_same(hub: Hub, perhaps: dict[str, Any]) -> None:
    """Corin of Kim's is surely Corin of Lou's; and so is Robin's, once he is Kim's."""
    lou = KIM | {
        "name": [{"given_name": ["Lou"], "family_name": ["Different"]}],
        "date_of_birth": {"date": "2014-09-09"},
        "address": [{"line1": "4 Third Court", "city": "Sampleton", "postcode": "ZZ9 7XX"}],
    }
    told(hub, "gp", "G-3", subject=lou, narrative="Lou has a burn.")
    letters(hub, LEAD, "mash.rating-request.v1")
    decide(hub, perhaps, same=True)
    later = pictured(hub, "S-2", subject=robin_with(UNDATED))
    assert (sorted(shown(later)[0]), shown(later)[1]) == (["Kim", "Lou"], [])
    decide(hub, perhaps, same=False)
    parted = pictured(hub, "S-3", subject=robin_with(UNDATED))
    assert "Kim" not in (*shown(parted)[0], *shown(parted)[1])


@pytest.mark.parametrize(
    ("policy", "refusal"),
    [
        (registering("S. Worker"), None),
        (registering("A. Nother"), ("refused.decision-maker", "decided_by")),
    ],
)
def test_registered_social_workers_alone_decide_about_adults(
    policy: Policy, refusal: tuple[str, str] | None
) -> None:
    linking = in_replay()
    linking.referral("r1")
    decision = AdultsDecision(
        referral_id="r1",
        adult_id="a1",
        other_adult_id="a2",
        same=True,
        decided_by="S. Worker",
        rationale="I rang probation",
    )
    decided = on_picture(AdultsDecided(agency=LEAD, area=AREA, decision=decision, pictured=True))
    linking.policy = policy.model_copy(update={"linkage_model": "default"})
    assert refused(linking.decide(decided, "d-1")) == refusal
