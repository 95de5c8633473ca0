"""``hub approvals``: an owner signs what it lets leave, with a key that never leaves it."""

from __future__ import annotations

import datetime as dt
import json
import os
import sys
from pathlib import Path
from typing import Any

import click

from ops.commands.common import config_option, json_option, say, say_json, text
from ops.edge import keys as edge_keys
from ops.edge.approving import Decision, NotAsShown, decide, request_of
from ops.edge.approving import countersign as second
from ops.edge.keys import NoKey
from schemas.decisions import ReleaseDecision
from schemas.envelope import NotSigned
from schemas.product import Choice
from schemas.statement import ReleaseStatement

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
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
    2. `hub approvals sign REQUEST --key KEY --choice sanitised` prints the decision to send.
    3. `hub approvals verify DECISION --keys KEYS` says what somebody signed;
       `hub approvals keys` at the hub prints the keys that are registered there.
    """


@approvals.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--agency", required=True, help="The agency's code in the hub's configuration.")
@click.option("--who", required=True, help="Who decides, as the agency registers them.")
def keygen(file: Path, agency: str, who: str) -> None:
    """Make a key in FILE, and print what the hub's configuration is to have of it."""
    try:
        key = edge_keys.make(file, agency=agency, decided_by=text(who))
    except FileExistsError:
        raise click.ClickException(f"{file} is there already; name another file") from None
    say(edge_keys.configured(key, since=dt.datetime.now(dt.UTC)))


@approvals.command()
@click.argument("request", type=click.File("rb"))
@click.option("--key", "key_file", type=_FILE, required=True, help="The file of `keygen`.")
@click.option("--choice", type=click.Choice([*_WORDS]), required=True)
@click.option("--reason", help="Why; required to withhold.")
@click.option("--text", "words", type=click.File("r"), help="Words of your own, with `reworded`.")
def sign(request: Any, key_file: Path, choice: str, reason: str | None, words: Any) -> None:
    """Decide about REQUEST, an approval request as the hub sent it (- for standard input), and
    print the data of the mash.release-decision.v1 that answers it.

    Nothing is signed that is not what the request shows.
    """
    decision = Decision(_WORDS[choice], reason, words.read() if words else None)
    if decision.choice is Choice.WITHHOLD and not reason:
        raise click.UsageError("say why it is withheld: --reason")
    try:
        key = edge_keys.read(key_file)
        say_json(decide(request_of(request.read()), decision, key=key))
    except (NoKey, NotAsShown) as error:
        raise click.ClickException(str(error)) from None


@approvals.command()
@click.argument("decision", type=click.File("rb"))
@click.option("--key", "key_file", type=_FILE, required=True, help="The file of `keygen`.")
def countersign(decision: Any, key_file: Path) -> None:
    """Sign DECISION, which a colleague has signed, as the second of two people; `verify` says what
    it lets leave.
    """
    try:
        told = json.loads(decision.read())
        say_json(second(told, key=edge_keys.read(key_file)))
    except (NoKey, NotAsShown) as error:
        raise click.ClickException(str(error)) from None
    except (ValueError, AttributeError):
        raise click.ClickException("this is no mash.release-decision.v1") from None


@approvals.command()
@click.argument("decision", type=click.File("rb"))
@click.option("--keys", "keys_file", type=_FILE, required=True, help="What `keys` printed.")
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
        raise click.ClickException("it is not signed")
    for agency, ones in every.items():
        for key in ones:
            try:
                one = ReleaseStatement.parse(data.envelope.opened_by(key.public))
            except NotSigned:
                continue
            if one.agency == agency:
                _show(one, key_id=key.id, as_json=as_json)
                return
    raise click.ClickException("it is signed with none of these keys")


def _show(one: ReleaseStatement, *, key_id: str, as_json: bool) -> None:
    if as_json:
        say_json({"key": key_id} | one.model_dump(mode="json"))
        return
    say(f"{one.decided_by} of {one.agency} lets item {one.item_id} leave")
    say(f"  to {one.recipient} for {one.purpose} ({one.legal_gateway})")
    say(f"  in words with the SHA-256 {one.text_sha256}")
    say(f"  from {one.not_before.isoformat()} until {one.expires.isoformat()}, key {key_id}")


@approvals.command()
@config_option
def keys(config: Path) -> None:
    """Print the keys that the hub's configuration registers: what recipients verify by."""
    # What an owner runs needs none of it.
    from ops.run.configuration import read_settings

    settings = read_settings(config, os.environ)
    told = {
        code: agency.agreement.keys
        for code, agency in settings.agencies.items()
        if agency.agreement and agency.agreement.keys
    }
    sys.stdout.write(f"{edge_keys.written(told)}\n")
