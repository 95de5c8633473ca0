"""The journal beside what is decided again: read as far as it takes, so that what is held is what
lies between the two.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from typing import Any

from ops.look.replay_found import Found
from ops.look.replay_heard import Heard, recorded_message
from ops.look.replay_report import told
from ops.look.replay_steps import Share
from stores import replaying
from stores.database import View
from stores.replaying import Recorded

Page = tuple[int, Sequence[Recorded]]
"""Entries, and how far the journal is read with them."""
_HELD = 20_000
"""Messages that are kept for steps that hear them later; others are looked up."""


class Journal:
    """What steps wrote and what came from outside, for one process of a replay."""

    def __init__(
        self,
        view: View,
        share: Share,
        *,
        found: Found,
        last: int,
        pages: Iterator[Page] | None = None,
    ) -> None:
        """Read ``pages``; None: all of it as far as the position ``last``."""
        self._view, self._share, self._found, self._last = view, share, found, last
        self._pages = pages or replaying.entries(view, self._is_mine, last=last)
        self._position = 0
        self._recorded: dict[str, Recorded] = {}
        """By steps of this process, and not decided again yet."""
        self._ready: OrderedDict[str, Heard] = OrderedDict()
        """Messages that steps may still have to hear, the latest last."""

    def partner(self, id_: str) -> Recorded | None:
        """What a step wrote under the id, unless it was answered before."""
        return self._recorded.pop(id_, None) or self._sought(id_)

    def heard(self, id_: str, unit: str) -> Heard | None:
        """The message that a unit had; None where the journal has none. What no other unit may hear
        after it is let go: what is in hand again and again stays near at hand.
        """
        heard = self._ready.get(id_) or self._looked_up(id_)
        if heard is not None and not self._share.is_heard_later(unit, heard.type):
            self._ready.pop(id_, None)
        return heard

    def keep(self, heard: Heard) -> None:
        """A message that a unit may have later."""
        self._ready[heard.id] = heard
        if len(self._ready) > _HELD:
            self._ready.popitem(last=False)

    def close(self) -> None:
        """Read to the end: what steps wrote and nobody has asked for by then is left."""
        self._read_to(self._last)
        self._found.left += map(told, self._recorded.values())

    def _sought(self, id_: str) -> Recorded | None:
        entry = self._entry(id_)
        if entry is None:
            return None
        return self._recorded.pop(id_, None) or self._of_another(entry)

    def _of_another(self, entry: Recorded) -> Recorded | None:
        """What says that it was written by a step of another process, though one of this process
        decides it.
        """
        row, taken = entry.row, self._found.taken
        mine = self._share.wrote(row.source) or not self._share.is_by_steps(row.chain)
        if mine or row.message_id in taken:
            return None
        taken.add(row.message_id)
        return entry

    def _looked_up(self, id_: str) -> Heard | None:
        entry = self._entry(id_)
        if entry is None:
            self._found.absent.add(id_)
            return None
        return self._ready.get(id_) or recorded_message(entry)

    def _entry(self, id_: str) -> Recorded | None:
        """The entry of a message, once the journal is read as far as that."""
        entry = replaying.entry(self._view, id_)
        if entry is None or entry.row.position > self._last:
            return None
        self._read_to(entry.row.position)
        return entry

    def _read_to(self, position: int) -> None:
        while self._position < position and (page := next(self._pages, None)) is not None:
            self._position, read = page
            for recorded in read:
                if self._share.is_by_steps(recorded.row.chain):
                    self._recorded[recorded.row.message_id] = recorded
                else:
                    self._from_outside(recorded)

    def _is_mine(self, row: Any) -> bool:
        """Whether it came from outside, or a step of this process wrote it."""
        return not self._share.is_by_steps(row.chain) or self._share.wrote(row.source)

    def _from_outside(self, recorded: Recorded) -> None:
        """An input: it can only be compared with its own digest."""
        heard = recorded_message(recorded)
        if self._share.tells_of(heard.type):
            heard.message, sound = recorded.checked()
            verdict = "erased" if recorded.key is None else "given" if sound else "different"
            self._found.note(verdict, recorded)
            if heard.message is None:
                self._found.erased.add(heard.id)
        self.keep(heard)
