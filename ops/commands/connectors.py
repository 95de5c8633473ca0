"""``hub connectors``: which agencies come in how, and what a file of theirs would become."""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from connectors.events.facts import Door
from connectors.folder import read_file
from connectors.formats.records import Tally
from connectors.port import AgencyRoute, Routes, routes
from ops.commands.common import A_FILE, answer, config_option, json_option, table
from ops.look.alike import Told, alike, causes, garbled, summary
from ops.run.configuration import read_settings
from router.refuse import parts_to_tell, warned
from schemas.case import OpenCaseReceived
from schemas.checks import CheckReplyReceived
from schemas.enquiries import EnquiryReceived
from schemas.notification import NotificationReceived
from schemas.refusals import REASONS, Refusal
from schemas.registers import RegisterEntryReceived
from stores.ports import Arrival


@click.group()
def connectors() -> None:
    """See how agencies come in, and try a mapping on a file before anything is sent."""


def _routes(config: Path) -> Routes:
    return routes(read_settings(config, os.environ), os.environ)


@connectors.command("list")
@config_option
@json_option
def list_(config: Path, *, as_json: bool) -> None:
    """List each agency with its ways in, its mappings, and how it gets what the hub has for it.

    \b
    Example:
      hub connectors list
    """
    rows = [_row(route) for route in _routes(config)]
    shown = [{key: _words(value) for key, value in row.items()} for row in rows]
    answer(rows, [table("Agencies", shown)], as_json=as_json)


_SHOWN = 200
"""Characters of a value that was kept; `--json` has the whole."""
_WAYS = ("http", "folder", "queue", "mllp")
"""The ways in, as the configuration calls them."""


def _row(route: AgencyRoute) -> dict[str, Any]:
    settings = route.settings
    agreement = settings.agreement
    return {
        "agency": route.code,
        "in": [way for way in _WAYS if getattr(settings, way) is not None],
        "mappings": [mapping.name for mapping in route.mappings],
        "out": settings.push.kind
        if settings.push
        else "fetched over http"
        if settings.http
        else None,
        "agreement_until": str(agreement.until or "open-ended") if agreement else "none",
        "leads": route.leads,
    }


def _words(value: Any) -> Any:
    return ", ".join(value) if isinstance(value, list) else value


@connectors.command("try")
@click.argument("agency")
@click.argument("file", type=A_FILE)
@click.option("--brief", is_flag=True, help="Say only what is at fault, and the summary.")
@config_option
@json_option
def try_(*, agency: str, file: Path, brief: bool, config: Path, as_json: bool) -> None:
    """Show what each record of FILE would become as AGENCY's, or why it would be refused; sends and
    records nothing.

    It tells what would be set aside of each, and names that nothing reads: columns, elements, keys.
    Its output holds personal data if the file does, with --brief it does not. Exit 1 when a record
    would be refused, or when the same is amiss on every record: that is probably the mapping's
    fault.

    \b
    Example:
      hub connectors try police merlin-1.xml
      hub connectors try housing week-11.csv --brief
    """
    known = _routes(config).by_code
    route = known.get(agency)
    if route is None:
        every_code = ", ".join(sorted(known))
        raise click.ClickException(f"{agency} is not configured; one of: {every_code}")
    door, tally = Door(route, "folder", dt.datetime.now(dt.UTC)), Tally()
    with file.open("rb") as stream:
        found = list(read_file(door, stream, filename=file.name, tally=tally))
    told = [_told(number, one) for number, one in enumerate(found, start=1)]
    every, odd = alike(told), garbled(told)
    faults = [*(one.said() for one in causes(every)), *([odd] if odd else [])]
    beside = {"unread": sorted(tally.unread), "skipped": tally.skipped}
    beside |= {"on_every_record": [str(one) for one in causes(every)], "garbled": odd}
    shown = (*_shown(told, brief=brief), *_beside(tally), *faults, summary(told, every))
    well = not faults and all(one["taken"] for one in told)
    answer([one | beside for one in told], shown, as_json=as_json, well=well)


def _beside(tally: Tally) -> Iterator[str]:
    """What else stands in the file."""
    if tally.unread:
        yield f"nothing reads: {', '.join(sorted(tally.unread))}"
    if tally.skipped:
        yield f"skipped as empty: {tally.skipped}"


def _told(number: int, came: Arrival) -> dict[str, Any]:
    body, named = came.body, {"record": number, "place": came.place}
    match body:
        case Refusal(code, field, expected):
            why = REASONS[code]
            told = {"cause": why.cause, "cure": why.cure_for(expected), "hint": why.hint}
            return named | {"taken": False, "reason": code, "field": field} | told
        case (
            NotificationReceived(notification=made)
            | OpenCaseReceived(open_case=made)
            | RegisterEntryReceived(entry=made)
            | CheckReplyReceived(reply=made)
            | EnquiryReceived(enquiry=made)
        ):
            plain = json.loads(made.model_dump_json(exclude_none=True))
            warnings = [
                warned(part).model_dump() | {"kept": part.value, "expected": part.expected}
                for part in parts_to_tell(body)
            ]
            as_ = {"as": type(made).__name__, "made": plain, "warnings": warnings}
            return named | {"taken": True} | as_
    raise TypeError(type(body).__name__)  # mappings make nothing else


def _shown(told: Sequence[Told], *, brief: bool) -> Iterator[str]:
    for one in told:
        name = f"record {one['record']}" + (f" ({one['place']})" if one["place"] else "")
        if not one["taken"]:
            yield f"{name}: refused, {one['reason']} at {one['field'] or 'the whole record'}"
            yield f"    {one['cause']} {one['cure']}"
            yield from [f"    For you: {one['hint']}"] if one["hint"] else []
        elif not brief:
            yield f"{name}: {one['as']}"
            yield json.dumps(one["made"], ensure_ascii=False, indent=2)
            yield from map(_warning, one["warnings"])


def _warning(told: Told) -> str:
    """One warning in the words of a receipt, with what was kept, which no receipt repeats."""
    kept = told["kept"]
    shown = f" Kept: {kept[:_SHOWN]}{'…' if len(kept) > _SHOWN else ''}" if kept else ""
    words = "{explanation} {done} {cure}".format_map(told)
    return f"    warning, {told['reason']} at {told['field']}: {words}{shown}"
