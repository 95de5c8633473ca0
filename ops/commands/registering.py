"""``hub approvals register``: an agency's administrator says who decides, and with which key."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import click
from pydantic import ValidationError

from connectors.edge import keys as edge_keys
from connectors.edge import passkeys as edge_passkeys
from connectors.edge.keys import NoKey
from connectors.edge.registering import decision as registration
from connectors.edge.registering import proven
from ops.commands.common import A_FILE, say_json, text
from schemas.keys import KeyChange, KeyChoice, KeyDecision


@click.command()
@click.argument("choice", type=click.Choice([one.value for one in KeyChoice]))
@click.option(
    "--key",
    "key_file",
    type=A_FILE,
    required=True,
    help="The administrator's own, of `keygen`; the agreement names it under `administrators`.",
)
@click.option("--whose", required=True, type=text, help="The decision maker.")
@click.option("--public", required=True, help="Their public key, as `keygen` printed it.")
@click.option(
    "--at", type=click.DateTime(["%Y-%m-%dT%H:%M:%S%z"]), help="From when; now if left out."
)
@click.option("--rp-id", help="Of a passkey: for which site it was made.")
@click.option("--origin", "origins", multiple=True, help="Of a passkey: the page that asks it.")
@click.option("--reason", type=text, help="Required to revoke.")
def register(
    choice: str,
    key_file: Path,
    *,
    whose: str,
    public: str,
    at: Any,
    rp_id: str | None,
    origins: tuple[str, ...],
    reason: str | None,
) -> None:
    """Print the data of a mash.key-decision.v1: that a decision maker's key signs from now on
    (register), signs no more (end), or that nothing counts that it ever signed (revoke).

    Of a passkey say for which site it was made, and which page asks it: best the agency's own, as
    whoever runs a page chooses what the passkey is asked to sign.

    The agency sends it by any way in that it has. To rotate a key register another of the same
    person, and end the old one when everybody has the new. What registers a key is signed by that
    key too before it is sent: `hub approvals prove`.

    \b
    Examples:
      hub approvals register register --key admin.key --whose "MASH sergeant" --public …
      hub approvals register revoke --key admin.key --whose "MASH sergeant" --public … \
        --reason "the laptop was stolen"
    """
    told: dict[str, Any] = {"choice": choice, "decision_maker": whose}
    told |= {"public": public, "reason": reason}
    if rp_id or origins:
        told |= {"passkey": {"rp_id": rp_id, "origins": origins}}
    try:
        key = edge_keys.read(key_file)
        told |= {"at": at or dt.datetime.now(dt.UTC).replace(microsecond=0)}
        change = KeyChange.model_validate(told | {"decided_by": key.decided_by})
        if change.choice is KeyChoice.REVOKE and not reason:
            raise click.UsageError("say why it is revoked: --reason")
        made = KeyDecision.model_validate(registration(change, key=key))
    except NoKey as error:
        raise click.ClickException(str(error)) from None
    except ValidationError:
        what = "is no public key; a passkey's has --rp-id and --origin too"
        raise click.BadParameter(what, param_hint="--public") from None
    say_json(made.model_dump(mode="json"))


@click.command()
@click.argument("decision", type=click.File("rb"))
@click.option(
    "--key",
    "key_file",
    type=A_FILE,
    required=True,
    help="The decision maker's own, of `keygen` or `passkey`: the one that is registered.",
)
def prove(decision: Any, key_file: Path) -> None:
    """Sign DECISION, what an administrator printed to register a key of yours, with that key, and
    print it to be sent. So nobody registers a key that they have not got.

    \b
    Example:
      hub approvals prove registration.json --key sergeant.key > signed.json
    """
    try:
        told = KeyDecision.model_validate_json(decision.read())
        say_json(proven(told, key=edge_passkeys.read(key_file)))
    except NoKey as error:
        raise click.ClickException(str(error)) from None
    except ValueError:
        raise click.ClickException("this is no data of a mash.key-decision.v1") from None
