"""What makes two children look like one, or one concern like two, beyond slips of the pen: other
kinds of notification, as often as ``kinds`` of the data says.

A stream has none of them unless asked for: its seed then makes what it always made.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from ops.demo.simulation.children import slips
from ops.demo.simulation.children.chance import Chance, data, lines
from ops.demo.simulation.children.families import Population
from ops.demo.simulation.children.told import Told

_LONG = 30
"""Words of a narrative that is known again though the time of sending is given as observed."""
_FIELDS = {"given_name": "name", "family_name": "name", "phone": "phone", "nhs_number": "number"}
_DAYS_APART = 15
"""Under one reference the same child is told of again as a new concern no sooner."""


class Kinds:
    """Throws for the kinds, apart from those of the stream; ``often`` times the data's rates."""

    def __init__(self, seed: int, often: float) -> None:
        self._chance = Chance(seed ^ 0x5EED)
        self._often = often
        self._told: dict[str, str] = {}
        self._shared: dict[tuple[str, int], str] = {}
        self._last: dict[tuple[str, int], dt.datetime] = {}
        self._number = 500_000

    def rate(self, kind: str) -> float:
        """In which share of cases it happens."""
        return float(data()["kinds"][kind]) * self._often

    def _happens(self, kind: str) -> bool:
        return self._chance.happens(self.rate(kind))

    def twins(self, people: Population) -> None:
        """Some children get a twin whose name is near their own."""
        pairs = [pair.split() for pair in lines("kinds", "near_names")]
        near = {a: b for pair in pairs for a, b in (pair, reversed(pair))}
        for family in list(people.families):
            for child in list(family.children):
                if child.given in near and not child.twin and self._happens("near_twin"):
                    people.twin_of(child, given=near[child.given])

    def spoil(self, told: Iterable[Told]) -> Iterator[Told]:
        """What is told first, with placeholders, round dates, wrong times, shared references."""
        for one in told:
            record = json.loads(json.dumps(one.record))
            tags = set(self._placeholders(record))
            tags |= set(self._times(record))
            tags |= set(self._reference(record, one))
            words = self._particulars(str(one.record["source_reference"]))
            record["narrative"] += words
            yield replace(one, record=record, tags=one.tags | tags, particulars=words)

    def _placeholders(self, record: dict[str, Any]) -> Iterator[str]:
        for field, kind in _FIELDS.items():
            if record.get(field) and self._happens(f"placeholder_{kind}"):
                record[field] = self._one(kind)
                yield f"placeholder_{kind}"
        if self._happens("placeholder_address"):
            record["address_lines"], record["postcode"] = [self._one("address")], None
            yield "placeholder_address"
        for guardian in record["guardians"]:
            if self._happens("placeholder_carer"):
                guardian["name"] = self._one("carer")
                yield "placeholder_carer"
        if self._happens("placeholder_alias"):
            record["alias_names"] = [self._one("name")]
            yield "placeholder_alias"

    def _one(self, kind: str) -> str:
        return self._chance.one(lines("kinds", kind))

    def _times(self, record: dict[str, Any]) -> Iterator[str]:
        born = record["date_of_birth"]
        if born and not record["dob_estimated"] and self._happens("round_date"):
            first = f"{born[:8]}01", f"{born[:5]}01-01"
            record["date_of_birth"] = self._chance.one(first)
            yield "round_date"
        if self._happens("observed_wrong"):
            at = str(record["observed_at"])
            record["observed_at"] = self._one("observed") + at[10:]
            yield "observed_wrong"

    def _reference(self, record: dict[str, Any], one: Told) -> Iterator[str]:
        """The family's number for whoever of it an agency tells of, or none at all."""
        if self._happens("placeholder_reference"):
            record["source_reference"] = self._one("reference")
            yield "placeholder_reference"
            return
        child, agency = one.child, str(record["source_agency"])
        whose = agency, child.family.id
        if whose not in self._shared:
            shared = self._happens("shared_reference")
            self._shared[whose] = f"FAM-{child.family.id:05d}" if shared else ""
        before = self._last.get((agency, child.id))
        late = before is None or one.sent - before > dt.timedelta(days=_DAYS_APART)
        if self._shared[whose] and late:
            self._last[agency, child.id] = one.sent
            record["source_reference"] = self._shared[whose] + self._chance.one(("", "", "-A"))
            yield "shared_reference"

    def _particulars(self, reference: str) -> str:
        """Words that only this incident has; brothers and sisters of one share them."""
        base, _, number = reference.rpartition("/")
        incident = base if len(number) < 3 else reference
        if incident not in self._told:
            written = self._happens("particulars")
            self._told[incident] = f" {self._sentence()}" if written else ""
        return self._told[incident]

    def _sentence(self) -> str:
        chance = self._chance
        hour, minute = chance.number(0, 23), chance.number(0, 59)
        said = [self._one(part) for part in ("who", "what", "then")]
        log, day = chance.number(100, 9999), chance.number(1, 28)
        return " ".join(said).format(time=f"{hour:02}:{minute:02}", log=log, day=day)

    def resends(self, told: Sequence[Told], number: int) -> list[Told]:
        """So many of these again, under a new reference: as they were, amended or passed on."""
        whole = [one for one in told if "observed_wrong" not in one.tags]
        return [self._resent(one) for one in self._chance.random.sample(whole, number)]

    def _resent(self, first: Told) -> Told:
        chance, record = self._chance, json.loads(json.dumps(first.record))
        kind = chance.weighted({"exact": 0.45, "amended": 0.35, "forwarded": 0.2})
        record["source_reference"] = self._new_reference(record)
        if kind == "amended":
            self._amend(record)
        elif kind == "forwarded" or chance.happens(0.2):
            record["source_agency"] = self._another(str(record["source_agency"]))
        if kind == "forwarded":
            record["narrative"] = self._one("passed_on").format(words=record["narrative"])
        sent = first.sent + dt.timedelta(seconds=chance.number(120, 9 * 86_400))
        if len(str(record["narrative"]).split()) > _LONG and self._happens("stamped_anew"):
            record["observed_at"] = f"{sent.isoformat()}Z"
        tags = first.tags | {f"anew_{kind}"}
        return Told(record, first.child, tags, again=first.record, sent=sent)

    def _amend(self, record: dict[str, Any]) -> None:
        chance = self._chance
        if record["given_name"] and chance.happens(0.3):
            record["given_name"] = slips.typo(chance, record["given_name"])
        if chance.happens(0.3):
            record["phone"] = None
        if chance.happens(0.6):
            record["narrative"] += f" {chance.one(lines('told', 'added'))}"

    def _another(self, agency: str) -> str:
        return str(self._chance.one([name for name in data()["agencies"] if name != agency]))

    def _new_reference(self, record: dict[str, Any]) -> str:
        self._number += 1
        pattern: str = data()["agencies"][record["source_agency"]]["reference"]
        return str(pattern.format(y=str(record["observed_at"])[2:4], n=self._number))

    def repeats(self, told: Sequence[Told], number: int) -> list[Told]:
        """So many new incidents of children told of before, in the words used before."""
        plain = [one for one in told if not {"observed_wrong", "unborn"} & one.tags]
        return [self._repeat(one) for one in self._chance.random.sample(plain, number)]

    def _repeat(self, first: Told) -> Told:
        record = json.loads(json.dumps(first.record))
        record["source_reference"] = self._new_reference(record)
        if first.particulars:
            new = f" {self._sentence()}"
            record["narrative"] = record["narrative"].replace(first.particulars, new)
        sent = first.sent + dt.timedelta(seconds=self._chance.number(4 * 3600, 30 * 86_400))
        record["observed_at"] = f"{sent.isoformat()}Z"
        return Told(record, first.child, first.tags | {"same_words"}, sent=sent)
