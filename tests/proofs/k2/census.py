"""The sample of ``pseudopeople``: invented inhabitants of a town, as its census and its tax office
wrote them down.

Two tasks: the censuses of 2020 and 2030, between which half of the people moved; and the census of
2020 with the wage forms (W2, 1099) of that year, which know no date of birth. Noise is the
package's own, at its defaults.

How a record becomes a subject of the hub: names, date of birth, sex and address as they are, a
post-office box as an address, the social security number in the place of the NHS number. What an
agency would not write (age, relation, employer) is left out for both systems, and so are city,
state and postcode: they are the same for all.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import redirect_stderr
from typing import Any

from router.linkage import names, places
from router.linkage.text import fold
from tests.proofs.k2.records import Record, Values, day, package, subject

_CENSUS = {
    "first_name": "first_name",
    "middle_initial": "middle_initial",
    "last_name": "last_name",
    "date_of_birth": "date_of_birth",
    "sex": "sex",
    "street_number": "street_number",
    "street_name": "street_name",
    "unit_number": "unit_number",
}
_TAXES = {
    "first_name": "first_name",
    "middle_initial": "middle_initial",
    "last_name": "last_name",
    "ssn": "ssn",
    "mailing_address_street_number": "street_number",
    "mailing_address_street_name": "street_name",
    "mailing_address_unit_number": "unit_number",
    "mailing_address_po_box": "po_box",
}
_COLUMNS = tuple(dict.fromkeys([*_CENSUS.values(), *_TAXES.values()]))
_DATE = re.compile(r"(?:(\d\d)/(\d\d)/|.*/)(\d{4})$")
"""Of a date that cannot be read the year often can."""


def censuses(seed: int) -> Sequence[Record]:
    """The censuses of 2020 and 2030, with noise by ``seed``."""
    people = package("pseudopeople")
    return [
        record
        for year in (2020, 2030)
        for record in _read(
            people.generate_decennial_census, f"census {year}", _CENSUS, year=year, seed=seed
        )
    ]


def taxes(seed: int) -> Sequence[Record]:
    """The census and the wage forms of 2020, with noise by ``seed``."""
    people = package("pseudopeople")
    return [
        *_read(people.generate_decennial_census, "census 2020", _CENSUS, year=2020, seed=seed),
        *_read(people.generate_taxes_w2_and_1099, "taxes 2020", _TAXES, year=2020, seed=seed),
    ]


def record(id_: str, table: str, truth: str, values: Values) -> Record:
    """The record of a row of either table."""
    born = _DATE.match(values["date_of_birth"])
    when, estimated = day(born[3], born[1] or "0", born[2] or "0") if born else (0, False)
    street = f"{values['street_number']} {values['street_name']} {values['unit_number']}".strip()
    described = subject(
        given=names.given(values["first_name"]),
        family=names.family(values["last_name"]),
        middle=fold(values["middle_initial"]),
        day=when,
        estimated=estimated,
        sex=values["sex"][:1].lower(),
        address=places.address((street or f"box {values['po_box']}".removesuffix("box "),), ""),
        number="".join(c for c in values["ssn"] if c.isdigit()),
    )
    return Record(id_, table, truth, values, described)


def _read(
    generate: Any, table: str, columns: Mapping[str, str], *, year: int, seed: int
) -> Iterator[Record]:
    with warnings.catch_warnings(), redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")
        frame = generate(year=year, seed=seed, verbose=False)
    rows = frame[["simulant_id", *columns]].astype(object).fillna("").astype(str).to_dict("records")
    for number, row in enumerate(rows):
        values = dict.fromkeys(_COLUMNS, "") | {
            ours: row[theirs].strip() for theirs, ours in columns.items()
        }
        yield record(f"{table} {number}", table, row["simulant_id"], values)
