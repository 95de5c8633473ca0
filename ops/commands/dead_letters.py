"""``hub dead-letters``: what could not be acted on, and what people do about it."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import click

from connectors.port import Routes, routes
from ops.access.acting import asker
from ops.access.noting import UNKNOWN
from ops.access.recording import permit_on_record
from ops.commands.acting import Said, who_does, who_reveals
from ops.commands.common import answer, config_option, json_option, options, table
from ops.commands.reading import reading, writing
from ops.look.reading import Readable
from ops.mend import dead_letters as letters
from ops.mend.dead_letters import Listed, Person, Refused
from ops.run.wiring import Hub
from schemas.access import Act, Purpose, Record
from schemas.refusals import REASONS
from stores import codec
from stores.dead_letters import DeadLetterState
from stores.vault import Unreadable

_SHOWN = ("id", "agency", "step", "reason", "field", "state")


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
    *, config: Path, as_json: bool, state: str | None, reason: str | None, agency: str | None
) -> None:
    """List dead letters, oldest first, without what they hold.

    \b
    Example:
      hub dead-letters list --agency school --json
    """
    with reading(config) as hub:
        found = _listed(hub, agency, state=state, reason=reason)
    shown = [{name: letter[name] for name in _SHOWN} for letter in found]
    answer(found, [table("Dead letters", shown)], as_json=as_json)


@dead_letters.command()
@click.argument("id_", metavar="ID")
@config_option
@json_option
@click.option(
    "--reveal",
    is_flag=True,
    help="Show the original too. That you looked is recorded, and told to whoever sent it; "
    "say --who and --why.",
)
@who_reveals(Purpose.MENDING, what="the original")
def show(*, id_: str, config: Path, as_json: bool, reveal: bool, said: Said) -> None:
    """Show one dead letter with its cause and cure; with --reveal what it holds.

    \b
    Example:
      hub dead-letters show 3f0c… --reveal --who "A. Operator" --why "to mend the date"
    """
    with reading(config) as reader:
        told = _told(_one(reader, id_))
    if reveal:
        if not said.is_whole():
            raise click.UsageError(
                "to reveal the original say --who looks and --why: both are recorded"
            )
        with writing(config) as hub:
            dead = letters.reveal(hub, id_, asker=said.asker(hub))
        told |= {"original": _text(dead.original), "mended": _text(dead.mended)}
    words = {key.replace("_", " "): "" if value is None else value for key, value in told.items()}
    answer(told, (f"{key:<12} {value}" for key, value in words.items()), as_json=as_json)


def _one(hub: Readable, id_: str) -> Listed:
    letter = letters.one(hub, id_)
    if letter is None:
        raise click.ClickException(f"there is no dead letter {id_}; see `hub dead-letters list`")
    return letter


def _told(letter: Listed) -> dict[str, Any]:
    reason, at = REASONS[letter["reason"]], codec.from_micros(letter["created_at"]).isoformat()
    hint = reason.hint and reason.hint.replace(" ID`", f" {letter['id']}`")
    why = {"cause": reason.cause, "cure": reason.cure, "hint": hint}
    return {**letter, "created_at": at} | why | {"mendable": reason.mendable}


def _text(body: bytes | None) -> str | None:
    return None if body is None else body.decode("utf-8", "backslashreplace")


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
@who_does
def mend(
    *, id_: str, config: Path, as_json: bool, field: str, value: str, who: str, why: str
) -> None:
    """Correct the faulty field, and no other; the original is kept beside. Then redrive it.

    \b
    Example:
      hub dead-letters mend 3f0c… --field data.date_of_birth --value 2019-02-03 \\
        --who "A. Operator" --why "asked school"
    """
    with writing(config) as hub:
        person = _permit(hub, who, why=why, id_=id_)
        letters.mend(hub, _routes(hub), id_=id_, field=field, value=value, person=person)
    shown = f"{id_} is mended; send it with `hub dead-letters redrive {id_}`"
    answer({"id": id_, "state": "mended"}, [shown], as_json=as_json)


_chosen = options(
    click.argument("id_", metavar="[ID]", required=False),
    _reason_option,
    _agency_option,
    click.option("--all", "everything", is_flag=True, help="All that wait."),
    click.option("--dry-run", is_flag=True, help="Only count what would be done."),
    click.option("--yes", is_flag=True, help="Do not ask."),
)
"""One, some or all, counted first."""


@dead_letters.command()
@_chosen
@config_option
@json_option
@who_does
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
        again = partial(letters.redrive, hub, _routes(hub))
        _act(hub, "redrive", act=again, who=who, why=why, as_json=as_json, **chosen)


@dead_letters.command()
@_chosen
@config_option
@json_option
@who_does
def discard(config: Path, *, as_json: bool, who: str, why: str, **chosen: Any) -> None:
    """Give one dead letter up, or all of a reason or agency; the originals stay.

    \b
    Example:
      hub dead-letters discard 3f0c… --who "A. Operator" --why "sent anew by the school"
    """
    with writing(config) as hub:
        give_up = partial(letters.discard, hub)
        _act(hub, "discard", act=give_up, who=who, why=why, as_json=as_json, **chosen)


@dataclass(slots=True)
class _Outcome:
    """What became of the letters; ``not_done``: why, by id."""

    matched: int
    by_reason: dict[str, int]
    done: int = 0
    refused_again: int = 0
    not_done: dict[str, str] = field(default_factory=dict)
    dry_run: bool = False

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

    def left(self) -> list[str]:
        """What is left of what was asked for, in words."""
        said = [f"{id_} not done: {why}" for id_, why in self.not_done.items()]
        again = f"{self.refused_again} refused again: `hub dead-letters list` shows what is amiss"
        return [again, *said] if self.refused_again else said


def _act(
    hub: Hub,
    verb: str,
    *,
    act: Callable[..., int],
    who: str,
    why: str,
    as_json: bool,
    dry_run: bool,
    yes: bool,
    **chosen: Any,
) -> None:
    found = _letters(hub, **chosen)
    counts = Counter(letter["reason"] for letter in found)
    outcome = _Outcome(len(found), dict(counts), dry_run=dry_run)
    counted = ", ".join(f"{n} {reason}" for reason, n in sorted(counts.items())) or "none match"
    if not dry_run:
        person = _permit(hub, who, why=why, id_=found[0]["id"] if len(found) == 1 else None)
        if len(found) > 1 and not yes:
            click.confirm(f"{verb} {len(found)} ({counted})?", abort=True, err=True)
        for letter in found:
            outcome.act(partial(act, person=person), letter["id"])
    done = f"{verb}: {outcome.done} of {len(found)} done ({counted})"
    shown = f"would {verb} {len(found)} ({counted})" if dry_run else done
    answer(asdict(outcome), [shown], as_json=as_json)
    if outcome.left():
        click.echo("\n".join(outcome.left()), err=True)
        raise SystemExit(1)


def _permit(hub: Hub, who: str, *, why: str, id_: str | None) -> Person:
    """Whoever acts has to be let by the access rules; a denial is recorded."""
    known = asker(hub, who, why=why, purpose=Purpose.MENDING)
    wanted = id_ or UNKNOWN
    access = permit_on_record(hub, known, act=Act.MEND, record=Record.DEAD_LETTER, wanted=wanted)
    return Person(who, why, access.proven)


def _letters(
    hub: Hub, *, id_: str | None, reason: str | None, agency: str | None, everything: bool
) -> list[Listed]:
    """The letters chosen; one named by its id in any state: acting on it says why not."""
    if sum(map(bool, (id_, reason or agency, everything))) != 1:
        raise click.UsageError("name an ID, or choose by --reason and --agency, or take --all")
    return [_one(hub, id_)] if id_ else _listed(hub, agency, reason=reason)


def _listed(
    hub: Readable, agency: str | None, *, reason: str | None, state: str | None = None
) -> list[Listed]:
    """An agency that nobody knows is an error, unless it has some: it may be configured no more."""
    found = letters.listed(hub, state=state, reason=reason, agency=agency)
    known = hub.settings.agencies
    if agency is not None and agency not in known and not found:
        every = ", ".join(sorted(known))
        raise click.ClickException(f"{agency} is not configured and has none; one of: {every}")
    return found


def _routes(hub: Hub) -> Routes:
    return routes(hub.settings, os.environ)
