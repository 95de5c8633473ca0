"""What the profile makes of a notification: explainable, never lower for what cannot be read."""

from __future__ import annotations

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st
from pydantic import ValidationError

from router.steps import thresholds
from schemas.case import ONCE, Counted
from schemas.gathering import Level
from schemas.information import Sensitivity
from schemas.notification import NO_ACCOUNT
from schemas.policy import BoroughProfile, Indicator
from schemas.rating import Colour
from tests.support import given

INDICATORS = given.profile().model_copy(update={"weighing": None})
"""The shipped profile by its indicators alone; what words weigh: suggestion/test_weighing.py."""
SAYS_HIT = "The child is said to have been hit or hurt."
UNKNOWN = "The profile knows nothing of what is said: a person should read it."


def suggest(
    narrative: str,
    *concern: str,
    counted: Counted = ONCE,
    profile: BoroughProfile | None = None,
    urgent: bool = False,
) -> thresholds.Suggestion:
    notification = given.notification(narrative, concern=concern, urgent=urgent)
    return thresholds.suggest(notification, counted=counted, profile=profile or INDICATORS)


@pytest.mark.parametrize(
    ("narrative", "colour"),
    [
        (given.HIT, Colour.RED),
        (given.DOMESTIC_ABUSE, Colour.AMBER),
        (given.MISSING_EPISODE, Colour.GREEN),
        (given.MOVED, Colour.BLUE),
        ("Somebody called about a child.", Colour.GREEN),
    ],
)
def test_the_most_severe_indicator_gives_the_colour(narrative: str, colour: Colour) -> None:
    assert suggest(narrative).colour is colour


def test_reasons_are_in_the_words_of_the_profile_with_the_most_severe_first() -> None:
    suggestion = suggest(f"{given.DOMESTIC_ABUSE} {given.HIT}")
    assert suggestion.reasons == (SAYS_HIT, "Domestic abuse at the home.")


def test_phrases_are_found_whatever_case_spacing_and_apostrophes() -> None:
    assert suggest("They WERE  hit\nat home").colour is Colour.RED
    assert (
        "A parent's mental health is getting worse."
        in suggest("Parent\u2019s mental health deteriorating").reasons
    )


def test_a_phrase_within_a_longer_word_is_not_found() -> None:
    assert suggest("The curtains were draped.").reasons == suggest("Nothing.").reasons


def test_a_concern_code_is_enough() -> None:
    assert suggest("See attached.", "physical-abuse").reasons == (SAYS_HIT,)


def test_no_words_deny_the_senders_own_code() -> None:
    suggestion = suggest("Nobody was hit.", "physical-abuse")
    assert (suggestion.colour, suggestion.reasons[0]) == (Colour.RED, SAYS_HIT)


def test_the_senders_own_urgency_is_told_first_and_leaves_the_colour_to_whoever_rates() -> None:
    calm, urgent = suggest(given.MOVED), suggest(given.MOVED, urgent=True)
    assert urgent.reasons == ("The sender says that it is urgent.", *calm.reasons)
    assert urgent.colour is calm.colour


def test_an_indicator_found_twice_is_one_reason() -> None:
    assert suggest(given.HIT + " Was hit at home.", "physical-abuse").reasons == (SAYS_HIT,)


def test_what_is_denied_is_told_with_why_in_the_words_of_the_profile() -> None:
    suggestion = suggest("Nobody was hit during the argument.")
    assert suggestion.colour is not Colour.RED
    assert f"Not counted, as the words deny it: {SAYS_HIT}" in suggestion.denied
    assert not any("argument" in said for said in (*suggestion.reasons, *suggestion.denied))


def test_what_is_denied_in_one_place_and_said_in_another_counts() -> None:
    suggestion = suggest("Nobody was hit on Friday. On Sunday she was hit by her uncle.")
    assert SAYS_HIT in suggestion.reasons
    assert not any(SAYS_HIT in said for said in suggestion.denied)


def test_a_vague_sign_is_no_reason_where_a_plain_one_speaks() -> None:
    plain, vague = (
        INDICATORS.indicators[0].model_copy(update=changed)
        for changed in (
            {"id": "plain", "says": "Plain.", "phrases": ("struck",), "despite": ()},
            {"id": "vague", "says": "Vague.", "phrases": ("at night",), "vague": True},
        )
    )
    profile = INDICATORS.model_copy(update={"indicators": (plain, vague)})
    assert suggest("Struck at night.", profile=profile).reasons == ("Plain.",)
    assert suggest("It comes at night.", profile=profile).reasons == ("Vague.",)


RIDDLE = "Granny's parcel wears the second hat and the kettle sings of it all along."


def test_what_the_profile_knows_nothing_of_is_put_before_a_person() -> None:
    suggestion = suggest(RIDDLE)
    assert (suggestion.colour, suggestion.reasons) == (Colour.RED, (UNKNOWN,))


@pytest.mark.parametrize("narrative", [NO_ACCOUNT, "Please ring.", f"{RIDDLE} Rent arrears too."])
def test_few_words_none_or_an_everyday_matter_are_no_riddle(narrative: str) -> None:
    assert suggest(narrative).colour is INDICATORS.default


def test_a_profile_without_a_colour_for_the_unknown_suggests_its_default() -> None:
    profile = INDICATORS.model_copy(update={"unknown": None})
    assert suggest(RIDDLE, profile=profile).colour is profile.default


@pytest.mark.parametrize(
    ("narrative", "raised"), [(given.MOVED, Colour.GREEN), (given.MISSING_EPISODE, Colour.AMBER)]
)
def test_repeated_low_concerns_are_raised_by_one_colour(narrative: str, raised: Colour) -> None:
    assert suggest(narrative, counted=often(5)).colour is suggest(narrative).colour
    suggestion = suggest(narrative, counted=often(6))
    assert suggestion.colour is raised
    assert suggestion.repeats[-1] == "6 concerns about the child in 12 months, with this one."


def often(of_child: int, of_family: int | None = None, *, months: int = 12) -> Counted:
    return Counted(of_child=of_child, of_family=of_family or of_child, months=months)


def test_repeats_about_a_family_raise_where_those_about_each_child_do_not() -> None:
    few = INDICATORS.model_copy(update={"repeat_referrals": 4, "repeat_family": 5})
    suggestion = suggest(given.MOVED, counted=often(2, 6, months=9), profile=few)
    assert suggestion.colour is Colour.GREEN
    assert suggestion.repeats[-1] == "6 concerns about the family in 9 months, with this one."
    both = suggest(given.MOVED, counted=often(5, 7), profile=few)
    assert both.colour is Colour.GREEN, "two counts raise it by one colour"
    assert [said.split(" in ")[0] for said in both.repeats] == [
        "5 concerns about the child",
        "7 concerns about the family",
    ]
    assert suggest(given.MOVED, counted=often(2, 5), profile=few).colour is Colour.BLUE


def test_a_profile_that_says_nothing_of_families_is_raised_by_those_about_the_child_alone() -> None:
    silent = INDICATORS.model_copy(update={"repeat_family": None})
    assert suggest(given.MOVED, counted=often(2, 50), profile=silent) == suggest(given.MOVED)


def test_a_profile_says_of_repeats_how_many_of_whom_and_in_which_time() -> None:
    words = "A pattern: {whom}, {count} times within {months} months"
    told = INDICATORS.model_dump(mode="json") | {"repeat_says": words}
    profile = BoroughProfile.model_validate(told)
    reasons = suggest(given.MOVED, counted=often(9), profile=profile).repeats
    assert "A pattern: the child, 9 times within 12 months" in reasons
    for wrong in ("{count} of {whom}", "{count} {whom} {months} {name}", "{} {whom} {months}"):
        with pytest.raises(ValidationError):
            BoroughProfile.model_validate(told | {"repeat_says": wrong})


@pytest.mark.parametrize("narrative", [given.HIT, given.DOMESTIC_ABUSE])
def test_repeats_do_not_raise_what_is_amber_or_red(narrative: str) -> None:
    assert suggest(narrative, counted=often(50)) == suggest(narrative)


@pytest.mark.parametrize(
    "garbled", ["\ufffd\ufffd\ufffd", "... ???", f"{given.MOVED} \ufffd\ufffd"]
)
def test_a_narrative_that_cannot_be_read_never_lowers_a_rating(garbled: str) -> None:
    suggestion = suggest(garbled)
    assert suggestion.colour is INDICATORS.default
    assert "The narrative cannot be read in full." in suggestion.reasons


NOISE = st.text(
    st.characters(exclude_characters="?", exclude_categories=["Cs"]), min_size=1, max_size=200
)


@for_all(NOISE, st.sampled_from([given.HIT, given.DOMESTIC_ABUSE]))
def test_text_around_a_sign_never_hides_it(noise: str, sign: str) -> None:
    assert suggest(f"{noise}. {sign} {noise}").colour.severity >= suggest(sign).colour.severity


def test_two_profiles_are_not_taken_for_each_other() -> None:
    shipped = INDICATORS
    nothing: dict[str, object] = {"indicators": (), "default": Colour.BLUE, "unknown": None}
    other = shipped.model_copy(update=nothing)
    assert suggest(given.HIT).colour is Colour.RED
    assert suggest(given.HIT, profile=other).colour is Colour.BLUE
    assert suggest(given.HIT).colour is Colour.RED


def test_a_profile_of_bare_phrases_and_codes_works_without_words_and_contexts() -> None:
    sign = Indicator(id="hit", says="Hit.", colour=Colour.RED, phrases=("has been hit",))
    bare: dict[str, object] = {"indicators": (sign,), "words": {}, "context": (), "unknown": None}
    profile = INDICATORS.model_copy(update=bare)
    assert suggest("She has been hit.", profile=profile).reasons == ("Hit.",)
    assert suggest("She has been told.", profile=profile).colour is profile.default


def test_levels_deepen_from_none_over_basic_to_full() -> None:
    assert thresholds.deeper(Level.FULL, Level.BASIC)
    assert thresholds.deeper(Level.BASIC, Level.NONE)
    assert not thresholds.deeper(Level.BASIC, Level.BASIC)


def test_what_is_more_sensitive_than_the_rating_justifies_is_not_proportionate() -> None:
    assert thresholds.proportionate(Sensitivity.SENSITIVE, Sensitivity.SENSITIVE)
    assert not thresholds.proportionate(Sensitivity.RESTRICTED, Sensitivity.SENSITIVE)


def test_the_sample_profile_has_a_rule_for_every_colour_and_level() -> None:
    profile = INDICATORS
    assert set(profile.colours) == set(Colour)
    assert set(profile.levels) == set(Level)
    assert {sign.colour for sign in profile.indicators} == set(Colour)
