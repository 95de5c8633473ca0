"""``hub picture``: what is shown to whoever decides on a referral."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from ops.commands.acting import Said, who_reveals
from ops.commands.common import answer, config_option, json_option
from ops.commands.reading import reading, writing
from ops.look import pictures
from ops.look.picture_words import in_words, part_in_words
from ops.look.pictures import Showing
from ops.run.wiring import Hub
from schemas.access import Purpose
from schemas.picture import Picture


@click.command()
@click.argument("referral_id", metavar="REFERRAL")
@config_option
@json_option
@click.option(
    "--reveal",
    is_flag=True,
    help="Show the pictures, as far as the access rules let you. That you looked is recorded, and "
    "told to the agencies whose messages are in them; say --who and --why.",
)
@who_reveals(Purpose.AUDIT, what="them")
def picture(
    referral_id: str,
    config: Path,
    *,
    as_json: bool,
    reveal: bool,
    said: Said,
) -> None:
    """Tell what was shown to whom about a REFERRAL, and what was decided on it.

    With --reveal the picture itself, as the hub would show it now and as it was shown each time:
    the child, the concern, the family, the history, what was asked and came, the suggestion.

    A line tells when a picture was shown to which agency, its id, how much had been new by then
    (its revision), and which decisions named it. A decision that names none is refused; one that
    was made on an older picture than there was, says so in `hub case REFERRAL`.

    \b
    Examples:
      hub picture 01a216cb-…
      hub picture 01a216cb-… --reveal --who "J. Auditor" --why "complaint 2026/17"
    """
    if not reveal:
        told, lines = _without_content(config, referral_id)
    elif said.is_whole():
        told, lines = _with_content(config, referral_id, said=said)
    else:
        raise click.UsageError("to reveal pictures say --who looks and --why: both are recorded")
    answer(told, lines, as_json=as_json)


def _without_content(config: Path, referral_id: str) -> tuple[Any, list[str]]:
    with reading(config) as hub:
        shown = pictures.of(hub, referral_id)
    return [_row(one) for one in shown], [_line(one) for one in shown]


def _with_content(config: Path, referral_id: str, *, said: Said) -> tuple[Any, list[str]]:
    """As the hub would show it now, and as it was shown each time."""
    with writing(config) as whole:
        shown, now = pictures.reveal(whole, referral_id, asker=said.asker(whole))
        if now is None:
            raise click.ClickException("no referral is linked under this id; see `hub case`")
        told = {"now": now.model_dump(mode="json"), "shown": [_row(one) for one in shown]}
        return told, list(_revealed(whole, now, shown=shown))


def _row(one: Showing) -> dict[str, Any]:
    content = one.picture.model_dump(mode="json") if one.picture else None
    row = asdict(one) | {"picture": content}
    return row if content else {key: value for key, value in row.items() if key != "picture"}


def _line(one: Showing) -> str:
    decided = f", on it decided: {', '.join(one.decided)}" if one.decided else ""
    return (
        f"{one.shown_at[:19]}Z  shown to {one.agency}  {one.id}  revision {one.revision}{decided}"
    )


def _revealed(hub: Hub, now: Picture, *, shown: list[Showing]) -> Iterator[str]:
    names = {code: agency.name for code, agency in hub.settings.agencies.items()}
    yield "Now:"
    yield from in_words(now, names)
    for one in shown:
        yield ""
        yield _line(one)
        if isinstance(one.picture, Picture):
            yield from in_words(one.picture, names)
        elif one.picture is not None:
            yield from part_in_words(one.picture, names)
