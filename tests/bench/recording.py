"""How ``bare_limit.json`` came to be: notes what the embedded hub of a checkout writes.

``python -m tests.bench record FOLDER`` runs it over that checkout. It was run over commit b698ed7;
the limit stands for as long as that commit is what the hub is measured by.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, event

from tests.bench.layout import part, sqlite_hub
from tests.bench.old_shape import shapes
from tests.bench.once import BATCH, feed
from tests.bench.stream import arrivals

_WRITE = re.compile(r"INSERT INTO (\w+) \(([^)]*)\)|UPDATE (\w+) SET")
Written = list[tuple[str, str, int, int]]
"""By verb and table: rows and bytes."""


def record(number: int) -> list[list[Written]]:
    """For each batch of the stream, each transaction's rows and bytes by verb and table."""
    part("collect_seldom")()
    with tempfile.TemporaryDirectory() as folder:
        hub = sqlite_hub(Path(folder) / "run.db")
        came, steps = arrivals(hub.settings, number), hub.embedded()
        seen: dict[str, set[tuple[Any, ...]]] = defaultdict(set)
        batches = []
        for start in range(0, number, BATCH):
            with _noted(hub.database.engine, seen) as transactions:
                feed(hub, came[start : start + BATCH], steps=steps)
            batches.append([_summed(one) for one in transactions if one])
        hub.database.close()
    return batches


@contextmanager
def _noted(engine: Any, seen: dict[str, set[tuple[Any, ...]]]) -> Iterator[list[Written]]:
    """What is written while inside, by transaction."""
    transactions: list[Written] = [[]]

    def note(
        _c: Connection, _cursor: Any, sql: str, parameters: Any, _context: Any, many: bool
    ) -> None:
        transactions[-1] += _of(sql, parameters if many else [parameters], seen=seen)

    def committed(_connection: Connection) -> None:
        transactions.append([])

    event.listen(engine, "before_cursor_execute", note)
    event.listen(engine, "commit", committed)
    try:
        yield transactions
    finally:
        event.remove(engine, "before_cursor_execute", note)
        event.remove(engine, "commit", committed)


def _of(sql: str, rows: Sequence[Any], *, seen: dict[str, set[tuple[Any, ...]]]) -> Written:
    """Rows that were there already and are kept are not written, and not counted."""
    found = _WRITE.match(sql)
    if found is None:
        return []
    if found[3]:
        return [("rewrite", found[3], len(rows), sum(map(_size, rows)))]
    table, columns = found[1], [name.strip('" ') for name in found[2].split(",")]
    written: Written = []
    for row in rows:
        key = tuple(
            row[columns.index(name)] for name in shapes()[table].known_by if name in columns
        )
        known = key in seen[table]
        seen[table].add(key)
        if not known or "DO UPDATE" in sql:
            written.append(("rewrite" if known else "insert", table, 1, _size(row)))
    return written


def _size(row: Any) -> int:
    return sum(len(value) if isinstance(value, (str, bytes, memoryview)) else 8 for value in row)


def _summed(written: Written) -> Written:
    sums: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    for verb, table, rows, size in written:
        sums[verb, table][0] += rows
        sums[verb, table][1] += size
    return [(*of, rows, size) for of, (rows, size) in sums.items()]


if __name__ == "__main__":
    sys.stdout.write(json.dumps(record(int(sys.argv[1]))))
