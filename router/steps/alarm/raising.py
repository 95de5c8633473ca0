"""Telling people of an alarm, again and again, until one of them takes it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from router.step import Outcome, refuse
from router.steps.alarm import words
from router.steps.alarm.causes import Heard
from router.steps.alarm.state import STEP_NAME, Alarm, Alarms
from router.steps.clocks.own_time import allowed_time
from router.steps.clocks.ticking import timers
from router.steps.now import Now
from schemas.alarms import (
    AlarmEnded,
    AlarmHead,
    AlarmNotice,
    AlarmRaised,
    AlarmReceived,
    AlarmRepeated,
    AlarmTaken,
)
from schemas.base import Fact
from schemas.calendar import Contact
from schemas.identity import IdentityBlock
from schemas.letter import Letter, letter_id
from schemas.rating import TimerElapsed

_OTHERWISE = dt.timedelta(minutes=10)
"""Until somebody is told again where a later profile has no time for alarms: none stops for that.
"""


def outcome_of(
    before: Alarms, heard: Heard, *, subject: str, cause: str, now: Now
) -> Outcome[Alarms]:
    """What a fact comes to: each alarm is raised once, and ends once. One that says something else
    now does so at once, in place of its last letter.
    """
    state, facts, letters = heard.state.without(*heard.ends), list[Fact](), list[Letter]()
    for one in heard.ends:
        assert heard.because is not None
        facts.append(AlarmEnded(reason=heard.because, **one.shared(AlarmHead)))
    reworded = [one for one in state.running if _says_else(one, before.alarm(one.alarm_id))]
    for one in reworded:
        again = one.model_copy(update={"letter": letter_id(cause, STEP_NAME, key=_key(one))})
        state = state.with_(again)
        letters.append(_letter(again, now))
    alarm = _raised(state, heard.raises, cause=cause, now=now) if heard.raises else None
    if alarm is not None:
        state = state.with_(alarm)
        told = {"told": alarm.told[-1], "next_at": alarm.next_at}
        facts.append(AlarmRaised(**told, **alarm.shared(AlarmHead)))
        letters.append(_letter(alarm, now))
    if state == before:
        return Outcome()
    due = timers(state.next_at, subject, before=before.next_at)
    back = tuple(one.letter for one in (*heard.ends, *reworded))
    return Outcome(state, tuple(facts), tuple(letters), due, takes_back=back)


def _says_else(now: Alarm, before: Alarm | None) -> bool:
    return before is not None and now.why != before.why


def _raised(state: Alarms, head: AlarmHead, *, cause: str, now: Now) -> Alarm | None:
    """An alarm that the first of the chain is told; None where there is or was one already, or
    the profile has no time for alarms.
    """
    next_at = _next_at(head, times=1, now=now)
    if next_at is None or state.alarm(head.alarm_id) or head.alarm_id in state.over:
        return None
    letter = letter_id(cause, STEP_NAME, key=_key(head))
    return Alarm(told=(_at(0, now),), next_at=next_at, letter=letter, **head.shared(AlarmHead))


def repeat(state: Alarms, elapsed: TimerElapsed, *, cause: str, now: Now) -> Outcome[Alarms]:
    """Tell the next of the chain of what nobody has taken, or the last of it again.

    What was sent before and nobody has fetched is taken back: the new letter says more.
    """
    due = [one for one in state.running if one.next_at <= elapsed.due_at]
    after = state
    if not due:
        return Outcome()
    facts, letters, back = list[Fact](), list[Letter](), list[str]()
    for one in due:
        again = _again(one, cause=cause, now=now)
        after = after.with_(again)
        told = again.shared(AlarmRepeated) | {"told": again.told[-1]}
        facts.append(AlarmRepeated(**told))
        letters.append(_letter(again, now))
        if _desk(one.told[-1], now) == _desk(again.told[-1], now):
            back.append(one.letter)
    due_next = timers(after.next_at, elapsed.key)
    return Outcome(after, tuple(facts), tuple(letters), due_next, takes_back=tuple(back))


def _again(alarm: Alarm, *, cause: str, now: Now) -> Alarm:
    contact, times = _at(alarm.times, now), alarm.times + 1
    next_at = _next_at(alarm, times=times, now=now) or now.at + _OTHERWISE
    told = alarm.told if alarm.told[-1] == contact else (*alarm.told, contact)
    letter = letter_id(cause, STEP_NAME, key=_key(alarm))
    new = {"told": told, "times": times, "next_at": next_at, "letter": letter}
    return alarm.model_copy(update=new)


def take(state: Alarms, received: AlarmReceived, *, now: Now) -> Outcome[Alarms]:
    """A person has it: it repeats no more."""
    receipt = received.receipt
    alarm = state.alarm(receipt.alarm_id)
    if alarm is None:
        if state.taken_by.get(receipt.alarm_id) == received.agency:
            return Outcome()
        over = receipt.alarm_id in state.over
        return refuse("refused.closed" if over else "refused.unknown-subject", "alarm_id")
    told = {_desk(one, now) for one in alarm.told}
    if received.agency not in {now.policy.lead_agency, *told}:
        return refuse("refused.not-told", "alarm_id")
    if not now.is_known(received.agency, receipt.taken_by, among=alarm.told):
        return refuse("refused.decision-maker", "taken_by")
    taken_by = {**state.taken_by, alarm.alarm_id: received.agency}
    after = state.without(alarm).model_copy(update={"taken_by": taken_by})
    fact = AlarmTaken(
        taken_by=receipt.taken_by, taken_for=received.agency, **alarm.shared(AlarmHead)
    )
    due = timers(after.next_at, receipt.subject_id, before=state.next_at)
    return Outcome(after, (fact,), timers=due, takes_back=(alarm.letter,))


def _letter(alarm: Alarm, now: Now) -> Letter:
    told = alarm.told[-1]
    notice = AlarmNotice(
        about=None if alarm.referral_id else IdentityBlock(ring=words.ring(alarm, now.policy)),
        says=words.says(alarm, now.policy),
        to_do=words.to_do(alarm, now.policy),
        next_told=_at(alarm.times, now),
        **alarm.shared(AlarmNotice) | {"told": told},
    )
    return Letter(_key(alarm), agency=_desk(told, now), notice=notice)


def _key(alarm: AlarmHead) -> str:
    return f"alarm/{alarm.alarm_id}"


def _next_at(alarm: AlarmHead, *, times: int, now: Now) -> dt.datetime | None:
    """When somebody is told again who were told so many times; None where the profile has no time
    for alarms. What is no Red leaves those who are told their nights and weekends.
    """
    clock = now.owing("alarm")
    if clock is None or not alarm.quiet:
        return clock.due_at if clock else None
    calendar = now.policy.calendar_of(_desk(_at(times, now), now))
    return allowed_time(now.profile.alarm_quiet, now.at, calendar=calendar).due


def _at(times: int, now: Now) -> Contact:
    """Who is told once so many were: one after the other, then the last of the chain again."""
    chain = _chain(now)
    return chain[min(times, len(chain) - 1)]


def _chain(now: Now) -> Sequence[Contact]:
    lead = Contact(role="Duty manager", reach=now.contact_of(now.policy.lead_agency))
    return now.profile.chains.get("alarm") or (lead,)


def _desk(contact: Contact, now: Now) -> str:
    return contact.agency or now.policy.lead_agency
