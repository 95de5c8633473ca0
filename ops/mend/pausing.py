"""Let a step, what comes from an agency, or its letters wait for a time; and let them go on.

Nothing is lost by it: a step's messages stay on their topics, an agency's system is told to send
again later, its files stay where they are, and letters stay on their queue. What may be a Red goes
on, unless whoever pauses says that it is to wait too: then people are alarmed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, get_args
from uuid import uuid4

from ops.access.acting import Asker
from ops.access.noting import OPERATIONS, note
from ops.access.recording import permit_on_record
from ops.look.reading import Guarded
from ops.mend.dead_letters import Refused
from router.topology import bound_steps
from router.ways_in import record_once
from schemas.access import Access, Act, Resource
from schemas.operations import FlowPaused, FlowResumed, WayInBroken
from schemas.settings import HubSettings
from stores import codec, cursors, pauses
from stores.database import Transaction
from stores.pauses import Pause, What

KINDS: Final = get_args(What)
MINUTES: Final = 60
"""How long it is, unless somebody says otherwise."""
LONGEST: Final = 24 * 60
_MINUTE: Final = 60 * 1_000_000
_ONE_BY_ONE: Final = ("queue", "mllp")
"""Ways in of which each message waits for the one before it, a Red too."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody wants to let wait; ``reds``: what may be a Red too."""

    what: What
    name: str
    minutes: int = MINUTES
    reds: bool = False

    @property
    def called(self) -> str:
        """As the record of a denial has it."""
        return f"{self.what} {self.name}"


def pause(hub: Guarded, wanted: Wanted, *, asker: Asker) -> Pause:
    """Let it wait from now on; one that waits already does so until the new time. Raises
    ``Denied``, ``NotRecent``, or :class:`Refused` with why that cannot be done.
    """
    _look(hub.settings, wanted)
    access = _permit(hub, wanted.called, asker)
    with hub.database.transaction() as transaction:
        made = Pause(
            wanted.what,
            wanted.name,
            pause_id=str(uuid4()),
            reds=wanted.reds,
            since=transaction.now,
            until=transaction.now + wanted.minutes * _MINUTE,
            decided_by=str(asker.who),
            why=str(asker.why),
        )
        _record(transaction, made, access=access)
        pauses.put(transaction, made)
    return made


def resume(hub: Guarded, what: What, name: str, *, asker: Asker) -> Pause:
    """Let it go on before its time. Raises ``Denied``, ``NotRecent``, or :class:`Refused` where it
    does not wait.
    """
    access = _permit(hub, f"{what} {name}", asker)
    with hub.database.transaction() as transaction:
        cursor = cursors.lock(transaction, OPERATIONS)
        waiting = pauses.current(transaction.connection, transaction.now)
        found = next((one for one in waiting if (one.what, one.name) == (what, name)), None)
        if found is None:
            raise Refused(f"{what} {name} does not wait: `hub status` shows what does")
        fact = FlowResumed(
            pause_id=found.pause_id,
            what=what,
            name=name,
            decided_by=str(asker.who),
            why=str(asker.why),
            proven=access.proven,
        )
        note(transaction, cursor, fact=fact, about=found.pause_id)
        pauses.end(transaction, found)
    return found


def _permit(hub: Guarded, wanted: str, asker: Asker) -> Access:
    if not asker.why or not asker.why.strip():
        raise Refused("say why: everybody who sees that it waits reads it")
    return permit_on_record(hub, asker, act=Act.MEND, resource=Resource.HEALTH, wanted=wanted)


def _record(transaction: Transaction, made: Pause, *, access: Access) -> None:
    fact = FlowPaused(
        pause_id=made.pause_id,
        what=made.what,
        name=made.name,
        reds=made.reds,
        until=codec.from_micros(made.until),
        decided_by=made.decided_by,
        why=made.why,
        proven=access.proven,
    )
    note(transaction, cursors.lock(transaction, OPERATIONS), fact=fact, about=made.pause_id)
    if made.reds:  # what does not come or go for a Red is told as any other way that is broken
        agency = None if made.what == "step" else made.name
        since = codec.from_micros(made.since)
        broken = WayInBroken(
            incident_id=made.pause_id, agency=agency, connector=f"{made.what}-paused", since=since
        )
        record_once(transaction, broken, by="ways-in/paused", of="operations")


def _look(settings: HubSettings, wanted: Wanted) -> None:
    """Raise :class:`Refused` for what there is not, or what would keep a Red waiting unsaid."""
    if not 1 <= wanted.minutes <= LONGEST:
        raise Refused(f"it goes on by itself after 1 to {LONGEST} minutes: say how many")
    if wanted.what == "step":
        _look_at_step(wanted)
        return
    agency = settings.agencies.get(wanted.name)
    if agency is None:
        raise Refused(f"no agency is called {wanted.name}: {', '.join(sorted(settings.agencies))}")
    ways = [one for one in _ONE_BY_ONE if getattr(agency, one) is not None]
    if wanted.what == "feed" and ways and not wanted.reds:
        raise Refused(
            f"by {' and '.join(ways)} a Red of {wanted.name} would wait behind what came before "
            "it: say that Reds wait too, and people are alarmed"
        )


def _look_at_step(wanted: Wanted) -> None:
    steps = sorted(bound.step.name for bound in bound_steps())
    if wanted.name not in steps:
        raise Refused(f"no step is called {wanted.name}: {', '.join(steps)}")
    if wanted.reds:
        raise Refused(
            "Reds go through a step that waits: let wait what comes from an agency, or its "
            "letters, if a Red is not to go on"
        )
