"""``hub witness``: somebody apart from the hub who remembers what it signed of its record."""

from __future__ import annotations

import threading
from pathlib import Path

import click

from connectors.http_connections import Connections
from connectors.witness.folder import Folder
from connectors.witness.witness import Witness, web_app
from ops.commands.common import answer, json_option, say
from ops.run.garbage import collect_seldom
from ops.run.log import configure
from ops.run.serve import WebServer, configured, end_process, listening, stopped_by_signals
from schemas.settings import HttpSettings
from stores.tree.notes import Kind, NoNote, VerifierKey

_folder = click.argument("folder", type=click.Path(file_okay=False, path_type=Path))


def _log(_context: click.Context, _parameter: click.Parameter, given: tuple[str, ...]) -> object:
    try:
        keys = tuple(map(VerifierKey.parse, given))
    except NoNote:
        raise click.BadParameter("write what `hub audit key` prints: name+id+key") from None
    if any(key.kind is not Kind.NOTE for key in keys):
        raise click.BadParameter("is a witness's key; write what `hub audit key` prints")
    return keys


@click.group()
def witness() -> None:
    """Witness a hub's record: see that it only ever grows, and cosign it (C2SP tlog-witness).

    Whoever can write a hub's store and has its key can make its whole record anew. A witness on a
    machine of somebody else's shows that they did. It has no access to the hub, holds no personal
    data, and stops nothing when it is away.

    \b
    1. `hub audit key` at the hub; take what it prints to the witness by another way.
    2. `hub witness init FOLDER --name police.example/mash --log KEY` there; it prints its own key.
    3. `hub witness run FOLDER`, and in the hub's configuration
           [[witnesses]]
           url = "https://…"
           key = "…"
    4. `hub audit verify --witness FOLDER`, with the folder or a copy of it.
    """


@witness.command()
@_folder
@click.option(
    "--name", required=True, help="What others know it by: an address without https://, say."
)
@click.option(
    "--log",
    "logs",
    required=True,
    multiple=True,
    callback=_log,
    help="The public key of a hub, as its `hub audit key` prints it; may be repeated.",
)
@json_option
def init(folder: Path, name: str, logs: tuple[VerifierKey, ...], *, as_json: bool) -> None:
    """Make a witness in a folder of its own: its key is made there and never leaves it.

    \b
    Example:
      hub witness init /srv/witness --name police.example/mash --log "$(cat hub.pub)"
    """
    if not name.strip() or set(name) & {"+", *" \t\n"}:
        raise click.BadParameter("a name has neither spaces nor +", param_hint="--name")
    key = Folder(folder).make(name, logs)
    answer({"key": str(key)}, [str(key)], as_json=as_json)


@witness.command()
@_folder
@click.option("--host", default="127.0.0.1", show_default=True, help="TLS is a proxy's before it.")
@click.option("--port", type=click.IntRange(0, 65535), default=8090, show_default=True)
def run(folder: Path, host: str, port: int) -> None:
    """Witness until Ctrl-C or SIGTERM.

    What does not grow from the last that it cosigned is not cosigned: the log says
    `witness.differs`, the hub's own status `WitnessDiffers`, and `hub audit verify --witness
    FOLDER` where. If a hub signed two records of the same size the second is kept in the folder,
    and `hub witness status` says so.

    \b
    Example:
      hub witness run /srv/witness
    """
    configure()
    collect_seldom()
    stop, limits = threading.Event(), HttpSettings()
    with Folder(folder).alone(), stopped_by_signals(stop):
        app, connections = web_app(Witness(Folder(folder))), Connections(limits)
        bound = listening(host, port)
        address = bound.getsockname()[:2]
        config = configured(app, limits, connections=connections)
        server = WebServer(config, address, bound, connections)
        say(f"listening on {server.url}")
        server.run(stop)
    end_process(0)


@witness.command()
@_folder
@json_option
def status(folder: Path, *, as_json: bool) -> None:
    """What the witness saw last of each hub, and whether one signed two records of the same size;
    exit 1 where one did.

    \b
    Example:
      hub witness status /srv/witness
    """
    found = Folder(folder)
    key, last, evidence = found.public(), found.last(), found.evidence()
    told = {
        "key": str(key),
        "logs": [
            {"origin": name, "size": one.size, "root": one.root.hex()}
            for name, one in sorted(last.items())
        ],
        "evidence": len(evidence),
    }
    lines = [f"witness {key.name}"]
    lines += [f"{name}: {one.size:,} leaves" for name, one in sorted(last.items())]
    if evidence:
        lines.append(
            f"{len(evidence)} checkpoints were refused that a hub had signed beside another of the "
            f"same size: see {found.path / 'refused.jsonl'}"
        )
    answer(told, lines, as_json=as_json, well=not evidence)
