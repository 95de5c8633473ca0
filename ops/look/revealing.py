"""Who looks at what agencies told asks the access rules, is recorded, and told to each of those
agencies (R46, R47).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from ops.access.acting import Asker, Denied
from ops.access.items import OF_THE_HUB, Items, Kept, is_told, referrals_in, works_on
from ops.access.noting import OPERATIONS, UNKNOWN, note
from ops.access.recording import denied, granted
from ops.access.silence import unsaid
from ops.look.reading import Guarded, Readable
from ops.run.wiring import Hub
from router.access.decide import decide
from schemas.access import Access, Act, Answer, Existence, Question, Resource, Verdict
from schemas.base import Shape
from schemas.letter import Letter
from schemas.message import Message, derived_id
from schemas.notices import ContentRevealed
from schemas.notification import NotificationReceived
from schemas.operations import RecordRevealed
from stores import codec, cursors, linking, queues, trail
from stores.database import Transaction
from stores.trail import Entry


@dataclass(frozen=True, slots=True)
class Sight:
    """What of some entries somebody may see, by the access rules."""

    hub: Guarded
    asker: Asker
    act: Act
    resource: Resource
    items: Items
    assigned: bool
    now: int

    def answer(self, item: Kept) -> Answer:
        """What the rules say of an item."""
        return decide(self.hub.access, self.question(item))

    def question(self, item: Kept) -> Question:
        """What is asked of the rules about an item."""
        on = codec.from_micros(self.now).date()
        return self.asker.question(
            self.act, self.resource, on=on, item=item, assigned=self.assigned
        )

    def is_open(self, item: Kept) -> bool:
        """Whether its words may be shown."""
        return self.answer(item).verdict is Verdict.ALLOW

    def knows_of(self, item: Kept) -> bool:
        """Whether they may know that an item is there: the rules say of silent ones."""
        silent = item.to(self.asker.agency) is Existence.SILENT
        return not silent or self.answer(item).verdict is not Verdict.DENY

    def known(self, entries: Iterable[Entry]) -> list[Entry]:
        """These entries as if what they may not know of had never been told."""
        known = ((entry, unsaid(entry, self.items, knows_of=self.knows_of)) for entry in entries)
        return [
            replace(entry, message=replace(entry.message, data=fact))
            for entry, fact in known
            if fact is not None
        ]

    def read(self, entries: Sequence[Entry], beside: Sequence[Shape]) -> list[Entry]:
        """These entries, and those that told what they and what is shown beside them repeat."""
        found = {entry.message.id: entry for entry in entries}
        for shown in (*(entry.message.data for entry in entries), *beside):
            for id_, entry in self.items.repeated(shown, is_open=self.is_open).items():
                found.setdefault(id_, entry)
        return [*found.values()]

    def of(self, entry: Entry) -> Answer:
        """Of everything that an entry holds, the strictest answer."""
        return max(map(self.answer, self.items.held(entry)), key=_strictness)


def _strictness(answer: Answer) -> int:
    return list(Verdict).index(answer.verdict)


@dataclass(frozen=True, slots=True)
class Seen:
    """Entries with whether their words are shown; of what is not among them there is no trace."""

    entries: Sequence[tuple[Entry, bool]] = ()
    sight: Sight | None = None
    refused: Denied | None = None

    def or_refused(self) -> Seen:
        """Raise :class:`Denied` where nothing may be seen: once that is committed."""
        if self.refused is not None:
            raise self.refused
        return self


def see(
    hub: Hub,
    transaction: Transaction,
    *,
    entries: Sequence[Entry],
    wanted: str,
    asker: Asker,
    resource: Resource,
    act: Act = Act.REVEAL,
    among: Sequence[Entry] = (),
    beside: Sequence[Shape] = (),
) -> Seen:
    """What of these entries somebody may see. That they are shown it, or denied all of it, is
    recorded first, and whose it is are told. Raises ``NobodyReviews``.

    ``among``: others of the case, by which whose items these repeat is known. ``beside``: what they
    are shown with these, as far as the rules let them.
    """
    items = Items(_signposts(hub))
    items.learn((*among, *entries))
    items.learn(_elsewhere(transaction, (*among, *entries), beside))
    assigned = works_on((*among, *entries), name=asker.who, agency=asker.agency)
    sight = Sight(hub, asker, act, resource, items, assigned, transaction.now)
    if act is not Act.EXPORT:  # what is taken away is the record itself, byte for byte
        entries = sight.known(entries)
    found = [(entry, sight.of(entry)) for entry in entries]
    shown = [(entry, answer) for entry, answer in found if answer.verdict is Verdict.ALLOW]
    if not shown:
        return _nothing(sight, transaction, found=found, wanted=wanted)
    cursor = cursors.lock(transaction, OPERATIONS)
    by = [answer for _, answer in shown]
    access = granted(hub, transaction, cursor=cursor, asker=asker, wanted=wanted, by=by, act=act)
    read = sight.read([entry for entry, _ in shown], beside)
    _reveal(sight, transaction, entries=read, wanted=wanted, access=access)
    return Seen(_visible(found), sight)


def _visible(found: Sequence[tuple[Entry, Answer]]) -> list[tuple[Entry, bool]]:
    """What is shown, with its contents or without them."""
    return [
        (entry, answer.verdict is Verdict.ALLOW)
        for entry, answer in found
        if answer.verdict in (Verdict.ALLOW, Verdict.MASK)
    ]


def looked_at(hub: Guarded, entries: Sequence[Entry], *, asker: Asker, now: int) -> list[Entry]:
    """These entries without their contents, as far as somebody may know what they are about."""
    items = Items(_signposts(hub))
    items.learn(entries)
    sight = Sight(hub, asker, Act.LOOK, Resource.TRAIL, items, assigned=False, now=now)
    return sight.known(entries)


def knows_of(
    hub: Guarded,
    entries: Sequence[Entry],
    *,
    asker: Asker,
    act: Act,
    resource: Resource,
    now: int,
) -> set[str]:
    """The ids of those of these messages that somebody may know to be there: of a notification as
    its owner says of the whole of it.
    """
    items = Items(_signposts(hub))
    items.learn(entries)
    sight = Sight(hub, asker, act, resource, items, assigned=False, now=now)
    return {entry.message.id for entry in entries if all(map(sight.knows_of, items.whole(entry)))}


def _nothing(
    sight: Sight, transaction: Transaction, *, found: Sequence[tuple[Entry, Answer]], wanted: str
) -> Seen:
    """Nothing is there, which is said to whoever might have seen it; or all of it is denied.

    Why does not depend on what the entries hold: that would tell of them.
    """
    whole = sight.answer(OF_THE_HUB)
    if not found and whole.verdict is Verdict.ALLOW:
        return Seen()
    allowed = whole.verdict in (Verdict.ALLOW, Verdict.MASK)
    answer = Answer(Verdict.DENY, None) if allowed else whole
    denied(
        sight.hub,
        transaction,
        cursor=cursors.lock(transaction, OPERATIONS),
        asker=sight.asker,
        act=sight.act,
        resource=sight.resource,
        wanted=wanted if found else UNKNOWN,
        by=answer,
        about=_about([entry for entry, _ in found], wanted) if found else None,
    )
    # What is let as a whole, and of which nothing is shown, would be so for another purpose too.
    rules = None if allowed else sight.hub.access
    question = sight.question(OF_THE_HUB)
    return Seen(refused=Denied(sight.asker, answer, question=question, rules=rules))


def _elsewhere(
    transaction: Transaction, entries: Sequence[Entry], beside: Sequence[Shape]
) -> Iterator[Entry]:
    """What was told of the child and its family at other times, which pictures show as well."""
    named = referrals_in((*(entry.message.data for entry in entries), *beside))
    for id_ in sorted(named - {entry.message.correlation_id for entry in entries}):
        yield from trail.about(transaction.connection, transaction.vault, wanted=id_)


def _signposts(hub: Readable) -> Callable[[str], bool]:
    """Whether an agency's agreement lets it be named as holding something (R34)."""

    def signposts(code: str) -> bool:
        agency = hub.settings.agencies.get(code)
        return bool(agency and agency.agreement and agency.agreement.signposts)

    return signposts


def _reveal(
    sight: Sight,
    transaction: Transaction,
    *,
    entries: Sequence[Entry],
    wanted: str,
    access: Access,
) -> None:
    """Record that somebody is shown these entries, at least one, and tell whose they are."""
    ids = tuple(entry.message.id for entry in entries)
    who, why = sight.asker.who or "", sight.asker.why or ""
    said = {"message_ids": ids, "seen_by": who, "why": why, "access": access}
    fact = RecordRevealed.model_validate({"record_id": wanted, "act": sight.act} | said)
    cursor = cursors.lock(transaction, OPERATIONS)
    message = note(transaction, cursor, fact=fact, about=_about(entries, wanted))
    _tell_owners(sight, transaction, message=message, entries=entries, access=access)


def _tell_owners(
    sight: Sight,
    transaction: Transaction,
    *,
    message: Message,
    entries: Sequence[Entry],
    access: Access,
) -> None:
    """Tell each agency whose messages are among these entries who was shown them, as ``message``
    records; once for all looks that belong together.
    """
    before = _told_before(transaction, message, access) if access.continues else set()
    told = [entry.message for entry in entries if is_told(entry) and entry.message.id not in before]
    for agency in sight.hub.settings.agencies:
        theirs = [one for one in told if one.data.of_agency == agency]
        if theirs:
            notice = ContentRevealed(
                record="referral",
                message_ids=tuple(one.id for one in theirs),
                references=tuple(dict.fromkeys(_references(theirs))),
                seen_by=sight.asker.who or "",
                why=sight.asker.why or "",
                seen_at=message.time,
                exported=sight.act is Act.EXPORT,
                **of_access(sight.hub, access),
            )
            tell(transaction, message, agency=agency, notice=notice)


def _told_before(transaction: Transaction, look: Message, access: Access) -> set[str]:
    """What owners were told of by the look that this one belongs to, and by others of that."""
    first, about = access.continues, look.correlation_id
    looks = linking.about(
        transaction.connection, transaction.vault, ids=[about], types=[RecordRevealed]
    )
    facts = ((one.message.id, one.message.data) for one in looks if one.message.id != look.id)
    return {
        told
        for id_, fact in facts
        if isinstance(fact, RecordRevealed)
        and (id_ == first or (fact.access and fact.access.continues == first))
        for told in fact.message_ids
    }


_TO_DO: Final = (
    "Nothing, where you find it in order. Where you do not: ring, say who looked and when, and ask "
    "for who reviews it, or for the information risk owner."
)


def of_access(hub: Guarded, access: Access) -> dict[str, Any]:
    """What an owner is told of what for, as what, by whom it is reviewed by when, and whom to ring
    who does not find it in order.
    """
    lead = hub.settings.agencies.get(hub.settings.lead_agency)
    return {
        "seen_for": access.agency,
        "seen_as": access.roles,
        "review_due_at": access.review_due_at,
        "to_do": _TO_DO,
        "contact": lead.signpost_contact if lead else None,
        "purpose": access.purpose,
        "emergency": access.break_glass,
        "reviewed_by": access.review_by,
    }


def _about(entries: Sequence[Entry], wanted: str) -> str:
    """The referral that was asked for, or the first of the case."""
    found = [entry.message.correlation_id for entry in entries]
    return wanted if wanted in found else found[0]


def _references(messages: Iterable[Message]) -> Iterator[str]:
    for one in messages:
        if isinstance(one.data, NotificationReceived):
            yield one.data.notification.reference


def tell(
    transaction: Transaction, message: Message, *, agency: str, notice: ContentRevealed
) -> None:
    """Put on an agency's queue that something of its own was read, as ``message`` records."""
    letter = Letter(f"revealed/{agency}", agency=agency, notice=notice)
    id_ = derived_id(message.id, letter.key)
    queues.post(transaction, {id_: letter}, about={id_: message.correlation_id})
