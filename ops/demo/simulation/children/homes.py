"""Streets, homes and telephone numbers of an invented area."""

from __future__ import annotations

from dataclasses import dataclass

from ops.demo.simulation.children.chance import Chance, data, words
from ops.demo.simulation.children.slips import typo

_POSTCODE_LETTERS = "ABDEFGHJLNPQRSTUWXYZ"
_ONE_POSTCODE = 20
"""So many house numbers of a street share a postcode."""


@dataclass(frozen=True, slots=True)
class Home:
    """Where a family lives; ``flat`` 0 where the whole house is theirs."""

    number: int
    street: str
    kind: str
    town: str
    postcode: str
    flat: int = 0
    court: str = ""


class Area:
    """Homes and telephone numbers; those of institutions and professionals are many families'."""

    def __init__(self, chance: Chance, children: int) -> None:
        self._chance = chance
        self._postcodes: dict[tuple[str, str, str, int], str] = {}
        shared = max(4, children // 250)
        self.institutions = {self.home(): 1 / rank for rank in range(1, shared + 1)}
        self.professionals = {self.telephone(): 1 / rank for rank in range(1, shared + 1)}

    def home(self) -> Home:
        """Some home; houses near each other share a postcode."""
        chance = self._chance
        street, kind = chance.one(words("streets")), chance.one(tuple(data()["street_kinds"]))
        town, number = chance.one(words("towns")), chance.number(1, 179)
        place = (street, kind, town, number // _ONE_POSTCODE)
        postcode = self._postcodes.setdefault(place, self._postcode())
        flat = chance.number(1, 44) if chance.happens(0.15) else 0
        court = f"{chance.one(words('streets'))} Court" if flat and chance.happens(0.6) else ""
        return Home(number, street, kind, town, postcode, flat, court)

    def telephone(self) -> str:
        """A number of the ranges that are kept free for drama."""
        if self._chance.happens(0.7):
            return (
                f"{self._chance.one(words('telephone_areas'))}496{self._chance.number(0, 9999):04d}"
            )
        return f"07700{self._chance.number(900_000, 999_999)}"

    def _postcode(self) -> str:
        chance = self._chance
        end = chance.one(_POSTCODE_LETTERS) + chance.one(_POSTCODE_LETTERS)
        return f"{chance.one(words('postcode_areas'))} {chance.number(1, 9)}{end}"


def written(chance: Chance, home: Home, *, tags: set[str]) -> list[str]:
    """The lines of an address as somebody writes them."""
    number, kind, street = home.number, home.kind, home.street
    if chance.slips(0.037):
        number = max(1, number + chance.one((-1, 1, 2, -2, 10, -10, 100)))
        tags.add("addr_number_wrong")
    if chance.happens(0.36):
        kind = chance.one(words("street_kinds", kind))
        tags.add("addr_abbr")
    if chance.slips(0.06):
        street = typo(chance, street)
        tags.add("addr_typo")
    house = f"{number} {street} {kind}"
    lines = [house]
    if home.flat and chance.slips(0.12):
        tags.add("addr_flat_dropped")
    elif home.flat:
        lines = _flat(chance, home, house=house, street=f"{street} {kind}")
    return [*lines, home.town] if chance.happens(0.65) else lines


def _flat(chance: Chance, home: Home, *, house: str, street: str) -> list[str]:
    flat, court = home.flat, home.court
    if court:
        ways = (
            [f"Flat {flat}, {court}", house],
            [f"Flat {flat}", court, house],
            [f"Apt {flat} {court}", house],
            [f"{flat} {court}", street],
        )
    else:
        ways = (
            [f"Flat {flat}, {house}"],
            [f"Flat {flat}", house],
            [f"{flat}/{house}"],
            [f"{house} Flat {flat}"],
        )
    return list(chance.one(ways))


def written_postcode(chance: Chance, postcode: str, *, tags: set[str]) -> str:
    """The postcode as somebody writes it."""
    if chance.slips(0.02):
        last = postcode[-1]
        postcode = chance.one(
            (
                postcode[:-1] + chance.one("ABDEFGH"),
                postcode.split()[0],
                postcode[:-2] + last + last,
            )
        )
        tags.add("postcode_error")
    if chance.happens(0.15):
        postcode = postcode.replace(" ", "")
    return postcode.lower() if chance.happens(0.1) else postcode


def written_telephone(chance: Chance, number: str) -> str:
    """The telephone number as somebody writes it."""
    way = chance.random.random()
    if way < 0.4:
        return number
    if way < 0.7:
        return f"{number[:5]} {number[5:]}"
    return f"+44{number[1:]}" if way < 0.85 else f"{number[:5]} {number[5:8]} {number[8:]}"
