"""What is made once in a process, before somebody waits for it: templates, and what lists keep of
the facts of a year.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import Final

from connectors.port import Routes
from connectors.wrong_tokens import WrongTokens
from ops.console.rendering import environment
from ops.console.screen import Hears
from ops.console.shell import Shell
from ops.look.health import Health
from ops.run.wiring import Hub

_AFTER: Final = 1.0
"""Seconds after the start: the hub itself comes first."""
_LISTS: Final = (Hears.ANYTHING, Hears.OWN)


def run(hub: Hub, routes: Routes, health: Health, stop: threading.Event) -> None:
    """Make all of it, once, and then wait until told to stop. Whoever else is at work in this
    process has as much time between two pieces as the one before took.
    """
    took = _AFTER
    for make in pieces(hub, routes, health):
        if stop.wait(took):
            return
        hub.database.lets_reds_pass()
        begun = time.monotonic()
        with suppress(Exception):  # whoever opens that page is told, and it is logged
            make()
        took = time.monotonic() - begun
    stop.wait()


def pieces(hub: Hub, routes: Routes, health: Health) -> Iterator[Callable[[], object]]:
    """Every template; then every list, for nobody, unless it is recorded who opens it."""
    made = environment()
    yield from (partial(made.get_template, name) for name in made.list_templates())
    shell = Shell(hub, routes, WrongTokens(), health=health)
    for desk in shell.desks:
        for screen in desk.screens:
            if screen.hears in _LISTS and "{" not in screen.path and not screen.records:
                yield partial(shell.drawn, desk, screen)
