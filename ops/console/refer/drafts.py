"""What somebody has answered so far: kept for a day, opened by their browser alone."""

from __future__ import annotations

import datetime as dt
import os
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from pydantic import Field, ValidationError

from schemas.base import Shape
from stores.wrapping import DataKey, Unreadable

LASTS: Final = 24 * 3600.0
"""Seconds since the last answer."""
_MOST: Final = 5_000
"""At a time: who begins without end fills no disk."""
_HARDLY_BEGUN: Final = 600
"""Bytes of one that holds a few choices, or a receipt, and no account."""
_TO_ANSWER: Final = 3600.0
"""Seconds from the start to the first answer."""
FAMILY: Final = "together"
"""The answer whether the children of one report are one family: nobody takes it for granted."""
MOST_CHILDREN: Final = 12
"""Of one report."""
_BOUND_TO: Final = "referral-form"

Answers = dict[str, str]


class Told(Shape):
    """What was sent for one child, and what of it could not be used, in words."""

    number: int
    reference: str
    warnings: tuple[str, ...] = ()


class Draft(Shape):
    """Answers by the name of their question, those about each child apart."""

    code: str
    """What it will be called once it is sent."""
    answers: Answers = Field(default_factory=dict)
    children: tuple[Answers, ...] = ({},)
    at: dt.datetime | None = None
    """Since when it is ready to be sent: what was seen today, it says, was seen then."""
    sent: tuple[Told, ...] = ()
    """What the hub has taken, by child."""
    whole: bool = False
    """Whether that is all of it: nothing else is kept then."""

    @property
    def taken(self) -> frozenset[int]:
        """The numbers of children of whom the hub has been told."""
        return frozenset(one.number for one in self.sent)

    def about(self, child: int | None) -> Mapping[str, str]:
        """The answers that a question has."""
        return self.answers if child is None else self.children[child]

    def answered(self, child: int | None, more: Answers) -> Draft:
        """With these answers."""
        if child is None:
            return self.model_copy(update={"answers": self.answers | more})
        changed = {**self.children[child], **more}
        children = (*self.children[:child], changed, *self.children[child + 1 :])
        return self.model_copy(update={"children": children})

    def among(self, children: tuple[Answers, ...]) -> Draft:
        """With these children: whether they are one family was answered of others."""
        left = {name: said for name, said in self.answers.items() if name != FAMILY}
        return self.model_copy(update={"children": children, "answers": left})


class Full(Exception):
    """So many have begun to write that no more are taken."""


@dataclass(frozen=True, slots=True)
class Drafts:
    """All of a hub on this machine: files under digests of what only a browser has."""

    folder: Path
    clock: Callable[[], float] = time.time
    most: int = _MOST

    def begin(self) -> str:
        """What opens a new one: nothing is kept of it before the first answer."""
        return f"{int(self.clock()):x}.{secrets.token_urlsafe(32)}"

    def is_new(self, token: str) -> bool:
        """Whether somebody began with it lately; else what it opened is gone."""
        try:
            begun = int(token.partition(".")[0], 16)
        except ValueError:
            return False
        return 0 <= self.clock() - begun < _TO_ANSWER

    def find(self, token: str) -> Draft | None:
        """What it opens, if that is still kept."""
        path = self._path(token)
        try:
            if path.stat().st_mtime + LASTS < self.clock():
                return None
            plain = _key(token).open(path.read_bytes(), bound_to=_BOUND_TO)
            return Draft.model_validate_json(plain)
        except (OSError, Unreadable, ValidationError):
            return None

    def keep(self, token: str, draft: Draft) -> None:
        """Keep what was answered, whole or not at all. Raises :class:`Full`."""
        sealed = _key(token).seal(draft.model_dump_json().encode(), bound_to=_BOUND_TO)
        path = self._path(token)
        if not path.exists():
            self._make_room()
        new = path.with_suffix(f".{secrets.token_hex(8)}")
        made = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(made, "wb") as opened:
            opened.write(sealed)
        new.replace(path)
        os.utime(path, (self.clock(), self.clock()))

    def end(self, token: str) -> None:
        """Keep nothing of it."""
        self._path(token).unlink(missing_ok=True)

    def _path(self, token: str) -> Path:
        return self.folder / sha256(token.encode()).hexdigest()

    def _make_room(self) -> None:
        """Sweep away what nobody went on with for a day; where that leaves no room, the oldest in
        which nobody has written of anything yet.
        """
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        small, count = list[tuple[float, str]](), 0
        with os.scandir(self.folder) as found:
            for one in found:
                try:
                    told = one.stat()
                    if told.st_mtime + LASTS < self.clock():
                        os.unlink(one)
                        continue
                except FileNotFoundError:
                    continue
                count += 1
                if told.st_size < _HARDLY_BEGUN:
                    small.append((told.st_mtime, one.path))
        if count < self.most:
            return
        if not small:
            raise Full
        Path(min(small)[1]).unlink(missing_ok=True)


def form_token(token: str) -> str:
    """What a form of this browser's brings, and nobody else knows."""
    return sha256(b"form" + token.encode()).hexdigest()


def _key(token: str) -> DataKey:
    return DataKey.of(sha256(b"referral" + token.encode()).digest())


_ALPHABET: Final = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
"""None that reads as another, and no vowels but A and E to make words of."""
LETTERS: Final = frozenset(_ALPHABET)
"""Of which a code is made."""


def reference_of(code: str, number: int) -> str:
    """What is sent about each child is called; about the first as the whole."""
    return code if number == 0 else f"{code}#{number + 1}"


def new_code() -> str:
    """Three groups of four: nobody guesses one."""
    groups = ("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(3))
    return "-".join(groups)
