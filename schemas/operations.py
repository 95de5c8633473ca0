"""What people of the hub do themselves: mend, redrive, discard dead letters, look at contents."""

from __future__ import annotations

from operator import not_
from typing import Annotated, Literal

from pydantic import Field

from schemas.access import Access, AccessRules, Act, Proof, Resource, Role
from schemas.base import AgencyFact, Code, Fact, Identity, Instant, Line, Shape
from schemas.notification import DeadLetterId, Digest


class DeadLetterFact(
    AgencyFact, DeadLetterId, topic="dead_letters.settled", subject="dead_letter_id"
):
    """What somebody did with a dead letter; ``proven``: how they showed who they are, None before
    that was kept.
    """


class DeadLetterMended(DeadLetterFact, type="mash.dead-letter.mended.v1"):
    """The faulty field was corrected; the original is kept beside what it was mended to (R47)."""

    field: Line
    decided_by: Line
    why: Line
    proven: Proof | None = Field(default=None, exclude_if=lambda told: told is None)


class DeadLetterRedriven(DeadLetterFact, type="mash.dead-letter.redriven.v1"):
    """It was sent again, as it came or mended, under ids that a second redrive would repeat."""

    message_ids: tuple[Identity, ...]
    """Its ids from here on: of messages taken, or of the dead letters of those refused."""
    refused: int
    """How many of them were refused again."""
    decided_by: Line
    why: Line
    proven: Proof | None = Field(default=None, exclude_if=lambda told: told is None)
    and_by: Line | None = Field(default=None, exclude_if=not_)
    """Who else decided it: of many at a time two people do."""
    and_proven: Proof | None = Field(default=None, exclude_if=not_)


class DeadLetterDiscarded(DeadLetterFact, type="mash.dead-letter.discarded.v1"):
    """It was given up; its original stays, and nothing more is done with it."""

    decided_by: Line
    why: Line
    proven: Proof | None = Field(default=None, exclude_if=lambda told: told is None)
    and_by: Line | None = Field(default=None, exclude_if=not_)
    """Who else decided it: of many at a time two people do."""
    and_proven: Proof | None = Field(default=None, exclude_if=not_)


class DeadLettersFact(Fact, topic="dead_letters.settled", subject="asked_id"):
    """What somebody wants done with many dead letters at a time, which takes two people."""

    asked_id: Identity
    decided_by: Line
    why: Line
    proven: Proof | None = Field(default=None, exclude_if=not_)


class DeadLettersAsked(DeadLettersFact, type="mash.dead-letters.asked.v1"):
    """Somebody chose dead letters to be sent again or given up, and another is to agree."""

    act: Literal["redrive", "discard"]
    dead_letter_ids: Annotated[tuple[Identity, ...], Field(min_length=2)]


class DeadLettersDecided(DeadLettersFact, type="mash.dead-letters.decided.v1"):
    """Another person agreed, and it is done from here on; or it is not to be done."""

    agreed: bool


class DeadLetterRevealed(DeadLetterFact, type="mash.dead-letter.revealed.v1"):
    """Somebody read the original of a dead letter (R46)."""

    seen_by: Line
    why: Line
    access: Access | None = Field(default=None, exclude_if=lambda told: told is None)
    """By which rules; None before there were any."""


class WayInBroken(Fact, type="mash.way-in.broken.v1", topic="ways_in.broken", agency="agency"):
    """Messages of an agency do not come in, by one of its ways or one file of it; told once."""

    incident_id: Identity
    agency: Code | None
    """None: those of several."""
    connector: Code
    since: Instant
    why: Literal["manifest"] | None = Field(default=None, exclude_if=not_)
    """``manifest``: by its own count the agency sent more than came. None: the way in fails."""

    @property
    def subject(self) -> str:
        """This failing of it, from when it began."""
        return self.incident_id


class NotRenewed(Fact, type="mash.configuration.ended.v1", topic="ways_in.broken", agency="agency"):
    """What the hub goes by has ended by its date, and nobody has renewed it; told once."""

    incident_id: Identity
    agency: Code | None
    """Whose it is; None: everybody's."""
    what: Literal["access-rules", "encryption-key"]
    since: Instant

    @property
    def subject(self) -> str:
        """This end of it."""
        return self.incident_id


class PausedFlow(Shape):
    """What somebody lets wait: a step, what comes from an agency, or an agency's letters."""

    pause_id: Identity
    """Which pause, from when it began until it ends."""
    what: Literal["step", "feed", "queue"]
    name: Code
    """The step's, or the agency's."""


class FlowPaused(
    PausedFlow, Fact, type="mash.flow.paused.v1", topic="flows.paused", subject="pause_id"
):
    """Somebody lets it wait until a time, at which it goes on by itself."""

    reds: bool = Field(default=False, exclude_if=not_)
    """Whether what may be a Red waits too: then people are alarmed."""
    until: Instant
    decided_by: Line
    why: Line
    proven: Proof | None = Field(default=None, exclude_if=lambda told: told is None)


class FlowResumed(
    PausedFlow, Fact, type="mash.flow.resumed.v1", topic="flows.paused", subject="pause_id"
):
    """Somebody lets it go on before its time."""

    decided_by: Line
    why: Line
    proven: Proof | None = Field(default=None, exclude_if=lambda told: told is None)


class SendingAgain(Fact, topic="products.sent_again", subject="asked_id"):
    """What left for a recipient goes on its queue again, which takes two people: it had it, and has
    lost it.
    """

    asked_id: Identity
    decided_by: Line
    why: Line
    proven: Proof | None = Field(default=None, exclude_if=not_)


class SendingAgainAsked(SendingAgain, type="mash.sending-again.asked.v1"):
    """Somebody planned it, and another is to agree to exactly these."""

    recipient: Code
    product_ids: Annotated[tuple[Identity, ...], Field(min_length=1, max_length=1000)]


class SendingAgainDecided(SendingAgain, type="mash.sending-again.decided.v1"):
    """Another person agreed, and it may be started; or it is not to be done."""

    agreed: bool


class NotSentAgain(Shape):
    """A product that did not go, and why."""

    product_id: Identity
    why: Literal[
        "waits",
        "replaced",
        "returned",
        "recalled",
        "kept_back",
        "withheld",
        "ended",
        "unreadable",
    ]
    """``waits``: on its recipient's queue already, or never left; ``replaced``: by a later one;
    ``recalled``: it was taken back, ended or is wanted back; ``kept_back``: it may not be safe
    there; ``withheld``: an owner has said so since; ``ended``: what approved it is over;
    ``unreadable``: it was erased.
    """


class SentAgain(SendingAgain, type="mash.sending-again.done.v1"):
    """What went on its recipient's queue again, as the gate would have let it go at that moment,
    and what did not. ``decided_by``: who started it.
    """

    recipient: Code
    product_ids: tuple[Identity, ...]
    not_sent: tuple[NotSentAgain, ...] = ()
    left: int = 0
    """So many were not come to, as somebody cancelled it."""


class RecordRevealed(
    Fact, type="mash.record.revealed.v1", topic="records.revealed", subject="record_id"
):
    """Somebody read what the journal holds about a case, referral or product, or took it away in a
    file (R46, R47).
    """

    record_id: Identity
    """What they asked for."""
    act: Act = Field(default=Act.REVEAL, exclude_if=lambda act: act is Act.REVEAL)
    message_ids: tuple[Identity, ...]
    """What they were shown."""
    seen_by: Line
    why: Line
    access: Access | None = Field(default=None, exclude_if=lambda told: told is None)
    """By which rules; None before there were any."""


class RecordAccessed(
    Fact, type="mash.record.accessed.v1", topic="records.revealed", subject="record_id"
):
    """Somebody was let look at who saw or decided what, or at what the hub asks or tells their own
    agency: nothing that wants a review (R46, R47).
    """

    record_id: Identity
    """What they asked for."""
    act: Act
    record: Resource
    who: Line
    why: Line
    access: Access


class AccessDenied(
    Fact, type="mash.access.denied.v1", topic="records.revealed", subject="record_id"
):
    """Somebody asked to see or do what the access rules do not let them."""

    record_id: Identity
    """What they asked for; ``unknown`` where there is no such thing."""
    act: Act
    record: Resource
    who: Line | None
    """None: whoever may start commands, or an agency's system."""
    why: Line | None = Field(default=None, exclude_if=lambda said: said is None)
    access: Access


class RevealReviewed(
    Fact, type="mash.reveal.reviewed.v1", topic="records.revealed", subject="reveal_id"
):
    """A named person looked afterwards at why somebody was shown contents."""

    reveal_id: Identity
    """The message that records it."""
    in_order: bool
    reviewed_by: Line
    why: Line
    access: Access


class AccessRulesAdopted(
    Fact, type="mash.access-rules.adopted.v1", topic="records.revealed", subject="digest"
):
    """From here on these access rules are gone by: kept whole, so that years later it can be said
    by which rule somebody saw something.
    """

    digest: Digest
    rules: AccessRules


class PersonFact(Fact, topic="people.signed_in", subject="person_id"):
    """Somebody signed in or out, or tried to."""

    person_id: Identity
    """Of the name, which stands nowhere in the clear; ``unknown`` for who is nobody's name."""


class PasskeyId(Shape):
    """Which passkey."""

    passkey_id: Identity
    """A digest of what its authenticator calls it."""


class PasskeyUse(PasskeyId):
    """That somebody showed who they are with a passkey."""

    sign_count: int = Field(default=0, ge=0, exclude_if=not_)
    """How often it was used, as it counts itself; 0: it does not count."""


class PersonSignedIn(PersonFact, type="mash.person.signed-in.v1", agency="agency"):
    """Somebody showed who they are, and acts as that until they sign out, or ``ends_at``."""

    who: Line
    agency: Code
    roles: tuple[Role, ...]
    proven: Proof
    session: Identity
    """Which one it is: a digest of what its owner has."""
    ends_at: Instant
    passkey: PasskeyUse | None = Field(default=None, exclude_if=lambda used: used is None)


class PersonSignedOut(PersonFact, type="mash.person.signed-out.v1"):
    """Somebody's session was ended by themselves."""

    who: Line
    session: Identity


class SignInRefused(PersonFact, type="mash.sign-in.refused.v1"):
    """Somebody wanted to act as a person and did not show that they are."""

    proof: Proof
    """By what they would have had to."""
    reason: Code
    account: Line | None = Field(default=None, exclude_if=lambda said: said is None)
    """The operating system's account that tried, where it was on the hub's machine."""


class PasskeyOffered(PersonFact, type="mash.passkey.offered.v1"):
    """Whoever keeps the hub gave somebody a code with which they register a passkey, once."""

    who: Line
    code: Digest
    """Of the code."""
    ends_at: Instant
    account: Line
    """The operating system's account that gave it."""


class PasskeyRegistered(PersonFact, PasskeyId, type="mash.passkey.registered.v1"):
    """Somebody registered a passkey: from now on they sign in with it. The private key never leaves
    its authenticator.
    """

    who: Line
    label: Line
    """As its owner calls it."""
    credential: Annotated[str, Field(min_length=1, max_length=2000)]
    """As its authenticator calls it, in base64url."""
    public: Annotated[str, Field(min_length=1, max_length=4000)]
    """Its public key, COSE in base64url."""
    sign_count: int = Field(default=0, ge=0, exclude_if=not_)
    code: Digest | None = Field(default=None, exclude_if=not_)
    """Of the code that was offered for it; None: who registered it had signed in."""


class PasskeyRemoved(PersonFact, PasskeyId, type="mash.passkey.removed.v1"):
    """A passkey opens nothing any more, and sessions that it began have ended."""

    who: Line
    why: Line
    account: Line | None = Field(default=None, exclude_if=not_)
    """The operating system's account that removed it; None: its owner did."""
