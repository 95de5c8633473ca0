"""``hub dead-letters``: what could not be acted on, and what people do about it."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import click

from connectors.port import Routes, routes
from ops.commands.common import F, Words, config_option, json_option, say, say_json, say_table
from ops.commands.reading import reading, writing
from ops.look.reading import Readable
from ops.mend import dead_letters as letters
from ops.mend.dead_letters import Listed, Person, Refused
from ops.run.wiring import Hub
from schemas.refusals import REASONS
from stores import codec
from stores.dead_letters import DeadLetterState
from stores.vault import Unreadable


@click.group("dead-letters")
def dead_letters() -> None:
    """List, show, mend, send again or give up what could not be acted on.

    \b
    From refusal to remedy:
      hub dead-letters list --reason invalid.date
      hub dead-letters show ID
      hub dead-letters mend ID --field data.date_of_birth --value 2019-02-03 \\
        --who "A. Operator" --why "called school"
      hub dead-letters redrive ID --who "A. Operator" --why "date corrected"
    """


def _person(command: F) -> F:
    """Who and why: recorded with everything that is done to a dead letter."""
    options = {
        "--who": "Your name and role, as the record keeps it.",
        "--why": "Why you do this, as the record keeps it.",
    }
    for name, says in reversed(options.items()):
        command = click.option(name, required=True, type=Words(), help=says)(command)
    return command


_reason_option = click.option(
    "--reason",
    type=click.Choice(sorted(REASONS)),
    metavar="CODE",
    help="Only those with this reason code, such as invalid.date.",
)
_agency_option = click.option("--agency", help="Only those of this agency.")


@dead_letters.command("list")
@config_option
@json_option
@click.option(
    "--state",
    type=click.Choice([state.value for state in DeadLetterState]),
    help="Default: those that wait.",
)
@_reason_option
@_agency_option
def list_(
    config: Path, *, as_json: bool, state: str | None, reason: str | None, agency: str | None
) -> None:
    """List dead letters, oldest first, without what they hold.

    \b
    Example:
      hub dead-letters list --agency school --json
    """
    with reading(config) as hub:
        found = letters.listed(hub, state=state, reason=reason, agency=agency)
        _refuse_unknown(hub, agency, found)
    if as_json:
        say_json([asdict(letter) for letter in found])
        return
    rows = [
        {
            name: getattr(letter, name)
            for name in ("id", "agency", "step", "reason", "field", "state")
        }
        for letter in found
    ]
    say_table("Dead letters", rows)


@dead_letters.command()
@click.argument("id_", metavar="ID")
@config_option
@json_option
@click.option(
    "--reveal",
    is_flag=True,
    help="Show the original too. That you looked is recorded; say --who and --why.",
)
@click.option("--who", type=Words(), help="Your name and role, as the record keeps it.")
@click.option("--why", type=Words(), help="Why you need to see the original.")
def show(
    id_: str, config: Path, *, as_json: bool, reveal: bool, who: str | None, why: str | None
) -> None:
    """Show one dead letter with its cause and cure; with --reveal what it holds.

    \b
    Example:
      hub dead-letters show 3f0c… --reveal --who "A. Operator" --why "to mend the date"
    """
    with reading(config) as reader:
        letter = letters.one(reader, id_)
    if letter is None:
        raise click.ClickException(f"there is no dead letter {id_}; see `hub dead-letters list`")
    told = _told(letter)
    if reveal:
        if not who or not why:
            raise click.UsageError(
                "to reveal the original say --who looks and --why: both are recorded"
            )
        with writing(config) as hub:
            told |= _contents(hub, id_, Person(who, why))
    if as_json:
        say_json(told)
    else:
        for key, value in told.items():
            say(f"{key.replace('_', ' '):<12} {'' if value is None else value}")


def _told(letter: Listed) -> dict[str, Any]:
    reason = REASONS[letter.reason]
    at = {"created_at": codec.from_micros(letter.created_at).isoformat()}
    return (
        asdict(letter)
        | at
        | {"cause": reason.cause, "cure": reason.cure, "mendable": reason.mendable}
    )


def _contents(hub: Hub, id_: str, person: Person) -> dict[str, str | None]:
    dead = letters.reveal(hub, id_, person)
    mended = dead.mended.decode("utf-8", "backslashreplace") if dead.mended is not None else None
    return {"original": dead.original.decode("utf-8", "backslashreplace"), "mended": mended}


def _asked_for() -> str:
    return str(click.prompt("What it ought to hold", err=True))


@dead_letters.command()
@click.argument("id_", metavar="ID")
@config_option
@json_option
@click.option("--field", required=True, help="The faulty field, as `show` names it.")
@click.option(
    "--value",
    callback=lambda _context, _option, given: given if given is not None else _asked_for(),
    help="What it ought to hold. Left out, it is asked for: other accounts here can read a "
    "command's options.",
)
@_person
def mend(
    id_: str, config: Path, *, as_json: bool, field: str, value: str, who: str, why: str
) -> None:
    """Correct the faulty field, and no other; the original is kept beside. Then redrive it.

    \b
    Example:
      hub dead-letters mend 3f0c… --field data.date_of_birth --value 2019-02-03 \\
        --who "A. Operator" --why "asked school"
    """
    with writing(config) as hub:
        letters.mend(hub, _routes(hub), id_, field=field, value=value, person=Person(who, why))
    _done(
        {"id": id_, "state": "mended"},
        f"{id_} is mended; send it with `hub dead-letters redrive {id_}`",
        as_json=as_json,
    )


def _chosen(command: F) -> F:
    """One, some or all, counted first."""
    options = (
        click.argument("id_", metavar="[ID]", required=False),
        _reason_option,
        _agency_option,
        click.option("--all", "everything", is_flag=True, help="All that wait."),
        click.option("--dry-run", is_flag=True, help="Only count what would be done."),
        click.option("--yes", is_flag=True, help="Do not ask."),
    )
    for option in reversed(options):
        command = option(command)
    return command


@dead_letters.command()
@_chosen
@config_option
@json_option
@_person
def redrive(config: Path, *, as_json: bool, who: str, why: str, **chosen: Any) -> None:
    """Send one dead letter again, or all of a reason or agency, as it came or mended. Each only
    once.

    What it causes happens once, however often this is started: a letter that was redriven is not
    sent again. Exit 1 when any was refused again or could not be sent.

    \b
    Example:
      hub dead-letters redrive --reason refused.agreement --dry-run \\
        --who me --why "agreement renewed"
      hub dead-letters redrive --reason refused.agreement \\
        --who "A. Operator" --why "agreement renewed"
    """
    with writing(config) as hub:
        known = _routes(hub)
        _each(
            hub,
            _Choice(**chosen),
            verb="redrive",
            act=lambda id_: letters.redrive(hub, known, id_, Person(who, why)),
            as_json=as_json,
        )


@dead_letters.command()
@_chosen
@config_option
@json_option
@_person
def discard(config: Path, *, as_json: bool, who: str, why: str, **chosen: Any) -> None:
    """Give one dead letter up, or all of a reason or agency; the originals stay.

    \b
    Example:
      hub dead-letters discard 3f0c… --who "A. Operator" --why "sent anew by the school"
    """
    with writing(config) as hub:

        def give_up(id_: str) -> int:
            letters.discard(hub, id_, Person(who, why))
            return 0

        _each(hub, _Choice(**chosen), verb="discard", act=give_up, as_json=as_json)


@dataclass(frozen=True, slots=True)
class _Choice:
    """What the options chose, and how it is to be done."""

    id_: str | None
    reason: str | None
    agency: str | None
    everything: bool
    dry_run: bool
    yes: bool

    def letters(self, hub: Hub) -> list[Listed]:
        """The letters chosen; a letter named by its id whatever its state, so that acting on it can
        say why not.
        """
        if sum(map(bool, (self.id_, self.reason or self.agency, self.everything))) != 1:
            raise click.UsageError("name an ID, or choose by --reason and --agency, or take --all")
        if self.id_ is None:
            found = letters.listed(hub, reason=self.reason, agency=self.agency)
            _refuse_unknown(hub, self.agency, found)
            return found
        known = letters.one(hub, self.id_)
        if known is None:
            raise click.ClickException(
                f"there is no dead letter {self.id_}; see `hub dead-letters list`"
            )
        return [known]


@dataclass(slots=True)
class _Outcome:
    """What became of the letters: how many are done with, how many of their messages were refused
    again, and which could not be acted on, by id with the reason why.
    """

    matched: int
    by_reason: dict[str, int]
    done: int = 0
    refused_again: int = 0
    not_done: dict[str, str] = field(default_factory=dict)
    dry_run: bool = False

    @property
    def well(self) -> bool:
        """Whether nothing is left of what was asked for."""
        return not (self.refused_again or self.not_done)

    def act(self, act: Callable[[str], int], id_: str) -> None:
        """Act on one of several: what is amiss with it keeps none of the others."""
        try:
            refused = act(id_)
        except Refused as error:
            self.not_done[id_] = str(error)
        except Unreadable:
            self.not_done[id_] = "its key was destroyed, or is another hub's"
        else:
            self.done += not refused
            self.refused_again += refused


def _each(
    hub: Hub, choice: _Choice, *, verb: str, act: Callable[[str], int], as_json: bool
) -> None:
    found = choice.letters(hub)
    outcome = _Outcome(len(found), dict(Counter(letter.reason for letter in found)))
    counted = _by_reason(outcome.by_reason) or "none match"
    if choice.dry_run:
        outcome.dry_run = True
        _done(asdict(outcome), f"would {verb} {len(found)} ({counted})", as_json=as_json)
        return
    if len(found) > 1 and not choice.yes:
        click.confirm(f"{verb} {len(found)} ({counted})?", abort=True, err=True)
    for letter in found:
        outcome.act(act, letter.id)
    said = f"{verb}: {outcome.done} of {len(found)} done ({counted})"
    _done(asdict(outcome), said, as_json=as_json)
    for left in _left(outcome):
        click.echo(left, err=True)
    if not outcome.well:
        raise SystemExit(1)


def _left(outcome: _Outcome) -> Iterator[str]:
    if outcome.refused_again:
        yield f"{outcome.refused_again} refused again: `hub dead-letters list` shows what is amiss"
    yield from (f"{id_} not done: {why}" for id_, why in outcome.not_done.items())


def _by_reason(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {reason}" for reason, count in sorted(counts.items()))


def _refuse_unknown(hub: Readable, agency: str | None, found: Sequence[Listed]) -> None:
    """An agency that nobody knows has no letters because its name is wrong. One that is configured
    no more may have some.
    """
    known = hub.settings.agencies
    if agency is not None and agency not in known and not found:
        every = ", ".join(sorted(known))
        raise click.ClickException(f"{agency} is not configured and has none; one of: {every}")


def _routes(hub: Hub) -> Routes:
    return routes(hub.settings, os.environ)


def _done(told: dict[str, Any], words: str, *, as_json: bool) -> None:
    if as_json:
        say_json(told)
    else:
        say(words)
