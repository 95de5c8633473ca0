"""Each person of ``daily-work.md`` lives a day of it, and reads every word that they get."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.proofs.place import Servers, embedded_place, production_place
from tests.support import family_days as story
from tests.support.days import Data, at_work, read
from tests.support.family_days import Days


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Days]:
    """One process and SQLite."""
    path = tmp_path_factory.mktemp("embedded") / "hub"
    with (
        embedded_place(path) as place,
        at_work(place, story.PEOPLE, profile=story.AGREED) as borough,
    ):
        yield story.live(borough)


@pytest.fixture(scope="module")
def production(
    kafka_url: str, rabbitmq_url: str, postgres_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Days]:
    """``hub run`` on Kafka, RabbitMQ and PostgreSQL, with one worker of all steps."""
    path = tmp_path_factory.mktemp("production") / "hub"
    servers = Servers(kafka_url, rabbitmq_url, postgres_url)
    with (
        production_place(path, servers, partitions=1) as place,
        at_work(place, story.PEOPLE, profile=story.AGREED) as borough,
    ):
        yield story.live(borough)


@pytest.fixture(params=["embedded", "production"])
def days(request: pytest.FixtureRequest) -> Days:
    """What came of it on each runtime, one after the other."""
    found: Days = request.getfixturevalue(request.param)
    return found


def some(found: Any, wanted: Any) -> Any:
    """Of what was found as much as is wanted: fields that are added later are no difference."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        return {name: some(found[name], part) for name, part in wanted.items() if name in found}
    if isinstance(wanted, list) and isinstance(found, list) and len(found) == len(wanted):
        return [some(one, other) for one, other in zip(found, wanted, strict=True)]
    return found


def name(given: str, family: str, **more: Any) -> Data:
    return {"family_name": [family], "given_name": [given], "use": "usual", **more}


def born(day: str) -> Data:
    return {"date": day, "accuracy_indicator": "AAA"}


RING_THE_HUB = "MASH manager, 01632 960102"
PROTECTED = {"field": "address", "reason": "It is protected."}
KIRA = {
    "names": [name("Kira", "Varley", preferred_name="Kiki")],
    "born": born("2017-05-09"),
    "sex": "female",
    "identifiers": [{"value": "9994018272", "system": story.NHS}],
}
WHERE_SHE_IS = {
    "telephone": ["01632 960771"],
    "school": {"name": "Harcourt Primary School", "urn": "123456"},
}
OWEN = {
    "names": [name("Owen", "Pritchard")],
    "born": born("2019-02-11"),
    "sex": "male",
    "identifiers": [{"value": "9996230414", "system": story.NHS}],
}
OWENS_HOME = {"line1": "9 Mill Bank", "city": "Exampleton", "postcode": "BD53 2HT", "use": "home"}
HIS_SCHOOL = {"name": "Harcourt Primary School", "urn": "123456"}


KEPT = "Kept as it came for people to read; not used to find the child or to rate."


# --- the referrer


def test_the_referrer_is_told_at_once_that_it_is_taken_and_what_was_set_aside(days: Days) -> None:
    """The school wrote a postcode 'or near' and a number with a wrong digit; the helpline no
    time. Nothing of it is a reason to refuse a concern.
    """
    assert read(days.receipts["kira"]) == {
        "status": "accepted",
        "id": "…",
        "message_id": "school-3",
        "source": "urn:simulated:school",
        "place": "[0]",
        "reference": "HP-2026-31",
        "warnings": [
            {
                "field": "data.subject.address[1].postcode",
                "reason": "invalid.postcode",
                "explanation": "The field is not a postcode.",
                "done": KEPT,
                "cure": "Write the postcode alone, such as AB1 2CD; other words belong to the "
                "address lines. Expected: AB1 2CD.",
            },
            {
                "field": "data.subject.identifier[1].value",
                "reason": "invalid.check-digit",
                "explanation": "The number fails its own check, so a digit is wrong.",
                "done": KEPT,
                "cure": "Compare it with the record that it was copied from. Expected: ten digits.",
            },
        ],
    }
    (warning,) = read(days.receipts["owen"])["warnings"]
    assert warning == {
        "field": "data.observed_at",
        "reason": "invalid.time",
        "explanation": "The field is not a moment with its offset from UTC.",
        "done": "The time at which it arrived is used instead.",
        "cure": "Write moments as ….",
    }


@pytest.mark.xfail(
    strict=True, reason="a receipt does not say yet what happens next, nor whom to ring in danger"
)
def test_the_referrer_is_told_what_happens_next_and_to_ring_999_where_the_child_is_in_danger(
    days: Days,
) -> None:
    assert "999" in json.dumps(days.receipts["kira"])


def test_the_referrer_is_told_what_came_of_it_in_the_words_that_were_allowed(days: Days) -> None:
    (to_school,) = days.borough["school"].letters("referral-outcome")
    assert read(to_school) == {
        "referral_id": "…",
        "case_id": "…",
        "reference": "HP-2026-31",
        "may_be_told": "The duty team sees Kira today. Please tell nobody where she is.",
        "decided_at": "…",
        "contact": RING_THE_HUB,
        "about": {
            **KIRA,
            **WHERE_SHE_IS,
            "your_reference": "HP-2026-31",
            "left_out": [PROTECTED],
            "ring": RING_THE_HUB,
        },
    }
    (to_helpline,) = days.borough["helpline"].letters("referral-outcome")
    assert read(to_helpline) == {
        "referral_id": "…",
        "case_id": "…",
        "reference": "HL-88",
        "may_be_told": "Early help will ring Owen's dad this week.",
        "decided_at": "…",
        "contact": RING_THE_HUB,
        "about": {
            **OWEN,
            "address": [OWENS_HOME],
            "school": HIS_SCHOOL,
            "your_reference": "HL-88",
        },
    }


def test_the_referrer_of_an_adult_is_told_that_it_is_an_adult_matter(days: Days) -> None:
    assert read(days.borough["ambulance"].letters("adult-matter")) == [
        {"referral_id": "…", "case_id": "…", "reference": "AMB-502", "contact": RING_THE_HUB}
    ]
