"""``hub dead-letters``: what could not be acted on, and what people do about it."""

from __future__ import annotations

import os
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import click

from connectors.port import Routes, routes
from ops.access.acting import asker
from ops.access.noting import UNKNOWN
from ops.access.recording import permit_on_record
from ops.commands.acting import Said, who_does, who_reveals
from ops.commands.common import answer, config_option, json_option, options, table, text, time
from ops.commands.reading import reading, writing
from ops.look import dead_letters as looking
from ops.look.dead_letters import Listed
from ops.look.reading import Readable
from ops.mend import bulk
from ops.mend import dead_letters as letters
from ops.mend.bulk import Outcome, Verb
from ops.mend.dead_letters import Person
from ops.run.wiring import Hub
from schemas.access import Act, Purpose, Resource
from schemas.refusals import REASONS
from stores.dead_letters import WAITING, Chosen, DeadLetterState

_SHOWN = (
    *("id", "created_at", "may_be_red", "agency", "step", "reason", "field", "state", "came_back"),
)


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

    For ID the first characters of one are enough.
    """


_reason_option = click.option(
    "--reason",
    type=click.Choice(sorted(REASONS)),
    metavar="CODE",
    help="Only those with this reason code, such as invalid.date.",
)
_agency_option = click.option("--agency", help="Only those of this agency.")
_times = options(
    click.option("--since", type=time, help="Only those refused from this day or time on."),
    click.option("--until", type=time, help="Only those refused before this day or time."),
)


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
@_times
def list_(*, config: Path, as_json: bool, agency: str | None, **chosen: Any) -> None:
    """List dead letters without what they hold: what may be about a Red first, then the oldest.

    \b
    Example:
      hub dead-letters list --agency school --json
      hub dead-letters list --since 2026-11-27T06:00:00+00:00
    """
    with reading(config) as hub:
        found = _listed(hub, agency, **chosen)
    shown = [{name: _cell(letter[name]) for name in _SHOWN} for letter in found]
    answer(found, [table("Dead letters", shown)], as_json=as_json)


def _cell(value: Any) -> Any:
    """A value as a table has it: a mark is there, or it is not."""
    return ("yes" if value else "") if isinstance(value, bool) else value


@dead_letters.command()
@config_option
@json_option
def count(*, config: Path, as_json: bool) -> None:
    """Count those that wait, by reason and by agency, and those that may be about a Red.

    \b
    Example:
      hub dead-letters count
    """
    with reading(config) as hub:
        counted = looking.count(hub, Chosen())
    tables = [
        table(f"By {name}", [{name: key, "letters": n} for key, n in by.items()])
        for name, by in (("reason", counted.by_reason), ("agency", counted.by_agency))
    ]
    reds = f"{counted.letters:,} wait, of which {counted.reds:,} may be about a Red"
    answer(asdict(counted), [reds, *tables], as_json=as_json)


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
        told = _told(looking.one(reader, id_))
        id_ = told["id"]
        if now := looking.became(reader, [id_]).get(id_):
            told |= {"became": now.result, "became_reason": now.reason}
            told |= {"became_dead_letter": now.dead_letter_id}
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


def _told(letter: Listed) -> dict[str, Any]:
    reason = REASONS[letter["reason"]]
    hint = reason.hint and reason.hint.replace(" ID`", f" {letter['id']}`")
    why = {"cause": reason.cause, "cure": reason.cure, "hint": hint}
    return {**letter} | why | {"mendable": reason.mendable}


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
        id_ = looking.one(hub, id_)["id"]
        person = _permit(hub, who, why=why, id_=id_)
        letters.mend(hub, _routes(hub), id_=id_, field=field, value=value, person=person)
    shown = f"{id_} is mended; send it with `hub dead-letters redrive {id_}`"
    answer({"id": id_, "state": "mended"}, [shown], as_json=as_json)


_chosen = options(
    click.argument("id_", metavar="[ID]", required=False),
    _reason_option,
    _agency_option,
    _times,
    click.option("--all", "everything", is_flag=True, help="All that wait."),
    click.option("--dry-run", is_flag=True, help="Only count what would be done."),
    click.option("--yes", is_flag=True, help="Do not ask."),
    click.option(
        "--and", "other", type=text, help="Who else decides it: more than one at a time takes two."
    ),
)
"""One, some or all, counted first."""


@dead_letters.command()
@_chosen
@config_option
@json_option
@who_does
def redrive(config: Path, *, as_json: bool, who: str, why: str, **chosen: Any) -> None:
    """Send one dead letter again, or all of a reason or agency, as it came or mended. Each only
    once. More than one at a time takes two people: name the other with --and, or have them agree
    to what was asked for (`hub dead-letters asked`).

    What it causes happens once, however often this is started: a letter that was redriven is not
    sent again. Waits some seconds for what the hub does with it. Exit 1 when any was refused again
    or could not be sent.

    \b
    Example:
      hub dead-letters redrive --reason refused.agreement --dry-run \\
        --who me --why "agreement renewed"
      hub dead-letters redrive --reason refused.agreement \\
        --who "A. Operator" --and "P. Operator" --why "agreement renewed"
    """
    with writing(config) as hub:
        _act(hub, "redrive", who=who, why=why, as_json=as_json, **chosen)


@dead_letters.command()
@_chosen
@config_option
@json_option
@who_does
def discard(config: Path, *, as_json: bool, who: str, why: str, **chosen: Any) -> None:
    """Give one dead letter up, or all of a reason or agency; the originals stay. More than one at
    a time takes two people, as with redrive.

    \b
    Example:
      hub dead-letters discard 3f0c… --who "A. Operator" --why "sent anew by the school"
    """
    with writing(config) as hub:
        _act(hub, "discard", who=who, why=why, as_json=as_json, **chosen)


@dead_letters.command()
@config_option
@json_option
def asked(*, config: Path, as_json: bool) -> None:
    """List what somebody wants done with many, and who has agreed, of the last day.

    \b
    Example:
      hub dead-letters asked
    """
    with reading(config) as hub:
        found = bulk.asked_lately(hub)
    said = {True: "agreed", False: "refused", None: "waits"}
    rows = [
        {
            "id": one.asked_id,
            "at": one.at.isoformat(),
            "act": one.verb,
            "letters": len(one.ids),
            "by": one.by,
            "stands": said[one.agreed],
            "said_by": one.said_by,
        }
        for one in found
    ]
    value = [row | {"why": one.why} for row, one in zip(rows, found, strict=True)]
    answer(value, [table("Asked for", rows)], as_json=as_json)


@dead_letters.command()
@click.argument("asked_id", metavar="ID")
@config_option
@json_option
@click.option("--refuse", is_flag=True, help="It is not to be done.")
@who_does
def agree(*, asked_id: str, config: Path, as_json: bool, refuse: bool, who: str, why: str) -> None:
    """Agree to what another person asked for, which is then done; or refuse it.

    \b
    Example:
      hub dead-letters agree 3f0c… --who "P. Operator" --why "agreement seen"
    """
    with writing(config) as hub:
        person = _permit(hub, who, why=why, id_=None)
        if refuse:
            bulk.refuse(hub, asked_id, person=person)
            answer({"id": asked_id, "agreed": False}, ["it is not done"], as_json=as_json)
            return
        verb = bulk.one(hub, asked_id).verb
        _say(verb, bulk.agree(hub, _routes(hub), asked_id, person=person), as_json=as_json)


def _act(
    hub: Hub,
    verb: Verb,
    *,
    who: str,
    why: str,
    other: str | None,
    as_json: bool,
    dry_run: bool,
    yes: bool,
    **chosen: Any,
) -> None:
    ids = _ids(hub, **chosen)
    outcome = Outcome(len(ids), looking.reasons(hub, ids), dry_run=dry_run)
    if not dry_run:
        person = _permit(hub, who, why=why, id_=ids[0] if len(ids) == 1 else None)
        if len(ids) > 1:
            if not yes:
                click.confirm(f"{verb} {len(ids)} ({_counted(outcome)})?", abort=True, err=True)
            if other is None:
                asked_id = bulk.ask(hub, verb, ids=ids, person=person)
                say = f"{bulk.TWO}: `hub dead-letters agree {asked_id}`"
                answer({"asked_id": asked_id, "letters": len(ids)}, [say], as_json=as_json)
                return
            bulk.different(who, other)
            person = replace(person, other=_permit(hub, other, why=why, id_=None))
        outcome = bulk.act_on(hub, _routes(hub), verb, ids=ids, person=person)
    _say(verb, outcome, as_json=as_json)


def _say(verb: Verb, outcome: Outcome, *, as_json: bool) -> None:
    answer(asdict(outcome), [_said(verb, outcome)], as_json=as_json)
    if outcome.undecided:
        say = f"the hub has not acted yet on {outcome.undecided}: `hub dead-letters show` tells"
        click.echo(say, err=True)
    if outcome.refused_again:
        again = f"{outcome.refused_again} refused again"
        click.echo(f"{again}: `hub dead-letters list` shows what is amiss", err=True)
    for id_, why in outcome.not_done.items():
        click.echo(f"{id_} not done: {why}", err=True)
    if not outcome.well:
        raise SystemExit(1)


def _said(verb: Verb, outcome: Outcome) -> str:
    """What was done, and what became of it: sent again is not taken, nor is mended."""
    before = f"refused before as {_counted(outcome)}" if outcome.matched else "none match"
    if outcome.dry_run:
        what = "send {} again" if verb == "redrive" else "give up {}"
        return f"would {what.format(outcome.matched)} ({before}); nothing was done"
    acted = outcome.matched - len(outcome.not_done)
    if verb == "discard":
        return f"given up: {acted} of {outcome.matched} ({before})"
    taken = outcome.done - outcome.undecided
    became = [
        f"{taken} taken",
        *([f"{outcome.refused_again} refused again"] if outcome.refused_again else []),
        *([f"{outcome.undecided} not acted on yet"] if outcome.undecided else []),
    ]
    return f"sent again: {acted} of {outcome.matched} ({before}); now {', '.join(became)}"


def _counted(outcome: Outcome) -> str:
    by = sorted(outcome.by_reason.items())
    return ", ".join(f"{n} {reason}" for reason, n in by) or "none match"


def _permit(hub: Hub, who: str, *, why: str, id_: str | None) -> Person:
    """Whoever acts has to be let by the access rules; a denial is recorded."""
    known = asker(hub, who, why=why, purpose=Purpose.MENDING)
    wanted = id_ or UNKNOWN
    access = permit_on_record(
        hub, known, act=Act.MEND, resource=Resource.DEAD_LETTER, wanted=wanted
    )
    return Person(who, why, access.proven)


def _ids(
    hub: Hub, *, id_: str | None, agency: str | None, everything: bool, **chosen: Any
) -> list[str]:
    """The letters chosen; one named by its id in any state: acting on it says why not."""
    by = agency or any(value is not None for value in chosen.values())
    if sum(map(bool, (id_, by, everything))) != 1:
        raise click.UsageError(
            "name an ID, or choose by --reason, --agency, --since and --until, or take --all"
        )
    if id_:
        return [looking.one(hub, id_)["id"]]
    found = _listed(hub, agency, **chosen, limit=bulk.MOST)
    return [letter["id"] for letter in found]


def _listed(
    hub: Readable,
    agency: str | None,
    *,
    reason: str | None,
    since: int | None,
    until: int | None,
    state: str | None = None,
    limit: int | None = None,
) -> list[Listed]:
    """An agency that nobody knows is an error, unless it has some: it may be configured no more."""
    chosen = Chosen([state] if state else WAITING, reason, agency, since, until)
    found = looking.some(hub, chosen, limit=limit)
    known = hub.settings.agencies
    if agency is not None and agency not in known and not found:
        every = ", ".join(sorted(known))
        raise click.ClickException(f"{agency} is not configured and has none; one of: {every}")
    return found


def _routes(hub: Hub) -> Routes:
    return routes(hub.settings, os.environ)
