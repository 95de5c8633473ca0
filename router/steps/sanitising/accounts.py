"""E-mail addresses and accounts by which somebody can be reached, spelled out or not."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence, Set
from typing import Final

from router.steps.sanitising.reading import Reading, rewritten
from router.steps.sanitising.span import ACCOUNT, EMAIL, Span
from router.steps.sanitising.words import is_ordinary, listed, one_of

_SPELT: Final = re.compile(
    r"\s{0,2}[(\[{<]\s?(?P<sign>at|dot|full stop|point|underscore|dash|hyphen)\s?[)\]}>]\s{0,2}"
    r"|\s(?P<word>dot|full stop|underscore|dash|hyphen)\s"
    r"|\s{1,2}(?P<at>@)\s{1,2}|\s(?P<stop>\.)\s"
)
_SIGNS: Final = {
    "at": "@",
    "dot": ".",
    "full stop": ".",
    "point": ".",
    "underscore": "_",
    "dash": "-",
    "hyphen": "-",
    "@": "@",
    ".": ".",
}
_EMAIL: Final = re.compile(
    r"[\w.+'-]{1,64}@[\w-]{1,255}(?:\.[\w-]{1,255}){1,8}(?:@[\w.]{1,64}){0,20}"
)
_SAID: Final = re.compile(
    r"[\w.+'-]{1,64}\sat\s[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}(?!\.?[\w-]|\sat\s)"
)
_LINK: Final = re.compile(
    r"(?:https?://|www\.)\S{1,500}"
    r"|(?<![\w.-])(?:[\w-]{1,63}\.){1,4}(?:com|net|org|uk|tv|gg|me)/\S{1,200}"
)
_HANDLE: Final = re.compile(r"(?<![\w@.])(?:@[\w.]{1,39}\w){1,20}")
_PLATFORMS: Final = listed("platforms")
_TOLD_BY: Final = _PLATFORMS | listed("of_accounts")
_SAYS: Final = r"user ?name|account|handle|profile|name|called|under|as|is|was|tag|id"
_NAMED: Final = re.compile(
    rf"\b(?:{one_of(_PLATFORMS)}|tik tok)\b"
    rf"(?P<link>(?:[\s,:;(]{{1,3}}(?:{_SAYS})\b){{0,3}}[\s,:;(\"']{{0,3}})"
    r"(?P<account>\w[\w.]{1,39}\w)"
)
_SURE: Final = re.compile(r"[\d_]|\w\.\w")


def accounts(reading: Reading, distinct: Set[str], *, known: Sequence[str]) -> Iterator[Span]:
    """E-mail addresses, links, handles, and names on a platform."""
    yield from _local(reading, known)
    if "@" not in reading.low and _TOLD_BY.isdisjoint(distinct):
        return
    signs = rewritten(
        reading, _SPELT, write=lambda match: _SIGNS[match.group(match.lastgroup or 0)]
    )
    for match in _EMAIL.finditer(signs.low):
        yield Span(*signs.span(*match.span()), *EMAIL)
    if signs is not reading:
        for match in _SAID.finditer(signs.low):
            if signs.span(*match.span())[1] - signs.span(*match.span())[0] > len(match.group()):
                yield Span(*signs.span(*match.span()), *EMAIL)
    for match in _LINK.finditer(reading.low):
        yield Span(*reading.span(*match.span()), *ACCOUNT)
    for match in _HANDLE.finditer(reading.low):
        yield Span(*reading.span(*match.span()), *ACCOUNT)
    for match in _NAMED.finditer(reading.low):
        if _is_account(match):
            yield Span(*reading.span(*match.span("account")), *ACCOUNT)


def _is_account(match: re.Match[str]) -> bool:
    """What has a sign of an account in it, or is said to be one and is no English."""
    if _SURE.search(match["account"]):
        return True
    said = ":" in match["link"] or match["link"].strip(" ,;(\"'")
    return bool(said) and not is_ordinary(match["account"])


def _local(reading: Reading, known: Sequence[str]) -> Iterator[Span]:
    """What stands before the @ of known e-mail addresses, and the same people use elsewhere."""
    for address in known:
        name = address.split("@")[0].lower()
        if len(name) > 5 and not is_ordinary(name):
            at = reading.low.find(name)
            while at >= 0:
                yield Span(*reading.span(at, at + len(name)), *ACCOUNT)
                at = reading.low.find(name, at + 1)
