"""What `hub audit verify` and `hub replay --verify` share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ops.commands.progress import progress
from ops.commands.reading import reading
from ops.look.verify import Verified, verify
from stores import overview
from stores.journal import Flaw


def verifying(config: Path, *, contents: bool) -> Verified:
    """Verify the journal of a configuration's hub, and show how far that has come."""
    with reading(config) as hub:
        with hub.database.reading() as connection:
            last = overview.last_position(connection)
        with progress("verifying", last) as advance:
            return verify(hub, contents=contents, advance=advance)


def shown(verified: Verified, *, what: str) -> Iterator[str]:
    """A line for each flaw, and the verdict; ``what`` was looked at."""
    yield from map(_line, verified.flaws)
    if verified.erased:
        yield f"{verified.erased:,} {what} are erased: their keys were destroyed"
    flaws = len(verified.flaws)
    yield (
        f"{verified.entries:,} {what} verified in {verified.seconds:.1f} s "
        f"({verified.rate:,} per second): "
        + (f"{flaws} flaws" if flaws else "nothing altered, nothing missing")
    )


def _line(flaw: Flaw) -> str:
    position = f", position {flaw.position}" if flaw.position else ""
    message = f", message {flaw.message_id}" if flaw.message_id else ""
    return f"{flaw.what}: chain {flaw.chain}, sequence {flaw.sequence}{position}{message}"
