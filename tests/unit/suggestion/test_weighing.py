"""What an account weighs, beside the phrases that it holds (R16, R21)."""

from __future__ import annotations

import datetime as dt

import pytest

from router.steps import thresholds
from router.steps.suggestion.weighing import WITHIN, Signs, features, weigh
from schemas.notification import Notification
from schemas.person import Person
from schemas.policy import BoroughProfile
from schemas.rating import Colour
from schemas.weighing import SignWeights, Weighing
from tests.support import given

WEIGHING = Weighing(
    version="test",
    made=dt.date(2026, 11, 27),
    begins_at=-1,
    signs=SignWeights(plain=0.5, vague=0.25, denied=-0.25, riddle=0.125),
    kinds={"baby": "child"},
    senses={"knife": ("blade",), "foam": ("play",), "drowsy": ("unwell", "drunk")},
    weights={"@blade": 6, "blade&play": -9, "@child @blade": 3, "now": 2},
)


def total(text: str, **signs: bool) -> float:
    return weigh(text.split(), WEIGHING, signs=Signs(**signs)).total


def test_a_word_counts_as_itself_beside_others_and_by_what_it_has_in_common() -> None:
    found = features(["baby", "knife", "##"], kinds=WEIGHING.kinds, senses=WEIGHING.senses)
    assert {"baby", "knife", "baby knife", "@child", "@blade", "@child @blade"} <= set(found)


def test_senses_of_one_sentence_count_together() -> None:
    one = features(["knife", "of", "foam"], kinds={}, senses=WEIGHING.senses)
    two = features(["knife", ".", "foam"], kinds={}, senses=WEIGHING.senses)
    assert "blade&play" in one
    assert "blade&play" not in two


def test_numbers_count_by_their_length() -> None:
    assert set(features(["2026"], kinds={}, senses={})) == {"####"}
    assert set(features(["7.5"], kinds={}, senses={})) == {"#.#"}


@pytest.mark.parametrize("sign", ["plain", "vague", "riddle"])
def test_the_profiles_signs_add_to_it(sign: str) -> None:
    assert total("now", **{sign: True}) > total("now")
    assert total("now", denied=True) < total("now")


def test_one_thing_does_not_drown_in_a_long_account() -> None:
    dull = " ".join(f"w{number}" for number in range(20 * WITHIN))
    short = total(" ".join(dull.split()[: WITHIN - 1]) + " knife")
    assert total(f"{dull} knife {dull}") == pytest.approx(short, abs=0.05)


def test_nothing_said_weighs_what_it_begins_at() -> None:
    assert total("") == WEIGHING.begins_at


def test_it_names_what_weighs_most_by_senses_alone() -> None:
    weighed = weigh(["a", "knife", "now"], WEIGHING, signs=Signs())
    assert weighed.about == ("blade",)


def suggested(text: str, profile: BoroughProfile, **more: object) -> thresholds.Suggestion:
    notification = Notification.model_validate(
        {
            "reference": "R-1",
            "observed_at": dt.datetime(2026, 6, 10, 12, tzinfo=dt.UTC),
            "subject": Person(),
            "narrative": text,
            **more,
        }
    )
    return thresholds.suggest(notification, profile=profile)


def weighing(begins_at: float) -> BoroughProfile:
    empty = WEIGHING.model_copy(update={"begins_at": begins_at, "weights": {}})
    return given.profile().model_copy(update={"weighing": empty})


def test_an_account_that_weighs_enough_may_be_a_red_whatever_signs_it_holds() -> None:
    found = suggested("The bins were not emptied.", weighing(1))
    assert found.colour is Colour.RED
    assert any("Weighed together" in reason for reason in found.reasons)


def test_a_sign_in_words_that_weigh_too_little_is_no_red_but_is_told() -> None:
    text = "Dad hit her with a belt, says the letter that came with the form about the school trip."
    found = suggested(text, weighing(-9))
    assert found.colour is Colour.AMBER
    assert found.found


def test_a_plain_sign_in_very_few_words_stands() -> None:
    assert suggested("Dad hit her with a belt.", weighing(-9)).colour is Colour.RED


def test_and_so_does_one_in_a_short_sentence_whatever_stands_around_it() -> None:
    around = " She was seen and spoken to, and is said to be well in herself today by all at home."
    assert suggested("Dad hit her with a belt." + around, weighing(-9)).colour is Colour.RED
    said = "Dad hit her with a belt while" + around.lower()
    assert suggested(said, weighing(-9)).colour is Colour.AMBER


def test_the_senders_code_stands_whatever_the_words_weigh() -> None:
    code = next(
        one.concerns[0]
        for one in given.profile().indicators
        if one.concerns and one.colour is Colour.RED
    )
    assert suggested("Hello.", weighing(-9), concern=[code]).colour is Colour.RED


def test_a_profile_of_old_weighs_nothing() -> None:
    old = given.profile().model_copy(update={"weighing": None})
    assert "weighing" not in old.model_dump()
    assert suggested("Dad hit her with a belt.", old).colour is Colour.RED
    assert BoroughProfile.model_validate_json(old.model_dump_json()) == old


def test_reasons_repeat_no_word_of_the_account() -> None:
    text = "He held a machete to the baby and says he will use it tonight."
    told = suggested(text, given.profile())
    assert told.colour is Colour.RED
    assert not any("machete" in reason for reason in told.reasons)
