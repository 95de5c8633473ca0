"""What needs a hand: of all that is known of a hub, what somebody has to see to now, and how."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Final

from ops.look.status import Row, Status

STEP_SECONDS: Final = 120
"""By so long a step has heard a message; an alert has the same (``HubStepStuck``)."""
_LETTER_SECONDS: Final = 3600
_BEHIND_SECONDS: Final = 60
_FAILED_OFTEN: Final = 3


@dataclass(frozen=True, slots=True)
class Need:
    """One thing to see to. ``symptom``: the runbook's line about it, by how that begins."""

    says: str
    do: str
    symptom: str
    urgent: bool
    """Whether messages, or people who wait for them, stand still meanwhile."""
    seconds: float | None = None
    """For how long it has been so."""
    screen: str | None = None
    """Where it is mended, under the console's address."""


def needs(status: Status) -> list[Need]:
    """All of it, what is urgent first, then what has lasted longest; none of a hub that is well."""
    found = [
        *_trouble(status),
        *_parts(status),
        *_alarms(status),
        *_pauses(status),
        *_steps(status),
        *_time(status),
        *_record(status),
        *_dead_letters(status),
        *_queues(status),
        *_at_brokers(status),
        *_ways_in(status),
        *_manifests(status),
    ]
    return sorted(found, key=lambda one: (not one.urgent, -(one.seconds or 0)))


def _trouble(status: Status) -> Iterator[Need]:
    for said in status.trouble:
        broker = "broker" in said or "topics" in said
        symptom = "`status`: a queue at a broker is *unknown*" if broker else "`status`, an alarm"
        do = "mend the broker: what it should get waits in the store" if broker else "renew it"
        yield Need(f"{said[:1].upper()}{said[1:]}", do, symptom, urgent=True)


def _parts(status: Status) -> Iterator[Need]:
    for part in status.parts:
        over = part["again_seconds"] is None
        often = "was given up" if over else f"failed {part['times']} times in a row"
        yield Need(
            f"The part {part['part']} {often} ({part['error']})",
            "look for part.failed in the log; the runbook has each error",
            "`status`: *parts that fail*",
            urgent=over or part["times"] >= _FAILED_OFTEN,
            seconds=part["since_seconds"],
        )


def _alarms(status: Status) -> Iterator[Need]:
    since, untaken = status.alarms["since"], status.alarms["untaken"]
    if untaken:
        yield Need(
            f"{untaken} alarm{'s' if untaken > 1 else ''} that nobody has taken",
            "ring the duty manager, who takes them at the duty desk",
            "`HubAlarmUntaken`",
            urgent=True,
            seconds=(status.at - since).total_seconds() if since else None,
            screen="duty",
        )


def _pauses(status: Status) -> Iterator[Need]:
    for one in status.pauses:
        too = ", what may be a Red too" if one["reds"] else ""
        yield Need(
            f"{paused_in_words(one)}{too}: {one['why']} ({one['decided_by']})",
            "let it go on when it can: it does by itself at its time",
            "something *waits, as somebody wants it*",
            urgent=one["reds"],
            seconds=(status.at - one["since"]).total_seconds(),
            screen="operations/pauses",
        )


def paused_in_words(one: Row) -> str:
    """What waits, in a few words."""
    return {
        "step": f"The step {one['name']} waits",
        "feed": f"What comes from {one['name']} waits",
        "queue": f"Letters for {one['name']} wait",
    }[one["what"]]


def _steps(status: Status) -> Iterator[Need]:
    paused = any(one["what"] == "step" for one in status.pauses)
    for step in status.steps:
        oldest = step["oldest_seconds"]
        if oldest and oldest > STEP_SECONDS and not paused:
            yield Need(
                f"The step {step['step']} has not handled {step['depth']} of {step['topic']}",
                "see whether its worker runs, and what the log says of it",
                "`status`: a step's depth grows",
                urgent=True,
                seconds=oldest,
            )


def _time(status: Status) -> Iterator[Need]:
    if overdue := status.timers["overdue"]:
        yield Need(
            f"{overdue} clock{'s' if overdue > 1 else ''} that nobody told the time",
            "see whether the part clock runs, or in a hub of one process the steps",
            "`HubClockStopped`",
            urgent=True,
        )


def _record(status: Status) -> Iterator[Need]:
    behind = status.tree["oldest_seconds"]
    if behind and behind > _BEHIND_SECONDS:
        yield Need(
            f"{status.tree['without_leaf']} entries of the record are not signed yet",
            "see whether the part tree fails, and what it says",
            "*parts that fail*: `tree` with `Conflict`",
            urgent=False,
            seconds=behind,
        )
    late = status.relay and status.relay["oldest_seconds"]
    if status.relay and late and late > _BEHIND_SECONDS:
        yield Need(
            f"{status.relay['unsent']} facts are not on their topics yet",
            "mend Kafka, or start the relay: they are sent in order",
            "log: `relay.unavailable`",
            urgent=True,
            seconds=late,
        )


def _dead_letters(status: Status) -> Iterator[Need]:
    for dead in status.dead_letters:
        count = dead["count"]
        yield Need(
            f"{count} message{'s' if count > 1 else ''} that nobody could act on: {dead['reason']}",
            "`hub dead-letters list`: cause and cure of each, then mend, redrive or discard it",
            "dead letters",
            urgent=False,
            seconds=dead["oldest_seconds"],
            screen="dead-letters",
        )


def _queues(status: Status) -> Iterator[Need]:
    paused = {one["name"] for one in status.pauses if one["what"] == "queue"}
    for queue in status.queues:
        oldest = queue["oldest_seconds"]
        if oldest and oldest > _LETTER_SECONDS and queue["agency"] not in paused:
            yield Need(
                f"{queue['depth']} letters lie for {queue['agency']}",
                "ring its desk: it does not fetch or accept its letters",
                "an edge queue's depth or age grows",
                urgent=False,
                seconds=oldest,
            )


def _at_brokers(status: Status) -> Iterator[Need]:
    for queue in status.broker_queues:
        if queue["ready"] and not queue["consumers"] and queue["holds"] != "receipts":
            yield Need(
                f"{queue['ready']} {queue['holds']} lie at the broker in {queue['queue']}, and "
                "nobody takes them",
                f"ring {queue['agency']}"
                if queue["holds"] == "letters"
                else "start the hub's own feed: the part connectors",
                "`status`: a queue at a broker: *ready* grows",
                urgent=queue["holds"] == "messages",
            )


def _ways_in(status: Status) -> Iterator[Need]:
    for way in status.connectors:
        if way["silent"]:
            yield Need(
                f"Nothing comes from {way['agency']} by {way['connector']}, for longer than ever",
                "ring its desk, and see whether its token and agreement are in force",
                "`status`: a way in was last seen long ago",
                urgent=False,
                seconds=_since(status, way),
            )


def _manifests(status: Status) -> Iterator[Need]:
    for one in status.manifests:
        if one["how"] == "missing":
            which = f", with the numbers {one['numbers']}" if one["numbers"] else ""
            yield Need(
                f"{one['missing']} of {one['sent']} messages that {one['agency']} sent on "
                f"{one['day']} never came{which}",
                "ring its desk, and have them sent again",
                "`status`: messages that an agency sent are *missing*",
                urgent=True,
                seconds=(status.at - one["since"]).total_seconds(),
            )
        elif one["how"] == "not told":
            yield Need(
                f"{one['agency']} has not said how many messages it sent on {one['day']}",
                "ring its desk: what it sent may not have left its system",
                "`status`: messages that an agency sent are *missing*",
                urgent=False,
                seconds=(status.at - one["since"]).total_seconds(),
            )


def _since(status: Status, way: Row) -> float | None:
    seen = way["last_seen"]
    return (status.at - seen).total_seconds() if seen else None


def as_json(status: Status) -> dict[str, Any]:
    """The status, and what is to be seen to, as plain values; moments as RFC 3339."""
    told = asdict(status) | {"needs": [asdict(one) for one in needs(status)]}
    plain: dict[str, Any] = _plain(told)
    return plain


def _plain(value: Any) -> Any:
    match value:
        case dt.datetime():
            return value.isoformat()
        case dict():
            return {key: _plain(part) for key, part in value.items()}
        case list() | tuple():
            return [_plain(part) for part in value]
        case float():
            return round(value, 3)
        case _:
            return value
