"""The pages of the referral form: who has begun what is known by a cookie alone."""

from __future__ import annotations

import asyncio
import datetime as dt
import hmac
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeAlias

import structlog
from markupsafe import Markup
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route

from connectors.events.facts import BRITAIN
from connectors.port import AgencyRoute
from connectors.wrong_tokens import WrongTokens
from ops.access.sessions import sessions_of
from ops.console.errors import Told
from ops.console.forms import TOKEN, read_form
from ops.console.refer import following, telling
from ops.console.refer.drafts import MOST_CHILDREN, Draft, Drafts, form_token, new_code
from ops.console.refer.errors import ENDED, NOT_THERE, STALE, TRIED, told
from ops.console.refer.often import Often
from ops.console.refer.questions import (
    BY_CODE,
    Step,
    after,
    after_children,
    read,
    shown,
    steps,
    usable,
)
from ops.console.rendering import render
from ops.console.screen import Form
from ops.console.shell import BY_ITSELF, HEADERS, WITH_SCRIPTS
from ops.run.wiring import Hub
from router.ways_in import source_of
from schemas.referrer import ReferrerWords
from stores import codec

AT: Final = "/refer"
COOKIE: Final = "mash-referral"

_MOST_BEGUN: Final = 120
_MOST_SENT: Final = 60
"""Within an hour, from one neighbourhood: one borough's whole public may come by one proxy."""
_HANDS: Final = 8
"""Pages of the form that are made at a time: whoever fills it leaves threads to all else."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, repr=False)
class _Turn:
    """Somebody at a page: what opens what they wrote, what that is, and what they send now."""

    of: Referrals
    request: Request
    token: str
    draft: Draft
    form: Form
    new: bool = False
    """Whether nothing of it is kept yet."""

    @property
    def host(self) -> str:
        """Where it comes from."""
        return self.request.client.host if self.request.client else ""

    @property
    def sends(self) -> bool:
        """Whether a form was sent, or a page is looked at."""
        return self.request.method == "POST"

    @property
    def today(self) -> dt.date:
        """By the hub's clock, in Britain."""
        return self.at.astimezone(BRITAIN).date()

    @property
    def at(self) -> dt.datetime:
        """By the hub's clock."""
        return codec.from_micros(self.of.hub.database.clock())

    @property
    def words(self) -> ReferrerWords:
        """The borough's, for whoever reports something."""
        return self.of.hub.policy.value.profile.referrers

    def keep(self, draft: Draft) -> None:
        """Keep what they have written by now. Raises ``Full`` or ``TooOften``."""
        if self.new:
            self.of.begins.note(self.host)
        self.of.drafts.keep(self.token, draft)

    def page(
        self, template: str, values: Mapping[str, Any] | None = None, *, status: int | None = None
    ) -> Response:
        """A page of the form; 422 where something that was sent cannot be used."""
        given = dict(values or {})
        status = status or (422 if given.get("errors") else 200)
        return self.of.page(template, given, turn=self, status=status)


_Page: TypeAlias = Callable[[_Turn], Response]


@dataclass(frozen=True, slots=True, repr=False)
class Referrals:
    """The form of one hub, which sends as ``route``."""

    hub: Hub
    route: AgencyRoute
    wrong: WrongTokens
    """References that nobody was given are as slow as wrong tokens."""
    begins: Often = field(default_factory=lambda: Often(_MOST_BEGUN))
    sends: Often = field(default_factory=lambda: Often(_MOST_SENT))
    hands: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_HANDS))

    def mounted(self) -> Mount:
        """All of it, for the hub's web server."""
        lost = {HTTPException: self._lost}
        return Mount(AT, app=Starlette(routes=list(self._addresses()), exception_handlers=lost))

    def _addresses(self) -> Iterator[BaseRoute]:
        yield Route("/", self._served(_start, begun=False), methods=["GET", "POST"])
        yield Route("/follow", self._follow, methods=["GET", "POST"])
        pages: Mapping[str, _Page] = {
            "ring": _ring,
            "children": _children,
            "check": _check,
            "sent": _sent,
            "delete": _delete,
            "child/{child:int}/{question}": _asked,
            "{question}": _asked,
        }
        for path, page in pages.items():
            yield Route(f"/{path}", self._served(page), methods=["GET", "POST"])

    def _served(self, page: _Page, *, begun: bool = True) -> Callable[..., Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            try:
                form = await read_form(request) if request.method == "POST" else Form()
                async with self.hands:
                    return await run_in_threadpool(self._at, request, page, form, begun=begun)
            except Exception as error:  # noqa: BLE001 - whatever it is, people are told in words
                return self._failed(error)

        return endpoint

    def _at(self, request: Request, page: _Page, form: Form, *, begun: bool) -> Response:
        token = request.cookies.get(COOKIE, "")
        draft = self.drafts.find(token) if token else None
        new = draft is None
        if draft is None and begun:
            if not self.drafts.is_new(token):
                return self._error(ENDED)
            draft = Draft(code=new_code())
        turn = _Turn(self, request, token, draft or Draft(code=""), form, new=new)
        ours = hmac.compare_digest(form.one(TOKEN).encode(), form_token(token).encode())
        return self._error(STALE) if turn.sends and begun and not ours else page(turn)

    def _failed(self, error: Exception) -> Response:
        said = told(error)
        if said.status >= 500:
            # Its words, and the lines that raised it, may hold what somebody wrote.
            log.error("referrals.failed", error=type(error).__name__)
        return self._error(said)

    async def _lost(self, _: Request, error: Exception) -> Response:
        """An address that there is not, or that takes no such request."""
        assert isinstance(error, HTTPException)
        return self._error(replace(NOT_THERE, status=error.status_code))

    def _error(self, said: Told) -> Response:
        return self.page("refer/error.html", {"told": said}, status=said.status)

    async def _follow(self, request: Request) -> Response:
        """What became of what was sent, for whoever has its reference."""
        try:
            form = await read_form(request) if request.method == "POST" else Form()
            wanted = following.reference_in(form.one("reference"))
            async with self.hands:
                followed = await run_in_threadpool(self._news, wanted) if wanted else ()
            if request.method == "POST" and not followed:
                if not await self.wrong.slow(request.client.host if request.client else ""):
                    return self._error(TRIED)
                return self.page("refer/follow.html", {"errors": _NO_REPORT}, status=422)
        except Exception as error:  # noqa: BLE001 - whatever it is, people are told in words
            return self._failed(error)
        return self.page("refer/follow.html", {"followed": followed, "reference": wanted})

    def _news(self, code: str) -> Sequence[following.Followed]:
        agency = self.route.code
        source = source_of(telling.CONNECTOR, agency)
        return following.news_of(self.hub, code, source=source, agency=agency)

    # --- what every page has

    @property
    def drafts(self) -> Drafts:
        """What people have written so far, beside the sessions."""
        folder = sessions_of(self.hub.settings, self.hub.folder).folder
        return Drafts(folder.with_name("referrals"))

    def page(
        self,
        template: str,
        values: Mapping[str, Any],
        *,
        turn: _Turn | None = None,
        status: int = 200,
    ) -> Response:
        """A page of the form."""
        hidden = Markup('<input type="hidden" name="{}" value="{}">')
        given = {
            "form_token": lambda: hidden.format(TOKEN, form_token(turn.token) if turn else ""),
            "lead": self.hub.settings.agencies[self.hub.settings.lead_agency],
            "danger": self.hub.policy.value.profile.referrers.danger,
            "refer": AT,
            "draft": turn and turn.draft,
        }
        body = render(template, {**given, **values})
        return Response(body, status, WITH_SCRIPTS, media_type="text/html")


_NO_REPORT: Final = {
    "reference": "There is no report with this reference. Check it again, or ring us"
}


def see(path: str) -> Response:
    """On to another page of the form."""
    return RedirectResponse(f"{AT}/{path}", 303, HEADERS)


# --- pages


def _start(turn: _Turn) -> Response:
    """What the form is for, and what to do first where a child is in danger."""
    if not turn.sends:
        begun = bool(turn.draft.code) and not turn.draft.whole
        return turn.page("refer/start.html", {"begun": begun})
    answer = see("danger")
    if turn.token:
        turn.of.drafts.end(turn.token)
    token = turn.of.drafts.begin()
    answer.set_cookie(COOKIE, token, path=AT, secure=True, httponly=True, samesite="strict")
    return answer


def _asked(turn: _Turn) -> Response:
    """A question, and what was answered."""
    step = _step(turn)
    if step is None:
        return turn.page("refer/error.html", {"told": NOT_THERE}, status=404)
    changes = "change" in turn.request.query_params
    values: dict[str, Any] = {
        "question": step.question,
        "child": step.child,
        "many": len(turn.draft.children) > 1,
        "answers": turn.draft.about(step.child),
        "action": f"{AT}/{step.path}{'?change' if changes else ''}",
    }
    if not turn.sends:
        return turn.page("refer/question.html", values)
    answers, errors = read(step.question, turn.form, today=turn.today)
    if BY_ITSELF in turn.request.headers:
        return _while_writing(turn, step, usable(step.question, answers, errors))
    if errors:
        return turn.page("refer/question.html", values | {"answers": answers, "errors": errors})
    draft = turn.draft.answered(step.child, answers)
    turn.keep(draft)
    asks_more = step.question.code in _ASKING_MORE
    return see("check" if changes and not asks_more else after(draft, step))


def _while_writing(turn: _Turn, step: Step, answers: dict[str, str]) -> Response:
    """Keep what can be used of what somebody has written by now, and say nothing: they write on.
    Where nothing is kept, they have not gone on from a page yet, or have had all deleted.
    """
    if not turn.new:
        turn.keep(turn.draft.answered(step.child, answers))
    return Response(status_code=204, headers=HEADERS)


_ASKING_MORE: Final = frozenset({"danger", "who"})
"""What is asked behind these follows from what was answered."""


def _step(turn: _Turn) -> Step | None:
    question = BY_CODE.get(turn.request.path_params["question"])
    child = turn.request.path_params.get("child")
    if question is None or turn.draft.whole:
        return None
    step = Step(question, None if child is None else child - 1)
    return step if step in steps(turn.draft) else None


def _ring(turn: _Turn) -> Response:
    """A child is in danger now: nobody waits for a form."""
    return see("who") if turn.sends else turn.page("refer/ring.html")


def _children(turn: _Turn) -> Response:
    """The children that are named so far, and whether there is another."""
    draft = turn.draft
    if draft.whole:
        return see("sent")
    values: dict[str, Any] = {"most": len(draft.children) >= MOST_CHILDREN}
    if not turn.sends:
        return turn.page("refer/children.html", values)
    more, gone = turn.form.one("more"), turn.form.one("remove")
    if more == "yes" and not values["most"]:
        turn.keep(draft.among((*draft.children, {})))
        return see(f"child/{len(draft.children) + 1}/child")
    if gone and len(draft.children) > 1 and not draft.sent:
        left = (one for number, one in enumerate(draft.children, 1) if str(number) != gone)
        turn.keep(draft.among(tuple(left)))
        return see("children")
    if more == "no":
        return see("check" if draft.answers.get("happened") else after_children(draft))
    values["errors"] = {"more": "Say whether there is another child"}
    return turn.page("refer/children.html", values)


def _check(turn: _Turn) -> Response:
    """All that was written, before it goes."""
    draft = turn.draft
    if draft.whole:
        return see("sent")
    every = _every(draft)
    missing = next((step for step, _ in every if not _whole(turn, step)), None)
    values: dict[str, Any] = {"every": every, "missing": missing}
    if draft.at is None and missing is None:
        draft = draft.model_copy(update={"at": turn.at})
        turn.keep(draft)
    if not turn.sends:
        return turn.page("refer/check.html", values)
    if missing is not None:
        return see(f"{missing.path}?change")
    return _send(turn, draft, values)


def _send(turn: _Turn, draft: Draft, values: Mapping[str, Any]) -> Response:
    """On to the receipt; or what could not be taken, which alone is sent again once corrected."""
    turn.of.sends.note(turn.host)
    became = telling.tell(turn.of.hub.intake, turn.of.route, draft, at=draft.at or turn.at)
    if not became.refused:
        turn.keep(Draft(code=draft.code, sent=became.taken, whole=True))
        return see("sent")
    left = draft.model_copy(update={"sent": became.taken})
    turn.keep(left)
    several = len(draft.children) > 1
    errors = {
        f"send-{number + 1}": f"Child {number + 1}: {says}" if several else says
        for number, says in became.refused.items()
    }
    refused = [number + 1 for number in became.refused]
    taken = {"every": _every(left), "draft": left, "errors": errors, "refused": refused}
    return turn.page("refer/check.html", {**values, **taken})


def _every(draft: Draft) -> list[tuple[Step, list[tuple[str, str]]]]:
    """All that was asked, with what was answered in words."""
    return [(step, shown(step.question, draft.about(step.child))) for step in steps(draft)]


def _whole(turn: _Turn, step: Step) -> bool:
    """Whether everything was answered there that has to be."""
    given = {name: (value,) for name, value in turn.draft.about(step.child).items()}
    return not read(step.question, Form(given), today=turn.today)[1]


def _sent(turn: _Turn) -> Response:
    """The receipt: a reference, what happens next, and what of it could not be used."""
    if not turn.draft.whole:
        return see("check")
    return turn.page("refer/sent.html", {"next": turn.words.next})


def _delete(turn: _Turn) -> Response:
    """Nothing that was written here is left behind, as on a computer that others use, too."""
    if not turn.sends:
        return see("")
    turn.of.drafts.end(turn.token)
    answer = turn.of.page("refer/deleted.html", {"sent": bool(turn.draft.sent)})
    answer.delete_cookie(COOKIE, path=AT, secure=True, httponly=True, samesite="strict")
    return answer
