"""What a step is and what it may answer: values only, no clock, store or log behind them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

from schemas.base import Fact
from schemas.letter import Letter
from schemas.message import Message
from schemas.policy import Policy
from schemas.rating import TimerElapsed
from schemas.refusals import Refusal

S = TypeVar("S")
Next = TypeVar("Next", covariant=True)


@dataclass(frozen=True, slots=True)
class Timer:
    """Ask to hear :class:`TimerElapsed` for ``key`` once ``due_at`` has come."""

    due_at: dt.datetime
    key: str


@dataclass(frozen=True, slots=True)
class Outcome(Generic[Next]):
    """What a step decided: its next state (None leaves it as it is) and what follows.

    ``letters`` have a key each, so that a retry finds them sent already. ``takes_back``: letters,
    by :func:`schemas.letter.letter_id`, that are not to be sent where they have not been yet;
    ``lets_go``: those that were kept back at the door and may be handed out. A refusal stands
    alone.
    """

    state: Next | None = None
    facts: tuple[Fact, ...] = ()
    letters: tuple[Letter, ...] = ()
    timers: tuple[Timer, ...] = ()
    takes_back: tuple[str, ...] = ()
    lets_go: tuple[str, ...] = ()
    refusal: Refusal | None = None

    def __post_init__(self) -> None:
        letters = self.letters
        if len(letters) > 1 and len({letter.key for letter in letters}) < len(letters):
            raise ValueError("two letters of one outcome have the same key")


def refuse(reason: str, field: str | None = None) -> Outcome[Any]:
    """Nothing but a refusal."""
    return Outcome(refusal=Refusal(reason, field))


def referral_of(message: Message) -> str:
    """The key of steps that remember a referral: timers of theirs are set for one, too."""
    data = message.data
    return data.of_referral or _named(data.key if isinstance(data, TimerElapsed) else None, message)


def referral_or_message(message: Message) -> str:
    """The key where people may leave the referral out: nothing is known under a message's id."""
    data = message.data
    return data.key if isinstance(data, TimerElapsed) else data.of_referral or message.id


def product_of(message: Message) -> str:
    """The key of steps that remember a product: timers of theirs are set for one, too."""
    data = message.data
    return data.of_product or _named(data.key if isinstance(data, TimerElapsed) else None, message)


def _named(key: str | None, message: Message) -> str:
    if key is None:
        raise TypeError(f"{message.type} does not name what is asked for")
    return key


def _nothing(_: Message) -> tuple[str, ...]:
    return ()


def _own(own: Any, _: Mapping[str, Any]) -> Any:
    return own


@dataclass(frozen=True, slots=True)
class Step(Generic[S]):
    """A step of the hub. ``decide(state, message, policy)`` is pure.

    ``key`` names the state that a message needs; ``state`` is its type (or union), by which
    pydantic writes and reads it.
    """

    name: str
    hears: tuple[type[Fact], ...]
    state: Any
    key: Callable[[Message], str]
    decide: Callable[[S | None, Message, Policy], Outcome[S]]
    beside: Callable[[Message], tuple[str, ...]] = _nothing
    """Keys of further states that a message's decision depends on: ``join`` puts them in."""
    join: Callable[[S | None, Mapping[str, S]], S | None] = _own
    mostly_by: Literal["referral", "product"] | None = None
    """What ``key`` mostly is, where a message is about one."""

    def likely_key(self, message: Message) -> str | None:
        """The key of what the message, or what it causes, will need; None where that is unknown."""
        if self.concerns(message):
            return self.key(message)
        if self.mostly_by == "referral" or self.key in (referral_of, referral_or_message):
            return message.correlation_id
        return message.data.of_product if self.mostly_by == "product" else None

    def concerns(self, message: Message) -> bool:
        """Whether this step acts on the message; a timer concerns only the step that set it."""
        data = message.data
        if isinstance(data, TimerElapsed):
            return data.step == self.name
        return type(data) in self.hears
