"""The whole hub at work on the sample: a folder of its own, and simulated agencies that send to it
until all is done.
"""

from __future__ import annotations

import json
import re
import secrets
import shutil
import subprocess
import sys
import threading
import tomllib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Any

from connectors.clients.http_client import HubClient
from ops.access.accounts import account
from ops.demo.signing import with_keys
from ops.demo.simulation.agencies import persistently
from ops.demo.simulation.answers import event
from ops.demo.simulation.bad import bad_messages
from ops.demo.simulation.stream import sample_open_cases, sample_register
from ops.look.status import collect
from ops.run.wiring import Hub
from schemas.case import ChildLinked
from schemas.notification import NotificationReceived
from schemas.product import ProductDrafted, ProductRefused, ProductReleased
from schemas.rating import RatingSuggested
from stores import counting, known, overview

_LOOK_SECONDS = 0.25
_AUTHORITY = "childrens_social_care"
_AS_A_REGISTER = {
    "ce-specversion": "1.0",
    "ce-id": "ecaf-export-1",
    "ce-source": "urn:simulated:early_help",
    "ce-type": "mash.register-entry.v1",
}


@dataclass(frozen=True, slots=True)
class DemoFolder:
    """Where a demonstration keeps its configuration, store and what was sent."""

    path: Path

    @property
    def config(self) -> Path:
        """The hub's configuration; any command takes it with ``--config``."""
        return self.path / "hub.toml"

    @property
    def tokens(self) -> Path:
        """Each simulated agency's token, in JSON."""
        return self.path / "tokens.json"

    @property
    def keys(self) -> Path:
        """The simulated agencies' own keys, where they sign."""
        return self.path / "keys"

    @property
    def drops(self) -> Path:
        """The watched folder of the authority's case system."""
        return self.path / "drops"

    @property
    def ledger(self) -> Path:
        """What the simulated agencies sent, by their own account."""
        return self.path / "sent.jsonl"


def prepare(path: Path, *, port: int, signing: bool = False) -> DemoFolder:
    """A fresh folder with the sample's configuration and a new token for each agency; ``signing``:
    and keys with which they sign what they let leave.

    An older demonstration there is removed; raises ``FileExistsError`` for anything else.
    """
    if path.exists() and not (path / "tokens.json").exists() and any(path.iterdir()):
        raise FileExistsError(
            f"{path} holds something that is no demonstration; name another folder"
        )
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    folder = DemoFolder(path)
    folder.drops.mkdir(mode=0o700)
    sample = (files("ops.sample") / "hub.toml").read_text(encoding="utf-8")
    tokens = {agency: secrets.token_urlsafe(24) for agency in _agencies(sample)}
    folder.tokens.write_text(json.dumps(tokens), encoding="utf-8")
    folder.tokens.chmod(0o600)
    if signing:
        sample = with_keys(sample, folder.keys)
    # All of them are whoever starts the demonstration.
    sample = re.sub(r"(?m)^roles = .*$", rf'\g<0>\naccount = "{account()}"', sample)
    # Anybody reports a concern at /refer, which comes in as the lead agency's.
    http = f'\n[http]\nport = {port}\nreferrals = "{_AUTHORITY}"\n'
    folder.config.write_text(f"{sample}{http}{_credentials(folder, tokens)}", encoding="utf-8")
    return folder


def same_ids(hub: Hub) -> None:
    """Ids that follow as in every demonstration: what its simulated people do is drawn by them, and
    two are to be compared. Any other hub's secret is drawn at random. Only where nothing came yet.
    """
    known.follow(hub.database, bytes(range(32)))


def _agencies(config: str) -> list[str]:
    return list(tomllib.loads(config)["agencies"])


def _credentials(folder: DemoFolder, tokens: dict[str, str]) -> str:
    over_http = "".join(
        f'\n[agencies.{agency}.http]\ntoken_sha256 = "{sha256(token.encode()).hexdigest()}"\n'
        for agency, token in tokens.items()
    )
    return f'{over_http}\n[agencies.{_AUTHORITY}.folder]\npath = "{folder.drops.name}"\n'


class EndedEarly(Exception):
    """The simulated agencies ended before all was done; what they said of it stands on stderr."""


@dataclass(slots=True)
class Simulators:
    """The process of the simulated agencies, and what it last said."""

    process: subprocess.Popen[str]
    said: dict[str, Any] = field(
        default_factory=lambda: {"sent": 0, "answered": 0, "finished": False}
    )

    def listen(self) -> None:
        """Follow what the process says, until it ends."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said = json.loads(line)


@contextmanager
def simulators(folder: DemoFolder, url: str, *, limit: int | None) -> Iterator[Simulators]:
    """Simulated agencies in a process of their own, stopped at the end.

    Ctrl-C does not reach it: the hub stops it when the hub itself stops.
    """
    command = [sys.executable, "-m", "ops.cli", "simulate", "--url", url]
    command += ["--tokens", str(folder.tokens), "--ledger", str(folder.ledger)]
    command += ["--limit", str(limit)] if limit is not None else []
    command += ["--keys", str(folder.keys)] if folder.keys.exists() else []
    with subprocess.Popen(  # noqa: S603 - our own
        command, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        running = Simulators(process)
        threading.Thread(target=running.listen, daemon=True).start()
        try:
            yield running
        finally:
            process.terminate()


def send_first(folder: DemoFolder, url: str, *, stop: threading.Event) -> None:
    """What comes before the stream: the feed of open cases as a dropped file, the register of what
    is below threshold, and one bad message of each kind.
    """
    tokens = json.loads(folder.tokens.read_text(encoding="utf-8"))
    coming = folder.drops / "open_cases.csv.part"
    coming.write_text(sample_open_cases(), encoding="utf-8")
    coming.rename(coming.with_suffix(""))
    receipts = "receipts/*open_cases.csv.receipts.jsonl"
    while not any(folder.drops.glob(receipts)) and not stop.wait(_LOOK_SECONDS):
        pass
    with HubClient(url, tokens["early_help"]) as register:
        send = partial(register.send_raw, sample_register(), "text/csv", headers=_AS_A_REGISTER)
        persistently(send, stop)
    with HubClient(url, tokens["police"]) as police:
        for bad in bad_messages():
            persistently(partial(police.send_raw, bad.body, bad.content_type), stop)


def send_waiting(folder: DemoFolder, url: str, *, stop: threading.Event) -> None:
    """What nobody SIMULATED answers: for whoever sits down at a desk."""
    tokens = json.loads(folder.tokens.read_text(encoding="utf-8"))
    waiting = json.loads((files("ops.sample") / "waiting.json").read_text(encoding="utf-8"))
    for one in waiting:
        agency, data = one["agency"], one["data"]
        told = event(
            f"waiting-{data['reference']}", "mash.notification.v1", agency=agency, data=data
        )
        with HubClient(url, tokens[agency]) as sender:
            persistently(partial(sender.send, [told]), stop)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run has come: notifications, then products, then letters that nobody answered."""

    sent: int
    received: int
    linked: int
    rated: int
    released: int
    waiting: int
    """Products that still wait for an owner."""
    letters: int


def until_done(hub: Hub, running: Simulators, *, stop: threading.Event) -> Iterator[Progress]:
    """Progress until everything was sent and answered and nothing is left to do, or until told to
    stop. Raises :class:`EndedEarly`.
    """
    counts: Counter[str] = Counter()
    counted = 0
    while not stop.is_set():
        said = running.said
        with hub.database.reading() as connection:
            counts.update(counting.by_type(connection, after=counted))
            counted = overview.last_position(connection)
            letters = counting.letters_waiting(connection)
        yield _progress(counts, sent=said["sent"], letters=letters)
        if said["finished"] and letters == 0 and _at_rest(hub):
            return
        if running.process.poll() is not None and not stop.is_set():
            raise EndedEarly
        stop.wait(_LOOK_SECONDS)


def _at_rest(hub: Hub) -> bool:
    """Whether no step has anything to do and no letter waits, in one view of the store: once all
    is sent, it stays so.
    """
    status = collect(hub)
    return not any(step["depth"] for step in status.steps) and not status.queues


def _progress(counts: Counter[str], *, sent: int, letters: int) -> Progress:
    drafted, released, refused = (
        counts[fact.type] for fact in (ProductDrafted, ProductReleased, ProductRefused)
    )
    return Progress(
        sent=sent,
        received=counts[NotificationReceived.type],
        linked=counts[ChildLinked.type],
        rated=counts[RatingSuggested.type],
        released=released,
        waiting=drafted - released - refused,
        letters=letters,
    )
