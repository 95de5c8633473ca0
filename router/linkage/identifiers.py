"""NHS numbers and unique pupil numbers (UPN): which are well formed. A right check digit is not yet
identity.
"""

from __future__ import annotations

from operator import mul
from typing import Final

_UPN_LETTERS: Final = "ABCDEFGHJKLMNPQRTUVWXYZ"
_PLACEHOLDERS: Final = frozenset({"9999999999", "0000000000", "1234567890", "1234567881"})


def nhs_number(text: str) -> str:
    """The ten digits of a well-formed NHS number (modulus 11), else ''; repeated digits are no
    number.
    """
    digits = "".join([c for c in text if c.isdigit()])
    if len(digits) != 10 or digits in _PLACEHOLDERS or len(set(digits)) == 1:
        return ""
    check = 11 - sum(map(mul, map(int, digits[:9]), range(10, 1, -1))) % 11
    return digits if check % 11 == int(digits[9]) else ""


def upn(text: str) -> str:
    """The thirteen characters of a well-formed UPN: a check letter (modulo 23), then twelve; else
    ''.
    """
    code = "".join([c for c in text.upper() if c.isalnum()])
    if len(code) != 13 or not code[1:12].isdigit():
        return ""
    last = code[12]
    value = int(last) if last.isdigit() else _UPN_LETTERS.find(last)
    if value < 0:
        return ""
    total = sum(map(mul, map(int, code[1:12]), range(2, 13))) + value * 13
    return code if code[0] == _UPN_LETTERS[total % 23] else ""
