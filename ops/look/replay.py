"""Decide everything again, from what came in, into an empty register in memory, and compare with
what is recorded.

A replay gets a connection that refuses writes, and nothing else: no intake, no queue, no
transaction. Each step's inputs come in the order in which it had them, each under the policy that
decided then; ids of what follows are derived, so every fact decided again is found in the journal
by its id and compared by envelope and keyed digest.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ops.look.reading import Readable
from ops.look.replay_again import Again
from ops.look.replay_report import VERDICTS, Report, Wanted, as_json
from ops.look.replay_steps import SHARES, Share
from stores import overview, replaying

__all__ = ["VERDICTS", "Report", "Wanted", "as_json", "replay"]


def replay(
    hub: Readable, wanted: Wanted, *, advance: Callable[[int], None] = lambda _: None
) -> Report:
    """Decide everything again and compare. ``advance`` hears how many inputs more were decided."""
    started = time.monotonic()
    with hub.database.view() as view, _little_collecting() as after_page:
        last = overview.last_position(view.connection)
        again = Again(view, Share(SHARES[0], 0), wanted, last=last)
        for claims in replaying.claims(view.connection):
            again.decide(claims, ())
            advance(len(claims))
            after_page()
        report = again.finish().settled()
    report.seconds = time.monotonic() - started
    return report


@contextmanager
def _little_collecting() -> Iterator[Callable[[], None]]:
    """What steps remember only grows, and holds no cycles: looking through all of it over and over
    takes half the time.

    Call what is given now and then: it sets what has lasted apart from what the collector looks
    through.
    """
    before = gc.get_threshold()
    gc.set_threshold(50_000, 20, 100)
    try:
        yield gc.freeze
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
