"""Reasons in words that a practitioner understands: what agreed, what spoke against, without the
values themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from router.linkage.compare import FIELDS, Levels

_WORDS: Final[dict[str, dict[int, str]]] = {
    "given": {
        0: "same first name",
        1: "first name is another spelling of the same name",
        2: "first name is a known short form",
        3: "first name differs by a slip of the pen",
        4: "part of the first name is the same",
        5: "same initial",
        6: "known by a middle name",
        8: "both are called Mohammed, which says little",
        9: "against: another first name",
    },
    "family": {
        0: "same family name",
        1: "family name is another spelling of the same name",
        2: "family name is a form of the same name",
        3: "family name differs by a slip of the pen",
        4: "half of the double-barrelled family name is the same",
        7: "family name is that of a parent or guardian",
        9: "against: another family name",
    },
    "middle": {
        0: "same middle name",
        1: "against: another middle name",
        3: "part of the middle names is the same",
    },
    "birth": {
        0: "same date of birth",
        1: "same date of birth, the first of a month",
        2: "date of birth has day and month swapped",
        3: "date of birth differs in one place",
        4: "the same estimate of the date of birth",
        5: "same year of birth, one date is estimated",
        6: "year of birth is one apart, one date is estimated",
        7: "the same expected date of birth",
        8: "date of birth fits the expected date",
        9: "the time of the pregnancy fits",
        11: "against: the estimated year of birth is some years off",
        12: "against: dates of birth are some months apart",
        13: "against: another date of birth",
        14: "against: the dates of birth or pregnancy cannot be one child's",
    },
    "sex": {1: "against: another sex"},
    "address": {
        0: "same address",
        1: "same house and street",
        2: "same postcode",
        3: "same street, another number",
        4: "same street name",
        6: "against: another address",
    },
    "phone": {0: "same telephone number"},
    "adults": {
        0: "both parents or guardians of the same names",
        1: "a parent or guardian of the same name and date of birth",
        2: "a parent or guardian of the same name",
        3: "a parent or guardian of the same first name, the family name being the child's",
        4: "a parent or guardian of nearly the same name",
        5: "a parent or guardian of nearly the same first name, the family name being the child's",
        6: "a parent or guardian of the same family name and initial",
        7: "a parent or guardian of the same initial",
        9: "against: other parents or guardians",
    },
    "kin": {
        0: "the same brother or sister is named",
        1: "a brother or sister of a like name is named",
        3: "against: this is the brother or sister named",
    },
    "nhs": {
        0: "same NHS number",
        1: "against: another NHS number",
        3: "an NHS number that is the mother's",
        4: "NHS number differs by a slip of the pen",
    },
    "upn": {
        0: "same pupil number",
        1: "against: another pupil number",
        4: "pupil number differs by a slip of the pen",
    },
    "incident": {0: "same reference", 1: "against: another child of the same incident"},
    "twin": {0: "the same twin", 1: "against: the other twin"},
}


_AGAINST: Final = "against"
_STRENGTHS: Final = ((9.0, "very strong"), (5.0, "strong"), (2.0, "moderate"), (0.0, "slight"))
"""How strongly a field speaks, by bits for or against the same child."""
STRENGTHS: Final = tuple(words for _, words in _STRENGTHS)
"""The words at the end of a reason, in brackets."""


def reasons(levels: Levels, bits: Sequence[float]) -> tuple[str, ...]:
    """What was found field by field and, by its ``bits``, how strongly it speaks: first for it,
    strongest first.
    """
    said = [one for one in map(_said, FIELDS, levels, bits) if one]
    said.sort()
    return tuple([text for _, _, text in said])


@lru_cache(maxsize=8192)
def _said(field: str, level: int, bits: float) -> tuple[bool, float, str] | None:
    """One reason, behind what it is sorted by; None where there is nothing to say."""
    text = _WORDS[field].get(level)
    if text is None:
        return None
    return text.startswith(_AGAINST), -abs(bits), f"{text} ({strength(bits)})"


def strength(bits: float) -> str:
    """How strongly so many bits speak, in words."""
    return next(words for least, words in _STRENGTHS if abs(bits) >= least)
