"""How an edge is: what waits, what was refused, and what does not work."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from connectors.edge import opening, witnessing
from connectors.edge.configured import Edge, NoEdge
from connectors.edge.deciding import open_requests
from connectors.edge.folders import Folders
from connectors.edge.running import LAST_HEARD, PARTS, TROUBLE, is_running
from connectors.edge.store import ANSWERED, NEW, PLACED, PLACING, Store


@dataclass(frozen=True, slots=True)
class Refused:
    """A letter that is not handed on."""

    letter: str
    type: str
    since: str
    why: str
    times: int


@dataclass(frozen=True, slots=True)
class Unsent:
    """Something of the agency's that the hub has not confirmed."""

    what: str
    since: str
    tries: int
    trouble: str | None


@dataclass(frozen=True, slots=True)
class Staying:
    """A file of the agency's that is not taken."""

    what: str
    why: str


@dataclass(frozen=True, slots=True)
class Status:
    """What was found."""

    agency: str
    hub: str
    running: bool
    hub_answered_at: str | None
    handed_on: int
    to_hand_on: int
    requests_open: int
    requests_answered: int
    unsent: tuple[Unsent, ...]
    staying: tuple[Staying, ...]
    refused: tuple[Refused, ...]
    evidence: int
    """How many letters came as they were signed after they had come otherwise."""
    trouble: dict[str, str]
    keys: tuple[str, ...]
    """Thumbprints of those by which sealed letters are opened, the newest first."""
    witness_evidence: int | None
    """How often the hub signed two records of the same size; None: it is no witness."""

    @property
    def well(self) -> bool:
        """Whether nobody has to look."""
        return not (self.refused or self.staying or self.trouble or self.witness_evidence)

    def told(self) -> dict[str, Any]:
        """For programs."""
        return asdict(self) | {"well": self.well}

    def lines(self) -> Iterator[str]:
        """For people."""
        yield f"{self.agency} at {self.hub}: {'running' if self.running else 'NOT running'}"
        yield f"the hub answered last: {self.hub_answered_at or 'never'}"
        yield f"letters: {self.handed_on} handed on, {self.to_hand_on} to be handed on"
        yield f"requests: {self.requests_open} to decide, {self.requests_answered} answered"
        yield f"to the hub: {len(self.unsent)} not confirmed yet"
        for one in self.unsent:
            why = f", the last time {one.trouble}" if one.trouble else ""
            yield f"  {one.what}, since {one.since}: tried {one.tries} times{why}"
        for stays in self.staying:
            yield f"NOT TAKEN {stays.what}: {stays.why}"
        for part, why in self.trouble.items():
            yield f"{part} does not work: {why}"
        for refused in self.refused:
            yield f"REFUSED {refused.type} {refused.letter}, {refused.times} times: {refused.why}"
        if self.refused:
            yield "ring the hub, by a number that you have from elsewhere, before you act on it"
        if self.evidence:
            yield f"{self.evidence} letters were refused before they came well; that is kept"
        if self.witness_evidence is not None:
            yield f"witness: {self.witness_evidence} times the hub signed two records of one size"


def status(edge: Edge) -> Status:
    """How it is now."""
    store, counted = Store(edge.folder), Store(edge.folder).counted()
    trouble = {part: store.fact(f"{TROUBLE}:{part}") for part in PARTS}
    witness = witnessing.folder_of(edge)
    return Status(
        agency=edge.settings.agency,
        hub=edge.settings.hub,
        running=is_running(edge.folder),
        hub_answered_at=store.fact(LAST_HEARD),
        handed_on=counted.get(PLACED, 0),
        to_hand_on=counted.get(NEW, 0) + counted.get(PLACING, 0),
        requests_open=len(open_requests(store)),
        requests_answered=counted.get(ANSWERED, 0),
        unsent=tuple(Unsent(*row) for row in store.unsent()),
        staying=tuple(_staying(edge, store)),
        refused=tuple(Refused(*row) for row in store.refused()),
        evidence=store.evidence(),
        trouble={part: why for part, why in trouble.items() if why},
        keys=tuple(opening.public(key).id for key in opening.read(edge.folder)),
        witness_evidence=None if witness is None else len(witness.evidence()),
    )


def _staying(edge: Edge, store: Store) -> Iterator[Staying]:
    try:
        yield from (Staying(*one) for one in Folders(edge, store).staying())
    except NoEdge:  # the folder itself cannot be used: that is the trouble of a part
        return
