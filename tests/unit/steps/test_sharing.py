"""What a notifier does not reveal, or not let leave, is told to nobody for whom it is not."""

from __future__ import annotations

from typing import Any

import pytest

from router.steps.compose import decide as compose
from router.steps.sharing import NOT_TOLD, may_be_told, revealed
from schemas.notification import Instead, SetAside
from schemas.product import ProductDrafted
from schemas.rating import Colour
from schemas.sharing import Part, Sensitivity, Sharing
from tests.support import given
from tests.support.composing import assigned, requested, suggested
from tests.support.given import Given

SECRET = "A neighbour at number 9 told us."


def kept(**flags: Any) -> Sharing:
    return Sharing.model_validate({"reason": "She is afraid."} | flags)


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        ({}, True),
        ({"sensitivity": Sensitivity.RESTRICTED}, False),
        ({"may_be_revealed": False}, False),
        ({"may_leave": False}, False),
    ],
)
def test_who_is_asked_is_told_of_the_concern_only_what_its_notifier_lets_be_told(
    flags: dict[str, Any], *, told: bool
) -> None:
    said = given.notification(sharing=kept(**flags))
    assert may_be_told(said, by="police", to="school") is told
    assert may_be_told(said, by="police", to="police")
    assert may_be_told(given.notification(), by="police", to="school")


def test_what_is_not_revealed_inside_leaves_no_word_there() -> None:
    aside = SetAside(
        field="narrative",
        place="narrative",
        reason="invalid.too-long",
        instead=Instead.SHORTENED,
        value=SECRET,
    )
    hidden = Part(text=SECRET, may_be_revealed=False)
    shown = Part(text="Seen at school.")
    said = given.notification(
        SECRET,
        sharing=kept(may_be_revealed=False),
        parts=(hidden, shown),
        set_aside=(aside,),
    )
    told = revealed(said)
    assert SECRET not in told.model_dump_json()
    assert (told.narrative, told.parts) == (NOT_TOLD, (shown,))


def test_words_of_a_part_that_could_not_be_read_are_not_shown_either() -> None:
    aside = SetAside(field="parts[0]", place="parts[0]", reason="invalid.value", value=SECRET)
    whole = SetAside(field=".", place=".", reason="invalid.many", value=SECRET)
    other = SetAside(field="DOB", place="subject.date_of_birth", reason="invalid.date", value="x")
    said = given.notification(set_aside=(aside, other))
    assert revealed(said).set_aside == (other,)
    parted = given.notification(parts=(Part(text="Seen."),), set_aside=(whole, other))
    assert revealed(parted).set_aside == (other,)
    assert revealed(given.notification()) == given.notification()


def drafted(**changes: Any) -> ProductDrafted:
    """What is drafted at once of a Red with such a notification."""
    step = Given(compose.STEP)
    said = given.notification(given.HIT, **changes)
    step.given(given.linked(notification=said), suggested(Colour.RED), requested("school"))
    drafts = given.of(ProductDrafted, step.when(assigned(Colour.RED)).facts)
    return next(draft for draft in drafts if draft.urgent)


def test_a_notification_that_may_not_leave_is_in_no_product_whoever_is_named_for_it() -> None:
    draft = drafted(sharing=kept(may_leave=False, signpost=True))
    assert draft.items == ()
    (weighing,) = draft.weighing
    assert (weighing.included, weighing.signpost) == (False, True)
    assert drafted(sharing=kept(may_leave=False, signpost=False)).weighing[0].signpost is False


def test_a_restricted_notification_is_drafted_as_such() -> None:
    (item,) = drafted(sharing=kept(sensitivity=Sensitivity.RESTRICTED)).items
    assert (item.notification, item.restricted) == (True, True)


def test_a_part_that_may_not_leave_stays_and_the_narrative_goes() -> None:
    draft = drafted(parts=(Part(text=SECRET, may_leave=False), Part(text="Seen at school.")))
    assert [item.original for item in draft.items] == [given.HIT, "Seen at school."]
    assert all(item.notification for item in draft.items)
    assert len({item.item_id for item in draft.items}) == 2
    assert SECRET not in draft.model_dump_json()
