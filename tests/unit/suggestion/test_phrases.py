"""How a profile's phrases are read and found: by a small profile of its own."""

from __future__ import annotations

import pytest

from router.steps.same import Same
from router.steps.suggestion.phrases import BadPhrase, parsed
from router.steps.suggestion.reading import read
from router.steps.suggestion.vocabulary import Vocabulary
from schemas.policy import BoroughProfile, Context, Denial, Indicator
from schemas.rating import Colour
from tests.support import given

WORDS = {
    "often_misspelt": ("slapping", "bruise~"),
    "correct": ("snapping",),
    "body": ("arm(s)", "leg(s)", "back of {possessive} head"),
    "possessive": ("his", "her"),
}


def profile(
    *phrases: str, context: tuple[Context, ...] = (), **words: tuple[str, ...]
) -> Same[BoroughProfile]:
    lists = {"possessive": WORDS["possessive"], **WORDS, **words}
    sign = Indicator(id="sign", says="A sign.", colour=Colour.RED, phrases=phrases)
    update = {"indicators": (sign,), "words": lists, "context": context}
    return Same(given.profile().model_copy(update=update))


def found(text: str, same: Same[BoroughProfile], *, year: int = 2026) -> list[tuple[str, ...]]:
    return [one.words for one in read(text, same=same, year=year).signs if not one.denied]


@pytest.mark.parametrize(
    ("phrase", "text", "words"),
    [
        ("hit at home", "She was  HIT at home.", ("hit", "at", "home")),
        ("hit~", "She is always hitting.", ("hitting",)),
        ("slap~", "He slapped her.", ("slapped",)),
        ("carry~", "He carries it, carried it.", ("carries",)),
        ("leg(s)", "Both legs.", ("legs",)),
        ("his|her leg", "On her leg.", ("her", "leg")),
        ("hurt {body}", "He hurt arms.", ("hurt", "arms")),
        ("hurt~ .. {body}", "Hurting a bit, both my legs", ("hurting", "legs")),
        ("hit ..1 {body}", "hit both legs", ("hit", "legs")),
        ("hit .. {body}", "hit the back of her head", ("hit", "back of her head")),
        ("hit ... end", "hit a b c d e f g h i j k l end", ("hit", "end")),
        ("leg & burn", "A burn on the leg.", ("leg",)),
        ("leg + burn", "A burn. The leg is sore.", ("leg",)),
        ("not eat", "She doesn't eat.", ("not", "eat")),
        ("not eat", "she doesnt eat", ("not", "eat")),
        ("not eat", "he cannae eat", ("not", "eat")),
        ("will kill", "He'll kill", ("will", "kill")),
        ("step dad", "His step-dad", ("step", "dad")),
        ("5 / 12", "A 5/12 old", ("5", "/", "12")),
        ("{number} yo", "a 14yo", ("14", "yo")),
    ],
)
def test_a_phrase_is_found_as_it_says(phrase: str, text: str, words: tuple[str, ...]) -> None:
    same = profile(phrase, possessive=("his", "her"))
    assert found(text, same)[0] == words


@pytest.mark.parametrize(
    ("phrase", "text"),
    [
        ("hit~", "A white hitch."),
        ("hurt~ .. {body}", "He hurt one two three four five six seven legs"),
        ("hurt~ .. {body}", "He hurt. Her leg"),
        ("hit ..1 {body}", "hit the both legs"),
        ("hit ... end", "hit a b. The end"),
        ("leg & burn", "A burn. The leg."),
        ("his|her leg", "his own leg"),
    ],
)
def test_and_not_otherwise(phrase: str, text: str) -> None:
    assert found(text, profile(phrase)) == []


def test_a_line_that_was_broken_for_its_length_goes_on_and_another_begins_anew() -> None:
    same, filler = profile("hit at home"), "words " * 12
    assert found(f"{filler}hit\nat home", same)
    assert not found("hit\nat home", same)
    assert not found(f"{filler}hit\nAt home", same)


def test_a_past_year_is_over_for_a_year_at_least() -> None:
    same = profile("in {past-year}")
    assert found("in 2024", same) == [("in", "2024")]
    assert found("in 2025", same) == found("in 3024", same) == []
    assert found("in 2025", same, year=2030)


def test_a_misspelling_within_one_edit_is_known_unless_it_is_a_word_of_its_own() -> None:
    same = profile("slapping", "bruise~", "headache")
    assert [*found("slaping", same), *found("briuse", same)] == [("slaping",), ("briuse",)]
    assert found("snapping headach slamming", same) == []


@pytest.mark.parametrize("phrase", ["..", "hit ..", "& hit", "hit & .. leg", "{body|hit~", "a-b|c"])
def test_a_phrase_that_cannot_be_read_says_what_to_write(phrase: str) -> None:
    with pytest.raises(BadPhrase, match="write"):
        parsed(phrase)


@pytest.mark.parametrize("words", [{"a": ("{b}",), "b": ("x",)}, {"a": ("{a}",)}])
def test_a_list_names_only_lists_before_it(words: dict[str, tuple[str, ...]]) -> None:
    broken = given.profile().model_copy(update={"words": words, "indicators": (), "context": ()})
    with pytest.raises(BadPhrase, match="lists before it"):
        Vocabulary(broken)


def test_a_phrase_names_only_lists_that_there_are() -> None:
    with pytest.raises(BadPhrase, match="nosuch"):
        Vocabulary(profile("{nosuch}").value)


def context(means: str, *phrases: str, **more: object) -> Context:
    return Context.model_validate({"means": means, "phrases": phrases, **more})


NO = context("negated", "no", "nobody")


def denied(text: str, *contexts: Context, phrases: tuple[str, ...] = ("burn(s)",)) -> bool:
    found = read(text, same=profile(*phrases, context=contexts), year=2026).signs
    return all(one.denied for one in found)


def test_words_that_deny_reach_what_stands_after_them_within_their_sentence() -> None:
    assert denied("no sign of any burn", NO)
    assert not denied("no sign. A burn", NO)
    assert not denied("burn, no sign", NO)
    assert not denied("no sign of a burn", context("negated", "no", within=2))
    assert denied("burns: none", context("negated", "none", reaches="before"))
    assert denied("a burn, once, as a boy", context("historical", "as a boy", reaches="both"))


def test_nothing_reaches_beyond_what_ends_it() -> None:
    but = context("terminates", "but")
    assert not denied("no mark but a burn", NO, but)
    assert not denied("nobody but burns", NO, but)
    he = context("clause", "he")
    assert not denied("nobody came when he burns", NO, he)
    assert denied("nobody he burns", NO, he), "right there the clause is what is denied"
    assert denied("nobody said that he burns", NO, he, context("joins", "that he"))
    only = context("terminates", "but", of=["historical"])
    assert denied("no mark but a burn", NO, only)


def test_a_pseudo_trigger_that_is_as_long_denies_nothing() -> None:
    assert not denied("no doubt a burn", NO, context("pseudo", "no doubt"))
    of = context("pseudo", "no doubt", of=["historical"])
    assert denied("no doubt a burn", NO, of)


def test_an_answer_denies_the_question_before_it_and_no_other_sentence() -> None:
    nil = context("negated", "none", reaches="answers")
    assert denied("Burns? None.", nil)
    assert not denied("Burns. None.", nil)
    assert denied("A burn. False alarm.", context("negated", "false alarm", reaches="previous"))


def test_what_a_sign_holds_itself_does_not_deny_it() -> None:
    assert not denied("no burns cream", NO, phrases=("no burns",))


def test_an_idiom_is_no_sign() -> None:
    same = profile("burn~", context=(context("idiom", "burn~ the toast"),))
    reading = read("He burnt the toast.", same=same, year=2026)
    assert (reading.signs, reading.known) == ((), True)


def test_an_indicator_may_count_despite_a_kind_of_denial() -> None:
    sign = Indicator(
        id="threat",
        says="A threat.",
        colour=Colour.RED,
        phrases=("will kill",),
        despite=(Denial.HYPOTHETICAL,),
    )
    update = {"indicators": (sign,), "context": (context("hypothetical", "if"), NO), "words": {}}
    same = Same(given.profile().model_copy(update=update))
    (one,) = read("if he comes he will kill", same=same, year=2026).signs
    assert not one.denied
    (other,) = read("nobody will kill", same=same, year=2026).signs
    assert other.denied == {Denial.NEGATED}
