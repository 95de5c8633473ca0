"""A decision maker's passkey, used on a machine and a page of their agency's own.

The words that would leave stand on that page, beside what the passkey is asked to sign.
"""

from __future__ import annotations

import base64
import secrets
import shlex
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from connectors.edge import keys
from connectors.edge.keys import NoKey, SigningKey
from connectors.edge.local_page import LocalPage
from schemas.base import Line
from schemas.envelope import Envelope, NotSigned, Passkey, asserted, challenge_of

PORT: Final = 8463
"""Where the page is, unless another is chosen once: a passkey is asked on its own page alone."""
_PATIENCE: Final = 300.0
_PARTY: Final = "localhost"


class PasskeySigner(SigningKey):
    """What its file says of a passkey: the private key is its authenticator's alone."""

    private: str = ""
    spki: str
    credential: str
    port: int
    words: tuple[str, ...] = ()
    """What is shown while it signs; not of the file."""

    @property
    def public(self) -> str:
        """What others check its signatures with."""
        return self.spki

    @property
    def site(self) -> Passkey:
        """For which page it was made."""
        return Passkey(rp_id=_PARTY, origins=(f"http://localhost:{self.port}",))

    def showing(self, words: Iterable[str]) -> PasskeySigner:
        return self.model_copy(update={"words": tuple(words)})

    def sign(self, payload: bytes) -> Envelope:
        """The envelope of these bytes, once its owner let the authenticator sign them. Raises
        :class:`NoKey`.
        """
        page = _page(self.port)
        try:
            page.asks(
                "May this leave?",
                button="Sign with your passkey",
                words=self.words,
                challenge=_urlsafe(challenge_of(payload)),
                credential=self.credential,
            )
            said = _answer(page)
        finally:
            page.close()
        try:
            envelope = asserted(payload, self.spki, said=said)
            envelope.opened_by(self.spki, passkey=self.site)
        except (NotSigned, ValidationError):
            raise NoKey("the browser answered with something else than this passkey") from None
        return envelope


def make(path: Path, *, agency: str, decided_by: Line, port: int = PORT) -> PasskeySigner:
    """Have a browser of this machine make a passkey, and keep what is public of it in a new file.
    Raises ``FileExistsError`` or :class:`NoKey`.
    """
    with path.open("x", encoding="utf-8") as opened:
        try:
            page = _page(port)
            try:
                page.asks(
                    f"A passkey of {decided_by}, {agency}",
                    button="Make a passkey",
                    words=("It signs, on this page alone, what the agency lets leave.",),
                    challenge=_urlsafe(secrets.token_bytes(32)),
                    who=decided_by,
                )
                key = _made(_answer(page), agency=agency, decided_by=decided_by, port=port)
            finally:
                page.close()
        except BaseException:
            path.unlink()
            raise
        opened.write(key.model_dump_json(exclude={"words"}))
    return key


def read(path: Path) -> SigningKey:
    """A key of a file, whether it is a passkey or has its private part there. Raises
    :class:`NoKey`.
    """
    try:
        return PasskeySigner.model_validate_json(path.read_bytes())
    except ValidationError:
        return keys.read(path)


def registering(key: PasskeySigner) -> str:
    """What the agency's administrator types to register it."""
    (origin,) = key.site.origins
    told = ["hub", "approvals", "register", "register", "--key", "ADMINISTRATORS_KEY"]
    told += ["--whose", key.decided_by, "--public", key.spki]
    return shlex.join([*told, "--rp-id", _PARTY, "--origin", origin])


def _made(said: Any, *, agency: str, decided_by: str, port: int) -> PasskeySigner:
    try:
        raw = base64.urlsafe_b64decode(said["public"] + "=" * (-len(said["public"]) % 4))
        return PasskeySigner(
            agency=agency,
            decided_by=decided_by,
            spki=base64.b64encode(raw).decode(),
            credential=said["credential"],
            port=port,
        )
    except (ValidationError, KeyError, TypeError, ValueError):
        raise NoKey("the browser answered with something else than a passkey") from None


def _page(port: int) -> LocalPage:
    try:
        return LocalPage(port)
    except OSError:
        raise NoKey(f"something else listens on port {port} of this machine: end that") from None


def _answer(page: LocalPage) -> Any:
    sys.stderr.write(f"Open this in a browser of this machine:\n{page.url}\n")
    said = page.wait(seconds=_PATIENCE)
    if said is None:
        raise NoKey("nobody answered in time: start this again, and open what it prints")
    return said


def _urlsafe(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
