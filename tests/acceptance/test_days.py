"""Each person of ``daily-work.md`` lives a day of it, and reads every word that they get."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

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
HER_FAMILY = [
    {
        "name": name("Leanne", "Varley"),
        "relationship": "mother",
        "date_of_birth": born("1988-01-21"),
        "identifier": [],
    },
    {"name": name("Scott", "Brannigan"), "relationship": "stepfather", "identifier": []},
    {
        "name": name("Danny", "Varley"),
        "relationship": "brother",
        "date_of_birth": born("2014-08-02"),
        "identifier": [],
    },
]
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

NEXT = (
    "A social worker reads it and decides what the child needs. By {by} you are told what was "
    "decided."
)
IN_DANGER = (
    "If a child is in danger now, ring 999. Do not wait for the hub, and do not only write to it."
)
DISAGREE = (
    "Whoever disagrees with this rings the number in this letter, asks for the duty manager and "
    "says why: it is written down as their own view, and looked at."
)


PASS_ON = (
    "These words are for the member of the public who told you: pass on these and nothing else, "
    "and only where it is safe to reach them."
)


def by_when(receipt: Data) -> str:
    """By when they hear, as people write it."""
    at = dt.datetime.fromisoformat(receipt["hears_by"]).astimezone(ZoneInfo("Europe/London"))
    return f"{at:%A %-d %B %Y, %H:%M}"


def test_the_referrer_is_told_at_once_that_it_is_taken_and_what_was_set_aside(days: Days) -> None:
    """The school wrote a postcode 'or near' and a number with a wrong digit; the helpline no
    time. Nothing of it is a reason to refuse a concern.
    """
    assert read(days.receipts["kira"]) == {
        "status": "accepted",
        "id": "…",
        "message_id": "school-4",
        "source": "urn:simulated:school",
        "place": "[0]",
        "reference": "HP-2026-31",
        "explanation": "It is taken, and a person reads it. 2 parts of it could not be used as "
        "they came: they are kept for people to read, and `warnings` says which.",
        "next": NEXT.format(by=by_when(days.receipts["kira"])),
        "danger": IN_DANGER,
        "hears_by": "…",
        "warnings": [
            {
                "field": "data.subject.address[1].postcode",
                "reason": "invalid.postcode",
                "explanation": "The field is not a postcode.",
                "done": KEPT,
                "cure": "Write a real postcode alone, such as BD54 5UN; other words belong to the "
                "address lines. If it is right as far as you know, send it anyway: a human sees "
                "it.",
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
        "explanation": "The field is not a moment of the agreed form.",
        "done": "The time at which it arrived is used instead.",
        "cure": "Write moments as was agreed, … where nothing else was.",
    }


def test_the_referrer_is_told_what_happens_next_and_to_ring_999_where_the_child_is_in_danger(
    days: Days,
) -> None:
    assert "999" in json.dumps(days.receipts["kira"])


def test_the_referrer_is_told_that_it_was_decided_and_how_to_disagree(days: Days) -> None:
    """The social worker wrote no words for the school: it has the profile's."""
    (told,) = days.borough["school"].letters("referral-decision", reference="HP-2026-31")
    assert read(told, without=["about"]) == {
        "referral_id": "…",
        "case_id": "…",
        "reference": "HP-2026-31",
        "may_be_told": "A social worker has read your concern and has decided what happens next. "
        "You are told again when there is an outcome. Go on as your own procedures say, and tell "
        "the hub at once of anything new.",
        "decided_at": "…",
        "contact": RING_THE_HUB,
        "disagree": DISAGREE,
    }


def test_a_father_who_rang_the_helpline_hears_by_it_in_the_words_that_are_for_him(
    days: Days,
) -> None:
    assert read(days.receipts["owen"])["next"] == (
        "A social worker reads it and decides what the child needs. "
        f"By {by_when(days.receipts['owen'])} you are told what was decided, as far as whoever "
        "told you may know it."
    )
    (told,) = days.borough["helpline"].letters("referral-decision")
    assert read(told, without=["about"]) == {
        "referral_id": "…",
        "case_id": "…",
        "reference": "HL-88",
        "made_by": "public",
        "explanation": PASS_ON,
        "may_be_told": story.TO_HIS_DAD,
        "decided_at": "…",
        "contact": RING_THE_HUB,
        "disagree": DISAGREE,
    }


def test_the_school_is_told_that_the_childs_own_team_has_its_earlier_concern(days: Days) -> None:
    (told,) = days.borough["school"].letters("referral-decision", reference="HP-2026-30")
    assert read(told)["may_be_told"] == (
        "The child has a social worker already: the child's own team was given your concern at "
        "once, and decides what happens next. Tell the hub at once of anything new."
    )


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
        "made_by": "public",
        "explanation": PASS_ON,
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
        {
            "referral_id": "…",
            "case_id": "…",
            "reference": "AMB-502",
            "explanation": "The person was 18 or older when it was observed, so this is an adult "
            "matter, and the hub asks nobody about it.",
            "contact": RING_THE_HUB,
            "about": {
                "names": [name("Ruth", "Ashby")],
                "born": born("1981-03-03"),
                "your_reference": "AMB-502",
            },
        }
    ]


# --- the screening social worker

REASONS = [
    "The child is said to have been hit or hurt.",
    "Somebody is said to have been hit with a thing.",
]
LEAD = "childrens_social_care"
SCHOOL_DESK = "Designated safeguarding lead, 01632 960103"
TOLD_BY_SCHOOL = {"told_by": "school", "on": "2026-11-19"}
LANE = {"line1": "40 Quarry Lane", "city": "Exampleton", "use": "former"}
REFUGE = {
    "protected": True,
    "protected_reason": "A refuge",
    "line1": "Flat 3",
    "line2": "18 Orchard Rise",
    "city": "Exampleton",
    "postcode": "BD53 7BD",
    "use": "home",
}
ECAF = {"system": "ecaf", "agency": "early_help", "state": "answered", "known": False}


def first_picture(days: Days) -> Data:
    """The picture on which the social worker first rated Kira."""
    asked = days.borough[LEAD].awaits("rating-request", referral_id=days.referral("kira"))
    content: Data = read(asked["picture"]["content"])
    return content


def last_news(days: Days) -> Data:
    """The last that the social worker was told of Kira before rating her Red."""
    news: Data = read(days.borough[LEAD].letters("what-is-new", referral_id=days.referral("kira")))[
        -1
    ]
    return news


def test_nothing_about_a_child_leaves_before_a_social_worker_has_rated(days: Days) -> None:
    """A belt and a possible Red: and yet nobody but the desk itself has heard of Kira."""
    before = {agency: types for agency, types in days.before_anybody_rated.items() if types}
    assert before == {LEAD: ["mash.rating-request.v1", "mash.what-is-new.v1"]}


def test_the_social_worker_is_asked_to_rate_with_the_suggestion_marked_as_one(days: Days) -> None:
    asked = days.borough[LEAD].awaits("rating-request", referral_id=days.referral("kira"))
    plan = {
        "summary": " ".join(REASONS),
        "consent": "not_sought",
        "colour": "red",
        "level": "full",
        "legal_basis": "Children Act 1989, section 47",
        "agencies": ["police", "gp", "childrens_social_care"],
        "not_asked": [
            {
                "agency": "school",
                "reason": "It notified the hub of this concern itself.",
                "code": "notified_itself",
            },
            {
                "agency": "health_visiting",
                "reason": "It can hold nothing about a child of this age.",
                "code": "holds_nothing",
                "may_overrule": True,
            },
        ],
    }
    wanted = {
        "referral_id": "…",
        "case_id": "…",
        "suggested": "red",
        "reasons": REASONS,
        "profile": "Sample Borough 2026.2",
        "due_at": "…",
        "possible_red": True,
        "possible_red_due_at": "…",
        "plan": plan,
    }
    assert some(read(asked), wanted) == wanted
    assert first_picture(days)["suggestion"] == {
        "colour": "red",
        "reasons": REASONS,
        "profile": "Sample Borough 2026.2",
    }


def test_the_social_worker_sees_the_child_with_who_told_what_and_what_is_protected(
    days: Days,
) -> None:
    wanted = {
        "names": [
            {**TOLD_BY_SCHOOL, "name": name("Kira", "Varley", preferred_name="Kiki")},
        ],
        "births": [{**TOLD_BY_SCHOOL, "date_of_birth": born("2017-05-09")}],
        "sex_codes": ["female"],
        "identifiers": [
            {**TOLD_BY_SCHOOL, "identifier": {"value": "9994018272", "system": story.NHS}},
        ],
        "addresses": [
            {**TOLD_BY_SCHOOL, "since": "2026-11-19", "address": LANE},
            {**TOLD_BY_SCHOOL, "since": "2026-11-19", "address": REFUGE},
        ],
        "contacts": [
            {
                **TOLD_BY_SCHOOL,
                "contact": {
                    "name": "Leanne Varley",
                    "email": [],
                    "telephone": ["01632 960771"],
                },
            },
        ],
        "outcome": "new",
        "reasons": [
            "same family name (very strong)",
            "against: another date of birth (very strong)",
            "against: another NHS number (strong)",
            "against: another sex (strong)",
            "against: another first name (moderate)",
        ],
    }
    child = first_picture(days)["child"]
    assert some(child, wanted) == wanted


def test_the_social_worker_reads_the_concern_as_the_school_wrote_it_and_whom_to_ring(
    days: Days,
) -> None:
    concern = first_picture(days)["concern"]
    aside = {one["field"]: one["value"] for one in concern.pop("set_aside")}
    assert (
        some(
            concern,
            wanted := {
                "agency": "school",
                "call": SCHOOL_DESK,
                "reference": "HP-2026-31",
                "observed_at": "…",
                "received_at": "…",
                "narrative": story.BELT,
                "concern": ["physical-abuse"],
                "parents_informed": {
                    "informed": False,
                    "consent": "not_sought",
                    "reason": "It could put the mother at more risk",
                },
            },
        )
        == wanted
    )
    assert aside["data.subject.address[1].postcode"] == "BD53 4QL or near"
    assert aside["data.subject.identifier[1].value"] == "9991112223"


def test_the_social_worker_sees_the_family_and_what_came_before_below_threshold_too(
    days: Days,
) -> None:
    """September was closed without further action, about the brother: it counts for the family."""
    picture = first_picture(days)
    wanted = {
        "children": [
            {
                "name": name("Danny", "Varley"),
                "date_of_birth": born("2014-08-02"),
                "sex_code": "male",
                "referrals": 1,
            },
        ],
        "adults": [
            {
                "name": name("Leanne", "Varley"),
                "relationship": "mother",
                "date_of_birth": born("1988-01-21"),
            },
            {"name": name("Scott", "Brannigan"), "relationship": "stepfather"},
        ],
        "history": [
            {
                "referral_id": "…",
                "on": "2026-09-14",
                "agency": "police",
                "narrative": story.SHOUTING,
                "colour": "blue",
                "outcome": "no_further_action",
                "handed_over": False,
            },
        ],
        "repeats": {"of_child": 1, "of_family": 2},
    }
    assert some(picture, wanted) == wanted


def test_the_social_worker_sees_which_systems_know_the_child_and_which_have_not_answered(
    days: Days,
) -> None:
    ics = {"system": "ics", "agency": LEAD, "state": "awaited"}
    before = first_picture(days)["checked"]
    assert some(before, [ECAF, ics]) == [ECAF, ics]
    known = {
        **ics,
        "state": "answered",
        "known": True,
        "involvement": "closed case",
        "since": "2024-02-01",
        "until": "2024-09-30",
        "contact": "Records, 01632 960120",
    }
    after = last_news(days)["picture"]["content"]["checked"]
    assert some(after, [ECAF, known]) == [ECAF, known]


def test_the_social_worker_cannot_rate_blind(days: Days) -> None:
    receipt = days.borough[LEAD].awaits("receipt", follows=days.receipts["blind"]["id"])
    assert read(receipt) == {
        "status": "rejected",
        "id": "…",
        "follows": "…",
        "reason": "refused.not-shown",
        "field": "saw",
        "explanation": "The decision names no picture of this referral that the hub gave to your "
        "agency.",
        "cure": "Fetch the request again, decide on the picture in it, and name its id and digest "
        "in saw.",
    }


def test_the_social_worker_is_told_what_is_new_as_it_comes(days: Days) -> None:
    letters = days.borough[LEAD].letters("what-is-new", referral_id=days.referral("kira"))
    assert [(one["news"], one["rated"], one["colour"]) for one in letters] == [
        (["The system ics of Sample Children's Social Care knows the child."], False, "red"),
        (["Sample Health Visiting told something that nobody had asked."], True, "amber"),
        (["Sample Police answered."], True, "amber"),
        (["Sample General Practices answered."], True, "amber"),
    ]
    picture = letters[-1]["picture"]["content"]
    answered = {one["agency"]: [item["text"] for item in one["items"]] for one in picture["asked"]}
    assert answered == {
        "police": [story.BOUND_OVER, story.ENQUIRY],
        "gp": [story.BRUISE],
        "housing": [],
    }
    assert [one["text"] for one in picture["volunteered"]] == [story.ASKED_WHERE]
    assert {one["agency"]: one["state"] for one in picture["asked"]} == {
        "police": "answered",
        "gp": "answered",
        "housing": "cancelled",
    }


def test_what_the_police_do_not_reveal_leaves_no_trace_with_anybody(days: Days) -> None:
    for desk in days.borough.desks.values():
        said = json.dumps([one["data"] for one in desk.read])
        assert "Karl Dent" not in said
        assert "knife" not in said


def test_a_rating_on_an_older_picture_says_so(days: Days) -> None:
    """Amber was decided on the first picture, though the case system had answered since."""
    lines = days.trail.splitlines()
    rated = [after for line, after in pairwise(lines) if RATED in line]
    assert [("colour=amber" in one, "newer=true" in one) for one in rated] == [
        (True, True),
        (False, False),
    ]
    assert all("picture_id=" in one for one in rated)


RATED = "rating.assigned.v1"


# --- the duty manager


def test_the_duty_manager_is_told_of_a_possible_red_that_nobody_opens_and_whom_it_is_about(
    days: Days,
) -> None:
    jude = {
        "names": [name("Jude", "Ashby")],
        "born": born("2020-06-30"),
        "address": [
            {"line1": "2 Tannery Row", "city": "Exampleton", "postcode": "BD53 9NR", "use": "home"}
        ],
    }
    warned = days.borough[LEAD].letters("due-time-warning", referral_id=days.referral("jude"))
    told = {
        "referral_id": "…",
        "case_id": "…",
        "clock": "possible_red",
        "colour": "red",
        "due_at": "…",
        "says": "It may be a Red, and nobody has opened it: have a social worker open and rate it "
        "now.",
        "about": jude,
    }
    late = {**told, "breached": True}
    manager = {"role": "Duty manager", "reach": "01632 960102"}
    head = {"role": "Ada Sample, head of service", "reach": "01632 960120"}
    assert read(warned) == [
        {**told, "breached": False},
        late,
        {**late, "escalated_to": manager},
        {**late, "escalated_to": head},
    ]


def test_the_duty_manager_sees_in_every_picture_what_is_due(days: Days) -> None:
    clocks = [one["clock"] for one in first_picture(days)["clocks"]]
    assert clocks == ["possible_red", "decision", "product", "referrer"]


def test_the_duty_manager_is_asked_before_anything_goes_to_where_a_risk_works(days: Days) -> None:
    (review,) = days.borough[LEAD].letters("safety-review")
    assert read(review) == {
        "referral_id": "…",
        "case_id": "…",
        "about": {
            **KIRA,
            "family": HER_FAMILY,
            "left_out": [PROTECTED, *NOT_SAID],
            "ring": RING_THE_HUB,
        },
        "hold_id": "…",
        "recipient": "housing",
        "letter": "mash.information-request.v1",
        "purpose": PURPOSE,
        "urgent": False,
        "rest_goes": False,
        "hits": [
            {
                "danger": "recipient-employs-a-risk",
                "whose": "the child's stepfather",
                "where": "recipient",
                "says": "A risk person works for the recipient.",
            }
        ],
        "due_at": "…",
    }


def test_what_the_duty_manager_stops_reaches_nobody_and_holds_nothing_up(days: Days) -> None:
    assert days.borough["housing"].letters("any") == []
    assert days.borough["housing"].read == []
    assert len(days.borough["csc_assessment_team"].letters("product")) == 1


ELLA = {
    "names": [name("Ella", "Finch")],
    "born": born("2015-10-04"),
    "sex": "female",
    "identifiers": [{"value": story.NHS_ELLA, "system": story.NHS}],
    "address": [{**story.MILL_ROAD, "use": "home"}],
}


def test_the_duty_manager_takes_back_what_was_handed_to_the_wrong_worker(days: Days) -> None:
    """The worker's team had it at once; it is told that it is none of its own, and the concern is
    rated like any other.
    """
    ella = days.referral("ella")
    (handed,) = days.borough["csc_assessment_team"].letters("handover")
    wanted = {
        "referral_id": ella,
        "agency": "school",
        "worker": {"name": "D. Wells", "team": "csc_assessment_team", "case_reference": "ICS-77"},
        "about": {**ELLA, "your_reference": "ICS-77"},
    }
    assert some(handed, wanted) == wanted
    assert handed["notification"]["narrative"] == story.LATE["narrative"], "by its agreement whole"
    told = {
        "decision_id": "…",
        "decided_by": story.MANAGER,
        "rationale": "The school rang: it had written another pupil's birthday and number.",
        "children": [{"referral_id": "…", "about": ELLA}],
    }
    for agency in (LEAD, "csc_assessment_team"):
        (changed,) = days.borough[agency].letters("links-changed")
        assert [one["referral_id"] for one in changed["moved"]] == [ella]
        assert some(read(changed), told) == told
    asked = days.borough[LEAD].awaits("rating-request", referral_id=ella)
    assert asked["picture"]["content"]["child"]["reasons"] == ["A human settled the link."]


PURPOSE = (
    "To safeguard and promote the welfare of the child named, by deciding what help or protection "
    "is needed"
)
NOT_SAID = [
    {"field": field, "reason": "Its owner has not said that it may be told here."}
    for field in ("telephone", "school")
]


# --- the agency researcher


def test_the_researcher_is_told_who_the_child_is_why_on_which_basis_and_by_when(
    days: Days,
) -> None:
    """And of the refuge nothing."""
    kira = days.referral("kira")
    asked = {
        agency: days.borough[agency].awaits("information-request", referral_id=kira)
        for agency in ("police", "gp")
    }
    wanted = {
        "about": {**KIRA, "left_out": [PROTECTED, *NOT_SAID], "ring": RING_THE_HUB},
        "identifier": "…",
        "referral_id": "…",
        "case_id": "…",
        "level": "full",
        "summary": " ".join(REASONS),
        "purpose": PURPOSE,
        "legal_basis": "Children Act 1989, section 17; Children Act 2004, section 11",
        "consent": "not_sought",
        "facts_checked": "Compared with what the hub knew of this child already; each fact says "
        "what was found; not verified further",
        "sharing_policy": "ISA-2026",
        "due_at": "…",
        "question": "When were the children seen?",
    }
    for agency, request in asked.items():
        assert some(read(request), wanted) == wanted
        assert request["agency"] == agency
        assert not any(word in json.dumps(request) for word in ("Orchard", "Flat 3", "BD53 7BD"))
    (own,) = asked["police"]["picture"]["content"]["own"]
    assert own["narrative"] == story.SHOUTING
    assert asked["gp"]["picture"]["content"]["own"] == []


def test_the_researcher_is_told_who_the_family_is(days: Days) -> None:
    """And not where any of them is."""
    kira = days.referral("kira")
    for agency in ("police", "gp"):
        request = days.borough[agency].awaits("information-request", referral_id=kira)
        assert read(request["about"]["family"]) == HER_FAMILY


def test_the_researcher_of_the_school_is_asked_the_least_that_will_do(days: Days) -> None:
    request = days.borough["school"].awaits("information-request")
    wanted = {
        "about": {**OWEN, "left_out": [{**NOT_SAID[0], "field": "address"}, NOT_SAID[1]]},
        "level": "basic",
        "summary": "Repeated absence from school.",
        "legal_basis": "Children Act 2004, section 11; UK GDPR article 6(1)(e)",
        "consent": "given",
    }
    assert some(read(request), wanted) == wanted


def test_nobody_is_asked_about_an_adult(days: Days) -> None:
    asked = days.borough[LEAD].awaits("rating-request", referral_id=days.referral("ruth"))
    adult = "The person was 18 or older when it was observed: an adult matter."
    left_out = asked["plan"]["not_asked"]
    assert {"school", "gp"} <= {one["agency"] for one in left_out}
    assert {(one["reason"], one["code"]) for one in left_out} == {(adult, "adult")}
    for desk in days.borough.desks.values():
        about = [one["referral_id"] for one in desk.letters("information-request")]
        assert days.referral("ruth") not in about


# --- the owner's named decision maker

SANITISED_BELT = (
    "Kira told her teacher that [recorded risk] Scott hit her with a belt on Tuesday. She, [name] "
    "and her mum left him on Wednesday and are now at [address]; mum's number is [telephone]. A "
    "neighbour, [name] of [address], heard it. Kira is frightened that Scott will find them."
)
SANITISED_BOUND_OVER = (
    "Called to [address] on 14 September: shouting between [name] [name] and [recorded risk] Scott "
    "Brannigan, who was bound over in 2024."
)
SANITISED_BRUISE = (
    "Seen on 2 October with a bruise on the left forearm, said to be from a fall. Came alone with "
    "[name]; registered at [address] since last week."
)
SANITISED_ASKED_WHERE = "[name] asked on 16 November where she could go with the children."
NOT_YOURS = [
    {"field": field, "reason": "It is shown to who told it."} for field in ("telephone", "school")
]
ABOUT_FOR_OWNERS = {**KIRA, "left_out": [PROTECTED, *NOT_YOURS], "ring": RING_THE_HUB}
ABOUT_FOR_TEAMS = {**KIRA, **WHERE_SHE_IS, "left_out": [PROTECTED], "ring": RING_THE_HUB}
WHO_IS_A_RISK = {**HER_FAMILY[1], "risk": "fled_from"}
RISK_NOT_YOURS = {**NOT_YOURS[0], "field": "risks"}
OF_A_RED = {**ABOUT_FOR_TEAMS, "risks": [WHO_IS_A_RISK]}
SIGNPOST = {"owner": "police", "contact": "MASH sergeant, 01632 960101"}


def approval(days: Days, agency: str, text: str, recipient: str) -> Data:
    """The request to approve an item for a recipient, with every word of it."""
    (found,) = [
        one
        for one in days.borough[agency].letters("approval-request", recipient=recipient)
        if one["item"]["original"] == text
    ]
    shown: Data = found
    return shown


def test_the_sergeant_sees_beside_the_original_what_would_leave_for_whom_and_on_which_basis(
    days: Days,
) -> None:
    asked = approval(days, "police", story.BOUND_OVER, "csc_assessment_team")
    wanted = {
        "product_id": "…",
        "case_id": "…",
        "referral_id": "…",
        "recipient": "csc_assessment_team",
        "purpose": "section 17 assessment",
        "legal_basis": "Children Act 1989, section 17; Children Act 2004, section 11",
        "colour": "amber",
        "about": ABOUT_FOR_OWNERS,
        "about_digest": "…",
        "item": {
            "item_id": "…",
            "owner": "police",
            "original": story.BOUND_OVER,
            "sanitised": SANITISED_BOUND_OVER,
            "original_digest": "…",
            "sanitised_digest": "…",
            "signpost": True,
        },
    }
    assert some(read(asked), wanted) == wanted
    shown = asked["item"]["original"]
    gone = {shown[one["start"] : one["end"]]: one for one in asked["item"]["redactions"]}
    assert {text: (one["replacement"], one["reason"]) for text, one in gone.items()} == {
        "40 Quarry Lane": ("[address]", "Where somebody lives or lived."),
        "Leanne": ("[name]", "Somebody other than the child."),
        "Varley": ("[name]", "Somebody other than the child."),
        "": ("[recorded risk] ", "Recorded as a risk to the child: the name stays."),
    }


def test_the_school_sees_of_its_own_concern_where_the_child_is_told_to_be(days: Days) -> None:
    asked = approval(days, "school", story.BELT, "csc_assessment_team")
    assert asked["item"]["sanitised"] == SANITISED_BELT
    assert read(asked["about"]) == ABOUT_FOR_TEAMS


def test_nobody_decides_for_the_police_but_who_is_registered_to(days: Days) -> None:
    receipt = days.borough["police"].awaits("receipt", follows=days.receipts["researcher"]["id"])
    assert read(receipt) == {
        "status": "rejected",
        "id": "…",
        "follows": "…",
        "reason": "refused.decision-maker",
        "field": "decided_by",
        "explanation": "Nobody of this name is registered to decide this for the agency.",
        "cure": "Let one who is registered decide, or have the lead agency register the one who "
        "did; then send it again.",
    }


def test_what_the_sergeant_withheld_once_no_later_rating_or_product_lets_out(days: Days) -> None:
    """Not even as a question: the Red's products do not ask again."""
    asked = [
        one["recipient"]
        for one in days.borough["police"].letters("approval-request")
        if one["item"]["original"] == story.ENQUIRY
    ]
    assert asked == ["csc_assessment_team"]
    for team in ("csc_assessment_team", *story.FRONT_LINE):
        assert "does not know of" not in json.dumps(days.borough[team].letters("product"))


def test_what_may_not_leave_is_not_asked_about(days: Days) -> None:
    originals = {
        one["item"]["original"] for one in days.borough["police"].letters("approval-request")
    }
    assert originals == {story.BOUND_OVER, story.ENQUIRY}


def test_the_doctor_is_told_what_became_of_what_he_wanted_back(days: Days) -> None:
    (told,) = days.borough["gp"].letters("recall-answer")
    assert read(told) == {
        "product_id": "…",
        "referral_id": "…",
        "case_id": "…",
        "recipient": "csc_duty_team",
        "about": {**ABOUT_FOR_OWNERS, "left_out": [PROTECTED, *NOT_YOURS, RISK_NOT_YOURS]},
        "recall_id": "…",
        "item_id": "…",
        "answer": "destroyed",
        "answered_by": "J. Poole",
    }


# --- the recipient


def words(*items: tuple[str, str, str]) -> list[Data]:
    return [
        {"item_id": "…", "owner": owner, "text": text, "digest": "…", "decided_by": who}
        for owner, text, who in items
    ]


def product(recipient: str, purpose: str, colour: str, items: list[Data], **more: Any) -> Data:
    head = {"product_id": "…", "case_id": "…", "referral_id": "…", "disposal": "front_line_team"}
    told = {"recipient": recipient, "purpose": purpose, "colour": colour, "items": items}
    asked = {"to_do": TO_DO[colour], "due_at": "…"}
    about = OF_A_RED if colour == "red" else ABOUT_FOR_TEAMS
    return {**head, **told, **asked, "about": about, **more}


TO_DO = {
    "red": "Act on it at once, and send a delivery receipt that says who has it.",
    "amber": "Begin the assessment, and send a delivery receipt that says who has it.",
    "green": "Offer the family early help, and send a delivery receipt that says who has it.",
}


def test_the_assessment_team_reads_whom_it_is_about_what_is_known_and_whom_to_ring(
    days: Days,
) -> None:
    """The doctor's words are his own; of what the sergeant withheld there is a number to ring."""
    items = words(
        ("school", SANITISED_BELT, story.TEACHER),
        ("health_visiting", SANITISED_ASKED_WHERE, story.NURSE),
        ("police", SANITISED_BOUND_OVER, story.SERGEANT),
        ("gp", story.GP_WORDS, story.DOCTOR),
    )
    (got,) = read(days.borough["csc_assessment_team"].letters("product"))
    got["items"] = sorted(got["items"], key=items.index)
    assert got == product(
        "csc_assessment_team", "section 17 assessment", "amber", items, signposts=[SIGNPOST]
    )


@pytest.mark.parametrize("team", story.FRONT_LINE)
def test_the_front_line_has_a_red_at_once_and_then_all_that_its_owners_let_go(
    days: Days, team: str
) -> None:
    """At once: what the school released beforehand, with whom to ring about the rest."""
    at_once, later = read(days.borough[team].letters("product"))
    asked_meanwhile = [
        {"owner": "gp", "contact": "Named GP for safeguarding, 01632 960105"},
        {"owner": "health_visiting", "contact": "Health visiting duty line, 01632 960106"},
        SIGNPOST,
    ]
    released = words(("school", SANITISED_BELT, "Sample Schools: head of service"))
    purpose = "section 47 enquiry"
    whole = {"signposts": asked_meanwhile, "alleged": " ".join(REASONS), "contact": RING_THE_HUB}
    assert at_once == product(team, purpose, "red", released, **whole)
    items = words(
        ("school", SANITISED_BELT, story.TEACHER),
        ("health_visiting", SANITISED_ASKED_WHERE, story.NURSE),
        ("police", SANITISED_BOUND_OVER, story.SERGEANT),
        ("gp", SANITISED_BRUISE, story.DOCTOR),
    )
    later["items"] = sorted(later["items"], key=items.index)
    assert later == product(team, purpose, "red", items, signposts=[SIGNPOST])


@pytest.mark.parametrize("team", story.FRONT_LINE)
def test_the_front_line_reads_to_act_within_the_hour(days: Days, team: str) -> None:
    at_once = days.borough[team].letters("product")[0]
    sent = next(one["time"] for one in days.borough[team].read if one["data"] == at_once)
    left, by = map(dt.datetime.fromisoformat, (sent, at_once["due_at"]))
    assert left < by <= left + dt.timedelta(hours=1)


def test_early_help_reads_whom_it_is_about_and_what_is_asked_for(days: Days) -> None:
    (got,) = read(days.borough["early_help"].letters("product"))
    items = words(
        ("helpline", story.MORNINGS, story.SUPERVISOR),
        (
            "school",
            "Owen attends 81 percent of sessions; his dad [name] comes to every meeting.",
            story.TEACHER,
        ),
    )
    assert got == {
        "product_id": "…",
        "case_id": "…",
        "referral_id": "…",
        "recipient": "early_help",
        "purpose": "early help assessment",
        "colour": "green",
        "disposal": "early_help",
        "to_do": TO_DO["green"],
        "due_at": "…",
        "about": {**OWEN, "address": [OWENS_HOME], "school": HIS_SCHOOL},
        "items": items,
        "signposts": [],
    }


def test_nobody_is_told_where_the_refuge_is_but_whom_the_school_and_the_doctor_told(
    days: Days,
) -> None:
    """The hub's desk, and each of them its own words: nobody else reads of Orchard Rise."""
    knows = {LEAD, "school", "gp"}
    for agency, desk in days.borough.desks.items():
        said = json.dumps([one["data"] for one in desk.read])
        assert agency in knows or not any(word in said for word in ("Orchard", "BD53 7BD"))


@pytest.mark.parametrize("team", ["csc_assessment_team", *story.FRONT_LINE])
def test_a_recall_says_whose_it_is_about_and_what_to_do(days: Days, team: str) -> None:
    (recall,) = days.borough[team].letters("product-recall")
    assert read(recall) == {
        "product_id": "…",
        "case_id": "…",
        "referral_id": "…",
        "recipient": team,
        "about": OF_A_RED if team in story.FRONT_LINE else ABOUT_FOR_TEAMS,
        "reason": "Its owner wants it back: do not act on it, and destroy it wherever it has gone.",
        "recall_id": "…",
        "item_id": "…",
    }
    had = {
        (one["product_id"], item["item_id"]): item["owner"]
        for one in days.borough[team].letters("product")
        for item in one["items"]
    }
    assert had[recall["product_id"], recall["item_id"]] == "gp"


# --- operations


def test_operations_see_that_everything_moves_and_nothing_of_anybody(days: Days) -> None:
    hub, kira = days.borough.hub, days.referral("kira")
    status = hub("status")
    listed = (days.dead_letters, days.recalls)
    screens = [status, days.trail, hub("picture", kira), *map(json.dumps, listed)]
    for screen in screens:
        assert [word for word in story.SAID_OF_NOBODY if word in screen] == []
    for reason in ("refused.not-shown", "refused.decision-maker", "refused.role"):
        assert reason in status
    assert " 0 overdue" in status


def test_operations_see_who_has_not_answered_a_recall(days: Days) -> None:
    assert {one["recipient"] for one in days.recalls} == {"csc_assessment_team", "police_cait"}


def test_operations_see_a_dead_letters_cause_and_cure_and_its_content_with_a_reason_alone(
    days: Days,
) -> None:
    hub = days.borough.hub
    (letter,) = [one for one in days.dead_letters if one["agency"] == "gp"]
    shown = hub("dead-letters", "show", letter["id"])
    assert "Only the lead agency rates and links." in shown
    assert "Nothing seen." not in shown
    me = ["--who", "A. Operator", "--why", "The practice rang"]
    assert "Nothing seen." in hub("dead-letters", "show", letter["id"], "--reveal", *me)


def test_the_owner_is_told_that_operations_looked_and_why(days: Days) -> None:
    (letter,) = [one for one in days.dead_letters if one["agency"] == "gp"]
    me = ["--who", "A. Operator", "--why", "The practice rang"]
    days.borough.hub("dead-letters", "show", letter["id"], "--reveal", *me)
    told = days.borough["gp"].awaits("content-revealed", record="dead_letter")
    assert told["message_ids"] == [letter["id"]]
    assert read(told) == {
        "record": "dead_letter",
        "message_ids": ["…"],
        "seen_by": "A. Operator",
        "why": "The practice rang",
        "seen_at": "…",
        "purpose": "mending",
        "reviewed_by": "R. Reviewer",
    }


def test_a_replay_decides_all_of_it_again_alike(days: Days) -> None:
    replayed = days.borough.hub_json("replay")
    assert replayed["equal"] + replayed["given"] == replayed["facts"]


# --- the auditor


def test_the_auditor_reopens_the_picture_as_it_was_when_amber_was_decided(days: Days) -> None:
    on_amber, on_red = (
        next(one for one in days.reopened["shown"] if one["decided"] == [colour])
        for colour in ("amber", "red")
    )
    asked = days.borough[LEAD].awaits("rating-request", referral_id=days.referral("kira"))
    assert (on_amber["id"], on_amber["digest"]) == (
        asked["picture"]["id"],
        asked["picture"]["digest"],
    )
    assert on_amber["picture"] == asked["picture"]["content"]
    assert on_amber["picture"]["asked"] == []
    assert [one["text"] for one in on_red["picture"]["volunteered"]] == [story.ASKED_WHERE]
    (amber,) = on_red["picture"]["ratings"]
    assert (amber["colour"], amber["decided_by"]) == ("amber", story.WORKER)
    assert amber["rationale"] == "Hurt, and safe for now where they are."


def test_the_auditor_sees_to_whom_pictures_were_shown_and_what_was_decided_on_them(
    days: Days,
) -> None:
    shown = days.reopened["shown"]
    assert {one["agency"] for one in shown} == {LEAD, "police", "gp"}
    decided = [(one["agency"], one["decided"]) for one in shown if one["decided"]]
    assert decided == [(LEAD, ["amber"]), (LEAD, ["red"])]


def test_that_somebody_looked_is_recorded_with_who_and_why(days: Days) -> None:
    assert days.reopened
    trail = days.borough.hub_json("case", days.referral("kira"), *story.AUDITOR)
    looked = [event for event in trail if event["type"] == "mash.record.revealed.v1"]
    assert looked
    assert {(one["content"]["seen_by"], one["content"]["why"]) for one in looked} == {
        ("J. Auditor", "Complaint 2026/17")
    }


def test_the_auditor_reads_by_which_policy_and_model_it_was_decided(days: Days) -> None:
    assert "profile=Sample Borough 2026.2" in days.trail
    assert "model=linkage-" in days.trail


def test_no_record_was_changed_unseen(days: Days) -> None:
    verified = days.borough.hub_json("audit", "verify")
    assert verified["flaws"] == []
    assert verified["entries"] > 150
