"""Replay and verification of what the embedded hub recorded, by the hub's own commands."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from statistics import median
from typing import Any

from tests.bench.layout import part, sqlite_hub
from tests.bench.once import feed
from tests.bench.stream import arrivals


def replay(*, number: int, turns: int, told: Callable[[str], None]) -> dict[str, float]:
    """Facts per second that are decided again and compared; and that are verified, nothing being
    decided.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        told(f"replay: a journal of {number} notifications")
        _recorded(folder, number)
        told("replay: deciding again")
        again = [_hub(folder, "replay") for _ in range(turns)]
        told("replay: verifying")
        verified = [_hub(folder, *_verifying()) for _ in range(turns)]
    return {
        "facts_per_second": round(median(_rate(one, "facts") for one in again), 1),
        "verified_facts_per_second": round(median(_rate(one, "entries") for one in verified), 1),
    }


def _recorded(folder: Path, number: int) -> None:
    """A hub's folder, with a configuration and a store that has taken in so many."""
    sample = files("ops.sample") / "hub.toml"
    (folder / "hub.toml").write_bytes(sample.read_bytes())
    part("collect_seldom")()
    hub = sqlite_hub(folder / "hub.db")
    feed(hub, arrivals(hub.settings, number), steps=hub.embedded())
    hub.database.close()


def _verifying() -> tuple[str, ...]:
    """A replay at the floor where this checkout's has one, else the check of the chains."""
    command = [sys.executable, "-m", "ops.cli", "replay", "--help"]
    helped = subprocess.run(command, capture_output=True, check=True).stdout
    return ("replay", "--verify") if b"--verify" in helped else ("audit", "verify")


def _hub(folder: Path, *command: str) -> dict[str, Any]:
    """What a command says as JSON; it fails where anything is not as it was recorded."""
    whole = [sys.executable, "-m", "ops.cli", *command]
    options = ["--config", str(folder / "hub.toml"), "--json"]
    done = subprocess.run([*whole, *options], stdout=subprocess.PIPE, check=True)
    said: dict[str, Any] = json.loads(done.stdout)
    return said


def _rate(said: dict[str, Any], counted: str) -> float:
    number: int = said.get(counted) or said["facts"]
    return number / max(float(said["seconds"]), 0.001)
