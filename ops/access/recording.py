"""Who was let or denied what, by which rules, is recorded, and who looks at it afterwards (R46)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from ops.access.accounts import account
from ops.access.acting import Asker, Denied, may, recent, refused, today
from ops.access.items import Kept
from ops.access.noting import OPERATIONS, UNKNOWN, note
from ops.look.reading import Guarded
from ops.run.wiring import Hub
from schemas.access import Access, AccessRules, Act, Answer, Resource, Role, Verdict
from schemas.operations import (
    AccessDenied,
    AccessRulesAdopted,
    DeadLetterRevealed,
    RecordAccessed,
    RecordRevealed,
)
from stores import codec, cursors, linking
from stores.cursors import Cursor
from stores.database import Transaction


def granted(
    hub: Hub,
    transaction: Transaction,
    *,
    cursor: Cursor,
    asker: Asker,
    wanted: str,
    by: Sequence[Answer],
    act: Act = Act.REVEAL,
) -> Access:
    """What is recorded of a look at contents that the rules allow; raises :class:`NobodyReviews`.

    A further look at the same for the same reason belongs to the first, as long as that lasts.
    """
    recent(asker, act)
    first = _earlier(transaction, asker, wanted=wanted, act=act)
    said = _said(hub, transaction, cursor=cursor, asker=asker, by=by)
    if first is not None:
        message_id, access = first
        lasting = {name: getattr(access, name) for name in ("until", "review_by", "review_due_at")}
        return said.model_copy(update=lasting | {"continues": message_id})
    now = codec.from_micros(transaction.now)
    terms = hub.access.break_glass if asker.break_glass else hub.access.reveal
    return said.model_copy(
        update={
            "until": now + dt.timedelta(minutes=terms.minutes),
            "review_by": _reviewer(hub, asker),
            "review_due_at": now + dt.timedelta(hours=terms.review_hours),
        }
    )


def denied(
    hub: Guarded,
    transaction: Transaction,
    *,
    cursor: Cursor,
    asker: Asker,
    act: Act,
    resource: Resource,
    wanted: str,
    by: Answer,
    about: str | None = None,
) -> None:
    """Record that somebody was denied something; ``about``: the referral, where that is another."""
    access = _said(hub, transaction, cursor=cursor, asker=asker, by=[by])
    fact = AccessDenied(
        record_id=wanted, act=act, record=resource, who=asker.who, why=asker.why, access=access
    )
    note(transaction, cursor, fact=fact, about=about or wanted)


def accessed(
    hub: Guarded,
    transaction: Transaction,
    *,
    asker: Asker,
    act: Act,
    resource: Resource,
    wanted: str,
    about: str,
    owner: str | None = None,
    why: str | None = None,
) -> Denied | None:
    """Record that somebody looks at something without contents, or at what is for their own agency;
    or that the rules do not let them, which is to be raised once that is committed. ``owner``:
    whose it is, where it is an agency's; ``why``: what is recorded where nobody has to give a
    reason. Raises ``NotRecent``.
    """
    answer = may(hub, asker, act=act, resource=resource, item=Kept(owner))
    if answer.verdict is Verdict.ALLOW:
        recent(asker, act)
    cursor = cursors.lock(transaction, OPERATIONS)
    access = _said(hub, transaction, cursor=cursor, asker=asker, by=[answer])
    let = answer.verdict is Verdict.ALLOW
    asked = {"record_id": wanted, "act": act, "record": resource}
    who = asker.who if asker.who is not None or not let else f"account {account()}"
    said = {"who": who, "why": asker.why or why, "access": access}
    fact = (RecordAccessed if let else AccessDenied).model_validate(asked | said)
    note(transaction, cursor, fact=fact, about=about)
    return None if let else refused(hub, asker, answer, act=act, resource=resource)


def permit_on_record(
    hub: Guarded, asker: Asker, *, act: Act, resource: Resource, wanted: str = UNKNOWN
) -> Access:
    """What is recorded of something that the rules let somebody do. Else the denial is recorded,
    and raised: :class:`Denied`.
    """
    answer = may(hub, asker, act=act, resource=resource)
    with hub.database.transaction() as transaction:
        cursor = cursors.lock(transaction, OPERATIONS)
        if answer.verdict is Verdict.ALLOW:
            recent(asker, act)
            return _said(hub, transaction, cursor=cursor, asker=asker, by=[answer])
        denied(
            hub,
            transaction,
            cursor=cursor,
            asker=asker,
            act=act,
            resource=resource,
            wanted=wanted,
            by=answer,
        )
    raise refused(hub, asker, answer, act=act, resource=resource)


class NobodyReviews(Exception):
    """Contents are shown to nobody while nobody is named who would look at it afterwards."""

    def __str__(self) -> str:
        return (
            "nobody is named who reviews afterwards who was shown what: enter somebody else with "
            "the role reviewer under [[people]] of the configuration (`hub config check`)"
        )


def _reviewer(hub: Hub, asker: Asker) -> str | None:
    """Who is to review it. In an emergency it waits for nobody: then it is open until somebody."""
    for person in hub.settings.people:
        if Role.REVIEWER in person.roles and person.name != asker.who and person.is_there(today()):
            return person.name
    if asker.break_glass:
        return None
    raise NobodyReviews


def _earlier(
    transaction: Transaction, asker: Asker, *, wanted: str, act: Act
) -> tuple[str, Access] | None:
    """The look of the same person at the same for the same reason that lasts still."""
    now = codec.from_micros(transaction.now)
    kinds = (RecordRevealed, DeadLetterRevealed)
    looks = linking.about(transaction.connection, transaction.vault, ids=[wanted], types=kinds)
    for entry in reversed(looks):
        fact = entry.message.data
        if not isinstance(fact, kinds):
            continue  # what was erased cannot be read
        access = fact.access
        if access is None or access.continues is not None or access.until is None:
            continue
        done = (act_of(fact), fact.subject, fact.seen_by, fact.why)
        same = done == (act, wanted, asker.who, asker.why)
        as_before = (access.purpose, access.break_glass) == (asker.purpose, asker.break_glass)
        if same and as_before and now < access.until:
            return entry.message.id, access
    return None


def act_of(fact: RecordRevealed | DeadLetterRevealed) -> Act:
    """Whether contents were shown, or taken away in a file."""
    return fact.act if isinstance(fact, RecordRevealed) else Act.REVEAL


def _said(
    hub: Guarded, transaction: Transaction, *, cursor: Cursor, asker: Asker, by: Sequence[Answer]
) -> Access:
    rules = (answer.decided for answer in by)
    return Access(
        rules=hub.access.version,
        digest=_adopted(transaction, cursor, rules=hub.access),
        decided=tuple(dict.fromkeys(rule.id for rule in rules if rule)),
        agency=asker.agency,
        roles=tuple(sorted(asker.roles)),
        purpose=asker.purpose,
        proven=asker.proven,
        break_glass=asker.break_glass,
    )


def _adopted(transaction: Transaction, cursor: Cursor, *, rules: AccessRules) -> str:
    """The digest of the rules, which are recorded whole the first time that they are gone by."""
    digest = rules.digest()
    known = linking.about(
        transaction.connection, transaction.vault, ids=[digest], types=[AccessRulesAdopted]
    )
    if not known:
        fact = AccessRulesAdopted(digest=digest, rules=rules)
        note(transaction, cursor, fact=fact, about=digest)
    return digest
