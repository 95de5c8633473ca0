"""A rated Red goes at once whoever told it, whole enough to act on; its owners are asked meanwhile,
on a clock of minutes, and what they let leave follows.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from router.step import Step
from router.steps.approve import decide as approve
from router.steps.asking import UNTOLD
from router.steps.compose import decide as compose
from router.steps.inform import decide as inform
from router.steps.release import decide as release
from schemas.case import LinkCorrected, NotificationAmended
from schemas.changes import ProductChange
from schemas.decisions import (
    ItemDecision,
    ItemRuled,
    ProductFetched,
    ReleaseDecided,
    ReleaseDecision,
    Ruling,
)
from schemas.identity import IdentityAgreed, IdentityField
from schemas.notices import ApprovalCancellation, ApprovalRequest
from schemas.notification import Notification
from schemas.outcome import ReferralClosed
from schemas.owed import ClockClosed, ClockEscalated, OwedNotice
from schemas.person import Address, Name, Person, RelatedPerson, Risk
from schemas.policy import ItemKind, Policy
from schemas.product import (
    ApprovalWithdrawn,
    Choice,
    Disposal,
    OwnerSilent,
    Product,
    ProductEnded,
    ProductRefused,
    ProductReleased,
    ProductTakenBack,
    ProductWithout,
    release_digest,
)
from schemas.rating import Clock, Colour, DueTimeBreached
from schemas.safety import ProductHeld, SafetyChoice, SafetySettled
from schemas.sharing import Sensitivity, Sharing
from tests.support import given
from tests.support.composing import answered, item, requested, suggested
from tests.support.flow import Flow
from tests.support.given import HIT, NOON

MINUTE = dt.timedelta(minutes=1)
TEAMS = {"csc_duty_team", "police_cait"}
HINT = "A hint by words of the text, and no more: The child is said to have been hit or hurt."
SAID = "Seen with a swollen wrist today; school ends at 15:10 and mother's partner collects."


def flow(policy: Policy | None = None) -> Flow:
    own = policy or given.policy(profile_=given.owing_no_receipts())
    return Flow(compose.STEP, approve.STEP, release.STEP, policy=own)


def red(
    *,
    policy: Policy | None = None,
    said: str | None = None,
    at: dt.datetime = NOON,
    **kept: Any,
) -> Flow:
    """A GP's concern that a social worker rated Red."""
    told: Notification = given.notification(HIT, **kept)
    linked = given.linked(HIT, agency="gp", notification=told)
    return flow(policy).until(at).send(linked, given.assigned(Colour.RED, for_front_line=said))


def decided(request: ApprovalRequest, choice: Choice, **changes: Any) -> ReleaseDecided:
    """What the GP decides about what it is shown."""
    withheld = choice is Choice.WITHHOLD
    told = {
        "referral_id": request.referral_id,
        "product_id": request.product_id,
        "case_id": request.case_id,
        "item_id": request.item.item_id,
        "choice": choice,
        "digest": None if withheld else request.item.original_digest,
        "recipient": request.recipient,
        "purpose": request.purpose,
        "decided_by": "Decision maker of gp",
        "reason": "It would put the child at more risk." if withheld else None,
    }
    return ReleaseDecided(agency="gp", decision=ReleaseDecision.model_validate(told | changes))


def test_a_red_of_a_gp_says_who_the_child_is_what_is_alleged_and_whom_to_ring() -> None:
    products = red().told(Product)
    assert {one.recipient for one in products} == TEAMS
    for one in products:
        assert one.about is not None
        assert one.about.names == given.child().name
        assert one.colour is Colour.RED
        assert one.alleged == HINT
        assert one.due_at == NOON + dt.timedelta(hours=1)
        assert one.to_do
        assert [post.contact for post in one.signposts] == ["gp duty desk"]
        assert one.contact == "childrens_social_care duty desk"
        assert one.items == ()
        assert HIT not in one.model_dump_json()


def test_who_rated_tells_the_front_line_more_in_words_of_its_own() -> None:
    for one in red(said=SAID).told(Product):
        (item,) = one.items
        assert (item.owner, item.text) == ("childrens_social_care", SAID)
        assert item.decided_by == "S. Worker"


def test_what_who_rates_again_adds_is_told_too_and_once() -> None:
    hub = red()
    for minutes in (5, 6):
        hub.until(NOON + minutes * MINUTE)
        hub.send(given.message(given.assigned(Colour.RED, for_front_line=SAID), at=hub.at))
    more = hub.told(Product)[2:]
    assert {one.recipient for one in more} == TEAMS
    assert [[item.text for item in one.items] for one in more] == [[SAID], [SAID]]


def early(on: str, *steps: Step[Any]) -> Flow:
    """The profile has its front line be told before anybody has rated."""
    profile = given.profile()
    rule = profile.colours[Colour.RED].model_copy(update={"at_once_on": on})
    colours = {**profile.colours, Colour.RED: rule}
    policy = given.policy(profile_=profile.model_copy(update={"colours": colours}))
    return Flow(compose.STEP, approve.STEP, release.STEP, *steps, policy=policy)


def on_suggestion(*steps: Step[Any]) -> Flow:
    """Nobody need have looked at it."""
    return early("suggestion", *steps).send(given.linked(HIT, agency="gp"), suggested(Colour.RED))


def breached(clock: Clock = "possible_red") -> DueTimeBreached:
    """What was to be done by noon was not."""
    return DueTimeBreached(
        referral_id="ref-1", case_id="case-1", clock=clock, colour=Colour.RED, due_at=NOON
    )


@pytest.mark.parametrize("colour", [Colour.RED, Colour.AMBER])
def test_what_nobody_opens_in_time_goes_to_the_front_line_where_the_profile_says_so(
    colour: Colour,
) -> None:
    """Also where its sender alone calls it urgent."""
    hub = early("unopened").send(given.linked(HIT, agency="gp"), suggested(colour))
    assert hub.send(breached("decision")).told(Product) == []
    hub.send(breached())
    assert [one.recipient for one in hub.told(Product)] == ["csc_duty_team", "police_cait"]
    assert {(one.colour, one.unconfirmed) for one in hub.told(Product)} == {(Colour.RED, True)}
    hub.send(breached())
    assert len(hub.told(Product)) == 2, "once"


@pytest.mark.parametrize("on", ["rating", "unopened"])
def test_what_is_rated_first_or_where_the_profile_does_not_say_so_does_not(on: str) -> None:
    hub = early(on).send(given.linked(HIT, agency="gp"), suggested(Colour.RED))
    hub.send(*([given.assigned(Colour.AMBER)] if on == "unopened" else []), breached())
    assert [one for one in hub.told(Product) if one.colour is Colour.RED] == []


def test_who_was_told_of_what_nobody_opened_is_told_how_it_is_rated() -> None:
    hub = early("unopened", inform.STEP).send(given.linked(HIT, agency="gp"), suggested(Colour.RED))
    hub.send(breached())
    for one in hub.of(ProductReleased):
        hub.send(ProductFetched(**one.shared(ProductFetched), letter_id="letter-1"))
    hub.send(given.assigned(Colour.AMBER))
    assert {one.colour for one in hub.of(ProductEnded)} == {Colour.AMBER}
    assert all(hub.told(ProductChange, to=team) for team in TEAMS)


def test_what_goes_on_a_suggestion_says_that_nobody_has_confirmed_it() -> None:
    hub = on_suggestion()
    assert {one.unconfirmed for one in hub.told(Product)} == {True}
    assert {one.alleged for one in hub.told(Product)} == {
        f"No social worker has confirmed this yet. {HINT}"
    }
    hub.send(given.assigned(Colour.RED, for_front_line=SAID))
    assert {one.alleged for one in hub.told(Product)[2:]} == {HINT}
    assert {one.unconfirmed for one in hub.told(Product)[2:]} == {False}


def test_a_front_line_that_was_told_on_a_suggestion_is_told_that_it_is_confirmed() -> None:
    hub = on_suggestion(inform.STEP)
    for one in hub.of(ProductReleased):
        hub.send(ProductFetched(**one.shared(ProductFetched), letter_id="letter-1"))
    assert hub.told(ProductChange) == []
    hub.send(given.assigned(Colour.RED))
    assert len(hub.told(Product)) == 2
    for team in TEAMS:
        (product,), (change,) = hub.told(Product, to=team), hub.told(ProductChange, to=team)
        assert change.confirmed
        assert change.product_ids == (product.product_id,)


def test_what_its_owner_withholds_still_says_that_nobody_has_confirmed_it() -> None:
    """Before it goes, and once it lies on a queue."""
    hub = on_suggestion()
    asked = hub.told(ApprovalRequest)[0]
    first = hub.told(Product)[0]
    withheld = ItemDecision(
        referral_id="ref-1",
        case_id="case-1",
        item_id=asked.item.item_id,
        ruling=Ruling.WITHHOLD,
        decided_by="Decision maker of gp",
        reason="It would put the child at more risk.",
    )
    hub.send(ItemRuled(agency="gp", decision=withheld))
    hub.send(given.corrected())
    again = hub.told(Product)[2:]
    assert again
    assert first.alleged != f"No social worker has confirmed this yet. {UNTOLD}"
    assert {one.alleged for one in again} == {f"No social worker has confirmed this yet. {UNTOLD}"}


def test_who_rated_cannot_tell_another_agencys_words_as_its_own() -> None:
    hub = red(said=f"The GP writes: {HIT.upper()} Please go.")
    products = hub.told(Product)
    assert {one.items for one in products} == {()}
    assert all(one.alleged for one in products)
    own = hub.told(ApprovalRequest, to="childrens_social_care")
    assert {one.follows for one in own} == {one.product_id for one in products}
    maker = {"decided_by": "Decision maker of childrens_social_care"}
    copied = decided(own[0], Choice.RELEASE_ORIGINAL, **maker)
    lead = {"agency": "childrens_social_care"}
    hub.send(copied.model_copy(update=lead))
    assert hub.refused == ["refused.others-words"]
    text = "The GP was told of a blow. Please go."
    digest = release_digest(
        item_id=own[0].item.item_id,
        recipient=own[0].recipient,
        purpose=own[0].purpose,
        text=text,
        about=own[0].about_digest or "",
    )
    told = {"text": text, "digest": digest, "instead_of": own[0].item.original_digest}
    reworded = decided(own[0], Choice.RELEASE_REWORDED, **maker, **told)
    hub.send(reworded.model_copy(update=lead))
    (more,) = hub.told(Product)[2:]
    assert [item.text for item in more.items] == [text]


def test_what_its_owner_released_beforehand_may_be_told_in_its_words() -> None:
    releasing = given.releasing("gp", given.standing("csc_duty_team"))
    hub = red(policy=given.policy(releasing), said=f"The GP writes: {HIT}")
    texts = {one.recipient: [item.text for item in one.items] for one in hub.told(Product)}
    assert texts == {"csc_duty_team": [f"The GP writes: {HIT}", HIT], "police_cait": []}


@pytest.mark.parametrize(
    "kept",
    [
        Sharing(may_be_revealed=False, reason="It would be found out who told."),
        Sharing(may_leave=False, reason="It would be found out who told."),
        Sharing(sensitivity=Sensitivity.RESTRICTED),
    ],
)
def test_reasons_do_not_tell_what_the_notifier_keeps(kept: Sharing) -> None:
    products = red(sharing=kept).told(Product)
    assert {one.recipient for one in products} == TEAMS
    assert {one.alleged for one in products} == {UNTOLD}


def test_a_red_goes_though_its_owner_lets_nothing_be_told_and_is_not_named() -> None:
    silent = given.partner("gp", agreement=None)
    for one in red(policy=given.policy(silent)).told(Product):
        assert (one.items, one.signposts, one.alleged) == ((), (), UNTOLD)
        assert one.about is not None
        assert one.about.ring == one.contact == "childrens_social_care duty desk"


def test_its_owner_is_asked_at_once_with_minutes_to_decide() -> None:
    requests = red().told(ApprovalRequest, to="gp")
    assert {one.recipient for one in requests} == TEAMS
    products = {one.recipient: one.product_id for one in red().told(Product)}
    for one in requests:
        assert one.due_at == NOON + 30 * MINUTE
        assert one.follows == products[one.recipient]
        assert one.item.original == HIT


def test_what_its_owner_releases_follows_and_says_what_it_adds_to() -> None:
    hub = red()
    first = {one.recipient: one for one in hub.told(Product)}
    request = hub.told(ApprovalRequest)[0]
    hub.send(decided(request, Choice.RELEASE_ORIGINAL))
    assert hub.refused == []
    (more,) = hub.told(Product)[2:]
    assert more.recipient == request.recipient
    assert more.follows == first[more.recipient].product_id
    assert more.supersedes is None
    assert [(item.owner, item.text) for item in more.items] == [("gp", HIT)]
    assert more.signposts == ()


def test_a_decision_that_names_the_product_that_went_counts_for_what_follows() -> None:
    hub = red()
    request = hub.told(ApprovalRequest)[0]
    hub.send(decided(request, Choice.RELEASE_ORIGINAL, product_id=request.follows))
    (more,) = hub.told(Product)[2:]
    assert (more.product_id, more.follows) == (request.product_id, request.follows)


def test_a_decision_before_what_follows_is_drafted_is_kept_for_it() -> None:
    """The topics of two steps are two: an owner may be quicker than what it is asked about."""
    apart = flow()
    apart.send(given.linked(HIT, agency="gp"), given.assigned(Colour.RED))
    request = apart.told(ApprovalRequest)[0]
    (drafted, following) = (
        next(one for one in apart.facts if getattr(one, "product_id", "") == id_)
        for id_ in (request.follows, request.product_id)
    )
    alone = Flow(approve.STEP, release.STEP)
    early = decided(request, Choice.RELEASE_ORIGINAL, product_id=request.follows)
    alone.send(drafted, early, following)
    assert alone.refused == []
    (_, more) = alone.told(Product)
    assert [item.text for item in more.items] == [HIT]


def test_what_its_owner_withholds_does_not_follow_and_nothing_is_said_twice() -> None:
    hub = red()
    for request in hub.told(ApprovalRequest):
        hub.send(decided(request, Choice.WITHHOLD))
    hub.until(NOON + dt.timedelta(days=3))
    assert {one.alleged for one in hub.told(Product)[2:]} == {UNTOLD}
    assert len(hub.told(Product)) == 4, "without the reasons, once for each"
    assert hub.told(OwedNotice) == []
    assert {one.voided for one in hub.of(ProductRefused)} == {False}


def test_reasons_are_not_told_of_words_that_their_owner_withholds() -> None:
    before = red().told(ApprovalRequest)[0]
    withheld = ItemDecision(
        referral_id="ref-1",
        case_id="case-1",
        item_id=before.item.item_id,
        ruling=Ruling.WITHHOLD,
        decided_by="Decision maker of gp",
        reason="It would put the child at more risk.",
    )
    first = red()
    first.send(ItemRuled(agency="gp", decision=withheld))
    first.send(given.corrected(), given.assigned(Colour.RED))
    again = first.told(Product)[2:]
    assert {one.alleged for one in again} == {UNTOLD}
    assert {one.items for one in again} == {()}


def test_an_owner_is_warned_chased_and_then_its_chain_is_told_with_what_happens_next() -> None:
    hub = red()
    hub.until(NOON + dt.timedelta(hours=3))
    to_duty_team = [one for one in hub.told(OwedNotice) if "Csc_Duty_Team" in one.owed]
    assert [one.moment for one in to_duty_team] == ["warned", "chased", "escalated", "escalated"]
    agencies = [letter.agency for _, letter in hub.letters if letter.notice in to_duty_team]
    assert agencies == ["gp", "gp", "childrens_social_care", "childrens_social_care"]
    up = [one.told.role for one in hub.of(ClockEscalated) if one.owed == to_duty_team[0].owed]
    assert up == ["Duty manager", "Ada Sample, head of service"]
    for one in to_duty_team:
        assert one.since == NOON
        assert one.due_at == NOON + 30 * MINUTE
        assert "section 47 enquiry" in one.owed
        assert "what went already stays without it" in one.next
    assert {one.owner for one in hub.of(OwnerSilent)} == {"gp"}
    assert {one.follows for one in hub.of(OwnerSilent)} == {
        one.product_id for one in hub.of(ProductWithout)
    }


def test_of_a_red_at_night_people_hear_at_night_that_a_closed_owner_has_not_decided() -> None:
    """The GP closes at half past six on Friday; nobody waits until Monday to hear of it."""
    friday = dt.datetime(2026, 6, 12, 21, 40, tzinfo=dt.UTC)
    hub = red(at=friday)
    assert {one.due_at for one in hub.told(ApprovalRequest)} == {friday + 30 * MINUTE}
    hub.until(friday + dt.timedelta(hours=1))
    up = {one.told.role for one in hub.of(ClockEscalated)}
    assert up == {"Duty manager", "Ada Sample, head of service"}
    request = hub.until(friday + dt.timedelta(days=2, hours=11)).told(ApprovalRequest)[0]
    hub.send(decided(request, Choice.RELEASE_ORIGINAL))
    assert [item.text for item in hub.told(Product)[-1].items] == [HIT], "what it says then follows"


def test_words_that_are_amended_meanwhile_are_asked_about_and_follow_once() -> None:
    hub = red()
    before = hub.told(ApprovalRequest)
    said = given.notification("Mother rang: it was her partner who hit him, with a belt.")
    hub.send(
        NotificationAmended(
            referral_id="ref-1",
            case_id="case-1",
            amended_by="ref-2",
            version=2,
            notification=said,
        )
    )
    assert len(hub.told(Product)) == 2
    now = hub.told(ApprovalRequest)[2:]
    assert [one.product_id for one in now] == [one.product_id for one in before]
    assert {one.due_at for one in now} == {NOON + 30 * MINUTE}
    hub.send(decided(before[0], Choice.RELEASE_ORIGINAL))
    assert hub.refused == ["refused.digest"]
    hub.send(decided(now[0], Choice.RELEASE_ORIGINAL))
    (more,) = hub.told(Product)[2:]
    assert [item.text for item in more.items] == [said.narrative]
    assert more.follows == before[0].follows


def test_what_has_followed_is_put_before_its_owner_again_when_it_is_amended() -> None:
    hub = red()
    for request in hub.told(ApprovalRequest)[:2]:
        hub.send(decided(request, Choice.RELEASE_ORIGINAL))
    said = given.notification("Mother rang: it was her partner who hit him, with a belt.")
    hub.send(
        NotificationAmended(
            referral_id="ref-1",
            case_id="case-1",
            amended_by="ref-2",
            version=2,
            notification=said,
        )
    )
    assert len(hub.told(Product)) == 4
    for request in hub.told(ApprovalRequest)[2:]:
        hub.send(decided(request, Choice.RELEASE_ORIGINAL))
    again = hub.told(Product)[4:]
    assert [[item.text for item in one.items] for one in again] == [[said.narrative]] * 2
    assert {one.supersedes for one in again} == {one.product_id for one in hub.told(Product)[2:4]}


def test_a_late_release_still_follows() -> None:
    hub = red().until(NOON + dt.timedelta(days=10))
    hub.send(decided(hub.told(ApprovalRequest)[0], Choice.RELEASE_ORIGINAL))
    (more,) = hub.told(Product)[2:]
    assert [item.text for item in more.items] == [HIT]


def test_what_was_to_follow_is_stopped_when_the_child_is_another() -> None:
    hub = red()
    moved: LinkCorrected = given.corrected()
    hub.send(moved)
    for request in hub.told(ApprovalRequest)[:2]:
        hub.send(decided(request, Choice.RELEASE_ORIGINAL))
    assert hub.refused == []
    late = [one.says or "" for one in hub.told(ApprovalCancellation) if one.item_id]
    assert ["another child" in one for one in late] == [True, True]
    closed = hub.of(ClockClosed)
    assert [one.agency for one in closed] == ["gp", "gp"]
    assert all("another child" in one.reason for one in closed)


def test_what_was_to_follow_is_stopped_when_nothing_would_be_acted_on() -> None:
    hub = red()
    hub.send(
        ReferralClosed(
            referral_id="ref-1",
            case_id="case-1",
            outcome=Disposal.NO_FURTHER_ACTION,
            told="gp",
            may_be_told="Nothing further.",
            decided_by="S. Worker",
            rationale="As seen",
            picture_id="picture-1",
        )
    )
    assert len(hub.told(ApprovalCancellation, to="gp")) == 2
    assert len(hub.of(ClockClosed)) == 2
    hub.until(NOON + dt.timedelta(days=1))
    assert hub.told(OwedNotice) == []


MAREK = Name(given_name=("Marek",), family_name=("Oldroyd",))
HIM = RelatedPerson(
    name=MAREK,
    relationship="father",
    risk=Risk.ALLEGED_PERPETRATOR,
    address=(Address(line1="40 Quarry Lane", postcode="ZX7 8CD"),),
)
NAMED = RelatedPerson(name=MAREK, relationship="father", risk=Risk.ALLEGED_PERPETRATOR)


def hurt_by(*who: RelatedPerson) -> Person:
    child = given.child()
    return child.model_copy(update={"related_person": (*child.related_person, *who)})


def risks(hub: Flow) -> dict[str, tuple[RelatedPerson, ...]]:
    """Whom the products to each recipient name as a risk."""
    return {one.recipient: one.about.risks if one.about else () for one in hub.told(Product)}


def test_a_first_red_names_who_is_recorded_as_a_risk_to_the_child_and_marks_them() -> None:
    assert risks(red(subject=hurt_by(HIM))) == dict.fromkeys(TEAMS, (NAMED,))
    by_relation = HIM.model_copy(update={"relationship": "alleged_perpetrator", "risk": None})
    named = NAMED.model_copy(update={"relationship": "alleged_perpetrator"})
    assert risks(red(subject=hurt_by(by_relation))) == dict.fromkeys(TEAMS, (named,))
    assert risks(red()) == dict.fromkeys(TEAMS, ())


def test_who_is_a_risk_is_not_named_where_that_person_works_nor_if_protected() -> None:
    works = HIM.model_copy(update={"works_for": ("csc_duty_team",)})
    assert risks(red(subject=hurt_by(works))) == {"police_cait": (NAMED,)}
    protected = HIM.model_copy(update={"protected": True})
    assert risks(red(subject=hurt_by(protected))) == dict.fromkeys(TEAMS, ())


def test_where_its_agreement_does_not_tell_the_family_a_risk_is_named_with_its_words() -> None:
    agreed = IdentityAgreed(tells=(IdentityField.NAMES, IdentityField.BORN))
    gp = given.partner("gp")
    assert gp.agreement is not None
    agreement = gp.agreement.model_copy(update={"identity": (agreed,)})
    told = gp.model_copy(update={"agreement": agreement})
    policy = given.policy(told, profile_=given.owing_no_receipts())
    hub = red(policy=policy, subject=hurt_by(HIM))
    assert risks(hub) == dict.fromkeys(TEAMS, ())
    asked = hub.told(ApprovalRequest, to="gp")
    assert {one.asks for one in asked} == {(IdentityField.RISKS,)}
    for one in asked:
        hub.send(decided(one, Choice.RELEASE_ORIGINAL))
    assert risks(hub) == dict.fromkeys(TEAMS, (NAMED,))
    assert {one.about.risks for one in hub.told(Product)[2:] if one.about} == {(NAMED,)}


@pytest.mark.parametrize(
    "kept", [Sharing(may_leave=False), Sharing(sensitivity=Sensitivity.RESTRICTED)]
)
def test_who_is_a_risk_is_not_named_where_the_words_that_say_so_do_not_leave(
    kept: Sharing,
) -> None:
    assert risks(red(subject=hurt_by(HIM), sharing=kept)) == dict.fromkeys(TEAMS, ())


def test_once_its_owner_withholds_the_words_no_later_red_names_who_is_a_risk() -> None:
    hub = red(subject=hurt_by(HIM))
    hub.send(decided(hub.told(ApprovalRequest, to="gp")[0], Choice.WITHHOLD))
    for minutes, colour in ((5, Colour.AMBER), (6, Colour.RED)):
        hub.until(NOON + minutes * MINUTE)
        hub.send(given.assigned(colour))
    assert risks(hub) == dict.fromkeys(TEAMS, ())


# --- an owner's no to what a Red went without


def _keeps_quiet(hub: Flow) -> None:
    """What waits on its recipients' queues says neither the reasons nor who is a risk."""
    assert {one.recipient for one in hub.of(ProductTakenBack)} == TEAMS
    last = {one.recipient: one for one in hub.told(Product)}
    assert {one.alleged for one in last.values()} == {UNTOLD}
    assert risks(hub) == dict.fromkeys(TEAMS, ())
    assert all(one.about and one.about.names for one in last.values()), "but whom it is about"


def test_an_owners_no_reaches_a_red_that_waits_on_its_queue_without_the_words() -> None:
    hub = red(subject=hurt_by(HIM))
    assert risks(hub) == dict.fromkeys(TEAMS, (NAMED,))
    hub.send(decided(hub.told(ApprovalRequest, to="gp")[0], Choice.WITHHOLD))
    _keeps_quiet(hub)


def test_an_amendment_that_keeps_the_words_back_reaches_it_too() -> None:
    hub = red(subject=hurt_by(HIM))
    hub.send(_kept_back_by_amendment(hurt_by(HIM)))
    _keeps_quiet(hub)


def _kept_back_by_amendment(child: Person) -> NotificationAmended:
    kept = Sharing(may_leave=False, reason="It would be found out who told.")
    return NotificationAmended(
        referral_id="ref-1",
        case_id="case-1",
        amended_by="ref-2",
        version=2,
        notification=given.notification(HIT, subject=child, sharing=kept),
    )


def test_what_a_red_told_of_without_the_words_is_asked_back_by_a_recall() -> None:
    hub = red(subject=hurt_by(HIM))
    recall = ItemDecision(
        referral_id="ref-1",
        case_id="case-1",
        item_id=hub.told(ApprovalRequest, to="gp")[0].item.item_id,
        ruling=Ruling.RECALL,
        decided_by="Decision maker of gp",
        reason="It would put the child at more risk.",
    )
    hub.send(ItemRuled(agency="gp", decision=recall))
    back = [(one.recipient, one.recall) for one in hub.of(ApprovalWithdrawn)]
    assert sorted(back) == [(team, True) for team in sorted(TEAMS)]


def test_a_red_that_is_held_says_no_more_what_its_agency_keeps_since() -> None:
    works = HIM.model_copy(update={"works_for": ("csc_duty_team",)})
    hub = red(subject=hurt_by(works))
    (held,) = hub.of(ProductHeld)
    hub.send(_kept_back_by_amendment(hurt_by(works)))
    sent = {"choice": SafetyChoice.SEND, "decided_by": "S. Worker", "rationale": "He is on leave."}
    hub.send(SafetySettled.model_validate(held.shared(SafetySettled) | sent))
    (product,) = hub.told(Product, to="csc_duty_team")
    assert product.alleged == UNTOLD


# --- what is released beforehand beside words that do not leave


def _releases_other_items() -> Policy:
    kinds = (ItemKind.NOTIFICATION, ItemKind.INFORMATION)
    releasing = given.releasing("gp", given.standing("csc_duty_team", kinds=kinds))
    return given.policy(releasing, profile_=given.owing_no_receipts())


def _answering(told: Notification) -> Flow:
    """The GP answers too, before its concern is rated Red."""
    answer = answered("gp", item("gp"))
    linked = given.linked(HIT, agency="gp", notification=told)
    return flow(_releases_other_items()).send(linked, requested("gp"), answer)


def test_what_is_released_beforehand_beside_words_that_may_not_leave_names_no_risk() -> None:
    kept = Sharing(may_leave=False, reason="It would be found out who told.")
    hub = _answering(given.notification(HIT, subject=hurt_by(HIM), sharing=kept))
    hub.send(given.assigned(Colour.RED))
    first = next(one for one in hub.told(Product, to="csc_duty_team"))
    assert [one.item_id for one in first.items] == ["item-gp"]
    assert first.about is not None
    assert first.about.risks == ()


def test_what_is_released_beforehand_beside_words_that_are_withheld_names_no_risk() -> None:
    hub = _answering(given.notification(HIT, subject=hurt_by(HIM)))
    hub.send(given.assigned(Colour.RED))
    assert risks(hub)["csc_duty_team"] == (NAMED,)
    asked = next(one for one in hub.told(ApprovalRequest, to="gp") if one.item.notification)
    hub.send(decided(asked, Choice.WITHHOLD))
    for minutes, colour in ((5, Colour.AMBER), (6, Colour.RED)):
        hub.until(NOON + minutes * MINUTE)
        hub.send(given.assigned(colour))
    last = hub.told(Product, to="csc_duty_team")[-1]
    assert [one.item_id for one in last.items] == ["item-gp"]
    assert last.about is not None
    assert last.about.risks == ()
