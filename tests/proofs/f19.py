"""F19: forty leaks that are let into the hub one by one, and found by what looks for leaks in F18.

For each of them two children's stories are told as written here; the leak has to be found where it
is, and in none that was switched off before.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any, ClassVar, Final

from ops.demo.simulation.answers import DECISION_MAKER
from schemas.envelope import Envelope
from schemas.notices import ApprovalRequest
from schemas.product import Choice
from tests.proofs.f18 import Town, town
from tests.proofs.f18_child import Child, Letter, Said, words_in
from tests.proofs.f19_faults import FAULTS, Fault
from tests.proofs.may_see import FRONT_LINE, LEAD, Item, What

Progress = Callable[[int], None]
_LETTER: Final = "mash"
_STORE: Final = "store"
_TURNS: Final = 9
_WITHHOLDS: Final = 4
"""In this turn the GP keeps back what it was asked about, and with that the product may go."""


class _Certain(Random):
    """Everybody fetches every time."""

    def random(self) -> float:
        """Always the same."""
        return 0.0


def prove(names: tuple[str, ...] = (), *, seed: int = 1, progress: Progress) -> dict[str, Any]:
    """The figures of F19: of all faults, or of those with these names."""
    wanted = [fault for fault in FAULTS if not names or fault.name in names]
    found: dict[str, bool] = {}
    clean = True
    for store in (False, True):
        for some in _together(wanted, store=store):
            with _certain(seed) as one:
                clean = clean and not (
                    one.leaks or _finds(one, Fault("nothing", ".*", {}), number=1)
                )
                for number, fault in enumerate(some, start=1):
                    found[fault.name] = _finds(one, fault, number=10 * number)
                    progress(1)
    return {
        "id": "F19",
        "seed": seed,
        "n": len(wanted),
        "leaks": len(wanted),
        "found": sum(found.values()),
        "missed": [name for name, seen in found.items() if not seen],
        "clean_without": clean,
    }


def _together(faults: list[Fault], *, store: bool) -> Iterator[list[Fault]]:
    """Faults that one hub can have one after the other; a store that has been leaked to is used
    no more.
    """
    some = [one for one in faults if one.found_in.startswith(_STORE) is store]
    yield from [[one] for one in some] if store else [some]


@contextmanager
def _certain(seed: int) -> Iterator[Town]:
    """A hub from which everybody fetches every time."""
    with (
        tempfile.TemporaryDirectory(prefix="hub-proof-") as path,
        town(Path(path), str(seed)) as one,
    ):
        one.chance = _Certain()
        yield one


def _finds(where: Town, fault: Fault, *, number: int) -> bool:
    """Whether the search finds a leak of these children where the fault lets it in."""
    before, playing = len(where.leaks), _cast(where, fault, number=number)
    numbers = {child.number for child in playing}

    def seen() -> bool:
        found = [leak for leak in where.leaks[before:] if leak.story in numbers]
        return any(re.match(fault.found_in, leak.place) for leak in found)

    with fault.let_in():
        where.sends([(child, *said) for child in playing for said in child.begins()], heard=True)
        for turn in range(_TURNS):
            where.hands_out(all_of_it=False)
            _looks_where(where, fault)
            if fault.changes and seen():
                return True
            said = [(child, *one) for child in playing for one in child.takes_turn(turn)]
            where.sends(said, heard=True)
            crossing = [(child, *one) for child in playing for one in child.crosses(turn)]
            where.sends(crossing, heard=False)
        where.hands_out(all_of_it=False)
        _looks_where(where, fault)
    return seen()


def _cast(where: Town, fault: Fault, *, number: int) -> list[Scripted]:
    """Two more children; what was logged and left in files about those before is gone."""
    where.said.seek(0)
    where.said.truncate()
    for path in where.temporary.iterdir():
        path.unlink()
    playing = [
        kind(number + place, Random(number), where.canaries, where.signing)  # noqa: S311 - plays
        for place, kind in enumerate((Shared, Kept))
    ]
    for child in playing:
        child.fault = fault
    where.children |= {child.number: child for child in playing}
    return playing


def _looks_where(where: Town, fault: Fault) -> None:
    """Besides at letters and receipts, which are looked through as they are given."""
    if fault.found_in.startswith(_STORE):
        found = where.stored()
    elif fault.found_in.startswith((_LETTER, "receipt")):
        return
    else:
        found = where.said_so_far()
    for name, content in found:
        where.looks(content, name)


class Scripted(Child):
    """A child whose story is written down."""

    fault: Fault
    turns: ClassVar[Mapping[int, Callable[[Any], Iterator[Said]]]] = {}

    def takes_turn(self, turn: int) -> Iterator[Said]:
        """Whoever was asked something answers; then comes what is written for this turn."""
        waiting, self.in_hand = self.in_hand, []
        for agency, letter in waiting:
            yield from self._answered(agency, letter)
        if turn in self.turns and self.referral_id:
            yield from self.turns[turn](self)

    def crosses(self, _turn: int) -> Iterator[Said]:
        """What is said at the end of a turn, and fetched before it is heard."""
        yield from ()


class Shared(Scripted):
    """The police tell of a child; a school and a GP add what may leave, what may not, and what
    nobody is to know of.
    """

    informed: frozenset[str] = frozenset()
    """Who has answered."""
    gps_own = schools_own = ""
    """Items, by the test's names of them, once they are told."""
    flags = True, True
    """Whether the next item is revealed, and may leave."""

    def begins(self) -> Iterator[Said]:
        """By the police, who let their narrative be seen."""
        self.notifier = "police"
        self.story.involved |= {"police", "school", "gp", "early_help", *FRONT_LINE}
        self._is_somebody()
        yield self.notifies()

    def _item(self, *owners: str, notification: bool = False) -> Item:
        revealed, may_leave = self.flags
        return Item(
            owners=frozenset(owners or {self.notifier}),
            revealed=revealed,
            may_leave=may_leave,
            notification=notification,
        )

    def _flagged(self, agency: str, *, revealed: bool, may_leave: bool) -> dict[str, Any]:
        self.flags = revealed, may_leave
        return self._tells(agency)

    def _rates(self) -> Iterator[Said]:
        yield LEAD, "rating-decision", self._decided() | {"colour": "green"}

    def _informs(self, agency: str, request: Letter) -> Iterator[Said]:
        data = {one: request[one] for one in ("referral_id", "case_id")}
        if agency in self.informed:
            return
        self.informed |= {agency}
        if agency == "school":
            items = [
                self._flagged(agency, revealed=True, may_leave=True),
                self._flagged(agency, revealed=True, may_leave=False),
                self._flagged(agency, revealed=False, may_leave=False),
            ]
            self.hidden, self.schools_own = items[2]["text"], _key(items[0])
        else:
            own = self._flagged(agency, revealed=True, may_leave=True)
            items = [own, self._tells(agency, "school")]
            self.gps_own = _key(own)
        yield (
            agency,
            "information-response",
            data
            | {
                "request_id": request["identifier"],
                "known": True,
                "items": items,
                "answered_by": f"P. {self._plant(What.FOR_DECIDERS, agency)}",
            },
        )

    def _approves(self, agency: str, data: Letter) -> Iterator[Said]:
        """All sanitised but what the GP keeps back, and what is two agencies'; the GP takes its
        time, and somebody decides in its name meanwhile.
        """
        request = ApprovalRequest.model_validate(data)
        key = self._known(request, agency)
        if key is None:
            return
        item = self.story.items[key]
        if key == self.gps_own:
            self.late = request
            yield from self._forges(request)
            return
        whole = self.fault.original and item.notification
        choice = Choice.RELEASE_ORIGINAL if whole else Choice.RELEASE_SANITISED
        told: dict[str, Any] = {"leaves_out": list(request.asks)}
        if len(item.owners) > 1 and agency == "school":
            choice = Choice.WITHHOLD
            told["reason"] = f"Harm by {self._plant(What.OWNERS_REASON, agency)}"
            item.withhold(agency)
        else:
            words = words_in(request.item.original, self.canaries)
            if not whole:
                words = {one for one in words if self.canaries.by_word[one].what is What.WORDS}
            item.approve(request.product_id, agency, words=words)
        yield agency, "release-decision", self._release(request, agency, choice=choice, told=told)

    def _forges(self, request: ApprovalRequest) -> Iterator[Said]:
        """Decisions that the GP did not make: one signed by somebody else, one not at all."""
        told: dict[str, Any] = {"leaves_out": []}
        made = self._release(request, "gp", choice=Choice.RELEASE_SANITISED, told=told)
        payload = Envelope.model_validate(made["envelope"]).unverified()
        other = self.keys["school"].sign(payload)
        yield "gp", "release-decision", made | {"envelope": other}
        unsigned = {name: said for name, said in made.items() if name != "envelope"}
        yield "gp", "release-decision", unsigned | {"reason": self._plant(What.REFUSED, "gp")}

    def _gp_withholds(self) -> Iterator[Said]:
        if self.gps_own not in self.named:
            return
        told = {"leaves_out": [], "reason": f"Harm by {self._plant(What.OWNERS_REASON, 'gp')}"}
        self.story.items[self.gps_own].withhold("gp")
        yield (
            "gp",
            "release-decision",
            self._release(self.late, "gp", choice=Choice.WITHHOLD, told=told),
        )

    def _rules_on(self, key: str, ruling: str) -> Iterator[Said]:
        item_id, agency = self.named[key]
        reason = f"Harm by {self._plant(What.OWNERS_REASON, agency)}"
        self.story.items[key].withhold(agency)
        said = {"item_id": item_id, "ruling": ruling, "reason": reason}
        yield agency, "item-decision", self._head() | said | {"decided_by": DECISION_MAKER}

    def _quarrels(self) -> Iterator[Said]:
        self.chance = Random(2)  # noqa: S311 - by which the view is not revealed
        yield from self._disagrees()
        yield from self._errs()

    def _closes(self) -> Iterator[Said]:
        said = {"outcome": "early_help", "may_be_told": f"Thank you. {self.hidden}"}
        yield LEAD, "outcome-decision", self._decided() | said

    def _asks_gp(self) -> Iterator[Said]:
        words = self._plant(What.FOR_READER, LEAD, readers=frozenset({"gp"}))
        said = {"action": "ask", "agency": "gp", "question": f"What of {words}?"}
        yield LEAD, "request-decision", self._decided() | said

    turns: ClassVar[Mapping[int, Callable[[Any], Iterator[Said]]]] = {
        _WITHHOLDS - 1: _asks_gp,
        _WITHHOLDS: _gp_withholds,
        _WITHHOLDS + 1: _quarrels,
        _WITHHOLDS + 2: lambda self: self._rules_on("narrative", "recall"),
        _WITHHOLDS + 3: _closes,
    }

    def crosses(self, turn: int) -> Iterator[Said]:
        """The school takes back what is about to be fetched, and no step has heard it by then."""
        if turn == _WITHHOLDS and self.schools_own in self.named:
            yield from self._rules_on(self.schools_own, "withhold")


class Kept(Scripted):
    """A hospital tells of a child with a worker, and reveals nothing of what it says."""

    def begins(self) -> Iterator[Said]:
        """The worker first."""
        self.notifier = "nhs_emergency"
        self.story.involved |= {self.notifier, *FRONT_LINE}
        self._is_somebody()
        yield self._has_worker()
        yield self.notifies()

    def _item(self, *owners: str, notification: bool = False) -> Item:
        return Item(
            owners=frozenset(owners or {self.notifier}),
            revealed=False,
            may_leave=False,
            notification=notification,
        )


def _key(item: dict[str, Any]) -> str:
    """What the test calls an item that it tells."""
    return str(item["item_id"]).partition("/")[2]
