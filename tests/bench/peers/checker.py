"""One checker for every peer: what was lost, and what was done twice.

It knows the stream and the two tables of effects, and nothing of how they came about.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import psycopg

from tests.bench.peers.work import Record

Reference = tuple[str, str]
"""An agency and its reference: of what is sent under it, whichever is handled first counts."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """``lost``: references without rating or without request. ``doubled``: effects too many."""

    lost: int
    doubled: int


def references(records: Iterable[Record]) -> dict[str, Reference]:
    """By notification."""
    return {
        record["notification_id"]: (record["source_agency"], record["source_reference"])
        for record in records
    }


def judge(
    of: Mapping[str, Reference], *, ratings: Iterable[str], requests: Iterable[str]
) -> Verdict:
    """Count each reference's effects, which name their notifications: one of each is right."""
    counts = [Counter(of[id_] for id_ in effects) for effects in (ratings, requests)]
    wanted = set(of.values())
    lost = sum(any(reference not in count for count in counts) for reference in wanted)
    return Verdict(lost, sum(number - 1 for count in counts for number in count.values()))


def check(store: str, records: Iterable[Record]) -> Verdict:
    """The verdict on what a peer left in its PostgreSQL database."""
    with psycopg.connect(store) as connection:
        ratings, requests = (
            [row[0] for row in connection.execute(f"SELECT notification FROM {table}")]  # noqa: S608
            for table in ("ratings", "requests")
        )
    return judge(references(records), ratings=ratings, requests=requests)


def effects(store: str) -> tuple[int, int]:
    """How many ratings and how many requests there are so far."""
    both = "SELECT (SELECT count(*) FROM ratings), (SELECT count(*) FROM requests)"
    with psycopg.connect(store) as connection:
        ratings, requests = connection.execute(both).fetchone() or (0, 0)
    return int(ratings), int(requests)
