"""F30: effects equal leaves. Every write of the store is under a leaf, and so is every look at the
record; each call that records one is switched off by itself, and has to be missed.

Which calls there are is read from the source, so that none is forgotten: one that nothing here
reaches is told, and fails the proof as one that is not missed does.
"""

from __future__ import annotations

import ast
import os
import re
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

from sqlalchemy import func, select

import ops
import stores
from ops.access import noting, recording
from ops.access.acting import Denied
from ops.access.noting import OPERATIONS
from ops.look.verify import Verified, verify
from ops.mend.dead_letters import Refused
from ops.run.erased import CHAIN
from ops.run.wiring import Hub
from stores import (
    bound,
    cursors,
    dead_letters,
    failures,
    journal,
    known,
    outbox,
    pauses,
    people,
    queues,
    reference_parts,
    rotating,
    tables,
    timers,
)
from stores.database import Database, Transaction
from stores.dead_letters import DeadLetterState
from stores.vault import Vault
from stores.wrapping import HeldKeys
from tests.proofs.f30_acts import Acts, worked
from tests.support.erasing import destroy
from tests.support.filled import grown
from tests.support.full_store import fill, fill_all, grow, letter, place

CONTROLS: Final = ("verify",)
_CODE: Final = Path(ops.__file__).parent.parent


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
    modules = [*_modules()]
    writes, looks = [*_writes()], [*_looks(modules)]
    with patch(f"{__name__}.verify", lambda *_, **__: Verified()) if without else nullcontext():
        missed = [*_of_the_store(path, writes, advance=advance)]
    if without is None:
        missed += _of_the_record(path, looks, modules=modules, advance=advance)
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
        queues.take_along(transaction, {"red": letter("police")}, about={"red": "seventh"})
        queues.acknowledge(transaction, "police", ids=["three"])
        queues.take_back(transaction, ["one"])
        timers.take_due(transaction, limit=1)
        people.unfile(transaction, [(7, 3)])
        reference_parts.forget(transaction, ["police/one-4711"])
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
    return bool(flaws + _secret_given(path.with_suffix(".ids")))


def _secret_given(path: Path) -> list[Any]:
    """By what ids follow, in a store to which nothing came: where keys are wrapped anew later on,
    all of them are recorded.
    """
    database = Database(f"sqlite:///{path}", Vault(bytes(32)))
    database.create_tables()
    known.follow(database, bytes(range(32)))
    grow(database)
    flaws = verify(place(database), contents=False).flaws
    database.close()
    return flaws


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


def _modules() -> Iterator[ModuleType]:
    """Every part of the hub's operations in which it is recorded what people look at and do."""
    top = Path(ops.__file__).parent
    for file in sorted(top.rglob("*.py")):
        if _SAID.search(file.read_text("utf-8")):
            name = ".".join(file.relative_to(top.parent).with_suffix("").parts)
            if name not in _HEARD_AGAIN:
                yield import_module(name)


_RECORDERS: Final = (noting.note, recording.denied, recording.accessed, recording.permit_on_record)
"""What records a look or an act of somebody, beside whoever appends to the journal itself."""
_SAID: Final = re.compile(r"\bjournal\.append\(|\b(?:note|denied|accessed|permit_on_record)\(")
_HEARD_AGAIN: Final = ("ops.mend.reconciling",)
"""What is appended here was recorded before, and comes back from topics."""
_AT_DESKS: Final = ("ops.commands.", "ops.console.")
"""Commands and screens, of which more than one may ask by the same function of their own."""


def _looks(modules: Sequence[ModuleType]) -> Iterator[Site]:
    """Every call that records what somebody looked at, was denied or did."""
    for module in modules:
        file, records = Path(str(module.__file__)), [*_recorders(module)]
        names = {name for holder, name in records if holder is module}
        methods = {name for holder, name in records if holder is not module}
        for node in _calls(file):
            called = node.func
            if _is_called(called, names) or (
                isinstance(called, ast.Attribute) and called.attr in methods
            ):
                yield _site(file, node, ast.unparse(called))
            elif _appends(module, node):
                yield _site(file, node, "journal.append")


def _is_called(called: ast.expr, names: Collection[str]) -> bool:
    return isinstance(called, ast.Name) and called.id in names


def _appends(module: ModuleType, call: ast.Call) -> bool:
    """What is put on a topic of its own is a message to be heard again, not a record of an act."""
    heard = any(keyword.arg == "on" for keyword in call.keywords)
    is_journal = getattr(module, "journal", None) is journal
    return is_journal and ast.unparse(call.func) == "journal.append" and not heard


def _recorders(module: ModuleType) -> Iterator[tuple[Any, str]]:
    """What records, by what holds it and its name: what the module has of others, and its own."""
    names = [
        name for name, value in vars(module).items() if any(value is one for one in _RECORDERS)
    ]
    yield from ((module, name) for name in names)
    if module.__name__.startswith(_AT_DESKS):
        return

    def do(nodes: Sequence[ast.stmt]) -> Iterator[str]:
        for one in nodes:
            calls = _within(one) if isinstance(one, ast.FunctionDef) else ()
            if any(_is_called(call.func, names) or _appends(module, call) for call in calls):
                yield getattr(one, "name", "")

    body = ast.parse(Path(str(module.__file__)).read_text("utf-8")).body
    yield from ((module, name) for name in do(body) if name.startswith("_"))
    for one in body:
        if isinstance(one, ast.ClassDef) and one.name.startswith("_"):
            yield from ((getattr(module, one.name), name) for name in do(one.body))


def _of_the_record(
    path: Path,
    sites: Sequence[Site],
    *,
    modules: Sequence[ModuleType],
    advance: Callable[[int], None],
) -> Iterator[tuple[Site, bool]]:
    hub = worked(path / "hub")
    switch, reaching = Switch(), dict[Site, set[int]]()
    with _switched_record(switch, sites, modules=modules):
        if amiss := _look(hub, path, switch, reaching):
            raise AssertionError(f"with all calls on this is missed, or one too many: {amiss}")
        for site in sites:
            switch.off = site
            acts = reaching.get(site, set())
            yield site, bool(acts) and bool(_look(hub, path, switch, {}, only=acts))
            advance(1)
    hub.database.close()


@contextmanager
def _switched_record(
    switch: Switch, sites: Sequence[Site], *, modules: Sequence[ModuleType]
) -> Iterator[None]:
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
        for module in modules:
            for holder, name in [*_recorders(module)]:
                wrapped = muted(getattr(holder, name))
                stack.enter_context(patch.object(holder, name, wrapped))
        stack.enter_context(patch.object(journal, "append", unless_muted))
        yield


def _look(
    hub: Hub,
    path: Path,
    switch: Switch,
    reaching: dict[Site, set[int]],
    *,
    only: Collection[int] = (),
) -> dict[str, int]:
    """Of each type how many are recorded more than there should be of what is done here, or of
    ``only`` these acts; what is missing, or has no leaf, is below zero. Notes which acts are
    ``reaching`` a call.
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
    found = _under_leaves(hub)
    found.subtract(before)
    found.subtract(expected)
    return {type_: count for type_, count in found.items() if count}


def _with_other_rules(hub: Hub) -> Hub:
    """By rules that nobody has gone by yet: that is recorded, too."""
    return replace(hub, access=hub.access.model_copy(update={"version": str(uuid4())}))


def _under_leaves(hub: Hub) -> Counter[str]:
    """How many there are of each type that says what somebody did to the record."""
    entries = tables.journal
    query = (
        select(entries.c.type, func.count().label("count_"))
        .join(tables.leaves, tables.leaves.c.position == entries.c.position)
        .where(entries.c.chain.in_((OPERATIONS, CHAIN)))
        .group_by(entries.c.type)
    )
    with hub.database.reading() as connection:
        rows = connection.execute(query).all()
    return Counter({row.type: row.count_ for row in rows})


def _within(node: ast.AST) -> Iterator[ast.Call]:
    return (one for one in ast.walk(node) if isinstance(one, ast.Call))


def _calls(file: Path) -> Iterator[ast.Call]:
    yield from _within(ast.parse(file.read_text("utf-8")))


def _site(file: Path, node: ast.Call, name: str) -> Site:
    return Site(str(file), node.lineno, node.end_lineno or node.lineno, name)
