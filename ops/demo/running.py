"""The whole hub at work on the sample: a folder of its own, simulated agencies, and a summary that
reconciles.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Any

from sqlalchemy import text

from connectors.clients.http_client import HubClient
from ops.demo.simulation.bad import bad_messages
from ops.demo.simulation.stream import sample_open_cases
from ops.demo.summary import missing_from, summarise, verified
from ops.run.wiring import Hub
from router.runtimes.embedded import Embedded

_POLL_SECONDS = 0.25
_AUTHORITY = "childrens_social_care"


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
    def drops(self) -> Path:
        """The watched folder of the authority's case system."""
        return self.path / "drops"

    @property
    def ledger(self) -> Path:
        """What the simulated agencies sent, by their own account."""
        return self.path / "sent.jsonl"


def prepare(path: Path, *, port: int) -> DemoFolder:
    """A fresh folder with the sample's configuration and a new token for each agency; an older one
    is removed.
    """
    if path.exists() and not (path / "tokens.json").exists() and any(path.iterdir()):
        raise FileExistsError(
            f"{path} holds something that is no demonstration; name another folder"
        )
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    folder = DemoFolder(path)
    sample = (files("ops.sample") / "hub.toml").read_text(encoding="utf-8")
    agencies = [
        line[len("[agencies.") : -1]
        for line in sample.splitlines()
        if line.startswith("[agencies.")
    ]
    tokens = {agency: secrets.token_urlsafe(24) for agency in agencies}
    credentials = "".join(
        f'\n[agencies.{agency}.http]\ntoken_sha256 = "{sha256(token.encode()).hexdigest()}"\n'
        for agency, token in tokens.items()
    )
    folder.drops.mkdir(mode=0o700)
    credentials += f'\n[agencies.{_AUTHORITY}.folder]\npath = "{folder.drops.name}"\n'
    folder.config.write_text(f"{sample}\n[http]\nport = {port}\n{credentials}", encoding="utf-8")
    folder.tokens.write_text(json.dumps(tokens), encoding="utf-8")
    folder.tokens.chmod(0o600)
    return folder


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
    """Simulated agencies in a process of their own, stopped at the end."""
    command = [
        sys.executable,
        "-m",
        "ops.cli",
        "simulate",
        "--url",
        url,
        "--tokens",
        str(folder.tokens),
    ]
    command += [
        "--ledger",
        str(folder.ledger),
        *(["--limit", str(limit)] if limit is not None else []),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ) as process:  # noqa: S603 - our own
        running = Simulators(process)
        threading.Thread(target=running.listen, daemon=True).start()
        try:
            yield running
        finally:
            process.terminate()


def send_first(folder: DemoFolder, url: str, stop: threading.Event) -> None:
    """What comes before the stream: the feed of open cases as a dropped file, and one bad message
    of each kind.
    """
    tokens = json.loads(folder.tokens.read_text(encoding="utf-8"))
    coming = folder.drops / "open_cases.csv.part"
    coming.write_text(sample_open_cases(), encoding="utf-8")
    coming.rename(coming.with_suffix(""))
    while not any(folder.drops.glob("done/*open_cases.csv")) and not stop.wait(_POLL_SECONDS):
        pass
    with HubClient(url, tokens["police"]) as police:
        for bad in bad_messages():
            police.send_raw(bad.body, bad.content_type)


def depth(hub: Hub) -> dict[str, int]:
    """What is still to do: facts that a step has not had, and letters that nobody fetched."""
    with hub.database.reading() as connection:
        last = connection.execute(
            text("SELECT coalesce(max(position), 0) FROM journal")
        ).scalar_one()
        letters = connection.execute(text("SELECT count(*) FROM letters")).scalar_one()
    return {"facts": int(last), "letters": int(letters)}


def await_end(
    hub: Hub, running: Simulators, steps: Embedded, stop: threading.Event
) -> Iterator[dict[str, Any]]:
    """Progress until everything was sent and answered and nothing is left to do; stops early when
    told to.
    """
    quiet = 0
    while quiet < 3 and not stop.wait(_POLL_SECONDS):
        now = depth(hub) | running.said | {"position": steps.position}
        done = running.said["finished"] and now["letters"] == 0 and now["position"] >= now["facts"]
        quiet = quiet + 1 if done else 0
        if running.process.poll() is not None:
            raise RuntimeError("the simulated agencies ended early")
        yield now


def final_summary(hub: Hub, folder: DemoFolder, seconds: float) -> dict[str, Any]:
    """The summary of a run, checked against the senders' own account and the journal's hashes."""
    counts = summarise(hub.database)
    unfinished = counts.pop("unfinished")
    lost = missing_from(hub.database, folder.ledger) + unfinished
    return counts | {
        "lost": lost,
        "journal_verified": verified(hub.database),
        "seconds": round(seconds, 3),
        "notifications_per_second": round(counts["received"] / seconds, 1),
    }


def reconciles(summary: dict[str, Any]) -> list[str]:
    """The equations that a summary breaks; none when it reconciles."""
    rated = sum(summary["rated"].values())
    equations = {
        "received = accepted + duplicates + dead_lettered": summary["received"]
        == summary["accepted"] + summary["duplicates"] + summary["dead_lettered"],
        "accepted = linked + new_persons + reviews": summary["accepted"]
        == summary["linked"] + summary["new_persons"] + summary["reviews"],
        "accepted = rated + bypassed": summary["accepted"] == rated + summary["bypassed"],
        "drafted = released + refused + waiting": summary["drafted"]
        == summary["released"] + summary["refused"] + summary["waiting"],
        "lost = 0": summary["lost"] == 0,
        "journal verified": summary["journal_verified"],
    }
    return [equation for equation, holds in equations.items() if not holds]
