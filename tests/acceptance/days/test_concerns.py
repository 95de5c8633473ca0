"""Referrer, screening social worker and duty manager of ``daily-work.md`` live a day of it and read
every word that they get.
"""

from __future__ import annotations

import datetime as dt
import json
from itertools import pairwise
from zoneinfo import ZoneInfo

from tests.support import family_days as story
from tests.support.day_words import (
    HER_FAMILY,
    HINTED,
    HIS_SCHOOL,
    KIRA,
    LEAD,
    NOT_SAID,
    OWEN,
    OWENS_HOME,
    PROTECTED,
    PURPOSE,
    REASONS,
    RING_THE_HUB,
    WHERE_SHE_IS,
    born,
    name,
    some,
)
from tests.support.days import Data, read
from tests.support.family_days import Days

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
        "summary": HINTED,
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


WORDLESS_RED = (
    "The Red has gone out, and says in nobody's words what the concern is. Send your rating again "
    "and say in it, in your own words, what the concern is: whoever acts on it gets them at once."
)


def test_the_social_worker_is_told_what_is_new_as_it_comes(days: Days) -> None:
    letters = days.borough[LEAD].letters("what-is-new", referral_id=days.referral("kira"))
    assert [(one["news"], one["rated"], one["colour"]) for one in letters] == [
        (["The system ics of Sample Children's Social Care knows the child."], False, "red"),
        (["Sample Health Visiting told something that nobody had asked."], True, "amber"),
        (["Sample Police answered."], True, "amber"),
        (["Sample General Practices answered."], True, "amber"),
        ([WORDLESS_RED], True, "red"),
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
