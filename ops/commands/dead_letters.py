"""``hub dead-letters``: what could not be acted on, and what people do about it."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click

from connectors.formats.mapping import MappingFault
from connectors.port import Routes, SecretMissing, routes
from ops.commands.common import F, config_option, json_option, say, say_json, say_table
from ops.commands.reading import reading, writing
from ops.mend import dead_letters as letters
from ops.mend.dead_letters import Listed, Person, Refused
from ops.mend.mending import CannotMend
from ops.run.wiring import Hub
from schemas.refusals import REASONS
from stores import codec
from stores.dead_letters import DeadLetterState
from stores.ports import Unavailable
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
    who = click.option("--who", required=True, help="Your name and role, as the record keeps it.")
    return who(
        click.option("--why", required=True, help="Why you do this, as the record keeps it.")(
            command
        )
    )


@contextmanager
def _in_words() -> Iterator[None]:
    """Troubles as errors that say a way out."""
    try:
        yield
    except (Refused, CannotMend, MappingFault, SecretMissing) as error:
        raise click.ClickException(str(error)) from None
    except Unreadable:
        raise click.ClickException(
            "its key was destroyed or is another hub's: what it held cannot be read"
        ) from None
    except Unavailable as error:
        raise click.ClickException(
            f"the store cannot be written just now ({error}); nothing was done"
        ) from None


@dead_letters.command("list")
@config_option
@json_option
@click.option(
    "--state",
    type=click.Choice([state.value for state in DeadLetterState]),
    help="Default: those that wait.",
)
@click.option("--reason", help="Only those with this reason code, such as invalid.date.")
@click.option("--agency", help="Only those of this agency.")
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
@click.option("--who", help="Your name and role, as the record keeps it.")
@click.option("--why", help="Why you need to see the original.")
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
        with writing(config) as hub, _in_words():
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
    with writing(config) as hub, _in_words():
        letters.mend(hub, _routes(hub), id_, field=field, value=value, person=Person(who, why))
    _done(
        as_json,
        {"id": id_, "state": "mended"},
        f"{id_} is mended; send it with `hub dead-letters redrive {id_}`",
    )


def _chosen(command: F) -> F:
    """One, some or all, counted first."""
    options = (
        click.argument("id_", metavar="[ID]", required=False),
        click.option("--reason", help="All that wait with this reason code."),
        click.option("--agency", help="All that wait of this agency."),
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
    sent again.

    \b
    Example:
      hub dead-letters redrive --reason refused.agreement --dry-run \\
        --who me --why "agreement renewed"
      hub dead-letters redrive --reason refused.agreement \\
        --who "A. Operator" --why "agreement renewed"
    """
    with writing(config) as hub, _in_words():
        known = _routes(hub)
        _each(
            hub,
            as_json,
            "redrive",
            lambda id_: letters.redrive(hub, known, id_, Person(who, why)),
            _Choice(**chosen),
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
    with writing(config) as hub, _in_words():

        def give_up(id_: str) -> int:
            letters.discard(hub, id_, Person(who, why))
            return 0

        _each(hub, as_json, "discard", give_up, _Choice(**chosen))


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
            return letters.listed(hub, reason=self.reason, agency=self.agency)
        known = letters.one(hub, self.id_)
        if known is None:
            raise click.ClickException(
                f"there is no dead letter {self.id_}; see `hub dead-letters list`"
            )
        return [known]


def _each(hub: Hub, as_json: bool, verb: str, act: Callable[[str], int], choice: _Choice) -> None:
    found = choice.letters(hub)
    counts = Counter(letter.reason for letter in found)
    counted = _by_reason(counts) or "none match"
    if choice.dry_run:
        told = {
            "matched": len(found),
            "by_reason": counts,
            "done": 0,
            "refused_again": 0,
            "dry_run": True,
        }
        _done(as_json, told, f"would {verb} {len(found)} ({counted})")
        return
    if len(found) > 1 and not choice.yes:
        click.confirm(f"{verb} {len(found)} ({counted})?", abort=True, err=True)
    refused = sum(act(letter.id) for letter in found)
    told = {
        "matched": len(found),
        "by_reason": counts,
        "done": len(found),
        "refused_again": refused,
        "dry_run": False,
    }
    again = f"; {refused} refused again" if refused else ""
    _done(as_json, told, f"{verb}: {len(found)} done ({counted}){again}")


def _by_reason(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {reason}" for reason, count in sorted(counts.items()))


def _routes(hub: Hub) -> Routes:
    return routes(hub.settings, os.environ)


def _done(as_json: bool, told: dict[str, Any], words: str) -> None:
    if as_json:
        say_json(told)
    else:
        say(words)
