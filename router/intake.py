"""Where what connectors took in is recorded: once, a transaction for some at a time, and only then
receipted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from hashlib import sha256

from router import manifests, possible, registered
from router.lane import Lane
from router.linkage.resends import plain_reference
from router.memory.references import References
from router.receiving import Receiving
from router.refuse import dead_arrival, refused, rejected, taken
from router.registered import Registered
from router.steps.deduplicate import decide as deduplicate
from router.steps.now import Now
from router.ways_in import SYSTEMS, source_of
from schemas.base import Fact
from schemas.decisions import AdultsDecided, ItemRuled, ReleaseDecided
from schemas.disagreements import DisagreementReceived
from schemas.information import InformationOffered
from schemas.keys import KeyDecided
from schemas.manifests import ManifestReceived
from schemas.message import Message, arrived, derived_id
from schemas.notification import NotificationReceived, Receipt, ReceiptStatus
from schemas.picture import DecidedOnPicture, Picture, PictureShown, Shown, shown_id
from schemas.policy import Policy
from schemas.refusals import Refusal
from stores import codec, cursors, dead_letters, journal, known, pictures, reds, references, said
from stores.database import Database, Transaction, Unstorable
from stores.dead_letters import DeadLetter
from stores.pauses import Pause, Pauses
from stores.ports import Arrival, Paused
from stores.vault import Unreadable

STEP = "intake"
_MOST_AT_ONCE = 25
"""Arrivals in one transaction: a Red that comes meanwhile waits for no more than these."""


class StoredIntake:
    """The intake of one database (:class:`stores.ports.Intake`)."""

    def __init__(self, database: Database, policy: Policy | None = None) -> None:
        """``policy``: by which it is read what may hold a Red, what goes ahead, and what receipts
        say of what happens next; None: all that is refused may hold one, what is said everywhere
        goes ahead, and receipts say nothing of that.
        """
        self._database = database
        self._policy = policy
        self._lane = Lane.of(policy.profile) if policy else Lane()
        self._pauses = Pauses(database)

    def take(self, arrivals: Sequence[Arrival]) -> list[Receipt]:
        """Record each arrival once; receipts in the same order. Raises only ``Unavailable``: then
        some may be recorded, and all of them can be sent again. So it does where somebody lets the
        agency's wait (``Paused``): what may be a Red is taken all the same.
        """
        if paused := self._paused(arrivals):
            return self._taken_though(paused, arrivals)
        receipts = []
        for start in range(0, len(arrivals), _MOST_AT_ONCE):
            receipts += self._part(arrivals[start : start + _MOST_AT_ONCE])
        return receipts

    def _paused(self, arrivals: Sequence[Arrival]) -> Pause | None:
        """By what they wait; what people send from their desks waits for nothing."""
        agencies = {one.agency for one in arrivals if one.connector in SYSTEMS}
        return self._pauses.of("feed", agencies) if agencies else None

    def _taken_though(self, paused: Pause, arrivals: Sequence[Arrival]) -> list[Receipt]:
        """Take what may be a Red, and raise :class:`Paused` if there is anything else."""
        urgent = [] if paused.reds else [one for one in arrivals if self._may_be_red(one)]
        receipts = self._part(urgent) if urgent else []
        if len(urgent) < len(arrivals):
            raise Paused(max(0.0, (paused.until - self._database.clock()) / 1_000_000))
        return receipts

    def _may_be_red(self, arrival: Arrival) -> bool:
        """Whether it says so, is about what may be one, or cannot be read and may be one."""
        if isinstance(arrival.body, Refusal):
            return possible.in_bytes(arrival.original, self._policy)
        if self._lane.takes(arrival.body):
            return True
        about = arrival.body.of_referral
        with self._database.view() as view:
            return bool(about and reds.among(view, {about}))

    def _part(self, arrivals: Sequence[Arrival]) -> list[Receipt]:
        try:
            return self._taken(arrivals)
        except Unstorable:
            return [self._apart(arrival) for arrival in arrivals]

    def _taken(self, arrivals: Sequence[Arrival]) -> list[Receipt]:
        told = (arrival.body for arrival in arrivals)
        first = any(self._lane.takes(one) for one in told if isinstance(one, Fact))
        if not first:
            self._database.lets_reds_pass()
        with self._database.transaction(first=first) as transaction:
            return take_in(transaction, arrivals, policy=self._policy, lane=self._lane)

    def _apart(self, arrival: Arrival) -> Receipt:
        """Its receipt, taken by itself; what no database takes is kept as it came, with nothing
        read from it.
        """
        try:
            return self._taken([arrival])[0]
        except Unstorable:
            why = Refusal("undecidable")
            bare = replace(arrival, event_id=None, source=None, source_key=None, reference=None)
            return self._taken([replace(bare, body=why)])[0]


def take_in(
    transaction: Transaction,
    arrivals: Sequence[Arrival],
    *,
    policy: Policy | None = None,
    lane: Lane | None = None,
) -> list[Receipt]:
    """Record arrivals, at least one, of one agency's connector in a transaction that goes on.

    What may be a Red goes ahead, by the borough's ``lane`` or by what is said everywhere.
    """
    cursor = cursors.lock(transaction, f"{STEP}/{arrivals[0].connector}/{arrivals[0].agency}")
    batch = _Batch(transaction, policy)
    receipts = batch.take(arrivals)
    told = (message.data for message in batch.messages)
    words = (one for one in told if isinstance(one, ReleaseDecided | ItemRuled))
    said.one_at_a_time(transaction, {one.decision.case_id for one in words})
    ahead = (lane or Lane()).ahead(transaction, batch.messages)
    journal.append(transaction, cursor, messages=batch.messages, ahead=ahead)
    dead_letters.bury(transaction, batch.dead)
    cursor.next_offset += len(arrivals)
    cursors.store(transaction, cursor)
    return [_compared(transaction, *one) for one in zip(arrivals, receipts, strict=True)]


def _compared(transaction: Transaction, arrival: Arrival, receipt: Receipt) -> Receipt:
    """A manifest's with what the hub has of it, all that came with it included."""
    body = _with_source(arrival).body
    if not isinstance(body, ManifestReceived) or receipt.status is ReceiptStatus.REJECTED:
        return receipt
    told = manifests.compare(transaction, body)
    return receipt.model_copy(update={"explanation": manifests.says(told)})


def arrival_key(arrival: Arrival) -> str:
    """What an arrival is known again by: the sender's source and id, or without an id the content.

    What comes without a source, as from a folder, is known by its id alone.
    """
    if arrival.event_id is not None:
        return known.event_key(arrival.agency, arrival.event_id, source_key=arrival.source_key)
    return derived_id(
        "content", arrival.agency, arrival.content_type, sha256(arrival.original).hexdigest()
    )


def _earlier_key(arrival: Arrival) -> str:
    """What it was known again by while ids were not yet told apart by their sources."""
    if arrival.event_id is None:
        return arrival_key(arrival)
    return known.event_key(arrival.agency, arrival.event_id, source_key=None)


class _Batch:
    """What one transaction will write, and what is known already of what came."""

    def __init__(self, transaction: Transaction, policy: Policy | None) -> None:
        self._policy = policy
        self.messages: list[Message] = []
        self.dead: list[DeadLetter] = []
        self._new: list[str] = []
        """The keys by which the new messages will be recognised."""
        self._transaction = transaction
        at = codec.from_micros(transaction.now)
        self._receiving = Receiving(Now(at, policy)) if policy else None
        self._ids: dict[str, str] = {}
        """The messages of arrivals, by what these are known again by."""
        self._known: dict[str, journal.Digest | Message] = {}
        """Digests of what came before, and the messages of this batch."""
        self._buried: set[str] = set()
        self._references = References(transaction)

    def take(self, arrivals: Sequence[Arrival]) -> list[Receipt]:
        arrivals = [_with_referral(self._transaction, arrival) for arrival in arrivals]
        arrivals = _with_shown(self._transaction, arrivals)
        arrivals = [_with_source(arrival) for arrival in arrivals]
        keys = [arrival_key(arrival) for arrival in arrivals]
        earlier = {_earlier_key(arrival) for arrival in arrivals if arrival.source_key}
        self._ids = known.load(self._transaction, [*keys, *earlier])
        self._known |= journal.digests(self._transaction, list(self._ids.values()))
        arrivals = self._with_keys(arrivals, keys)
        self._buried |= dead_letters.known_ids(
            self._transaction, map(known.refused_as, [*keys, *earlier])
        )
        messages = [self._message(*one) for one in zip(arrivals, keys, strict=True)]
        self._references.foresee([message for message in messages if message is not None])
        came = zip(arrivals, messages, keys, strict=True)
        receipts = [self._take_one(arrival, message, key=key) for arrival, message, key in came]
        known.note(self._transaction, self._new)
        return receipts

    def _with_keys(self, arrivals: Sequence[Arrival], keys: Sequence[str]) -> Sequence[Arrival]:
        """What is said of decision makers' keys, where nobody signed it who may, with why not."""
        if not any(isinstance(one.body, KeyDecided) for one in arrivals):
            return arrivals
        if self._policy is None:
            raise ValueError("what is said of keys is taken by a policy")
        at = codec.from_micros(self._transaction.now)
        policy, looked = Registered(self._policy).policy(self._transaction), list[Arrival]()
        for arrival, key in zip(arrivals, keys, strict=True):
            fact = arrival.body
            if isinstance(fact, KeyDecided) and key not in self._ids:
                why = registered.refusal(policy, fact, at=at)
                if why := why or registered.unproven(policy, fact, at=at):
                    looked.append(replace(arrival, body=why))
                    continue
                policy = registered.changed(policy, fact, at=at)
            looked.append(arrival)
        return looked

    def _message(self, arrival: Arrival, key: str) -> Message | None:
        if isinstance(arrival.body, Refusal):
            return None
        id_ = self._ids.get(key)
        if id_ is None and (before := self._before(arrival, arrival.body)):
            return before
        id_ = id_ or known.id_of(self._transaction, key)
        return self._arrived(arrival, arrival.body, id_=id_)

    def _before(self, arrival: Arrival, fact: Fact) -> Message | None:
        """The message it became while ids were not yet told apart by their sources.

        With other content it is another event, perhaps of another source.
        """
        id_ = self._ids.get(_earlier_key(arrival))
        digest = self._known.get(id_) if id_ else None
        if id_ is None or digest is None:
            return None
        message = self._arrived(arrival, fact, id_=id_)
        return message if self._same(digest, message) else None

    def _arrived(self, arrival: Arrival, fact: Fact, *, id_: str) -> Message:
        source = source_of(arrival.connector, arrival.agency)
        return arrived(fact, id_=id_, source=source, time=codec.from_micros(self._transaction.now))

    def _take_one(self, arrival: Arrival, message: Message | None, *, key: str) -> Receipt:
        if message is None:
            assert isinstance(arrival.body, Refusal)
            return self._reject(arrival, arrival.body)
        before = self._known.get(message.id)
        if before is None:
            self._known[message.id] = message
            self._new.append(key)
            self.messages.append(message)
            if self._transaction.noted is not None:
                self._transaction.noted.came(message.id, arrival.traceparent)
            return self._taken(arrival, message.id, duplicate_of=self._repeated(message))
        if not self._same(before, message):
            return self._reject(arrival, Refusal("refused.same-id", "id"))
        return self._taken(arrival, message.id, duplicate_of=message.id)

    def _taken(self, arrival: Arrival, id_: str, *, duplicate_of: str | None) -> Receipt:
        return taken(arrival, id_, duplicate_of=duplicate_of, receiving=self._receiving)

    def _repeated(self, message: Message) -> str | None:
        """The referral that a notification repeats, as far as is known before hop 2 decides."""
        if not deduplicate.STEP.concerns(message):
            return None
        if deduplicate.names_nothing(deduplicate.received(message).notification):
            return None
        known = self._references.recall(message) or deduplicate.ReferenceVersions()
        content = deduplicate.received(message).content_digest
        repeated = known.referral_with(content)
        if repeated is None:
            self._references.remember(message, known.and_also(content, message.id))
        return repeated

    def _same(self, known: journal.Digest | Message, message: Message) -> bool:
        """Whether it says the same; what was erased cannot say otherwise any more."""
        said = codec.encode(message.data)
        if isinstance(known, Message):
            return codec.encode(known.data) == said or _but_for_arrival(known, message)
        key = self._transaction.vault.key(self._transaction.connection, known.key_id)
        if key is None or key.digest(said) == known.value:
            return True
        before = journal.load(self._transaction, message.id)
        return before is not None and _but_for_arrival(before, message)

    def _reject(self, arrival: Arrival, why: Refusal) -> Receipt:
        dead_id, kept = self._place_of(arrival)
        dead = dead_arrival(arrival, why, step=STEP, dead_id=dead_id)
        if not kept:
            self._buried.add(dead_id)
            red = possible.in_bytes(arrival.original, self._policy)
            self.dead.append(replace(dead, may_be_red=int(red)))
            id_ = derived_id(dead_id, "refused")
            fact = refused(dead, may_be_red=red)
            self.messages.append(self._arrived(arrival, fact, id_=id_))
        return rejected(dead, arrival)

    def _place_of(self, arrival: Arrival) -> tuple[str, bool]:
        """The id of its dead letter, and whether that is kept already.

        Other bytes under an id that was refused before are another dead letter: a sender that
        corrects one fault and makes another is to hear of that one, and what it sent is to be kept.
        """
        first = known.refused_as(arrival_key(arrival))
        for id_ in dict.fromkeys((first, known.refused_as(_earlier_key(arrival)))):
            if id_ in self._buried and arrival.original in self._kept(id_):
                return id_, True
        if first not in self._buried:
            return first, False
        other = derived_id(first, sha256(arrival.original).hexdigest())
        return other, bool(self._kept(other))

    def _kept(self, dead_id: str) -> tuple[bytes | None, ...]:
        """What is kept under the id: as it came, and as somebody mended it."""
        for letter in self.dead:
            if letter.id == dead_id:
                return (letter.original,)
        try:
            found = dead_letters.load(self._transaction, dead_id)
        except Unreadable:
            return (None,)
        return (found.original, found.mended) if found else ()


def _with_referral(transaction: Transaction, arrival: Arrival) -> Arrival:
    """What an agency tells under a reference of its own, with the referral that it made.

    The first, where there were several versions: so what is sent again says the same.
    """
    body = arrival.body
    match body:
        case InformationOffered(offered=said) | DisagreementReceived(disagreement=said):
            reference = said.reference
        case _:
            return arrival
    if body.referral_id:
        return arrival
    if reference is None:
        return replace(arrival, body=Refusal("missing.field", "referral_id"))
    key = f"{body.agency}/{plain_reference(reference)}"
    for version in references.load(transaction, {key}):
        named = body.model_copy(update={"referral_id": version.referral_id})
        return replace(arrival, body=named)
    return replace(arrival, body=Refusal("refused.unknown-subject", "reference"))


def _with_source(arrival: Arrival) -> Arrival:
    """A manifest with the source within which its ids are meant."""
    if not isinstance(arrival.body, ManifestReceived):
        return arrival
    body = arrival.body.model_copy(update={"source_key": arrival.source_key})
    return replace(arrival, body=body)


def _with_shown(transaction: Transaction, arrivals: Sequence[Arrival]) -> Sequence[Arrival]:
    """Decisions with what the hub's record says of the pictures that they name as seen."""
    bodies = (arrival.body for arrival in arrivals)
    decided = [body for body in bodies if isinstance(body, DecidedOnPicture)]
    if not decided:
        return arrivals
    shown = pictures.load(transaction, {one.id for body in decided for one in body.seen})
    return [
        replace(one, body=_knowing(transaction, one.body, shown=shown))
        if isinstance(one.body, DecidedOnPicture)
        else one
        for one in arrivals
    ]


def _knowing(
    transaction: Transaction, body: DecidedOnPicture, *, shown: Mapping[str, Shown]
) -> DecidedOnPicture:
    known = body.knowing(shown)
    if not isinstance(known, AdultsDecided):
        return known
    own = (one.id for one in known.shown if one.agency == known.agency)
    messages = (journal.load(transaction, shown_id(id_)) for id_ in own)
    facts = (message.data for message in messages if message is not None)
    contents = (fact.picture.content for fact in facts if isinstance(fact, PictureShown))
    return known.showed_by(one for one in contents if isinstance(one, Picture))


def _but_for_arrival(one: Message, other: Message) -> bool:
    """Whether they differ in when they arrived alone, which was taken for a time not given."""
    facts = [message.data for message in (one, other)]
    said = [fact.notification for fact in facts if isinstance(fact, NotificationReceived)]
    return (
        len(said) == len(facts)
        and any(notification.observed_on_arrival for notification in said)
        and len({notification.content_digest() for notification in said}) == 1
    )
