"""``hub replay``: decide everything again in memory, and compare with what is recorded."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from ops.commands.common import Moment, config_option, json_option, say, say_json, say_table
from ops.commands.progress import progress
from ops.commands.reading import reading
from ops.look import replay as replaying
from ops.look.replay import VERDICTS, Report, Wanted
from schemas.topics import TOPICS
from stores import codec
from stores.replaying import count


@click.command()
@config_option
@json_option
@click.option(
    "--topic",
    type=click.Choice([topic.name for topic in TOPICS]),
    metavar="TOPIC",
    help="Only this topic.",
)
@click.option("--case", "about", metavar="ID", help="Only this case or referral.")
@click.option("--since", type=Moment(), help="Only what was recorded from this time on.")
@click.option("--until", type=Moment(), help="Only what was recorded up to this time.")
@click.option(
    "--from", "first", type=int, metavar="OFFSET", help="Only from this position of the journal on."
)
@click.option(
    "--to", "last", type=int, metavar="OFFSET", help="Only up to this position of the journal."
)
def replay(config: Path, *, as_json: bool, **wanted: Any) -> None:
    """Decide everything again, from what came in, in memory; compare with the journal; exit 1
    unless all is equal.

    Every step hears what it heard, in the order in which it heard it, under the policy that decided
    then. The options narrow what is reported, not what is decided: later facts stand on earlier
    ones. Opens the store so that it refuses writes; nothing is sent, nothing changed, and the hub
    may go on running.

    equal: decided the same. missing: decided now, never recorded. different: recorded otherwise.
    unexplained: recorded by a step, not decided now. given: from outside, and as its digest says.
    erased: its key was destroyed.

    \b
    Example:
      hub replay
      hub replay --topic ratings.assigned --since 2026-04-01 --json
    """
    with reading(config) as hub:
        with hub.database.reading() as connection:
            inputs = count(connection)
        with progress("replaying", inputs) as advance:
            report = replaying.replay(hub, Wanted(**wanted), advance=advance)
    if as_json:
        say_json(replaying.as_json(report))
    elif report.facts or not inputs:
        _say(report)
    if inputs and not report.facts:
        raise click.ClickException(
            f"nothing that is recorded matches {_asked(wanted)}, so nothing was compared: "
            "`hub case` shows ids, positions and times of what is recorded"
        )
    if not report.well:
        raise SystemExit(1)


def _asked(wanted: Mapping[str, Any]) -> str:
    """The options that were given, as they are called."""
    return " ".join(
        f"{option.opts[0]} {_written(option, wanted[option.name])}"
        for option in click.get_current_context().command.params
        if option.name and wanted.get(option.name) is not None
    )


def _written(option: click.Parameter, value: Any) -> str:
    return codec.from_micros(value).isoformat() if isinstance(option.type, Moment) else str(value)


def _say(report: Report) -> None:
    if not report.facts:
        say("nothing is recorded yet")
        return
    rows: list[Mapping[str, Any]] = [
        {"topic": topic} | {verdict: counts[verdict] for verdict in VERDICTS}
        for topic, counts in sorted(report.topics.items())
    ]
    say_table("Replayed", rows)
    for verdict, ids in report.examples.items():
        for id_ in ids:
            say(f"{verdict}: {id_}")
    rate = round(report.facts / report.seconds) if report.seconds else 0
    verdict = "everything is equal" if report.well else "NOT equal; `hub case` shows a fact's case"
    say(f"{report.facts:,} facts in {report.seconds:.1f} s ({rate:,} per second): {verdict}")
