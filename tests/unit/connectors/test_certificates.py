"""An agency's system comes in by its certificate, and by no other's."""

from __future__ import annotations

import datetime as dt
import ssl
import threading
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme
from click.testing import CliRunner

from connectors.http import create_app
from connectors.http_connections import Connections
from connectors.port import routes
from ops.cli import main
from ops.run.serve import WebServer, configured, listening
from schemas.settings import HttpSettings, HubSettings
from stores.ports import EdgeQueues, Intake
from tests.support.agencies import EverybodysOwn

Calls = Callable[..., httpx.Response]
DEADLINE = 30.0


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def shown(authority: trustme.CA) -> dict[str, trustme.LeafCert]:
    """What systems connect with; a stranger's is of another authority."""
    made = {name: authority.issue_cert(f"{name}.example") for name in ("old", "new", "other")}
    return made | {"stranger": trustme.CA().issue_cert("old.example")}


def digest(certificate: trustme.LeafCert) -> str:
    return sha256(ssl.PEM_cert_to_DER_cert(pem(certificate).decode())).hexdigest()


def pem(certificate: trustme.LeafCert) -> bytes:
    return certificate.cert_chain_pems[0].bytes()


@pytest.fixture
def calls(
    tmp_path: Path,
    authority: trustme.CA,
    shown: dict[str, trustme.LeafCert],
    intake: Intake,
    queues: EdgeQueues,
    now: dt.datetime,
) -> Iterator[Calls]:
    """Fetch the letters of whoever has this certificate, from a hub that knows two of health's."""
    hub = authority.issue_cert("127.0.0.1")
    hub.cert_chain_pems[0].write_to_path(tmp_path / "hub.pem")
    hub.private_key_pem.write_to_path(tmp_path / "hub.key.pem")
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    known = [
        {"sha256": digest(shown["old"]), "until": now.isoformat()},
        {"sha256": digest(shown["new"]), "since": now.isoformat()},
    ]
    agency = {"name": "H", "signpost_contact": "1", "http": {"certificates": known}}
    settings = {"area": "e1", "lead_agency": "health", "agencies": {"health": agency}}
    at = {"now": now}
    app = create_app(
        routes(HubSettings.model_validate(settings), {}),
        intake=intake,
        queues=queues,
        access=EverybodysOwn(),
        clock=lambda: at["now"],
    )
    tls = {"certificate": "hub.pem", "key": "hub.key.pem", "clients": "ca.pem"}
    limits = HttpSettings.model_validate({"port": 0, "tls": tls})
    connections, bound = Connections(limits), listening("127.0.0.1", 0)
    config = configured(app, limits, connections=connections, folder=tmp_path)
    server = WebServer(config, bound.getsockname(), bound, connections)
    stop = threading.Event()
    thread = threading.Thread(target=server.run, args=(stop,), daemon=True)
    thread.start()

    def fetch(name: str | None, *, earlier: float = 0, **headers: str) -> httpx.Response:
        at["now"] = now - dt.timedelta(seconds=earlier)
        context = ssl.create_default_context()
        authority.configure_trust(context)
        if name is not None:
            shown[name].configure_cert(context)
        with httpx.Client(base_url=server.url, verify=context, headers=headers) as client:
            return client.get("/v1/inbox")

    yield fetch
    stop.set()
    thread.join(DEADLINE)


def test_each_certificate_opens_in_its_time_and_no_other_does(calls: Calls) -> None:
    assert (calls("old", earlier=1).status_code, calls("old").status_code) == (200, 401)
    assert (calls("new", earlier=1).status_code, calls("new").status_code) == (401, 200)
    assert (calls("other").status_code, calls(None).status_code) == (401, 401)


def test_one_that_no_authority_of_ours_signed_is_refused_at_once(calls: Calls) -> None:
    with pytest.raises(httpx.TransportError):
        calls("stranger")


def test_a_wrong_token_is_not_made_good_by_a_certificate(calls: Calls) -> None:
    assert calls("new", Authorization="Bearer wrong").status_code == 401


def test_what_the_configuration_keeps_of_a_certificate_is_printed(
    tmp_path: Path, shown: dict[str, Any]
) -> None:
    (tmp_path / "c.pem").write_bytes(pem(shown["new"]))
    printed = CliRunner().invoke(main, ["config", "certificate", str(tmp_path / "c.pem")])
    assert digest(shown["new"]) in printed.stdout
    (tmp_path / "c.pem").write_text("none")
    assert CliRunner().invoke(main, ["config", "certificate", str(tmp_path / "c.pem")]).exit_code
