"""How letters go: sealed to their agency's key, or in clear inside TLS to one that has none."""

from __future__ import annotations

import datetime as dt
import ipaddress
from collections.abc import Callable
from urllib.parse import urlsplit

from schemas.sealed import EncryptionKey, in_event, key_at, seal
from schemas.settings import AgencySettings

Clock = Callable[[], dt.datetime]
_WITH_TLS = ("amqps", "https", "kafkas")


def now() -> dt.datetime:
    """The time by which keys are in force."""
    return dt.datetime.now(dt.UTC)


def key_of(agency: AgencySettings, at: dt.datetime) -> EncryptionKey | None:
    """To which key an agency's letters are sealed; None: to none. Raises ``NoKeyNow``."""
    return key_at(agency.encryption, at)


def for_http(agency: AgencySettings, letter: bytes, *, letter_id: str, at: dt.datetime) -> bytes:
    """A letter as its agency gets it over HTTP: an event, with the letter sealed in it where the
    agency registered a key. Raises ``NoKeyNow``. Without a key it is in clear: whoever sends it
    sees that the way is private.
    """
    key = key_of(agency, at)
    return letter if key is None else in_event(seal(letter, key), letter_id=letter_id)


def is_private(url: str) -> bool:
    """Whether nobody on the way can read what goes there: by TLS, or on this machine."""
    parts = urlsplit(url)
    if is_list(url):  # the first one's host says nothing of the others
        return False
    return parts.scheme in (*_WITH_TLS, "memory") or is_here(parts.hostname or "")


def is_list(url: str) -> bool:
    """Whether kombu would take it for several brokers, of which it speaks with any."""
    return ";" in url and not url.startswith(("http:", "https:"))


def is_here(host: str) -> bool:
    """Whether it is this machine, as far as its name or address tells."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
