"""What streets, schools and premises are called, and how that is shortened."""

from __future__ import annotations

from typing import Final


def _read(text: str) -> dict[str, str]:
    """Each way to write a word, with the word."""
    lines = (line.split() for line in text.strip().splitlines())
    return {short: words[0] for words in lines for short in words}


STREETS: Final = _read(
    """
    street st str
    road rd
    avenue ave av
    lane ln la
    crescent cres cr crs
    terrace terr ter tce
    gardens gdns gdn gds garden
    grove gr grv gro
    mews mws
    close cl clo
    drive dr drv
    court ct crt
    place pl plc
    way wy
    square sq
    hill hl
    row
    walk wlk wk
    view vw
    rise ris
    parade pde
    green grn
    park pk
    house hse
    buildings bldgs
    tower twr
    """
)
ALWAYS_STREETS: Final = (
    "street road rd avenue ave lane ln crescent cres terrace gardens gdns gdn grove mews".split()
)
"""What is a street without a number too."""
SCHOOLS: Final = frozenset(
    """
    school sch academy college primary secondary infant infants junior juniors high grammar nursery
    community comprehensive preparatory prep first middle upper lower free special sixth form ce
    cofe rc catholic church england c e voluntary aided controlled
    """.split()
)
PREMISES: Final = frozenset(
    """
    refuge womens women shelter hostel house home childrens children residential care nursing guest
    mother baby unit bed breakfast hotel inn pub public b lodge safe
    """.split()
)
