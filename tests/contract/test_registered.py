"""An agency's own administrator registers who decides for it, by signed messages (R29)."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from connectors.edge.keys import Keys
from connectors.edge.releases import verify
from ops.look.replay import Wanted, replay
from router.handle import Adopted
from router.intake import StoredIntake
from router.registered import Registered, with_keys
from router.runtimes.in_force import InForce
from router.steps.now import Now
from schemas.decisions import ItemRuled, ProductStopped, Ruling
from schemas.envelope import Envelope, signed
from schemas.keys import KeyChange, KeyChoice, KeyDecided, KeyDecision
from schemas.notification import Receipt, ReceiptStatus
from schemas.policy import ApprovalKey, Partner, Policy
from schemas.product import ProductApproved
from schemas.statement import KeyStatement
from stores import linking
from stores.database import Database
from stores.ports import Arrival, Leased
from tests.contract.test_proven import RECIPIENT, Town
from tests.support import given, products
from tests.support.authenticator import Authenticator
from tests.support.signing import LONG_AGO, ORIGIN, PARTY, Person, Signer

SOON = dt.timedelta(days=1)


class Administrator(Signer):
    """Of an agency, with a key that the agreement names."""

    @property
    def name(self) -> str:
        return f"Administrator of {self.agency}"

    def says(
        self, choice: KeyChoice, whose: Signer, *, at: dt.datetime = LONG_AGO, **changes: Any
    ) -> KeyDecided:
        """What they say of somebody's key, signed; with these fields otherwise."""
        key = whose.key()
        told = {"choice": choice, "decision_maker": key.decided_by, "public": key.public, "at": at}
        told |= {"decided_by": self.name, "reason": "The telephone was stolen."}
        told |= {"passkey": key.passkey}
        change = KeyChange.model_validate(told | changes)
        envelope = signed(KeyStatement(agency=self.agency, change=change).payload(), self.seed)
        proven = choice is KeyChoice.REGISTER
        return self.sends(change, whose.also_signs(envelope) if proven else envelope)

    def vouches(self, whose: Signer) -> KeyDecided:
        """Registers a key with nobody's signature but their own."""
        fact = self.says(KeyChoice.REGISTER, whose)
        envelope = fact.decision.envelope
        alone = envelope.model_copy(update={"signatures": envelope.signatures[:1]})
        decision = fact.decision.model_copy(update={"envelope": alone})
        return fact.model_copy(update={"decision": decision})

    def sends(self, change: KeyChange, envelope: Envelope) -> KeyDecided:
        told = change.model_dump() | {"envelope": envelope}
        return KeyDecided(agency=self.agency, decision=KeyDecision.model_validate(told))


class Registering(Town):
    """The school has an administrator, and no decision maker with a key yet."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.head = Administrator("school")
        self.adopt(self.school_with(self.head.key()), self.gp.partner())
        self.sent = 0

    def school_with(self, *administrators: ApprovalKey) -> Partner:
        one = given.partner("school", decision_makers=("Head teacher",))
        assert one.agreement is not None
        more = {"administrators": administrators}
        return one.model_copy(update={"agreement": one.agreement.model_copy(update=more)})

    def send(self, fact: KeyDecided, *, agency: str = "school", id_: str | None = None) -> Receipt:
        """As the agency's feed brings it: whose it is, is what its credential says."""
        self.sent += 1
        body = fact.model_copy(update={"agency": agency})
        original = json.dumps({"number": self.sent if id_ is None else id_}).encode()
        arrival = Arrival(
            agency, "http", id_ or f"k-{self.sent}", original, "application/json", body
        )
        (receipt,) = StoredIntake(self.database, self.policy).take([arrival])
        self.hub.drain()
        return receipt

    def registers(self, whose: Signer, **how: Any) -> Receipt:
        return self.send(self.head.says(KeyChoice.REGISTER, whose, **how))

    def asks(self, product: str = "product-1") -> None:
        """A product with something of the school's is drafted."""
        item = products.draft_item("school", f"item-{product}")
        self.tell(products.drafted(item, product_id=product))

    def approves(self, signer: Signer) -> None:
        self.tell(signer.approves(self.request(signer)))

    def facts(self, type_: type[Any]) -> list[Any]:
        with self.database.view() as view:
            found = linking.every(view.connection, view.vault, type_=type_)
            return [entry.message.data for entry in found]

    def now(self) -> Policy:
        with self.database.view() as view:
            return Registered(self.policy).policy(view)


@pytest.fixture
def everywhere(database: Database) -> Registering:
    return Registering(database)


@pytest.fixture
def town(sqlite: Database) -> Registering:
    return Registering(sqlite)


def reason(receipt: Receipt) -> str | None:
    return receipt.reason


def test_whom_the_administrator_registers_signs_what_leaves(everywhere: Registering) -> None:
    town = everywhere
    assert town.registers(town.school).status is ReceiptStatus.ACCEPTED
    town.asks()
    town.approves(town.school)
    (letter,) = town.lease(RECIPIENT)
    assert json.loads(letter.body)["data"]["approvals"][0]["envelope"]
    assert town.flaws() == set()
    assert replay(town.reader, Wanted()).well


def test_whom_it_registers_with_a_passkey_signs_with_that(town: Registering) -> None:
    person = Person("school")
    assert town.registers(person).status is ReceiptStatus.ACCEPTED
    town.asks()
    town.approves(person)
    (letter,) = town.lease(RECIPIENT)
    (key,) = _keys(town)
    assert found_well(letter, {"school": (key,)})
    assert not found_well(letter, {"school": (Person("school").key(),)})
    assert town.flaws() == set()
    assert replay(town.reader, Wanted()).well
    town.asks("product-2")
    town.approves(person)
    town.send(town.head.says(KeyChoice.REVOKE, person, at=dt.datetime.now(dt.UTC)))
    assert town.lease(RECIPIENT) == []
    assert town.facts(ProductStopped)


def found_well(letter: Leased, keys: Keys) -> bool:
    """Whether its recipient finds everything in it signed, with these keys and without the hub."""
    return verify(letter.body, keys).well


def test_from_the_first_key_on_nothing_leaves_unsigned(town: Registering) -> None:
    town.registers(town.school)
    town.asks()
    unsigned = town.school.approves(town.request(town.school), envelope=None)
    town.tell(unsigned)
    assert town.lease(RECIPIENT) == []
    assert not town.facts(ProductApproved)


def test_a_key_is_rotated_with_an_overlap(town: Registering) -> None:
    """The new one signs at once, the old one until its end, and what that signed goes on."""
    new = Signer("school")
    town.registers(town.school)
    town.asks()
    town.approves(town.school)
    town.registers(new)
    end = dt.datetime.now(dt.UTC) + SOON
    assert reason(town.send(town.head.says(KeyChoice.END, town.school, at=end))) is None
    for number, signer in enumerate((new, town.school), 2):
        town.asks(f"product-{number}")
        town.approves(signer)
    assert len(town.lease(RECIPIENT)) == 3
    ended, going = _keys(town)
    assert (ended.until, going.until) == (end, None)
    past = dt.datetime.now(dt.UTC)
    town.send(town.head.says(KeyChoice.END, town.school, at=past))
    town.asks("product-4")
    town.approves(town.school)
    assert len(town.facts(ProductApproved)) == 3
    assert town.flaws() == set()


def test_a_revocation_stops_what_has_not_left(everywhere: Registering) -> None:
    town = everywhere
    town.registers(town.school)
    town.asks()
    town.approves(town.school)
    assert town.waiting() == [RECIPIENT]
    town.send(town.head.says(KeyChoice.REVOKE, town.school, at=dt.datetime.now(dt.UTC)))
    assert town.lease(RECIPIENT) == []
    (stopped,) = town.facts(ProductStopped)
    assert stopped.reason
    assert town.flaws() == set(), "as it was approved it was signed"


def test_nothing_brings_a_key_back(town: Registering) -> None:
    first = town.head.says(KeyChoice.REGISTER, town.school)
    town.send(first)
    town.send(town.head.says(KeyChoice.REVOKE, town.school, at=LONG_AGO))
    later = dt.datetime.now(dt.UTC) + SOON
    for again in (
        first,
        town.head.says(KeyChoice.REGISTER, town.school),
        town.head.says(KeyChoice.REVOKE, town.school, at=later),
        town.head.says(KeyChoice.END, town.school, at=later),
    ):
        town.send(again)
    (key,) = _keys(town)
    assert key.revoked_at == LONG_AGO


def test_a_revocation_outlives_who_said_it(town: Registering) -> None:
    """The administrator who revoked a stolen key leaves; the key does not come back, nor does a
    new administrator bring it back.
    """
    successor = Administrator("school")
    stolen = town.school.key()
    town.adopt(_with_keys(town.school_with(town.head.key()), stolen))
    town.send(town.head.says(KeyChoice.REVOKE, town.school))
    town.adopt(_with_keys(town.school_with(successor.key()), stolen))
    (key,) = _keys(town)
    assert key.revoked_at == LONG_AGO
    town.asks()
    town.approves(town.school)
    assert town.lease(RECIPIENT) == []
    town.adopt(town.school_with(successor.key()))
    town.send(successor.says(KeyChoice.REGISTER, town.school))
    (key,) = _keys(town)
    assert key.revoked_at == LONG_AGO, "registered anew, it is revoked still"
    town.adopt(_with_keys(town.school_with(), stolen))
    (key,) = _keys(town)
    assert key.revoked_at == LONG_AGO, "also with no administrator at all"


def _with_keys(partner: Partner, *keys: ApprovalKey) -> Partner:
    assert partner.agreement is not None
    agreement = partner.agreement.model_copy(update={"keys": keys})
    makers = tuple(key.decided_by for key in keys)
    return partner.model_copy(update={"agreement": agreement, "decision_makers": makers})


def test_a_key_signs_nothing_of_before_it_was_registered(town: Registering) -> None:
    """However far back the administrator writes."""
    town.registers(town.school, at=LONG_AGO)
    (key,) = _keys(town)
    assert key.since > LONG_AGO
    ahead = dt.datetime.now(dt.UTC) + SOON
    deputy = Signer("school")
    town.registers(deputy, at=ahead)
    assert _keys(town)[1].since == ahead
    town.asks()
    town.approves(deputy)
    assert not town.facts(ProductApproved)


def test_who_is_registered_decides_as_long_as_the_key_counts(town: Registering) -> None:
    assert not Now(dt.datetime.now(dt.UTC), town.now()).is_known("school", town.school.name)
    town.registers(town.school)
    now = dt.datetime.now(dt.UTC)
    assert Now(now, town.now()).may_decide("school", town.school.name)
    assert Now(now, town.now()).is_known("school", town.school.name)
    assert not Now(LONG_AGO, town.now()).may_decide("school", town.school.name)
    assert not Now(now, town.now()).may_decide("gp", town.school.name)
    town.send(town.head.says(KeyChoice.REVOKE, town.school, at=now))
    assert not Now(dt.datetime.now(dt.UTC), town.now()).may_decide("school", town.school.name)
    assert Now(now, town.now()).may_decide("school", "Head teacher")


def test_a_withdrawal_of_somebody_who_was_let_go_since_keeps_counting(town: Registering) -> None:
    item = products.draft_item("school", signpost=False)
    town.registers(town.school)
    town.tell(products.drafted(item))
    town.approves(town.school)
    town.put(products.ruled(item, Ruling.WITHHOLD, decided_by=town.school.name))
    end = dt.datetime.now(dt.UTC)
    town.put(town.head.says(KeyChoice.END, town.school, at=end))
    assert isinstance(town.facts(ItemRuled)[0], ItemRuled)
    assert town.lease(RECIPIENT) == []


def test_one_key_that_the_configuration_has_is_revoked_as_well(town: Registering) -> None:
    told = town.school_with(town.head.key())
    assert told.agreement is not None
    more = {"keys": (town.school.key(),)}
    agreement = told.agreement.model_copy(update=more)
    town.adopt(told.model_copy(update={"agreement": agreement, "decision_makers": (NAME,)}))
    town.asks()
    town.approves(town.school)
    now = dt.datetime.now(dt.UTC)
    assert reason(town.send(town.head.says(KeyChoice.REVOKE, town.school, at=now))) is None
    assert town.lease(RECIPIENT) == []


NAME = "Decision maker of school"


# Who registers a key has it


def _proving(town: Registering, since: dt.date) -> None:
    """The borough's profile wants it from that day on."""
    town.adopt(town.school_with(town.head.key()), town.gp.partner())
    profile = town.policy.profile.model_copy(update={"keys_prove_from": since})
    town.policy = town.policy.model_copy(update={"profile": profile})


@pytest.mark.parametrize("whose", [Signer("school"), Person("school")], ids=["key", "passkey"])
def test_a_key_that_has_not_signed_its_registration_is_refused_from_its_day_on(
    town: Registering, whose: Signer
) -> None:
    today = dt.datetime.now(dt.UTC).date()
    _proving(town, today + 2 * SOON)
    before = Signer("school")
    assert reason(town.send(town.head.vouches(before))) is None
    _proving(town, today - SOON)  # in whatever time zone
    assert reason(town.send(town.head.vouches(whose))) == "refused.unproven"
    forged = Signer("school").also_signs(town.head.vouches(whose).decision.envelope)
    decision = town.head.vouches(whose).decision.model_copy(update={"envelope": forged})
    other = KeyDecided(agency="school", decision=decision)
    assert reason(town.send(other)) == "refused.unproven"
    assert reason(town.registers(whose)) is None
    ended = town.head.says(KeyChoice.END, before, at=dt.datetime.now(dt.UTC) + SOON)
    assert reason(town.send(ended)) is None, "only what registers a key is signed by it"
    wanted = {before.key().public, whose.key().public}
    assert {key.public for key in _keys(town)} == wanted, "what was registered before stays"


# What is not its administrator's


def _of_another_agency(town: Registering) -> Receipt:
    return town.send(town.head.says(KeyChoice.REGISTER, town.school), agency="gp")


def _of_an_operator(town: Registering) -> Receipt:
    """Who runs the hub has no key of an administrator, whatever name they write."""
    return town.send(Administrator("school").says(KeyChoice.REGISTER, town.school))


def _by_a_decision_maker(town: Registering) -> Receipt:
    town.registers(town.school)
    told = town.head.says(KeyChoice.REGISTER, Signer("school")).decision
    change = KeyChange.model_validate(told.model_dump(exclude={"envelope"}))
    own = KeyStatement(agency="school", change=change).payload()
    return town.send(town.head.sends(change, signed(own, town.school.seed)))


def _other_key_than_signed(town: Registering) -> Receipt:
    fact = town.head.says(KeyChoice.REGISTER, town.school)
    other = fact.decision.model_copy(update={"public": Signer("school").key().public})
    return town.send(fact.model_copy(update={"decision": other}))


def _in_another_name(town: Registering) -> Receipt:
    return town.registers(town.school, decided_by="Somebody else")


def _own_key(town: Registering) -> Receipt:
    return town.registers(town.school, public=town.head.key().public)


def _anothers_key(town: Registering) -> Receipt:
    return town.registers(town.school, public=town.gp.key().public)


def _twice(town: Registering) -> Receipt:
    town.registers(town.school)
    return town.registers(town.school, decision_maker="A deputy")


def _spelled_otherwise(town: Registering) -> Receipt:
    """The key of one as the passkey of another."""
    private = Ed25519PrivateKey.from_private_bytes(town.gp.seed)
    return town.registers(Person("school", device=Authenticator(ORIGIN, PARTY, private)))


def _unknown(town: Registering) -> Receipt:
    return town.send(town.head.says(KeyChoice.REVOKE, town.school))


def _ended(town: Registering) -> Receipt:
    ended = town.head.key(until=LONG_AGO + SOON)
    town.adopt(town.school_with(ended), town.gp.partner())
    return town.registers(town.school)


def _nobody(town: Registering) -> Receipt:
    town.adopt(town.school_with(), town.gp.partner())
    return town.registers(town.school)


def _shared(town: Registering) -> Receipt:
    other = town.head.key(decided_by="Somebody else")
    town.adopt(town.school_with(town.head.key(), other), town.gp.partner())
    return town.registers(town.school)


@pytest.mark.parametrize(
    ("attack", "why"),
    [
        (_of_another_agency, "refused.no-administrator"),
        (_of_an_operator, "refused.signature"),
        (_by_a_decision_maker, "refused.signature"),
        (_other_key_than_signed, "refused.statement"),
        (_in_another_name, "refused.signature"),
        (_own_key, "refused.other-key"),
        (_anothers_key, "refused.other-key"),
        (_twice, "refused.other-key"),
        (_spelled_otherwise, "refused.other-key"),
        (_unknown, "refused.unknown-subject"),
        (_ended, "refused.signature"),
        (_nobody, "refused.no-administrator"),
        (_shared, "refused.signature"),
    ],
)
def test_nobody_else_registers_anything(town: Registering, attack: Any, why: str) -> None:
    keys = len(_keys(town))
    receipt = attack(town)
    assert (receipt.status, reason(receipt)) == (ReceiptStatus.REJECTED, why)
    expected = keys + (attack in (_by_a_decision_maker, _twice))
    assert len(_keys(town)) == expected, "the first of two, where there were two"


def test_who_has_the_hubs_key_registers_nothing_either(town: Registering) -> None:
    """What is put into the journal by hand is looked at as what comes in."""
    town.put(Administrator("school").says(KeyChoice.REGISTER, town.school))
    town.hub.drain()
    assert _keys(town) == ()
    with town.database.view() as view:
        assert Registered(town.policy).policy(view) is town.policy


def test_where_nobody_may_say_anything_of_keys_nobody_looks_again(
    town: Registering, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was recorded before is read once; then no pass and no fetch asks the store."""
    looked = list[object]()
    count = linking.count

    def counts(*asked: Any) -> int:
        looked.append(asked)
        return count(*asked)

    town.send(town.head.says(KeyChoice.REGISTER, town.school))
    town.send(town.head.says(KeyChoice.REVOKE, town.school))
    monkeypatch.setattr(linking, "count", counts)
    alone = town.school_with()
    for partner, times in ((alone, 1), (town.school_with(town.head.key()), 3)):
        town.adopt(partner)
        looked.clear()
        in_force = InForce(town.database, Adopted(1, town.policy))
        for _ in range(3):
            in_force.now()
        assert len(looked) == times


def test_a_pass_opens_one_view_for_keys_and_states(
    town: Registering, monkeypatch: pytest.MonkeyPatch
) -> None:
    town.registers(town.school)
    opened, view = list[object](), Database.view

    def views(database: Database) -> Any:
        opened.append(database)
        return view(database)

    town.hub.drain()
    town.put(products.drafted(products.draft_item("school")))
    monkeypatch.setattr(Database, "view", views)
    town.hub.once(looks_at_clock=False)
    assert len(opened) == 1
    monkeypatch.undo()
    town.approves(town.school)
    assert town.lease(RECIPIENT)


def test_what_is_sent_again_is_a_duplicate_whatever_became_of_it(town: Registering) -> None:
    told = town.head.says(KeyChoice.REGISTER, town.school)
    assert town.send(told, id_="one").status is ReceiptStatus.ACCEPTED
    town.adopt(town.school_with(town.head.key(until=LONG_AGO + SOON)), town.gp.partner())
    assert town.send(told, id_="one").status is ReceiptStatus.DUPLICATE


def test_a_policy_that_has_them_already_stays_as_it_is(town: Registering) -> None:
    town.registers(town.school)
    town.send(town.head.says(KeyChoice.END, town.school, at=dt.datetime.now(dt.UTC)))
    once = town.now()
    with town.database.view() as view:
        found = linking.every(view.connection, view.vault, type_=KeyDecided)
        assert with_keys(once, [entry.message for entry in found]) is once


def _keys(town: Registering) -> tuple[ApprovalKey, ...]:
    agreement = town.now().partners["school"].agreement
    assert agreement is not None
    return agreement.keys
