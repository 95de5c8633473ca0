"""``desks``: how long people wait for a page of their desk when so much is stored."""

from __future__ import annotations

import os
import random
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import click

from tests.proofs import desks as proof
from tests.proofs.desks import Crowd, Times
from tests.proofs.lived import Amount, lived_place
from tests.proofs.place import Place
from tests.proofs.processes import await_serving, hub_part, kept, terminated
from tests.proofs.quiet import await_quiet
from tests.proofs.saying import json_option, say
from tests.proofs.watching import Onlookers, Told, watched

_count = click.IntRange(min=1)


@click.command()
@click.option("--notifications", type=_count, default=600, show_default=True)
@click.option(
    "--repeated",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Of these, what came first: rows of what a thousand lead to, again and again.",
)
@click.option("--changes", type=_count, default=3, show_default=True, help="That are waited for.")
@click.option("--rest", type=float, default=10.0, show_default=True, help="Seconds before each.")
@click.option("--waiting", type=_count, default=100, show_default=True, help="Not rated yet.")
@click.option("--a-day", type=_count, default=100, show_default=True, help="That come in a day.")
@click.option("--people", type=_count, default=200, show_default=True, help="At once.")
@click.option("--seconds", type=float, default=60.0, show_default=True, help="That they work.")
@click.option("--think", type=float, default=10.0, show_default=True, help="Seconds for a page.")
@click.option("--times", type=_count, default=20, show_default=True, help="Each page, alone.")
@click.option("--seed", type=int, default=1, show_default=True)
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Keep the hub that is filled here, and use again the one that is here.",
)
@click.option(
    "--hub",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A folder with a hub that was filled so: nothing is filled. What is done here is done "
    "in it, so give it a copy.",
)
@json_option
def desks(
    *,
    notifications: int,
    repeated: int,
    changes: int,
    rest: float,
    waiting: int,
    a_day: int,
    people: int,
    seconds: float,
    think: float,
    times: int,
    seed: int,
    folder: Path | None,
    hub: Path | None,
    as_json: bool,
) -> None:
    """Milliseconds of every desk's pages: for one person, and for many at once, beside a file that
    costs the same server least.

    The hub has lived through so many notifications: all were rated and answered but the last. A
    million take a night and some 100 GB to fill (--folder keeps them); --repeated is faster. Then
    so many pages stay open, and it is measured when each is told of a concern that comes. Exits
    with 1 when fewer than 95 of 100 pages came in 200 ms, or 300 for worklists, or an open page was
    told later than 2 s. A page that does not come in 30 s, or another than was asked for, counts as
    30 s and as failed.

    \b
    Example, 200 people at a hub that was filled before, in some five minutes:
      cp -a HUB COPY
      python -m tests.proofs desks --hub COPY --times 5 --seconds 120 --changes 1 --json
    """
    if hub is not None and not (hub / "lived").exists():
        raise click.BadParameter(f"{hub} is no folder in which `desks` has filled a hub")
    amount = Amount(notifications - repeated, waiting=waiting, a_day=a_day)
    with ExitStack() as stack:
        path = folder or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        where = hub or path / f"{notifications}-lived"
        place = lived_place(where, amount, told=partial(click.echo, err=True), repeated=repeated)
        crowd = Crowd(people, seconds=seconds, think=think)
        measured = _measured(place, crowd, Onlookers(people, changes, rest), times=times, seed=seed)
    pages, late = proof.figures(measured.alone, measured.work, measured.many)
    told, count = measured.told, sum(map(len, measured.many.values()))
    found: dict[str, Any] = {
        "notifications": None if hub else notifications,
        "repeated": repeated,
        "waiting": waiting,
        "people": people,
        "think": think,
        "load": round(os.getloadavg()[0], 1),
        "pages_a_second": round(count / seconds, 1),
        "cpu_a_page": round(measured.cores * seconds * 1000 / max(1, count), 1),
        "cores": round(measured.cores, 2),
        "pages": pages,
        "late": late,
        "late_pages": len(late),
        "open_pages": told.figures(),
    }
    say(found, as_json=as_json, well=not (late or told.figures()["late"]))


@dataclass(frozen=True, slots=True)
class _Measured:
    """Milliseconds by page, and what open pages were told."""

    alone: Times
    work: Times
    many: Times
    cores: float
    """That the hub had while many were there."""
    told: Told


def _measured(
    place: Place, crowd: Crowd, onlookers: Onlookers, *, times: int, seed: int
) -> _Measured:
    """With the hub at work, once it has caught up with the clock."""
    hub = hub_part(place)
    with kept([hub]):
        hub.start()
        await_serving(place)
        await_quiet(place, lambda: True, seconds=_CATCHING_UP, letters=False)
        assert hub.process is not None
        process = hub.process.pid
        alone, work = proof.one_at_a_time(place, process=process, times=times, seed=seed)
        before, begun = proof.cpu_of(process), time.monotonic()
        many = proof.at_once(place, crowd, seed=seed)
        cores = (proof.cpu_of(process) - before) / (time.monotonic() - begun)
        person = proof.Somebody(place, "S. Worker", random.Random(seed))  # noqa: S311
        person.enters()
        told = watched(place, person, onlookers, process=process)
        terminated([hub])
    return _Measured(alone, work, many, cores, told)


_CATCHING_UP = 600.0
