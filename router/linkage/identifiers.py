"""NHS numbers and unique pupil numbers (UPN): which are well formed. A right check digit is not yet
identity.
"""

from __future__ import annotations

from operator import mul
from typing import Final

from schemas.person import nhs_number as well_formed

_DIGITS: Final = frozenset("0123456789")
_UPN_LETTERS: Final = "ABCDEFGHJKLMNPQRTUVWXYZ"
_PLACEHOLDERS: Final = frozenset({"9999999999", "0000000000", "1234567890", "1234567881"})


def nhs_number(text: str) -> str:
    """The ten digits of a well-formed NHS number, unless they only fill the field; else ''."""
    digits = well_formed("".join([c for c in text if c in _DIGITS]))
    return "" if digits in _PLACEHOLDERS else digits


def upn(text: str) -> str:
    """The thirteen characters of a well-formed UPN: a check letter (modulo 23), then twelve; else
    ''.
    """
    code = "".join([c for c in text.upper() if c.isalnum()])
    if len(code) != 13 or not code.isascii() or not code[1:12].isdigit():
        return ""
    last = code[12]
    value = int(last) if last.isdigit() else _UPN_LETTERS.find(last)
    if value < 0:
        return ""
    total = sum(map(mul, map(int, code[1:12]), range(2, 13))) + value * 13
    return code if code[0] == _UPN_LETTERS[total % 23] else ""
