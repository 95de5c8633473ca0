"""``hub edge``: an agency's own process beside its hub; it needs nothing of the hub's server."""

from __future__ import annotations

import datetime as dt
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from connectors.edge import configured, deciding, making, opening, running, shown, witnessing
from connectors.edge.approving import Decision, NotAsShown
from connectors.edge.configured import NoEdge
from connectors.edge.hub import Hub
from connectors.edge.keys import NoKey, SigningKey
from connectors.edge.passkeys import read as read_key
from connectors.edge.status import status as looked_at
from connectors.edge.store import Store
from connectors.witness.folder import NoWitness
from ops.commands.common import A_FILE, answer, json_option, say, say_json, table, text
from ops.run.log import configure
from schemas.product import Choice
from stores.tree.notes import Kind, NoNote, VerifierKey

_WORDS = {
    "sanitised": Choice.RELEASE_SANITISED,
    "original": Choice.RELEASE_ORIGINAL,
    "reworded": Choice.RELEASE_REWORDED,
}
_folder = click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
_in_folder = click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    envvar="HUB_EDGE",
    show_envvar=True,
    help="The edge's folder; left out: where you are.",
)
_key_option = click.option(
    "--key",
    "key_file",
    type=A_FILE,
    help="Whose key signs, of `hub approvals keygen` or `passkey`; left out: decision.key of the "
    "folder.",
)


class _InWords(click.Group):
    """Says what is wrong itself: the hub's own words for errors come with its server."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except (NoEdge, NoKey, NoWitness, NotAsShown) as error:
            raise click.ClickException(str(error)) from None
        except OSError as error:
            where = error.filename or "a file or connection"
            raise click.ClickException(f"{where} cannot be used: {error.strerror}") from None


@click.group(cls=_InWords)
def edge() -> None:
    """Your agency's own end of the hub: it fetches what the hub has for you, opens what is sealed
    to your key, verifies every release against its owners' keys before your people or systems see
    it, and sends what yours have to say until the hub has confirmed it. Your decision makers sign
    here, with keys that never leave; and it can be your witness of the hub's record.

    \b
    1. `hub edge init FOLDER --agency police --hub https://hub.borough.example --who "A. Sergeant"`
       makes your keys, and prints what the hub's configuration gets of them: nothing secret.
    2. The hub gives you, by another way, what `hub approvals keys` prints: FOLDER/owners.json.
    3. `hub edge run FOLDER`, for ever. Letters are files in FOLDER/letters; what your system puts
       into FOLDER/to-send goes to the hub, and its receipts come in receipts/ there.
    4. `hub edge requests`, then `hub edge sign REQUEST --choice sanitised`, or `withhold`.
    5. `hub edge status` says what waits, and what was refused and why.
    """


def _log(_context: click.Context, _parameter: click.Parameter, given: tuple[str, ...]) -> object:
    try:
        keys = tuple(map(VerifierKey.parse, given))
    except NoNote:
        keys = ()
    if len(keys) != len(given) or any(key.kind is not Kind.NOTE for key in keys):
        raise click.BadParameter("write what `hub audit key` prints: name+id+key")
    return keys


@edge.command()
@_folder
@click.option("--agency", required=True, help="Your code in the hub's configuration.")
@click.option("--hub", "url", required=True, help="Where the hub is, https://…")
@click.option("--who", help="Make a key to sign with, too, for this decision maker.")
@click.option("--curve", type=click.Choice(opening.CURVES), default="X25519", show_default=True)
@click.option(
    "--log",
    "logs",
    multiple=True,
    callback=_log,
    help="Be a witness of the hub's record: the key that its `hub audit key` prints.",
)
def init(
    folder: Path,
    agency: str,
    *,
    url: str,
    who: str | None,
    curve: str,
    logs: tuple[VerifierKey, ...],
) -> None:
    """Make an edge in FOLDER: its keys are made there, for your account alone, and never leave.

    Prints what the hub's configuration is to have: the digest of your token, and public keys.

    \b
    Example:
      hub edge init /srv/mash-edge --agency police --hub https://hub.borough.example
    """
    who = text(who) if who else None
    told = making.make(folder, making.Wanted(agency, url, who, curve, logs))
    say("# For the hub's configuration; nothing of it is secret:\n")
    say(told)
    say(
        f"\n# From the hub, by another way than this network: what `hub approvals keys` prints,\n"
        f"# as {folder / configured.OWNERS}. Then: hub edge run {folder}"
    )


@edge.command()
@_folder
@click.option("--curve", type=click.Choice(opening.CURVES), default="X25519", show_default=True)
def rotate(folder: Path, curve: str) -> None:
    """Make the next key that letters are sealed to, and print what the hub's configuration gets.

    Whatever is sealed to the older ones is opened as before. Write the new one beside the old, give
    that one an `until`, and take it out once it is over.

    \b
    Example:
      hub edge rotate /srv/mash-edge
    """
    found = configured.read(folder)
    made = opening.make(folder, curve=curve)
    say(opening.registered(made, agency=found.settings.agency, since=dt.datetime.now(dt.UTC)))


@edge.command()
@_folder
def run(folder: Path) -> None:
    """Fetch, verify, hand on and send, until Ctrl-C or SIGTERM.

    It may be killed at any moment: nothing is lost, and nothing is handed on twice. A release that
    is not what its owners signed is kept back, with a note in the folder of letters that says so;
    the hub is not told that it arrived, so it comes again. With a folder `witness` (of `init --log`
    or `hub witness init`) it is a witness, too.

    \b
    Example:
      hub edge run /srv/mash-edge
    """
    configure()
    found, stop = configured.read(folder), threading.Event()
    with running.alone(folder), _stopped_by_signals(stop):
        store = Store(folder)
        working = running.Working(found, store, Hub(found))
        if (witness := witnessing.folder_of(found)) is not None:
            say(f"witness: listening on {witnessing.serve(found, witness, stop=stop)}")
        say(f"{found.settings.agency} at {found.settings.hub}; `hub edge status` says how it goes")
        running.run(working, stop)


@edge.command()
@click.argument("request", required=False)
@_in_folder
@json_option
def requests(request: str | None, folder: Path, *, as_json: bool) -> None:
    """List what the hub asks your decision makers; or say all about one REQUEST, by its id or the
    beginning of it: about whom, for whom, and the words that would leave beside the original.

    \b
    Example:
      hub edge requests
      hub edge requests 4f1c
    """
    store = _store(folder)
    if request is not None:
        asked = deciding.request(store, request)
        if as_json:
            say_json(asked.request.model_dump(mode="json"))
        else:
            answer(None, shown.lines(asked.request), as_json=False)
        return
    rows = [_row(one) for one in deciding.open_requests(store)]
    answer(rows, [table("to decide", rows)], as_json=as_json)


def _row(one: deciding.Asked) -> dict[str, Any]:
    asked = one.request
    return {
        "request": one.id,
        "for": asked.recipient,
        "purpose": asked.purpose,
        "rated": str(asked.colour),
        "decide_by": asked.due_at and f"{asked.due_at:%Y-%m-%d %H:%M}",
        "signed_by_one": one.signed_by_one,
    }


@edge.command()
@click.argument("request")
@click.option("--choice", type=click.Choice([*_WORDS]), required=True)
@click.option("--reason", help="Why, for the hub's record. No recipient is sent it.")
@click.option("--text", "words", type=click.File("r"), help="Words of your own, with `reworded`.")
@_key_option
@_in_folder
def sign(
    request: str,
    choice: str,
    *,
    reason: str | None,
    words: Any,
    key_file: Path | None,
    folder: Path,
) -> None:
    """Let what REQUEST asks leave: signed here with your key, and sent by `hub edge run`.

    Nothing is signed that is not what the request shows: read it with `hub edge requests REQUEST`.
    Where two people have to sign, the second gives the same command with a key of their own.

    \b
    Example:
      hub edge sign 4f1c --choice sanitised
    """
    decision = Decision(_WORDS[choice], reason, words.read() if words else None)
    if not decision.text and decision.choice is Choice.RELEASE_REWORDED:
        raise click.UsageError("say in which words it may leave: --text FILE")
    _decide(folder, request, decision=decision, key_file=key_file)


@edge.command()
@click.argument("request")
@click.option("--reason", required=True, help="Why, for the hub's record. No recipient is sent it.")
@click.option(
    "--signpost/--no-signpost",
    default=None,
    help="Whether recipients may be told that you hold something; else as was said when it was "
    "told.",
)
@click.option("--ask-again", is_flag=True, help="Ask about each further product all the same.")
@_key_option
@_in_folder
def withhold(
    request: str,
    reason: str,
    *,
    signpost: bool | None,
    ask_again: bool,
    key_file: Path | None,
    folder: Path,
) -> None:
    """Keep back what REQUEST asks for, from everybody, until you lift it (mash.item-decision.v1).

    \b
    Example:
      hub edge withhold 4f1c --no-signpost --reason "an informant would be found out"
    """
    decision = Decision(Choice.WITHHOLD, reason, None, signpost, ask_again)
    _decide(folder, request, decision=decision, key_file=key_file)


def _decide(folder: Path, request: str, *, decision: Decision, key_file: Path | None) -> None:
    store, key = _store(folder), _key(folder, key_file)
    asked = deciding.request(store, request)
    if deciding.answered(store, asked, decision=decision, key=key):
        say(f"{asked.id} is decided by {key.decided_by}; `hub edge run` sends it")
    else:
        say(f"{asked.id} is signed by {key.decided_by}; one more person has to sign it")


@edge.command()
@_in_folder
@json_option
def status(folder: Path, *, as_json: bool) -> None:
    """What waits for whom, when the hub answered last, and what was refused and why; exit 1 where
    something was refused or a part does not work.

    \b
    Example:
      hub edge status --folder /srv/mash-edge
    """
    found = looked_at(configured.read(folder))
    answer(found.told(), found.lines(), as_json=as_json, well=found.well)


@contextmanager
def _stopped_by_signals(stop: threading.Event) -> Iterator[None]:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    yield


def _store(folder: Path) -> Store:
    configured.read(folder)
    return Store(folder)


def _key(folder: Path, file: Path | None) -> SigningKey:
    file = file or folder / configured.DECISION_KEY
    if not file.exists():
        raise NoEdge(f"{file} is not there: name your key with --key")
    return read_key(file)
