"""A witness at work: one checkpoint after the other, each remembered before it is cosigned."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import structlog
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.routing import Route

from connectors.witness.asked import (
    INCONSISTENT,
    NO_REQUEST,
    NOT_FROM_THERE,
    Malformed,
    Refused,
    Request,
    judge,
)
from connectors.witness.folder import Folder
from stores.tree.checkpoints import Checkpoint
from stores.tree.notes import SignerKey, VerifierKey, timed_key

PATH = "/add-checkpoint"
SIZE = "text/x.tlog.size"
"""The kind of an answer that says which size was seen last."""
_LARGEST = 100_000
_log = structlog.get_logger()


def _seconds() -> int:
    return int(time.time())


@dataclass(frozen=True, slots=True)
class Answer:
    """What whoever asked is told."""

    status: int
    body: str = ""
    kind: str = "text/plain; charset=utf-8"


@dataclass(slots=True)
class Witness:
    """Remembers the last checkpoint of each log and cosigns what has grown from it."""

    folder: Folder
    clock: Callable[[], int] = _seconds
    _key: SignerKey = field(init=False)
    _logs: dict[str, VerifierKey] = field(init=False)
    _seen: dict[str, Checkpoint] = field(init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._key, self._logs = self.folder.key(), dict(self.folder.logs())
        self._seen = dict(self.folder.last())

    def add(self, body: str) -> Answer:
        """Answer a request: with the line of the cosignature, or why there is none."""
        try:
            request = Request.parse(body)
        except Malformed:
            return Answer(NO_REQUEST)
        with self._lock:
            judged = judge(request, self._logs, seen=self._seen)
            if isinstance(judged, Refused):
                return self._refused(request, judged)
            return self._cosigned(request, judged.checkpoint)

    def _cosigned(self, request: Request, checkpoint: Checkpoint) -> Answer:
        line = self._key.cosign(request.note.text, time=self.clock())
        if checkpoint != self._seen.get(checkpoint.origin):
            self.folder.keep(self._of_the_log(request, checkpoint).note.with_line(line))
            self._seen[checkpoint.origin] = checkpoint
        return Answer(200, line)

    def _refused(self, request: Request, refused: Refused) -> Answer:
        if refused.evidence:
            asked = self._of_the_log(request, refused.evidence)
            self.folder.keep_evidence(refused.evidence, asked=str(asked))
        if refused.evidence or refused.status == INCONSISTENT:
            reason = "evidence" if refused.evidence else "no_proof"
            _log.warning("witness.differs", position=refused.size, reason=reason)
        if refused.status == NOT_FROM_THERE:
            return Answer(refused.status, f"{refused.size}\n", SIZE)
        return Answer(refused.status)

    def _of_the_log(self, request: Request, checkpoint: Checkpoint) -> Request:
        """The request without lines of others: nobody knows them here."""
        log = self._logs[checkpoint.origin]
        return replace(request, note=request.note.only([log, timed_key(log)]))


def web_app(witness: Witness) -> Starlette:
    """The witness over HTTP."""

    async def add(request: HttpRequest) -> Response:
        body = b""
        async for part in request.stream():
            body += part
            if len(body) > _LARGEST:
                return Response(status_code=413)
        try:
            text = body.decode()
        except UnicodeDecodeError:
            return Response(status_code=NO_REQUEST)
        answer = await run_in_threadpool(witness.add, text)
        return Response(answer.body, answer.status, media_type=answer.kind)

    return Starlette(routes=[Route(PATH, add, methods=["POST"])])
