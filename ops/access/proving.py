"""That somebody who starts a command is who they say: the one place that answers for it."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from ops.access import attempts
from ops.access.accounts import account, is_seen
from ops.access.passkeys import held_by, party_of
from ops.access.passphrases import is_right
from ops.access.sessions import Known, Session, now, own_file, sessions_of
from ops.look.reading import Guarded
from schemas.access import Proof
from schemas.settings import HubSettings, PersonSettings


class NotProven(Exception):
    """Whoever asks did not show who they are; the message says how to."""


class CannotSignIn(Exception):
    """Nobody can sign in so; the message says why, and what to do. ``reason``: for the record."""

    def __init__(self, said: str, reason: str) -> None:
        super().__init__(said)
        self.reason = reason


def proven(hub: Guarded, who: str) -> Known | None:
    """Somebody of this name, who has signed in, or whose account this is; None: whom the hub does
    not know. Raises :class:`NotProven`.
    """
    person = named(hub.settings, who)
    if signed := _signed_in(hub, who):
        return signed
    if person is None:
        if hub.settings.identity.issuer is None:
            return None
        attempts.refused(hub, who, proof=Proof.OPENID, reason="not_signed_in")
        raise NotProven(f"{who} has not signed in, or too long ago: `hub sign-in`")
    if person.account != (here := account()):
        reason = "other_account" if person.account else "not_signed_in"
        attempts.refused(hub, who, proof=_expected(hub.settings, person), reason=reason)
        raise NotProven(_way_out(hub.settings, person, here=here))
    shared = len(_sharing(hub.settings.people, here)) > 1
    if shared and is_production(hub.settings):
        attempts.refused(hub, who, proof=Proof.SHARED_ACCOUNT, reason="shared_account")
        raise NotProven(
            f"several people have the account {here}, so it does not show that you are {who}: "
            "give each one of their own under [[people]], or a passphrase to sign in with "
            "(`hub config passphrase`), or a passkey (`hub config passkey`)"
        )
    if not is_seen() and is_production(hub.settings):
        attempts.refused(hub, who, proof=Proof.PROCESS_ACCOUNT, reason="no_login")
        raise NotProven(
            f"this machine saw nobody log in (no loginuid, as in a container), so the account "
            f"{here} does not show that you are {who}: give each one a passphrase to sign in with "
            "(`hub config passphrase`), or let people sign in at a provider ([identity])"
        )
    own = Proof.ACCOUNT if is_seen() else Proof.PROCESS_ACCOUNT
    return known_as(person, Proof.SHARED_ACCOUNT if shared else own)


def _signed_in(hub: Guarded, who: str) -> Known | None:
    sessions = sessions_of(hub.settings, hub.folder)
    for token in own_file(sessions, account()).tokens():
        session = sessions.find(token, used=False)  # what others have here goes on getting idle
        if session is not None and session.who == who:
            return as_of_now(hub, session) if sessions.find(token) else None
    return None


def as_of_now(hub: Guarded, session: Session) -> Known | None:
    """Who has a session, as they are now: what somebody of ``[[people]]`` is stands there, and may
    have changed since they signed in. None: they are gone, their passphrase is another, or their
    passkey was removed.
    """
    if session.proven is Proof.OPENID:
        return session
    person = named(hub.settings, session.who)
    if person is None or not _still_holds(hub, session, person=person):
        return None
    return session.model_copy(update={"agency": person.agency, "roles": person.roles})


def _still_holds(hub: Guarded, session: Session, *, person: PersonSettings) -> bool:
    """Whether what somebody signed in with would let them in now."""
    if session.proven is Proof.PASSKEY:
        return session.by in held_by(hub, person.name)
    return session.by == _by(person)


def by_passphrase(hub: Guarded, who: str, passphrase: str) -> Known:
    """Somebody who knows their passphrase. One that is wrong is recorded, and the next is slower.
    Raises :class:`NotProven`.
    """
    person = named(hub.settings, who)
    with attempts.one_at_a_time(sessions_of(hub.settings, hub.folder).folder, who):
        attempts.slow(hub, who)
        kept = person.passphrase if person else None
        if person is None or kept is None or not is_right(passphrase, kept):
            attempts.refused(hub, who, proof=Proof.PASSPHRASE, reason="wrong_passphrase")
            raise NotProven("this is no name and passphrase that belong together")
    return known_as(person, Proof.PASSPHRASE, by=_by(person))


def named(settings: HubSettings, who: str) -> PersonSettings | None:
    """Somebody of ``[[people]]``."""
    return next((one for one in settings.people if one.name == who), None)


def is_production(settings: HubSettings) -> bool:
    """Whether the hub is more than one process on one machine, for one person to try."""
    return not settings.runtime.store.startswith("sqlite")


def _sharing(people: Sequence[PersonSettings], here: str) -> list[PersonSettings]:
    return [one for one in people if one.account == here and one.is_there(now().date())]


def known_as(person: PersonSettings, proof: Proof, *, by: str | None = None) -> Known:
    """Somebody of ``[[people]]``, who has just shown who they are."""
    return Known(
        who=person.name,
        agency=person.agency,
        roles=person.roles,
        proven=proof,
        proven_at=now(),
        by=by,
    )


def _by(person: PersonSettings) -> str | None:
    kept = person.passphrase
    return None if kept is None else sha256(kept.encode()).hexdigest()


def _expected(settings: HubSettings, person: PersonSettings) -> Proof:
    if person.account:
        return Proof.ACCOUNT
    return Proof.OPENID if settings.identity.issuer and not person.passphrase else Proof.PASSPHRASE


def _way_out(settings: HubSettings, person: PersonSettings, *, here: str) -> str:
    who = person.name
    if person.passphrase:
        return f'sign in first: `hub sign-in --who "{who}"`'
    if settings.identity.issuer:
        return f"{who} has not signed in, or too long ago: `hub sign-in`"
    if party_of(settings) and not person.account:
        return (
            f"{who} has not signed in, or too long ago: `hub sign-in --passkey`; for a first "
            f'passkey whoever keeps the hub gives a code (`hub config passkey --who "{who}"`)'
        )
    if person.account:
        return (
            f"{who} acts from the account {person.account}, and you logged in as {here}: start "
            "this from there, or have whoever keeps the configuration correct `account`"
        )
    return (
        f"--who alone proves nobody: have whoever keeps the configuration write under {who} in "
        f'[[people]] account = "{here}", if that is the account of {who} alone, or passphrase = '
        "… (`hub config passphrase`), or let people sign in at a provider ([identity])"
    )
