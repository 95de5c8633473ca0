"""``f21`` to ``f23``, ``f25`` and ``gate``: what its owners did not sign does not leave, and what
it costs to look.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

from tests.proofs import f21 as altered
from tests.proofs import f22 as unapproved
from tests.proofs import f23 as racing
from tests.proofs import f25 as two_people
from tests.proofs import gate_cost
from tests.proofs.owners import OWNERS
from tests.proofs.progress import progress
from tests.proofs.saying import json_option, say
from tests.services.commands import VARIABLES
from tests.services.folder import services_home
from tests.services.postgres import private_postgres
from tests.services.process import ServiceUnavailable
from tests.support.production import fresh_database

F = TypeVar("F", bound=Callable[..., Any])
_count = click.IntRange(min=1)
_seed = click.option("--seed", type=int, default=1, show_default=True)


def _without(controls: Mapping[str, object]) -> Callable[[F], F]:
    dropped = click.Choice([*controls])
    says = "A control: drop this rule of the hub. The check has to fail then."
    return click.option("--without", type=dropped, help=says)


@click.command()
@click.option("--alterations", type=_count, default=20_000, show_default=True)
@_seed
@_without(altered.CONTROLS)
@json_option
def f21(*, alterations: int, seed: int, without: str | None, as_json: bool) -> None:
    """F21: alter what owners approved, in a byte, a field or what was signed; none of it leaves.

    Exits with 1 when anything did, or what nobody altered did not.
    """
    plan = altered.Plan(alterations, seed, without or "")
    with progress("altering", alterations) as advance:
        figures = altered.prove(plan, progress=advance)
    say(figures, as_json=as_json, well=figures["whole_product_left"] and not figures["left"])


@click.command()
@click.option(
    "--owners", type=click.IntRange(1, len(OWNERS)), default=len(OWNERS), show_default=True
)
@click.option("--mixed", type=click.IntRange(min=0), default=1000, show_default=True)
@_seed
@_without(unapproved.CONTROLS)
@json_option
def f22(*, owners: int, mixed: int, seed: int, without: str | None, as_json: bool) -> None:
    """F22: products of up to so many owners; every subset of their approvals is missing, expired,
    revoked or another's, in turn and mixed. Nothing leaves that one of these was for.

    Exits with 1 when it did, or a product did not that all had approved.
    """
    plan = unapproved.Plan(owners, mixed, seed, without or "")
    with progress("spoiling", unapproved.ways(owners, mixed)) as advance:
        figures = unapproved.prove(plan, progress=advance)
    well = figures["whole_products_that_left"] == owners and not figures["left"]
    say(figures, as_json=as_json, well=well)


@click.command()
@click.option(
    "--runtime",
    type=click.Choice(["embedded", "production"]),
    default="embedded",
    show_default=True,
    help="SQLite in a file, or PostgreSQL.",
)
@click.option("--products", type=_count, default=300, show_default=True)
@_seed
@_without(racing.CONTROLS)
@json_option
def f23(*, runtime: str, products: int, seed: int, without: str | None, as_json: bool) -> None:
    """F23: owners withdraw while their products are handed over; none is after the word was
    committed, and what is left of it is.

    Exits with 1 when one was, or one never came.
    """
    plan = racing.Plan(products, seed, without or "")
    with _database(runtime) as url, progress("withdrawing", products) as advance:
        figures = racing.prove(url, plan, progress=advance)
    late, never = figures["handed_over_after_the_word"], figures["never_came"]
    say(figures, as_json=as_json, well=not (late or never or figures["failed"]))


@contextmanager
def _database(runtime: str) -> Iterator[str]:
    given = os.environ.get(VARIABLES["postgres"])
    with tempfile.TemporaryDirectory(prefix="hub-proof-") as path:
        if runtime == "embedded":
            yield f"sqlite:///{path}/hub.db"
        elif given:
            with fresh_database(given) as url:
                yield url
        else:
            Path(path).chmod(0o711)
            try:
                with (
                    private_postgres(Path(path) / "postgres", services_home()) as server,
                    fresh_database(server.url) as url,
                ):
                    yield url
            except ServiceUnavailable as reason:
                raise click.ClickException(str(reason)) from None


@click.command()
@click.option("--attempts", type=_count, default=5000, show_default=True)
@_seed
@_without(two_people.CONTROLS)
@json_option
def f25(*, attempts: int, seed: int, without: str | None, as_json: bool) -> None:
    """F25: get round the two-person rule: every pair of keys in either order, and more at random.

    Exits with 1 when what leaves is not what two people signed who did not write it.
    """
    plan = two_people.Plan(attempts, seed, without or "")
    with progress("trying", attempts) as advance:
        figures = two_people.prove(plan, progress=advance)
    left = any("leaves" in came for came in figures["came"])
    say(figures, as_json=as_json, well=left and not figures["wrong"])


@click.command()
@click.option("--releases", type=_count, default=500, show_default=True)
@click.option("--owners", type=click.IntRange(1, len(OWNERS)), default=1, show_default=True)
@json_option
def gate(*, releases: int, owners: int, as_json: bool) -> None:
    """What the gate adds to a release, in milliseconds, beside verifying its signatures alone.

    Exits with 1 when that is a millisecond or more.
    """
    figures = gate_cost.measure(releases, owners=owners)
    say(figures, as_json=as_json, well=figures["gate_adds_ms_p50"] < gate_cost.ALLOWED)
