"""What `hub audit verify` and `hub replay --verify` share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from ops.commands.progress import progress
from ops.commands.reading import reading
from ops.look.verify import Verified, verify
from stores import overview
from stores.journal import Flaw
from stores.tree.looking import Claim


def verifying(config: Path, *, contents: bool, claims: Sequence[Claim] = ()) -> Verified:
    """Verify the journal of a configuration's hub, and show how far that has come."""
    with reading(config) as hub:
        with hub.database.reading() as connection:
            last = overview.last_position(connection)
        with progress("verifying", last) as advance:
            return verify(hub, contents=contents, claims=claims, advance=advance)


def shown(verified: Verified, *, what: str) -> Iterator[str]:
    """A line for each flaw, and the verdict; ``what`` was looked at."""
    yield from map(_line, verified.flaws)
    if verified.erased:
        said = f"{verified.erased_with_leaf:,} of them erased with leaf"
        yield f"{verified.erased:,} {what} are erased, as the record says: {said}"
    if verified.unreadable:
        said = "nothing says that they were erased"
        yield f"{verified.unreadable:,} {what} cannot be read, and {said}"
    flaws = len(verified.flaws)
    yield (
        f"{verified.entries:,} {what} verified in {verified.seconds:.1f} s "
        f"({verified.rate:,} per second): "
        + (f"{flaws} flaws" if flaws else "nothing altered, nothing missing")
    )


def _line(flaw: Flaw) -> str:
    places = (
        f"table {flaw.table}, row {flaw.row}" if flaw.table else "",
        f"chain {flaw.chain}, sequence {flaw.sequence}" if flaw.chain else "",
        "" if flaw.position is None else f"position {flaw.position}",
        _leaves(flaw),
        f"message {flaw.message_id}" if flaw.message_id else "",
        f"not what {flaw.against} signed" if flaw.against else "",
    )
    return f"{flaw.what}: {', '.join(filter(None, places))}"


def _leaves(flaw: Flaw) -> str:
    if flaw.upto is not None and flaw.upto != flaw.leaf:
        return f"leaves {flaw.leaf or 0} to {flaw.upto}"
    return "" if flaw.leaf is None else f"leaf {flaw.leaf}"
