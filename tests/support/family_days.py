"""A day at the hub of an invented borough, as its people live it.

The Varleys: Danny's police report of September was closed. Then Kira's school tells that her
stepfather hit her; mother and children have fled to a refuge. Owen Pritchard's family asks for help
and stays below threshold. Jude Ashby may be a Red, and nobody looks. Ruth Ashby is 45. A concern
about Ella Finch is handed to the worker of another Ella Finch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from schemas.product import release_digest
from tests.support.days import Borough, Data

WORKER = "S. Oduya, screening social worker"
MANAGER = "M. Tanner, duty manager"
SERGEANT = "Sgt A. Marsh, MASH sergeant"
DOCTOR = "Dr N. Rao, named GP"
TEACHER = "H. Alder, safeguarding lead"
NURSE = "L. Frost, named nurse"
SUPERVISOR = "T. Quill, helpline supervisor"
PEOPLE = {
    "childrens_social_care": (WORKER, MANAGER),
    "police": (SERGEANT,),
    "gp": (DOCTOR,),
    "school": (TEACHER,),
    "health_visiting": (NURSE,),
    "helpline": (SUPERVISOR,),
}
MINUTES = "possible_red_allowed = { kind = "
AGREED = {MINUTES + '"minutes", minutes = 15 }': MINUTES + '"minutes", minutes = 0.15 }'}
"""What may be a Red is looked at within nine seconds: nobody waits for a quarter of an hour."""

NHS = "https://fhir.nhs.uk/Id/nhs-number"
NHS_ELLA = "9998452600"
QUARRY_LANE = {"line1": "40 Quarry Lane", "city": "Exampleton", "postcode": "BD53 4QL"}
LEANNE: Data = {
    "name": {"given_name": ["Leanne"], "family_name": ["Varley"]},
    "relationship": "mother",
    "date_of_birth": {"date": "1988-01-21"},
}
SCOTT: Data = {
    "name": {"given_name": ["Scott"], "family_name": ["Brannigan"]},
    "relationship": "stepfather",
    "address": [QUARRY_LANE],
}
DANNY: Data = {
    "identifier": [{"value": "9995129388", "system": NHS}],
    "name": [{"given_name": ["Danny"], "family_name": ["Varley"]}],
    "date_of_birth": {"date": "2014-08-02"},
    "sex_code": "male",
    "address": [QUARRY_LANE],
    "related_person": [LEANNE, SCOTT],
}
SHOUTING = (
    "Neighbours rang about shouting at 40 Quarry Lane. Leanne Varley and Scott Brannigan were "
    "arguing; nobody was hit. Danny was asleep upstairs."
)
SEPTEMBER: Data = {
    "reference": "MERLIN-7701",
    "observed_at": "2026-09-14T21:40:00Z",
    "subject": DANNY,
    "narrative": SHOUTING,
    "parents_informed": {"informed": True, "consent": "not_sought", "reason": "Told at the door"},
}

REFUGE = "Flat 3, 18 Orchard Rise"
KIRA: Data = {
    "identifier": [
        {"value": "9994018272", "system": NHS},
        {"value": "9991112223", "system": NHS},
    ],
    "name": [
        {"given_name": ["Kira"], "family_name": ["Varley"], "preferred_name": "Kiki"},
    ],
    "date_of_birth": {"date": "2017-05-09"},
    "sex_code": "female",
    "address": [
        {
            "line1": "Flat 3",
            "line2": "18 Orchard Rise",
            "city": "Exampleton",
            "postcode": "BD53 7BD",
            "protected": True,
            "protected_reason": "A refuge",
        },
        {**QUARRY_LANE, "postcode": "BD53 4QL or near", "use": "former"},
    ],
    "contact": [{"name": "Leanne Varley", "telephone": ["01632 960771"]}],
    "school": {"name": "Harcourt Primary School", "urn": "123456"},
    "related_person": [
        LEANNE,
        {**SCOTT, "risk": "fled_from", "works_for": ["Sample Housing"]},
        {
            "name": {"given_name": ["Danny"], "family_name": ["Varley"]},
            "relationship": "brother",
            "date_of_birth": {"date": "2014-08-02"},
        },
    ],
}
BELT = (
    "Kira told her teacher that Scott hit her with a belt on Tuesday. She, Danny and her mum left "
    f"him on Wednesday and are now at {REFUGE}; mum's number is 01632 960771. A neighbour, Petra "
    "Lunn of 42 Quarry Lane, heard it. Kira is frightened that Scott will find them."
)
NOVEMBER: Data = {
    "reference": "HP-2026-31",
    "observed_at": "2026-11-19T14:10:00Z",
    "subject": KIRA,
    "concern": ["physical-abuse"],
    "narrative": BELT,
    "parents_informed": {
        "informed": False,
        "consent": "not_sought",
        "reason": "It could put the mother at more risk",
    },
}

BOUND_OVER = (
    "Called to 40 Quarry Lane on 14 September: shouting between Leanne Varley and Scott Brannigan, "
    "who was bound over in 2024."
)
INFORMANT = "An informant, Karl Dent, says that Brannigan keeps a knife in his van."
ENQUIRY = "Brannigan is the subject of an enquiry that he does not know of."
BRUISE = (
    "Seen on 2 October with a bruise on the left forearm, said to be from a fall. Came alone with "
    f"Leanne; registered at {REFUGE} since last week."
)
GP_WORDS = "Seen on 2 October with a bruise on the left forearm, said to be from a fall."
ASKED_WHERE = "Leanne asked on 16 November where she could go with the children."
ANOTHERS = "It was another child's bruise; hers was on the right."

OWEN: Data = {
    "identifier": [{"value": "9996230414", "system": NHS}],
    "name": [{"given_name": ["Owen"], "family_name": ["Pritchard"]}],
    "date_of_birth": {"date": "2019-02-11"},
    "sex_code": "male",
    "address": [{"line1": "9 Mill Bank", "city": "Exampleton", "postcode": "BD53 2HT"}],
    "school": {"name": "Harcourt Primary School", "urn": "123456"},
}
MORNINGS = (
    "Owen's attendance has fallen since his gran died, and his dad asks for help with mornings."
)
HELP_ASKED_FOR: Data = {
    "reference": "HL-88",
    "observed_at": "last Monday",
    "subject": OWEN,
    "narrative": MORNINGS,
    "parents_informed": {"informed": True, "consent": "given"},
    "made_by": "public",
}
TO_HIS_DAD = "Somebody rings you this week. Thank you for asking."
ATTENDANCE = "Owen attends 81 percent of sessions; his dad David Pritchard comes to every meeting."

JUDE: Data = {
    "reference": "AMB-501",
    "observed_at": "2026-11-20T02:15:00Z",
    "urgent": True,
    "subject": {
        "name": [{"given_name": ["Jude"], "family_name": ["Ashby"]}],
        "date_of_birth": {"date": "2020-06-30"},
        "address": [{"line1": "2 Tannery Row", "city": "Exampleton", "postcode": "BD53 9NR"}],
    },
    "narrative": "Jude, found in the street at night without shoes, has a burn on the back.",
}
RUTH: Data = {
    "reference": "AMB-502",
    "observed_at": "2026-11-20T03:00:00Z",
    "subject": {
        "name": [{"given_name": ["Ruth"], "family_name": ["Ashby"]}],
        "date_of_birth": {"date": "1981-03-03"},
    },
    "narrative": "Ruth does not eat, and nobody looks after her.",
}

MILL_ROAD = {"line1": "5 Mill Road", "city": "Exampleton", "postcode": "BD53 6LP"}
ELLA: Data = {
    "name": [{"given_name": ["Ella"], "family_name": ["Finch"]}],
    "date_of_birth": {"date": "2015-10-04"},
    "sex_code": "female",
    "address": [MILL_ROAD],
}
ELLAS_CASE: Data = {
    "reference": "ICS-77",
    "child": {**ELLA, "identifier": [{"value": NHS_ELLA, "system": NHS}]},
    "worker": {"name": "D. Wells", "team": "csc_assessment_team", "case_reference": "ICS-77"},
    "since": "2026-05-01",
}
LATE: Data = {
    "reference": "HP-2026-30",
    "observed_at": "2026-11-18T15:40:00Z",
    "subject": {**ELLA, "identifier": [{"value": NHS_ELLA, "system": NHS}]},
    "narrative": "Ella has missed school on nine days this term, and was collected two hours late.",
}

AUDITOR = ("--reveal", "--who", "J. Auditor", "--why", "Complaint 2026/17")

SAID_OF_NOBODY = (
    *("Kira", "Kiki", "Varley", "Danny", "Leanne", "Scott", "Brannigan", "Orchard", "Quarry"),
    *("Petra", "Lunn", "Karl", "Dent", "Owen", "Pritchard", "Jude", "Ashby", "Ruth", "belt"),
    *("Ella", "Finch", "Mill Road", "collected"),
    *("9994018272", "9995129388", "9996230414", "9998452600", "960771", "Harcourt"),
)
"""What no screen shows by default: of people, of places, and of what happened."""


@dataclass(repr=False)
class Days:
    """What came of it."""

    borough: Borough
    receipts: dict[str, Data] = field(default_factory=dict)
    """By what was sent."""
    before_anybody_rated: dict[str, list[str]] = field(default_factory=dict)
    """The types of letters that each agency had by then."""

    @cached_property
    def trail(self) -> str:
        """What ``hub case`` tells of Kira, without what it holds."""
        return self.borough.hub("case", self.referral("kira"))

    @cached_property
    def reopened(self) -> Data:
        """Kira's pictures as an auditor has them shown."""
        found: Data = self.borough.hub_json("picture", self.referral("kira"), *AUDITOR)
        return found

    @cached_property
    def dead_letters(self) -> list[Data]:
        """What ``hub dead-letters list`` tells."""
        found: list[Data] = self.borough.hub_json("dead-letters", "list")
        return found

    @cached_property
    def recalls(self) -> list[Data]:
        """What ``hub recalls`` tells of those that nobody has answered."""
        found: list[Data] = self.borough.hub_json("recalls")
        return found

    def referral(self, name: str) -> str:
        """The id that the hub gave a concern."""
        return str(self.receipts[name]["id"])


def _told_the_head_of_service(warning: Data) -> bool:
    return "head of service" in warning.get("escalated_to", {}).get("role", "")


def live(borough: Borough) -> Days:
    """Everything in its order."""
    days = Days(borough)
    _earlier_and_elsewhere(days)
    _below_threshold(days)
    _handed_to_the_wrong_worker(days)
    _kira_comes_to_notice(days)
    _kira_is_rated_and_asked_about(days)
    _owners_decide(days)
    _kira_is_rated_red(days)
    _owners_decide_again(days)
    _the_doctor_wants_it_back(days)
    _kira_is_closed(days)
    lead, jude = borough["childrens_social_care"], days.referral("jude")
    # The last of its chain.
    lead.awaits("due-time-warning", _told_the_head_of_service, referral_id=jude)
    return days


def saw(letter: Mapping[str, Any]) -> list[Data]:
    """The picture that came with a letter, as a decision names it."""
    picture = letter["picture"]
    return [{"id": picture["id"], "digest": picture["digest"]}]


def rating(letter: Mapping[str, Any], colour: str, rationale: str, **chosen: Any) -> Data:
    """The social worker's rating on the picture of a letter."""
    head = {name: letter[name] for name in ("referral_id", "case_id")}
    decided = {"colour": colour, "decided_by": WORKER, "rationale": rationale}
    return {**head, **decided, "saw": saw(letter), **chosen}


def outcome(letter: Mapping[str, Any], outcome_: str, may_be_told: str, **more: Any) -> Data:
    """The social worker's outcome on the picture of a letter."""
    head = {name: letter[name] for name in ("referral_id", "case_id")}
    decided = {"outcome": outcome_, "may_be_told": may_be_told, "decided_by": WORKER}
    return {**head, **decided, "rationale": "As rated.", "saw": saw(letter), **more}


def item(item_id: str, owner: str, text: str, **flags: Any) -> Data:
    """What an agency knows, revealed inside and free to leave unless it says otherwise."""
    told = {"item_id": item_id, "owner": owner, "text": text, "sensitivity": "sensitive"}
    return {**told, "may_be_revealed": True, "may_leave": True, **flags}


def answer(request: Mapping[str, Any], who: str, *items: Data) -> Data:
    """An agency's answer to a request."""
    head = {name: request[name] for name in ("referral_id", "case_id")}
    told = {"known": bool(items), "items": list(items), "answered_by": who}
    return {**head, "request_id": request["identifier"], **told}


def release(request: Mapping[str, Any], who: str, choice: str, **more: Any) -> Data:
    """An owner's decision about the item of an approval request."""
    names = ("referral_id", "product_id", "case_id", "recipient", "purpose")
    shown = request["item"]
    digests = {
        "release_original": shown["original_digest"],
        "release_sanitised": shown["sanitised_digest"],
    }
    decided = {"choice": choice, "digest": digests.get(choice), "decided_by": who}
    head = {name: request[name] for name in names}
    return {**head, "item_id": shown["item_id"], **decided, **more}


def reworded(request: Mapping[str, Any], who: str, text: str) -> Data:
    """The same in words of the owner's own."""
    digest = release_digest(
        item_id=request["item"]["item_id"],
        recipient=request["recipient"],
        purpose=request["purpose"],
        text=text,
        about=request["about_digest"],
    )
    instead = {"text": text, "digest": digest, "instead_of": request["item"]["original_digest"]}
    return release(request, who, "release_reworded", **instead)


def _earlier_and_elsewhere(days: Days) -> None:
    """September, and a night's two calls of the ambulance."""
    borough, receipts = days.borough, days.receipts
    receipts["september"] = borough["police"].tells("notification", SEPTEMBER)
    receipts["jude"] = borough["ambulance"].tells("notification", JUDE)
    receipts["ruth"] = borough["ambulance"].tells("notification", RUTH)
    lead = borough["childrens_social_care"]
    asked = lead.awaits("rating-request", referral_id=days.referral("september"))
    lead.tells("rating-decision", rating(asked, "blue", "An argument; nobody was hurt."))
    borough.settles()
    told = "No further action. The school nurse knows."
    lead.tells("outcome-decision", outcome(asked, "no_further_action", told))
    borough["police"].awaits("referral-outcome", referral_id=days.referral("september"))


def _below_threshold(days: Days) -> None:
    borough = days.borough
    lead, school, helpline = (
        borough[name] for name in ("childrens_social_care", "school", "helpline")
    )
    days.receipts["owen"] = helpline.tells("notification", HELP_ASKED_FOR)
    owen = days.referral("owen")
    asked = lead.awaits("rating-request", referral_id=owen)
    told = {"professional": "Early help has it.", "public": TO_HIS_DAD}
    green = rating(asked, "green", "They ask for help.", agencies=["school"], may_be_told=told)
    lead.tells("rating-decision", green)
    request = school.awaits("information-request", referral_id=owen)
    known = item("S-1", "school", ATTENDANCE, sensitivity="routine")
    school.tells("information-response", answer(request, TEACHER, known))
    for desk, who, choice in ((helpline, SUPERVISOR, "original"), (school, TEACHER, "sanitised")):
        approval = desk.awaits("approval-request", referral_id=owen)
        desk.tells("release-decision", release(approval, who, f"release_{choice}"))
    product = borough["early_help"].awaits("product", referral_id=owen)
    borough["early_help"].tells("delivery-receipt", received(product, "B. Hale, front door"))
    borough.settles()
    ended = "Early help will ring Owen's dad this week."
    lead.tells("outcome-decision", outcome(asked, "early_help", ended, to="early_help"))
    helpline.awaits("referral-outcome")


def _handed_to_the_wrong_worker(days: Days) -> None:
    """The duty manager finds that it was another Ella Finch, whom nobody knows."""
    borough = days.borough
    lead, team = borough["childrens_social_care"], borough["csc_assessment_team"]
    lead.tells("open-case", ELLAS_CASE)
    borough.settles()
    days.receipts["ella"] = borough["school"].tells("notification", LATE)
    ella = days.referral("ella")
    team.awaits("handover", referral_id=ella)
    linked = {event["type"]: event["shown"] for event in borough.hub_json("case", ella)}
    another = {
        "person_id": linked["mash.case.child-linked.v1"]["person_id"],
        "referral_ids": [ella],
        "to_person_id": None,
        "decided_by": MANAGER,
        "rationale": "The school rang: it had written another pupil's birthday and number.",
    }
    lead.tells("split-decision", another)
    lead.awaits("rating-request", referral_id=ella)
    team.awaits("links-changed")


def received(product: Mapping[str, Any], who: str) -> Data:
    """A person of the recipient has it."""
    head = {name: product[name] for name in ("product_id", "case_id")}
    return {**head, "status": "received", "received_by": who}


def _kira_comes_to_notice(days: Days) -> None:
    borough = days.borough
    lead = borough["childrens_social_care"]
    days.receipts["kira"] = borough["school"].tells("notification", NOVEMBER)
    kira = days.referral("kira")
    lead.awaits("rating-request", referral_id=kira)
    check = lead.awaits("check-request", lambda one: str(one["check_id"]).startswith(kira))
    reply = {
        "check_id": check["check_id"],
        "known": True,
        "involvement": "closed case",
        "since": "2024-02-01",
        "until": "2024-09-30",
        "contact": "Records, 01632 960120",
    }
    lead.tells("check-reply", reply)
    lead.awaits("what-is-new", referral_id=kira)
    borough.settles()
    days.before_anybody_rated = {
        agency: [one["type"] for one in desk.read if one["data"].get("referral_id") == kira]
        for agency, desk in borough.desks.items()
        if desk.letters("any") == []
    }


def _kira_is_rated_and_asked_about(days: Days) -> None:
    """First without looking, then on the older of two pictures."""
    borough, kira = days.borough, days.referral("kira")
    lead = borough["childrens_social_care"]
    first = lead.awaits("rating-request", referral_id=kira)
    chosen = {"agencies": ["police", "gp", "housing"], "question": "When were the children seen?"}
    amber = rating(first, "amber", "Hurt, and safe for now where they are.", **chosen)
    days.receipts["blind"] = lead.tells("rating-decision", {**amber, "saw": []})
    lead.awaits("receipt", follows=days.receipts["blind"]["id"])
    lead.tells("rating-decision", amber)
    _a_letter_is_stopped(days)
    _agencies_answer(days)


def _a_letter_is_stopped(days: Days) -> None:
    """Scott works for housing: the request waits there until the duty manager has decided."""
    borough, kira = days.borough, days.referral("kira")
    lead, housing = borough["childrens_social_care"], borough["housing"]
    borough.settles()
    assert housing.letters("information-request") == []
    review = lead.awaits("safety-review", referral_id=kira)
    head = {name: review[name] for name in ("referral_id", "case_id", "hold_id")}
    stop = {"choice": "do_not_send", "decided_by": MANAGER, "rationale": "He works there."}
    lead.tells("safety-decision", head | stop)


def _agencies_answer(days: Days) -> None:
    borough, kira = days.borough, days.referral("kira")
    asked_where = item("V-1", "health_visiting", ASKED_WHERE, sensitivity="routine")
    told = {"referral_id": kira, "volunteered_by": NURSE, "items": [asked_where]}
    days.receipts["volunteered"] = borough["health_visiting"].tells("information-volunteered", told)
    borough.settles()  # what nobody asked for is in the first product, too
    request = borough["police"].awaits("information-request", referral_id=kira)
    items = (
        item("P-1", "police", BOUND_OVER),
        item("P-2", "police", INFORMANT, **_never_told("It would tell who the informant is")),
        item("P-3", "police", ENQUIRY),
    )
    days.receipts["police"] = borough["police"].tells(
        "information-response", answer(request, "R. Bell, researcher", *items)
    )
    request = borough["gp"].awaits("information-request", referral_id=kira)
    borough["gp"].tells(
        "information-response",
        answer(request, "P. Shah, practice nurse", item("G-1", "gp", BRUISE)),
    )


def _never_told(reason: str) -> Data:
    flags = {"may_be_revealed": False, "may_leave": False, "signpost": False}
    return {**flags, "sensitivity": "restricted", "reason": reason}


def _owners_decide(days: Days) -> None:
    """About the product for the assessment team. The sergeant's researcher tries first."""
    borough, kira = days.borough, days.referral("kira")
    police, gp = borough["police"], borough["gp"]
    to = {"referral_id": kira, "recipient": "csc_assessment_team"}
    enquiry = police.awaits("approval-request", _about(ENQUIRY), **to)
    withhold = {
        "reason": "He would learn of the enquiry, and look for the children sooner.",
        "signpost": True,
    }
    days.receipts["researcher"] = police.tells(
        "release-decision", release(enquiry, "R. Bell, researcher", "withhold", **withhold)
    )
    police.awaits("receipt", follows=days.receipts["researcher"]["id"])
    police.tells("release-decision", release(enquiry, SERGEANT, "withhold", **withhold))
    bound_over = police.awaits("approval-request", _about(BOUND_OVER), **to)
    police.tells("release-decision", release(bound_over, SERGEANT, "release_sanitised"))
    bruise = gp.awaits("approval-request", _about(BRUISE), **to)
    gp.tells("release-decision", reworded(bruise, DOCTOR, GP_WORDS))
    _release(days, "school", TEACHER, BELT, **to)
    _release(days, "health_visiting", NURSE, ASKED_WHERE, **to)
    product = borough["csc_assessment_team"].awaits("product", referral_id=kira)
    receipt = received(product, "C. Dunn, assessment desk")
    borough["csc_assessment_team"].tells("delivery-receipt", receipt)
    borough.settles()


def _about(text: str) -> Any:
    return lambda letter: letter["item"]["original"] == text


def _release(days: Days, agency: str, who: str, text: str, **to: Any) -> None:
    """Approve the sanitised words."""
    desk = days.borough[agency]
    approval = desk.awaits("approval-request", _about(text), **to)
    desk.tells("release-decision", release(approval, who, "release_sanitised"))


def _kira_is_rated_red(days: Days) -> None:
    borough, kira = days.borough, days.referral("kira")
    lead = borough["childrens_social_care"]
    news = lead.letters("what-is-new", referral_id=kira)[-1]
    red = rating(news, "red", "A belt, a bruise, and he looks for them.", level="none")
    lead.tells("rating-decision", red)
    for team in FRONT_LINE:
        product = borough[team].awaits("product", referral_id=kira)
        borough[team].tells("delivery-receipt", received(product, f"Desk of {team}"))
    borough.settles()


FRONT_LINE: Sequence[str] = ("csc_duty_team", "police_cait")


def _owners_decide_again(days: Days) -> None:
    """About what follows the Red's first product."""
    for team in FRONT_LINE:
        to = {"referral_id": days.referral("kira"), "recipient": team}
        _release(days, "school", TEACHER, BELT, **to)
        _release(days, "gp", DOCTOR, BRUISE, **to)
        _release(days, "health_visiting", NURSE, ASKED_WHERE, **to)
        _release(days, "police", SERGEANT, BOUND_OVER, **to)
    for team in FRONT_LINE:
        days.borough[team].awaits("product", lambda one: len(one["items"]) > 1)
    days.borough.settles()


def _the_doctor_wants_it_back(days: Days) -> None:
    """The duty team destroys it; CAIT does not answer."""
    borough, kira = days.borough, days.referral("kira")
    gp, team = borough["gp"], borough["csc_duty_team"]
    approval = gp.letters("approval-request", referral_id=kira)[0]
    head = {name: approval[name] for name in ("referral_id", "case_id")}
    ruling = {"ruling": "recall", "decided_by": DOCTOR, "reason": ANOTHERS}
    gp.tells("item-decision", {**head, "item_id": approval["item"]["item_id"], **ruling})
    recall = team.awaits("product-recall")
    head = {name: recall[name] for name in ("product_id", "case_id", "recall_id")}
    team.tells("recall-receipt", {**head, "status": "destroyed", "answered_by": "J. Poole"})
    gp.awaits("recall-answer")
    borough.settles()


def _kira_is_closed(days: Days) -> None:
    borough, kira = days.borough, days.referral("kira")
    lead = borough["childrens_social_care"]
    news = lead.letters("what-is-new", referral_id=kira)[-1]
    told = "The duty team sees Kira today. Please tell nobody where she is."
    lead.tells("outcome-decision", outcome(news, "front_line_team", told, to="csc_duty_team"))
    borough["school"].awaits("referral-outcome", referral_id=kira)
    days.receipts["not theirs"] = borough["gp"].tells(
        "rating-decision", rating(news, "blue", "Nothing seen.", decided_by=DOCTOR)
    )
    borough.settles()
