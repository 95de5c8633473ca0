"""What `hub audit verify` and `hub replay --verify` share."""

from __future__ import annotations

from pathlib import Path

from ops.commands.common import say
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


def say_verified(verified: Verified, what: str) -> None:
    """What is wrong, a line each, and the verdict; ``what`` was looked at."""
    for flaw in verified.flaws:
        say(_line(flaw))
    flaws = len(verified.flaws)
    verdict = f"{flaws} flaws" if flaws else "nothing altered, nothing missing"
    say(
        f"{verified.entries:,} {what} verified in {verified.seconds:.1f} s "
        f"({verified.rate:,} per second): {verdict}"
    )


def _line(flaw: Flaw) -> str:
    where = f"chain {flaw.chain}, sequence {flaw.sequence}"
    known = [
        f"position {flaw.position}" if flaw.position else None,
        f"message {flaw.message_id}" if flaw.message_id else None,
    ]
    return f"{flaw.what}: " + ", ".join([where, *filter(None, known)])
