"""How commands open a hub for a moment: to look at without touching, or to change something and
go.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from ops.commands.common import opened
from ops.look.reading import Reader, open_reader
from ops.run.configuration import Misconfigured
from ops.run.wiring import Hub
from stores.ports import Unavailable
from stores.schema import OtherRevision


@contextmanager
def reading(config: Path) -> Iterator[Reader]:
    """The hub of a configuration file, for looking at only; troubles become errors that say a way
    out.
    """
    try:
        reader = open_reader(config, os.environ)
        try:
            yield reader
        finally:
            reader.database.close()
    except Misconfigured as error:
        raise click.ClickException(f"the configuration cannot be used\n{error}") from None
    except OtherRevision as error:
        raise click.ClickException(str(error)) from None
    except Unavailable as error:
        raise click.ClickException(
            f"the store cannot be read ({error}); check runtime.store in {config}"
        ) from None


@contextmanager
def writing(config: Path) -> Iterator[Hub]:
    """The whole hub of a configuration file, closed at the end."""
    hub = opened(config)
    try:
        yield hub
    finally:
        hub.database.close()
