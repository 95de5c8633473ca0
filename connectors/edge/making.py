"""An edge is made: its keys here, and what the hub is to be told of them."""

from __future__ import annotations

import datetime as dt
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from pydantic import ValidationError

from connectors.edge import configured, keys, opening
from connectors.edge.store import Store
from connectors.witness.folder import Folder
from stores.tree.notes import VerifierKey

_TOML = """\
# What `hub edge run` goes by. Paths start at this folder.
agency = "{agency}"
hub = {hub}
# authority = "authority.pem"    # who signed the hub's certificate, if nobody that is trusted here
# certificate = "edge.pem"       # the agency's own certificate in place of the token,
# certificate_key = "edge.key"   # and its private key
letters = "letters"              # where your own system finds what the hub sent, a file each
to_send = "to-send"              # where it puts what goes to the hub; receipts/ there has receipts
# account = "casesystem"         # whose these two folders are, if not the account's that runs this
# unsigned = ["housing"]         # owners without any key whose word you take from the hub alone
# witness_host = "127.0.0.1"     # TLS is a proxy's before it
# witness_port = 8090
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What edge is to be made."""

    agency: str
    hub: str
    who: str | None = None
    """A decision maker, for whom a key to sign with is made here too."""
    curve: str = "X25519"
    logs: Sequence[VerifierKey] = ()
    """Of the hub, where the edge is to be a witness."""


def make(folder: Path, wanted: Wanted) -> str:
    """Make it; what the hub's configuration is to have of it. Raises ``NoEdge``, ``NoKey``."""
    if (folder / configured.FILE).exists():
        raise configured.NoEdge(f"{folder} holds an edge already; name another folder")
    try:
        settings = configured.Settings(agency=wanted.agency, hub=wanted.hub)
    except ValidationError as error:
        told = "; ".join(f"{one['loc']}: {one['msg']}" for one in error.errors())
        raise configured.NoEdge(f"an edge cannot be made so: {told}") from None
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    for name in (settings.letters, settings.to_send):
        (folder / name).mkdir(mode=0o700, exist_ok=True)
    told = "\n\n".join(_keys(folder, wanted))
    Store(folder)
    text = _TOML.format(agency=wanted.agency, hub=json.dumps(wanted.hub))
    opening.replace(folder / configured.FILE, text.encode())  # last: what has it is whole
    return told


def _keys(folder: Path, wanted: Wanted) -> list[str]:
    now, token = dt.datetime.now(dt.UTC), secrets.token_urlsafe(32)
    opening.replace(folder / configured.TOKEN, token.encode())
    digest = sha256(token.encode()).hexdigest()
    (folder / opening.FILE).unlink(missing_ok=True)  # of an edge that was never whole
    sealed_to = opening.make(folder, curve=wanted.curve)
    told = [
        f'[[agencies.{wanted.agency}.http.tokens]]\nsha256 = "{digest}"',
        opening.registered(sealed_to, agency=wanted.agency, since=now),
    ]
    if wanted.who is not None:
        file = folder / configured.DECISION_KEY
        if not file.exists():  # it is there in a folder that was begun before
            keys.make(file, agency=wanted.agency, decided_by=wanted.who)
        told.append(keys.configured(keys.read(file), since=now))
    if wanted.logs:
        witness = Folder(folder / configured.WITNESS)
        if not witness.path.exists():
            witness.make(f"{wanted.agency}.edge/mash", wanted.logs)
        where = 'url = "https://…"  # where the hub reaches it'
        told.append(f'[[witnesses]]\n{where}\nkey = "{witness.public()}"')
    return told
