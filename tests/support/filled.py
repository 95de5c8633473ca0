"""A hub that has worked: the sample's agencies have sent, been asked and answered, all in this
process.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path
from typing import Any

from sqlalchemy import select

from connectors.events.envelope import parse
from connectors.events.facts import Door
from connectors.port import Routes, routes
from ops.demo.running import DemoFolder, prepare, same_ids
from ops.demo.simulation.answers import answer
from ops.demo.simulation.stream import batches, sample_lines
from ops.run.wiring import Hub, open_hub
from schemas.notification import Receipt
from schemas.settings import HubSettings
from stores.tables import pictures
from stores.tree.growing import Growing
from stores.tree.keys import origin_of

EVENT = "application/cloudevents+json"


def empty_hub(path: Path) -> tuple[DemoFolder, Hub]:
    """The sample's hub in a fresh folder, with nothing in it; what its simulated people do is drawn
    by ids, which follow alike in every run.
    """
    folder = prepare(path, port=0)
    hub = open_hub(folder.config, {})
    same_ids(hub)
    return folder, hub


def hub_with(path: Path, setting: str) -> tuple[DemoFolder, Hub]:
    """As an empty hub, of a borough whose profile has one line more than the sample's."""
    folder = prepare(path, port=0)
    sample = (files("ops.profiles") / "sample-borough.toml").read_text("utf-8")
    profile = folder.path / "borough.toml"
    profile.write_text(f"{setting}\n{sample}", "utf-8")
    text = folder.config.read_text("utf-8")
    folder.config.write_text(text.replace('"sample-borough"', f'"{profile}"'), "utf-8")
    hub = open_hub(folder.config, {})
    same_ids(hub)
    return folder, hub


def filled_hub(
    path: Path, *, notifications: int = 40, answered: bool = True
) -> tuple[DemoFolder, Hub]:
    """The sample's hub after so many notifications; ``answered``: and everybody answered what they
    were asked.
    """
    folder, hub = empty_hub(path)
    notify(hub, notifications)
    while answered and answer_letters(hub):
        hub.embedded().drain()
    return folder, hub


def notify(hub: Hub, notifications: int) -> None:
    """The sample's agencies tell of so many, and the hub hears it."""
    for agency, events in batches(sample_lines(notifications), 50):
        send(hub, agency, events)
    hub.embedded().drain()


def grown(hub: Hub) -> None:
    """Everything has its leaf, and is signed."""
    growing = Growing(hub.database, origin_of(hub.settings.area))
    while growing.once():
        pass


def send(hub: Hub, agency: str, events: Iterable[dict[str, Any]]) -> list[Receipt]:
    """An agency's events through the parser and the intake, as the HTTP connector would."""
    route, now = routes_of(hub).by_code[agency], dt.datetime.now(dt.UTC)
    bodies = [json.dumps(event).encode() for event in events]
    door = Door(route, "http", now)
    arrivals = [found for body in bodies for found in parse(door, body, content_type=EVENT)]
    return hub.intake.take(arrivals)


_last: list[tuple[HubSettings, Routes]] = []


def routes_of(hub: Hub) -> Routes:
    """Compiled once for the hub that is spoken to: it is spoken to again and again."""
    if not _last or _last[0][0] is not hub.settings:
        _last[:] = [(hub.settings, routes(hub.settings, {}))]
    return _last[0][1]


def answer_letters(hub: Hub) -> int:
    """Every agency answers up to 500 letters; how many there were."""
    count = 0
    for agency in hub.settings.agencies:
        letters = hub.queues.lease(agency, limit=500, seconds=60)
        answers = [
            made for letter in letters if (made := answer(json.loads(letter.body))) is not None
        ]
        send(hub, agency, answers)
        hub.queues.acknowledge(agency, [letter.id for letter in letters])
        count += len(letters)
    return count


def seen_by_lead(hub: Hub, referral_id: str) -> list[dict[str, str]]:
    """What the lead agency can name as seen of a referral: what it was shown last."""
    lead = hub.settings.lead_agency
    hub.queues.lease(lead, limit=500, seconds=0)
    query = select(pictures.c.id, pictures.c.digest).where(
        pictures.c.referral_id == referral_id, pictures.c.agency == lead
    )
    with hub.database.reading() as connection:
        rows = connection.execute(query.order_by(pictures.c.revision.desc()).limit(1)).all()
    return [{"id": row.id, "digest": row.digest} for row in rows]
