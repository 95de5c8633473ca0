"""``hub sign-in``: show who you are, for the commands that you start from then on."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from urllib.parse import urlencode

import click

from ops.access import attempts
from ops.access.accounts import account
from ops.access.loopback import Listening
from ops.access.openid import provider_of
from ops.access.passkeys import party_of
from ops.access.proving import CannotSignIn, as_of_now, by_passphrase
from ops.access.sessions import Known, name_of, own_file, sessions_of
from ops.commands.common import answer, config_option, json_option, text
from ops.commands.reading import recording
from ops.look.reading import Reader
from schemas.access import Proof

_PATIENCE = 300.0
"""Seconds that somebody has for the provider's pages."""


@click.command("sign-in")
@config_option
@json_option
@click.option("--who", type=text, help="Your name, where you have a passphrase.")
@click.option("--passkey", is_flag=True, help="With a passkey, in a browser on this machine.")
@click.option(
    "--to-decide",
    is_flag=True,
    help="Show anew who you are, as mending, holding, erasing, reviewing and exporting want it.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    help="Where this machine listens for the provider's answer. Over ssh: the same here as in "
    "`ssh -L PORT:127.0.0.1:PORT`.",
)
def sign_in(
    config: Path, *, as_json: bool, who: str | None, passkey: bool, to_decide: bool, port: int
) -> None:
    """Sign in: at the provider of [identity] in a browser, with --who by your passphrase, or with
    --passkey; the first passkey is registered with a code of `hub config passkey`.

    Whose account of this machine is their own, alone, need not: `account` under [[people]] says so.
    Who signed in is `--who` of the commands that they start from then on, until `hub sign-out`,
    until they do nothing for a while, or a day's work later. Two people may both have signed in at
    one terminal, for what needs two.

    \b
    Examples:
      hub sign-in
      hub sign-in --to-decide
      hub sign-in --who "A. Operator"
      hub sign-in --passkey
    """
    if who is not None and passkey:
        raise click.UsageError("--passkey says by itself who you are: leave out --who")
    with recording(config) as hub:
        if passkey:
            known = _by_passkey(hub, port=port)
        elif who is None:
            known = _at_the_provider(hub, port=port, to_decide=to_decide)
        else:
            secret = click.prompt("Passphrase", hide_input=True, err=True)
            known = by_passphrase(hub, who, secret)
        told = _begin(hub, known)
    shown = f"{known.who} ({', '.join(known.roles)}, {known.agency}) is signed in until "
    answer(told, [f"{shown}{told['until']}; `hub sign-out` ends it"], as_json=as_json)


def _at_the_provider(hub: Reader, *, port: int, to_decide: bool) -> Known:
    listening = Listening(port)
    try:
        provider = provider_of(hub.settings, os.environ)
        asked = provider.ask(listening.redirect_uri, to_decide=to_decide)
        click.echo(f"Open this in a browser, and sign in there:\n{asked.url}", err=True)
        return provider.answered(asked, listening.wait(asked.state, seconds=_PATIENCE))
    except CannotSignIn as error:
        attempts.refused(hub, None, proof=Proof.OPENID, reason=error.reason)
        raise
    finally:
        listening.close()


def _by_passkey(hub: Reader, *, port: int) -> Known:
    """What a browser brings is a session of a minute, which becomes the one of this command; it
    opens with what this command alone knows, whoever else listens where the browser goes.
    """
    if party_of(hub.settings) is None:
        raise click.ClickException("[identity] url does not say where a browser reaches the hub")
    state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    listening = Listening(port)
    sessions, base = sessions_of(hub.settings, hub.folder), str(hub.settings.identity.url)
    try:
        told = {"port": listening.port, "state": state, "bound": name_of(verifier)}
        asked = urlencode(told)
        url = f"{base.rstrip('/')}/sign-in/passkey?{asked}"
        click.echo(f"Open this in a browser of this machine:\n{url}", err=True)
        said = listening.wait(state, seconds=_PATIENCE)
    finally:
        listening.close()
    session = sessions.find(said.get("code", ""), verifier=verifier)
    known = as_of_now(hub, session) if session else None
    if known is None or known.proven is not Proof.PASSKEY:
        raise CannotSignIn("what the browser brought is none any more: sign in again", "no_code")
    sessions.end(said["code"])
    return Known(**known.shared(Known))


def _begin(hub: Reader, known: Known) -> dict[str, str]:
    """A new session in the place of an older one of the same person."""
    sessions = sessions_of(hub.settings, hub.folder)
    own = own_file(sessions, account())
    found = {token: sessions.find(token, used=False) for token in own.tokens()[::-1]}
    others = [token for token, one in found.items() if one is not None and one.who != known.who]
    for token, one in found.items():
        if one is not None and token not in others:
            sessions.end(token)
    token, session = sessions.begin(known)
    own.keep(iter([*others, token]))
    attempts.signed_in(hub, token, session=session)
    return {"who": known.who, "agency": known.agency, "until": session.ends_at.isoformat()}


@click.command("sign-out")
@config_option
@json_option
def sign_out(config: Path, *, as_json: bool) -> None:
    """End every session of yours with this hub.

    \b
    Example:
      hub sign-out
    """
    with recording(config) as hub:
        sessions = sessions_of(hub.settings, hub.folder)
        own, names = own_file(sessions, account()), []
        for token in own.tokens():
            if session := sessions.find(token):
                sessions.end(token)
                attempts.signed_out(hub, token, session=session)
                names.append(session.who)
        own.keep(iter(()))
    answer(
        {"ended": names}, [f"signed out: {', '.join(names) or 'nobody was in'}"], as_json=as_json
    )
