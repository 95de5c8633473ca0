"""Ids told by names that do not depend on the time, so that what two runs decided can be compared.

Most ids begin with the time of the arrival that caused them (decision 12): they differ from run to
run, where everything else that was decided is the same.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from hashlib import sha256
from typing import Any

from tests.proofs.evidence import Recorded

MOMENTS = {"decision_due_at", "product_due_at", "due_at", "late"}
"""Fields that tell when a run was, and nothing of what was decided."""
PICTURES = {"saw", "shown", "picture_id", "newer"}
"""Fields that tell what a picture showed: what was known when its letter was handed out."""
KNOWN = {"family"}
"""Fields that tell what was known of a family: which of its children came first differs."""
BY_EITHER = {
    "mash.information.prepared.v1",
    "mash.information.requested.v1",
    "mash.information.cancelled.v1",
}
"""What a rating and the settling of a link bring about together, whichever comes last; and what a
human stops of it, having been asked about one letter or another.
"""
_DATED = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[78][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


class Names:
    """A name of its own for every dated id of a journal: by where it comes from.

    An arrival is named by what it says; what was caused by its cause (or its referral, see
    :data:`BY_EITHER`), its step, its type and its number among its like; any other id by the fact
    that is the first to hold it, and the place there.
    """

    def __init__(self, journal: Iterable[Recorded]) -> None:
        self._names: dict[str, str] = {}
        self._times: Counter[tuple[str, ...]] = Counter()
        for entry in journal:
            self._name(entry.id, self._origin(entry))
            for place, id_ in _held("", entry.data):
                if id_ not in self._names:
                    self._name(id_, f"{self._names[entry.id]}{place}")
        assert len(set(self._names.values())) == len(self._names), "a name is of one id"

    def of(self, id_: str) -> str:
        """The name of an id; the id itself where it does not tell the time."""
        return self._names.get(id_, id_)

    def told(self, data: Any, *, without: Collection[str] = ()) -> str:
        """What a fact says, in names; without moments, pictures and fields of these names."""
        left = _without({*MOMENTS, *PICTURES, *KNOWN, *without}, data)
        return _DATED.sub(lambda found: self.of(found[0]), json.dumps(left, sort_keys=True))

    def _origin(self, entry: Recorded) -> str:
        cause = entry.data["referral_id"] if entry.type in BY_EITHER else entry.cause
        by = [entry.source, self.of(cause)] if cause else [self.told(entry.data)]
        like = (entry.type, *by)
        self._times[like] += 1
        parts = (*like, str(self._times[like]))
        return f"{entry.type}:{sha256('/'.join(parts).encode()).hexdigest()[:16]}"

    def _name(self, id_: str, name: str) -> None:
        self._names[id_] = name if _DATED.fullmatch(id_) else id_


def _held(place: str, value: Any) -> Iterable[tuple[str, str]]:
    """Dated ids within a value, with where they stand; in an order that does not depend on them."""
    match value:
        case Mapping():
            for name in sorted(value):
                yield from _held(f"{place}.{name}", value[name])
        case list():
            for number, part in enumerate(value):
                yield from _held(f"{place}[{number}]", part)
        case str():
            yield from ((place, found) for found in _DATED.findall(value))


def _without(names: Collection[str], value: Any) -> Any:
    if isinstance(value, Mapping):
        left_out = {*names, *_arrival(value)}
        return {name: _without(names, part) for name, part in value.items() if name not in left_out}
    return [_without(names, part) for part in value] if isinstance(value, list) else value


def _arrival(value: Mapping[str, Any]) -> set[str]:
    """The time at which a notification arrived stands for one that could not be read."""
    aside = value.get("set_aside", ())
    return {one["place"] for one in aside if one["instead"] == "arrival-time"}
