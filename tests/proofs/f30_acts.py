"""What people do to the record in F30, and what is to be recorded of each act."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final
from uuid import uuid4

from ops.access import attempts, doors, passkeys, reviews
from ops.access.acting import Asker, asker
from ops.access.sessions import Session
from ops.commands import dead_letters as dead_letter_commands
from ops.commands.reading import reading
from ops.console.approvals import second
from ops.console.dead_letters import asking
from ops.console.shell import Shell
from ops.demo.running import same_ids
from ops.look import as_of, child_search, disclosure, letters, owned, searching, trail, who
from ops.mend import bulk, pausing, replays, sending_again
from ops.mend import dead_letters as mending
from ops.mend import erasing as keeping
from ops.mend.dead_letters import Person
from ops.run import erased
from ops.run.erased import Erasure
from ops.run.wiring import Hub
from schemas.access import Act, Proof, Purpose, Resource
from schemas.decisions import ReleaseBegun
from schemas.erasure import CaseErased, HoldAdded, HoldLifted
from schemas.operations import (
    AccessDenied,
    AccessRulesAdopted,
    DeadLetterDiscarded,
    DeadLetterRevealed,
    DeadLettersAsked,
    DeadLettersDecided,
    FlowPaused,
    FlowResumed,
    PasskeyOffered,
    PasskeyRegistered,
    PasskeyRemoved,
    PersonSignedIn,
    PersonSignedOut,
    RecordAccessed,
    RecordRevealed,
    RevealReviewed,
    SendingAgainAsked,
    SendingAgainDecided,
    SentAgain,
    SignInRefused,
)
from stores import codec, dead_letters
from tests.support.erasing import erasure
from tests.support.filled import answer_letters, empty_hub, grown, notify
from tests.support.full_store import dead

Doing = tuple[Callable[[], object], Sequence[str]]
"""An act, and the types of what is to be recorded of it."""
DENIED: Final = (AccessDenied.type,)
SHOWN: Final = (RecordRevealed.type,)
ACCESSED: Final = (RecordAccessed.type,)
OPERATOR, MANAGER, AUDITOR = "A. Operator", "D. Manager", "J. Auditor"


def worked(path: Path) -> Hub:
    """A hub that was told of one child, and everybody has answered. What the simulated people do
    follows from ids, so these follow as in every demonstration: else there may be no decision of
    which anything can be shown.
    """
    _, hub = empty_hub(path)
    same_ids(hub)
    notify(hub, 1)
    while answer_letters(hub):
        hub.embedded().drain()
    doors.Doors(hub).refused("police")  # that the rules are recorded which came with it
    grown(hub)
    return hub


_ROUNDS: Final[Iterator[int]] = count()


def _reason(number: int) -> str:
    """Another each time, in letters: one with numbers in it may tell of somebody, such as by a
    telephone number, and nothing is held or erased for such a reason.
    """
    return f"round {str(number).translate(_LETTERS)} of a proof"


_LETTERS: Final = str.maketrans("0123456789", "bcdfghjklm")


@dataclass(slots=True)
class Acts:
    """What people do to the record."""

    hub: Hub
    path: Path
    why: str = field(default_factory=lambda: _reason(next(_ROUNDS)))

    def by(self, name: str, purpose: Purpose = Purpose.AUDIT) -> Asker:
        return asker(self.hub, name, why=self.why, purpose=purpose)

    def all(self) -> Iterator[Doing]:
        """In this order."""
        yield from self._asked()
        yield from self._found()
        yield from self._shown()
        yield from self._of_a_dead_letter(str(uuid4()))
        yield (
            self._two_agree,
            (
                *(DeadLettersAsked.type, DeadLettersDecided.type),
                *(DeadLetterDiscarded.type,) * 2,
            ),
        )
        yield from self._kept()
        yield from self._run()
        yield from self._signed_in()
        yield from self._at_desks()
        yield (lambda: doors.Doors(self.hub).refused("police"), DENIED)

    def _asked(self) -> Iterator[Doing]:
        hub, case, auditor = self.hub, self._case(), self.by(AUDITOR)
        adopted = (AccessRulesAdopted.type,)
        yield lambda: who.newest(hub, case, asker=auditor), adopted + ACCESSED
        yield lambda: who.newest(hub, case, asker=self.by(MANAGER)), DENIED
        period = owned.Period()
        yield lambda: owned.ask(hub, "police", asker=auditor, period=period), ACCESSED
        yield lambda: owned.newest(hub, "police", asker=auditor, period=period), ACCESSED

    def _found(self) -> Iterator[Doing]:
        """Who finds and follows messages, and has all decided again."""
        hub, operator, nobody = self.hub, self.by(OPERATOR), asker(self.hub, "L. Teacher")
        id_ = self._decision()
        yield lambda: searching.search(hub, id_, asker=operator), ACCESSED
        yield lambda: searching.search(hub, id_, asker=nobody), DENIED
        yield lambda: searching.follow(hub, id_, asker=operator), ACCESSED
        yield lambda: searching.tail(hub, asker=operator), ACCESSED
        yield lambda: replays.permitted_here(hub, None, asker=operator), ACCESSED
        yield lambda: replays.permitted_here(hub, None, asker=nobody), DENIED

    def _shown(self) -> Iterator[Doing]:
        hub, case, auditor = self.hub, self._case(), self.by(AUDITOR)
        yield lambda: as_of.as_of(hub, self._decision(), asker=auditor), SHOWN * 2
        yield lambda: trail.reveal(hub, case, asker=auditor), SHOWN
        yield lambda: trail.reveal(hub, case, asker=self.by(OPERATOR)), DENIED
        yield self._export, SHOWN
        look = next(one for one in reviews.looks(hub) if one.state != "reviewed")
        yield lambda: self._review(look.id, MANAGER), DENIED
        yield lambda: self._review(look.id, "R. Reviewer"), (RevealReviewed.type,)

    def _export(self) -> None:
        """Only what is signed is given away."""
        grown(self.hub)
        court = self.by(AUDITOR, Purpose.DISCLOSURE)
        disclosure.export(self.hub, self._case(), asker=court)

    def _review(self, id_: str, name: str) -> None:
        reviews.review(self.hub, id_, asker=self.by(name), in_order=True)

    def _of_a_dead_letter(self, id_: str) -> Iterator[Doing]:
        hub, operator = self.hub, self.by(OPERATOR, Purpose.MENDING)
        self._bury(id_)
        person, may = Person(OPERATOR, self.why), dead_letter_commands._permit
        yield lambda: mending.reveal(hub, id_, asker=operator), (DeadLetterRevealed.type,)
        yield lambda: mending.reveal(hub, id_, asker=self.by(MANAGER)), DENIED
        yield lambda: may(hub, MANAGER, why=self.why, id_=id_), DENIED
        yield lambda: mending.discard(hub, id_, person=person), (DeadLetterDiscarded.type,)

    def _bury(self, *ids: str) -> None:
        with self.hub.database.transaction() as transaction:
            dead_letters.bury(transaction, [dead(id_) for id_ in ids])

    def _two_agree(self) -> None:
        ids = (str(uuid4()), str(uuid4()))
        self._bury(*ids)
        one, other = (Person(name, self.why) for name in (OPERATOR, "P. Operator"))
        asked = bulk.ask(self.hub, "discard", ids=ids, person=one)
        bulk.agree(self.hub, _NO_ROUTES, asked, person=other)

    def _kept(self) -> Iterator[Doing]:
        hub, case = self.hub, self._case()
        records, other = (Person(name, self.why) for name in ("B. Records", OPERATOR))
        yield lambda: keeping.hold(hub, case, person=records), (HoldAdded.type,)
        yield lambda: keeping.hold(hub, case, person=other), DENIED
        with hub.database.view() as view:
            found = keeping.holds(view)
        held = found[-1].hold_id if found else ""
        yield lambda: keeping.lift(hub, held, person=other), DENIED
        yield lambda: keeping.lift(hub, held, person=records), (HoldLifted.type,)
        yield lambda: keeping.permit(hub, case, people=(other, records)), DENIED
        yield self._erase, (CaseErased.type,)

    def _erase(self) -> None:
        file, id_ = self.path / f"{uuid4()}.jsonl", str(uuid4())
        erased.note(file, Erasure(id_, self.hub.database.clock(), erasure(str(uuid4()))))
        erased.apply(self.hub.database, file)

    def _run(self) -> Iterator[Doing]:
        """What who runs the hub does, and who does not."""
        hub, step = self.hub, pausing.Wanted("step", "rate")
        operator, other = self.by(OPERATOR, Purpose.MENDING), self.by(AUDITOR)
        yield lambda: pausing.pause(hub, step, asker=operator), (FlowPaused.type,)
        yield lambda: pausing.resume(hub, "step", "rate", asker=operator), (FlowResumed.type,)
        yield lambda: pausing.pause(hub, step, asker=other), DENIED
        yield lambda: pausing.resume(hub, "step", "rate", asker=other), DENIED
        yield (
            self._sent_again,
            tuple(one.type for one in (SendingAgainAsked, SendingAgainDecided, SentAgain)),
        )
        yield lambda: replays.permitted_to_live(hub, str(uuid4()), asker=other), DENIED
        looked_for = child_search.Wanted(number="943 476 5919")
        yield lambda: child_search.find(hub, looked_for, asker=self.by(OPERATOR)), DENIED
        yield lambda: replays.permitted(hub, str(uuid4()), asker=other), ACCESSED

    def _sent_again(self) -> None:
        id_, outcome = str(uuid4()), sending_again.Outcome()
        one, other = (Person(name, self.why) for name in (OPERATOR, "P. Operator"))
        sending_again.ask(self.hub, id_, "csc_duty_team", ids=["product-1"], person=one)
        sending_again.decide(self.hub, id_, agreed=True, person=other)
        with self.hub.database.view() as view:
            asked = sending_again.of(view, id_)
        sending_again.done(self.hub, asked, outcome, by=other)

    def _signed_in(self) -> Iterator[Doing]:
        hub = self.hub
        yield (
            lambda: attempts.refused(hub, AUDITOR, proof=Proof.PASSPHRASE, reason="a-proof"),
            (SignInRefused.type,),
        )
        yield self._in_and_out, (PersonSignedIn.type, PersonSignedOut.type)
        yield lambda: passkeys.offer(hub, AUDITOR, account="root"), (PasskeyOffered.type,)
        yield self._passkey, (PasskeyRegistered.type, PasskeyRemoved.type)

    def _in_and_out(self) -> None:
        now = codec.from_micros(self.hub.database.clock())
        known = {"who": AUDITOR, "agency": "childrens_social_care", "roles": ()}
        said = {"proven": Proof.PASSPHRASE, "proven_at": now, "ends_at": now}
        session = Session.model_validate(known | said)
        attempts.signed_in(self.hub, self.why, session=session)
        attempts.signed_out(self.hub, self.why, session=session)

    def _passkey(self) -> None:
        id_ = uuid4().hex
        fact = PasskeyRegistered(
            person_id=attempts.person_id(self.hub, AUDITOR),
            passkey_id=id_,
            who=AUDITOR,
            label="a proof's",
            credential=id_,
            public=id_,
        )
        passkeys.keep(self.hub, fact, code=None)
        passkeys.remove(self.hub, AUDITOR, id_=id_, why=self.why)

    def _at_desks(self) -> Iterator[Doing]:
        hub, auditor, case = self.hub, self.by(AUDITOR), self._case()
        nobody = SimpleNamespace(lets=lambda *_, **__: False, act=Act.LOOK, resource=Resource.CASE)
        visit: Any = SimpleNamespace(hub=hub, asker=auditor, who=AUDITOR, agency="police")
        visit.form = SimpleNamespace(one=lambda _: self.why)
        desk: Any = SimpleNamespace(hub=hub)
        let_in: Any = Shell._let_in
        nobodys = asker(hub, "L. Teacher")
        yield lambda: reading(_config(hub), by=lambda _: nobodys), DENIED
        yield lambda: asking.permitted(visit), DENIED
        yield lambda: let_in(desk, nobody, None, auditor), DENIED
        yield lambda: second.keep(visit, _signed_first(case)), (ReleaseBegun.type,)
        yield (
            lambda: letters.opened(hub, auditor, wanted=case, referral_id=case, why=self.why),
            DENIED,
        )

    def _case(self) -> str:
        return self._first("subject")

    def _decision(self) -> str:
        return self._first("message_id")

    def _first(self, column: str) -> str:
        query = (
            f"SELECT {column} FROM journal "  # noqa: S608 - ours
            "WHERE type = 'mash.rating.decided.v1' ORDER BY position LIMIT 1"
        )
        with self.hub.database.reading() as connection:
            return str(connection.exec_driver_sql(query).scalar_one())


def _config(hub: Hub) -> Path:
    assert hub.config is not None
    return hub.config


_NO_ROUTES: Final[Any] = None
"""To discard letters none are needed."""


def _signed_first(case: str) -> dict[str, Any]:
    """What the first of two people decided."""
    return {
        "product_id": "product-1",
        "case_id": case,
        "item_id": "item-1",
        "choice": "withhold",
        "recipient": "csc_duty_team",
        "purpose": "safeguarding",
        "decided_by": AUDITOR,
        "reason": "A proof.",
    }
