"""A Red night: what nobody opens, is refused, waits for a silent owner, is rated down or disputed
ends at a person. The people are invented; every word that is told came in a letter of the hub's.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from ops.demo.borough import Borough, Letter, NeverCame
from ops.demo.simulation.answers import SOCIAL_WORKER
from ops.look import reds

BEGINS: Final = dt.datetime(2026, 11, 27, 17, 40, tzinfo=ZoneInfo("Europe/London"))
"""A Friday."""
_LEAD, _DUTY, _CAIT = "childrens_social_care", "csc_duty_team", "police_cait"
_DUTY_MANAGER, _HEAD = "Duty manager", "Ada Sample, head of service"
_ASSESSMENT, _POLICE, _SCHOOL = "csc_assessment_team", "police", "school"


@dataclass(slots=True)
class Story:
    """What happened to one concern, as it was told to people, and with whom it ended."""

    title: str
    told: list[str] = field(default_factory=list)
    ended_at: str | None = None
    """None: it ended at nobody."""


@dataclass(slots=True)
class Night:
    """The stories of a night, one after the other."""

    borough: Borough
    stories: list[Story] = field(default_factory=list)
    child: str = ""
    """The referral about the child of whom all stories but one are."""

    def tell(self, words: str) -> None:
        """Add what happened now to the story that is told."""
        at = self.borough.at.astimezone(BEGINS.tzinfo)
        self.stories[-1].told.append(f"{at:%a %H:%M}  {words}")

    def ends(self, who: str) -> None:
        """The story ended at a person."""
        self.stories[-1].ended_at = who

    def letter(self, agency: str, type_: str, **fields: object) -> Letter:
        """Wait for a letter. Raises ``NeverCame``."""
        return self.borough.wait(lambda: next(self.borough.got(agency, type_, **fields), None))

    def alarm(self, referral_id: str, *, times: int, after: int = 0) -> Letter:
        """The alarm about a referral that is told for this time, of those after the first so many.

        Raises ``NeverCame``.
        """

        def found() -> Letter | None:
            same = partial(self.borough.got, _LEAD, "mash.alarm.v1", referral_id=referral_id)
            came = [one for one in same(times=times) if one not in self.borough.letters[:after]]
            return next(iter(came), None)

        came = self.borough.wait(found)
        self.tell(f"{came['data']['told']['role']} is told: {came['data']['says']}")
        return came

    def escalated(self, referral_id: str, clock: str, *, role: str | None = None) -> Letter:
        """The letter that tells one of a clock's chain, of this role, what is owed.

        Raises ``NeverCame``.
        """

        def found() -> Letter | None:
            fields = {"referral_id": referral_id, "clock": clock, "moment": "escalated"}
            every = self.borough.got(_LEAD, "mash.owed.v1", **fields)
            told = (one for one in every if role in (None, one["data"]["escalated_to"]["role"]))
            return next(told, None)

        return self.borough.wait(found, days=7)

    def take(self, alarm: Letter, who: str) -> None:
        """Somebody takes an alarm."""
        data = {name: alarm["data"].get(name) for name in ("alarm_id", "subject_id", "case_id")}
        self.borough.send(_LEAD, "mash.alarm-receipt.v1", data={**data, "taken_by": who})
        self.tell(f"{who} takes it.")

    def notify(self, agency: str, reference: str, *, narrative: str, **more: Any) -> str:
        """An agency brings a concern about an invented child; answers the referral's id."""
        given, family = more.pop("child")
        number = more.pop("number")
        data = {
            "reference": reference,
            "observed_at": (self.borough.at - dt.timedelta(minutes=20)).isoformat(),
            "subject": {
                "name": [{"given_name": [given], "family_name": [family]}],
                "date_of_birth": {"date": "2019-05-04", "accuracy_indicator": "AAA"},
                "identifier": [
                    {"value": number, "system": "https://fhir.nhs.uk/Id/nhs-number"},
                ],
            },
            "narrative": narrative,
            **more,
        }
        receipt = self.borough.send(agency, "mash.notification.v1", data=data)
        assert receipt.id is not None
        return receipt.id

    def rate(self, referral_id: str, colour: str, *, why: str, **more: Any) -> None:
        """A social worker rates on the picture that was shown last."""
        data = {**self.decision(referral_id, why), "colour": colour, **more}
        self.borough.send(_LEAD, "mash.rating-decision.v1", data=data)
        self.tell(f"A social worker rates it {colour}.")

    def confirm(self, product: Letter, who: str, *, status: str = "received") -> None:
        """Somebody of its recipient says that they have a product, or gives it back."""
        data = {name: product["data"][name] for name in ("product_id", "case_id")}
        said = {**data, "status": status, "received_by": who}
        self.borough.send(product["subject"], "mash.delivery-receipt.v1", data=said)
        does = "has it" if status == "received" else "gives it back"
        self.tell(f"{who} ({product['subject']}) {does}.")

    def decision(self, referral_id: str, why: str) -> dict[str, Any]:
        """What every decision about a referral says, on the picture that was shown last."""
        shown = [
            one["data"]
            for one in self.borough.letters
            if one["subject"] == _LEAD
            and one["data"].get("referral_id") == referral_id
            and one["data"].get("picture")
        ]
        picture = shown[-1]["picture"]
        return {
            "referral_id": referral_id,
            "case_id": shown[-1]["case_id"],
            "decided_by": SOCIAL_WORKER,
            "rationale": why,
            "saw": [{"id": picture["id"], "digest": picture["digest"]}],
        }


def _unopened(night: Night) -> None:
    """A possible Red that nobody opens."""
    referral_id = night.notify(
        _POLICE,
        "NIGHT-1",
        narrative="Officers found the child alone with a bleeding head. "
        "The mother's partner hit him.",
        child=("Rowan", "Nightingale"),
        number="9990000018",
        urgent=True,
    )
    night.tell("The police report a child who was hit, and say that it is urgent. Nobody opens it.")
    night.alarm(referral_id, times=1)
    head = night.alarm(referral_id, times=2)
    night.take(head, head["data"]["told"]["role"])
    night.ends(head["data"]["told"]["role"])
    night.child = referral_id


def _refused(night: Night) -> None:
    """A Red that its first recipient gives back."""
    referral_id = night.child
    before = len(night.borough.letters)
    said = "He was hit on the head by his mother's partner, who lives with him."
    night.rate(referral_id, "red", why="Hit on the head, and he lives there.", concern=said)
    product = night.letter(_DUTY, "mash.product.v1")
    night.confirm(product, "Duty desk", status="refused")
    night.confirm(night.letter(_CAIT, "mash.product.v1"), "D.S. Sample")
    alarm = night.alarm(referral_id, times=1, after=before)
    following = night.letter(_ASSESSMENT, "mash.product.v1", colour="red")
    night.confirm(following, "T. Sample, assessment team")
    night.take(alarm, alarm["data"]["told"]["role"])
    night.ends("T. Sample, assessment team")


def _silent_owner(night: Night) -> None:
    """An owner who does not say whether its words may leave."""
    referral_id = night.notify(
        _SCHOOL,
        "NIGHT-3",
        narrative="She told her teacher that there is often nothing to eat, "
        "and that she minds the baby.",
        child=("Wren", "Fairweather"),
        number="9990000026",
    )
    night.rate(referral_id, "amber", why="Neglect of two children.", level="none")
    asked = night.letter(_SCHOOL, "mash.approval-request.v1", referral_id=referral_id)
    night.tell(f"{asked['subject']} is asked whether its words may leave, and says nothing.")
    for moment in ("warned", "chased"):
        owed = night.letter(_SCHOOL, "mash.owed.v1", referral_id=referral_id, moment=moment)
        night.tell(f"{_SCHOOL} is {moment}: {owed['data']['owed']}")
    for role in (_DUTY_MANAGER, _HEAD):
        night.escalated(referral_id, "approval", role=role)
        night.tell(f"{role} is told that the school owes a decision.")
    product = night.letter(_ASSESSMENT, "mash.product.v1", colour="amber")
    signposts = [one["contact"] for one in product["data"]["signposts"]]
    night.tell(f"It goes without the school's words; whom to ring: {', '.join(signposts)}.")
    night.confirm(product, "T. Sample, assessment team")
    night.ends(_HEAD)


def _rated_down(night: Night) -> None:
    """A Red that becomes an Amber once more is known."""
    referral_id = night.child
    night.rate(referral_id, "amber", why="He is safe with his grandmother, and no bone is broken.")
    for agency, who in ((_CAIT, "D.S. Sample"), (_ASSESSMENT, "T. Sample, assessment team")):
        change = night.letter(agency, "mash.product-changed.v1", referral_id=referral_id)
        night.tell(f"{agency} is told: {change['data']['changed']} {change['data']['to_do']}")
        told = {name: change["data"][name] for name in ("referral_id", "case_id", "change_id")}
        receipt = {**told, "received_by": who}
        night.borough.send(agency, "mash.change-receipt.v1", data=receipt)
        night.tell(f"{who} ({agency}) knows of it.")
    night.ends("T. Sample, assessment team")


def _disputed(night: Night) -> None:
    """A partner who holds that it is a Red still."""
    referral_id = night.child
    view = {
        "reference": "NIGHT-1",
        "disputes": "rating",
        "profession": "police officer",
        "view": "The man who hit him has a key to the grandmother's house.",
        "asks_for": "Rate it Red until he is found.",
        "raised_by": "P.C. Sample",
    }
    receipt = night.borough.send(_POLICE, "mash.disagreement.v1", data=view)
    night.tell("The police disagree with the rating; nobody answers.")
    who = night.escalated(referral_id, "disagreement")["data"]["escalated_to"]["role"]
    night.tell(f"{who} is told that a decision is owed.")
    data = night.decision(referral_id, "He has a key: it is not safe there yet.")
    decided = {
        **data,
        "disagreement_id": receipt.id,
        "verdict": "upheld",
        "may_be_told": "It is rated Red again until he is found.",
        "decided_by": who,
    }
    said = "The man who hit him has a key to the house where he is."
    night.rate(referral_id, "red", why="He has a key to where the child is.", concern=said)
    night.borough.send(_LEAD, "mash.disagreement-decision.v1", data=decided)
    ended = night.letter(_POLICE, "mash.disagreement-ended.v1", referral_id=referral_id)
    night.tell(f"{who} decides, and the police are told: {ended['data']['said']}")
    night.ends(who)


_STORIES: Final[tuple[tuple[str, Callable[[Night], None]], ...]] = (
    ("A possible Red that nobody opens", _unopened),
    ("A Red that its first recipient gives back", _refused),
    ("An owner who stays silent", _silent_owner),
    ("A Red that is rated down", _rated_down),
    ("A difference of opinion", _disputed),
)


def red_night(path: Path) -> tuple[Sequence[Story], dict[str, int]]:
    """The stories, and what they came to, in a store of their own at ``path``."""
    night = Night(Borough.opened(path, at=BEGINS.astimezone(dt.UTC)))
    try:
        for title, story in _STORIES:
            night.stories.append(Story(title))
            try:
                story(night)
            except NeverCame:
                night.tell("What was to come did not come.")
        return night.stories, _came_to(night)
    finally:
        night.borough.close()


def _came_to(night: Night) -> dict[str, int]:
    left = reds.lately(night.borough.hub, days=7, at=night.borough.at)
    return {
        "stories": len(night.stories),
        "ended_at_a_person": sum(one.ended_at is not None for one in night.stories),
        "reds": len(left),
        "nobody_has_it": sum(one.nobody_has_it for one in left),
    }
