"""Attempts to act as somebody that failed: recorded, and ever slower for the same name."""

from __future__ import annotations

import datetime as dt
import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from ops.access.accounts import account
from ops.access.noting import OPERATIONS, UNKNOWN, note
from ops.access.sessions import Known, Session, name_of
from ops.look.reading import Guarded
from schemas.access import Proof
from schemas.base import Fact
from schemas.operations import PasskeyUse, PersonSignedIn, PersonSignedOut, SignInRefused
from stores import codec, cursors, linking

_FIRST, _LONGEST = 0.25, 8.0
"""Seconds before the second attempt that fails is answered; then doubled each time."""
_FORGOTTEN = dt.timedelta(minutes=10)


def person_id(hub: Guarded, who: str | None) -> str:
    """What somebody is called where names stand in the clear. What is nobody's name may be anything
    that was typed by mistake, a passphrase too.
    """
    known = {person.name for person in hub.settings.people}
    return _id_of(who) if who in known and who is not None else UNKNOWN


def _id_of(who: str) -> str:
    return f"person-{sha256(who.encode()).hexdigest()[:32]}"


def refused(hub: Guarded, who: str | None, *, proof: Proof, reason: str, here: bool = True) -> None:
    """Record that somebody did not show that they are this person; ``here``: on this machine."""
    if hub.database.reads_only:
        return
    fact = SignInRefused(
        person_id=person_id(hub, who),
        proof=proof,
        reason=reason,
        account=account() if here else None,
    )
    _note(hub, fact)


def signed_in(
    hub: Guarded, token: str, *, session: Session, passkey: PasskeyUse | None = None
) -> None:
    """Record that somebody did, with this passkey if it was one."""
    said = {name: getattr(session, name) for name in Known.model_fields}
    fact = PersonSignedIn(
        person_id=_id_of(session.who),
        session=name_of(token),
        ends_at=session.ends_at,
        passkey=passkey,
        **{name: said[name] for name in ("who", "agency", "roles", "proven")},
    )
    _note(hub, fact)


def signed_out(hub: Guarded, token: str, *, session: Session) -> None:
    """Record that somebody ended their session."""
    fact = PersonSignedOut(person_id=_id_of(session.who), who=session.who, session=name_of(token))
    _note(hub, fact)


def _note(hub: Guarded, fact: Fact) -> None:
    with hub.database.transaction() as transaction:
        cursor = cursors.lock(transaction, OPERATIONS)
        note(transaction, cursor, fact=fact, about=fact.subject)


@contextmanager
def one_at_a_time(folder: Path, who: str) -> Iterator[None]:
    """Whoever guesses from many terminals waits as long as from one; who does so from another
    account keeps nobody waiting.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / f".{_id_of(f'{account()} {who}')}").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def slow(hub: Guarded, who: str) -> None:
    """Wait before another attempt is looked at, the longer the more have failed lately from this
    account.
    """
    with hub.database.view() as view:
        since = dt.datetime.now(dt.UTC) - _FORGOTTEN
        failed = 0
        kinds = (SignInRefused, PersonSignedIn)
        ids = [person_id(hub, who)]
        for entry in linking.about(view.connection, view.vault, ids=ids, types=kinds):
            fact, at = entry.message.data, codec.from_micros(entry.recorded_at)
            guessed = isinstance(fact, SignInRefused) and fact.proof is Proof.PASSPHRASE
            if isinstance(fact, SignInRefused) and fact.account != account():
                continue
            if isinstance(fact, PersonSignedIn) or at < since:
                failed = 0
            elif guessed:
                failed += 1
    if failed:
        time.sleep(min(_FIRST * 2.0 ** min(failed - 1, 20), _LONGEST))
