"""``hub replay``: decide everything again in memory, and compare with what is recorded; or look
only whether that is what was written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import click
from rich.console import RenderableType

from ops.access.acting import asker
from ops.commands.acting import who_looks
from ops.commands.common import answer, config_option, json_option, table, time
from ops.commands.progress import progress
from ops.commands.reading import reading, recording
from ops.commands.verifying import shown as shown_verified
from ops.commands.verifying import verifying
from ops.look import replay as replaying
from ops.look.replay import VERDICTS, Report, Wanted
from ops.mend import replays
from schemas.access import Act
from schemas.topics import TOPICS
from stores import codec
from stores.replaying import count

_NOTHING = (
    "nothing that is recorded matches {}, so nothing was compared: "
    "`hub case` shows ids, positions and times of what is recorded"
)


@click.command()
@config_option
@json_option
@who_looks
@click.option(
    "--topic",
    type=click.Choice([topic.name for topic in TOPICS]),
    metavar="TOPIC",
    help="Only this topic.",
)
@click.option("--case", "about", metavar="ID", help="Only this case or referral.")
@click.option("--since", type=time, help="Only what was recorded from this time on.")
@click.option("--until", type=time, help="Only what was recorded up to this time.")
@click.option(
    "--from", "first", type=int, metavar="OFFSET", help="Only from this position of the journal on."
)
@click.option(
    "--to", "last", type=int, metavar="OFFSET", help="Only up to this position of the journal."
)
@click.option(
    "--verify", is_flag=True, help="Decide nothing: look whether all is what was written."
)
def replay(config: Path, *, as_json: bool, who: str | None, verify: bool, **wanted: Any) -> None:
    """Decide everything again, from what came in, in memory; compare with the journal; exit 1
    unless all is equal.

    Every step hears what it heard, in the order in which it heard it, under the policy that decided
    then. The options narrow what is reported, not what is decided: later facts stand on earlier
    ones. Only of one --case no more is decided than hangs together with it, where that is equal;
    what linking made of others is then taken as it is recorded. That somebody asked is recorded;
    then the store is opened so that it refuses writes: nothing is sent, nothing changed, and the
    hub may go on running.

    equal: decided the same. missing: decided now, never recorded. different: recorded otherwise.
    unexplained: recorded by a step, not decided now. given: from outside, and as its digest says.
    erased: its key was destroyed, and the record says so. unreadable: its key is gone or another,
    and nothing says that it was erased.

    With --verify nothing is decided: every hash is computed again, as `hub audit verify` does it,
    everything sealed is opened, and compared with its digest.

    \b
    Example:
      hub replay
      hub replay --topic ratings.assigned --since 2026-04-01 --json
      hub replay --verify
    """
    if verify:
        _verify(config, as_json=as_json, asked=_asked(wanted))
    else:
        _decide_again(config, as_json=as_json, who=who, wanted=wanted)


def _verify(config: Path, *, as_json: bool, asked: str) -> None:
    if asked:
        raise click.UsageError(f"--verify looks at everything: leave out {asked}")
    verified = verifying(config, contents=True)
    told = {
        "facts": verified.entries,
        "erased": verified.erased,
        "erased_with_leaf": verified.erased_with_leaf,
        "unreadable": verified.unreadable,
        "flaws": [asdict(flaw) for flaw in verified.flaws],
        "seconds": round(verified.seconds, 3),
        "facts_per_second": verified.rate,
    }
    lines = shown_verified(verified, what="facts")
    answer(told, lines, as_json=as_json, well=not verified.flaws)


def _decide_again(
    config: Path, *, as_json: bool, who: str | None, wanted: Mapping[str, Any]
) -> None:
    with recording(config) as hub:
        replays.permitted_here(hub, wanted["about"], asker=asker(hub, who or None))
    with reading(config, act=Act.REPLAY, by=lambda hub: asker(hub, who or None)) as hub:
        with hub.database.reading() as connection:
            inputs = count(connection)
        watching = partial(progress, "replaying", inputs)
        report = replaying.replay(hub, Wanted(**wanted), watching=watching)
    asked = _asked(wanted)
    shown = () if asked and not report.facts else _shown(report)
    answer(replaying.as_json(report), shown, as_json=as_json)
    if asked and not report.facts:
        raise click.ClickException(_NOTHING.format(asked))
    if not report.well:
        raise SystemExit(1)


def _asked(wanted: Mapping[str, Any]) -> str:
    """The options that were given, as they are called."""
    moments = {
        name: codec.from_micros(wanted[name]).isoformat()
        for name in ("since", "until")
        if wanted[name] is not None
    }
    given = {name: value for name, value in wanted.items() if value is not None} | moments
    return " ".join(
        f"{option.opts[0]} {given[option.name]}"
        for option in click.get_current_context().command.params
        if option.name in given
    )


def _shown(report: Report) -> Iterator[str | RenderableType]:
    if not report.facts:
        yield "nothing is recorded yet"
        return
    rows: list[Mapping[str, Any]] = [
        {"topic": topic} | {verdict: counts[verdict] for verdict in VERDICTS}
        for topic, counts in sorted(report.topics.items())
    ]
    yield table("Replayed", rows)
    yield from (f"{verdict}: {id_}" for verdict, ids in report.examples.items() for id_ in ids)
    rate = round(report.facts / report.seconds) if report.seconds else 0
    verdict = "everything is equal" if report.well else "NOT equal; `hub case` shows a fact's case"
    yield f"{report.facts:,} facts in {report.seconds:.1f} s ({rate:,} per second): {verdict}"
