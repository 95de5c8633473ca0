"""What one sees of a run while it goes on: a bar on a terminal, else a line now and then."""

from __future__ import annotations

import time
from collections.abc import Iterable

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from ops.demo.running import Progress as Run

_LINE_SECONDS = 2.0


def show(progress: Iterable[Run], *, total: int, console: Console) -> None:
    """Follow a run to its end, whatever can be shown of it; ``total`` notifications are sent."""
    if console.is_terminal:
        _as_bar(progress, total=total, console=console)
    else:
        _as_lines(progress, total=total, console=console)


def _as_bar(progress: Iterable[Run], *, total: int, console: Console) -> None:
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
    )
    sending, below = bar.add_task("notifications sent", total=total), Text()
    with Live(Group(bar, below), console=console):
        for now in progress:
            bar.update(sending, completed=now.sent)
            below.plain = _words(now)


def _as_lines(progress: Iterable[Run], *, total: int, console: Console) -> None:
    said, next_line = None, 0.0
    for now in progress:
        if time.monotonic() >= next_line:
            said, next_line = now, time.monotonic() + _LINE_SECONDS
            _say(now, total=total, console=console)
    if now is not said:
        _say(now, total=total, console=console)


def _say(now: Run, *, total: int, console: Console) -> None:
    words = f"{now.sent} of {total} notifications sent: {_words(now)}"
    console.print(words, highlight=False, soft_wrap=True)


def _words(now: Run) -> str:
    return (
        f"{now.received} received, {now.linked} linked, {now.rated} rated, "
        f"{now.released} released, {now.waiting} waiting for an owner, "
        f"{now.letters} letters to answer"
    )
