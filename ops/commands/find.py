"""``hub find``: a child's cases by name, birth date or number, for whom the rules let find them."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict
from pathlib import Path

import click

from ops.commands.acting import Said, who_reveals
from ops.commands.common import answer, config_option, json_option, table
from ops.commands.reading import writing
from ops.look import child_search
from ops.look.child_search import Found, Wanted
from ops.look.searching import CannotSearch
from schemas.access import Purpose

_CROWDED = "something that you said fits more than 100 children, and was not used: say more"


@click.command()
@config_option
@json_option
@who_reveals(Purpose.SAFEGUARDING, what="which cases a child has", needed=True)
def find(config: Path, *, as_json: bool, said: Said) -> None:
    """Find a child's cases by name, birth date, NHS number or UPN: by what linking files children
    under, so other spellings and short forms are found too.

    It asks for what you know, one by one; leave out what you do not: other accounts here can read a
    command's options. It tells ids, and what fitted, and nothing else of the child. For screening,
    duty managers and auditors; never for operations. That you asked, and which cases were found,
    is recorded; what you asked by is not.

    \b
    Example:
      hub find --who "S. Worker" --why "the school rang about her"
      printf 'Robin\\nSample\\n\\n\\n' | hub find --who "S. Worker" --why "as rung about" --json
    """
    wanted = Wanted(
        given=_asked("Given name"),
        family=_asked("Family name"),
        born=_day(_asked("Birth date, as 2019-02-03")),
        number=_asked("NHS number or UPN"),
    )
    with writing(config) as hub:
        try:
            found = child_search.find(hub, wanted, asker=said.asker(hub))
        except CannotSearch as error:
            raise click.ClickException(str(error)) from None
    told = [table("Children", list(map(_row, found.found)))]
    answer(asdict(found), told, as_json=as_json)
    if found.crowded:
        click.echo(_CROWDED, err=True)


def _asked(what: str) -> str:
    return str(click.prompt(what, default="", show_default=False, err=True)).strip()


def _day(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text) if text else None
    except ValueError:
        raise click.ClickException("write the birth date as 2019-02-03, or nothing") from None


def _row(one: Found) -> dict[str, object]:
    return {
        "case": one.case_id,
        "child": one.person_id,
        "fits": ", ".join(one.fits),
        "referrals": len(one.referrals),
        "latest": next(iter(one.referrals), ""),
    }
