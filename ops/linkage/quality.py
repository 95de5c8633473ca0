"""How well linking does, judged by what humans decided so far: counts, shares, intervals.

Humans do not look at everything. Reviews are all put to them; automatic links and new children are
looked at only where somebody or the hub had a doubt, so that mistakes are over-represented among
those. What nobody has noticed counts nowhere. The figures say so in :data:`HOW`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, TypeVar

from ops.linkage.intervals import wilson
from ops.look.reading import Readable
from router.steps.link.settling import HUMAN, own_person
from schemas.base import Fact
from schemas.case import (
    ChildLinked,
    DecisionUndone,
    LinkCorrected,
    LinkOutcome,
    MergeSuggested,
    PersonsKeptApart,
    PersonsMerged,
    PersonSplit,
    SplitSuggested,
)
from stores import linking
from stores.overview import Reading
from stores.vault import Vault

HOW: Final = (
    "Only what humans looked at counts, by their last decision that was not undone.",
    "Reviews are all put to humans. Links and new children are checked only where there was a "
    "doubt: their precision is rather under- than overestimated.",
    "Recall: of the checked notifications about a child known before, those that were linked "
    "rightly or shown with the right child among the candidates. What nobody noticed is in none of "
    "these counts: it is rather overestimated.",
    "Intervals are Wilson's, of 95 %; they hold for what was checked and not for what was not.",
)
_BANDS: Final = (-5.0, 0.0, 5.0, 10.0, 20.0)
F = TypeVar("F", bound=Fact)


Share = dict[str, Any]
"""A part of a whole: both counts, and the estimate with bounds, None where nothing was counted."""


@dataclass(frozen=True, slots=True)
class Judged:
    """An automatic decision, and what a human made of it.

    Links are ``confirmed`` or ``corrected``; new children ``confirmed`` or ``missed``, known before
    after all. Of a review the child was the ``best`` candidate, ``among`` them, ``other``, known
    but not shown, or ``none``: new.
    """

    link: ChildLinked
    verdict: str

    @property
    def right(self) -> bool:
        """Whether the child was who it was taken for, or who came first among the candidates."""
        return self.verdict in ("confirmed", "best")


@dataclass(slots=True)
class _Decided:
    """What stands of everything that humans decided."""

    corrections: dict[str, LinkCorrected] = field(default_factory=dict)
    """The last decision about each referral that did not just follow a merge."""
    merges: list[PersonsMerged] = field(default_factory=list)
    kept_apart: int = 0
    splits: int = 0


def quality(hub: Readable, *, since: int | None = None) -> dict[str, Any]:
    """The figures by human decisions from ``since`` (microseconds) on. Raises ``Unavailable``."""
    with hub.database.reading() as connection:
        vault = hub.database.vault
        decided = _decided(connection, vault, since=since)
        cases = {id_ for merge in decided.merges for id_ in (merge.case_id, merge.absorbed_case_id)}
        found = linking.about(
            connection, vault, ids={*decided.corrections, *cases}, types=[ChildLinked]
        )
        links = [entry.message.data for entry in found]
        judged = judge(
            [link for link in links if isinstance(link, ChildLinked) and link.model != HUMAN],
            decided,
        )
        asked: dict[type[Fact], int] = {
            kind: sum(1 for _ in linking.every(connection, vault, type_=kind, since=since))
            for kind in (MergeSuggested, SplitSuggested)
        }
        figures = _figures(judged) | _questions(asked, decided)
        return {"decided": linking.count(connection, ChildLinked)} | figures | {"how": HOW}


def _decided(connection: Reading, vault: Vault, *, since: int | None) -> _Decided:
    every = partial(_every, connection, vault, since=since)
    undone = list(every(DecisionUndone))
    gone = {id_ for fact in undone for id_ in (fact.decision_id, fact.undone_decision_id)}
    merges = [fact for fact in every(PersonsMerged) if fact.decision_id not in gone]
    followed = gone | {merge.decision_id for merge in merges}
    return _Decided(
        {c.referral_id: c for c in every(LinkCorrected) if c.decision_id not in followed},
        merges,
        kept_apart=sum(fact.decision_id not in gone for fact in every(PersonsKeptApart)),
        splits=sum(fact.decision_id not in gone for fact in every(PersonSplit)),
    )


def _every(connection: Reading, vault: Vault, type_: type[F], *, since: int | None) -> Iterator[F]:
    for entry in linking.every(connection, vault, type_=type_, since=since):
        if isinstance(entry.message.data, type_):
            yield entry.message.data


def judge(links: Sequence[ChildLinked], decided: _Decided) -> list[Judged]:
    """What became of automatic decisions, in the order of ``links``, that humans have looked at."""
    heirs = _heirs(decided.merges)
    verdicts = {}
    for link in links:
        if (correction := decided.corrections.get(link.referral_id)) is not None:
            verdicts[link.referral_id] = _verdict(link, correction.person_id, heirs=heirs)
    founders = {
        link.person_id: link for link in links if link.person_id == own_person(link.referral_id)
    }
    order = list(founders)
    for merge in decided.merges:
        both = {merge.person_id, merge.absorbed_person_id}
        if both & founders.keys():
            later = founders[max(both & founders.keys(), key=order.index)]
            known_as = both - {later.person_id}
            verdicts[later.referral_id] = _verdict(later, known_as.pop(), heirs=heirs)
    return [
        Judged(link, verdicts[link.referral_id]) for link in links if link.referral_id in verdicts
    ]


def _heirs(merges: Iterable[PersonsMerged]) -> Mapping[str, str]:
    """Who each absorbed person is by now."""
    heirs: dict[str, str] = {}
    for merge in merges:
        heirs = {
            old: merge.person_id if new == merge.absorbed_person_id else new
            for old, new in heirs.items()
        }
        heirs[merge.absorbed_person_id] = merge.person_id
    return heirs


def _verdict(link: ChildLinked, person_id: str, *, heirs: Mapping[str, str]) -> str:
    """``person_id``: whom a human found the referral to be about."""
    about = heirs.get(person_id, person_id)
    if link.outcome is LinkOutcome.LINKED:
        return "confirmed" if about == heirs.get(link.person_id, link.person_id) else "corrected"
    own = person_id == link.person_id
    if link.outcome is LinkOutcome.NEW:
        return "confirmed" if own else "missed"
    candidates = [heirs.get(one.person_id, one.person_id) for one in link.candidates]
    if not own and about in candidates:
        return "best" if about == candidates[0] else "among"
    return "none" if own else "other"


def _figures(judged: Sequence[Judged]) -> dict[str, Any]:
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for one in judged:
        counts[one.link.outcome.value][one.verdict] += 1
    linked, review, new = counts["linked"], counts["review"], counts["new"]
    shown = review["best"] + review["among"]
    missed = new["missed"] + review["other"]
    return {
        "checked": len(judged),
        "links": {
            **_told(linked, "confirmed", "corrected"),
            "precision": share(linked["confirmed"], linked.total()),
        },
        "reviews": {
            **_told(review, "best", "among", "other", "none"),
            "best_was_right": share(review["best"], review.total()),
            "right_child_shown": share(shown, shown + review["other"]),
        },
        "new": {
            **_told(new, "confirmed", "missed"),
            "precision": share(new["confirmed"], new.total()),
        },
        "recall": share(linked["confirmed"] + shown, linked["confirmed"] + shown + missed),
        "by": list(_rows(judged)),
    }


def _told(counts: Counter[str], *names: str) -> dict[str, int]:
    return {name: counts[name] for name in names}


def _rows(judged: Iterable[Judged]) -> Iterator[dict[str, Any]]:
    """By model, outcome and band of the score: how often it was right."""
    groups: defaultdict[tuple[str, str, int], list[bool]] = defaultdict(list)
    for one in judged:
        band = bisect_right(_BANDS, one.link.score)
        groups[one.link.model, one.link.outcome.value, band].append(one.right)
    for (model, outcome, band), right in sorted(groups.items()):
        counted = share(sum(right), len(right))
        yield {"model": model, "outcome": outcome, "score": _band(band), "right": counted}


def _band(number: int) -> str:
    bounds = ["", *(f"{bound:g}" for bound in _BANDS), ""]
    low, high = bounds[number : number + 2]
    return f"{low} to {high}" if low and high else f"{low} and more" if low else f"below {high}"


def share(part: int, whole: int) -> Share:
    """A share with its interval."""
    if not whole:
        return {"part": 0, "of": 0, "estimate": None, "low": None, "high": None}
    low, high = (round(bound, 4) for bound in wilson(part, whole))
    estimate = round(part / whole, 4)
    return {"part": part, "of": whole, "estimate": estimate, "low": low, "high": high}


def _questions(asked: Mapping[type[Fact], int], decided: _Decided) -> dict[str, Any]:
    """What the hub asked by itself, and what humans decided of that kind, asked or not."""
    merged = len(decided.merges)
    return {
        "merges": {
            "asked": asked[MergeSuggested],
            "merged": merged,
            "kept_apart": decided.kept_apart,
            "one_child": share(merged, merged + decided.kept_apart),
        },
        "splits": {"asked": asked[SplitSuggested], "split": decided.splits},
    }


def summary(figures: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The main figures as rows for people."""
    shares = (
        ("links that humans looked at and confirmed", figures["links"]["precision"]),
        ("reviews whose best candidate was the child", figures["reviews"]["best_was_right"]),
        (
            "reviews that showed the child, where it was known",
            figures["reviews"]["right_child_shown"],
        ),
        ("new children that humans looked at and confirmed", figures["new"]["precision"]),
        ("recall: known children linked or shown", figures["recall"]),
        ("two persons of whom a human was sure: one child", figures["merges"]["one_child"]),
    )
    for what, of in shares:
        yield {"what": what, "share": percent(of), "counted": f"{of['part']} of {of['of']}"}


def percent(of: Share) -> str:
    """A share in words, with its interval."""
    if of["estimate"] is None:
        return "not known yet"
    return f"{of['estimate']:.1%} ({of['low']:.1%} to {of['high']:.1%})"
