"""Researchers, owners and recipients of ``daily-work.md`` live a day of it and read every word that
they get; operations and the auditor look.
"""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest

from tests.support import family_days as story
from tests.support.day_words import (
    HER_FAMILY,
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
    some,
)
from tests.support.days import Data, read
from tests.support.family_days import Days

# --- the agency researcher

HINT = "A hint by words of the text, and no more:"
CODED = "Its sender codes it as: physical abuse."


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
        "summary": CODED,
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
        "summary": f"{HINT} Repeated absence from school.",
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
    whole = {
        "signposts": asked_meanwhile,
        "alleged": f"{CODED} {HINT} {REASONS[1]}",
        "contact": RING_THE_HUB,
    }
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
        "owner": "gp",
        "to_do": (
            "Find it by its product_id and, where only an item is wanted back, its item_id. Tell "
            "everybody who acted on it or had it from you. Answer today with a recall receipt that "
            "says what you did: acknowledged, destroyed, or cannot and why. Who is silent is rung."
        ),
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
        "seen_for": LEAD,
        "seen_as": ["operations"],
        "reviewed_by": "R. Reviewer",
        "review_due_at": "…",
        "to_do": (
            "Nothing, where you find it in order. Where you do not: ring, say who looked and when, "
            "and ask for who reviews it, or for the information risk owner."
        ),
        "contact": "MASH manager, 01632 960102",
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
