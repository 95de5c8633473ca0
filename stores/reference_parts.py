"""Under what an agency's reference is found in part: from each of its letters and digits on.

Who has only the end of it, a number without its zeros, or another way of writing it finds it by an
index: of ``police/MER-2026-004711`` is kept ``mer2026004711``, ``er2026004711`` and so on, down to
the last few. A reference stands in the journal in the clear, as what an entry is about.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from sqlalchemy import Connection, Select, delete, select

from schemas.base import Fact
from schemas.notification import NotificationReceived
from stores.database import Transaction
from stores.rows import Clash
from stores.tables import reference_parts as table

LEAST: Final = 4
"""Characters of a part: what fewer begin with is half of the record."""
_LONG: Final = 32
"""Characters that are kept of a part, and places in a reference at which one begins."""


def plain(text: str) -> str:
    """Letters and digits alone, however they were written."""
    return "".join(c for c in text.casefold() if c.isalnum())


def parts_of(subject: str) -> Iterator[str]:
    """All parts of what stands behind the agency in ``agency/reference``."""
    whole = plain(subject.partition("/")[2])
    for start in range(min(len(whole) - LEAST + 1, _LONG)):
        yield whole[start : start + _LONG]


def note(transaction: Transaction, facts: Iterable[Fact]) -> None:
    """Keep the parts of what agencies call what they notify; those that are there stay."""
    subjects = {fact.subject for fact in facts if isinstance(fact, NotificationReceived)}
    if subjects:
        rows = [{"part": part, "subject": one} for one in subjects for part in {*parts_of(one)}]
        transaction.insert(table, sorted(rows, key=_place), clash=Clash.KEEP)


def forget(transaction: Transaction, subjects: Iterable[str]) -> None:
    """Let go of the parts of these: they were erased, and the journal alone is never changed."""
    for subject in subjects:
        theirs = table.c.part.in_({*parts_of(subject)}), table.c.subject == subject
        gone = delete(table).where(*theirs).returning(table.c.part, table.c.subject)
        rows = transaction.connection.execute(gone).all()
        transaction.changes.gone(table, [row._mapping for row in rows])


def _place(row: Mapping[str, Any]) -> tuple[str, str]:
    """Rows in one order: two transactions that write the same ones wait, and never cross."""
    return row["part"], row["subject"]


def beginning(wanted: str, *, limit: int) -> Select[Any]:
    """The subjects with a part that begins so, as a query; of :func:`plain` text."""
    start = wanted[:_LONG]
    after = start[:-1] + chr(ord(start[-1]) + 1)
    asked = select(table.c.part, table.c.subject).where(table.c.part >= start, table.c.part < after)
    return asked.order_by(table.c.part, table.c.subject).limit(limit)


def subjects(connection: Connection, text: str, *, limit: int) -> list[str]:
    """What agencies call so, in part, at most so many; none for fewer than :data:`LEAST` letters
    and digits.
    """
    wanted = plain(text)
    if len(wanted) < LEAST:
        return []
    rows = connection.execute(beginning(wanted, limit=limit))
    found = dict.fromkeys(row.subject for row in rows)
    return [one for one in found if wanted in plain(one.partition("/")[2])]
