"""``hub config``: check the one configuration file, write a first one, make tokens and keys."""

from __future__ import annotations

import base64
import datetime as dt
import os
import secrets
from dataclasses import asdict
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

import click
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

from ops.access import ceremonies, passkeys, passphrases
from ops.access.accounts import account
from ops.access.proving import named
from ops.commands.common import A_FILE, NEW_FILE, answer, config_option, json_option, say, text
from ops.commands.reading import recording
from ops.look.reading import Reader
from ops.run.checking import check as checked


@click.group()
def config() -> None:
    """Check and make what the hub is configured with.

    \b
    From nothing to a hub that starts:
      hub config init
      hub config token        (once for each agency that comes in by HTTP)
      hub config check
      hub run
    """


@config.command()
@config_option
@click.option("--connect", is_flag=True, help="Ask every server too whether it answers.")
@json_option
def check(config: Path, *, connect: bool, as_json: bool) -> None:
    """Say everything that is wrong with the configuration, and what to write instead; exit 1 if the
    hub or one of its agencies cannot work so, or if something private lies open.

    Reads the file, the borough profile, every agency's mapping and secrets, and the linkage model;
    looks at drop folders, and at who can read key and store. Run it as the account that runs the
    hub. Warns of agreements that have ended, and of what goes without TLS.

    \b
    Example:
      hub config check --connect --config /etc/mash-hub/hub.toml
    """
    today = dt.datetime.now(dt.UTC).date()
    found = checked(config, os.environ, today=today, connect=connect)
    shown = [
        *(f"fault    {fault}" for fault in found.faults),
        *(f"warning  {warning}" for warning in found.warnings),
        f"{len(found.faults)} faults, {len(found.warnings)} warnings in {config}",
    ]
    answer(asdict(found), shown, as_json=as_json, well=not found.faults)


@config.command()
@click.argument("path", type=NEW_FILE, default=Path("hub.toml"))
def init(path: Path) -> None:
    """Write a first configuration with every setting explained; never over an existing file.

    \b
    Example:
      hub config init /etc/mash-hub/hub.toml
    """
    template = (files("ops") / "hub.toml.example").read_text(encoding="utf-8")
    try:
        with path.open("x", encoding="utf-8") as opened:
            opened.write(template)
    except FileExistsError:
        raise click.ClickException(f"{path} is there already; name another, or edit it") from None
    except OSError as error:
        raise click.ClickException(f"{path} cannot be written ({type(error).__name__})") from None
    say(f"{path} is written; edit it, then `hub config check --config {path}`")


@config.command()
@json_option
def token(*, as_json: bool) -> None:
    """Make a bearer token for an agency, and the digest that the configuration keeps of it.

    Give the token to the agency by a safe way; the hub never needs it. To renew one, write the new
    beside it, so that both open until the agency has changed over:

    \b
      [[agencies.CODE.http.tokens]]
      sha256 = "…"                        # the old one
      until = 2026-12-31T00:00:00Z
      [[agencies.CODE.http.tokens]]
      sha256 = "…"                        # the new one

    \b
    Example:
      hub config token
    """
    made = secrets.token_urlsafe(32)
    digest = sha256(made.encode()).hexdigest()
    shown = f'for the agency:     {made}\nfor the hub\'s file: token_sha256 = "{digest}"'
    answer({"token": made, "token_sha256": digest}, [shown], as_json=as_json)


@config.command()
@json_option
def key(*, as_json: bool) -> None:
    """Make a key-encryption key: 32 bytes in base64, for HUB_KEY. Whoever loses it loses every
    record.

    \b
    Example:
      export HUB_KEY=$(hub config key)
    """
    made = base64.b64encode(os.urandom(32)).decode()
    answer({"key": made}, [made], as_json=as_json)


@config.command()
@json_option
def passphrase(*, as_json: bool) -> None:
    """Ask for a passphrase, twice, and print what the configuration keeps of it: whose it is types
    it, nobody else.

    \b
    Example:
      hub config passphrase
    """
    asked = click.prompt("Passphrase", hide_input=True, confirmation_prompt=True, err=True)
    if len(asked) < passphrases.LEAST:
        raise click.ClickException(f"take at least {passphrases.LEAST} characters, such as 4 words")
    made = passphrases.made_of(asked)
    answer({"passphrase": made}, [f'passphrase = "{made}"'], as_json=as_json)


@config.command()
@click.argument("file", type=A_FILE)
@json_option
def certificate(file: Path, *, as_json: bool) -> None:
    """Print what the configuration keeps of an agency's certificate, a FILE in PEM.

    \b
    Example:
      hub config certificate police.pem
    """
    try:
        read = x509.load_pem_x509_certificate(file.read_bytes())
    except ValueError:
        raise click.ClickException(f"{file} is no certificate in PEM") from None
    digest = read.fingerprint(SHA256()).hex()
    ends = read.not_valid_after_utc.strftime("%Y-%m-%dT%H:%M:%SZ")
    shown = f'certificates = [{{ sha256 = "{digest}", until = {ends} }}]'
    answer({"sha256": digest, "until": ends}, [shown], as_json=as_json)


@config.command()
@config_option
@json_option
@click.option("--who", required=True, type=text, help="Somebody of [[people]].")
@click.option("--list", "lists", is_flag=True, help="Say which passkeys they have.")
@click.option(
    "--remove", metavar="ID", help="Remove this one of them, such as of a lost telephone."
)
def passkey(config: Path, *, as_json: bool, who: str, lists: bool, remove: str | None) -> None:
    """Give somebody a code with which they register a passkey, once, within a day.

    Give it to them by a way on which you know them: whoever has it signs in as them. That it was
    given is recorded, with the account that gave it; a later code ends it.

    \b
    Examples:
      hub config passkey --who "A. Operator"
      hub config passkey --who "A. Operator" --list
      hub config passkey --who "A. Operator" --remove 5f70bf18…
    """
    with recording(config) as hub:
        party = passkeys.party_of(hub.settings)
        if party is None or named(hub.settings, who) is None:
            raise click.ClickException(
                "write [identity] url, where a browser reaches the hub, and them under [[people]]"
            )
        if lists or remove:
            _passkeys_of(hub, who, remove=remove, as_json=as_json)
            return
        code, ends_at = passkeys.offer(hub, who, account=account())
    where = f"{party.origin}/sign-in/passkeys"
    shown = f"for {who}, until {ends_at:%A %d %B %Y, %H:%M} UTC, at {where}: {code}"
    answer({"who": who, "code": code, "until": ends_at.isoformat()}, [shown], as_json=as_json)


def _passkeys_of(hub: Reader, who: str, *, remove: str | None, as_json: bool) -> None:
    if remove and not passkeys.remove(
        hub, who, id_=remove, why="whoever keeps the hub removed it", account=account()
    ):
        raise click.ClickException(f"{who} has no passkey {remove}: see --list")
    found = passkeys.held_by(hub, who, counted=True).values()
    rows = [
        {
            "id": one.id,
            "label": one.label,
            "since": one.since.isoformat()[:19],
            "public": ceremonies.public_of(one),
        }
        for one in found
    ]
    shown = [f"{row['id']}  {row['label']}, since {row['since']}Z" for row in rows]
    answer({"who": who, "passkeys": rows}, shown or [f"{who} has none"], as_json=as_json)
