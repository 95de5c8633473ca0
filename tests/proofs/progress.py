"""How far a proof is, on stderr: a bar for whoever watches, else a line every few seconds."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

from ops.commands import progress as bars

SECONDS = 5.0


@contextmanager
def progress(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """Call what is given with how many more are done."""
    if sys.stderr.isatty():
        with bars.progress(what, total) as advance:
            yield advance
        return
    done = 0
    with doing() as says:

        def more(count: int) -> None:
            nonlocal done
            done += count
            says(f"{what}: {done} of {total}" if total else f"{what}: {done}")

        more(0)
        yield more


@contextmanager
def doing() -> Iterator[Callable[[str], None]]:
    """Call what is given with what is done now."""
    now, over, began = "begins", threading.Event(), time.monotonic()

    def says(what: str) -> None:
        nonlocal now
        now = what

    def tell() -> None:
        while not over.wait(SECONDS):
            click.echo(f"{now}, after {time.monotonic() - began:.0f} s", err=True)

    thread = threading.Thread(target=tell, daemon=True)
    thread.start()
    try:
        yield says
    finally:
        over.set()
        thread.join()
