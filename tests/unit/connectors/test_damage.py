"""However the rows of a table are damaged, each comes to one receipt or refusal, and whole rows
come to what they came to before.
"""

import csv
import io
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.formats.mapping import load
from connectors.formats.records import Record, Tally
from schemas.refusals import Refusal

FORMAT = load("case-system-csv").formats["csv"]
HEADER = FORMAT.reading.columns
NARRATIVE = HEADER.index("Reason for Referral")

DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "a quote opened in a name": lambda row: row.replace(b",Amy", b',"Amy', 1),
    "a quote closed in a name": lambda row: row.replace(b",Amy", b',Amy"', 1),
    "a quote that begins a cell and nothing more": lambda row: row.replace(b",F,", b',",', 1),
    "inches": lambda row: row.replace(b"Amy", b"Amy 5'10\" tall", 1),
    "quotes within quotes that are not doubled": lambda row: row.replace(b",Amy,", b',"A"m"y",', 1),
    "a byte that is no UTF-8": lambda row: row.replace(b"Amy", b"Am\xff", 1),
    "a NUL": lambda row: row.replace(b"Amy", b"Am\0y", 1),
    "a row that ends early": lambda row: row[: row.index(b",F,") + 2] + b"\n",
    "commas too many": lambda row: row.rstrip(b"\n") + b",,,\n",
    "words too many": lambda row: row.rstrip(b"\n") + b",and,more\n",
    "one cell alone": lambda _: b"something else entirely\n",
}
EMPTY = [b"\n", b"  \r\n", b"," * (len(HEADER) - 1) + b"\n", b" , ,\n"]

ROWS = st.lists(
    st.tuples(
        st.sampled_from([None, *DAMAGE]),
        st.sampled_from(["Seen alone.", 'She said "no".', "First,\nsecond\nline", "5'10\" tall"]),
        st.lists(st.sampled_from(EMPTY), max_size=2),
    ),
    min_size=1,
    max_size=8,
)


def row_of(number: int, words: str) -> bytes:
    cells = {"Referral No": f"CS-{number}", "Referral Date": "12/03/2026 09:30", "Sex": "F"}
    cells |= {"Forename": "Amy", "Surname": "Hale", "Reason for Referral": words}
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow([cells.get(name, "") for name in HEADER])
    return out.getvalue().encode()


def read(text: bytes) -> tuple[list[Record], Tally]:
    tally = Tally()
    return list(FORMAT.records(io.BytesIO(text), largest=100_000, tally=tally)), tally


@settings(max_examples=200)
@given(rows=ROWS)
def test_rows_in_are_records_and_empty_rows_out(
    rows: list[tuple[str | None, str, list[bytes]]],
) -> None:
    text, empty = ",".join(HEADER).encode() + b"\n", 0
    for number, (damage, words, before) in enumerate(rows):
        # What damages a row of several lines leaves lines that nobody can tell from rows.
        words = words.replace("\n", " ") if damage else words
        row = row_of(number, words)
        text += b"".join(before) + (DAMAGE[damage](row) if damage else row)
        empty += len(before)
    records, tally = read(text)
    assert (len(records), tally.skipped) == (len(rows), empty)
    for number, (record, (damage, words, _)) in enumerate(zip(records, rows, strict=True)):
        if damage is None:
            assert isinstance(record.content, dict)
            assert record.content["Referral No"] == f"CS-{number}"
            assert record.content["Reason for Referral"] == words


@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_shows_in_what_comes_of_the_row(damage: str) -> None:
    ((damaged,), _), ((whole,), _) = (
        read(",".join(HEADER).encode() + b"\n" + row)
        for row in (DAMAGE[damage](row_of(1, "Seen.")), row_of(1, "Seen."))
    )
    same = damaged.content == whole.content and not damaged.set_aside
    assert isinstance(damaged.content, Refusal) or not same or damage == "commas too many"
