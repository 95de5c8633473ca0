"""``hub case``: the whole trail of a case, referral or product."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import chain
from pathlib import Path

import click

from ops.commands.acting import Said, who_reveals
from ops.commands.common import answer, config_option, json_option
from ops.commands.reading import reading, writing
from ops.look import holding, trail
from ops.look.holding import Holding
from ops.look.trail import Event
from schemas.access import Purpose

_NOTHING = "nothing is recorded under this id; see `hub case --help` for what is one"


@click.command()
@click.argument("wanted", metavar="ID")
@config_option
@json_option
@click.option(
    "--reveal",
    is_flag=True,
    help="Show contents too, as far as the access rules let you. That you looked is recorded, and "
    "told to the agencies whose messages they are; say --who and --why.",
)
@click.option(
    "--now",
    is_flag=True,
    help="Show only who holds which product of it now, and who is to decide about it by when.",
)
@who_reveals(Purpose.AUDIT, what="the contents")
def case(
    wanted: str,
    config: Path,
    *,
    as_json: bool,
    reveal: bool,
    now: bool,
    said: Said,
) -> None:
    """Show every fact about a case, referral or product ID, or AGENCY/REFERENCE, in the order of
    their recording; and then who holds which product now, and was told what changed since.

    Without --reveal no personal data: ids, colours, reasons in the profile's words, digests, due
    times, agencies, what left and what was withheld. With it everything, including names,
    rationales and narratives (R46, R47), but for what is another agency's and not for you:
    `hub policy show` lists who may see what.

    \b
    Example:
      hub case police/R-1042
      hub case police/R-1042 --now --json
      hub case 3f0c… --reveal --who "J. Auditor" --why "complaint 2026/17"
    """
    events = _revealed(wanted, config, said=said) if reveal else _told(wanted, config)
    if not events:
        raise click.ClickException(_NOTHING)
    held = _holding(wanted, config)
    lines = (line for event in events if not now for line in _lines(event))
    told: Sequence[Event | Holding] = held if now else events
    answer([asdict(one) for one in told], chain(lines, _held(held)), as_json=as_json)


def _holding(wanted: str, config: Path) -> Sequence[Holding]:
    with reading(config) as hub:
        return holding.of(hub, wanted)


def _told(wanted: str, config: Path) -> Sequence[trail.Event]:
    with reading(config) as hub:
        return trail.of(hub, wanted)


def _revealed(wanted: str, config: Path, *, said: Said) -> Sequence[trail.Event]:
    if not said.is_whole():
        raise click.UsageError("to reveal contents say --who looks and --why: both are recorded")
    with writing(config) as whole:
        return trail.reveal(whole, wanted, asker=said.asker(whole))


def _held(held: Sequence[Holding]) -> Iterator[str]:
    if not held:
        yield "No product of it was drafted."
        return
    yield "Who holds what now:"
    for one in held:
        stands = "" if one.stands else ", stands no more"
        change = f", of what changed: {one.change}" if one.change else ""
        urgent = " at once" if one.urgent else ""
        yield (
            f"    {one.recipient}: {one.colour}{urgent}, {one.state}{stands}{change}"
            f"  ({one.since[:19]}Z, {one.product_id})"
        )
        for awaited in one.awaits:
            by = f"by {awaited.due_at[:19]}Z" if awaited.due_at else "on no clock"
            yield f"        {awaited.agency} is to decide, {by}"


def _lines(event: Event) -> Iterator[str]:
    name = event.type.removeprefix("mash.")
    yield f"{event.recorded_at[:19]}Z  {event.position:>8}  {name:<30}  {event.by}"
    yield f"    {trail.in_words(event)}"
    if event.content is not None:
        content = json.dumps(event.content, ensure_ascii=False, indent=2)
        yield "    " + content.replace("\n", "\n    ")
    elif event.masked:
        yield "    (its contents are not for you, by the access rules: `hub policy show`)"
