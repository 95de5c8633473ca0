"""Who has signed in, and for how long: kept on the hub's machine alone.

A session is a file under the digest of a random number that only its owner has. When it was last
used is the file's own time.
"""

from __future__ import annotations

import datetime as dt
import os
import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from hmac import compare_digest
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from ops.access.accounts import login
from schemas.access import Proof, Role
from schemas.base import Code, Instant, Line, Shape
from schemas.settings import HubSettings

DIGEST: Final = re.compile(r"[0-9a-f]{64}")


def now() -> dt.datetime:
    """The time in UTC."""
    return dt.datetime.now(dt.UTC)


class Known(Shape):
    """Somebody who has shown who they are."""

    who: Line
    agency: Code
    roles: tuple[Role, ...]
    proven: Proof
    proven_at: Instant | None
    """When they last did; None: the provider does not say."""
    acr: Line | None = None
    """In what way, in the provider's words."""
    by: str | None = None
    """By which passphrase: a digest of what the configuration keeps of it. Or which passkey."""


class Session(Known):
    """And who acts as that until ``ends_at``."""

    ends_at: Instant
    bound: str | None = None
    """The digest of what opens it, to be known beside its token; None: the token does."""

    def opens_with(self, verifier: str) -> bool:
        """Whether this is what opens it."""
        return self.bound is None or compare_digest(self.bound, name_of(verifier))


@dataclass(frozen=True, slots=True)
class Sessions:
    """All sessions of a hub on this machine."""

    folder: Path
    idle: dt.timedelta
    longest: dt.timedelta
    clock: Callable[[], dt.datetime] = now

    def begin(
        self, known: Known, *, lasts: dt.timedelta | None = None, bound: str | None = None
    ) -> tuple[str, Session]:
        """A new session, and what its owner has of it. What has ended is swept away.

        ``lasts``: where it ends sooner than others. ``bound``: the digest of what it takes to open
        it, where its token comes by a way on which others may read it (as PKCE: RFC 7636).
        """
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._sweep()
        token, at = secrets.token_urlsafe(32), self.clock()
        ends_at = at + (lasts or self.longest)
        session = Session(**known.__dict__, ends_at=ends_at, bound=bound)
        path = self._path(token)
        made = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(made, "w", encoding="utf-8") as opened:
            opened.write(session.model_dump_json())
        self._touch(path, at)
        return token, session

    def find(self, token: str, *, used: bool = True, verifier: str = "") -> Session | None:
        """Whose it is, if it has not ended; ``used``: by somebody, and not by a page that asks by
        itself again and again.
        """
        path, at = self._path(token), self.clock()
        session = self._read(path, at)
        if session is not None and not session.opens_with(verifier):
            return None
        if session is not None and used:
            with suppress(FileNotFoundError):  # ended in this moment
                self._touch(path, at)
        return session

    def until(self, token: str) -> dt.datetime | None:
        """When it ends if nobody uses it any more; None: it has ended."""
        path = self._path(token)
        session = self._read(path, self.clock())
        if session is None:
            return None
        with suppress(FileNotFoundError):  # ended in this moment
            used = dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC)
            return min(used + self.idle, session.ends_at)
        return None

    def end(self, token: str) -> None:
        """It is nobody's any more."""
        self._path(token).unlink(missing_ok=True)

    def _path(self, token: str) -> Path:
        return self.folder / name_of(token)

    def _read(self, path: Path, at: dt.datetime) -> Session | None:
        try:
            session = Session.model_validate_json(path.read_bytes())
            used = dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC)
        except (OSError, ValidationError):
            return None
        if at < session.ends_at and at - used < self.idle:
            return session
        path.unlink(missing_ok=True)
        return None

    @staticmethod
    def _touch(path: Path, at: dt.datetime) -> None:
        os.utime(path, times=(at.timestamp(), at.timestamp()))

    def _sweep(self) -> None:
        at = self.clock()
        for path in self.folder.iterdir():
            self._read(path, at)


def name_of(token: str) -> str:
    """What a session is called in the record and on the disk: what its owner has is not in it."""
    return sha256(token.encode()).hexdigest()


def sessions_of(settings: HubSettings, folder: Path) -> Sessions:
    """The sessions of a hub, beside its key: the same account alone reads both."""
    terms = settings.identity
    return Sessions(
        (folder / settings.runtime.key_file).resolve().parent / "sessions",
        idle=dt.timedelta(minutes=terms.idle_minutes),
        longest=dt.timedelta(hours=terms.longest_hours),
    )


@dataclass(frozen=True, slots=True)
class OwnFile:
    """What somebody has of their sessions with one hub, for the commands that they start."""

    path: Path

    def tokens(self) -> list[str]:
        """The last one first."""
        try:
            return self.path.read_text(encoding="ascii").split()[::-1]
        except FileNotFoundError:
            return []

    def keep(self, tokens: Iterator[str]) -> None:
        """These and no others, the last one last; nobody else may read them."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        beside = self.path.with_name(f"{self.path.name}.new")
        beside.unlink(missing_ok=True)
        made = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(made, "w", encoding="ascii") as opened:
            opened.write("\n".join(tokens))
        beside.replace(self.path)


def own_file(sessions: Sessions, account: str) -> OwnFile:
    """Apart by hub, and by who logged in and when, as several people may start commands as one
    account, or log in as one: what one of them signed in at, no other comes upon.
    """
    if named := os.environ.get("HUB_SESSIONS"):
        return OwnFile(Path(named))
    state = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    of_hub = sha256(str(sessions.folder).encode()).hexdigest()[:16]
    return OwnFile(Path(state) / "mash-hub" / f"{account}-{of_hub}{login()}")
