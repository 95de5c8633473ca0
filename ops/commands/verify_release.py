"""``hub verify-release``: a recipient sees that every owner signed what it got."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from connectors.edge.keys import NoKey, read_public
from connectors.edge.releases import NoRelease, Verified, verify
from ops.commands.common import A_FILE, json_option, say, say_json


@click.command()
@click.argument("bundle", type=click.File("rb"))
@click.option(
    "--keys",
    "keys_file",
    type=A_FILE,
    required=True,
    help="Owners' public keys, as `hub approvals keys` printed them; taken by another way than the "
    "letter.",
)
@click.option("--recipient", help="Who you are; else whoever the letter says that it is for.")
@json_option
def verify_release(bundle: Any, keys_file: Path, recipient: str | None, *, as_json: bool) -> None:
    """Verify BUNDLE, a product's letter as it was received (- for standard input), without the hub.

    The exit code is 1 where not every owner of everything in it signed just this, for just this
    recipient and purpose. What is not signed is not to be acted on before the hub was rung.

    \b
    Example:
      hub verify-release letter.json --keys keys.json --recipient csc_duty_team
    """
    try:
        found = verify(bundle.read(), read_public(keys_file), recipient=recipient)
    except NoRelease:
        raise click.ClickException(
            "this is no letter with a mash.product.v1: give one letter, whole as it was received; "
            "of a list from /v1/inbox one of it, such as with `jq '.[0]'`"
        ) from None
    except NoKey as error:
        raise click.ClickException(str(error)) from None
    if as_json:
        say_json(_as_json(found))
    else:
        _say(found)
    if not found.well:
        raise SystemExit(1)


def _as_json(found: Verified) -> dict[str, Any]:
    items = [
        {"item_id": one.item_id, "agency": one.agency, "decided_by": one.decided_by}
        | {"wrong": one.wrong}
        for one in found.found
    ]
    head = {"product_id": found.product_id, "recipient": found.recipient}
    return head | {"well": found.well, "about_signed": found.about, "items": items}


def _say(found: Verified) -> None:
    for one in found.found:
        said = one.wrong or f"signed by {one.decided_by}"
        say(f"item {one.item_id}, {one.agency}: {said}")
    if not found.found:
        say("nothing in it is any owner's")
    if not found.about:
        say("whom it is about is not signed in full: owners may let less be told")
    if found.well:
        say(f"every owner signed it, for {found.recipient}")
    else:
        say("NOT every owner signed it as it is here: ring the hub, by a number that you have")
        say("from elsewhere, before anybody acts on what is not signed; and keep the letter")
