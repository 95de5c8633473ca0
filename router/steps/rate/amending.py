"""Another version of a notification, by its own agency, is a referral of its own: where nobody has
rated the earlier one, its clocks end, and the later one has its own (R15).
"""

from __future__ import annotations

from typing import Any

from router.step import Outcome
from router.steps.asking import reads_as_red
from router.steps.clocks.ticking import Ticking, started, timers
from router.steps.now import Now
from router.steps.rate.beginning import begin, taken_up
from router.steps.rate.ending import AMENDED, ended
from router.steps.rate.referring import left_off, watched_again
from router.steps.rate.state import Assigned, HandedOver, State, Suggested
from router.steps.rate.with_team import handed, moved_on
from schemas.base import Fact
from schemas.case import NotificationAmended, VersionMoved, Worker
from schemas.rating import PossibleRedAmended


def amend(state: State | None, came: NotificationAmended, *, now: Now) -> Outcome[State]:
    """Whoever is asked by a rating of one version is not asked by one of another; and nobody is
    waited for to rate words that are others now.
    """
    version = came.amended_by
    if isinstance(state, HandedOver) and state.kept:
        versions = (*state.kept.versions, version)
        kept = state.kept.model_copy(update={"versions": versions, "amended_by": version})
        return Outcome(state.model_copy(update={"kept": kept}))
    if not isinstance(state, Suggested | Assigned):
        return Outcome()
    after = state.model_copy(update={"versions": (*state.versions, version)})
    if not isinstance(after, Suggested):
        return Outcome(after)
    return _taken_over(after, came, now=now)


def _taken_over(state: Suggested, came: NotificationAmended, *, now: Now) -> Outcome[State]:
    id_ = came.referral_id
    gone: dict[str, Any] = {"decision": None, "product": None, "telling": None}
    clock, since = state.possible_red, list[Fact]()
    if clock is not None and _watches_too(clock, came, now=now):
        gone["possible_red"] = None
        told = {"referral_id": came.amended_by, "case_id": came.case_id, "amends": id_}
        since.append(PossibleRedAmended(**told, since=clock.started_at or state.received_at))
    after = state.model_copy(update=gone | {"amended_by": came.amended_by})
    facts = (
        *since,
        *ended(state, after, referral_id=id_, reason=AMENDED, now=now),
        *left_off(state, id_, reason=AMENDED, now=now),
    )
    return Outcome(after, facts, timers=timers(after.next_at, id_, before=state.next_at))


def waited_for(state: State | None, came: PossibleRedAmended, *, now: Now) -> Outcome[State]:
    """An amendment gives nobody more time to look at what may be a Red: its clock runs since that
    of the version before began.
    """
    clock = state.possible_red if isinstance(state, Suggested) else None
    allowed = now.profile.possible_red_allowed
    if clock is None or clock.breached or allowed is None or not isinstance(state, Suggested):
        return Outcome()
    if clock.started_at is None or clock.started_at <= came.since:
        return Outcome()
    own = now.own_time(allowed, since=came.since)
    sooner = started(own, warn_at=now.profile.warn_at)
    after = state.model_copy(update={"possible_red": sooner})
    due = timers(after.next_at, came.referral_id, before=state.next_at)
    return Outcome(after, timers=due)


def _watches_too(clock: Ticking, came: NotificationAmended, *, now: Now) -> bool:
    """Whether the later version has a clock of its own on which a human looks at it within minutes.

    A Red does not go because its agency says less of it now, nor because people were told already
    that nobody has opened it: then somebody opens the earlier one.
    """
    return not clock.breached and reads_as_red(came, now=now) is True


def stands_alone(
    state: HandedOver | Suggested, referral_id: str, *, had: Worker | None, now: Now
) -> Outcome[State] | None:
    """A human moved this version to a child of its own: no other is rated in its place, and its
    clocks run anew, or its team has it; None where none was.
    """
    alone = handed(state) if isinstance(state, Suggested) else state
    kept = alone.kept
    if kept is None or kept.amended_by is None:
        return None
    kept = kept.model_copy(update={"amended_by": None})
    alone = alone.model_copy(update={"kept": kept})
    if not kept.may_be_red:
        return moved_on(alone, referral_id, had=had, now=now)
    return begin(watched_again(taken_up(alone, kept, now=now), now=now), referral_id, now=now)


def stands_again(state: State | None, came: VersionMoved, *, now: Now) -> Outcome[State]:
    """A human moved the later version to another child: this one is rated again, and whoever was
    asked by a rating of that one is asked by one of this.
    """
    if not isinstance(state, HandedOver | Suggested | Assigned):
        return Outcome()
    left = _without(state, came.moved)
    alone = None
    if not isinstance(left, Assigned):
        had = left.allocated.has_it
        alone = stands_alone(left, came.referral_id, had=had, now=now)
    return alone or Outcome(left)


def _without(
    state: HandedOver | Suggested | Assigned, version: str
) -> HandedOver | Suggested | Assigned:
    said = state.kept if isinstance(state, HandedOver) else state
    if said is None:
        return state
    versions = tuple(id_ for id_ in said.versions if id_ != version)
    less: Any = said.model_copy(update={"versions": versions})
    return state.model_copy(update={"kept": less}) if isinstance(state, HandedOver) else less
