"""The same run over this checkout and over another one, in turns, so that a ratio can be told on a
machine that others use.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

HERE = Path(__file__).parents[2]
_PACKAGES = "tests"


def against(other: Path, *, number: int, turns: int, told: Callable[[str], None]) -> dict[str, Any]:
    """CPU, seconds and bytes of both, and the ratios within each turn; medians over the turns."""
    pairs = []
    for turn in range(turns):
        told(f"against {other}: {number} notifications each, {turn + 1} of {turns}")
        # Whoever runs second finds a warmer machine: they take it in turns.
        order = (HERE, other) if turn % 2 else (other, HERE)
        ran = {folder: run_once(folder, number) for folder in order}
        pairs.append((ran[HERE], ran[other]))
    return {
        "notifications": number,
        "turns": turns,
        "here": medians([here for here, _ in pairs]),
        "other": medians([there for _, there in pairs]),
        "ratios": ratios(pairs),
    }


def ratios(pairs: Sequence[tuple[Mapping[str, float], Mapping[str, float]]]) -> dict[str, float]:
    """How many times the other's rate, CPU time and bytes are had here, the median turn's."""
    return {
        "rate": round(median(there["seconds"] / here["seconds"] for here, there in pairs), 3),
        "cpu": round(
            median(here["cpu_seconds"] / there["cpu_seconds"] for here, there in pairs), 3
        ),
        "written": round(
            median(here["written_bytes"] / there["written_bytes"] for here, there in pairs), 3
        ),
    }


def run_once(checkout: Path, number: int) -> dict[str, Any]:
    """:mod:`tests.bench.once` in a process of its own, over the hub of this checkout."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        output = run_module("tests.bench.once", str(number), str(folder), checkout=checkout)
    ran: dict[str, Any] = json.loads(output)
    return ran


def run_module(module: str, *arguments: str, checkout: Path) -> str:
    """What a module of this bench prints when it runs over another checkout's hub.

    Only our ``tests`` may come before the other's packages, so they stand in a folder of their own.
    """
    with tempfile.TemporaryDirectory() as name:
        (Path(name) / _PACKAGES).symlink_to(HERE / _PACKAGES)
        path = os.pathsep.join((name, str(checkout.resolve())))
        done = subprocess.run(
            [sys.executable, "-m", module, *arguments],
            cwd=name,
            env={**os.environ, "PYTHONPATH": path},
            stdout=subprocess.PIPE,
            check=True,
        )
    return done.stdout.decode()


def medians(runs: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """The median run's rate, CPU time and bytes."""
    number = runs[0]["notifications"]
    return {
        "notifications_per_second": round(number / median(run["seconds"] for run in runs), 1),
        "cpu_ms_per_notification": round(
            median(run["cpu_seconds"] for run in runs) * 1000 / number, 3
        ),
        "written_kb_per_notification": round(
            median(run["written_bytes"] for run in runs) / 1024 / number, 1
        ),
    }
