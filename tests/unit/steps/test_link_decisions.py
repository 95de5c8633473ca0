"""Hop 3 by human hand: confirm, reject, merge, split and undo, over the register in a store and in
a replay alike.
"""

from __future__ import annotations

import pytest

from router.step import Outcome
from router.steps.link.register import Register
from router.steps.sharing import NOT_TOLD
from schemas.case import (
    ChildLinked,
    DecisionUndone,
    LinkCorrected,
    LinkOutcome,
    OpenCaseLinked,
    PersonsKeptApart,
    PersonsMerged,
    PersonSplit,
    Worker,
)
from schemas.letter import letter_id
from schemas.notices import Handover, LinksChanged
from tests.support.given import registering, worker
from tests.support.linking import LEAD, Linking, another, namesake, of, refused


def corrections(outcome: Outcome[Register]) -> dict[str, tuple[str, str]]:
    """From whom to whom each referral went."""
    return {
        c.referral_id: (c.from_person_id, c.person_id) for c in of(LinkCorrected, outcome.facts)
    }


def agencies(outcome: Outcome[Register], kind: type = LinksChanged) -> list[str]:
    return [letter.agency for letter in outcome.letters if isinstance(letter.notice, kind)]


def handed(outcome: Outcome[Register], cause: str) -> tuple[str, ...]:
    """What the letters are called that hand referrals over."""
    letters = (letter for letter in outcome.letters if isinstance(letter.notice, Handover))
    return tuple(letter_id(cause, "link", key=letter.key) for letter in letters)


def two(linking: Linking) -> tuple[str, str]:
    """Two persons: the first with referrals r1 and r2, the other with r3."""
    one = linking.referral("r1").person_id
    linking.referral("r2")
    return one, linking.referral("r3", another()).person_id


# who decides


@pytest.mark.parametrize("workers", [(), ("S. Worker",), (" s.  worker ", "A. Screening")])
def test_where_social_workers_are_registered_they_alone_settle_links(
    linking: Linking, workers: tuple[str, ...]
) -> None:
    one, other = two(linking)
    linking.policy = registering(*workers).model_copy(update={"linkage_model": "default"})
    assert refused(linking.link("r2", one)) is None
    linking.policy = registering("A. Screening").model_copy(update={"linkage_model": "default"})
    for outcome in (
        linking.link("r2", None, id_="d1"),
        linking.persons(one, other, same=True),
        linking.split(one, ["r1"]),
        linking.undo("d-link"),
    ):
        assert refused(outcome) == ("refused.decision-maker", "decided_by")


# confirm and reject


def test_a_confirmed_link_stays_and_is_recorded_with_who_and_why(linking: Linking) -> None:
    one, _ = two(linking)
    outcome = linking.link("r2", one)
    (fact,) = outcome.facts
    assert isinstance(fact, LinkCorrected)
    assert (fact.from_person_id, fact.person_id, fact.decision_id) == (one, one, "d-link")
    assert (fact.decided_by, fact.rationale) == ("S. Worker", "I asked the school")
    assert outcome.letters == ()


def test_a_rejected_child_is_never_linked_by_itself_to_what_fits_both(linking: Linking) -> None:
    one, _ = two(linking)
    rejected = linking.link("r2", None)
    own = corrections(rejected)["r2"][1]
    again = linking.referral("r4")
    assert again.outcome is LinkOutcome.REVIEW
    assert {candidate.person_id for candidate in again.candidates} == {one, own}


def test_an_amendment_of_a_rejected_referral_goes_where_the_human_put_it(linking: Linking) -> None:
    two(linking)
    own = corrections(linking.link("r2", None))["r2"][1]
    assert linking.referral("r5", first="r2").person_id == own


def test_none_of_the_candidates_is_remembered_of_each_of_them_on_both_sides(
    linking: Linking,
) -> None:
    one, _ = two(linking)
    doubtful = linking.referral("r4", namesake())
    assert [candidate.person_id for candidate in doubtful.candidates] == [one]
    linking.link("r4", None)
    assert linking.person(one).profile.not_same == (doubtful.person_id,)
    assert linking.person(doubtful.person_id).profile.not_same == (one,)


def test_choosing_a_candidate_says_nothing_against_later_links_to_the_provisional_person(
    linking: Linking,
) -> None:
    one, _ = two(linking)
    doubtful = linking.referral("r4", namesake())
    linking.link("r4", one)
    assert linking.person(one).profile.not_same == ()
    assert linking.person(doubtful.person_id).successor == one


def test_a_decision_for_a_person_whose_evidence_went_elsewhere_means_whoever_has_it(
    linking: Linking,
) -> None:
    one, other = two(linking)
    linking.persons(one, other, same=True)
    moved = linking.link("r1", other)
    assert corrections(moved) == {"r1": (one, one)}


# merge


def test_a_merge_moves_every_referral_of_the_absorbed_person_and_says_so_of_each(
    linking: Linking,
) -> None:
    one, other = two(linking)
    outcome = linking.persons(other, one, same=True)
    assert corrections(outcome) == {"r1": (one, other), "r2": (one, other)}
    (merged,) = of(PersonsMerged, outcome.facts)
    assert (merged.person_id, merged.absorbed_person_id, merged.referral_ids) == (
        other,
        one,
        ("r1", "r2"),
    )
    assert merged.decision_id == "d-persons"
    assert agencies(outcome) == [LEAD]
    assert linking.person(other).evidence == ("r3", "r1", "r2")
    assert linking.person(one).evidence == ()


def test_after_a_merge_each_childs_next_notification_goes_to_the_person_that_was_kept(
    linking: Linking,
) -> None:
    one, other = two(linking)
    linking.persons(other, one, same=True)
    assert linking.referral("r4").person_id == other
    assert linking.referral("r5", another()).person_id == other


def test_a_merge_inherits_whom_the_absorbed_person_is_verified_not_to_be(linking: Linking) -> None:
    one, other = two(linking)
    own = corrections(linking.link("r2", None, id_="d1"))["r2"][1]
    linking.persons(other, one, same=True, id_="d2")
    assert own in linking.person(other).profile.not_same
    assert other in linking.person(own).profile.not_same


def test_a_merge_of_two_who_were_said_to_differ_lifts_that(linking: Linking) -> None:
    one, other = two(linking)
    linking.persons(one, other, same=False, id_="d1")
    linking.persons(one, other, same=True, id_="d2")
    assert linking.person(one).profile.not_same == ()


def test_a_merge_brings_the_worker_along_and_tells_the_workers_team(linking: Linking) -> None:
    one, _ = two(linking)
    found = linking.open_case("o1", another())
    (opened,) = of(OpenCaseLinked, found.facts)
    outcome = linking.persons(one, opened.person_id, same=True)
    assert linking.person(one).worker == worker()
    assert agencies(outcome) == [LEAD, worker().team]
    (anew,) = of(OpenCaseLinked, outcome.facts)
    assert (anew.person_id, anew.worker) == (one, worker())
    assert linking.referral("r4").allocated_to == worker()


def test_an_open_case_is_no_referral_when_referrals_are_counted_again(linking: Linking) -> None:
    linking.open_case("o1")
    one = linking.referral("r1").person_id
    linking.referral("r2")
    linking.link("r2", None)
    assert linking.person(one).referrals == 1


def test_what_was_handed_to_the_same_worker_is_not_handed_over_again_by_a_merge(
    linking: Linking,
) -> None:
    (opened,) = of(OpenCaseLinked, linking.open_case("o1").facts)
    linking.referral("r1")
    other = linking.referral("r3", another()).person_id
    outcome = linking.persons(other, opened.person_id, same=True)
    assert of(ChildLinked, outcome.facts) == []
    assert agencies(outcome, Handover) == []


def test_persons_who_are_not_one_are_remembered_and_nothing_moves(linking: Linking) -> None:
    one, other = two(linking)
    outcome = linking.persons(one, other, same=False)
    (fact,) = outcome.facts
    assert isinstance(fact, PersonsKeptApart)
    assert (fact.person_id, fact.other_person_id) == (one, other)
    assert linking.person(one).profile.not_same == (other,)
    assert linking.person(other).profile.not_same == (one,)
    assert outcome.letters == ()


def test_closing_one_of_a_childs_cases_leaves_the_worker_of_the_other(linking: Linking) -> None:
    linking.open_case("o1")
    linking.open_case("o2", by=Worker(name="B. Brown", team="early_help", case_reference="ICS-8"))
    linking.open_case("o3", closes="ICS-7")
    assert linking.referral("r1").allocated_to == Worker(
        name="B. Brown", team="early_help", case_reference="ICS-8"
    )
    linking.open_case("o4", closes="ICS-8")
    assert linking.referral("r2").allocated_to is None


# split


def test_a_split_makes_a_new_person_of_the_referrals_named(linking: Linking) -> None:
    one, _ = two(linking)
    outcome = linking.split(one, ["r2"])
    (fact,) = of(PersonSplit, outcome.facts)
    assert corrections(outcome) == {"r2": (one, fact.person_id)}
    assert (fact.from_person_id, fact.referral_ids) == (one, ("r2",))
    assert fact.person_id != one
    assert fact.case_id != fact.from_case_id
    assert linking.person(one).evidence == ("r1",)
    assert linking.person(one).profile.not_same == (fact.person_id,)
    assert linking.person(fact.person_id).profile.not_same == (one,)


def test_a_split_to_a_known_person_adds_to_what_is_known_of_that_one(linking: Linking) -> None:
    one, other = two(linking)
    linking.split(one, ["r2"], other)
    assert linking.person(other).evidence == ("r3", "r2")


def test_what_a_split_takes_from_a_worker_is_linked_anew_and_the_worker_is_told(
    linking: Linking,
) -> None:
    (opened,) = of(OpenCaseLinked, linking.open_case("o1").facts)
    linking.referral("r1")
    outcome = linking.split(opened.person_id, ["r1"])
    (anew,) = of(ChildLinked, outcome.facts)
    assert anew.allocated_to is None
    assert anew.notification.narrative
    assert agencies(outcome) == [LEAD, worker().team]


def test_a_handover_to_the_wrong_worker_is_taken_back_as_long_as_it_waits(linking: Linking) -> None:
    (opened,) = of(OpenCaseLinked, linking.open_case("o1").facts)
    first = linking.hear_referral("r1")
    outcome = linking.split(opened.person_id, ["r1"], id_="d1")
    assert outcome.takes_back == handed(first, "r1-accepted") != ()
    back = linking.undo("d1", id_="d2")
    assert (agencies(back, Handover), back.takes_back) == ([worker().team], ())
    again = linking.split(opened.person_id, ["r1"], id_="d3")
    assert again.takes_back == handed(back, "d2") != ()


def test_a_handover_that_was_sent_under_an_older_id_is_taken_back_under_that_one(
    linking: Linking,
) -> None:
    (opened,) = of(OpenCaseLinked, linking.open_case("o1").facts)
    linking.referral("r1")
    linking.rename_letter("r1", "as it was called")
    assert linking.split(opened.person_id, ["r1"]).takes_back == ("as it was called",)


def test_of_several_handovers_that_one_decision_made_each_is_taken_back_by_itself(
    linking: Linking,
) -> None:
    (opened,) = of(OpenCaseLinked, linking.open_case("o1").facts)
    linking.referral("r1")
    linking.referral("r2")
    linking.split(opened.person_id, ["r1", "r2"], id_="d1")
    both = handed(linking.undo("d1", id_="d2"), "d2")
    one = linking.split(opened.person_id, ["r2"], id_="d3").takes_back
    other = linking.split(opened.person_id, ["r1"], id_="d4").takes_back
    assert sorted(one + other) == sorted(both)
    assert len(set(both)) == 2


def test_what_comes_to_another_worker_is_handed_to_that_one(linking: Linking) -> None:
    (opened,) = of(OpenCaseLinked, linking.open_case("o1").facts)
    linking.referral("r1")
    brown = Worker(name="B. Brown", team="early_help", case_reference="ICS-8")
    (others,) = of(OpenCaseLinked, linking.open_case("o2", another(), brown).facts)
    outcome = linking.split(opened.person_id, ["r1"], others.person_id)
    assert agencies(outcome, Handover) == ["early_help"]


def test_what_a_human_finds_to_be_about_a_child_with_a_worker_is_handed_to_that_worker(
    linking: Linking,
) -> None:
    (opened,) = of(OpenCaseLinked, linking.open_case("o1").facts)
    linking.referral("r1", another())
    outcome = linking.link("r1", opened.person_id, id_="d1")
    (letter,) = handed(outcome, "d1")
    (corrected,) = of(LinkCorrected, outcome.facts)
    assert (corrected.allocated_to, corrected.letter_id) == (worker(), letter)
    (notice,) = (one.notice for one in outcome.letters if isinstance(one.notice, Handover))
    assert notice.outlined
    assert notice.notification.narrative == NOT_TOLD
    back = linking.undo("d1")
    (corrected,) = of(LinkCorrected, back.facts)
    assert (corrected.allocated_to, corrected.letter_id) == (None, None)
    assert back.takes_back == (letter,)


def test_what_is_with_the_worker_of_the_child_is_not_handed_over_again_when_it_is_confirmed(
    linking: Linking,
) -> None:
    (opened,) = of(OpenCaseLinked, linking.open_case("o1").facts)
    first = linking.hear_referral("r1")
    (linked,) = of(ChildLinked, first.facts)
    assert (linked.letter_id,) == handed(first, "r1-accepted")
    outcome = linking.link("r1", opened.person_id)
    (corrected,) = of(LinkCorrected, outcome.facts)
    assert (corrected.allocated_to, corrected.letter_id) == (worker(), linked.letter_id)
    assert (agencies(outcome, Handover), outcome.takes_back) == ([], ())


def test_what_came_before_its_child_had_a_worker_is_handed_over_once_a_human_looks(
    linking: Linking,
) -> None:
    one = linking.referral("r1").person_id
    linking.open_case("o1")
    assert agencies(linking.link("r1", one), Handover) == [worker().team]
    assert agencies(linking.link("r1", one, id_="d2"), Handover) == []


# undo


@pytest.mark.parametrize("kind", ["reject", "merge", "split", "apart"])
def test_undone_everything_is_as_it_was(linking: Linking, kind: str) -> None:
    one, other = two(linking)
    before = [linking.person(id_).encode() for id_ in (one, other)]
    match kind:
        case "reject":
            done = linking.link("r2", None, id_="d1")
        case "merge":
            done = linking.persons(one, other, same=True, id_="d1")
        case "split":
            done = linking.split(one, ["r1"], id_="d1")
        case _:
            done = linking.persons(one, other, same=False, id_="d1")
    undone = linking.undo("d1")
    assert [linking.person(id_).encode() for id_ in (one, other)] == before
    assert corrections(undone) == {
        id_: (to, from_) for id_, (from_, to) in corrections(done).items()
    }
    (fact,) = of(DecisionUndone, undone.facts)
    assert (fact.undone_decision_id, fact.decision_id) == ("d1", "d-undo")


def test_what_was_linked_after_a_merge_stays_when_the_merge_is_undone(linking: Linking) -> None:
    one, other = two(linking)
    linking.persons(one, other, same=True, id_="d1")
    linking.referral("r4")
    linking.undo("d1")
    assert linking.person(one).evidence == ("r1", "r2", "r4")
    assert linking.person(other).evidence == ("r3",)


def test_what_later_decisions_stand_upon_cannot_be_undone_before_them(linking: Linking) -> None:
    one, other = two(linking)
    linking.persons(one, other, same=True, id_="d1")
    linking.split(one, ["r3"], id_="d2")
    assert refused(linking.undo("d1")) == ("refused.overtaken", "decision_id")
    assert refused(linking.undo("d2", id_="u2")) is None
    assert refused(linking.undo("d1", id_="u1")) is None
    assert linking.person(other).evidence == ("r3",)


def test_a_verified_non_match_that_a_merge_lifted_cannot_be_undone_before_the_merge(
    linking: Linking,
) -> None:
    one, other = two(linking)
    linking.persons(one, other, same=False, id_="d1")
    linking.persons(one, other, same=True, id_="d2")
    assert refused(linking.undo("d1")) == ("refused.overtaken", "decision_id")
    linking.undo("d2", id_="u2")
    assert linking.person(one).profile.not_same == (other,)


def test_a_non_match_that_two_decisions_found_outlives_the_undoing_of_one(linking: Linking) -> None:
    one, other = two(linking)
    linking.persons(one, other, same=False, id_="d1")
    linking.persons(other, one, same=False, id_="d2")
    linking.undo("d1")
    assert linking.person(one).profile.not_same == (other,)


def test_a_decision_is_undone_once(linking: Linking) -> None:
    one, other = two(linking)
    linking.persons(one, other, same=True, id_="d1")
    linking.undo("d1", id_="u1")
    assert refused(linking.undo("d1", id_="u2")) == ("refused.closed", "decision_id")


# what may not be


def test_only_the_lead_agency_decides(linking: Linking) -> None:
    one, other = two(linking)
    assert refused(linking.persons(one, other, same=True, agency="police")) == (
        "refused.role",
        None,
    )
    assert refused(linking.split(one, ["r1"], agency="police")) == ("refused.role", None)
    assert refused(linking.undo("d1", agency="police")) == ("refused.role", None)


def test_what_the_hub_does_not_know_is_refused_with_the_field(linking: Linking) -> None:
    one, other = two(linking)
    assert refused(linking.link("r1", "nobody")) == ("refused.unknown-subject", "person_id")
    assert refused(linking.persons("nobody", one, same=True)) == (
        "refused.unknown-subject",
        "person_id",
    )
    assert refused(linking.persons(one, "nobody", same=True)) == (
        "refused.unknown-subject",
        "other_person_id",
    )
    assert refused(linking.split("nobody", ["r1"])) == ("refused.unknown-subject", "person_id")
    assert refused(linking.split(one, ["r1", "r3"])) == (
        "refused.unknown-subject",
        "referral_ids[1]",
    )
    assert refused(linking.split(one, ["r1"], "nobody")) == (
        "refused.unknown-subject",
        "to_person_id",
    )
    assert refused(linking.undo("d9")) == ("refused.unknown-subject", "decision_id")
    assert linking.person(other).evidence == ("r3",)


def test_a_person_is_not_merged_with_or_split_from_itself(linking: Linking) -> None:
    one, other = two(linking)
    assert refused(linking.persons(one, one, same=True)) == ("invalid.value", "other_person_id")
    assert refused(linking.split(one, ["r1"], one)) == ("refused.closed", "to_person_id")
    linking.persons(one, other, same=True)
    assert refused(linking.persons(one, other, same=False, id_="d2")) == (
        "refused.closed",
        "other_person_id",
    )


def test_to_say_again_that_two_are_one_changes_nothing(linking: Linking) -> None:
    one, other = two(linking)
    linking.persons(one, other, same=True)
    assert linking.persons(other, one, same=True, id_="d2") == Outcome()


def test_every_correction_of_a_referral_counts_one_more(linking: Linking) -> None:
    one, other = two(linking)
    linking.link("r2", other, id_="d1")
    linking.link("r2", one, id_="d2")
    linking.undo("d2")
    assert [fact.revision for fact in of(LinkCorrected, linking.facts)] == [1, 2, 3]
