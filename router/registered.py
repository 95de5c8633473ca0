"""Keys that agencies' own administrators register by messages, beside those of the configuration.

They are read from the facts themselves, and who registers has to have signed with a key that the
agreement names: neither a row nor the hub's own word makes one. What an administrator said is put
into the policy that decides, so that what decided is replayed with the keys of then.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from router.steps.now import Now
from schemas.envelope import NotSigned
from schemas.keys import KeyChange, KeyChoice, KeyDecided
from schemas.message import Message
from schemas.policy import Agreement, ApprovalKey, Policy, is_shared, plain_name
from schemas.refusals import Refusal
from schemas.statement import KeyStatement
from stores import linking
from stores.database import View


@dataclass(slots=True, repr=False)
class Registered:
    """The policy as configured, with the keys of the record; read anew when there is another."""

    configured: Policy
    _known: tuple[int, Policy] | None = None
    """How many facts there were, and what came of them."""

    @property
    def settled(self) -> Policy | None:
        """The policy, where nothing can change it any more, so that nobody need look: what was said
        before is known, and no agreement names an administrator who could say more.
        """
        if self._known is None or any(_administrators(self.configured)):
            return None
        return self._known[1]

    def policy(self, view: View) -> Policy:
        """The policy as it is now."""
        if (settled := self.settled) is not None:
            return settled
        count = linking.count(view.connection, KeyDecided)
        known = self._known
        if known is None or known[0] != count:
            self._known = known = count, with_keys(self.configured, decided(view))
        return known[1]


def decided(view: View) -> Iterator[Message]:
    """All that administrators said of keys, in the order of the record."""
    found = linking.every(view.connection, view.vault, type_=KeyDecided)
    return (entry.message for entry in found)


def with_keys(policy: Policy, told: Iterable[Message]) -> Policy:
    """The policy with these keys; what nobody signed who may registers nothing. To put the same
    into it twice is to put it there once.

    An end and a revocation count whoever may sign now: they were looked at as they came in, only
    ever stop things, and a stolen key may not count again because an administrator has left.
    """
    every = [(one.data, one.time) for one in told if isinstance(one.data, KeyDecided)]
    for fact, at in every:
        if _registers(fact) and refusal(policy, fact, at=at) is None:
            policy = changed(policy, fact, at=at)
    # Last, so that they also end what somebody else registered anew.
    for fact, at in every:
        if not _registers(fact) and _is_what_was_signed(fact):
            policy = changed(policy, fact, at=at)
    return policy


def signer_is_gone(policy: Policy, fact: KeyDecided) -> bool:
    """Whether no administrator of the agency has the key any more that this was signed with."""
    named = {one.keyid for one in fact.decision.envelope.signatures}
    return not any(code == fact.agency and key.id in named for code, key in _administrators(policy))


def _registers(fact: KeyDecided) -> bool:
    return fact.decision.choice is KeyChoice.REGISTER


def _is_what_was_signed(fact: KeyDecided) -> bool:
    """Whether its envelope holds, whoever signed it, just what it says."""
    try:
        return KeyStatement.parse(fact.decision.envelope.unverified()) == _statement(fact)
    except NotSigned:
        return False


def _statement(fact: KeyDecided) -> KeyStatement:
    said = KeyChange(**fact.decision.shared(KeyChange))
    return KeyStatement(agency=fact.agency, change=said)


def changed(policy: Policy, fact: KeyDecided, *, at: dt.datetime) -> Policy:
    """The policy after what an administrator said, ``at`` when the hub took it."""
    partner = policy.partners.get(fact.agency)
    if partner is None or partner.agreement is None:
        return policy
    keys = tuple(_changed(partner.agreement, fact.decision, at=at))
    if keys == partner.agreement.keys:
        return policy
    agreement = partner.agreement.model_copy(update={"keys": keys})
    after = partner.model_copy(update={"agreement": agreement})
    return policy.model_copy(update={"partners": policy.partners | {fact.agency: after}})


def refusal(policy: Policy, fact: KeyDecided, *, at: dt.datetime) -> Refusal | None:
    """Why what is said of a key does not count."""
    decision = fact.decision
    partner = policy.partners.get(fact.agency)
    agreement = partner.agreement if partner else None
    if agreement is None or not agreement.administrators:
        return Refusal("refused.no-administrator")
    try:
        told = _signed(policy, fact, at=at)
    except NotSigned:
        return Refusal("refused.signature", "envelope")
    if told != _statement(fact):
        return Refusal("refused.statement", "envelope")
    if decision.choice is not KeyChoice.REGISTER:
        its = any(_is(key, decision) for key in agreement.keys)
        return None if its else Refusal("refused.unknown-subject", "public")
    taken = any(code != fact.agency or not _is(key, decision) for code, key in _same(policy, fact))
    return Refusal("refused.other-key", "public") if taken else None


def unproven(policy: Policy, fact: KeyDecided, *, at: dt.datetime) -> Refusal | None:
    """Why a key is not registered that has not signed for it. Asked as it comes in alone: what was
    registered before stays, whatever day the profile names later.
    """
    since, decision = policy.profile.keys_prove_from, fact.decision
    if not _registers(fact) or since is None or Now(at, policy).today < since:
        return None
    try:
        decision.envelope.opened_by(decision.public, passkey=decision.passkey)
    except NotSigned:
        return Refusal("refused.unproven", "envelope")
    return None


def _signed(policy: Policy, fact: KeyDecided, *, at: dt.datetime) -> KeyStatement:
    """What an administrator of the agency signed, in their own name; raises ``NotSigned``."""
    envelope, every = fact.decision.envelope, [*_administrators(policy)]
    named = {one.keyid for one in envelope.signatures}
    for code, key in every:
        theirs = code == fact.agency and key.id in named and key.counts(at, at=at)
        if not theirs or is_shared(key, fact.agency, every):
            continue
        told = KeyStatement.parse(key.opens(envelope))
        if plain_name(told.change.decided_by) == plain_name(key.decided_by):
            return told
    raise NotSigned


def _administrators(policy: Policy) -> Iterator[tuple[str, ApprovalKey]]:
    for code, partner in policy.partners.items():
        for key in partner.agreement.administrators if partner.agreement else ():
            yield code, key


def _same(policy: Policy, fact: KeyDecided) -> Iterator[tuple[str, ApprovalKey]]:
    """Whoever has this key already, an administrator under no agency's name."""
    public = fact.decision.public
    for code, partner in policy.partners.items():
        for key in partner.agreement.keys if partner.agreement else ():
            if key.is_same(public):
                yield code, key
    yield from (("", key) for _, key in _administrators(policy) if key.is_same(public))


def _is(key: ApprovalKey, change: KeyChange) -> bool:
    """Whether it is this person's key."""
    whose = plain_name(key.decided_by) == plain_name(change.decision_maker)
    return whose and key.is_same(change.public)


def _changed(agreement: Agreement, change: KeyChange, *, at: dt.datetime) -> Iterator[ApprovalKey]:
    """An end stays the earliest that was said: nothing that comes later brings a key back."""
    if change.choice is KeyChoice.REGISTER:
        yield from agreement.keys
        if not any(_is(key, change) for key in agreement.keys):
            since = max(change.at, at)
            yield ApprovalKey(
                decided_by=change.decision_maker,
                public=change.public,
                passkey=change.passkey,
                since=since,
                registered=True,
            )
        return
    name = "until" if change.choice is KeyChoice.END else "revoked_at"
    for key in agreement.keys:
        ends = getattr(key, name)
        later = _is(key, change) and (ends is None or change.at < ends)
        yield key.model_copy(update={name: change.at}) if later else key
