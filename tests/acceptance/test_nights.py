"""What people get when others do not answer, change their minds or disagree: the hours pass by a
clock that is set by hand, and each story ends with words that a person read.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from ops.demo.borough import Borough, Letter, NeverCame
from ops.demo.night import red_night
from ops.demo.simulation.answers import DECISION_MAKER, SOCIAL_WORKER
from ops.look import reds
from schemas.notification import Receipt

Data = dict[str, Any]
LEAD, DUTY, CAIT, TEAM = (
    "childrens_social_care",
    "csc_duty_team",
    "police_cait",
    "csc_assessment_team",
)
LONDON = ZoneInfo("Europe/London")
WILF: Data = {
    "name": [{"given_name": ["Wilf"], "family_name": ["Tranter"]}],
    "date_of_birth": {"date": "2019-05-04"},
    "identifier": [{"value": "9990000026", "system": "https://fhir.nhs.uk/Id/nhs-number"}],
    "address": [{"line1": "3 Tan Yard", "city": "Exampleton", "postcode": "BD53 2HT"}],
}
SLAPPED = "Wilf has a hand-shaped bruise on the cheek. He says his father slapped him."
MANAGER = {"role": "Duty manager", "reach": "01632 960102"}
HEAD = {"role": "Ada Sample, head of service", "reach": "01632 960120"}
HUB_DESK = "MASH manager, 01632 960102"


def when(text: str) -> dt.datetime:
    """A moment by the borough's clocks."""
    return dt.datetime.fromisoformat(text).replace(tzinfo=LONDON).astimezone(dt.UTC)


class Desks:
    """Everybody's desks: what they send, and what they have read."""

    def __init__(self, borough: Borough) -> None:
        self.borough = borough

    def notify(self, agency: str, narrative: str, **more: Any) -> Receipt:
        """A concern about Wilf."""
        at = (self.borough.at - dt.timedelta(minutes=20)).isoformat()
        said = {"reference": "W-1", "observed_at": at, "subject": WILF, "narrative": narrative}
        return self.borough.send(agency, "mash.notification.v1", data=said | more)

    def letters(self, whose: str, kind: str, /, **fields: object) -> list[Data]:
        """What those of a kind say that an agency has read, the newest last."""
        return [one["data"] for one in self.borough.got(whose, f"mash.{kind}.v1", **fields)]

    def awaits(self, whose: str, kind: str, /, **fields: object) -> Data:
        """The first of them, once the clocks have brought it."""
        found = f"mash.{kind}.v1"
        came = self.borough.wait(lambda: next(self.borough.got(whose, found, **fields), None))
        data: Data = came["data"]
        return data

    def escalated(self, whose: str, kind: str, to: Data, /, **fields: object) -> Data:
        """The letter that tells this one of the chain."""
        got = partial(self.borough.got, whose, f"mash.{kind}.v1", **fields)

        def found() -> Letter | None:
            told = ((one, one["data"].get("escalated_to") or {}) for one in got())
            return next((one for one, who in told if to.items() <= who.items()), None)

        data: Data = self.borough.wait(found)["data"]
        return data

    def hears_no_more(self, whose: str, kind: str, /, *, days: int, **fields: object) -> None:
        """Of these letters none comes after those that have come."""
        got = partial(self.borough.got, whose, f"mash.{kind}.v1", **fields)
        had = len([*got()])
        with pytest.raises(NeverCame):
            self.borough.wait(lambda: next(iter([*got()][had:]), None), days=days)

    def tells(self, agency: str, kind: str, letter: Data, *names: str, **said: Any) -> None:
        """An answer to a letter, with these of its fields."""
        sent = {name: letter[name] for name in names} | said
        receipt = self.borough.send(agency, f"mash.{kind}.v1", data=sent)
        assert receipt.status == "accepted", receipt

    def decides(self, kind: str, id_: str | None, why: str, **said: Any) -> None:
        """The social worker decides on the picture that was shown last."""
        shown = [
            one["data"]
            for one in self.borough.letters
            if one["subject"] == LEAD
            and one["data"].get("referral_id") == id_
            and one["data"].get("picture")
        ][-1]
        saw = [{name: shown["picture"][name] for name in ("id", "digest")}]
        decided = {"decided_by": SOCIAL_WORKER, "rationale": why, "saw": saw}
        self.tells(LEAD, kind, shown, "referral_id", "case_id", **decided, **said)

    def rates(self, id_: str | None, colour: str, **said: Any) -> None:
        self.decides("rating-decision", id_, "As shown.", colour=colour, **said)

    def has(self, agency: str, product: Data, who: str, status: str = "received") -> None:
        """Somebody there says so of a product, or gives it back."""
        said = {"status": status, "received_by": who}
        self.tells(agency, "delivery-receipt", product, "product_id", "case_id", **said)

    def nobody_has(self) -> int:
        """What ``hub reds`` pages people about."""
        found = reds.lately(self.borough.hub, days=7, at=self.borough.at)
        return sum(one.nobody_has_it for one in found)


@pytest.fixture
def desks(tmp_path: Path) -> Iterator[Desks]:
    """The sample borough on a Friday at twenty to six."""
    borough = Borough.opened(tmp_path / "hub", at=when("2026-11-27T17:40"))
    yield Desks(borough)
    borough.close()


def about_wilf(letter: Data) -> bool:
    """Whether a letter says whom it is about so that he cannot be taken for another."""
    about = letter["about"]
    (name,) = about["names"]
    said = (name["given_name"], name["family_name"], about["born"]["date"])
    return said == (["Wilf"], ["Tranter"], "2019-05-04") and bool(about["identifiers"])


def test_a_red_that_nobody_opens_is_told_to_one_after_the_other_until_one_takes_it(
    desks: Desks,
) -> None:
    id_ = desks.notify("gp", SLAPPED, urgent=True).id
    warned = desks.awaits(LEAD, "due-time-warning", clock="possible_red")
    assert warned["says"] == (
        "It may be a Red, and nobody has opened it: have a social worker open and rate it now."
    )
    first = desks.awaits(LEAD, "alarm", referral_id=id_, times=1)
    assert about_wilf(first)
    assert first["says"] == "It may be a Red, and nobody has opened it in time."
    assert first["to_do"] == "Have a social worker open and rate it now."
    assert (first["told"], first["next_told"]) == (MANAGER, HEAD)
    assert desks.borough.at == when("2026-11-27T17:55")
    second = desks.awaits(LEAD, "alarm", referral_id=id_, times=2)
    assert second["told"] == HEAD
    desks.awaits(LEAD, "alarm", referral_id=id_, times=3)
    assert desks.nobody_has() == 1
    names = ("alarm_id", "subject_id", "case_id")
    desks.tells(LEAD, "alarm-receipt", second, *names, taken_by="Ada Sample")
    assert desks.nobody_has() == 0
    desks.hears_no_more(LEAD, "alarm", days=1)


def test_a_red_that_is_given_back_goes_to_the_next_and_people_are_told(desks: Desks) -> None:
    id_ = desks.notify("gp", SLAPPED, urgent=True).id
    desks.rates(id_, "red", for_front_line="He is with his gran tonight.")
    (product,) = desks.letters(DUTY, "product")
    assert about_wilf(product)
    assert product["about"]["address"][0]["line1"] == "3 Tan Yard"
    assert product["alleged"].startswith("The sender says that it is urgent.")
    assert [one["text"] for one in product["items"]] == ["He is with his gran tonight."]
    assert [one["contact"] for one in product["signposts"]] == [
        "Named GP for safeguarding, 01632 960105"
    ]
    assert product["to_do"] == (
        "Act on it at once, and send a delivery receipt that says who has it."
    )
    assert (product["due_at"], product["contact"]) == ("2026-11-27T18:40:00Z", HUB_DESK)
    (red,) = reds.lately(desks.borough.hub, days=7, at=desks.borough.at)
    assert "csc_duty_team: fetched" in red.where
    desks.has(DUTY, product, "Duty desk", "refused")
    (alarm,) = desks.letters(LEAD, "alarm")
    assert "Children's Social Care Duty Team" in alarm["says"]
    assert "Duty desk, 01632 960112" in alarm["to_do"]
    (instead,) = desks.letters(TEAM, "product")
    assert [one["text"] for one in instead["items"]] == ["He is with his gran tonight."]
    assert instead["about"] == product["about"]
    desks.has(TEAM, instead, "T. Sample")
    assert desks.nobody_has() == 0


def test_an_owner_that_says_nothing_is_chased_and_the_rest_goes_without_it(desks: Desks) -> None:
    id_ = desks.notify("housing", "No food in the flat; Wilf is often hungry.").id
    desks.rates(id_, "amber", level="none")
    owed = (
        "A decision whether an item of Sample Housing may go to Children's Social Care Assessment "
        "Team for this: section 17 assessment."
    )
    chased = desks.awaits("housing", "owed", clock="approval", moment="chased")
    assert about_wilf(chased)
    assert (chased["owed"], chased["contact"]) == (owed, HUB_DESK)
    assert chased["next"].startswith("If it has not come by ")
    told = desks.escalated(LEAD, "owed", MANAGER, clock="approval")
    assert (told["owed"], told["contact"]) == (owed, "Tenancy safeguarding officer, 01632 960109")
    desks.escalated(LEAD, "owed", HEAD, clock="approval")
    product = desks.awaits(TEAM, "product")
    assert product["items"] == []
    assert [one["contact"] for one in product["signposts"]] == [
        "Tenancy safeguarding officer, 01632 960109"
    ]


def test_a_red_that_is_rated_down_is_told_to_who_has_it_and_to_nobody_else(desks: Desks) -> None:
    id_ = desks.notify("police", SLAPPED, urgent=True).id
    desks.rates(id_, "red")
    for agency in (DUTY, CAIT):
        desks.has(agency, desks.letters(agency, "product")[0], "Somebody")
    desks.borough.at += dt.timedelta(hours=2)
    desks.rates(id_, "amber")
    (change,) = desks.letters(CAIT, "product-changed")
    assert about_wilf(change)
    assert change["changed"] == "The rating was lowered from Red to Amber."
    assert change["to_do"] == (
        "What you have stands no more: do nothing further for it alone, and ring the hub about "
        "what you have begun. Others act on this rating; where a product for it comes to you too, "
        "act on that."
    )
    assert change["contact"] == HUB_DESK
    names = ("referral_id", "case_id", "change_id")
    desks.tells(CAIT, "change-receipt", change, *names, received_by="D.S. Sample")
    told = desks.escalated(LEAD, "owed", MANAGER, agency=DUTY)
    assert told["owed"] == "Word that a person knows what has changed since a product was sent."
    assert told["contact"] == "Duty desk, 01632 960112"
    assert not desks.letters(CAIT, "owed", subject_id=change["change_id"])
    told_of_it = {one["subject"] for one in desks.borough.letters if "changed" in one["data"]}
    assert told_of_it == {DUTY, CAIT}
    (red,) = reds.lately(desks.borough.hub, days=7, at=desks.borough.at)
    assert (red.what, red.where) == ("red", "rated amber by a person")


def test_a_difference_of_opinion_goes_up_on_both_sides_until_it_is_decided(desks: Desks) -> None:
    id_ = desks.notify("gp", SLAPPED).id
    desks.rates(id_, "green")
    view = {
        "reference": "W-1",
        "disputes": "rating",
        "profession": "general practitioner",
        "view": "It is the third bruise since the summer.",
        "asks_for": "Rate it Red.",
        "raised_by": "Dr N. Rao",
    }
    opened = desks.borough.send("gp", "mash.disagreement.v1", data=view)
    (to_lead,), (to_gp,) = (desks.letters(one, "disagreement-opened") for one in (LEAD, "gp"))
    assert (to_lead["view"], to_lead["asks_for"]) == (view["view"], view["asks_for"])
    assert to_lead["next"] == (
        "You decide by Tuesday 1 December 2026, 17:00. If nothing has come by then, it goes up: "
        "Duty manager and whoever answers for Sample General Practices are told next."
    )
    assert to_gp["next"].startswith("Sample Children's Social Care decides by Tuesday 1 December")
    assert desks.letters(LEAD, "what-is-new")[-1]["news"] == [
        "Sample General Practices disagrees with the rating."
    ]
    desks.escalated(LEAD, "owed", MANAGER, clock="disagreement")
    desks.escalated("gp", "owed", {"agency": "gp"}, clock="disagreement")
    told = "It is looked at again by the head of service."
    decided = {"disagreement_id": opened.id, "verdict": "partly", "may_be_told": told}
    desks.decides("disagreement-decision", id_, "It is.", **decided)
    (ended,) = desks.letters("gp", "disagreement-ended")
    assert (ended["said"], ended["contact"]) == (told, HUB_DESK)
    assert "If you still disagree, say so again, or ring." in ended["next"]


def test_a_wrong_handover_is_taken_back_and_the_team_says_that_it_keeps_nothing(
    desks: Desks,
) -> None:
    case = {
        "reference": "ICS-77",
        "child": WILF,
        "worker": {"name": "D. Wells", "team": TEAM, "case_reference": "ICS-77"},
        "since": "2026-05-01",
    }
    desks.borough.send(LEAD, "mash.open-case.v1", data=case)
    id_ = desks.notify("school", "Wilf was not collected until half past five.").id
    (handed,) = desks.letters(TEAM, "handover")
    assert about_wilf(handed)
    assert handed["contact"] == HUB_DESK
    desks.decides("handover-decision", id_, "Another Wilf Tranter.", action="take_back")
    (back,) = desks.letters(TEAM, "handover-recall")
    assert back["to_do"].startswith("Do not act on it. Destroy what you have of it")
    told = desks.escalated(LEAD, "owed", MANAGER, agency=TEAM)
    assert told["contact"] == "Assessment desk, 01632 960114"
    said = {"status": "given_up", "received_by": "D. Wells"}
    desks.tells(TEAM, "handover-receipt", back, "referral_id", "case_id", **said)
    desks.hears_no_more(LEAD, "owed", days=2, agency=TEAM)
    assert desks.letters(LEAD, "rating-request", referral_id=id_), "the hub has it again"


def test_a_school_is_told_before_its_next_school_day_no_more_than_it_needs(desks: Desks) -> None:
    """Of a Thursday afternoon: the police have until the school opens, and not a working day."""
    desks.borough.at = when("2026-12-03T15:00")
    at_school = WILF | {"school": {"name": "Harcourt Primary School", "urn": "123456"}}
    row = "Domestic abuse incident at the home: mother was pushed. Wilf was upstairs."
    desks.notify("police", row, subject=at_school, concern=["domestic-abuse"])
    (asked,) = desks.letters("police", "approval-request", recipient="school")
    assert asked["due_at"] == "2026-12-04T08:30:00Z"
    chased = desks.awaits("police", "owed", clock="approval", moment="warned")
    assert desks.borough.at < when("2026-12-04T08:30")
    assert "an item of Sample Police may go to Sample Schools" in chased["owed"]
    names = ("referral_id", "product_id", "case_id", "recipient", "purpose")
    item = {"item_id": asked["item"]["item_id"], "digest": asked["item"]["sanitised_digest"]}
    says = {"choice": "release_sanitised", "decided_by": DECISION_MAKER}
    desks.tells("police", "release-decision", asked, *names, **item, **says)
    (notice,) = desks.letters("school", "school-notice")
    assert {*notice["about"]} == {"names", "born"}
    assert notice["says"].startswith("There was an incident of domestic abuse in the child's house")
    assert not any(word in str(notice) for word in ("mother", "pushed", "Tan Yard"))
    assert notice["contact"] == HUB_DESK
    desks.has("school", notice, "H. Alder, head")


def test_whoever_told_of_it_hears_within_a_working_day_what_was_decided(desks: Desks) -> None:
    receipt = desks.notify("school", "Wilf came hungry again, and in wet clothes.")
    assert receipt.next == (
        "A social worker reads it and decides what the child needs. By Monday 30 November 2026, "
        "17:00 you are told what was decided."
    )
    owed = desks.awaits(LEAD, "owed", clock="referrer", moment="warned")
    assert owed["owed"].startswith("Whoever brought the concern is to be told what was decided")
    assert desks.borough.at < when("2026-11-30T17:00")
    words = "The assessment team rings you tomorrow about what you have seen."
    desks.rates(receipt.id, "amber", may_be_told=words)
    (told,) = desks.letters("school", "referral-decision")
    assert about_wilf(told)
    assert (told["reference"], told["may_be_told"]) == ("W-1", words)
    assert (told["contact"], "asks for the duty manager" in told["disagree"]) == (HUB_DESK, True)
    assert not any(colour in str(told).lower() for colour in ("amber", "neglect"))
    assert not desks.letters(LEAD, "owed", clock="referrer", moment="chased")


def test_each_story_of_the_demonstrations_red_night_ends_at_a_person(tmp_path: Path) -> None:
    stories, came_to = red_night(tmp_path / "hub")
    assert [story.title for story in stories if story.ended_at is None] == []
    assert came_to["nobody_has_it"] == 0
    assert (
        stories[-1]
        .told[-1]
        .endswith("decides, and the police are told: It is rated Red again until he is found.")
    )
