"""Debian's browser, with an authenticator that is none but behaves as one."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from playwright.sync_api import Page, sync_playwright

from tests.support.authenticator import Authenticator

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def authenticated(page: Page, *devices: Authenticator) -> None:
    """Give a page's browser an authenticator that lets its owner in without asking; with the
    passkeys of these.
    """
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    made = session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    for one in devices:
        told = {"authenticatorId": made["authenticatorId"], "credential": _credential(one)}
        session.send("WebAuthn.addCredential", told)


def _credential(device: Authenticator) -> dict[str, Any]:
    private = device.private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return {
        "credentialId": base64.b64encode(device.credential).decode(),
        "isResidentCredential": True,
        "rpId": device.rp_id,
        "privateKey": base64.b64encode(private).decode(),
        "userHandle": base64.b64encode(b"somebody").decode(),
        "signCount": 0,
    }


@contextmanager
def opened() -> Iterator[Page]:
    """A page whose authenticator lets its owner in without asking."""
    with sync_playwright() as playing:
        browser = playing.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        page = browser.new_page()
        authenticated(page)
        yield page
        browser.close()
