"""F30: effects equal leaves. Every write of the store is under a leaf, and so is every look at the
record; each call that records one is switched off by itself, and has to be missed.

Which calls there are is read from the source, so that none is forgotten: one that nothing here
reaches is told, and fails the proof as one that is not missed does.
"""

from __future__ import annotations

import ast
import os
import sys
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field, replace
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, Final
from unittest.mock import patch
from uuid import uuid4

import ops
import stores
from ops.access import doors, recording, reviews
from ops.access.acting import Asker, Denied, asker
from ops.commands import dead_letters as dead_letter_commands
from ops.look import as_of, disclosure, owned, trail, who
from ops.look.verify import Verified, verify
from ops.mend import dead_letters as mending
from ops.mend import erasing as keeping
from ops.mend.dead_letters import Person, Refused
from ops.run import erased
from ops.run.erased import Erasure
from ops.run.wiring import Hub
from schemas.access import Purpose
from stores import (
    bound,
    cursors,
    dead_letters,
    failures,
    journal,
    outbox,
    pauses,
    people,
    queues,
    rotating,
    timers,
)
from stores.database import Database, Transaction
from stores.dead_letters import DeadLetterState
from stores.vault import Vault
from stores.wrapping import HeldKeys
from tests.support.erasing import destroy, erasure
from tests.support.filled import filled_hub, grown
from tests.support.full_store import dead, fill, fill_all, grow, place

CONTROLS: Final = ("verify",)
_CODE: Final = Path(ops.__file__).parent.parent
_RECORDS: Final = ("note", "denied", "accessed", "permit_on_record", "_reveal")
"""What records a look or an act of somebody, by whatever way."""
_PLACES: Final = (recording, doors, reviews, who, owned, mending, keeping, erased)
_MORE_PLACES: Final = ("ops.look.revealing", "ops.commands.dead_letters")


@dataclass(frozen=True, slots=True)
class Site:
    """A call in the source that records something."""

    file: str
    first: int
    last: int
    name: str

    def __str__(self) -> str:
        """Where it is, for whoever reads the figures."""
        return f"{Path(self.file).relative_to(_CODE)}:{self.first} {self.name}"

    def is_at(self, frame: Any) -> bool:
        """Whether a call comes from here."""
        within = self.first <= frame.f_lineno <= self.last
        return within and bool(frame.f_code.co_filename == self.file)


@dataclass(slots=True)
class Switch:
    """Which call is off, and which were reached."""

    off: Site | None = None
    reached: set[Site] = field(default_factory=set)
    muted: int = 0

    def is_off(self, sites: Sequence[Site], depth: int = 2) -> bool:
        """Whether whoever called is switched off."""
        frame = sys._getframe(depth)
        here = next((site for site in sites if site.is_at(frame)), None)
        if here is not None:
            self.reached.add(here)
        return here is not None and here == self.off


def prove(path: Path, *, without: str | None, advance: Callable[[int], None]) -> dict[str, Any]:
    """Switch off one call after the other; with the control nobody verifies the store."""
    writes, looks = [*_writes()], [*_looks()]
    with patch(f"{__name__}.verify", lambda *_, **__: Verified()) if without else nullcontext():
        missed = [*_of_the_store(path, writes, advance=advance)]
    if without is None:
        missed += _of_the_record(path, looks, advance=advance)
    unseen = [str(site) for site, seen in missed if not seen]
    return {
        "id": "F30",
        "writes": len(writes),
        "looks": len(looks),
        "without": without or "",
        "caught": len(missed) - len(unseen),
        "not_caught": len(unseen),
        "examples": unseen,
    }


# Writes of the store


def _writes() -> Iterator[Site]:
    """Every call that records what a transaction leaves changed."""
    for file in sorted(Path(stores.__file__).parent.glob("*.py")):
        for node in _calls(file):
            called = node.func
            if not isinstance(called, ast.Attribute):
                continue
            of = ast.unparse(called.value)
            is_change = called.attr in ("put", "gone") and of.endswith("changes")
            of_itself = file.name == "bound.py" and (of, called.attr) == ("self", "put")
            if is_change or of_itself or called.attr == "bind" or (of, called.attr) == _ANEW:
                yield _site(file, node, called.attr)


_ANEW: Final = ("bound", "anew")


def _of_the_store(
    path: Path, sites: Sequence[Site], *, advance: Callable[[int], None]
) -> Iterator[tuple[Site, bool]]:
    switch = Switch()
    with _switched_store(switch, sites):
        assert not _work(path / "all.db"), "the store has flaws with all calls on"
        reached = set(switch.reached)
        for number, site in enumerate(sites):
            switch.off = site
            yield site, site in reached and _work(path / f"{number}.db")
            advance(1)


@contextmanager
def _switched_store(switch: Switch, sites: Sequence[Site]) -> Iterator[None]:
    def unless_off(function: Callable[..., Any]) -> Callable[..., Any]:
        def called(*given: Any, **more: Any) -> Any:
            return None if switch.is_off(sites) else function(*given, **more)

        return called

    with ExitStack() as stack:
        for where, name in (
            (bound.Changes, "put"),
            (bound.Changes, "gone"),
            (Transaction, "bind"),
            (bound, "anew"),
        ):
            stack.enter_context(patch.object(where, name, unless_off(getattr(where, name))))
        yield


def _work(path: Path) -> bool:
    """Everything that the store can do, once; whether `hub audit verify` finds it amiss."""
    database = Database(f"sqlite:///{path}", Vault(bytes(32)))
    database.create_tables()
    fill_all(database)
    failures.note(database, "part one", error="ValueError", again_in=2)
    failures.note(database, "part three", error="ValueError", again_in=None)
    failures.started(database, "part three")
    _rotate(database)
    with database.transaction() as transaction:
        fill(transaction, "seventh")
        queues.acknowledge(transaction, "police", ids=["three"])
        queues.take_back(transaction, ["one"])
        timers.take_due(transaction, limit=1)
        people.unfile(transaction, [(7, 3)])
        cursors.rewind(transaction, "rate/one", offset=0)
        outbox.sent(transaction, [1])
        buried = dead_letters.load(transaction, "one")
        assert buried is not None
        dead_letters.settle(transaction, replace(buried, state=DeadLetterState.DISCARDED))
        pauses.end(transaction, pauses.current(transaction.connection, 0)[0])
    destroy(database, ["three"])
    grow(database)
    flaws = verify(place(database), contents=False).flaws
    flaws += _filed_anew(database)
    database.close()
    return bool(flaws)


def _filed_anew(database: Database) -> list[Any]:
    """A whole table made again: after this alone, as it records the table as it is."""
    with database.transaction() as transaction:
        people.file_anew(transaction, [(9, 3)])
    grow(database)
    return verify(place(database), contents=False).flaws


def _rotate(database: Database) -> None:
    database.vault = Vault(HeldKeys(os.urandom(32), bytes(32)))
    after: str | None = ""
    while after is not None:
        _, _, after = rotating.wrap_anew(database, after=after)


# Looks at the record, and what people do with it


def _looks() -> Iterator[Site]:
    """Every call that records what somebody looked at, was denied or did."""
    for module in (*_PLACES, *map(import_module, _MORE_PLACES)):
        file = Path(str(module.__file__))
        for node in _calls(file):
            called = node.func
            if isinstance(called, ast.Name) and called.id in _names(module):
                yield _site(file, node, called.id)
            elif ast.unparse(called) == "journal.append" and _is_of_an_act(module, node):
                yield _site(file, node, "journal.append")


def _is_of_an_act(module: ModuleType, call: ast.Call) -> bool:
    """What is put on a topic of its own is a message to be heard again, not a record of an act."""
    heard = any(keyword.arg == "on" for keyword in call.keywords)
    return module in (mending, keeping, erased) and not heard


def _names(module: ModuleType) -> tuple[str, ...]:
    """Of those that record; the list of what was erased is kept by another `note`."""
    others = ("note",) if module in (keeping, erased) else ()
    return tuple(name for name in _RECORDS if hasattr(module, name) and name not in others)


def _of_the_record(
    path: Path, sites: Sequence[Site], *, advance: Callable[[int], None]
) -> Iterator[tuple[Site, bool]]:
    _, hub = filled_hub(path / "hub", notifications=1)
    switch, reaching = Switch(), dict[Site, set[int]]()
    with _switched_record(switch, sites):
        assert not _look(hub, path, switch, reaching), "something is missed with all calls on"
        for site in sites:
            switch.off = site
            acts = reaching.get(site, set())
            yield site, bool(acts) and _look(hub, path, switch, {}, only=acts)
            advance(1)
    hub.database.close()


@contextmanager
def _switched_record(switch: Switch, sites: Sequence[Site]) -> Iterator[None]:
    """What is off does all it does but to record; what it calls in turn does not record either."""

    def muted(function: Callable[..., Any]) -> Callable[..., Any]:
        def called(*given: Any, **more: Any) -> Any:
            off = switch.is_off(sites)
            switch.muted += off
            try:
                return function(*given, **more)
            finally:
                switch.muted -= off

        return called

    append = journal.append

    def unless_muted(*given: Any, **more: Any) -> None:
        if not (switch.is_off(sites) or switch.muted):
            append(*given, **more)

    with ExitStack() as stack:
        for module in (*_PLACES, *map(import_module, _MORE_PLACES)):
            for name in _names(module):
                wrapped = muted(getattr(module, name))
                stack.enter_context(patch.object(module, name, wrapped))
        stack.enter_context(patch.object(journal, "append", unless_muted))
        yield


def _look(
    hub: Hub,
    path: Path,
    switch: Switch,
    reaching: dict[Site, set[int]],
    *,
    only: Collection[int] = (),
) -> bool:
    """Whether anything that is done here, or ``only`` of these acts, is missing in the record, or
    has no leaf there; notes which acts are ``reaching`` a call.
    """
    first = not only or 0 in only
    acts = Acts(_with_other_rules(hub) if first else hub, path)
    expected, before = Counter[str](), _under_leaves(hub)
    for number, (act, types) in enumerate(acts.all()):
        if only and number not in only:
            continue
        switch.reached.clear()
        with suppress(Denied, Refused):
            act()
        expected.update(types)
        for site in switch.reached:
            reaching.setdefault(site, set()).add(number)
    grown(hub)
    return _under_leaves(hub) - before != expected


def _with_other_rules(hub: Hub) -> Hub:
    """By rules that nobody has gone by yet: that is recorded, too."""
    return replace(hub, access=hub.access.model_copy(update={"version": str(uuid4())}))


def _under_leaves(hub: Hub) -> Counter[str]:
    """How many there are of each type that says what somebody did to the record."""
    query = (
        "SELECT type, count(*) AS count_ "
        "FROM journal JOIN leaves ON leaves.position = journal.position "
        "WHERE topic LIKE 'records.%' OR topic = 'dead_letters.settled' GROUP BY type"
    )
    with hub.database.reading() as connection:
        rows = connection.exec_driver_sql(query).all()
    return Counter({row.type: row.count_ for row in rows})


_Act = tuple[Callable[[], object], Sequence[str]]
_DENIED: Final = ("mash.access.denied.v1",)
_SHOWN: Final = ("mash.record.revealed.v1",)


@dataclass(slots=True)
class Acts:
    """What people do to the record, each with what is to be recorded of it."""

    hub: Hub
    path: Path
    why: str = field(default_factory=lambda: str(uuid4()))

    def by(self, name: str, purpose: Purpose = Purpose.AUDIT) -> Asker:
        return asker(self.hub, name, why=self.why, purpose=purpose)

    def all(self) -> Iterator[_Act]:
        """In this order."""
        yield from self._asked()
        yield from self._shown()
        yield from self._of_a_dead_letter(str(uuid4()))
        yield from self._kept()
        yield (lambda: doors.Doors(self.hub).refused("police"), _DENIED)

    def _asked(self) -> Iterator[_Act]:
        hub, case, auditor = self.hub, self._case(), self.by("J. Auditor")
        adopted = "mash.access-rules.adopted.v1"
        accessed = "mash.record.accessed.v1"
        yield lambda: who.newest(hub, case, asker=auditor), (adopted, accessed)
        yield lambda: who.newest(hub, case, asker=self.by("D. Manager")), _DENIED
        period = owned.Period()
        yield lambda: owned.ask(hub, "police", asker=auditor, period=period), (accessed,)

    def _shown(self) -> Iterator[_Act]:
        hub, case, auditor = self.hub, self._case(), self.by("J. Auditor")
        yield lambda: as_of.as_of(hub, self._decision(), asker=auditor), _SHOWN * 2
        yield lambda: trail.reveal(hub, case, asker=auditor), _SHOWN
        yield lambda: trail.reveal(hub, case, asker=self.by("A. Operator")), _DENIED
        yield self._export, _SHOWN
        look = next(one for one in reviews.looks(hub) if one.state != "reviewed")
        yield lambda: self._review(look.id, "D. Manager"), _DENIED
        yield lambda: self._review(look.id, "R. Reviewer"), ("mash.reveal.reviewed.v1",)

    def _export(self) -> None:
        """Only what is signed is given away."""
        grown(self.hub)
        court = self.by("J. Auditor", Purpose.DISCLOSURE)
        disclosure.export(self.hub, self._case(), asker=court)

    def _review(self, id_: str, name: str) -> None:
        reviews.review(self.hub, id_, asker=self.by(name), in_order=True)

    def _of_a_dead_letter(self, id_: str) -> Iterator[_Act]:
        hub, operator = self.hub, self.by("A. Operator", Purpose.MENDING)
        with hub.database.transaction() as transaction:
            dead_letters.bury(transaction, [dead(id_)])
        person, may = Person("A. Operator", self.why), dead_letter_commands._permit
        yield lambda: mending.reveal(hub, id_, asker=operator), ("mash.dead-letter.revealed.v1",)
        yield lambda: mending.reveal(hub, id_, asker=self.by("D. Manager")), _DENIED
        yield lambda: may(hub, "D. Manager", why=self.why, id_=id_), _DENIED
        discarded = ("mash.dead-letter.discarded.v1",)
        yield lambda: mending.discard(hub, id_, person=person), discarded

    def _kept(self) -> Iterator[_Act]:
        hub, case = self.hub, self._case()
        records, other = (Person(name, self.why) for name in ("B. Records", "A. Operator"))
        yield lambda: keeping.hold(hub, case, person=records), ("mash.record-hold.added.v1",)
        yield lambda: keeping.hold(hub, case, person=other), _DENIED
        with hub.database.view() as view:
            found = keeping.holds(view)
        held = found[-1].hold_id if found else ""
        lifted = ("mash.record-hold.lifted.v1",)
        yield lambda: keeping.lift(hub, held, person=records), lifted
        yield self._erase, ("mash.case.erased.v1",)

    def _erase(self) -> None:
        file, id_ = self.path / f"{uuid4()}.jsonl", str(uuid4())
        erased.note(file, Erasure(id_, self.hub.database.clock(), erasure(str(uuid4()))))
        erased.apply(self.hub.database, file)

    def _case(self) -> str:
        return self._first("subject")

    def _decision(self) -> str:
        return self._first("message_id")

    def _first(self, column: str) -> str:
        query = f"SELECT {column} FROM journal WHERE type = 'mash.rating.decided.v1'"  # noqa: S608
        with self.hub.database.reading() as connection:
            return str(connection.exec_driver_sql(query).scalar())


def _calls(file: Path) -> Iterator[ast.Call]:
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Call):
            yield node


def _site(file: Path, node: ast.Call, name: str) -> Site:
    return Site(str(file), node.lineno, node.end_lineno or node.lineno, name)
