"""A Red that nobody has: people are told along a chain until one of them takes it.

Facts of several topics are heard, in any order: each is noted, and then what it raises or ends is
decided. Only a person, or that what it is about was settled, ends an alarm.
"""

from __future__ import annotations

from router.step import Outcome, Step
from router.steps.alarm import causes, raising
from router.steps.alarm.state import STEP_NAME, Alarms
from router.steps.now import Now
from schemas.alarms import AlarmReceived
from schemas.message import Message
from schemas.policy import Policy
from schemas.rating import TimerElapsed


def decide(state: Alarms | None, message: Message, policy: Policy) -> Outcome[Alarms]:
    """Raise an alarm, repeat it, have it taken, or end it.

    Refuses receipts of who was not told, and of no alarm that runs.
    """
    known, now = state or Alarms(), Now(message.time, policy)
    match message.data:
        case TimerElapsed() as elapsed:
            return raising.repeat(known, elapsed, cause=message.id, now=now)
        case AlarmReceived() as received:
            return raising.take(known, received, now=now)
    heard, subject = causes.heard(known, message, now=now), causes.subject_of(message)
    return raising.outcome_of(known, heard, subject=subject, cause=message.id, now=now)


STEP: Step[Alarms] = Step(
    name=STEP_NAME,
    hears=(*causes.HEARD, AlarmReceived, TimerElapsed),
    state=Alarms,
    key=causes.subject_of,
    mostly_by="referral",
    decide=decide,
)
