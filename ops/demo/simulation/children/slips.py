"""How names go astray: slips of the pen, other spellings, short forms, halves of double-barrelled
ones.
"""

from __future__ import annotations

import string
from functools import cache

from ops.demo.simulation.children.chance import Chance, data, lines

_LOOKS_LIKE = (
    ("m", "rn"),
    ("rn", "m"),
    ("i", "l"),
    ("l", "i"),
    ("o", "0"),
    ("e", "c"),
    ("n", "m"),
    ("u", "v"),
)
_GIVEN_SOUNDS = (
    *(
        ("ie", "y"),
        ("y", "ie"),
        ("k", "c"),
        ("c", "k"),
        ("ph", "f"),
        ("f", "ph"),
        ("ee", "i"),
        ("i", "y"),
        ("s", "z"),
    ),
    *(
        ("z", "s"),
        ("ai", "ay"),
        ("aa", "a"),
        ("ll", "l"),
        ("nn", "n"),
        ("tt", "t"),
        ("u", "oo"),
        ("a", "e"),
        ("o", "u"),
    ),
)
_SURNAME_SOUNDS = (
    *(
        ("ai", "ei"),
        ("ei", "ai"),
        ("a", "e"),
        ("e", "a"),
        ("i", "y"),
        ("y", "i"),
        ("ll", "l"),
        ("l", "ll"),
        ("u", "o"),
    ),
    *(
        ("k", "c"),
        ("s", "ss"),
        ("h", ""),
        ("th", "t"),
        ("o", "oo"),
        ("oo", "o"),
        ("er", "or"),
        ("ou", "u"),
    ),
)


def typo(chance: Chance, word: str) -> str:
    """The word with one slip after its first letter: letters swapped, doubled, left out, alike or
    any other.
    """
    if len(word) < 3:
        return word
    at = chance.number(1, len(word) - 2)
    kind = chance.random.random()
    if kind < 0.3:
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    if kind < 0.5:
        return word[:at] + word[at] + word[at:]
    if kind < 0.65:
        return word[:at] + word[at + 1 :]
    alike = [(a, b) for a, b in _LOOKS_LIKE if a in word[1:]]
    if kind < 0.75 and alike:
        return word[0] + word[1:].replace(*chance.one(alike), 1)
    return word[:at] + chance.one(string.ascii_lowercase) + word[at + 1 :]


def respelt(chance: Chance, given: str) -> str:
    """The given name in another spelling or another language's form."""
    others = [n for n in _spellings().get(given.lower(), ()) if n != given.lower()]
    if others and chance.happens(0.8):
        return capital(chance.one(others))
    return _by_sound(chance, given, sounds=_GIVEN_SOUNDS)


def respelt_surname(chance: Chance, family: str) -> str:
    """The family name in another spelling, or with the other ending of a Polish one; the first half
    of a double one.
    """
    first, _, rest = family.partition("-")
    if first.endswith(("ska", "ski")):
        other = first[:-1] + ("i" if first.endswith("a") else "a")
    else:
        other = _by_sound(chance, first, sounds=_SURNAME_SOUNDS)
    return f"{other}-{rest}" if rest else other


def short_form(chance: Chance, given: str) -> str:
    """A short or pet form: one in use, or made as people make them."""
    known = data()["short"].get(given.lower(), "").split()
    if known and chance.happens(0.8):
        return capital(chance.one(known))
    return capital(given[: chance.one((3, 3, 4))].lower() + chance.one(("", "", "s", "ie", "y")))


def capital(name: str) -> str:
    """The name with capital letters where British names have them."""
    return " ".join(
        "-".join(part.capitalize() for part in word.split("-")) for word in name.split()
    )


def _by_sound(chance: Chance, name: str, *, sounds: tuple[tuple[str, str], ...]) -> str:
    small = name.lower()
    possible = [(a, b) for a, b in sounds if a in small[1:]]
    if not possible:
        return name + "e"
    return capital(small[0] + small[1:].replace(*chance.one(possible), 1))


@cache
def _spellings() -> dict[str, tuple[str, ...]]:
    return {
        name: tuple(group.split())
        for group in lines("spellings", "groups")
        for name in group.split()
    }
