"""What every peer does with a notification, so that only their manner differs.

Four steps, as the hub has them but far less: deduplicate by agency and reference, link by exact
equality, rate, and request information of another agency. Each is one statement and one
transaction of its own. A step claims its notification in the same statement, so that a redelivery
has no second effect: a careful user of any of these tools would write it so.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Record = Mapping[str, Any]

TABLES = """
CREATE TABLE seen (agency text, reference text, notification text, PRIMARY KEY (agency, reference));
CREATE TABLE inbox (step text, notification text, PRIMARY KEY (step, notification));
CREATE TABLE children (id bigserial PRIMARY KEY, known_by text UNIQUE);
CREATE TABLE links (notification text, child bigint);
CREATE TABLE ratings (notification text, rating text, due_at timestamptz);
CREATE TABLE requests (notification text, agency text);
"""
"""Ratings and requests are not unique: what is done twice shows."""
_RED = ("injur", "bruise", "weapon", "alone", "assault", "hit ")
_ASKED = ("school", "police")


@dataclass(frozen=True, slots=True)
class Step:
    """A statement, and the values it takes from a record."""

    statement: str
    values: Callable[[Record], Mapping[str, Any]]


def _claimed(effect: str) -> str:
    claim = (
        "WITH fresh AS (INSERT INTO inbox (step, notification) VALUES (%(step)s, %(notification)s) "
        "ON CONFLICT DO NOTHING RETURNING notification) "
    )
    return claim + effect


def _deduplication(record: Record) -> Mapping[str, Any]:
    return {
        "agency": record["source_agency"],
        "reference": record["source_reference"],
        "notification": record["notification_id"],
    }


def _link(record: Record) -> Mapping[str, Any]:
    described = (record["given_name"], record["family_name"], record["date_of_birth"])
    known_by = record["nhs_number"] or "|".join(str(part).casefold() for part in described)
    return {"step": "link", "notification": record["notification_id"], "known_by": known_by}


def _rating(record: Record) -> Mapping[str, Any]:
    red = any(word in record["narrative"].casefold() for word in _RED)
    return {
        "step": "rate",
        "notification": record["notification_id"],
        "rating": "red" if red else "amber",
        "hours": 2 if red else 24,
    }


def _request(record: Record) -> Mapping[str, Any]:
    asked = next(agency for agency in _ASKED if agency != record["source_agency"])
    return {"step": "request", "notification": record["notification_id"], "asked": asked}


DEDUPLICATE = Step(
    "INSERT INTO seen (agency, reference, notification) "
    "VALUES (%(agency)s, %(reference)s, %(notification)s) "
    "ON CONFLICT (agency, reference) DO UPDATE SET agency = excluded.agency "
    "RETURNING notification",
    _deduplication,
)
"""Answers who was first: this notification, delivered for the first time or again, or another."""
LINK = Step(
    _claimed(
        ", child AS (INSERT INTO children (known_by) VALUES (%(known_by)s) "
        "ON CONFLICT (known_by) DO UPDATE SET known_by = excluded.known_by RETURNING id) "
        "INSERT INTO links SELECT notification, child.id FROM fresh, child"
    ),
    _link,
)
RATE = Step(
    _claimed(
        "INSERT INTO ratings SELECT notification, %(rating)s, "
        "now() + make_interval(hours => %(hours)s) FROM fresh"
    ),
    _rating,
)
REQUEST = Step(
    _claimed("INSERT INTO requests SELECT notification, %(asked)s FROM fresh"),
    _request,
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a peer's servers are, as URLs, and a name that nothing else on them bears."""

    topics: str
    queues: str
    store: str
    name: str

    @classmethod
    def of(cls, environment: Mapping[str, str] = os.environ) -> Place:
        """As :meth:`as_environment` said it."""
        return cls(*(environment[f"PEER_{part}"] for part in _PARTS))

    def as_environment(self) -> dict[str, str]:
        """For a worker in a process of its own."""
        values = (self.topics, self.queues, self.store, self.name)
        return {f"PEER_{part}": value for part, value in zip(_PARTS, values, strict=True)}

    @property
    def kafka(self) -> str:
        """Kafka's address without the scheme."""
        return self.topics.removeprefix("kafka://")

    @property
    def postgres(self) -> str:
        """PostgreSQL's address as the driver takes it."""
        return self.store.replace("+psycopg", "")


_PARTS = ("TOPICS", "QUEUES", "STORE", "NAME")
