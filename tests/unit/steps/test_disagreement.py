"""Difference of opinion: heard, owed a decision in time, gone up on both sides, settled, and told
(R51, R54).
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from router.steps.disagreement import decide as disagreement
from router.steps.request_information import decide as request_information
from schemas.base import Notice
from schemas.calendar import Contact
from schemas.disagreements import (
    Disagreement,
    DisagreementDecided,
    DisagreementDecision,
    DisagreementEnded,
    DisagreementOpened,
    DisagreementRaised,
    DisagreementReceived,
    DisagreementSettled,
    DisagreementTakenBack,
    DisagreementWithdrawal,
    DisagreementWithdrawn,
)
from schemas.information import InformationRequested
from schemas.message import Message
from schemas.owed import ClockChased, ClockClosed, ClockEscalated, ClockWarned, OwedNotice
from schemas.policy import Policy
from schemas.product import (
    ApprovedItem,
    Disposal,
    ProductApproved,
    ProductReleased,
    ProductVoided,
    Signpost,
)
from schemas.rating import Colour
from tests.support.given import (
    NOON,
    Given,
    assigned,
    corrected,
    elapsed,
    linked,
    message,
    of,
    on_picture,
    partner,
    policy,
    profile,
)

LEAD = "childrens_social_care"
TEAM = "csc_duty_team"
SAW_BRUISES = "She had two bruises that the mother explained in three ways."


def disagrees(agency: str = "police", *, id_: str = "d-1", **changes: Any) -> Message:
    """An agency disagrees with the rating of ``ref-1``."""
    told = {
        "referral_id": "ref-1",
        "disputes": "rating",
        "profession": "police officer",
        "view": SAW_BRUISES,
        "asks_for": "Rate it Red and call a strategy discussion.",
        "raised_by": "PC Sample",
    }
    said = Disagreement.model_validate(told | changes)
    fact = DisagreementReceived(agency=agency, referral_id=said.referral_id, disagreement=said)
    return message(fact, id_=id_)


def settles(agency: str = LEAD, *, id_: str = "d-1", **changes: Any) -> DisagreementDecided:
    """An agency's decision about it, on a picture that it was shown."""
    told = {
        "referral_id": "ref-1",
        "case_id": "case-1",
        "disagreement_id": id_,
        "verdict": "upheld",
        "may_be_told": "We have rated it anew, as you say.",
        "decided_by": "Duty manager",
        "rationale": "Three accounts of one injury do not fit.",
    }
    decision = DisagreementDecision.model_validate(told | changes)
    return on_picture(DisagreementDecided(agency=agency, decision=decision))


def product(*owners: str) -> ProductApproved:
    """A product for the duty team that names these owners as holding something."""
    return ProductApproved(
        referral_id="ref-1",
        case_id="case-1",
        product_id="product-1",
        recipient=TEAM,
        purpose="section 47 enquiry",
        colour=Colour.AMBER,
        disposal=Disposal.FRONT_LINE_TEAM,
        urgent=False,
        items=(
            ApprovedItem(
                item_id="item-1",
                owner="school",
                text="Late twice.",
                digest="0" * 64,
                decided_by="Decision maker of school",
            ),
        ),
        signposts=tuple(Signpost(owner=owner, contact="desk") for owner in owners),
    )


def released() -> ProductReleased:
    """The same has left."""
    return ProductReleased(
        referral_id="ref-1",
        case_id="case-1",
        product_id="product-1",
        recipient=TEAM,
        colour=Colour.AMBER,
        disposal=Disposal.FRONT_LINE_TEAM,
        urgent=False,
        digest="0" * 64,
        item_digests=(),
        signposts=1,
    )


def step(policy_: Policy | None = None) -> Given:
    """The police told the hub of ``ref-1``, which is linked to ``case-1``."""
    return Given(disagreement.STEP, policy_).given(linked())


def letters(outcome: Any, kind: type[Notice]) -> dict[str, Any]:
    """The letters of a kind, by whom they go to."""
    return {one.agency: one.notice for one in outcome.letters if isinstance(one.notice, kind)}


def test_a_partner_disagrees_and_both_sides_are_told_who_owes_what_by_when_and_what_is_next() -> (
    None
):
    outcome = step().when(disagrees())
    (fact,) = of(DisagreementRaised, outcome.facts)
    assert (fact.agency, fact.owed_by, fact.disputes) == ("police", LEAD, "rating")
    assert (fact.view, fact.profession) == (SAW_BRUISES, "police officer")
    told = letters(outcome, DisagreementOpened)
    assert set(told) == {LEAD, "police"}
    # Two working days from a Wednesday: until the Friday, when the office closes.
    friday = dt.datetime(2026, 6, 12, 16, 0, tzinfo=dt.UTC)
    assert {one.due_at for one in told.values()} == {friday}
    assert told[LEAD].view == SAW_BRUISES
    assert told[LEAD].contact == "police duty desk"
    assert told["police"].contact == f"{LEAD} duty desk"
    assert told["police"].next == (
        "Childrens_Social_Care decides by Friday 12 June 2026, 17:00. If nothing has come by then, "
        "it goes up: Duty manager and whoever answers for Police are told next."
    )
    assert told[LEAD].next.startswith("You decide by Friday 12 June 2026, 17:00.")


@pytest.mark.parametrize("disputes", ["rating", "outcome", "link"])
def test_whoever_was_told_of_it_may_disagree_with_any_decision_about_it(disputes: str) -> None:
    outcome = step().when(disagrees(disputes=disputes))
    assert outcome.refusal is None
    assert letters(outcome, DisagreementOpened)[LEAD].disputes == disputes


def test_who_was_never_told_of_it_is_refused_as_where_there_is_nothing() -> None:
    there = step().when(disagrees("housing"))
    nothing = Given(disagreement.STEP).when(disagrees("housing"))
    assert there.refusal is not None
    assert there == nothing
    assert there.refusal.reason == "refused.unknown-subject"


def test_who_was_asked_and_who_got_a_product_were_told_of_it(
    requested: InformationRequested,
) -> None:
    asked = step().given(requested)
    assert asked.when(disagrees("school")).refusal is None
    assert asked.when(disagrees("gp")).refusal is not None
    sent = step().given(product(), released())
    assert sent.when(disagrees(TEAM)).refusal is None


def test_facts_may_come_in_any_order(requested: InformationRequested) -> None:
    early = Given(disagreement.STEP).given(released(), product("police"), requested)
    assert early.when(disagrees("police")).refusal is not None, "who notified is not heard yet"
    assert early.when(disagrees(TEAM)).refusal is None
    early.given(linked())
    assert early.when(disagrees("police", id_="d-3")).refusal is None
    about = {"disputes": "withholding", "owner": "police"}
    assert early.when(disagrees(TEAM, id_="d-4", **about)).refusal is None


def test_who_owes_it_is_warned_and_chased_and_then_both_chains_are_told_to_their_ends() -> None:
    own = (
        Contact(role="Inspector of the day", reach="01632 960171"),
        Contact(role="Chief inspector", reach="01632 960172"),
    )
    given = step(policy(partner("police", chain=own)))
    at = given.when(disagrees()).timers[0].due_at
    told: list[tuple[object, str, str | None, str]] = []
    for _ in range(20):
        outcome = given.when(elapsed("disagreement", at))
        for fact, letter in zip(outcome.facts, outcome.letters, strict=True):
            assert isinstance(letter.notice, OwedNotice)
            other = LEAD if letter.agency == "police" else "police"
            assert letter.notice.contact == f"{other} duty desk", "who knows what it is about"
            to = letter.notice.escalated_to
            role = to.role if to else None
            told.append((type(fact), letter.agency, role, letter.notice.next))
        if not outcome.timers:
            break
        at = outcome.timers[0].due_at
    assert [one[:3] for one in told] == [
        (ClockWarned, LEAD, None),
        (ClockChased, LEAD, None),
        (ClockEscalated, LEAD, "Duty manager"),
        (ClockEscalated, "police", "Inspector of the day"),
        (ClockEscalated, LEAD, "Ada Sample, head of service"),
        (ClockEscalated, "police", "Chief inspector"),
    ]
    ends = "Nobody else is told by the hub: please settle it between you."
    assert [one[3] == ends for one in told] == [False] * 4 + [True] * 2
    assert told[1][3].endswith("Duty manager and Inspector of the day are told.")
    assert "Ada Sample" in told[2][3]
    assert "Ada Sample" in told[3][3]
    assert given.state.next_at is None


def test_a_view_that_is_not_revealed_is_read_by_nobody_else() -> None:
    given = step()
    outcome = given.when(disagrees(may_be_revealed=False))
    told = letters(outcome, DisagreementOpened)
    assert SAW_BRUISES not in told[LEAD].model_dump_json()
    assert told[LEAD].asks_for is None
    assert "ring them" in told[LEAD].next
    assert told["police"].view == SAW_BRUISES


def test_what_is_withdrawn_unrevealed_is_not_told_why() -> None:
    given = step().given(disagrees(may_be_revealed=False))
    said = {"referral_id": "ref-1", "disagreement_id": "d-1", "withdrawn_by": "PC Sample"}
    withdrawal = DisagreementWithdrawal.model_validate(said | {"reason": "The informant left"})
    back = DisagreementTakenBack(agency="police", referral_id="ref-1", withdrawal=withdrawal)
    told = letters(given.when(back), DisagreementEnded)
    assert told[LEAD].said == "They disagree no longer."
    assert told["police"].said == "The informant left"


def test_views_of_several_stand_side_by_side_as_their_own(requested: InformationRequested) -> None:
    given = step().given(requested, disagrees())
    calm = "Attends well; no change seen."
    given.when(disagrees("school", id_="d-2", profession="teacher", view=calm))
    kept = [(one.agency, one.profession, one.view) for one in given.state.disputes]
    assert kept == [("police", "police officer", SAW_BRUISES), ("school", "teacher", calm)]
    ended = given.when(settles(id_="d-2", verdict="not_upheld"))
    assert set(letters(ended, DisagreementEnded)) == {LEAD, "school"}
    assert given.state.dispute("d-1").ended is None


def test_the_same_view_told_again_is_the_same_disagreement() -> None:
    given = step().given(disagrees())
    assert given.when(disagrees(id_="d-2")).facts == ()
    assert given.when(disagrees(id_="d-3", view="Another injury since.")).facts


def test_what_is_decided_is_recorded_and_told_in_the_words_that_may_be_told() -> None:
    given = step().given(disagrees())
    outcome = given.when(settles(changed_by="decision-9"))
    (fact,) = of(DisagreementSettled, outcome.facts)
    assert (fact.verdict, fact.settled_by, fact.decided_by) == ("upheld", LEAD, "Duty manager")
    assert (fact.changed_by, fact.picture_id) == ("decision-9", settles().shown[0].id)
    told = letters(outcome, DisagreementEnded)["police"]
    assert (told.ended, told.verdict) == ("settled", "upheld")
    assert told.said == "We have rated it anew, as you say."
    assert "do not fit" not in told.model_dump_json()
    assert given.state.next_at is None
    assert given.when(settles()).refusal is not None


def test_only_who_settles_it_decides_about_it() -> None:
    register = partner(LEAD, social_workers=("S. Worker",))
    given = step(policy(register)).given(disagrees())
    assert reason(given.when(settles("police"))) == "refused.not-yours"
    assert reason(given.when(settles("housing"))) == "refused.unknown-subject"
    assert reason(given.when(settles(decided_by="Mr Nobody"))) == "refused.decision-maker"
    assert reason(given.when(settles(id_="d-9"))) == "refused.unknown-subject"
    unseen = settles().model_copy(update={"shown": ()})
    assert reason(given.when(unseen)) == "refused.not-shown"
    assert given.when(settles(decided_by="ada sample")).refusal is None


def test_whom_it_went_up_to_elsewhere_settles_it_once_it_has() -> None:
    chair = Contact(role="Independent chair", reach="01632 960190", agency="housing")
    agreed = profile().model_copy(update={"chains": {"disagreement": (chair,)}})
    given = step(policy(profile_=agreed))
    at: dt.datetime | None = given.when(disagrees()).timers[0].due_at
    decides = settles("housing", decided_by="Independent chair")
    assert reason(given.when(decides)) == "refused.unknown-subject"
    while at is not None:
        following = given.when(elapsed("disagreement", at)).timers
        at = following[0].due_at if following else None
    assert given.when(decides).refusal is None


def test_what_an_owner_withholds_its_own_people_decide_about_and_nobody_else() -> None:
    given = step().given(product("police"), released())
    outcome = given.when(disagrees(TEAM, disputes="withholding", owner="police"))
    assert set(letters(outcome, DisagreementOpened)) == {"police", TEAM}
    assert reason(given.when(settles())) == "refused.not-yours"
    refused = given.when(settles("police", decided_by="S. Worker"))
    assert reason(refused) == "refused.decision-maker"
    settled = given.when(settles("police", decided_by="Decision maker of police"))
    assert of(DisagreementSettled, settled.facts)[0].settled_by == "police"


def test_a_withholding_that_a_partner_was_not_told_of_leaves_no_trace() -> None:
    given = step().given(product("school"), released())
    holds = given.when(disagrees(TEAM, disputes="withholding", owner="police"))
    nothing = given.when(disagrees(TEAM, disputes="withholding", owner="gp"))
    assert holds == nothing
    assert reason(holds) == "refused.unknown-subject"
    assert reason(given.when(disagrees("police", disputes="withholding", owner="school"))) == (
        "refused.unknown-subject"
    )


def test_the_lead_agency_may_disagree_with_what_whoever_was_asked_withholds(
    requested: InformationRequested,
) -> None:
    given = step().given(requested)
    outcome = given.when(disagrees(LEAD, disputes="withholding", owner="school"))
    assert set(letters(outcome, DisagreementOpened)) == {"school", LEAD}
    never = given.when(disagrees(LEAD, disputes="withholding", owner="housing"))
    assert reason(never) == "refused.unknown-subject"


def test_whoever_disagreed_may_do_so_no_longer_and_nobody_else_says_so() -> None:
    given = step().given(disagrees())
    said = DisagreementWithdrawal(
        referral_id="ref-1",
        disagreement_id="d-1",
        withdrawn_by="PC Sample",
        reason="Agreed by ring",
    )
    back = DisagreementTakenBack(agency="police", referral_id="ref-1", withdrawal=said)
    other = back.model_copy(update={"agency": LEAD})
    assert reason(given.when(other)) == "refused.unknown-subject"
    outcome = given.when(back)
    assert of(DisagreementWithdrawn, outcome.facts)
    told = letters(outcome, DisagreementEnded)
    assert {one.ended for one in told.values()} == {"withdrawn"}
    assert set(told) == {LEAD, "police"}
    assert given.state.next_at is None
    assert reason(given.when(settles())) == "refused.closed"


def test_a_clock_that_nobody_can_answer_any_more_is_closed_with_its_reason() -> None:
    given = step().given(product("police"), released())
    about = {"disputes": "withholding", "owner": "police", "product_id": "product-1"}
    given.given(disagrees(TEAM, **about))
    voided = ProductVoided(
        product_id="product-1", referral_id="ref-1", case_id="case-1", reason="Another child"
    )
    outcome = given.when(voided)
    (closed,) = of(ClockClosed, outcome.facts)
    assert (closed.clock, closed.agency, closed.subject_id) == ("disagreement", "police", "d-1")
    assert "taken back" in closed.reason
    assert {one.ended for one in letters(outcome, DisagreementEnded).values()} == {"closed"}
    assert given.state.next_at is None


def test_an_owner_that_is_no_partner_any_more_is_not_waited_for() -> None:
    given = step().given(product("police"), released())
    outcome = given.when(disagrees(TEAM, disputes="withholding", owner="police"))
    left = policy()
    gone = {code: one for code, one in left.partners.items() if code != "police"}
    given._policy = left.model_copy(update={"partners": gone})
    closed = given.when(elapsed("disagreement", outcome.timers[0].due_at))
    assert of(ClockClosed, closed.facts)
    assert closed.timers == ()


def test_it_goes_on_for_the_child_whom_the_referral_is_about_now() -> None:
    given = step().given(disagrees(disputes="link"), corrected())
    outcome = given.when(settles(case_id="case-1"))
    (fact,) = of(DisagreementSettled, outcome.facts)
    assert fact.case_id == "case-2"


def test_a_rating_may_have_a_time_of_its_own_for_it() -> None:
    rule = profile().colours[Colour.RED]
    quick = {**rule.allowed, "disagreement": {"kind": "minutes", "minutes": 30}}
    told = profile().model_dump(mode="json", exclude_unset=True)
    told["colours"]["red"]["allowed"] = quick
    given = step(policy(profile_=type(profile()).model_validate(told)))
    given.given(assigned(Colour.RED))
    (fact,) = of(DisagreementRaised, given.when(disagrees()).facts)
    assert fact.due_at == NOON + dt.timedelta(minutes=30)


def test_a_profile_that_gives_no_time_for_it_has_no_clock_and_it_is_decided_all_the_same() -> None:
    given = step(policy(profile_=profile().model_copy(update={"allowed": {}})))
    outcome = given.when(disagrees())
    assert outcome.timers == ()
    assert "no time is agreed" in letters(outcome, DisagreementOpened)["police"].next
    assert given.when(settles()).refusal is None


TOLD = ("police", "school", TEAM)
"""Who was told of it below, beside the lead agency; housing was not."""


@for_all(st.permutations(range(4)), st.sampled_from([*TOLD, LEAD, "housing", "gp"]))
def test_whoever_was_told_may_disagree_in_whatever_order_the_facts_came(
    order: list[int], agency: str
) -> None:
    facts = [linked(), asked_school(), product("police"), released()]
    given = Given(disagreement.STEP).given(*(facts[number] for number in order))
    refused = given.when(disagrees(agency)).refusal is not None
    assert refused == (agency not in (*TOLD, LEAD))
    owner = {"disputes": "withholding", "owner": "police"}
    refused = given.when(disagrees(agency, id_="d-2", **owner)).refusal is not None
    assert refused == (agency not in (TEAM, LEAD))


acts = st.tuples(
    st.sampled_from(["raise", "raise", "withdraw", "settle", "time", "time", "time"]),
    st.sampled_from(["police", "school", TEAM, LEAD, "housing"]),
    st.integers(0, 3),
    st.booleans(),
)


@for_all(st.lists(acts, max_size=25))
def test_whatever_people_do_no_view_is_lost_or_told_to_others_and_nothing_ends_twice(
    done: list[tuple[str, str, int, bool]],
) -> None:
    given = step().given(asked_school(), product("police"), released())
    at, due, views = NOON, list[dt.datetime](), dict[str, tuple[str, bool]]()
    for number, (act, agency, which, revealed) in enumerate(done):
        id_, view = f"d-{which}", f"View {number} of {agency}."
        if act == "raise":
            id_ = f"d-{number}"
            owner = {"disputes": "withholding", "owner": "police"} if which == 0 else {}
            told: dict[str, Any] = {"view": view, "may_be_revealed": revealed, "id_": id_}
            outcome = given.when(disagrees(agency, **told, **owner), at=at)
            if outcome.refusal is None:
                views[id_] = (view, revealed)
        elif act == "withdraw":
            said = {"referral_id": "ref-1", "disagreement_id": id_}
            who = {"withdrawn_by": "A. Body", "reason": "Agreed"}
            withdrawal = DisagreementWithdrawal.model_validate(said | who)
            back = {"agency": agency, "referral_id": "ref-1", "withdrawal": withdrawal}
            outcome = given.when(DisagreementTakenBack.model_validate(back), at=at)
        elif act == "settle":
            who = {"decided_by": f"Decision maker of {agency}"}
            outcome = given.when(settles(agency, id_=id_, **who), at=at)
        elif due:
            at = min(due)
            due.remove(at)
            outcome = given.when(elapsed("disagreement", at))
        else:
            continue
        due += [timer.due_at for timer in outcome.timers]
        for letter in outcome.letters:
            words = letter.notice.model_dump_json()
            for one in given.state.disputes:
                own, open_ = views[one.disagreement_id]
                assert own not in words or letter.agency == one.agency or open_
                assert own not in words or letter.agency in one.sides
    state = given.state
    assert {one.disagreement_id: one.view for one in state.disputes} == {
        id_: view for id_, (view, _) in views.items()
    }
    ended = [one for one in given.facts if isinstance(one, ENDS)]
    ids = [one.disagreement_id for one in ended]
    assert sorted(ids) == sorted(one.disagreement_id for one in state.disputes if one.ended)
    assert {one.owed_by for one in state.disputes if one.disputes == "withholding"} <= {"police"}
    assert all(one.clock is None for one in state.disputes if one.ended)
    settled = [one for one in ended if isinstance(one, DisagreementSettled)]
    assert all(one.settled_by == "police" for one in settled if one.disputes == "withholding")
    assert state.next_at is None or state.next_at in due or state.next_at <= at


ENDS = (DisagreementSettled, DisagreementWithdrawn)


def reason(outcome: Any) -> str | None:
    """Why it was refused."""
    return outcome.refusal.reason if outcome.refusal else None


def asked_school() -> InformationRequested:
    """The school is asked about ``ref-1``."""
    given = Given(request_information.STEP).given(linked())
    (fact,) = of(InformationRequested, given.when(assigned(Colour.GREEN)).facts)
    requests = tuple(one for one in fact.requests if one.agency == "school")
    return fact.model_copy(update={"requests": requests})


@pytest.fixture
def requested() -> InformationRequested:
    """The same, for those who need it once."""
    return asked_school()
