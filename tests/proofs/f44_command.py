"""``f44``: a disk that is full for a while."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import click
import psycopg

from tests.proofs.f44 import Disk, Wanted, prove, small_disk, well
from tests.proofs.place import Place, embedded_place
from tests.proofs.processes import TooLate
from tests.proofs.saying import json_option, say
from tests.services.folder import services_home
from tests.services.postgres import private_postgres
from tests.services.process import ServiceUnavailable

STORES = ("sqlite", "postgresql")
_Revive = Callable[[], None]


@click.command()
@click.option("--store", type=click.Choice([*STORES, "both"]), default="both", show_default=True)
@click.option("--notifications", type=click.IntRange(min=10), default=60, show_default=True)
@click.option(
    "--full", type=float, default=8.0, show_default=True, help="Seconds that it is full for."
)
@click.option(
    "--seconds", type=float, default=300.0, show_default=True, help="Give up after so long."
)
@click.option(
    "--without",
    type=click.Choice(["commit-before-receipt"]),
    help="A control: receipts before anything is recorded. The check has to fail then.",
)
@json_option
def f44(
    *,
    store: str,
    notifications: int,
    full: float,
    seconds: float,
    without: str | None,
    as_json: bool,
) -> None:
    """F44: the disk under the store fills up in the middle of a stream, and has room again later.

    On a small file system that is mounted for it, which takes root: SQLite's files, and the whole
    of a private PostgreSQL, which is started again if it ends of it. Exits with 1 when anything was
    lost or done twice, somebody was answered otherwise than by 503 with Retry-After or a receipt
    that holds, nobody was refused, or the hub ended.
    """
    wanted = Wanted(notifications=notifications, full=full, seconds=seconds, without=without or "")
    asked = STORES if store == "both" else (store,)
    try:
        found = {one: _proved(one, wanted) for one in asked}
    except (ServiceUnavailable, TooLate) as reason:
        raise click.ClickException(str(reason)) from None
    sums = ("n", "lost", "duplicated", "wrong", "refused", "otherwise")
    together: dict[str, Any] = {name: sum(one[name] for one in found.values()) for name in sums}
    say(together | {"stores": found}, as_json=as_json, well=all(map(well, found.values())))


def _proved(store: str, wanted: Wanted) -> dict[str, Any]:
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hub-proof-")))
        home.chmod(0o711)
        disk = stack.enter_context(small_disk(home / "disk"))
        place, revive = stack.enter_context(_ON[store](home, disk))
        return prove(place, disk, wanted, revive=revive)


@contextmanager
def _on_sqlite(home: Path, disk: Disk) -> Iterator[tuple[Place, _Revive]]:
    with embedded_place(home / "hub", store=f"sqlite:///{disk.path / 'hub.db'}") as place:
        yield place, lambda: None


@contextmanager
def _on_postgresql(home: Path, disk: Disk) -> Iterator[tuple[Place, _Revive]]:
    with private_postgres(disk.path / "postgres", services_home()) as service:
        name = f"hub_proof_{uuid4().hex[:12]}"
        plain = service.url.replace("+psycopg", "")
        with psycopg.connect(plain, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        url = f"{service.url.rpartition('/')[0]}/{name}"
        with embedded_place(home / "hub", store=url) as place:
            yield place, service.start


_ON = {"sqlite": _on_sqlite, "postgresql": _on_postgresql}
