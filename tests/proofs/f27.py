"""F27: whoever comes with a wrong certificate or credential gets nothing and leaves nothing.

A hub is served over TLS, as itself. Tokens are tried that are nearly right, of another time or of
nobody, and certificates of another authority, of another time, of another system of the same
authority. What opens is tried too, so that all the refusals are seen to mean something.
"""

from __future__ import annotations

import datetime as dt
import ssl
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any, Final
from unittest.mock import patch

import httpx
import trustme

from connectors.http import create_app
from connectors.http_connections import Connections
from connectors.port import Routes, routes
from connectors.wrong_tokens import WrongTokens
from ops.run.serve import WebServer, configured, listening
from ops.run.wiring import Hub
from schemas.settings import HttpSettings, HubSettings
from stores.overview import last_position
from tests.support.agencies import EverybodysOwn
from tests.support.filled import empty_hub

_NOW: Final = dt.datetime(2026, 6, 10, 12, tzinfo=dt.UTC)
_TOKEN: Final = "zKq0-the-right-one-of-the-police-7f"
_ENDED, _TO_COME = "ended-" + _TOKEN, "to-come-" + _TOKEN
_HOURS: Final = 24
_SHOWN: Final = 5
_TO_END: Final = 30.0
_known = Routes.with_certificate


def _any(self: Routes, *_: object) -> Any:
    return self.by_code["police"]


def _at_any_time(self: Routes, digest: str, _at: dt.datetime) -> Any:
    years = (_NOW + dt.timedelta(hours=hours) for hours in (-2 * _HOURS, 0, 2 * _HOURS))
    return next(filter(None, (_known(self, digest, at) for at in years)), None)


CONTROLS: Final[Mapping[str, Callable[[], AbstractContextManager[Any]]]] = {
    "tokens": lambda: patch.object(Routes, "with_token", _any),
    "certificates": lambda: patch.object(Routes, "with_certificate", _any),
    "times": lambda: patch.object(Routes, "with_certificate", _at_any_time),
}
"""What may be dropped: it is looked which token it is, which certificate, and of when that is. The
proof has to fail then.
"""


@dataclass(frozen=True, slots=True)
class Tried:
    """With what somebody comes; ``opens``: whether they are to be let in."""

    name: str
    header: str | None = None
    certificate: str | None = None
    opens: bool = False


def prove(
    attempts: int, *, seed: int, without: str = "", progress: Callable[[int], None]
) -> dict[str, Any]:
    """Try so many, and say what was let in or left anything."""
    count, wrong = Counter[str](), list[str]()
    with _served() as door, CONTROLS[without]() if without else nullcontext():
        before = door.recorded()
        for one in _tried(attempts, Random(seed)):  # noqa: S311 - plays
            let_in = door.lets(one)
            count.update(["opened" if let_in else "refused"])
            if let_in != one.opens:
                wrong.append(f"{one.name}: {'let in' if let_in else 'not let in'}")
            progress(1)
        left = door.recorded() - before
    return {
        "n": count.total(),
        "seed": seed,
        "refused": count["refused"],
        "opened": count["opened"],
        "wrong": len(wrong),
        "left_in_the_record": left,
        "examples": wrong[:_SHOWN],
    }


def _tried(attempts: int, chance: Random) -> Iterator[Tried]:
    right = f"Bearer {_TOKEN}"
    yield Tried("the right token", right, opens=True)
    yield Tried("the right certificate", certificate="police", opens=True)
    for name in (*_OF_OTHERS, *_CERTIFICATES[1:]):
        yield Tried(f"a certificate: {name}", certificate=name)
        yield Tried(f"a wrong token with a certificate: {name}", "Bearer wrong", name)
    yield Tried("a wrong token with the right certificate", "Bearer wrong", "police")
    yield Tried("nothing")
    yield Tried("a token that ended", f"Bearer {_ENDED}")
    yield Tried("a token of later", f"Bearer {_TO_COME}")
    yield Tried("what the hub keeps of it", f"Bearer {sha256(_TOKEN.encode()).hexdigest()}")
    for scheme in ("Basic", "Digest", "Token", "bearer=", ""):
        yield Tried(f"the right token as {scheme}", f"{scheme} {_TOKEN}".strip())
    for _ in range(attempts):
        yield Tried(*_nearly(chance))


def _nearly(chance: Random) -> tuple[str, str]:
    """A token that is not quite the right one."""
    at = chance.randrange(len(_TOKEN))
    other = chance.choice([letter for letter in "abcXYZ019-_" if letter != _TOKEN[at]])
    name, token = chance.choice(
        [
            ("another letter", _TOKEN[:at] + other + _TOKEN[at + 1 :]),
            ("a letter less", _TOKEN[:at] + _TOKEN[at + 1 :]),
            ("a letter more", _TOKEN[:at] + other + _TOKEN[at:]),
            ("its beginning", _TOKEN[:at]),
            ("in capitals", _TOKEN.upper()),
            ("twice", _TOKEN * 2),
            ("another", "".join(chance.choices(_TOKEN, k=len(_TOKEN)))),
        ]
    )
    return f"a token: {name}", f"Bearer {token}"


@dataclass(frozen=True, slots=True)
class _Door:
    """A hub that is served, and what somebody may come with."""

    hub: Hub
    url: str
    contexts: Mapping[str | None, ssl.SSLContext]

    def lets(self, one: Tried) -> bool:
        """Whether they are given letters, or what they send is taken."""
        headers = {"Authorization": one.header} if one.header else {}
        context = self.contexts[one.certificate]
        try:
            with httpx.Client(base_url=self.url, verify=context, headers=headers) as web:
                fetched = web.get("/v1/inbox")
                sent = web.post("/v1/events", content=b"{}") if not one.opens else fetched
        except httpx.TransportError:
            return False
        assert {fetched.status_code, sent.status_code} <= {200, 401, 422}, (fetched, sent)
        return (fetched.status_code, sent.status_code) != (401, 401)

    def recorded(self) -> int:
        """How many entries the record has."""
        with self.hub.database.reading() as connection:
            return last_position(connection)


@contextmanager
def _served() -> Iterator[_Door]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hub-proof-")))
        _, hub = empty_hub(folder / "hub")
        stack.callback(hub.database.close)
        authority = trustme.CA()
        shown = {name: authority.issue_cert(f"{name}.example") for name in _CERTIFICATES}
        others = {name: trustme.CA().issue_cert("police.example") for name in _OF_OTHERS}
        app = create_app(
            routes(_settings(shown), {}),
            intake=hub.intake,
            queues=hub.queues,
            access=EverybodysOwn(),
            clock=lambda: _NOW,
            wrong_tokens=WrongTokens(lambda: 0.0, _at_once),
        )
        url = stack.enter_context(_listening(app, authority, folder))
        contexts = dict[str | None, ssl.SSLContext]()
        for name, one in [(None, None), *(shown | others).items()]:
            contexts[name] = _context(authority, one)
        yield _Door(hub, url, contexts)


_CERTIFICATES: Final = ("police", "ended", "later", "nobody")
_OF_OTHERS: Final = ("stranger", "self_signed")


async def _at_once(_seconds: float) -> None:
    """Whoever comes with wrong ones is slowed elsewhere."""


def _settings(shown: Mapping[str, trustme.LeafCert]) -> HubSettings:
    """The police, with two tokens and certificates of which some are not in force."""
    day = dt.timedelta(hours=_HOURS)
    ended, to_come = {"until": (_NOW - day).isoformat()}, {"since": (_NOW + day).isoformat()}
    certificates = [
        {"sha256": _digest(shown["police"])},
        {"sha256": _digest(shown["ended"])} | ended,
    ]
    later = [{"sha256": _digest(shown["later"])} | to_come]
    tokens = [{"sha256": sha256(_TOKEN.encode()).hexdigest()}]
    agencies = {
        "police": {"http": {"tokens": tokens, "certificates": certificates}},
        "school": {"http": {"tokens": [_token(_ENDED) | ended, _token(_TO_COME) | to_come]}},
        "gp": {"http": {"certificates": later}},
    }
    named = {code: {"name": code, "signpost_contact": "1", **one} for code, one in agencies.items()}
    return HubSettings.model_validate({"area": "e1", "lead_agency": "police", "agencies": named})


def _token(token: str) -> dict[str, str]:
    return {"sha256": sha256(token.encode()).hexdigest()}


def _digest(certificate: trustme.LeafCert) -> str:
    pem = certificate.cert_chain_pems[0].bytes().decode()
    return sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()


def _context(authority: trustme.CA, shown: trustme.LeafCert | None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    if shown is not None:
        shown.configure_cert(context)
    return context


@contextmanager
def _listening(app: Any, authority: trustme.CA, folder: Path) -> Iterator[str]:
    own = authority.issue_cert("127.0.0.1")
    own.cert_chain_pems[0].write_to_path(folder / "hub.pem")
    own.private_key_pem.write_to_path(folder / "hub.key.pem")
    authority.cert_pem.write_to_path(folder / "ca.pem")
    tls = {"certificate": "hub.pem", "key": "hub.key.pem", "clients": "ca.pem"}
    limits = HttpSettings.model_validate({"port": 0, "tls": tls})
    connections, bound = Connections(limits), listening("127.0.0.1", 0)
    config = configured(app, limits, connections=connections, folder=folder)
    server = WebServer(config, bound.getsockname(), bound, connections)
    stop = threading.Event()
    thread = threading.Thread(target=server.run, args=(stop,), daemon=True)
    thread.start()
    try:
        yield server.url
    finally:
        stop.set()
        thread.join(_TO_END)
