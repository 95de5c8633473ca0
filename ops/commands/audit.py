"""``hub audit``: whether the journal is what was written, entry by entry, and what was signed."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, TypeVar

import click

from connectors.witness.folder import Folder
from ops.commands.acting import Said, who_reveals
from ops.commands.common import (
    A_FILE,
    A_FOLDER,
    NEW_FILE,
    answer,
    config_option,
    json_option,
    options,
    time,
)
from ops.commands.progress import progress
from ops.commands.reading import reading, writing
from ops.commands.verifying import shown, verifying
from ops.look import disclosed, owned
from ops.look import who as asking
from ops.look.as_of import AsOf, as_of
from ops.look.deeds import Deed
from ops.look.disclosure import export
from ops.look.owned import Owned, Period
from ops.look.record import claim_in, claims_of, last_checkpoint
from ops.look.signatures import Signed
from ops.look.verify import Verified
from schemas.access import Purpose
from stores.tree.checkpoints import Checkpoint
from stores.tree.looking import Claim
from stores.tree.notes import NoNote, VerifierKey

F = TypeVar("F", bound=Callable[..., Any])
_options = options(config_option, json_option)


def _asked(purpose: Purpose, *, what: str) -> Callable[[F], F]:
    """The options of whatever opens the record to somebody who says who they are and why."""
    return options(_options, who_reveals(purpose, what=what, needed=True))


@click.group()
def audit() -> None:
    """Check the record of every fact, decision and rationale (R47), and what was signed of it."""


@audit.command()
@_options
@click.option(
    "--checkpoint",
    "checkpoints",
    type=A_FILE,
    multiple=True,
    help="A checkpoint that somebody kept elsewhere; may be repeated.",
)
@click.option(
    "--witness",
    "witnesses",
    type=A_FOLDER,
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
    deleted or inserted rows are named by table and row (keys that were destroyed and that no
    erasure names, letters, states, dead letters, timers, profiles).

    Who may write the whole store can make the tree anew too, or put an older copy in its place:
    that shows only beside a checkpoint kept elsewhere (--checkpoint), or a witness (--witness).
    A witness's folder that holds nothing of this hub is an error.

    What was erased is no flaw: hashes go over what is sealed, and the record says so. Changes
    nothing, and works beside a hub that runs. `hub replay --verify` looks into the contents too.

    \b
    Example:
      hub audit verify
      hub audit verify --checkpoint 2026-11-26.checkpoint
      hub audit verify --witness /srv/witness
      hub audit verify --json | jq '.flaws[]'
    """
    claims = _claims(config, checkpoints, witnesses=witnesses)
    verified = verifying(config, contents=False, claims=claims)
    told = _as_json(verified) | {"compared_with": _whose(claims)}
    answer(told, _shown(verified, claims), as_json=as_json, well=not verified.flaws)


def _claims(config: Path, checkpoints: Iterable[Path], *, witnesses: Iterable[Path]) -> list[Claim]:
    with reading(config) as hub:
        claims = [claim_in(hub, path) for path in checkpoints]
        claims += chain.from_iterable(claims_of(hub, Folder(path)) for path in witnesses)
    return claims


def _as_json(verified: Verified) -> dict[str, Any]:
    return {
        "entries": verified.entries,
        "flaws": [asdict(flaw) for flaw in verified.flaws],
        "erased": verified.erased,
        "erased_with_leaf": verified.erased_with_leaf,
        "changes": verified.changes,
        "leaves": verified.leaves,
        "root": verified.root.hex(),
        "pending": verified.pending,
        "seconds": round(verified.seconds, 3),
        "entries_per_second": verified.rate,
    }


@audit.command()
@_options
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
@_options
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


@audit.command("who")
@click.argument("wanted", metavar="CHILD|CASE|PERSON")
@_asked(Purpose.AUDIT, what="who did")
@click.option(
    "--before",
    type=click.IntRange(min=1),
    help="Of a person: read on before this position, as the part before said.",
)
def who_(wanted: str, config: Path, *, as_json: bool, said: Said, before: int | None) -> None:
    """Tell who saw or decided what about a child (a person's id), case, referral or product, or
    AGENCY/REFERENCE: pictures shown, what was fetched, received, told, read, revealed, exported or
    denied, and every decision, in the order of the record (R46, R47). Where it is the id of
    nothing: what the PERSON of this name did, of the hub or of an agency, over all cases, the
    newest first: as much as is read at once, and on stderr with which --before there is more.

    For whom the access rules let see who saw what (`hub policy show`): auditors, risk owners and
    reviewers. It tells why somebody looked or erased, and nothing of what was seen or decided: for
    that see `hub audit as-of`. Where an agency alone stands, it knows which person of its own that
    was. What was erased is there, with who had it erased, when and on which ground; of a person's
    own acts it is not, as nobody can tell whose they were. What nobody can read, and nobody says
    that it was erased, is unreadable. That you asked, or were denied it, is recorded.

    \b
    Example:
      hub audit who 3f0c… --who "J. Auditor" --why "yearly audit"
      hub audit who police/R-1042 --who "J. Auditor" --why "complaint 2026/17" --json
      hub audit who "A. Operator" --who "J. Auditor" --why "yearly audit"
    """
    with writing(config) as hub:
        part = asking.newest(hub, wanted, asker=said.asker(hub), before=before)
    deeds = part.deeds
    if part.older is not None:
        click.echo(f"there is more before: say --before {part.older}", err=True)
    elif not deeds:
        raise click.ClickException(
            "nothing is recorded under this id, and nobody of this name did anything; see "
            "`hub case --help`"
        )
    answer([asdict(deed) for deed in deeds], map(_deed, deeds), as_json=as_json)


def _deed(deed: Deed) -> str:
    who = " and ".join(filter(None, (deed.who, *deed.also)))
    by = ", ".join(filter(None, (who, *deed.roles, deed.agency))) or "nobody can tell"
    on = f", on picture {', '.join(deed.pictures)}" if deed.pictures else ""
    why = f": {deed.why}" if deed.why else ""
    if deed.erased is not None:
        both, at = " and ".join(deed.erased.by), deed.erased.at[:19]
        why = f"; erased by {both} on {at}Z: {deed.erased.why}"
    name = deed.type.removeprefix("mash.")
    opens = f"  {deed.message_id}" if deed.kind == "decided" else ""
    return f"{deed.at[:19]}Z  {deed.position:>8}  {deed.kind:<10}  {name:<28}  {by}{on}{why}{opens}"


@audit.command("owner")
@click.argument("agency", metavar="AGENCY")
@_asked(Purpose.AUDIT, what="what is an agency's")
@click.option("--from", "since", help="From when it was recorded: a day, or a time.")
@click.option("--until", help="Up to when: a day or time that is not in it any more.")
def owner_(
    agency: str, config: Path, *, as_json: bool, said: Said, since: str | None, until: str | None
) -> None:
    """Tell what of an AGENCY's there is in the record, over all cases: what it told, approved,
    withheld or took back, what left for whom, and who looked at it, each with its leaf (R49).

    For whom the access rules let see who saw what (`hub policy show`). Ids, codes and names, and
    nothing of what it told. What was erased is not there, as nobody can tell whose it was. That you
    asked, or were denied it, is recorded. On a terminal it shows on stderr how many cases are read.

    \b
    Example:
      hub audit owner police --who "J. Auditor" --why "sample 2026" --from 2026-01-01
      hub audit owner gp --who "J. Auditor" --why "sample 2026" --json | jq '.[].leaf'
    """
    period = Period(time(since) if since else 0, time(until) if until else Period().until)
    with writing(config) as hub:
        if agency not in hub.settings.agencies:
            raise click.BadParameter(f"{agency} is no agency of the configuration")
        watched = partial(progress, "reading cases")
        asker = said.asker(hub)
        found = owned.ask(hub, agency, asker=asker, period=period, watched=watched)
    answer([asdict(one) for one in found], map(_owned, found), as_json=as_json)


def _owned(one: Owned) -> str:
    by = ", ".join(filter(None, (one.by, one.agency))) or "nobody can tell"
    leaf = "no leaf yet" if one.leaf is None else f"leaf {one.leaf}"
    what = "".join(f", item {item}" for item in one.items)
    what += f", product {one.product}" if one.product else ""
    what += "".join(f", signed {_signed(each)}" for each in one.signed)
    why = f": {one.why}" if one.why else ""
    name = one.type.removeprefix("mash.")
    return f"{one.at[:19]}Z  {leaf:<12}  {one.kind:<11}  {name:<28}  {by}{what}{why}"


def _signed(one: Signed) -> str:
    people = " and ".join(
        f"by {each.by or 'nobody known'}, key {each.key}" for each in one.signatures
    )
    given = "beforehand " if one.beforehand else ""
    return f"{given}{people} at {(one.at or '')[:19]}Z, statement {one.statement[:16]}"


@audit.command("as-of")
@click.argument("decision", metavar="DECISION")
@_asked(Purpose.AUDIT, what="it")
def as_of_(decision: str, config: Path, *, as_json: bool, said: Said) -> None:
    """Open a DECISION again, by the id of its message, with which the line of `hub audit who` ends:
    what was decided, the pictures that were shown to whoever decided, as they were, and the policy
    (agreements, profile, models) by which the hub heard it (R47).

    Exit 1 where a picture that it names is not as it was, or not there, or a policy is not what
    was adopted. It shows what the access rules let you see (`hub policy show`). Who looked and why
    is recorded, told to the agencies whose messages these are, and reviewed by somebody else.

    \b
    Example:
      hub audit as-of 01a216cb-… --who "J. Auditor" --why "case review" --json
    """
    with writing(config) as hub:
        found = as_of(hub, decision, asker=said.asker(hub))
        names = {code: agency.name for code, agency in hub.settings.agencies.items()}
        lines = [*_as_of(found, names)]
    well = not found.missing and all(one.as_seen for one in found.pictures)
    well = well and all(one.sound for one in found.policies)
    answer(asdict(found), lines, as_json=as_json, well=well)


def _as_of(found: AsOf, names: dict[str, str]) -> Iterator[str]:
    yield f"{found.recorded_at[:19]}Z  {found.type}  {found.message_id}"
    yield json.dumps(found.decision, ensure_ascii=False, indent=2)
    for policy in found.policies:
        sound = "" if policy.sound else ", NOT as it was adopted"
        yield f"by policy {policy.number} of {policy.adopted_at[:19]}Z, {policy.digest}{sound}"
    for id_ in found.missing:
        yield f"picture {id_} is NOT recorded, or cannot be read any more"
    for id_ in found.hidden:
        yield f"picture {id_} is not for you, by the access rules: `hub policy show`"
    for one in found.pictures:
        as_seen = "as it was seen" if one.as_seen else "NOT as it was seen"
        yield f"{one.shown_at[:19]}Z  picture {one.id}, {as_seen}, by {names.get(one.agency)}"
        yield json.dumps(one.content, ensure_ascii=False, indent=2)


@audit.command("export")
@click.argument("wanted", metavar="CASE")
@_asked(Purpose.DISCLOSURE, what="it: for whom, and by which order or request")
@click.option(
    "--out",
    type=NEW_FILE,
    required=True,
    help="The file to write; it must not be there yet.",
)
def export_(wanted: str, config: Path, *, said: Said, out: Path, as_json: bool) -> None:
    """Write what is recorded about a CASE, referral or product to a file, with the proof of each
    entry and the signed checkpoint: for disclosure (R48).

    What the access rules do not let you take away (`hub policy show`) is not in it; how much is
    masked is said. Who took it and why is recorded, told to the agencies whose messages are in it,
    and reviewed by somebody else. The file holds all else in the clear, and the keys of what it
    holds: keep it as the case itself. `hub audit verify-export` shows to whoever has it that
    nothing in it was altered; not that nothing was left out.

    \b
    Example:
      hub audit export 3f0c… --who "J. Auditor" --why "Crown Court T20267" --out case.json
    """
    if out.exists():
        raise click.ClickException(f"{out} is there already: name another file")
    with writing(config) as hub:
        bundle = export(hub, wanted, asker=said.asker(hub))
    if not bundle["entries"]:
        raise click.ClickException("nothing is recorded under this id; see `hub case --help`")
    _write(out, bundle)
    entries, masked = len(bundle["entries"]), len(bundle["masked"])
    told = {"file": str(out), "entries": entries, "masked": masked, "of": wanted}
    lines = [f"{entries} entries written to {out}", *_masked(masked)]
    answer(told, lines, as_json=as_json)


def _masked(count: int) -> Iterator[str]:
    if count:
        yield f"{count} more are not in it: the access rules mask them to who exported"


def _write(out: Path, bundle: dict[str, Any]) -> None:
    """For its owner alone, and never over something else."""
    descriptor = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(bundle, file, ensure_ascii=False, indent=1)


@audit.command("verify-export")
@click.argument("file", type=A_FILE)
@click.option("--key", "key_text", required=True, help="What `hub audit key` prints of that hub.")
@json_option
def verify_export(file: Path, *, key_text: str, as_json: bool) -> None:
    """Verify a FILE of `hub audit export`, without the hub: every entry is in the record that the
    hub signed, and says what the file says; exit 1 where one is not.

    The key comes from the hub by another way than the file.

    \b
    Example:
      hub audit verify-export case.json --key "mash-hub/e09000001+5a0f3b1c+AZ…"
    """
    try:
        verdict = disclosed.verify(file, VerifierKey.parse(key_text.strip()))
    except NoNote:
        raise click.BadParameter("it is no key as `hub audit key` prints it") from None
    except disclosed.NoBundle as error:
        raise click.ClickException(str(error)) from None
    told = {
        "of": verdict.of,
        "entries": verdict.entries,
        "erased": verdict.erased,
        "masked": verdict.masked,
        "size": verdict.checkpoint.size,
        "origin": verdict.checkpoint.origin,
        "amiss": verdict.amiss,
    }
    well = not verdict.amiss
    said = "all as the hub signed it" if well else f"{len(verdict.amiss)} are NOT as signed"
    lines = [*verdict.amiss, f"{verdict.entries} entries of {verdict.of}: {said}"]
    lines += _masked(verdict.masked)
    answer(told, lines, as_json=as_json, well=well)


def _shown(verified: Verified, claims: Sequence[Claim]) -> Iterator[str]:
    yield from shown(verified, what="entries")
    beside = ", ".join(_whose(claims)) or "what the store itself keeps of it alone"
    yield f"the tree has {verified.leaves:,} leaves, compared with {beside}"
    if verified.pending:
        yield f"{verified.pending:,} entries are not in the tree yet"


def _whose(claims: Sequence[Claim]) -> list[str]:
    return [*dict.fromkeys(claim.whose for claim in claims)]
