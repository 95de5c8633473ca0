"""What was signed of the record, and whether it is what was written."""

from __future__ import annotations

from typing import Final

from ops.console.auditor.asking import page
from ops.console.screen import Page, Visit
from ops.look import verify
from ops.look.record import NothingSigned, last_checkpoint
from stores import overview
from stores.tree.checkpoints import Checkpoint

_MOST: Final = 200_000
"""Of more entries than these it takes too long for a page: a command verifies them."""


def record(visit: Visit) -> Page:
    """The last checkpoint, with all who cosigned it."""
    return page(visit, "record", told=_signed(visit))


def verify_now(visit: Visit) -> Page:
    """Compare every entry with its chain, its leaf and what was signed."""
    told = _signed(visit)
    if _entries(visit) > _MOST:
        return page(visit, "record", told=told)
    verified = verify.verify(visit.hub, contents=False)
    return page(visit, "record", told={**told, "verified": verified})


def _entries(visit: Visit) -> int:
    with visit.hub.database.reading() as connection:
        return overview.last_position(connection)


def _signed(visit: Visit) -> dict[str, object]:
    told: dict[str, object] = {"entries": _entries(visit), "most": _MOST}
    try:
        key, note = last_checkpoint(visit.hub)
    except NothingSigned:
        return told
    signed = Checkpoint.parse(note.text)
    by = [*dict.fromkeys(line.split(" ")[1] for line in note.lines)]
    return told | {"key": str(key), "note": str(note), "signed": signed, "by": by}
