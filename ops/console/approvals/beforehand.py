"""An owner releases kinds of its items beforehand: asked, read back, signed as it has to be."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, Final

from ops.access.passkeys import party_of
from ops.console import sending
from ops.console.approvals import passkey
from ops.console.opening import changes
from ops.console.questions import Ask, Option, answered, day_of
from ops.console.screen import Go, Page, Visit
from ops.look import letters
from ops.look.standing import Released, standing_of
from router.steps import gate
from schemas.policy import ItemKind, StandingRelease
from schemas.statement import StandingStatement

RELEASE: Final = "mash.standing-release.v1"
KINDS: Final = {
    ItemKind.NOTIFICATION: "What your agency notifies the hub of",
    ItemKind.INFORMATION: "What your agency answers, or tells beside",
    ItemKind.SCHOOL_NOTICE: "That there was an incident, for the child's school",
}
_IN_FORCE: Final = (
    "You have a release of that name, and what one person alone has signed would take its place: "
    "write another name, or end that one first"
)
_DAYS: Final = {
    "since": "From which day: write a day, such as 27/11/2026",
    "until": "Until which day: write a day, such as 27/11/2027",
}
_CALLED: Final = Ask(
    "standing_id",
    "What your agency calls this release",
    "line",
    hint="A short name, such as front-line-2027. The name of an earlier one takes that one's "
    "place.",
    required="Write what your agency calls it",
    most=100,
)
_WHEN_AND_WHY: Final = (
    Ask("since", "From which day", "line", hint="Such as 27/11/2026.", required=_DAYS["since"]),
    Ask(
        "until",
        "Until which day",
        "line",
        hint="Such as 27/11/2027. Left empty, until somebody ends it.",
        without="Until somebody ends it",
    ),
    Ask("reason", "Why", hint="For the record.", required="Say why"),
)


def asks(visit: Visit) -> Page:
    """What, to whom, what for, from when to when and why."""
    return _form(visit, {})


def taken(visit: Visit) -> Page | Go:
    """Show all of it again, go back to change it, or send it once it is signed as it has to be."""
    answers, errors = answered(_asked(visit), visit.form)
    errors = _faults(answers) | errors
    if _waits_for_second(visit) and any(one.counts for one in _of_that_name(visit, answers)):
        errors["standing_id"] = _IN_FORCE
    if errors or changes(visit):
        return _form(visit, answers, errors)
    release = _release(visit, answers)
    if visit.form.one("step") != "send":
        return _check(visit, answers, release)
    if not gate.must_sign(visit.agency, letters.now_at(visit.hub)):
        return _sent(visit, answers, release)
    return _signed(visit, answers, release)


def _signed(visit: Visit, answers: Mapping[str, Any], release: StandingRelease) -> Page | Go:
    if not passkey.is_answered(visit.form):
        return _check(visit, answers, release)
    envelope, wrong = passkey.signed_of(visit, _payload(visit, release))
    if envelope is None:
        return _check(visit, answers, release, errors={"sign-here": wrong})
    return _sent(visit, answers, release.model_copy(update={"envelope": envelope}))


def _sent(visit: Visit, answers: Mapping[str, Any], release: StandingRelease) -> Page | Go:
    told = release.model_dump(mode="json", exclude_none=True)
    told["standing_id"] = answers["standing_id"]
    sent = sending.send(visit, RELEASE, told, done=lambda: _is_there(visit, release))
    if sent.refused is not None:
        field = sent.field if sent.field in answers else "standing_id"
        return _form(visit, answers, {str(field): f"The hub did not take this. {sent.refused}"})
    done = "begun" if _waits_for_second(visit) else "released"
    return Go("approvals/standing", done if sent.settled else "taken")


def _is_there(visit: Visit, release: StandingRelease) -> bool:
    return any(one.release == release for one in standing_of(visit.hub, visit.asker))


def _payload(visit: Visit, release: StandingRelease) -> bytes:
    return StandingStatement(agency=visit.agency, release=release).payload()


def _waits_for_second(visit: Visit) -> bool:
    """Whether what is signed here is signed by the first of two people."""
    now = letters.now_at(visit.hub)
    return gate.must_sign(visit.agency, now) and gate.people_for_everything(now) > 1


def _of_that_name(visit: Visit, answers: Mapping[str, Any]) -> list[Released]:
    """What there is whose place it takes."""
    others = standing_of(visit.hub, visit.asker)
    return [one for one in others if one.standing_id and one.standing_id == answers["standing_id"]]


def _asked(visit: Visit) -> tuple[Ask, ...]:
    rules = visit.hub.policy.value.profile.colours.values()
    to = [one for rule in rules for one in (*rule.at_once, *rule.recipients)]
    named = {one.agency: visit.names.get(one.agency, one.agency) for one in to}
    kinds = tuple(Option(one, text) for one, text in KINDS.items())
    recipients = tuple(Option(*one) for one in sorted(named.items(), key=lambda pair: pair[1]))
    purposes = tuple(Option(one, one.capitalize()) for one in sorted({o.purpose for o in to}))
    return (
        _CALLED,
        Ask("kinds", "What may leave", "some", options=kinds, required="Choose what may leave"),
        Ask(
            "recipients", "To whom", "some", options=recipients, required="Choose to whom it may go"
        ),
        Ask("purposes", "What for", "some", options=purposes, required="Choose what it is for"),
        *_WHEN_AND_WHY,
    )


def _faults(answers: Mapping[str, Any]) -> dict[str, str]:
    days = {name: day_of(str(answers[name])) for name in _DAYS}
    wrong = {name: said for name, said in _DAYS.items() if answers[name] and days[name] is None}
    since, until = days["since"], days["until"]
    if since and until and until < since:
        wrong["until"] = "The last day must be no earlier than the first"
    return wrong


def _release(visit: Visit, answers: Mapping[str, Any]) -> StandingRelease:
    since = day_of(str(answers["since"]))
    assert since is not None
    until: dt.date | None = day_of(str(answers["until"]))
    return StandingRelease(
        kinds=tuple(ItemKind(one) for one in answers["kinds"]),
        recipients=answers["recipients"],
        purposes=answers["purposes"],
        since=since,
        until=until,
        decided_by=visit.who,
        reason=" ".join(str(answers["reason"]).split()),
    )


def _form(
    visit: Visit, answers: Mapping[str, Any], errors: Mapping[str, str] | None = None
) -> Page:
    values = {"asks": _asked(visit), "answers": answers, "errors": errors or {}}
    return Page("approvals/standing_new.html", values, 422 if errors else 200)


def _check(
    visit: Visit,
    answers: Mapping[str, Any],
    release: StandingRelease,
    *,
    errors: dict[str, str] | None = None,
) -> Page:
    """All of it, before it goes; and what signs it, where it has to be signed."""
    signs = gate.must_sign(visit.agency, letters.now_at(visit.hub))
    asking = passkey.ask_of(visit, _payload(visit, release)) if signs else None
    values = {
        "one": {"release": release, "signed": None},
        "standing_id": answers["standing_id"],
        "replaces": bool(_of_that_name(visit, answers)),
        "form": visit.form,
        "errors": errors,
        "names": visit.names,
        "signs": signs,
        "second": _waits_for_second(visit),
        "asking": asking,
        "has_passkeys": party_of(visit.hub.settings) is not None,
    }
    script = "sign.js" if asking else None
    return Page("approvals/standing_new_check.html", values, 422 if errors else 200, script=script)
