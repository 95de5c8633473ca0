"""What an agency tells of a child in one notification, in the sample's form, with what is missing
or wrong in it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ops.demo.simulation.children import slips
from ops.demo.simulation.children.chance import Chance, data, lines
from ops.demo.simulation.children.families import Adult, Child
from ops.demo.simulation.children.homes import (
    Area,
    Home,
    written,
    written_postcode,
    written_telephone,
)
from ops.demo.simulation.children.records import AgencyRecord, record

_SEX = {"m": "male", "f": "female"}
_UNBORN = (None, None, "Unborn", "Unborn", "Bump", "Unborn Baby", "Baby", "UNBORN")


@dataclass(frozen=True, slots=True)
class Incident:
    """What happened, to whom it is told and how: siblings of one incident share all of it."""

    agency: str
    at: dt.datetime
    concern: str
    besides: str
    elsewhere: Home | None
    """Where it happened, when that is given for the home."""

    @property
    def habits(self) -> Mapping[str, Any]:
        """How often the agency tells what."""
        habits: Mapping[str, Any] = data()["agencies"][self.agency]
        return habits


class Account:
    """One notification in the making; ``tags`` gathers what is difficult about it."""

    def __init__(
        self, chance: Chance, incident: Incident, *, area: Area, child: Child, at: dt.datetime
    ) -> None:
        self._chance, self._area, self._child, self._incident = chance, area, child, incident
        self._at, self._day = at, at.date()
        self._unborn = self._day < child.born
        self._told = incident.habits
        self._poor = incident.agency == "helpline" and chance.slips(0.15)
        self.tags: set[str] = {"info_poor"} if self._poor else set()

    def told(self, reference: str) -> dict[str, Any]:
        """The notification, without an id."""
        chance, child = self._chance, self._child
        agency, birth = self._incident.agency, self._told["birth"]
        held = record(chance, child, agency=agency, told_of_birth=birth, day=self._day)
        self.tags |= held.tags
        expected = self._expected() if self._unborn else None
        given, surname = self._called(held)
        address, postcode = self._address()
        account = {
            "notification_id": "",
            "source_agency": agency,
            "source_reference": reference,
            "observed_at": f"{self._at.isoformat()}Z",
            "given_name": given,
            "middle_names": self._middle(),
            "family_name": surname,
            "alias_names": self._aliases(),
            "date_of_birth": None if self._unborn else held.born,
            "dob_estimated": held.estimated and not self._unborn,
            "expected_date_of_birth": expected,
            "sex": self._sex(),
            **self._numbers(),
            "address_lines": address,
            "postcode": postcode,
            "phone": self._telephone(),
            "guardians": self._guardians(),
            "narrative": "",
        }
        return self._in_the_agencys_letters(account)

    def _called(self, held: AgencyRecord) -> tuple[str | None, str | None]:
        """The given name and the family name as they are told."""
        if self._unborn:
            return self._before_birth(held.surname)
        return self._name(held.given, held.surname)

    def _middle(self) -> list[str]:
        middle = self._child.middle
        if middle and not self._unborn and self._chance.happens(self._told["middle"]):
            return [middle]
        return []

    def _expected(self) -> str | None:
        due = self._child.born + dt.timedelta(self._chance.number(-12, 12))
        return due.isoformat() if self._chance.happens(0.8) else None

    def _before_birth(self, surname: str) -> tuple[str | None, str | None]:
        chance, child = self._chance, self._child
        self.tags.add("unborn")
        self.tags -= {
            "dob_missing",
            "dob_error",
            "dob_estimated",
            "dob_placeholder",
            "known_as",
            "nickname",
        }
        self.tags -= {"typo_given", "given_variant"}
        given = (
            f"{chance.one(('Twin', 'Unborn Twin'))} {child.twin}"
            if child.twin
            else chance.one(_UNBORN)
        )
        return given, child.mother.family if chance.happens(0.35) else surname

    def _name(self, given: str, surname: str) -> tuple[str | None, str | None]:
        chance = self._chance
        if chance.slips(0.0035):
            self.tags.add("names_swapped")
            return surname, given
        if chance.slips(0.0035):
            self.tags.add("initial_only")
            return given[0] + chance.one((".", ".", "")), surname
        if chance.slips(0.01) or (self._poor and chance.happens(0.25)):
            self.tags.add("given_unknown")
            return chance.one(("Unknown", "UNKNOWN", None, "Not known", "Child 1")), surname
        if chance.slips(0.005):
            self.tags.add("family_unknown")
            return given, chance.one(("Unknown", "U/K", None))
        return given, surname

    def _sex(self) -> str | None:
        chance = self._chance
        if self._unborn and chance.happens(0.7):
            return chance.one((None, "unknown"))
        sex = self._child.sex
        if chance.slips(0.005):
            self.tags.add("sex_error")
            sex = "m" if sex == "f" else "f"
        return chance.one((None, None, "unknown")) if chance.happens(0.05) else _SEX[sex]

    def _numbers(self) -> dict[str, str | None]:
        chance, child, habits = self._chance, self._child, self._told
        nhs = (
            self._nhs() if chance.happens(habits["nhs"] * (0.75 if self._unborn else 1.0)) else None
        )
        if nhs and chance.happens(0.4):
            nhs = f"{nhs[:3]} {nhs[3:6]} {nhs[6:]}"
        upn = None
        if (self._day - child.born).days > 4.2 * 365 and chance.happens(habits["upn"]):
            upn = child.upn
            if chance.slips(0.005):
                self.tags.add("upn_error")
                upn = _one_digit(chance, upn, first=1)
        return {"nhs_number": nhs, "upn": upn}

    def _nhs(self) -> str:
        chance, child = self._chance, self._child
        if self._unborn or ((self._day - child.born).days < 60 and chance.slips(0.1)):
            self.tags.add("nhs_of_mother")
            return child.family.mothers_nhs
        siblings = [c for c in child.family.children if c is not child]
        if siblings and chance.slips(0.008):
            self.tags.add("nhs_of_sibling")
            return chance.one(siblings).nhs
        if chance.slips(0.006):
            self.tags.add("nhs_error")
            return _one_digit(chance, child.nhs, first=3)
        if chance.slips(0.001):
            self.tags.add("nhs_placeholder")
            return "9999999999"
        return child.nhs

    def _address(self) -> tuple[list[str], str | None]:
        chance = self._chance
        home = self._home()
        if chance.slips(0.0105):
            self.tags.add("no_fixed_abode")
            return ["No fixed abode"], "ZZ99 3VZ"
        if "addr_foster" in self.tags and chance.happens(0.1):
            self.tags.add("addr_withheld")
            return ["Address withheld"], None
        if not chance.happens(self._told["address"]):
            return [], None
        lines = written(chance, home, tags=self.tags)
        if chance.happens(self._told["postcode"]) and not chance.slips(0.015):
            return lines, written_postcode(chance, home.postcode, tags=self.tags)
        self.tags.add("postcode_missing")
        return lines, None

    def _home(self) -> Home:
        chance, child = self._chance, self._child
        homes = child.family.homes
        if chance.slips(0.046):
            self.tags.add("addr_institution")
            return chance.weighted(self._area.institutions)
        if len(homes) > 1 and self._day > child.family.moved and chance.slips(0.3):
            self.tags.add("addr_previous")
            return homes[0]
        if chance.slips(0.023):
            self.tags.add("addr_other_parent")
            return child.family.other_home
        if self._incident.elsewhere:
            self.tags.add("addr_incident")
            return self._incident.elsewhere
        if child.foster_home and self._day > child.fostered and chance.happens(0.5):
            self.tags.add("addr_foster")
            return child.foster_home
        return homes[-1] if self._day > child.family.moved else homes[0]

    def _telephone(self) -> str | None:
        chance = self._chance
        if not chance.happens(self._told["phone"]):
            return None
        if chance.slips(0.035):
            self.tags.add("phone_of_professional")
            return written_telephone(chance, chance.weighted(self._area.professionals))
        number = chance.one(self._child.family.phones)
        if chance.slips(0.014):
            self.tags.add("phone_error")
            number = _one_digit(chance, number, first=5)
        return written_telephone(chance, number)

    def _guardians(self) -> list[dict[str, Any]]:
        chance, child = self._chance, self._child
        if self._poor or not chance.happens(self._told["guardians"]):
            return []
        present: list[tuple[Adult, str]] = [(child.mother, "mother")]
        if child.father and chance.happens(0.57):
            present.append((child.father, "father"))
        if child.family.other and chance.happens(0.33):
            present.append(child.family.other)
        if child.father and chance.happens(0.08):
            present = present[1:]
        return [self._guardian(adult, role) for adult, role in present]

    def _guardian(self, adult: Adult, role: str) -> dict[str, Any]:
        chance = self._chance
        given, surname = adult.given, adult.family
        if chance.happens(0.08):
            given = given[0]
        elif chance.slips(0.06):
            given = slips.typo(chance, given)
        if chance.slips(0.03):
            surname = slips.typo(chance, surname)
        born = adult.born.isoformat() if chance.happens(self._told["guardian_birth"]) else None
        if born and chance.slips(0.03):
            born = f"{born[:5]}01-01"
        relation = role if chance.happens(0.88) else "guardian"
        return {
            "name": f"{given} {surname}",
            "date_of_birth": born,
            "relation": relation,
        }

    def _aliases(self) -> list[str]:
        chance, child = self._chance, self._child
        if self._unborn or not chance.happens(self._told["alias"]):
            return []
        full = f"{child.given} {chance.one((child.mother.family, child.surname))}"
        return chance.one(([child.known_as], [child.short], [full], [child.short, full]))

    def _in_the_agencys_letters(self, account: dict[str, Any]) -> dict[str, Any]:
        """The police write names in capitals; what is told is told in the same letters."""
        if self._chance.happens(self._told["upper"]):
            for name in ("given_name", "family_name"):
                account[name] = account[name] and account[name].upper()
            account["middle_names"] = [name.upper() for name in account["middle_names"]]
            for guardian in account["guardians"]:
                guardian["name"] = guardian["name"].upper()
        account["narrative"] = self._narrative(account["given_name"] or "the child")
        return account

    def _narrative(self, called: str) -> str:
        chance, child = self._chance, self._child
        parts = [
            self._incident.concern,
            chance.one(lines("told", "of_the_child")).format(given=called),
        ]
        siblings = [c for c in child.family.children if c is not child and c.born < self._day]
        if siblings and chance.happens(0.46):
            other = chance.one(siblings)
            called = chance.one((other.given, other.given, other.short))
            parts.append(chance.one(lines("told", "of_a_sibling")).format(sibling=called))
        return " ".join(part for part in (*parts, self._incident.besides) if part)


def _one_digit(chance: Chance, number: str, *, first: int) -> str:
    """The number with one of its digits another one, from the place ``first`` on."""
    at = chance.number(first, len(number) - 1)
    return number[:at] + str((int(number[at]) + chance.number(1, 9)) % 10) + number[at + 1 :]
