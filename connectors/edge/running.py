"""An edge at work: it fetches, verifies, hands on, sends, and witnesses, until told to stop.

Whatever it was killed in the middle of is begun again from its store. What goes wrong is tried
again, and is shown by ``hub edge status``.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import structlog

from connectors.edge import opening
from connectors.edge.configured import OWNERS, Edge, NoEdge
from connectors.edge.deciding import let_lapse, said_of_requests
from connectors.edge.folders import Folders
from connectors.edge.hub import Hub, HubAway
from connectors.edge.incoming import Looking, NotOurs, OpenedLetter
from connectors.edge.keys import Keys, NoKey, read_public
from connectors.edge.store import ASKED, NEW, Sending, Store
from stores.keep_trying import Failure, Pauses, keep_working

_AT_ONCE, _WAIT_SECONDS = 20, 10.0
_LOOK_SECONDS = 0.5
_PAUSES = Pauses(first=0.5, longest=60.0)
LAST_HEARD, TROUBLE = "hub.answered_at", "trouble"
"""Facts of the store: when the hub answered last; and what keeps a part from working."""

PARTS = ("fetch", "hand on", "send")

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Working:
    """An edge with all that it needs to work."""

    edge: Edge
    store: Store
    hub: Hub
    clock: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC)
    folders: Folders = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "folders", Folders(self.edge, self.store))

    def fetch(self, *, wait: float = _WAIT_SECONDS) -> int:
        """Take what the hub has, and tell it so; how many were new. Raises :class:`HubAway`."""
        looking, new = self._looking(), 0
        for came in self.hub.fetch(limit=_AT_ONCE, wait=wait):
            new += self._take(looking, came)
        self._acknowledge()
        now = self.clock()
        let_lapse(self.store, now)
        self.store.remember(LAST_HEARD, now.isoformat(timespec="seconds"))
        return new

    def hand_on(self) -> int:
        """Everything between the store and the agency's own system; how many files went over. What
        fails keeps back nothing else.
        """
        over, trouble, folders = 0, list[OSError | NoEdge](), self.folders
        for part in (folders.say_refused, folders.place, folders.collect, folders.say_receipts):
            try:
                over += part() or 0
            except (OSError, NoEdge) as error:
                trouble.append(error)
        if trouble:
            raise trouble[0]
        return over

    def send(self) -> int:
        """Send what the hub has not confirmed; how much of it there was."""
        waiting = self.store.to_send(time.time())
        for one in waiting:
            self._send(one)
        return len(waiting)

    def _take(self, looking: Looking, came: bytes) -> int:
        try:
            letter = looking.look(came)
        except NotOurs as error:
            self._refuse(error, came)
            return 0
        return self.store.take(
            letter.id,
            letter.type,
            body=letter.body,
            step=_first(letter),
            says=said_of_requests(self.store, letter.type, letter=letter.body),
            unsigned=letter.unsigned,
        )

    def _refuse(self, error: NotOurs, came: bytes) -> None:
        """The hub is not told that it arrived: what was altered on the way comes again as it is."""
        letter_id = error.letter_id or "unknown"
        if self.store.refuse(letter_id, error.kind, body=came, why=str(error)):
            _log.warning("letter.foreign", agency=self.edge.settings.agency, letter=letter_id)

    def _acknowledge(self) -> None:
        if ids := self.store.untold():
            self.hub.acknowledge(ids)
            self.store.told(ids)

    def _send(self, one: Sending) -> None:
        try:
            receipts = self.hub.send(one.body, one.media)
        except HubAway as away:
            self.store.not_sent(one, trouble=str(away), now=time.time())
            return
        rejected = all(receipt.get("status") == "rejected" for receipt in receipts)
        self.store.sent(one, json.dumps(receipts, ensure_ascii=False), rejected=rejected)

    def _looking(self) -> Looking:
        """Read anew each time: owners' keys change, and the agency's own."""
        settings = self.edge.settings
        keys = opening.read(self.edge.folder)
        return Looking(settings.agency, keys, _owners(self.edge), settings.unsigned)


def _first(letter: OpenedLetter) -> str:
    return ASKED if letter.asks else NEW


def _owners(edge: Edge) -> Keys:
    file = edge.path(OWNERS)
    try:
        return read_public(file)
    except FileNotFoundError:
        raise NoEdge(f"{file} is not there: it is what `hub approvals keys` printed") from None
    except NoKey as error:
        raise NoEdge(str(error)) from None


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """No other process runs the edge of this folder meanwhile; raises :class:`NoEdge`."""
    with (folder / "edge.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise NoEdge(f"another process runs the edge in {folder}") from None
        yield


def is_running(folder: Path) -> bool:
    """Whether one does."""
    try:
        with alone(folder):
            return False
    except NoEdge:
        return True


def run(working: Working, stop: threading.Event) -> None:
    """Work until told to stop."""
    for name, work in zip(PARTS, (working.fetch, working.hand_on, working.send), strict=True):
        again = partial(_kept_up, working.store, name, work=work, stop=stop)
        # Nobody waits for them at the end: each may be killed at any moment.
        threading.Thread(target=again, name=name, daemon=True).start()
    stop.wait()


def _kept_up(store: Store, name: str, *, work: Callable[[], int], stop: threading.Event) -> None:
    trouble = f"{TROUBLE}:{name}"

    def well() -> float:
        done = work()
        if store.fact(trouble):
            store.remember(trouble, "")
        return 0 if done else _LOOK_SECONDS

    def failed(failure: Failure) -> None:
        why = type(failure.error).__name__
        said = str(failure.error) if isinstance(failure.error, HubAway | NoEdge) else why
        part, again_in = name.replace(" ", "_"), failure.again_in
        _log.error("part.failed", part=part, error=why, attempts=failure.count, again_in=again_in)
        store.remember(trouble, said)

    keep_working(well, stop, failed=failed, errors=(Exception,), pauses=_PAUSES)
