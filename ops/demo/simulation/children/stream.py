"""Two years of notifications about invented children, in the sample's form and order, with what is
true of each.
"""

from __future__ import annotations

import csv
import datetime as dt
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ops.demo.simulation.children import slips
from ops.demo.simulation.children.accounts import Account, Incident
from ops.demo.simulation.children.chance import Chance, data, lines
from ops.demo.simulation.children.families import DAYS, START, Child, Family, Population
from ops.demo.simulation.children.homes import Area
from ops.demo.simulation.children.kinds import Kinds
from ops.demo.simulation.children.told import TRUTH, Told

_RESENT = 0.057
_BEFORE_BIRTH = (
    "midwifery",
    "gp",
    "helpline",
    "childrens_social_care",
    "police",
    "health_visiting",
)
_FORWARDING = ("police", "childrens_social_care", "gp", "housing")
_TEN_YEARS = 3650
_PREGNANT_DAYS = 200


def generate(
    *, children: int, notifications: int, seed: int, errors: float = 1.0, kinds: float = 0.0
) -> list[Told]:
    """So many notifications about a population of so many children; errors ``errors`` times as
    often as in the sample, and ``kinds`` times as often as the data says what the sample has not.

    The same seed makes the same stream. Not every child is ever told of.
    """
    chance, others = Chance(seed, errors), Kinds(seed, kinds)
    people = Population(chance, children)
    if kinds:
        others.twins(people)
    anew, repeated = (round(notifications * others.rate(k)) for k in ("resent_anew", "same_words"))
    wanted = round((notifications - anew - repeated) * (1 - _RESENT))
    told = _first_accounts(chance, people, wanted=wanted)
    told = [told[i] for i in sorted(chance.random.sample(range(len(told)), wanted))]
    if kinds:
        told = list(others.spoil(told))
    sent_again = notifications - anew - repeated - len(told)
    again = [_again(chance, one) for one in chance.random.sample(told, sent_again)]
    again += [*others.resends(told, anew), *others.repeats(told, repeated)]
    stream = sorted((*told, *again), key=lambda one: one.sent)
    for number, one in enumerate(stream, start=1):
        one.record["notification_id"] = f"N{number:07d}"
    return stream


def write(stream: Iterable[Told], *, notifications: Path, truth: Path) -> None:
    """The stream as a file of JSON lines, and what is true of it as CSV."""
    with (
        notifications.open("w", encoding="utf-8") as out,
        truth.open("w", encoding="utf-8", newline="") as true,
    ):
        rows = csv.writer(true)
        rows.writerow(TRUTH)
        for one in stream:
            out.write(json.dumps(one.record) + "\n")
            rows.writerow(one.truth())


@dataclass(frozen=True, slots=True)
class _Planned:
    """An incident and the children that it is told of."""

    incident: Incident
    children: list[Child]


def _first_accounts(chance: Chance, people: Population, *, wanted: int) -> list[Told]:
    """All that is told for the first time: planned in any order, told in that of time, as agencies'
    records grow.
    """
    weights = {f: _attention(chance, f) for f in people.families}
    planned: list[_Planned] = []
    while (missing := wanted - sum(len(plan.children) for plan in planned)) > 0:
        families = chance.random.choices(list(weights), list(weights.values()), k=1 + missing // 3)
        planned.extend(
            plan for family in families if (plan := _plan(chance, people, family=family)).children
        )
    references = _References()
    planned.sort(key=lambda plan: plan.incident.at)
    return [
        told
        for plan in planned
        for told in _accounts(chance, plan, area=people.area, references=references)
    ]


def _attention(chance: Chance, family: Family) -> float:
    """How much is told of a family: of most a little, of a few very much."""
    share = chance.random.gammavariate(3.0, 1.0) * float(len(family.children) ** 0.6)
    return share * (6.0 if chance.happens(0.015) else 1.0)


def _plan(chance: Chance, people: Population, *, family: Family) -> _Planned:
    at = _moment(chance, family)
    agency = _agency(chance, family, day=at.date())
    incident = Incident(
        agency=agency,
        at=at,
        concern=chance.one(lines("told", "concerns")),
        besides=_besides(chance),
        elsewhere=people.area.home() if chance.slips(0.008) else None,
    )
    return _Planned(incident, _concerned(chance, family, agency=agency, day=at.date()))


def _accounts(
    chance: Chance, plan: _Planned, *, area: Area, references: _References
) -> Iterator[Told]:
    reference = references.next(plan.incident.agency, plan.incident.at)
    for number, child in enumerate(plan.children, start=1):
        at = plan.incident.at + dt.timedelta(seconds=chance.number(40, 150) * (number - 1))
        account = Account(chance, plan.incident, area=area, child=child, at=at)
        record = account.told(f"{reference}/{number}" if len(plan.children) > 1 else reference)
        yield Told(record, child, frozenset(account.tags), sent=at)


def _moment(chance: Chance, family: Family) -> dt.datetime:
    """Some moment of the two years, of families that expect a child often one of the pregnancy."""
    at = dt.datetime.combine(START, dt.time()) + dt.timedelta(
        seconds=chance.number(0, DAYS * 86_400 - 1)
    )
    expected = [child.born for child in family.children if child.born > START]
    if not expected or not chance.happens(0.35):
        return at
    before = dt.datetime.combine(expected[0] - dt.timedelta(chance.number(1, 180)), at.time())
    return before if START <= before.date() < START + dt.timedelta(DAYS) else at


def _agency(chance: Chance, family: Family, *, day: dt.date) -> str:
    ages = [(day - child.born).days for child in family.children]
    shares: dict[str, float] = {
        name: habits["share"] for name, habits in data()["agencies"].items()
    }
    agency = chance.weighted(shares)
    if any(age < 0 for age in ages) and chance.happens(0.35):
        return "midwifery"
    if agency in ("midwifery", "health_visiting") and not any(
        -_PREGNANT_DAYS < age < 3 * 365 for age in ages
    ):
        return "school"
    if agency == "youth_justice" and not any(age > _TEN_YEARS for age in ages):
        return "police"
    return agency


def _concerned(chance: Chance, family: Family, *, agency: str, day: dt.date) -> list[Child]:
    """The children that an incident is told of; an agency of the born tells of no unborn child."""
    earliest = -_PREGNANT_DAYS if agency in _BEFORE_BIRTH else 0
    ages = {child: (day - child.born).days for child in family.children}
    possible = [child for child, age in ages.items() if age > earliest]
    if agency == "midwifery":
        possible = (
            [c for c in possible if ages[c] < 0]
            or [c for c in possible if ages[c] < 3 * 365]
            or possible
        )
    if not possible:
        return []
    first = chance.one(possible)
    together = [
        c
        for c, age in ages.items()
        if age > -_PREGNANT_DAYS and (c is first or chance.happens(0.75))
    ]
    told = together if chance.happens(data()["agencies"][agency]["several"]) else [first]
    chance.random.shuffle(told)
    return told


def _besides(chance: Chance) -> str:
    said = [chance.one(lines("told", "besides"))] if chance.happens(0.33) else []
    return " ".join([*said, "Ref to GP made."] if chance.happens(0.2) else said)


def _again(chance: Chance, first: Told) -> Told:
    """The same notification sent again: as it was, amended, or forwarded by another agency under
    its own reference.
    """
    record = json.loads(json.dumps(first.record))
    at = first.sent
    kind = chance.weighted({"resend_exact": 0.47, "resend_amended": 0.4, "resend_forwarded": 0.13})
    if kind == "resend_amended":
        _amend(chance, record)
    elif kind == "resend_forwarded":
        _forward(chance, record, at=at)
    days = {"resend_exact": 3, "resend_amended": 10, "resend_forwarded": 6}[kind]
    sent = at + dt.timedelta(seconds=chance.number(600, days * 86_400))
    record["observed_at"] = f"{sent.isoformat()}Z"
    return Told(record, first.child, first.tags | {kind}, first.record, sent)


def _amend(chance: Chance, record: dict[str, Any]) -> None:
    record["source_reference"] += chance.one(("", "", "", "", "-A", "/v2", " (amended)"))
    if record["given_name"] and chance.happens(0.3):
        record["given_name"] = slips.typo(chance, record["given_name"])
    if chance.happens(0.15):
        record["middle_names"] = []
    if chance.happens(0.25):
        record["narrative"] += f" {chance.one(lines('told', 'added'))}"


def _forward(chance: Chance, record: dict[str, Any], *, at: dt.datetime) -> None:
    first = record["source_agency"]
    by = chance.one([agency for agency in _FORWARDING if agency != first])
    origin = f"{first.replace('_', ' ')} ref {record['source_reference']}"
    said = f"Forwarded from {origin}: {record['narrative']}"
    reference = _reference(by, at, number=90_000 + chance.number(0, 9_999))
    record.update(narrative=said, source_agency=by, source_reference=reference)


class _References:
    """Each agency's running numbers."""

    def __init__(self) -> None:
        self._last: Counter[str] = Counter()

    def next(self, agency: str, at: dt.datetime) -> str:
        """The next reference of an agency."""
        self._last[agency] += 1
        return _reference(agency, at, number=1000 + self._last[agency])


def _reference(agency: str, at: dt.datetime, *, number: int) -> str:
    pattern: str = data()["agencies"][agency]["reference"]
    return pattern.format(y=at.year % 100, n=number)
