"""What the words around say of words of harm: each kind of denial of the shipped profile, and what
only looks like one. The sentences are of these tests alone.
"""

from __future__ import annotations

import pytest

from router.steps.same import Same
from router.steps.suggestion.reading import read
from schemas.policy import Denial
from schemas.rating import Colour
from tests.support import given

DENIED = {
    Denial.NEGATED: (
        "The girls were not slapped by their aunt.",
        "No one has ever punched him.",
        "There are no bruises, burns or cuts.",
        "He denies that anybody has kicked her.",
        "Strangulation: nil. Weapons: none.",
        "Neither of the lads was stabbed.",
        "We found nothing to suggest that he has been beaten.",
        "Has your uncle slapped you? Never.",
        "They left without hitting him.",
        "The allegation of rape was disproved.",
    ),
    Denial.HISTORICAL: (
        "Mum was beaten as a girl and has had help with it.",
        "In 2009 the boy was slapped by a carer who has left.",
        "Twelve years ago she was strangled by an uncle.",
        "Gran grew up with a father who hit her.",
    ),
    Denial.HYPOTHETICAL: (
        "If anyone ever hit her we would ring.",
        "She is afraid that someone might hurt her.",
        "In case he is stabbed on the way, mum drives him.",
    ),
    Denial.QUESTION: (
        "The nurse asked whether anybody had hit him.",
        "Routine enquiry about strangulation was made.",
        "Does daddy ever hit you?",
    ),
    Denial.OTHER: (
        "Another pupil was stabbed at the fair.",
        "The cat was strangled by a stranger.",
        "Her friend's mum was raped last year.",
    ),
    Denial.FICTION: (
        "He watched a film in which a woman is strangled.",
        "The class had a lesson on self-harm.",
        "In the video game he shoots them with a gun.",
    ),
    Denial.EXPLAINED: (
        "Bruised knee after he fell off the climbing frame at lunch.",
        "The mark on her back is a birthmark.",
        "A graze on his chin from netball, two teachers saw.",
    ),
}
SAID = (
    "He did not just shout at her, he slapped her.",
    "There is no doubt that somebody hit this child.",
    "Nobody listened when she said that he punches her.",
    "Mum denies it, but dad hit the boy with a pole.",
    "It is not the first time that he was kicked.",
    "Without warning he punched the toddler.",
    "Mum was beaten as a girl, but today she hit him with a shoe.",
    "I could not stop him kicking her.",
    "He won't say who slapped him.",
    "She isn't allowed out since dad strangled her.",
    "When asked how she was she said that dad had hit her.",
    "If she tells anyone he hits her again.",
    "He told his football coach that dad bit him.",
    "Dad says he fell off the bed. The baby has a fractured skull.",
    "The marks are not consistent with a fall from a bike.",
)
OTHERWISE = (
    "Mum hit the roof over the bill.",
    "He beat his brother at chess.",
    "She was killing time at the station.",
    "Dad punched the wall.",
    "It was a stab in the dark.",
    "The choir is belting out carols.",
)


def red(text: str) -> dict[bool, set[Denial]]:
    """By whether any counts: why the plain signs of a Red are denied."""
    found = read(text, same=Same(given.profile()), year=2026).signs
    plain = [one for one in found if one.indicator.colour is Colour.RED]
    return {bool(one.denied): set() for one in plain} | {
        True: {why for one in plain for why in one.denied}
    }


@pytest.mark.parametrize(
    ("why", "text"), [(why, text) for why, several in DENIED.items() for text in several]
)
def test_harm_that_is_denied_is_found_and_not_counted(why: Denial, text: str) -> None:
    told = red(text)
    assert False not in told, "it counts"
    assert why in told[True]


@pytest.mark.parametrize("text", SAID)
def test_what_only_looks_like_a_denial_denies_nothing(text: str) -> None:
    assert False in red(text)


@pytest.mark.parametrize("text", OTHERWISE)
def test_words_that_mean_something_else_are_no_signs(text: str) -> None:
    assert False not in red(text)
