"""``python -m tests.proofs``: what the hub says of itself, put to the proof."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from pathlib import Path

import click

from ops.run.parts import STEPS
from router.unit import serves
from tests.proofs import poison, red_latency, red_time
from tests.proofs.desks_command import desks
from tests.proofs.f13_command import f2, f13, f16
from tests.proofs.f14_command import f14
from tests.proofs.f18_command import f18, f19
from tests.proofs.f20_command import f20
from tests.proofs.f24_command import f24
from tests.proofs.f26_command import f26, f27
from tests.proofs.f28_command import f28
from tests.proofs.f29_command import f29
from tests.proofs.f35_command import f35, f36
from tests.proofs.f37_command import f37
from tests.proofs.f44_command import f44
from tests.proofs.f52_command import f52
from tests.proofs.gate_commands import f21, f22, f23, f25, gate
from tests.proofs.kills import prove
from tests.proofs.linkage_commands import k1, k2
from tests.proofs.place import Place, Servers, embedded_place, production_place
from tests.proofs.plan import APART, Plan
from tests.proofs.poison import Dose
from tests.proofs.processes import TooLate
from tests.proofs.record_commands import f30, f31, f32, f33, f34, f38, f39
from tests.proofs.red_latency import Burst
from tests.proofs.report_command import keep_, report_
from tests.proofs.saying import json_option, say
from tests.proofs.suggestion_command import suggestion
from tests.proofs.suite_command import suite
from tests.proofs.weights.command import weights
from tests.services.commands import VARIABLES
from tests.services.folder import services_home
from tests.services.kafka import private_kafka
from tests.services.postgres import private_postgres
from tests.services.process import ServiceUnavailable
from tests.services.rabbitmq import private_rabbitmq

_count = click.IntRange(min=1)
_option = partial(click.option, show_default=True)


def _serving(given: tuple[str, ...]) -> tuple[str, ...]:
    """These workers, who serve every step unless there are none."""
    units = [steps.replace(" ", "+") for steps in given]
    unserved = {step for step in STEPS if not any(serves(unit, step) for unit in units)}
    if given and unserved:
        raise click.UsageError(f"no worker serves {', '.join(sorted(unserved))}")
    return given


_runtime = _option("--runtime", type=click.Choice(["embedded", "production"]), default="embedded")
_seed = _option("--seed", type=int, default=1, help="The same seed plans the same faults.")
_workers = _option(
    "--workers",
    multiple=True,
    help="In production: a worker of these steps, or of `all`; may be repeated. None: apart.",
)
_folder = _option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Keep what the run left behind here.",
)


@click.group()
def proof() -> None:
    """Let faults in and tell what became of it. Everything happens in folders, databases and queues
    of its own. The last line is the figures as one JSON object. `suite` runs many of them.

    Production uses the servers in HUB_TEST_KAFKA_URL, HUB_TEST_RABBITMQ_URL and
    HUB_TEST_POSTGRES_URL, or private ones.
    """


proof.add_command(desks)
proof.add_command(f2)
proof.add_command(f13)
proof.add_command(f14)
proof.add_command(f16)
proof.add_command(f18)
proof.add_command(f19)
proof.add_command(f20)
proof.add_command(f21)
proof.add_command(f22)
proof.add_command(f23)
proof.add_command(f24)
proof.add_command(f25)
proof.add_command(gate)
proof.add_command(f26)
proof.add_command(f27)
proof.add_command(f28)
proof.add_command(f29)
for _of_the_record in (f30, f31, f32, f33, f34, f38, f39):
    proof.add_command(_of_the_record)
proof.add_command(f35)
proof.add_command(f36)
proof.add_command(f37)
proof.add_command(f44)
proof.add_command(f52)
proof.add_command(k1)
proof.add_command(k2)
proof.add_command(suggestion)
proof.add_command(weights)
proof.add_command(keep_)
proof.add_command(report_)
proof.add_command(suite)


@proof.command()
@_runtime
@_option("--notifications", type=_count, default=400)
@_option("--kills", type=click.IntRange(min=0), default=30)
@_seed
@_option("--seconds", type=float, default=900.0, help="Give up after so long.")
@_workers
@_option(
    "--then",
    multiple=True,
    help="Workers that take the others' place after half of the kills; may be repeated.",
)
@_option(
    "--without",
    type=click.Choice(["commit-before-receipt", "inbox"]),
    help="A control: drop this rule of the hub. The check has to fail then.",
)
@_folder
@json_option
def f1(
    *,
    runtime: str,
    notifications: int,
    kills: int,
    seed: int,
    seconds: float,
    workers: tuple[str, ...],
    then: tuple[str, ...],
    without: str | None,
    folder: Path | None,
    as_json: bool,
) -> None:
    """F1: kill processes at named points, at random moments and all at once.

    Exits with 1 when anything was lost or done twice.
    """
    plan = Plan(
        notifications=notifications,
        kills=kills,
        seed=seed,
        without=without or "",
        seconds=seconds,
        workers=_serving(workers) or APART,
        then=_serving(then),
    )
    with _places(runtime, folder) as place, place("hub") as hub:
        figures = prove(hub, plan)
    well = not (figures["lost"] or figures["duplicated"] or figures["wrong"])
    say(figures, as_json=as_json, well=well)


@proof.command()
@_runtime
@_option("--good", type=_count, default=2000, help="How many good messages.")
@_option("--ratio", type=_count, default=5, help="Good ones for each bad one.")
@_workers
@_option(
    "--without",
    type=click.Choice(["originals"]),
    help="A control: drop this rule; the check has to fail.",
)
@_folder
@json_option
def f17a(
    *,
    runtime: str,
    good: int,
    ratio: int,
    workers: tuple[str, ...],
    without: str | None,
    folder: Path | None,
    as_json: bool,
) -> None:
    """F17a: bad messages of every kind among good ones; each is told why and kept as it came.

    Kinds that come over a broker are sent in production, and embedded where HUB_TEST_RABBITMQ_URL
    names one. Exits with 1 when anything was lost, or told or kept wrongly. The share compares the
    good ones' rate with that of a clean run just before.
    """
    dose = Dose(
        good=good,
        ratio=ratio,
        workers=_serving(workers) or APART,
        without=without or "",
        seconds=900.0,
    )
    with _places(runtime, folder) as place, place("clean") as clean, place("poisoned") as poisoned:
        figures = poison.prove(clean, poisoned, dose=dose)
    say(figures, as_json=as_json, well=not (figures["lost"] or figures["wrong"]))


@proof.command()
@_runtime
@_option("--rounds", type=_count, default=5, help="Of each kind: quiet, and flooded.")
@_option("--seconds", type=float, default=30.0, help="That each round lasts.")
@_option(
    "--limit",
    type=float,
    default=420.0,
    help="Seconds of all rounds: what a flood left is not waited for beyond them.",
)
@_workers
@_option(
    "--without", type=click.Choice(["lane"]), help="A control: drop this; the check has to fail."
)
@_folder
@json_option
def f17c(
    *,
    runtime: str,
    rounds: int,
    seconds: float,
    limit: float,
    workers: tuple[str, ...],
    without: str | None,
    folder: Path | None,
    as_json: bool,
) -> None:
    """F17c: one agency sends a hundred times what it usually does; how much longer a Red takes.

    Quiet and flooded by turns in one run; where a flood is not heard by the limit no further round
    begins, and `left` says how many facts waited. Exits with 1 when the 99th percentile of a Red's
    seconds moves by more than a tenth, or one was not seen within a minute.
    """
    serving = _serving(workers) or APART
    burst = Burst(
        rounds=rounds, seconds=seconds, limit=limit, workers=serving, without=without or ""
    )
    with _places(runtime, folder) as place, place("hub") as hub:
        figures = red_latency.prove(hub, burst)
    well = figures["p99_ratio"] <= red_latency.ALLOWED and not figures["unseen"]
    say(figures, as_json=as_json, well=well)


@proof.command()
@_runtime
@_option("--reds", type=_count, default=1000)
@_option("--notifications", type=_count, default=400, help="Others beside them.")
@_option("--kills", type=click.IntRange(min=0), default=30)
@_seed
@_option("--seconds", type=float, default=1800.0, help="Give up after so long.")
@_workers
@_folder
@json_option
def f45(
    *,
    runtime: str,
    reds: int,
    notifications: int,
    kills: int,
    seed: int,
    seconds: float,
    workers: tuple[str, ...],
    folder: Path | None,
    as_json: bool,
) -> None:
    """F45: every Red reaches its recipients before its time while processes are killed as in F1.

    Exits with 1 when one was late or never seen.
    """
    serving = _serving(workers) or APART
    plan = Plan(
        notifications=notifications, kills=kills, seed=seed, seconds=seconds, workers=serving
    )
    with _places(runtime, folder) as place, place("hub") as hub:
        figures = red_time.prove(hub, plan, reds=reds)
    say(figures, as_json=as_json, well=not (figures["late"] or figures["unseen"]))


@contextmanager
def _places(
    runtime: str, folder: Path | None
) -> Iterator[Callable[[str], AbstractContextManager[Place]]]:
    """Makes hubs by name, in the folder or in one that is gone afterwards."""
    with ExitStack() as stack:
        path = folder or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hub-proof-")))
        try:
            if runtime == "embedded":
                broker = os.environ.get(VARIABLES["rabbitmq"])
                yield lambda name: embedded_place(path / name, broker=broker)
            else:
                servers = _servers(stack)
                yield lambda name: production_place(path / name, servers)
        except (ServiceUnavailable, TooLate) as reason:
            raise click.ClickException(str(reason)) from None


def _servers(stack: ExitStack) -> Servers:
    given = [os.environ.get(VARIABLES[service]) for service in ("kafka", "rabbitmq", "postgres")]
    if all(given):
        return Servers(*map(str, given))
    home = stack.enter_context(tempfile.TemporaryDirectory(prefix="hub-services-"))
    Path(home).chmod(0o711)
    make = (private_kafka, private_rabbitmq, private_postgres)
    return Servers(
        *(stack.enter_context(one(Path(home) / one.__name__, services_home())).url for one in make)
    )
