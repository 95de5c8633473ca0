"""One-time links: who has shown on the hub's machine who they are opens a browser as that."""

from __future__ import annotations

import datetime as dt
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from ops.access.proving import NotProven, named, proven
from ops.access.sessions import Known, Session, now, sessions_of
from ops.look.reading import Guarded

LASTS: Final = dt.timedelta(minutes=10)
"""How long a link is waited for by whoever asked for it."""


@dataclass(frozen=True, slots=True)
class Links:
    """All links of a hub that nobody has opened: files under digests, beside its sessions."""

    folder: Path
    clock: Callable[[], dt.datetime] = now

    def make(self, known: Known, *, lasts: dt.timedelta = LASTS) -> str:
        """The key of a new link, which opens once. What has ended is swept away."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for path in self.folder.iterdir():
            if (kept := _read(path)) is None or kept.ends_at <= self.clock():
                path.unlink(missing_ok=True)
        key = secrets.token_urlsafe(32)
        made = os.open(self._path(key), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(made, "w", encoding="utf-8") as opened:
            kept = Session(**known.__dict__, ends_at=self.clock() + lasts)
            opened.write(kept.model_dump_json())
        return key

    def take(self, key: str) -> Known | None:
        """Whom the link is for, if nobody has opened it and it has not ended."""
        mine = self.folder / f"{secrets.token_hex(16)}.taken"
        try:
            self._path(key).rename(mine)  # of two who open it at once one finds it
        except OSError:
            return None
        kept = _read(mine)
        mine.unlink(missing_ok=True)
        if kept is None or kept.ends_at <= self.clock():
            return None
        return Known(**{name: getattr(kept, name) for name in Known.model_fields})

    def _path(self, key: str) -> Path:
        return self.folder / sha256(key.encode()).hexdigest()


def _read(path: Path) -> Session | None:
    try:
        return Session.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None


def links_of(hub: Guarded) -> Links:
    """The links of a hub."""
    return Links(sessions_of(hub.settings, hub.folder).folder.with_name("links"))


def link_for(hub: Guarded, who: str, *, lasts: dt.timedelta = LASTS) -> str:
    """The key of a link for somebody who has shown here who they are. Raises ``NotProven``."""
    known = proven(hub, who)
    person = named(hub.settings, who)
    if known is None:
        raise NotProven(f"{who} is nobody whom the hub knows: see [[people]] of the configuration")
    if person is not None and person.passphrase and known.by is None:
        raise NotProven(f'{who} has a passphrase: `hub sign-in --who "{who}"` first')
    return links_of(hub).make(known, lasts=lasts)
