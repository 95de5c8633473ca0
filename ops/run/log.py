"""Logs as an allow-list: known events, ids, codes and numbers; of an error its class and frames.

Whatever is not on the list is dropped, so what nobody thought of cannot leak. One JSON object per
line on stderr.
"""

from __future__ import annotations

import logging
import re
import sys
import threading
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass
from enum import Enum
from traceback import walk_tb
from types import TracebackType
from typing import Any, TextIO

import structlog

from connectors.directory import CURES
from ops.run.log_events import EVENTS, of_library
from schemas.message import Message

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_CODE = re.compile(r"(?!.*\d{5})[a-z][a-z0-9_.:/+-]{0,99}")
"""A short lower-case code; no five digits in a row: those are telephone and NHS numbers."""
_ADDRESS = re.compile(r"(\d{1,3}\.){3}\d{1,3}|[0-9a-f:]*:[0-9a-f:.]*(/64)?|elsewhere")
"""Where a sender connects from."""
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.]{0,99}")

_IDS = ("message_id", "case_id", "referral_id", "product_id", "dead_letter_id", "letter")
_CODES = (
    "agency",
    "connector",
    "consumer",
    "part",
    "queue",
    "reason",
    "runtime",
    "state",
    "step",
    "topic",
)
_NAMES = ("error", "logger")
_STRINGS: Mapping[str, re.Pattern[str]] = {
    **dict.fromkeys(_IDS, _UUID),
    **dict.fromkeys(_CODES, _CODE),
    **dict.fromkeys(_NAMES, _NAME),
    "address": _ADDRESS,
    "trace_id": re.compile(r"[0-9a-f]{32}"),
    "cure": re.compile("|".join(map(re.escape, sorted(CURES)))),
    "why": re.compile(rf"\d{{3}}|{_NAME.pattern}"),
}
_PLACES = ("expected", "first", "last", "line", "offset", "partition", "position")
_COUNTS = ("again_in", "attempt", "attempts", "code", "count", "pid", "port", "seconds", "status")
_NUMBERS = frozenset({*_PLACES, *_COUNTS})

_FOREIGN = frozenset(
    {
        "Application shutdown complete.",
        "Application startup complete.",
        "Finished server process [%d]",
        "Shutting down",
        "Started server process [%d]",
        "Waiting for application shutdown.",
        "Waiting for application startup.",
    }
)
"""Messages of libraries that are safe to repeat, as their templates stand there."""

_MOST_FRAMES = 12


def configure(stream: TextIO | None = None, *, level: int = logging.INFO) -> None:
    """Send all that this process logs through the list, to ``stream``; uncaught errors as well."""
    out = stream or sys.stderr
    to_stderr(out, level=level)
    _take_over_stdlib(out, level)
    threading.excepthook = _thread_crashed


def to_stderr(stream: TextIO | None = None, *, level: int = logging.INFO) -> None:
    """Send what the hub's own code logs through the list, to stderr, and what ends the process."""
    stamp = structlog.processors.TimeStamper(fmt="iso", utc=True)
    structlog.configure(
        processors=[stamp, _told_of, only_listed, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=stream or sys.stderr),
        cache_logger_on_first_use=False,
    )
    sys.excepthook = _crashed


@dataclass(slots=True)
class _Told:
    """Puts in the place of a message its id and its trace's, once it is known how that is named."""

    trace_of: Callable[[Message], str] | None = None

    def __call__(
        self, _logger: Any, _method: str, given: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        message = given.pop("message", None)
        if isinstance(message, Message):
            given.setdefault("message_id", message.id)
            if self.trace_of is not None:
                given["trace_id"] = self.trace_of(message)
        return given


_told_of = _Told()


def name_traces(trace_of: Callable[[Message], str] | None) -> None:
    """From now on, lines that belong to a message have its trace's id."""
    _told_of.trace_of = trace_of


def only_listed(_logger: Any, method: str, given: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """A structlog processor: the parts of an event that are on the list, and nothing else."""
    event = given.get("event")
    kept = {
        "time": given.get("timestamp"),
        "level": method,
        "event": event if event in EVENTS else "unlisted",
    }
    for key, value in given.items():
        if _listed(key, value):
            kept[key] = value.value if isinstance(value, Enum) else value
    error = _error_of(given.get("exc_info"))
    if error is not None:
        kept |= described(error)
    return kept


def described(error: BaseException) -> dict[str, Any]:
    """An error by its class and frames, its causes by their classes: never by what it says."""
    causes: list[str] = []
    told = {"error": type(error).__qualname__, "frames": _frames(error.__traceback__)}
    while (cause := error.__cause__ or error.__context__) and len(causes) < _MOST_FRAMES:
        causes.append(type(cause).__qualname__)
        error = cause
    return told | {"causes": causes} if causes else told


def _listed(key: str, value: Any) -> bool:
    plain = value.value if isinstance(value, Enum) else value
    if isinstance(plain, bool | int | float):
        return key in _NUMBERS
    pattern = _STRINGS.get(key)
    return pattern is not None and isinstance(plain, str) and pattern.fullmatch(plain) is not None


def _error_of(info: Any) -> BaseException | None:
    if isinstance(info, BaseException):
        return info
    if isinstance(info, tuple) and len(info) == 3 and isinstance(info[1], BaseException):
        return info[1]
    return sys.exc_info()[1] if info is True else None


def _frames(traceback: TracebackType | None) -> list[str]:
    """Module, function and line of each frame, innermost last; no path: those name people."""
    walked = list(walk_tb(traceback))[-_MOST_FRAMES:]
    return [
        f"{frame.f_globals.get('__name__', '?')}:{frame.f_code.co_name}:{line}"
        for frame, line in walked
    ]


class _OnlyListed(logging.Formatter):
    """A library's record as a line of the hub's own; its message only if listed."""

    def __init__(self, render: Callable[..., Any]) -> None:
        super().__init__()
        self._render = render

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        stamp = structlog.processors.TimeStamper(fmt="iso", utc=True, key="time")
        kept: dict[str, Any] = {
            **stamp(None, "", {}),
            "level": record.levelname.lower(),
            "event": of_library(record.name, record.msg),
            "logger": record.name if _NAME.fullmatch(record.name) else "?",
        }
        if isinstance(record.msg, str) and record.msg in _FOREIGN:
            kept["message"] = record.msg
        error = _error_of(record.exc_info)
        return str(self._render(None, "", kept | (described(error) if error else {})))


def _take_over_stdlib(out: TextIO, level: int) -> None:
    handler = logging.StreamHandler(out)
    handler.setFormatter(_OnlyListed(structlog.processors.JSONRenderer()))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(level, logging.WARNING))
    logging.captureWarnings(capture=True)
    for name in list(logging.root.manager.loggerDict):
        known = logging.getLogger(name)
        known.handlers.clear()
        known.propagate = True
    # So that a handler which cannot write says nothing of what it was to write.
    logging.raiseExceptions = False


def _crashed(
    _type: type[BaseException], error: BaseException, _traceback: TracebackType | None
) -> None:
    if isinstance(error, KeyboardInterrupt):
        return
    structlog.get_logger().critical("process.crashed", exc_info=error)


def _thread_crashed(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is not None and not isinstance(args.exc_value, SystemExit):
        structlog.get_logger().critical("process.crashed", exc_info=args.exc_value)
