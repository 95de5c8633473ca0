"""A person signs what leaves with a passkey, which is asked for the digest of the statement."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, x25519
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pydantic import ValidationError
from webauthn.helpers import bytes_to_base64url

from connectors.edge.releases import verify
from router.steps import passkeys
from router.steps.approve.decide import STEP as APPROVE
from router.steps.release.decide import STEP as RELEASE
from schemas import envelope as envelopes
from schemas.envelope import Envelope, NotSigned, asserted, signed
from schemas.notices import ApprovalRequest
from schemas.policy import ApprovalKey, Partner, Policy, is_shared
from schemas.product import Product, ProductApproved, ProductReleased
from tests.support import given, products
from tests.support.authenticator import Authenticator
from tests.support.given import NOON, Given, of
from tests.support.signing import LONG_AGO, ORIGIN, PARTY, Person, Signer


class School:
    """A product with something of the school's, put before its decision maker."""

    def __init__(self, person: Person, *keys: ApprovalKey) -> None:
        self.person = person
        self.policy = policy(person.partner(*keys))
        self.hub = Given(APPROVE, self.policy)
        (self.request,) = self.asks()

    def asks(self, product: str = "product-1") -> list[ApprovalRequest]:
        item = products.draft_item("school", f"item-{product}")
        outcome = self.hub.when(products.drafted(item, product_id=product))
        return of(ApprovalRequest, [letter.notice for letter in outcome.letters])

    @property
    def payload(self) -> bytes:
        """What is to be signed."""
        (statement, *_) = self.request.statements
        return statement.model_copy(update={"decided_by": self.person.name}).payload()

    def takes(self, envelope: Envelope) -> str | None:
        """Why an approval is refused; None: it counts."""
        outcome = self.hub.when(self.person.approves(self.request, envelope=envelope))
        return outcome.refusal.reason if outcome.refusal else None


def policy(*partners: Partner) -> Policy:
    return given.policy(*partners).model_copy(update={"signed": True})


PRIVATE: dict[str, Callable[[], Any]] = {
    "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "EdDSA": Ed25519PrivateKey.generate,
}


@pytest.mark.parametrize("private", PRIVATE.values(), ids=list(PRIVATE))
def test_what_a_person_signed_with_a_passkey_leaves_and_verifies_offline(private: Any) -> None:
    person = Person("school", device=Authenticator(ORIGIN, PARTY, private()))
    school = School(person)
    outcome = school.hub.when(person.approves(school.request))
    (approved,) = of(ProductApproved, outcome.facts)
    released = Given(RELEASE, school.policy).when(approved)
    (product,) = of(Product, [letter.notice for letter in released.letters])
    event = {
        "type": product.type,
        "time": NOON.isoformat(),
        "data": product.model_dump(mode="json"),
    }
    letter = json.dumps(event).encode()
    found = verify(letter, {"school": (person.key(),)})
    assert (found.well, [one.decided_by for one in found.found]) == (True, [person.name])
    other = Person("school")
    assert not verify(letter, {"school": (other.key(),)}).well
    later = person.key(revoked_at=LONG_AGO)
    assert not verify(letter, {"school": (later,)}).well


def test_a_revoked_passkey_lets_nothing_leave() -> None:
    person = Person("school")
    school = School(person)
    (approved,) = of(ProductApproved, school.hub.when(person.approves(school.request)).facts)
    revoked = policy(person.partner(person.key(revoked_at=LONG_AGO)))
    assert not of(ProductReleased, Given(RELEASE, revoked).when(approved).facts)
    assert of(ProductReleased, Given(RELEASE, school.policy).when(approved).facts)


Attack = Callable[[School], Envelope]


def _other_statement(school: School) -> Envelope:
    """An assertion of another product, under this one's statement."""
    (other,) = school.asks("product-2")
    (told, *_) = other.statements
    payload = told.model_copy(update={"decided_by": school.person.name}).payload()
    return school.person.answers(school.payload, asked=payload)


def _whole_other_statement(school: School) -> Envelope:
    (other,) = school.asks("product-2")
    return school.person.signs(other.statements[0])


def _sign_in(school: School) -> Envelope:
    """A replayed assertion: of a challenge that somebody else chose."""
    said = school.person.device.sign(bytes_to_base64url(bytes(32)))
    return asserted(school.payload, school.person.key().public, said=said["response"])


def _moved(**changes: str) -> Attack:
    def attack(school: School) -> Envelope:
        device = school.person.device
        for name, value in changes.items():
            setattr(device, name, value)
        return school.person.answers(school.payload)

    return attack


def _anothers(school: School) -> Envelope:
    """Another person's passkey, under the name of this one's key."""
    other = Person("school")
    one = other.answers(school.payload)
    named = {"keyid": school.person.key().id}
    (signature,) = one.signatures
    return one.model_copy(update={"signatures": (signature.model_copy(update=named),)})


def _unregistered(school: School) -> Envelope:
    return Person("school").answers(school.payload)


def _other_words(school: School) -> Envelope:
    """The authenticator's data changed after it was signed, so that it says more."""
    one = school.person.answers(school.payload, verified=False)
    (signature,) = one.signatures
    data = bytearray(base64.b64decode(signature.authenticatorData or ""))
    data[32] |= 0x04
    told = {"authenticatorData": base64.b64encode(data).decode()}
    return one.model_copy(update={"signatures": (signature.model_copy(update=told),)})


def _of_a_system(school: School) -> Envelope:
    """A signature without any word of an authenticator."""
    one = signed(school.payload, school.person.seed)
    (signature,) = one.signatures
    named = {"keyid": school.person.key().id}
    return one.model_copy(update={"signatures": (signature.model_copy(update=named),)})


ATTACKS: dict[str, tuple[Attack, str]] = {
    "another challenge": (_sign_in, "refused.signature"),
    "another statement's assertion": (_other_statement, "refused.signature"),
    "another statement": (_whole_other_statement, "refused.statement"),
    "nobody was verified": (
        lambda school: school.person.answers(school.payload, verified=False),
        "refused.signature",
    ),
    "it says more than was signed": (_other_words, "refused.signature"),
    "another site's page": (_moved(origin="https://desk.school.example.evil"), "refused.signature"),
    "another site's passkey": (_moved(rp_id="evil.example"), "refused.signature"),
    "a page within another site's": (
        lambda school: school.person.answers(school.payload, crossOrigin=True),
        "refused.signature",
    ),
    "a new passkey": (
        lambda school: school.person.answers(school.payload, type="webauthn.create"),
        "refused.signature",
    ),
    "another person's passkey": (_anothers, "refused.signature"),
    "one that nobody registered": (_unregistered, "refused.signature"),
    "no passkey at all": (_of_a_system, "refused.signature"),
}


@pytest.mark.parametrize(("attack", "why"), ATTACKS.values(), ids=list(ATTACKS))
def test_what_a_passkey_did_not_sign_for_this_lets_nothing_leave(attack: Attack, why: str) -> None:
    school = School(Person("school"))
    assert school.takes(attack(school)) == why


FORGED = [name for name, (_, why) in ATTACKS.items() if why == "refused.signature"]


@pytest.mark.parametrize("name", FORGED)
def test_each_of_the_two_verifiers_finds_it_by_itself(name: str) -> None:
    """The library's at the gate, and the small one that a recipient has."""
    school = School(Person("school"))
    key, envelope = school.person.key(), ATTACKS[name][0](school)
    with pytest.raises(NotSigned):
        key.opens(envelope)
    if name != "a page within another site's":  # of which the library asks nothing
        with pytest.raises(NotSigned):
            passkeys.asserted(envelope, key)


def test_the_gate_wants_both(monkeypatch: pytest.MonkeyPatch) -> None:
    school = School(Person("school"))
    forged = school.person.answers(school.payload, verified=False)
    with monkeypatch.context() as patched:
        patched.setattr(envelopes, "_USER_VERIFIED", 0x01)
        assert school.person.key().opens(forged)
        assert school.takes(forged) == "refused.signature"


def test_an_assertion_that_is_sent_again_says_nothing_more() -> None:
    school = School(Person("school"))
    approval = school.person.approves(school.request)
    assert of(ProductApproved, school.hub.when(approval).facts)
    assert not school.hub.when(approval).facts


@pytest.mark.parametrize("private", PRIVATE.values(), ids=list(PRIVATE))
def test_each_flipped_bit_is_found(private: Any) -> None:
    """Of what the authenticator and the browser said, and of the signature."""
    school = School(Person("school", device=Authenticator(ORIGIN, PARTY, private())))
    key, whole = school.person.key(), school.person.answers(school.payload)
    (one,) = whole.signatures
    for name in ("sig", "authenticatorData", "clientDataJSON"):
        raw = base64.b64decode(getattr(one, name))
        for bit in range(0, len(raw) * 8, 3):
            flipped = bytearray(raw)
            flipped[bit // 8] ^= 1 << bit % 8
            told = {name: base64.b64encode(flipped).decode()}
            forged = whole.model_copy(update={"signatures": (one.model_copy(update=told),)})
            with pytest.raises(NotSigned):
                key.opens(forged)


def test_a_passkey_is_no_key_of_a_system_and_the_other_way_round() -> None:
    person = Person("school")
    with pytest.raises(ValidationError):
        person.key(passkey=None)
    with pytest.raises(ValidationError):
        person.key(public=Signer("school").key().public)
    system = Signer("school")
    (one,) = signed(b"words", system.seed).signatures
    more = one.model_copy(update={"clientDataJSON": "e30="})
    told = signed(b"words", system.seed).model_copy(update={"signatures": (more,)})
    with pytest.raises(NotSigned):
        system.key().opens(told)


def spki(private: Any, point: PublicFormat = PublicFormat.SubjectPublicKeyInfo) -> str:
    """A public key, or a compressed point, in base64 as a passkey's is written."""
    if point is PublicFormat.CompressedPoint:
        raw = private.public_key().public_bytes(Encoding.X962, point)
        # SubjectPublicKeyInfo of P-256 with a point of 33 bytes.
        head = bytes.fromhex("3039301306072a8648ce3d020106082a8648ce3d030107032200")
        return base64.b64encode(head + raw).decode()
    return base64.b64encode(private.public_key().public_bytes(Encoding.DER, point)).decode()


@pytest.mark.parametrize(
    "public",
    [
        spki(ec.generate_private_key(ec.SECP256R1()), PublicFormat.CompressedPoint),
        spki(ec.generate_private_key(ec.SECP256K1())),
        spki(x25519.X25519PrivateKey.generate()),
        base64.b64encode(b"no key at all, whatever its length may be").decode(),
    ],
    ids=["compressed", "another curve", "of another use", "none"],
)
def test_a_key_is_written_in_one_way_and_of_a_kind_that_signs(public: str) -> None:
    with pytest.raises(ValidationError):
        Person("school").key(public=public)


def test_one_key_in_two_spellings_is_no_two_people() -> None:
    """Raw, and as a passkey: who has it would sign as both."""
    private = Ed25519PrivateKey.generate()
    alone = Signer("school", seed=private.private_bytes_raw()).key()
    again = Person("school", device=Authenticator(ORIGIN, PARTY, private)).key(
        decided_by="A deputy"
    )
    assert alone.public != again.public
    every = [("school", alone), ("school", again)]
    assert is_shared(alone, "school", every)
    assert is_shared(again, "school", every)
    assert not is_shared(alone, "school", every[:1])
