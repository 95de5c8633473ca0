"""What a store keeps of its connections."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from sqlalchemy import event, text

from stores.database import Database

DELIVERERS = 12
"""One for each agency of a borough."""


def test_threads_that_look_at_the_same_time_open_no_new_connections_each_time(
    postgres: Database,
) -> None:
    opened: list[object] = []
    event.listen(postgres.engine, "connect", lambda connection, _: opened.append(connection))
    together = Barrier(DELIVERERS)

    def look(_: int) -> None:
        for _ in range(3):
            with postgres.reading() as connection:
                connection.execute(text("SELECT 1"))
                together.wait()
            together.wait()

    with ThreadPoolExecutor(DELIVERERS) as threads:
        list(threads.map(look, range(DELIVERERS)))
    assert len(opened) < DELIVERERS  # and the one that made the tables
