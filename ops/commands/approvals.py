"""``hub approvals``: an owner signs what it lets leave, with a key that never leaves it."""

from __future__ import annotations

import datetime as dt
import json
import os
import sys
from pathlib import Path
from typing import Any

import click

from connectors.edge import keys as edge_keys
from connectors.edge import passkeys as edge_passkeys
from connectors.edge import shown
from connectors.edge.approving import Decision, NotAsShown, decide, request_of
from connectors.edge.approving import countersign as second
from connectors.edge.keys import NoKey
from ops.commands.common import A_FILE, NEW_FILE, config_option, json_option, say, say_json, text
from ops.commands.registering import prove, register
from schemas.decisions import ReleaseDecision
from schemas.envelope import NotSigned
from schemas.product import Choice
from schemas.statement import ReleaseStatement, text_digest

_WORDS = {
    "sanitised": Choice.RELEASE_SANITISED,
    "original": Choice.RELEASE_ORIGINAL,
    "reworded": Choice.RELEASE_REWORDED,
    "withhold": Choice.WITHHOLD,
}


@click.group()
def approvals() -> None:
    """Sign, on an owner's own machine, what the hub asks to let leave; it needs no hub.

    \b
    1. `hub approvals keygen KEY --agency police --who "MASH sergeant"`; the lead agency adds what
       it prints to the hub's configuration. From then on nothing of the agency's leaves unsigned.
    2. `hub approvals show REQUEST` says in words what it asks: the letter of the hub, in a file.
    3. `hub approvals sign REQUEST --key KEY --choice sanitised` prints the decision to send, as the
       data of a mash.release-decision.v1, by any way in that the agency has.
       A person may sign with a passkey instead: `hub approvals passkey FILE`, and FILE as --key.
    4. `hub approvals register` lets an agency's own administrator say who decides, and with which
       key, by messages of the agency; step 1 then registers the administrator's key alone. Whose
       key it is signs that too: `hub approvals prove`.
    5. `hub approvals verify DECISION --keys KEYS` says what somebody signed;
       `hub approvals keys` at the hub prints the keys that are registered there.
    """


approvals.add_command(register)
approvals.add_command(prove)


@approvals.command()
@click.argument("file", type=NEW_FILE)
@click.option("--agency", required=True, help="The agency's code in the hub's configuration.")
@click.option("--who", required=True, help="Who decides, as the agency registers them.")
def keygen(file: Path, agency: str, who: str) -> None:
    """Make a key in FILE, and print what the hub's configuration is to have of it."""
    try:
        key = edge_keys.make(file, agency=agency, decided_by=text(who))
    except FileExistsError:
        raise click.ClickException(f"{file} is there already; name another file") from None
    except NoKey as error:
        raise click.BadParameter(str(error), param_hint="--agency") from None
    say(edge_keys.configured(key, since=dt.datetime.now(dt.UTC)))


@approvals.command()
@click.argument("file", type=NEW_FILE)
@click.option("--agency", required=True, help="The agency's code in the hub's configuration.")
@click.option("--who", required=True, help="Who decides, as the agency registers them.")
@click.option(
    "--port", type=click.IntRange(1024, 65535), default=edge_passkeys.PORT, show_default=True
)
def passkey(file: Path, agency: str, who: str, port: int) -> None:
    """Make a passkey in a browser of this machine, keep in FILE what is public of it, and print by
    what the agency's administrator registers it. `sign` with FILE asks it, on the same page.

    \b
    Example:
      hub approvals passkey sergeant.passkey --agency police --who "MASH sergeant"
    """
    try:
        key = edge_passkeys.make(file, agency=agency, decided_by=text(who), port=port)
    except FileExistsError:
        raise click.ClickException(f"{file} is there already; name another file") from None
    except NoKey as error:
        raise click.ClickException(str(error)) from None
    say(edge_passkeys.registering(key))


@approvals.command()
@click.argument("request", type=click.File("rb"))
@json_option
def show(request: Any, *, as_json: bool) -> None:
    """Say in words what REQUEST, an approval request as the hub sent it, asks (- for standard
    input): about whom, for whom and what for, by when, and the words that would leave beside the
    original.

    \b
    Example:
      hub approvals show request.json
    """
    try:
        asked = request_of(request.read())
    except NotAsShown as error:
        raise click.ClickException(str(error)) from None
    if as_json:
        say_json(asked.model_dump(mode="json"))
        return
    for line in shown.lines(asked):
        say(line)


@approvals.command()
@click.argument("request", type=click.File("rb"))
@click.option("--key", "key_file", type=A_FILE, required=True, help="Of `keygen` or `passkey`.")
@click.option("--choice", type=click.Choice([*_WORDS]), required=True)
@click.option(
    "--reason", help="Why, for the hub's record; required to withhold. No recipient is sent it."
)
@click.option("--text", "words", type=click.File("r"), help="Words of your own, with `reworded`.")
@click.option(
    "--signpost/--no-signpost",
    default=None,
    help="With `withhold`: whether recipients may be told that you hold something; else as was "
    "said when it was told.",
)
@click.option(
    "--ask-again",
    is_flag=True,
    help="With `withhold`: ask about each further product all the same.",
)
def sign(
    request: Any,
    key_file: Path,
    *,
    choice: str,
    reason: str | None,
    words: Any,
    signpost: bool | None,
    ask_again: bool,
) -> None:
    """Decide about REQUEST, an approval request as the hub sent it (- for standard input), and
    print the data of the mash.release-decision.v1 that answers it.

    Nothing is signed that is not what the request shows: read it with `hub approvals show`. What is
    withheld is withheld from everybody, until you lift it (mash.item-decision.v1).

    \b
    Example:
      hub approvals sign request.json --key police.key --choice withhold --no-signpost \
        --reason "an informant would be found out" > decision.json
    """
    own = words.read() if words else None
    decision = Decision(_WORDS[choice], reason, own, signpost, ask_again)
    if not decision.text and decision.choice is Choice.RELEASE_REWORDED:
        raise click.UsageError("say in which words it may leave: --text FILE")
    if decision.choice is Choice.WITHHOLD and not reason:
        raise click.UsageError("say why it is withheld: --reason")
    try:
        asked = request_of(request.read())
        say_json(decide(asked, decision, key=edge_passkeys.read(key_file)))
    except (NoKey, NotAsShown) as error:
        raise click.ClickException(str(error)) from None


@approvals.command()
@click.argument("decision", type=click.File("rb"))
@click.option(
    "--request",
    type=click.File("rb"),
    required=True,
    help="The approval request that it answers; read it with `hub approvals show`.",
)
@click.option("--key", "key_file", type=A_FILE, required=True, help="Of `keygen` or `passkey`.")
def countersign(decision: Any, request: Any, key_file: Path) -> None:
    """Sign DECISION, which a colleague has signed, as the second of two people.

    Nothing is signed that is not what the request shows.

    \b
    Example:
      hub approvals countersign decision.json --request request.json --key deputy.key
    """
    try:
        told = json.loads(decision.read())
        asked = request_of(request.read())
        say_json(second(told, asked, key=edge_passkeys.read(key_file)))
    except (NoKey, NotAsShown) as error:
        raise click.ClickException(str(error)) from None
    except (ValueError, AttributeError):
        raise click.ClickException("this is no mash.release-decision.v1") from None


@approvals.command()
@click.argument("decision", type=click.File("rb"))
@click.option("--keys", "keys_file", type=A_FILE, required=True, help="What `keys` printed.")
@json_option
def verify(decision: Any, keys_file: Path, *, as_json: bool) -> None:
    """Say what DECISION, a mash.release-decision.v1, lets leave, and whether that is signed."""
    try:
        told = json.loads(decision.read())
        data = ReleaseDecision.model_validate_json(json.dumps(told.get("data", told)))
    except (ValueError, AttributeError):
        raise click.ClickException("this is no mash.release-decision.v1") from None
    try:
        every = edge_keys.read_public(keys_file)
    except NoKey as error:
        raise click.ClickException(str(error)) from None
    if data.envelope is None:
        raise click.ClickException(
            "it is not signed, and needs not be: it withholds"
            if data.choice is Choice.WITHHOLD
            else "it is not signed: sign the approval request with `hub approvals sign`"
        )
    for agency, ones in every.items():
        for key in ones:
            try:
                one = ReleaseStatement.parse(key.opens(data.envelope))
            except NotSigned:
                continue
            if one.agency == agency:
                _show(one, key_id=key.id, words=data.text, as_json=as_json)
                return
    raise click.ClickException("it is signed with none of these keys")


def _show(one: ReleaseStatement, *, key_id: str, words: str | None, as_json: bool) -> None:
    if as_json:
        say_json({"key": key_id} | one.model_dump(mode="json"))
        return
    say(f"{one.decided_by} of {one.agency} lets item {one.item_id} leave")
    say(f"  to {one.recipient} for {one.purpose} ({one.legal_gateway})")
    if words and text_digest(words) == one.text_sha256:
        say(f"  in these words: {words}")
    else:
        say(f"  in words with the SHA-256 {one.text_sha256}; `hub approvals show` of the request")
        say("  shows them, and `sign` and `countersign` see that it is these")
    since, until = (f"{at:%A %d %B %Y, %H:%M}" for at in (one.not_before, one.expires))
    say(f"  from {since} until {until} UTC, key {key_id}")


@approvals.command()
@config_option
def keys(config: Path) -> None:
    """Print the keys that the hub's configuration registers, and those that agencies'
    administrators did: what recipients verify by.
    """
    # What an owner runs needs none of it.
    from ops.run.registered import keys_of

    told = keys_of(config, os.environ)
    sys.stdout.write(f"{edge_keys.written(told)}\n")
