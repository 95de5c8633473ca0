"""One replay and all of them: what was asked, how far it is, what was found."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from ops.access.acting import Asker
from ops.console import days as days_of
from ops.console.opening import DO, WHY, said_why
from ops.console.screen import File, Go, NotThere, Page, Visit
from ops.look.replay_report import VERDICTS, Wanted
from ops.mend import replays as jobs
from ops.mend.dead_letters import Refused
from ops.mend.replays import Job
from schemas.access import Act, Purpose, Resource
from schemas.topics import TOPICS

_LONGEST: Final = 200


def replays(visit: Visit) -> Page:
    """All that are kept, and the plan of another."""
    return _all(visit)


def plan(visit: Visit) -> Page | Go:
    """Say what it would take: it runs when somebody starts it."""
    form, errors = visit.form, said_why(visit)
    days = {name: days_of.begins(form.one(name)) for name in ("since", "until")}
    errors |= {name: days_of.WRONG for name, day in days.items() if form.one(name) and day is None}
    if len(form.one("about")) > _LONGEST:
        errors["about"] = "Write the id of one case or referral"
    if form.one("recipient") and form.one("recipient") not in visit.names:
        errors["recipient"] = "Choose who lost it, or nobody"
    if errors:
        return _all(visit, errors=errors)
    after = days["until"] and days_of.is_over(days["until"])
    until = after and after - 1
    recipient = form.one("recipient") or None
    wanted = Wanted(form.one("topic") or None, form.one("about") or None, days["since"], until)
    try:
        if recipient is not None:
            mends = _asker(visit, Purpose.MENDING)
            made = jobs.plan_to_live(visit.hub, wanted, recipient, asker=mends)
        else:
            made = jobs.plan(visit.hub, wanted, asker=_asker(visit))
    except Refused as error:
        return _all(visit, errors={"about": _sentence(error)})
    return Go(f"replays/{made.plan.job_id}", "asked" if recipient else "planned")


def job(visit: Visit) -> Page:
    """One of them."""
    return _page(visit, _one(visit))


def act(visit: Visit) -> Page | Go:
    """Start it, start it again, or end it before it is done."""
    one, do = _one(visit), visit.form.one(DO)
    if errors := said_why(visit):
        return _page(visit, one, errors=errors)
    job_id = one.plan.job_id
    try:
        if one.plan.recipient is not None and do in _SAID:
            mends = _asker(visit, Purpose.MENDING)
            jobs.agree(visit.hub, job_id, asker=mends, agreed=do == "agree")
            return Go(f"replays/{job_id}", _SAID[do])
        jobs.permitted(visit.hub, job_id, asker=_asker(visit))
        if do == "start":
            jobs.start(visit.hub, job_id, who=visit.who)
        elif do == "cancel":
            jobs.cancel(visit.hub, job_id)
        else:
            raise NotThere
    except Refused as error:
        return _page(visit, _one(visit), errors={WHY: _sentence(error)})
    return Go(f"replays/{job_id}", "started" if do == "start" else "cancelled")


def report(visit: Visit) -> File:
    """What was found, with what was planned, to take away: ids and counts, nothing of a child."""
    one = _one(visit)
    if one.report is None:
        raise NotThere
    body = json.dumps(jobs.told(one), indent=1).encode()
    return File(f"replay-{one.plan.job_id}.json", body)


def _one(visit: Visit) -> Job:
    try:
        return jobs.job(visit.hub, visit.hub.folder, visit.place["job_id"])
    except Refused:
        raise NotThere from None


_SAID: Final[Mapping[str, str]] = {"agree": "agreed", "refuse": "refused"}


def _asker(visit: Visit, purpose: Purpose = Purpose.AUDIT) -> Asker:
    return replace(visit.asker, why=visit.form.one(WHY), purpose=purpose)


def _sentence(error: Exception) -> str:
    said = str(error).partition(";")[0].partition("`")[0]
    return f"{said[:1].upper()}{said[1:].rstrip('. :')}."


def _all(visit: Visit, *, errors: Mapping[str, str] | None = None) -> Page:
    values = {
        "jobs": jobs.jobs(visit.hub, visit.hub.folder),
        "topics": [topic.name for topic in TOPICS],
        "names": visit.names,
        "sends": visit.could(Act.MEND, Resource.LETTER),
        "form": visit.form,
        "errors": errors or {},
    }
    return Page("replays/replays.html", values, 422 if errors else 200)


def _page(visit: Visit, one: Job, *, errors: Mapping[str, str] | None = None) -> Page:
    values = {
        "one": one,
        "told": jobs.told(one),
        "verdicts": VERDICTS,
        "asked": jobs.asked_of(visit.hub, one),
        "own": one.plan.by == visit.who,
        "sends": visit.could(Act.MEND, Resource.LETTER),
        "names": visit.names,
        "form": visit.form,
        "errors": errors or {},
    }
    return Page("replays/job.html", values, 422 if errors else 200)
