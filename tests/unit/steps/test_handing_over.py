"""A handover holds what its owner's agreement allows of the notification, and no more."""

from __future__ import annotations

from typing import Any

import pytest

from router.steps.link.handing_over import handover
from router.steps.sharing import NOT_TOLD
from schemas.notices import Handover
from schemas.notification import Notification, SetAside
from schemas.person import Name, Person
from schemas.policy import HandoverRule, Partner
from schemas.sharing import Part, Sensitivity, Sharing
from tests.support import given

WORDS = "Mother Mariam Chowdhury rang from 01632 960123: Tilly was hit."
HIDDEN_FROM = "probation"
ASIDE = SetAside(field="DOB", place="subject.date_of_birth", reason="invalid.date", value="x")


def agreed(rule: HandoverRule) -> Partner:
    signed = given.partner("police").agreement
    assert signed is not None
    return given.partner("police", agreement=signed.model_copy(update={"handover": rule}))


def handed(*partners: Partner, **changes: Any) -> Notification:
    """What the child's worker is given of it."""
    said = given.notification(WORDS, **{"set_aside": (ASIDE,)} | changes)
    linked = given.linked(notification=said, allocated_to=given.worker())
    letter = handover(linked, given.policy(*partners))
    assert letter is not None
    assert isinstance(letter.notice, Handover)
    return letter.notice.notification


def test_without_a_rule_of_its_owner_it_says_who_the_child_is_and_no_more() -> None:
    for partners in ((), (given.partner("police", agreement=None),)):
        told = handed(*partners)
        assert (told.narrative, told.set_aside) == (NOT_TOLD, ())
        assert told.subject.name == given.child().name
        assert told.subject.identifier == given.child().identifier
        assert (told.subject.address, told.subject.contact) == ((), ())
        assert told.subject.related_person == ()


def test_by_a_rule_for_sanitised_words_it_holds_these() -> None:
    told = handed(agreed(HandoverRule.SANITISED), parts=(Part(text=WORDS),))
    for text in (told.narrative, told.parts[0].text):
        assert "Tilly was hit" in text
        assert "Mariam" not in text
        assert "960123" not in text
    assert told.subject.address == ()


def test_sanitised_words_tell_nobody_of_the_family_who_is_known_otherwise() -> None:
    evan = Person(name=(Name(given_name=("evan",), family_name=("thornbury",)),))
    said = given.notification("Evan saw Tilly.")
    linked = given.linked(notification=said, allocated_to=given.worker(), family=(evan,))
    letter = handover(linked, given.policy(agreed(HandoverRule.SANITISED)))
    assert letter is not None
    assert isinstance(letter.notice, Handover)
    assert letter.notice.notification.narrative == "[name] saw Tilly."


def test_by_a_rule_for_the_whole_it_holds_the_whole() -> None:
    assert handed(agreed(HandoverRule.FULL)) == given.notification(WORDS, set_aside=(ASIDE,))


@pytest.mark.parametrize("rule", HandoverRule)
@pytest.mark.parametrize(
    "flags",
    [
        {"may_be_revealed": False},
        {"may_leave": False},
        {"sensitivity": Sensitivity.RESTRICTED},
    ],
)
def test_by_no_rule_does_it_hold_what_its_owner_keeps_back(
    rule: HandoverRule, flags: dict[str, Any]
) -> None:
    kept = Sharing.model_validate({"reason": "An informant."} | flags)
    secret = Part(text=WORDS, **kept.model_dump())
    whole = handed(agreed(rule), sharing=kept, parts=(secret,))
    assert "hit" not in whole.model_dump_json()
    assert "informant" not in whole.model_dump_json(), "nor why it keeps that back"
    part = handed(agreed(rule), parts=(secret, Part(text="Seen at school.")))
    assert [one.text for one in part.parts] == ["Seen at school."] * (rule != "identity")


@pytest.mark.parametrize("rule", HandoverRule)
@pytest.mark.parametrize(
    "silence",
    [{"signpost": False}, {"signpost": True, "signpost_to": (HIDDEN_FROM,)}],
    ids=["nobody", "one recipient"],
)
def test_by_no_rule_does_it_say_to_whom_its_owner_keeps_silent(
    rule: HandoverRule, silence: dict[str, Any]
) -> None:
    kept = Sharing.model_validate(silence)
    told = handed(agreed(rule), sharing=kept, parts=(Part(text=WORDS, **kept.model_dump()),))
    said = told.model_dump_json()
    assert ("signpost" in said, HIDDEN_FROM in said) == (False, False)


def test_a_child_without_a_worker_is_handed_to_nobody() -> None:
    assert handover(given.linked(), given.policy()) is None


def test_by_no_rule_does_it_say_where_somebody_hides() -> None:
    refuge = given.child().address[0].model_copy(update={"protected": True})
    hidden = given.child().model_copy(update={"address": (refuge,)})
    told = handed(agreed(HandoverRule.FULL), subject=hidden)
    assert told.subject.address == ()
    assert told.subject.contact == given.child().contact
