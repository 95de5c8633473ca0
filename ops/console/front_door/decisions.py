"""What may be decided about a referral: what each form asks, and the message that it makes."""

from __future__ import annotations

from typing import Any

from ops.console.filters import moment
from ops.console.front_door.adults import SAME_ADULT
from ops.console.front_door.consent import CONSENT
from ops.console.front_door.handing import GIVE, HAND_OVER, TAKE_BACK
from ops.console.front_door.kept_back import SAFETY
from ops.console.front_door.making import RATIONALE, Answers, Decision, given, made
from ops.console.front_door.schools import SCHOOL
from ops.console.questions import Ask, Option
from ops.console.screen import Visit
from ops.look.pictures import Opened
from schemas.disagreements import OVER, Verdict
from schemas.gathering import Level
from schemas.picture import AskedAgency, Picture, PicturedView
from schemas.product import Disposal
from schemas.rating import Colour

# --- rating

_COLOURS = {
    Colour.RED: "Red: immediate or serious harm",
    Colour.AMBER: "Amber: harm that is not immediate",
    Colour.GREEN: "Green: early help",
    Colour.BLUE: "Blue: no action",
}


_CONCERN = Ask(
    "concern",
    "What the concern is",
    hint="In your own words: whoever is asked gets them, and of a Red whoever acts. "
    "Needed for a Red. Where the agency that notified it lets nothing be told, they get a "
    "plain sentence; what others told and have not let leave is left out.",
    without="Nothing of yours. They are told its sender's codes, and as a hint what words "
    "of the text may point to; where there are none, that nobody has said it in words.",
    most=4000,
)
_TOLD_ON = (
    Ask(
        "for_front_line",
        "What the front line is to know at once",
        hint="For a Red, in your own words and nobody else's. Optional.",
        most=4000,
    ),
    Ask(
        "may_be_told",
        "What whoever brought the concern may be told",
        hint="Never the rating, or who else knows the child. Left empty, the borough's words.",
        most=4000,
    ),
)


def _rating_asks(visit: Visit, found: Opened) -> tuple[Ask, ...]:
    suggestion = found.picture.suggestion
    suggested = suggestion.colour if suggestion else None
    colours = tuple(
        Option(one, text, "The profile suggests this." if one == suggested else None)
        for one, text in _COLOURS.items()
    )
    colour = Ask("colour", "Rating", "one", options=colours, required="Choose a rating")
    return (colour, _CONCERN, RATIONALE, *_gathering_asks(visit, found), *_TOLD_ON)


def _gathering_asks(visit: Visit, found: Opened) -> tuple[Ask, ...]:
    """How much is gathered, from whom, and what they are asked."""
    profile, names = visit.hub.policy.value.profile, visit.names
    called = {one: ", ".join(names.get(a, a) for a in profile.levels[one]) for one in Level}
    levels = (
        Option("", "What the profile says for the rating"),
        Option(Level.NONE, "Nothing", "Nobody is asked."),
        Option(Level.BASIC, "Basic", called[Level.BASIC]),
        Option(Level.FULL, "Full", called[Level.FULL]),
    )
    why_not = {one.agency: one.reason for one in found.picture.not_asked}
    agencies = tuple(
        Option(code, names.get(code, code), why_not.get(code))
        for code in dict.fromkeys((*profile.levels[Level.FULL], *profile.levels[Level.BASIC]))
    )
    empty = "Leave all of them empty to ask whom the level says."
    return (
        Ask("level", "How much to gather", "one", options=levels),
        Ask("agencies", "Whom to ask instead", "some", hint=empty, options=agencies),
        Ask("question", "What to ask beside the concern", hint="Optional.", most=2000),
    )


def _rating(visit: Visit, found: Opened, answers: Answers) -> dict[str, Any]:
    words = ("concern", "rationale", "question", "for_front_line", "may_be_told")
    said = made(visit, found) | given(answers, "colour", "level", *words)
    return said | ({"agencies": list(answers["agencies"])} if answers["agencies"] else {})


def _rating_faults(answers: Answers) -> dict[str, str]:
    """Whoever acts on a Red acts on words; by message one without them goes all the same."""
    wordless = answers["colour"] == Colour.RED and not answers["concern"].strip()
    return (
        {"concern": "Say what the concern is: a Red is acted on by these words"} if wordless else {}
    )


RATE = Decision(
    code="rate",
    name="Rate",
    type="mash.rating-decision.v1",
    done="Your rating is recorded, and what it asks of agencies is on its way.",
    fits=lambda *_: True,
    asks=_rating_asks,
    data=_rating,
    faults=_rating_faults,
)

# --- asking further


def _request_asks(visit: Visit, found: Opened) -> tuple[Ask, ...]:
    lead = visit.hub.settings.lead_agency
    asked = {one.agency for one in found.picture.asked if one.state == "awaited"}
    partners = (code for code in visit.hub.policy.value.partners if code != lead)
    options = tuple(
        Option(code, visit.names.get(code, code) + (" (asked already)" if code in asked else ""))
        for code in sorted(partners, key=lambda code: visit.names.get(code, code))
    )
    return (
        Ask("agency", "Whom to ask", "from", options=options, required="Choose whom to ask"),
        Ask("question", "What to ask", required="Say what to ask", most=2000),
        RATIONALE,
    )


def _request(visit: Visit, found: Opened, answers: Answers) -> dict[str, Any]:
    said = given(answers, "agency", "question", "rationale")
    return made(visit, found) | {"action": "ask"} | said


ASK = Decision(
    code="ask",
    name="Ask an agency further",
    type="mash.request-decision.v1",
    done="The agency is asked. Its answer will be in the picture.",
    fits=lambda _, found: bool(found.picture.ratings) and found.picture.closed is None,
    asks=_request_asks,
    data=_request,
)

_ACTIONS = (
    Option("change", "Ask something else instead"),
    Option("cancel", "Ask no longer", "The agency is told that nothing is awaited."),
    Option("pause", "Let its clock stand still"),
    Option("resume", "Let its clock run again"),
)


def _change_asks(visit: Visit, found: Opened) -> tuple[Ask, ...]:
    options = tuple(
        Option(
            one.request_id, f"{visit.names.get(one.agency, one.agency)}, due {moment(one.due_at)}"
        )
        for one in _open_requests(found.picture)
    )
    return (
        Ask("request_id", "Which request", "one", options=options, required="Choose a request"),
        Ask("action", "What to do with it", "one", options=_ACTIONS, required="Choose what to do"),
        Ask("question", "What to ask instead", hint="Where something else is asked.", most=2000),
        RATIONALE,
    )


def _open_requests(picture: Picture) -> list[AskedAgency]:
    return [one for one in picture.asked if one.state in ("awaited", "late")]


def _change(visit: Visit, found: Opened, answers: Answers) -> dict[str, Any]:
    said = given(answers, "request_id", "action", "rationale")
    asked = given(answers, "question") if answers["action"] == "change" else {}
    return made(visit, found) | said | asked


CHANGE = Decision(
    code="change",
    name="Change or cancel a request",
    type="mash.request-decision.v1",
    done="The agency is told what is otherwise about its request.",
    fits=lambda _, found: bool(found.picture.ratings and _open_requests(found.picture)),
    asks=_change_asks,
    data=_change,
)

# --- closing

_OUTCOMES = {
    Disposal.NO_FURTHER_ACTION: "No further action",
    Disposal.EARLY_HELP: "Early help",
    Disposal.FRONT_LINE_TEAM: "A front-line team",
    Disposal.SIGNPOSTED: "Signposted to a service",
    Disposal.TRANSFERRED: "The hub of another area",
}


def _outcome_asks(visit: Visit, found: Opened) -> tuple[Ask, ...]:
    outcomes = tuple(Option(one, text) for one, text in _OUTCOMES.items())
    agencies = sorted(visit.names.items(), key=lambda pair: pair[1])
    asks = (
        Ask("outcome", "Outcome", "one", options=outcomes, required="Choose an outcome"),
        Ask(
            "to",
            "Who takes it from here",
            "from",
            hint="Optional.",
            options=tuple(Option(code, name) for code, name in agencies),
        ),
        RATIONALE,
        Ask(
            "may_be_told",
            "What whoever brought the concern may be told",
            hint="They get these words. Never the rating, or who else knows the child.",
            required="Write what they may be told",
            most=4000,
        ),
    )
    if found.picture.ratings[-1].colour is not Colour.RED:
        return asks
    without = Ask(
        "without_product",
        "Why it is closed before its products are out",
        hint="Needed of a Red only while somebody still waits for a product.",
    )
    return (*asks, without)


def _outcome(visit: Visit, found: Opened, answers: Answers) -> dict[str, Any]:
    said = made(visit, found) | given(answers, "outcome", "to", "rationale", "may_be_told")
    return said | given({"without_product": "", **answers}, "without_product")


CLOSE = Decision(
    code="close",
    name="Close with an outcome",
    type="mash.outcome-decision.v1",
    done="The referral is closed. Whoever brought the concern is told in your words.",
    fits=lambda _, found: bool(found.picture.ratings),
    asks=_outcome_asks,
    data=_outcome,
)

# --- disagreeing

_DISPUTES = {
    "rating": "The rating",
    "outcome": "The outcome",
    "link": "Which child it is about",
}


def _view_asks(_: Visit, found: Opened) -> tuple[Ask, ...]:
    fit = {"rating": bool(found.picture.ratings), "outcome": bool(found.picture.closed)}
    options = (Option(one, text) for one, text in _DISPUTES.items() if fit.get(one, True))
    return (
        Ask(
            "disputes",
            "What you disagree with",
            "one",
            options=tuple(options),
            required="Choose what you disagree with",
        ),
        Ask(
            "profession",
            "Your profession",
            "line",
            hint="Such as social worker. Your view is kept as your profession's own.",
            required="Say what your profession is",
        ),
        Ask("view", "How you see it", required="Say how you see it", most=4000),
        Ask("asks_for", "What you want decided instead", required="Say what instead", most=4000),
    )


def _view(visit: Visit, found: Opened, answers: Answers) -> dict[str, Any]:
    said = given(answers, "disputes", "profession", "view", "asks_for")
    return {"referral_id": found.picture.referral_id, "raised_by": visit.who} | said


DISAGREE = Decision(
    code="disagree",
    name="Disagree",
    type="mash.disagreement.v1",
    done="Your view is kept as your own. Who settles it has been told.",
    fits=lambda *_: True,
    asks=_view_asks,
    data=_view,
)

_VERDICTS = (
    Option(Verdict.UPHELD, "It is as they say"),
    Option(Verdict.PARTLY, "It is so in part"),
    Option(Verdict.NOT_UPHELD, "It stays as it is"),
)


def _verdict_asks(visit: Visit, found: Opened) -> tuple[Ask, ...]:
    options = tuple(
        Option(
            one.disagreement_id,
            f"{visit.names.get(one.agency, one.agency)}: {OVER[one.disputes]}",
            one.view,
        )
        for one in found.picture.views
        if one.state == "open"
    )
    return (
        Ask(
            "disagreement_id",
            "Which disagreement",
            "one",
            options=options,
            required="Choose a disagreement",
        ),
        Ask("verdict", "What comes of it", "one", options=_VERDICTS, required="Choose what comes"),
        Ask(
            "may_be_told",
            "What they are told",
            hint="Whoever disagrees gets these words. What is to be otherwise is decided apart.",
            required="Write what they are told",
            most=4000,
        ),
        RATIONALE,
    )


def _verdict(visit: Visit, found: Opened, answers: Answers) -> dict[str, Any]:
    said = given(answers, "disagreement_id", "verdict", "may_be_told", "rationale")
    return made(visit, found) | said


SETTLE = Decision(
    code="settle",
    name="Settle a disagreement",
    type="mash.disagreement-decision.v1",
    done="Whoever disagreed is told in your words.",
    fits=lambda _, found: any(one.state == "open" for one in found.picture.views),
    asks=_verdict_asks,
    data=_verdict,
)


def _own_views(visit: Visit, found: Opened) -> list[PicturedView]:
    views = found.picture.views
    return [one for one in views if one.state == "open" and one.agency == visit.agency]


def _agree_asks(visit: Visit, found: Opened) -> tuple[Ask, ...]:
    options = tuple(
        Option(one.disagreement_id, f"{one.raised_by}: {OVER[one.disputes]}", one.view)
        for one in _own_views(visit, found)
    )
    return (
        Ask("disagreement_id", "Which one", "one", options=options, required="Choose which one"),
        Ask(
            "reason",
            "Why you disagree no longer",
            hint="Whoever was to decide about it reads this.",
            required="Say why you disagree no longer",
        ),
    )


def _agree(visit: Visit, found: Opened, answers: Answers) -> dict[str, Any]:
    said = given(answers, "disagreement_id", "reason")
    return {"referral_id": found.picture.referral_id, "withdrawn_by": visit.who} | said


AGREE = Decision(
    code="agree",
    name="Take your disagreement back",
    type="mash.disagreement-withdrawal.v1",
    done="It is taken back. Nobody has to decide about it any more.",
    fits=lambda visit, found: bool(_own_views(visit, found)),
    asks=_agree_asks,
    data=_agree,
)

DECISIONS: tuple[Decision, ...] = (
    RATE,
    SAFETY,
    ASK,
    CHANGE,
    CONSENT,
    SCHOOL,
    SAME_ADULT,
    CLOSE,
    GIVE,
    HAND_OVER,
    TAKE_BACK,
    DISAGREE,
    AGREE,
    SETTLE,
)
