"""Where the parts of the hub are that a measurement needs: here, and in the checkouts before it
that it is compared with.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

_MOVED: Mapping[str, tuple[str, ...]] = {
    "assemble": ("ops.run.wiring", "ops.wiring"),
    "arrival_of": ("ops.linkage.arrivals", "ops.bench.stream"),
    "collect_seldom": ("ops.run.garbage", "ops.garbage"),
    "read_settings": ("ops.run.configuration", "ops.configuration"),
    "sample_lines": ("ops.demo.simulation.stream", "ops.simulation.stream"),
}
"""Each name with the modules that hold it, the newest first."""


def part(name: str) -> Any:
    """What bears this name, wherever this checkout keeps it."""
    for module in _MOVED[name]:
        try:
            return getattr(import_module(module), name)
        except ModuleNotFoundError as missing:
            if missing.name is None or not module.startswith(missing.name):
                raise
    raise LookupError(name)


def sample_settings() -> Any:
    """The sample hub's settings."""
    with as_file(files("ops.sample") / "hub.toml") as path:
        return part("read_settings")(path, {})


def at(settings: Any, url: str) -> Any:
    """These settings with their store there."""
    runtime = settings.runtime.model_copy(update={"store": url})
    return settings.model_copy(update={"runtime": runtime})


def sqlite_hub(file: Path) -> Any:
    """The sample hub over this SQLite file, put together but not running."""
    settings = at(sample_settings(), f"sqlite:///{file.resolve()}")
    return part("assemble")(settings, {}, folder=file.parent)
