"""An OpenID Connect provider on this machine, and somebody with a browser before it."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx

from ops.demo.running import DemoFolder
from stores import linking
from stores.database import Database
from tests.support.filled import empty_hub

CONFIG = """
[identity]
issuer = "{issuer}"
client_id = "mash-hub"
client_secret_variable = "HUB_SECRET"
name_claim = "name_here"
deciding_acr = ["phr"]

[identity.agencies]
"Sample Borough" = "childrens_social_care"

[identity.roles]
mash-auditors = ["auditor"]
mash-operators = ["operations"]
mash-system = []
"""
"""What a hub has to be told of it: it knows no client without a secret."""
SECRET = {"HUB_SECRET": "any"}


ANNA: dict[str, Any] = {
    "name_here": "Anna Auditor",
    "agency": "Sample Borough",
    "roles": ["mash-auditors", "canteen"],
}
"""An auditor, as the provider knows her."""


def with_a_provider(path: Path, identity: str) -> DemoFolder:
    """A hub that is stopped, whose people sign in there."""
    folder, made = empty_hub(path)
    made.database.close()
    with folder.config.open("a", encoding="utf-8") as opened:
        opened.write(identity)
    return folder


def facts(database: Database, type_: type[Any]) -> list[Any]:
    """All of a type that are on the record."""
    with database.reading() as connection:
        found = linking.every(connection, database.vault, type_=type_)
        return [entry.message.data for entry in found]


@contextmanager
def provider() -> Iterator[str]:
    """Its issuer."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what it is built on is about to change
        from oidc_provider_mock import run_server_in_thread
    with run_server_in_thread() as server:
        yield f"http://localhost:{server.server_port}"


def knows(issuer: str, sub: str, **claims: object) -> None:
    """The provider has somebody, of whom it says this."""
    httpx.put(f"{issuer}/users/{sub}", json=claims).raise_for_status()


def goes(url: str, sub: str) -> Mapping[str, str]:
    """Somebody signs in there; what the provider gives their browser for the hub."""
    answer = httpx.post(url, data={"sub": sub}, follow_redirects=False)
    assert answer.status_code == 302, answer.text
    return dict(parse_qsl(urlsplit(answer.headers["location"]).query))
