"""``hub audit``: whether the journal is what was written, entry by entry, and what was signed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from itertools import chain
from pathlib import Path
from typing import Any

import click

from ops.commands.common import answer, config_option, json_option
from ops.commands.reading import reading
from ops.commands.verifying import shown, verifying
from ops.look.record import claim_in, claims_of, last_checkpoint
from ops.look.verify import Verified
from ops.witness.folder import Folder
from stores.tree.checkpoints import Checkpoint
from stores.tree.looking import Claim

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def audit() -> None:
    """Check the record of every fact, decision and rationale (R47), and what was signed of it."""


@audit.command()
@config_option
@json_option
@click.option(
    "--checkpoint",
    "checkpoints",
    type=_FILE,
    multiple=True,
    help="A checkpoint that somebody kept elsewhere; may be repeated.",
)
@click.option(
    "--witness",
    "witnesses",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    multiple=True,
    help="A witness's folder, or a copy of it; may be repeated.",
)
def verify(
    config: Path, *, as_json: bool, checkpoints: tuple[Path, ...], witnesses: tuple[Path, ...]
) -> None:
    """Recompute every hash of every chain, look for every entry's cause, and compare all of it with
    the tree and with what was signed of that; exit 1 when anything is amiss.

    Names each altered, missing or inserted entry by chain, sequence, position and message. By the
    tree also: rewritten (also where all hashes behind it were made anew), deleted (also a whole
    chain), not in the tree (also where others that are five minutes newer are), a tree that is not
    what was signed, or is cut off; and, where it is a matter of more than five minutes, dated back,
    put into a gap among older ones, and a clock that went back.

    Every other table is compared with what transactions recorded that they left there: altered,
    deleted or inserted rows are named by table and row (keys that were destroyed without a record
    of it, letters, states, dead letters, timers, profiles).

    Who may write the whole store can make the tree anew too, or put an older copy in its place:
    that shows only beside a checkpoint kept elsewhere (--checkpoint), or a witness (--witness).
    A witness's folder that holds nothing of this hub is an error.

    Erased contents are no flaw: hashes go over what is sealed. Changes nothing, and works beside a
    hub that runs. `hub replay --verify` looks into the contents too.

    \b
    Example:
      hub audit verify
      hub audit verify --checkpoint 2026-11-26.checkpoint
      hub audit verify --witness /srv/witness
      hub audit verify --json | jq '.flaws[]'
    """
    claims = _claims(config, checkpoints, witnesses)
    verified = verifying(config, contents=False, claims=claims)
    told = _as_json(verified) | {"compared_with": _whose(claims)}
    answer(told, _shown(verified, claims), as_json=as_json, well=not verified.flaws)


def _claims(config: Path, checkpoints: Iterable[Path], witnesses: Iterable[Path]) -> list[Claim]:
    with reading(config) as hub:
        claims = [claim_in(hub, path) for path in checkpoints]
        claims += chain.from_iterable(claims_of(hub, Folder(path)) for path in witnesses)
    return claims


def _as_json(verified: Verified) -> dict[str, Any]:
    return {
        "entries": verified.entries,
        "flaws": [asdict(flaw) for flaw in verified.flaws],
        "changes": verified.changes,
        "leaves": verified.leaves,
        "root": verified.root.hex(),
        "pending": verified.pending,
        "seconds": round(verified.seconds, 3),
        "entries_per_second": verified.rate,
    }


@audit.command()
@config_option
@json_option
def checkpoint(config: Path, *, as_json: bool) -> None:
    """Print the last checkpoint: how many entries there are and the root of their tree, signed by
    the hub, with the lines of those who cosigned it.

    Keep it where nobody who may write the store can write: whoever has one can show that what it
    covers was rewritten or cut off. It is text (C2SP tlog-checkpoint) and holds no personal data.

    \b
    Example:
      hub audit checkpoint > 2026-11-26.checkpoint
      hub audit verify --checkpoint 2026-11-26.checkpoint
    """
    with reading(config) as hub:
        _, note = last_checkpoint(hub)
    told = Checkpoint.parse(note.text)
    lines = str(note).removesuffix("\n")
    value = {"origin": told.origin, "size": told.size, "root": told.root.hex(), "note": str(note)}
    answer(value, [lines], as_json=as_json)


@audit.command()
@config_option
@json_option
def key(config: Path, *, as_json: bool) -> None:
    """Print the public key by which everybody knows what this hub has signed.

    Witnesses and auditors are given it once, by another way than the record itself.

    \b
    Example:
      hub audit key
    """
    with reading(config) as hub:
        found, _ = last_checkpoint(hub)
    answer({"key": str(found)}, [str(found)], as_json=as_json)


def _shown(verified: Verified, claims: Sequence[Claim]) -> Iterator[str]:
    yield from shown(verified, what="entries")
    beside = ", ".join(_whose(claims)) or "what the store itself keeps of it alone"
    yield f"the tree has {verified.leaves:,} leaves, compared with {beside}"
    if verified.pending:
        yield f"{verified.pending:,} entries are not in the tree yet"


def _whose(claims: Sequence[Claim]) -> list[str]:
    return [*dict.fromkeys(claim.whose for claim in claims)]
