"""The linking step with its register behind it: facts go in one by one, as `handle` would put them,
and come out.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar

from ops.look.replay_memory import KeptPeople
from router.memory.documents import Memory
from router.memory.register import PeopleMemory
from router.step import Outcome
from router.steps.link.decide import STEP
from router.steps.link.register import Register
from schemas.base import Fact
from schemas.case import ChildLinked, OpenCase, OpenCaseReceived, Worker
from schemas.decisions import (
    LinkDecided,
    LinkDecision,
    PersonsDecided,
    PersonsDecision,
    Settled,
    SplitDecided,
    SplitDecision,
    UndoDecided,
    UndoDecision,
)
from schemas.message import Message
from schemas.notification import NotificationAccepted
from schemas.person import NHS_NUMBER, Address, Identifier, Name, PartialDate, Person
from schemas.policy import Policy, SystemCheck
from schemas.registers import RegisterEntry, RegisterEntryReceived
from stores.database import Database
from tests.support.given import NOON, child, notification, on_picture, policy, worker

LEAD = "childrens_social_care"
AREA = "e99999999"
F = TypeVar("F", bound=Fact)


class Remembers(Protocol):
    """Opens the memory of the step for one message."""

    def __call__(self) -> Any:
        """A context with the memory."""
        ...


class Linking:
    """Everything that linking heard, and what came of it, in order."""

    def __init__(self, memory: Remembers) -> None:
        self._memory = memory
        self.facts: list[Fact] = []
        self.policy = rules()

    def hear(self, fact: Fact, id_: str) -> Outcome[Register]:
        """Decide on one fact, and keep what follows."""
        message = Message(
            id=id_,
            source="test",
            time=NOON,
            key=AREA,
            correlation_id=fact.of_referral or id_,
            causation_id=None,
            data=fact,
        )
        with self._memory() as memory:
            memory.foresee([message])
            outcome: Outcome[Register] = STEP.decide(memory.recall(message), message, self.policy)
            if outcome.state is not None:
                memory.remember(message, outcome.state)
            memory.flush(memory._view)
        self.facts += outcome.facts
        return outcome

    def referral(
        self,
        id_: str,
        subject: Person | None = None,
        *,
        first: str | None = None,
        **changes: Any,
    ) -> ChildLinked:
        """A notification about a child, by default always the same one; how it was linked."""
        heard = self.hear_referral(id_, subject, first=first, **changes)
        (linked,) = of(ChildLinked, heard.facts)
        return linked

    def hear_referral(
        self,
        id_: str,
        subject: Person | None = None,
        *,
        first: str | None = None,
        **changes: Any,
    ) -> Outcome[Register]:
        """The same; everything that came of it."""
        fact = NotificationAccepted(
            referral_id=id_,
            agency="police",
            area=AREA,
            version=2 if first else 1,
            first_referral_id=first,
            notification=notification(
                reference=f"R-{id_}",
                observed_at=NOON + dt.timedelta(days=len(self.facts)),
                subject=subject or child(),
                **changes,
            ),
        )
        return self.hear(fact, f"{id_}-accepted")

    def open_case(
        self,
        id_: str,
        subject: Person | None = None,
        by: Worker | None = None,
        *,
        closes: str | None = None,
    ) -> Outcome[Register]:
        """The case system tells of a child with a worker; or that the case of this reference has
        none any more.
        """
        by = by or worker()
        case = OpenCase(
            reference=closes or by.case_reference,
            child=subject or child(),
            worker=None if closes else by,
            since=dt.date(2026, 1, 5),
        )
        return self.hear(OpenCaseReceived(agency=LEAD, area=AREA, open_case=case), id_)

    def entry(
        self,
        id_: str,
        subject: Person | None = None,
        *,
        agency: str = "early_help",
        **said: Any,
    ) -> Outcome[Register]:
        """The register of early help tells of a child that it knows."""
        told = {
            "system": "ecaf",
            "reference": "E-12",
            "involvement": "early help plan",
            "child": subject or child(),
        }
        entry = RegisterEntry.model_validate(told | said)
        fact = RegisterEntryReceived(
            agency=agency, area=AREA, entry_id=entry.entry_id(agency), entry=entry
        )
        return self.hear(fact, id_)

    def link(
        self, referral_id: str, person_id: str | None, *, id_: str = "d-link", agency: str = LEAD
    ) -> Any:
        """A human settles whose a referral is."""
        decision = LinkDecision(referral_id=referral_id, person_id=person_id, **WHO)
        decided = LinkDecided(agency=agency, area=AREA, decision=decision)
        return self.decide(on_picture(decided), id_)

    def persons(
        self, person_id: str, other: str, *, same: bool, id_: str = "d-persons", agency: str = LEAD
    ) -> Any:
        """A human settles whether two persons are one."""
        decision = PersonsDecision(person_id=person_id, other_person_id=other, same=same, **WHO)
        return self.decide(PersonsDecided(agency=agency, area=AREA, decision=decision), id_)

    def split(
        self,
        person_id: str,
        referrals: Sequence[str],
        to: str | None = None,
        *,
        id_: str = "d-split",
        agency: str = LEAD,
    ) -> Any:
        """A human takes referrals of a person to another."""
        decision = SplitDecision(
            person_id=person_id, referral_ids=tuple(referrals), to_person_id=to, **WHO
        )
        return self.decide(SplitDecided(agency=agency, area=AREA, decision=decision), id_)

    def undo(self, decision_id: str, *, id_: str = "d-undo", agency: str = LEAD) -> Any:
        """A human takes back a decision."""
        decision = UndoDecision(decision_id=decision_id, **WHO)
        return self.decide(UndoDecided(agency=agency, area=AREA, decision=decision), id_)

    def decide(self, decided: Settled, id_: str) -> Outcome[Register]:
        """A decision as it comes in."""
        return self.hear(decided, id_)

    def person(self, person_id: str) -> Any:
        """What is known of a person, encoded: equal bytes are an equal record."""
        with self._memory() as memory:
            (record,) = memory._persons([person_id])
            return record

    def rename_letter(self, referral_id: str, letter: str) -> None:
        """A referral was handed over by a letter of this id."""
        with self._memory() as memory:
            memory._load_evidence([referral_id])
            held = memory._evidence[referral_id].model_copy(update={"letter": letter})
            memory.remember(None, Register(evidence={referral_id: held}))
            memory.flush(memory._view)


WHO: dict[str, Any] = {"decided_by": "S. Worker", "rationale": "I asked the school"}


def another() -> Person:
    """A child with whom Tilly Thornbury is never confused."""
    return Person(
        identifier=(Identifier(value="9990000026", system=NHS_NUMBER),),
        name=(Name(given_name=("Barnaby",), family_name=("Quill",)),),
        date_of_birth=PartialDate(date=dt.date(2011, 9, 8)),
        address=(Address(line1="3 Old Mill Lane", city="Exampleton", postcode="ZZ99 4WW"),),
    )


def namesake() -> Person:
    """Somebody of Tilly Thornbury's name and birthday, and nothing else known: nobody can say
    who.
    """
    return child().model_copy(
        update={"identifier": (), "address": (), "contact": (), "related_person": ()}
    )


def rules() -> Policy:
    """The policy with the model that ships."""
    return policy().model_copy(update={"linkage_model": "default"})


ECAF = SystemCheck(system="ecaf", agency="early_help", kind="ecaf", answered_by="register")


def checked() -> Policy:
    """The same, and the borough keeps a register of what is below threshold."""
    return rules().model_copy(update={"checks": (ECAF,)})


def of(kind: type[F], facts: Sequence[Fact]) -> list[F]:
    """Those facts that are of this kind."""
    return [fact for fact in facts if isinstance(fact, kind)]


def refused(outcome: Outcome[Any]) -> tuple[str, str | None] | None:
    """Reason and field of a refusal."""
    return (outcome.refusal.reason, outcome.refusal.field) if outcome.refusal else None


def in_replay() -> Linking:
    """Linking as a replay remembers: in plain dicts."""
    kept = KeptPeople(STEP)

    @contextmanager
    def memory() -> Iterator[Memory[Register]]:
        yield kept

    return Linking(memory)


def in_store(database: Database) -> Linking:
    """Linking over a database, each message in a transaction of its own, with nothing kept decoded
    between them.
    """

    @contextmanager
    def memory() -> Iterator[Memory[Register]]:
        with database.transaction() as transaction:
            yield PeopleMemory(STEP, transaction)

    return Linking(memory)
