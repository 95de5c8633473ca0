"""A desk of the front door, somebody at it, and what is told to it."""

from __future__ import annotations

import itertools
from typing import Any

import httpx
from starlette.applications import Starlette

from ops.run.wiring import Hub
from schemas.base import Fact
from stores import linking
from tests.support.console import Fields, Person, hidden
from tests.support.desks import Desks

DESK = "/desk/front-door"


def somebody(app: Starlette, hub: Hub, who: str) -> Person:
    person = Person(app)
    person.enters(hub, who)
    return person


numbers = itertools.count()


FAMILIES = (
    *("Kestrel", "Mwangi", "Osei", "Laghari", "Brandt"),
    *("Ivanov", "Quist", "Tanaka", "Zubair", "Penrose"),
)


def told(hub: Hub, narrative: str = "The child was alone in the street.", **more: Any) -> str:
    """A new referral, about a child of its own; ``related_person``: with these people."""
    number = next(numbers)
    child = {
        "name": [
            {
                "given_name": [f"Robin{'abcdefghij'[number % 10]}"],
                "family_name": [FAMILIES[number % 10]],
            }
        ],
        "date_of_birth": {"date": f"20{10 + number // 10}-0{1 + number % 9}-1{number % 9}"},
        "related_person": more.pop("related_person", []),
    }
    desks = Desks(hub)
    desks.sent = 1000 * (number + 1)
    said = {"reference": f"R-{number}", "observed_at": "2026-11-03T19:40:00Z", "subject": child}
    return desks.tells("police", "notification", **said, narrative=narrative, **more)


def facts(hub: Hub, referral: str, type_: type[Fact]) -> list[Any]:
    with hub.database.reading() as connection:
        found = linking.about(connection, hub.database.vault, ids=[referral], types=[type_])
    return [entry.message.data for entry in found]


def decides(person: Person, path: str, fields: Fields, *, step: str = "send") -> httpx.Response:
    """Open the form, fill it in, and send it."""
    page = person.get(path).text
    brought = {name: hidden(page, name) for name in ("form_token", "once", "saw")}
    return person.posts(path, {**brought, **fields, "step": step})


RATING = {"colour": "amber", "rationale": "Twice in a month", "level": "basic"}


def row_of(page: str, referral: str) -> str:
    return next(row for row in page.split("<li class=") if referral in row)
