"""Where an agency's messages do not come in, a Red may wait among them: that is told once, as a
fact, by the part that notices.
"""

from __future__ import annotations

import datetime as dt
from typing import Literal

from router.lane import Lane
from schemas.message import arrived, derived_id
from schemas.operations import NotRenewed, WayInBroken
from stores import codec, cursors, journal
from stores.database import Database, Transaction
from stores.failures import PartFailure

BROKEN_AFTER = 6
"""Failures in a row: half a minute, as parts pause in between. What passes has passed by then."""
SYSTEMS = frozenset({"http", "folder", "queue", "mllp"})
"""By which way agencies' own systems send; people do from their desks."""
_BY = frozenset({"folder", "queue", "mllp"})
"""Connectors whose parts are called after their agency: ``folder:school``."""
_OF_ALL = frozenset({"http", "process:http", "process:connectors"})
"""Parts by which several agencies send."""


def source_of(connector: str, agency: str) -> str:
    """What the record says of where a message came from: by which connector, from whom."""
    return f"mash-hub/{connector}/{agency}"


def note(database: Database, failing: PartFailure) -> None:
    """Tell of a part that is a way in, once it has failed for long. Raises ``Unavailable``."""
    if failing.times < BROKEN_AFTER:
        return
    connector, _, agency = failing.part.partition(":")
    if connector in _BY and agency:
        _tell(database, connector, agency=agency, since=failing.since, what=str(failing.since))
    elif failing.part in _OF_ALL:
        _tell(database, "http", agency=None, since=failing.since, what=str(failing.since))


def stuck(database: Database, name: str, *, agency: str) -> None:
    """Tell of a file in an agency's folder that cannot be taken. Raises ``Unavailable``."""
    _tell(database, "folder", agency=agency, what=name)


def never_came(database: Database, *, agency: str, connector: str, day: dt.date) -> None:
    """Tell of messages that an agency sent on a day and that never came. Raises ``Unavailable``."""
    _tell(database, connector, agency=agency, what=f"manifest/{day}", why="manifest")


def _tell(
    database: Database,
    connector: str,
    *,
    agency: str | None,
    what: str,
    since: int | None = None,
    why: Literal["manifest"] | None = None,
) -> None:
    id_ = derived_id("way-in", connector, agency or "", what)
    with database.transaction() as transaction:
        at = codec.from_micros(since or transaction.now)
        fact = WayInBroken(incident_id=id_, agency=agency, connector=connector, since=at, why=why)
        record_once(transaction, fact, by=f"ways-in/{connector}/{agency or ''}", of=connector)


def record_once(
    transaction: Transaction, fact: WayInBroken | NotRenewed, *, by: str, of: str
) -> None:
    """Record what people are to be told of, unless that was done; ``of``: the part that noticed."""
    cursor = cursors.lock(transaction, by)
    message = arrived(
        fact,
        id_=derived_id(fact.incident_id, fact.type),
        source=f"mash-hub/{of}",
        time=codec.from_micros(transaction.now),
    )
    if not journal.known_ids(transaction, [message.id]):
        ahead = Lane().ahead(transaction, [message])
        journal.append(transaction, cursor, messages=[message], ahead=ahead)
        cursors.store(transaction, cursor)
