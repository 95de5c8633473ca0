"""Passkeys of people of ``[[people]]``, as the record has them.

What the hub keeps of one is its public key and how often it was used: facts of the journal, so that
they are sealed, signed and witnessed as all that it records, and nothing else is to be backed up.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Final
from urllib.parse import urlsplit

from ops.access import attempts
from ops.access.noting import OPERATIONS, note
from ops.access.sessions import now
from ops.look.reading import Guarded
from schemas.base import Fact
from schemas.operations import (
    PasskeyOffered,
    PasskeyRegistered,
    PasskeyRemoved,
    PersonSignedIn,
)
from schemas.settings import HubSettings
from stores import codec, cursors, linking
from stores.database import View

CODE_LASTS: Final = dt.timedelta(hours=24)
"""Until a code for a first passkey is none any more."""
_KINDS: Final = (PasskeyRegistered, PasskeyRemoved)


@dataclass(frozen=True, slots=True)
class Party:
    """Whom passkeys are made for: the hub, at the address at which people reach it."""

    origin: str
    id: str


@dataclass(frozen=True, slots=True, repr=False)
class Passkey:
    """One that somebody signs in with."""

    id: str
    credential: str
    public: str
    label: str
    since: dt.datetime
    sign_count: int


def party_of(settings: HubSettings) -> Party | None:
    """None where no address is configured, or nobody is: then there are no passkeys."""
    parts = urlsplit(settings.identity.url or "")
    if not parts.hostname or not settings.people:
        return None
    return Party(f"{parts.scheme}://{parts.netloc}", parts.hostname)


def passkey_id(credential: str) -> str:
    """What the record calls a passkey: authenticators' own names may be of any length."""
    return sha256(credential.encode()).hexdigest()


def held_by(hub: Guarded, who: str, *, counted: bool = False) -> Mapping[str, Passkey]:
    """Somebody's passkeys by their ids; ``counted``: with how often each was used by now."""
    with hub.database.view() as view:
        return _held(view, attempts.person_id(hub, who), counted=counted)


def _held(view: View, person_id: str, *, counted: bool = False) -> dict[str, Passkey]:
    found = dict[str, Passkey]()
    kinds = (*_KINDS, PersonSignedIn) if counted else _KINDS
    for entry in linking.about(view.connection, view.vault, ids=[person_id], types=kinds):
        fact = entry.message.data
        if isinstance(fact, PasskeyRegistered):
            found[fact.passkey_id] = _kept(fact, since=codec.from_micros(entry.recorded_at))
        elif isinstance(fact, PasskeyRemoved):
            found.pop(fact.passkey_id, None)
        elif isinstance(fact, PersonSignedIn) and fact.passkey:
            used, before = fact.passkey, found.get(fact.passkey.passkey_id)
            if before is not None:
                count = max(before.sign_count, used.sign_count)
                found[used.passkey_id] = replace(before, sign_count=count)
    return found


def _kept(fact: PasskeyRegistered, *, since: dt.datetime) -> Passkey:
    return Passkey(
        id=fact.passkey_id,
        credential=fact.credential,
        public=fact.public,
        label=fact.label,
        since=since,
        sign_count=fact.sign_count,
    )


def offer(hub: Guarded, who: str, *, account: str) -> tuple[str, dt.datetime]:
    """A code with which somebody registers a passkey, once, and until when."""
    code, ends_at = secrets.token_urlsafe(16), now() + CODE_LASTS
    fact = PasskeyOffered(
        person_id=attempts.person_id(hub, who),
        who=who,
        code=_digest(code),
        ends_at=ends_at,
        account=account,
    )
    _note(hub, fact)
    return code, ends_at


def offered(hub: Guarded, code: str) -> str | None:
    """To whom this code was given, if it still is one."""
    with hub.database.view() as view:
        return _offered(view, _digest(code))


def _offered(view: View, digest: str) -> str | None:
    """Only the last code of somebody counts, and none that a passkey was registered with."""
    found: PasskeyOffered | None = None
    for entry in linking.every(view.connection, view.vault, type_=PasskeyOffered):
        fact = entry.message.data
        if isinstance(fact, PasskeyOffered):
            if fact.code == digest:
                found = fact
            elif found is not None and fact.person_id == found.person_id:
                found = None
    if found is None or found.ends_at <= now():
        return None
    ids, kinds = [found.person_id], (PasskeyRegistered,)
    done = linking.about(view.connection, view.vault, ids=ids, types=kinds)
    used = (one.message.data for one in done)
    spent = any(isinstance(one, PasskeyRegistered) and one.code == digest for one in used)
    return None if spent else found.who


def keep(hub: Guarded, fact: PasskeyRegistered, *, code: str | None) -> bool:
    """Record a passkey; whether it was not there yet, and its code not used meanwhile."""
    digest = None if code is None else _digest(code)
    with hub.database.transaction() as transaction:
        cursor = cursors.lock(transaction, OPERATIONS)
        if digest is not None and _offered(transaction, digest) != fact.who:
            return False
        registered = linking.every(
            transaction.connection, transaction.vault, type_=PasskeyRegistered
        )
        ids = (one.message.data for one in registered)
        if any(isinstance(one, PasskeyRegistered) and _same(one, fact) for one in ids):
            return False
        new = fact.model_copy(update={"code": digest})
        note(transaction, cursor, fact=new, about=fact.subject)
    return True


def _same(one: PasskeyRegistered, other: PasskeyRegistered) -> bool:
    """What was removed does not come back either."""
    return one.passkey_id == other.passkey_id


def remove(hub: Guarded, who: str, *, id_: str, why: str, account: str | None = None) -> bool:
    """Record that a passkey is none any more; whether it was one of theirs."""
    person_id = attempts.person_id(hub, who)
    with hub.database.transaction() as transaction:
        cursor = cursors.lock(transaction, OPERATIONS)
        if id_ not in _held(transaction, person_id):
            return False
        fact = PasskeyRemoved(
            person_id=person_id, passkey_id=id_, who=who, why=why, account=account
        )
        note(transaction, cursor, fact=fact, about=person_id)
    return True


def _note(hub: Guarded, fact: Fact) -> None:
    with hub.database.transaction() as transaction:
        note(transaction, cursors.lock(transaction, OPERATIONS), fact=fact, about=fact.subject)


def _digest(code: str) -> str:
    return sha256(code.encode()).hexdigest()
