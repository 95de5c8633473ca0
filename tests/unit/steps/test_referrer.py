"""Whoever brought a concern hears within a working day what was decided, and no more than they may
(L3).
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from router.steps.rate import decide as rate
from schemas.base import Notice
from schemas.decisions import OutcomeDecided, OutcomeDecision, RatingDecided, RatingDecision
from schemas.handover import HandoverMade
from schemas.letter import Letter
from schemas.outcome import ReferralOutcome
from schemas.owed import (
    ClockChased,
    ClockClosed,
    ClockEscalated,
    ClockWarned,
    Owed,
    OwedNotice,
)
from schemas.person import PartialDate
from schemas.policy import Policy
from schemas.rating import Colour, RatingAssigned
from schemas.referrer import MadeBy, ReferralDecision, ReferrerWords
from tests.support import given
from tests.support.given import NOON, Given, on_picture

HOUR = dt.timedelta(hours=1)
CSC = "childrens_social_care"
NEVER = ("red", "amber", "green", "blue", "rated", "police", "health", "register", "known")
"""What no sentence of the profile's says to who brings a concern."""


def rated(colour: Colour = Colour.AMBER, **changes: Any) -> RatingDecided:
    told = {
        "referral_id": "ref-1",
        "case_id": "case-1",
        "colour": colour,
        "decided_by": "S. Worker",
        "rationale": "The mother's partner hit him, as the GP and the refuge say",
    }
    decision = RatingDecision.model_validate(told | changes)
    return on_picture(RatingDecided(agency=CSC, decision=decision))


def concluded(may_be_told: str = "Early help will ring.") -> OutcomeDecided:
    decision = OutcomeDecision(
        referral_id="ref-1",
        case_id="case-1",
        outcome="early_help",
        may_be_told=may_be_told,
        decided_by="S. Worker",
        rationale="As seen",
    )
    return on_picture(OutcomeDecided(agency=CSC, decision=decision))


def brought(made_by: str = "professional", policy: Policy | None = None, **changes: Any) -> Given:
    concern = given.notification(made_by=made_by)
    return Given(rate.STEP, policy).given(given.linked(notification=concern, **changes))


def told(letters: tuple[Letter, ...], kind: type[Notice] = ReferralDecision) -> list[Letter]:
    return [one for one in letters if isinstance(one.notice, kind)]


def words(letters: tuple[Letter, ...]) -> str:
    (letter,) = told(letters)
    assert isinstance(letter.notice, ReferralDecision)
    return letter.notice.may_be_told


def test_a_professional_is_told_in_words_that_give_nothing_away_and_how_to_disagree() -> None:
    (letter,) = told(brought().when(rated(Colour.RED), at=NOON + HOUR).letters)
    assert letter.agency == "police"
    assert letter.notice == ReferralDecision(
        referral_id="ref-1",
        case_id="case-1",
        reference="R-1",
        may_be_told="A social worker has read your concern and has decided what happens next. You "
        "are told again when there is an outcome. Go on as your own procedures say, and tell the "
        "hub at once of anything new.",
        decided_at=NOON + HOUR,
        contact="childrens_social_care duty desk",
        disagree="Whoever disagrees with this rings the number in this letter, asks for the duty "
        "manager and says why: it is written down as their own view, and looked at.",
    )


def test_a_member_of_the_public_hears_by_the_agency_that_took_the_report() -> None:
    (letter,) = told(brought("public", agency="helpline").when(rated(Colour.RED)).letters)
    assert letter.agency == "helpline"
    assert isinstance(letter.notice, ReferralDecision)
    assert letter.notice.made_by is MadeBy.PUBLIC
    assert letter.notice.explanation == (
        "These words are for the member of the public who told you: pass on these and nothing "
        "else, and only where it is safe to reach them."
    )
    assert letter.notice.may_be_told == (
        "A social worker has read what you told us and has decided what happens next. To keep "
        "everybody's private life private, we cannot tell you more. Please tell us at once if you "
        "see or hear anything new. Thank you for speaking up."
    )


def test_an_anonymous_one_is_told_nothing_whatever_the_decider_says() -> None:
    step = brought("anonymous")
    outcome = step.when(rated(may_be_told="The duty team sees him today."))
    assert told(outcome.letters) == []
    (fact,) = given.of(RatingAssigned, outcome.facts)
    assert (fact.told, fact.may_be_told) == (None, None)
    assert told(step.when(concluded()).letters, ReferralOutcome) == []


@pytest.mark.parametrize("made_by", ["professional", "public"])
def test_no_sentence_of_the_profile_says_a_colour_a_reason_or_who_knows_the_child(
    made_by: str,
) -> None:
    for colour in Colour:
        said = words(brought(made_by).when(rated(colour)).letters).casefold().split()
        assert not {word.strip(".,:;") for word in said} & {*NEVER}


@pytest.mark.parametrize(
    ("made_by", "said"),
    [
        ("professional", "The duty team sees him today."),
        ("public", "The duty team sees him today."),
    ],
)
def test_the_decider_says_what_they_are_told(made_by: str, said: str) -> None:
    outcome = brought(made_by).when(rated(may_be_told=said))
    assert words(outcome.letters) == said
    (fact,) = given.of(RatingAssigned, outcome.facts)
    assert (fact.told, fact.may_be_told) == ("police", said)


def test_the_decider_says_it_to_each_kind_in_other_words() -> None:
    said = {"professional": "Early help rings the mother.", "public": "We look after it."}
    for made_by, told_so in said.items():
        assert words(brought(made_by).when(rated(may_be_told=said)).letters) == told_so


def test_who_has_no_words_of_the_decider_has_the_profiles() -> None:
    said = {"professional": "Early help rings the mother."}
    heard = words(brought("public").when(rated(may_be_told=said)).letters)
    assert heard == ReferrerWords().decided_for(MadeBy.PUBLIC)


def test_a_later_rating_tells_them_only_in_words_of_its_decider() -> None:
    step = brought().given(rated(Colour.AMBER))
    assert told(step.when(rated(Colour.GREEN)).letters) == []
    again = step.when(rated(Colour.RED, may_be_told="The duty team sees him now."))
    assert words(again.letters) == "The duty team sees him now."


def test_words_that_are_given_with_the_same_rating_afterwards_are_told_once() -> None:
    step = brought().given(rated(Colour.AMBER))
    later = rated(Colour.AMBER, may_be_told="The duty team sees him today.")
    assert words(step.when(later).letters) == "The duty team sees him today."
    assert step.when(later).letters == ()


def test_the_profile_has_sentences_of_its_own() -> None:
    own = ReferrerWords.model_validate({"decided": {"professional": "We have it in hand."}})
    profile = given.profile().model_copy(update={"referrers": own})
    policy = given.policy(profile_=profile)
    assert words(brought(policy=policy).when(rated()).letters) == "We have it in hand."
    public = words(brought("public", policy).when(rated()).letters)
    assert public == ReferrerWords().decided_for(MadeBy.PUBLIC)


def test_no_profile_has_anything_said_to_an_anonymous_one() -> None:
    said = {"anonymous": "We look after it."}
    own = ReferrerWords.model_validate({"decided": said, "handed_over": said})
    policy = given.policy(profile_=given.profile().model_copy(update={"referrers": own}))
    assert told(brought("anonymous", policy).when(rated()).letters) == []
    concern = given.notification(made_by="anonymous")
    linked = given.linked(notification=concern, allocated_to=given.worker())
    assert told(Given(rate.STEP, policy).when(linked).letters) == []


# Its clock


def hours(outcome_at: dt.datetime, step: Given) -> Any:
    return step.when(given.elapsed("rate", outcome_at))


def owed_facts(facts: Any) -> list[Owed]:
    return [one for one in facts if isinstance(one, Owed) and one.clock == "referrer"]


def test_the_clock_warns_chases_and_goes_up_to_a_person_until_they_are_told() -> None:
    step = brought()
    heard: list[tuple[type, str, str | None]] = []
    at = NOON
    for _ in range(20):
        at = at + dt.timedelta(hours=6)
        outcome = hours(at, step)
        for fact in owed_facts(outcome.facts):
            (letter,) = (
                one
                for one in told(outcome.letters, OwedNotice)
                if getattr(one.notice, "moment", None) == type(fact).__name__[5:].casefold()
            )
            assert isinstance(letter.notice, OwedNotice)
            up = letter.notice.escalated_to
            heard.append((type(fact), letter.agency, up.role if up else None))
    assert heard == [
        (ClockWarned, CSC, None),
        (ClockChased, CSC, None),
        (ClockEscalated, CSC, "Duty manager"),
        (ClockEscalated, CSC, "Ada Sample, head of service"),
    ]


def test_the_reminder_says_what_is_owed_and_nothing_of_the_child() -> None:
    step = brought()
    outcome = hours(NOON + 26 * HOUR, step)
    (letter,) = told(outcome.letters, OwedNotice)
    assert isinstance(letter.notice, OwedNotice)
    assert letter.notice.owed == (
        "Whoever brought the concern is to be told what was decided: who rates it says in which "
        "words."
    )
    assert letter.notice.since == NOON


def test_once_they_are_told_nobody_is_reminded() -> None:
    step = brought().given(rated(Colour.AMBER))
    for day in range(1, 9):
        assert owed_facts(hours(NOON + dt.timedelta(days=day), step).facts) == []


def test_a_profile_without_the_clock_tells_them_all_the_same() -> None:
    allowed = {k: v for k, v in given.profile().allowed.items() if k != "referrer"}
    profile = given.profile().model_copy(update={"allowed": allowed})
    step = brought(policy=given.policy(profile_=profile))
    assert owed_facts(hours(NOON + 48 * HOUR, step).facts) == []
    assert told(step.when(rated()).letters)


def test_the_clock_of_an_anonymous_one_is_closed_with_its_reason() -> None:
    step = brought("anonymous")
    (fact,) = given.of(ClockClosed, step.facts)
    assert (fact.clock, fact.agency) == ("referrer", CSC)
    assert fact.reason == "Who brought it gave no name: there is nobody to tell."
    assert owed_facts(hours(NOON + 48 * HOUR, step).facts) == []


def test_the_clock_of_an_adult_matter_is_closed_as_its_sender_is_told_so() -> None:
    born = PartialDate(date=dt.date(1981, 3, 3))
    concern = given.notification(subject=given.child().model_copy(update={"date_of_birth": born}))
    step = Given(rate.STEP).given(given.linked(notification=concern))
    (fact,) = given.of(ClockClosed, step.facts)
    assert fact.reason == "It is an adult matter: who brought it was told so."


def test_who_brought_what_a_worker_has_is_told_at_once_that_the_childs_own_team_has_it() -> None:
    step = Given(rate.STEP)
    outcome = step.when(given.linked(allocated_to=given.worker()))
    assert words(outcome.letters) == (
        "The child has a social worker already: the child's own team was given your concern at "
        "once, and decides what happens next. Tell the hub at once of anything new."
    )
    (fact,) = given.of(ClockClosed, outcome.facts)
    assert fact.reason == "The child's own team has it: who brought it was told so."


def test_who_was_told_that_a_team_has_it_is_not_told_so_again_where_another_team_has() -> None:
    step = brought(allocated_to=given.worker(), letter_id="letter-1")
    other = given.worker().model_copy(update={"name": "Another Worker"})
    moved = given.corrected(revision=1)
    moved = moved.model_copy(update={"allocated_to": other, "letter_id": "letter-2"})
    outcome = step.when(moved)
    assert given.of(HandoverMade, [one.notice for one in outcome.letters])
    assert told(outcome.letters) == []
    assert outcome.facts == ()


@pytest.mark.parametrize(("made_by", "closed"), [("professional", 1), ("anonymous", 0)])
def test_a_clock_that_ran_until_a_team_has_it_is_closed_as_it_was_and_no_other(
    made_by: str, closed: int
) -> None:
    step = Given(rate.STEP)
    first = step.when(given.linked(notification=given.notification(made_by=made_by)))
    assert len(given.of(ClockClosed, first.facts)) == 1 - closed
    moved = given.corrected(revision=1).model_copy(
        update={"allocated_to": given.worker(), "letter_id": "letter-2"}
    )
    facts = given.of(ClockClosed, step.when(moved, at=NOON + 3 * HOUR).facts)
    assert [fact.since for fact in facts if fact.clock == "referrer"] == [NOON] * closed


def test_a_member_of_the_public_is_not_told_that_the_child_has_a_worker() -> None:
    concern = given.notification(made_by="public")
    outcome = Given(rate.STEP).when(given.linked(notification=concern, allocated_to=given.worker()))
    said = words(outcome.letters)
    assert "decides what happens next" in said
    assert "team" not in said
    assert "already" not in said
    assert "has read" not in said, "nobody has: it is told as soon as it is linked"


def test_an_anonymous_one_is_told_nothing_of_a_handover_either() -> None:
    concern = given.notification(made_by="anonymous")
    outcome = Given(rate.STEP).when(given.linked(notification=concern, allocated_to=given.worker()))
    assert [one for one in outcome.letters if one.agency == "police"] == []


def test_an_outcome_for_the_public_says_that_it_is_to_be_passed_on() -> None:
    step = brought("public").given(rated())
    (letter,) = told(step.when(concluded("We have spoken to the family.")).letters, ReferralOutcome)
    assert isinstance(letter.notice, ReferralOutcome)
    assert letter.notice.made_by is MadeBy.PUBLIC
    assert (letter.notice.explanation or "").startswith("These words are for the member of the")
