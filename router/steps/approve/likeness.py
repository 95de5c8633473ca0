"""When an owner's 'no' to one item is about another one too: it is in the same words, or is the
same notification sent again.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from itertools import islice

from router.steps.approve.state import Approvals, Draft, Said, Withheld, deciders
from schemas.product import DraftItem, items_of_notification

_WORDS = re.compile(r"\w+")
_SENTENCES = re.compile(r"[.!?\n]+")
_WRITTEN = re.compile(r"(?<=[.!?])\s+|\n+")
LEFT_OUT = "What another agency told and has not let leave is left out here: ring the hub."
_FEW = 4
"""Fewer words than this may stand in any text."""


def heard(known: Approvals, draft: Draft) -> Approvals:
    """With what the draft's items say; and what their owners withhold goes on being withheld where
    they tell it under another id.

    Only words that an item has not had before are looked at, so what was lifted stays so.
    """
    for item in draft.items:
        said = known.said.get(item.item_id) or _said(item, draft)
        if said.texts and item.original in said.texts:
            continue
        after = said.model_copy(update={"texts": (*said.texts, item.original)})
        known = known.model_copy(update={"said": {**known.said, item.item_id: after}})
        for agency in deciders(item):
            if known.withheld_by(item.item_id, agency) is None:
                known = _carried(known, item, agency=agency, first=not said.texts)
    return known


def said_before(known: Approvals, draft: Draft) -> Iterator[Withheld]:
    """What owners withhold of items that are new here, as they withheld the same words when they
    told them of the child before.
    """
    for item in draft.items:
        if item.item_id not in known.said and item.held_by is None:
            elsewhere = (
                _of(withheld, item, ask_again=withheld.ask_again)
                for one in known.elsewhere
                for withheld, said in _withheld(one, item.owner)
                if _in_same_words(said, item.original)
            )
            yield from islice(elsewhere, 1)


def alike(known: Approvals, item_id: str, *, agency: str) -> tuple[str, ...]:
    """The item, and those that are the same to its owner, which may know it by one id only."""
    own = known.said.get(item_id, Said())
    others = (
        id_
        for id_, one in known.said.items()
        if id_ != item_id and known.decides(id_, agency) and _same(_now(one), _now(own))
    )
    return (item_id, *others)


def others_words(known: Approvals, item: DraftItem, *, agency: str, text: str) -> bool:
    """Whether an agency's own words for its item say what another agency withholds: a whole item,
    or a whole sentence of one, which it has not told itself.
    """
    said = known.said.get(item.item_id, Said(texts=(item.original,)))
    mine, told = [plain(one) for one in said.texts], plain(text)
    withheld = (one for one in known.withheld if one.owner != agency)
    return any(
        holds(told, words) and not any(holds(one, words) for one in mine)
        for one in withheld
        for said in known.said.get(one.item_id, Said()).texts
        for words in telling(said)
    )


def without_others(known: Approvals, draft: Draft, text: str, *, by: str) -> str:
    """What an agency wrote for whoever is told at once, without sentences that another told and has
    not let leave; empty where nothing is left.
    """
    told = [one for one in _WRITTEN.split(text) if one]
    said = [one for one in told if not _says_others(known, draft, by=by, text=one)]
    if said == told:
        return text
    return " ".join([*said, LEFT_OUT]) if said else ""


def says_others(known: Approvals, draft: Draft, *, item: DraftItem, text: str) -> bool:
    """Whether words of the lead agency's own for whoever is told at once say what another agency
    told and has not let leave with them.
    """
    return _says_others(known, draft, by=item.owner, text=text, own=item.item_id)


def _says_others(
    known: Approvals, draft: Draft, *, by: str, text: str, own: str | None = None
) -> bool:
    told = plain(text)
    return any(
        holds(told, words)
        for id_, said in known.said.items()
        if id_ != own and not _is_let(known, draft, by=by, id_=id_)
        for one in said.texts
        for words in telling(one)
    )


def _is_let(known: Approvals, draft: Draft, *, by: str, id_: str) -> bool:
    """Whether the words of another item may be told: by its owners, or they are of the same one."""
    owners = draft.deciders.get(id_, ())
    if by in owners or known.decides(id_, by):
        return True
    decisions = [draft.decision(id_, agency) for agency in owners]
    return bool(decisions) and all(one and one.digest for one in decisions)


def telling(text: str) -> Iterator[str]:
    """The sentences of a text, and the whole; but for what may stand in any text."""
    for words in map(plain, (text, *_SENTENCES.split(text))):
        if len(words.split()) >= _FEW:
            yield words


def plain(text: str) -> str:
    """The words of a text, however they are spaced, accented or written large."""
    return " ".join(_WORDS.findall(unicodedata.normalize("NFKC", text).casefold()))


def holds(text: str, words: str) -> bool:
    """Whether a text holds these words one after the other; both :func:`plain`."""
    return f" {words} " in f" {text} "


def _said(item: DraftItem, draft: Draft) -> Said:
    concerns = (draft.referral_id, draft.concern_id or draft.referral_id)
    narratives = {id_ for one in concerns for id_ in items_of_notification(one, 0)}
    return Said(notification=item.notification, narrative=item.item_id in narratives)


def _carried(known: Approvals, item: DraftItem, *, agency: str, first: bool) -> Approvals:
    """With what the agency withholds of other items said of this one.

    What is only partly the same its owner is asked about; nothing lets it out meanwhile.
    """
    own = known.said[item.item_id]
    for withheld, said in _withheld(known, agency):
        if _same(said, _now(own)):
            return known.withholding(_of(withheld, item, ask_again=withheld.ask_again))
    for withheld, said in _withheld(known, agency):
        part = own.notification and said.notification and (first or not own.narrative)
        if part or _in(said, item.original):
            return known.withholding(_of(withheld, item, ask_again=True))
    return known


def _withheld(known: Approvals, agency: str) -> Iterator[tuple[Withheld, Said]]:
    for one in known.withheld:
        if one.owner == agency and one.item_id in known.said:
            yield one, known.said[one.item_id]


def _same(one: Said, other: Said) -> bool:
    """In the same words, or both the narrative of a notification that was sent again."""
    if one.narrative and other.narrative:
        return True
    return not {*map(plain, one.texts)}.isdisjoint(map(plain, other.texts))


def _in_same_words(said: Said, text: str) -> bool:
    words = plain(text)
    return len(words.split()) >= _FEW and words in map(plain, said.texts)


def _now(said: Said) -> Said:
    return said.model_copy(update={"texts": said.texts[-1:]})


def _in(said: Said, text: str) -> bool:
    whole = plain(text)
    words = (plain(one) for one in said.texts)
    return any(holds(whole, one) for one in words if len(one.split()) >= _FEW)


def _of(withheld: Withheld, item: DraftItem, *, ask_again: bool) -> Withheld:
    return withheld.model_copy(update={"item_id": item.item_id, "ask_again": ask_again})
