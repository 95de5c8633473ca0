"""``hub linkage``: how notifications were linked and how well; and linking by itself, on files."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from ops.commands.common import (
    A_FILE,
    NEW_FILE,
    answer,
    config_option,
    json_option,
    say,
    table,
    time,
)
from ops.commands.progress import progress
from ops.commands.reading import reading, writing
from ops.demo.simulation.children import generate as children_told_of
from ops.demo.simulation.children import write
from ops.linkage.arrivals import lines_of
from ops.linkage.explained import explain, in_words
from ops.linkage.file import decide_file, write_decisions
from ops.linkage.quality import percent, quality, summary
from ops.linkage.training import read_material, report, to_text, train
from router.linkage.model import read_content
from router.memory.register import file_everybody
from router.steps.link.decide import STEP


@click.group()
def linkage() -> None:
    """How notifications are linked to children: one explained, all judged, and the step tried on
    files.
    """


@linkage.command("explain")
@click.argument("wanted", metavar="NOTIFICATION")
@config_option
@json_option
def explain_(wanted: str, config: Path, *, as_json: bool) -> None:
    """Say how a notification was linked, why, and what humans decided about it since.

    NOTIFICATION is a referral's or message's id, or AGENCY/REFERENCE. Told is what was recorded
    when it was decided, by the model of that day; nothing is decided again. No personal data: ids,
    what agreed and what spoke against. Scores are bits of evidence: one more doubles the odds.

    \b
    Example:
      hub linkage explain police/R-1042
    """
    with reading(config) as hub:
        found = explain(hub, wanted)
    if not found:
        raise click.ClickException(
            "no notification was linked under this id; give a referral's id or AGENCY/REFERENCE"
        )
    lines = (line for one in found for line in in_words(one))
    answer(found, lines, as_json=as_json)


@linkage.command("quality")
@config_option
@json_option
@click.option("--since", type=time, help="Only by what humans decided from this time on.")
def quality_(config: Path, *, as_json: bool, since: int | None) -> None:
    """Judge linking by what humans decided about it so far: precision and recall, with intervals of
    95 %.

    Humans do not look at everything: read the notes at the end with the figures.

    \b
    Example:
      hub linkage quality --since 2026-04-01
    """
    with reading(config) as hub:
        figures = quality(hub, since=since)
    by = [one | {"right": percent(one["right"])} for one in figures["by"]]
    shown = [
        "{decided} notifications were linked; humans decided about {checked} of them.".format_map(
            figures
        ),
        table("By what humans found", list(summary(figures))),
        table("By model, outcome and score (bits)", by),
        *(f"- {note}" for note in figures["how"]),
    ]
    answer(figures, shown, as_json=as_json)


@linkage.command("index")
@config_option
def index(config: Path) -> None:
    """File every known child anew under what they are looked up by, after an upgrade that reads
    names otherwise.

    Linking waits meanwhile: stop its workers first. A million children take some minutes.
    """
    with writing(config) as hub, hub.database.transaction() as transaction:
        transaction.serialise(STEP.name)
        filed = file_everybody(transaction)
    say(f"filed under {filed} keys")


@linkage.command("file")
@click.argument(
    "notifications",
    metavar="INPUT.jsonl",
    type=A_FILE,
)
@click.option(
    "--decisions",
    required=True,
    metavar="OUT.csv",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="Where the decisions go: notification_id, decision, person_id, duplicate_of, candidates.",
)
@click.option(
    "--model", metavar="M", help="A linkage model that ships with the hub, or the path of one."
)
def file_(*, notifications: Path, decisions: Path, model: str | None) -> None:
    """Stream a file in the sample's JSON form through deduplication and linking, in order, in a
    fresh store.

    \b
    Example: hub linkage file ops/sample/notifications.jsonl --decisions decisions.csv
    """
    _known_model(model)
    lines, decided = lines_of(notifications), 0
    with progress("linking", len(lines)) as advance:
        for written in write_decisions(decisions, decide_file(lines, model=model)):
            advance(written)
            decided += written
    say(f"{decided} of {len(lines)} notifications decided: {decisions}")
    if decided < len(lines):
        raise SystemExit(1)


def _known_model(name: str | None) -> Mapping[str, Any]:
    """The content of a model, read before anything is done with it."""
    try:
        return read_content(name or "default")
    except (OSError, ValueError, LookupError):
        raise click.ClickException(
            f"{name} is no linkage model: leave it out, or name one that ships or the path of one"
        ) from None


@linkage.command()
@click.argument(
    "notifications",
    metavar="OUT.jsonl",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
)
@click.option(
    "--truth",
    required=True,
    metavar="TRUTH.csv",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="Where the truth goes: child and family, what is sent again, what is difficult.",
)
@click.option(
    "--notifications", "number", type=click.IntRange(min=1), default=20_000, show_default=True
)
@click.option("--children", type=click.IntRange(min=1), default=8_000, show_default=True)
@click.option(
    "--errors",
    type=click.FloatRange(min=0),
    default=1.0,
    show_default=True,
    help="How often errors are made: sample, 1.0.",
)
@click.option(
    "--kinds",
    type=click.FloatRange(min=0),
    default=0.0,
    show_default=True,
    help="How often placeholders, near-named twins and the like: as the data says, 1.0.",
)
@click.option(
    "--seed", type=int, default=1, show_default=True, help="The same seed makes the same stream."
)
def generate(
    *,
    notifications: Path,
    truth: Path,
    number: int,
    children: int,
    errors: float,
    kinds: float,
    seed: int,
) -> None:
    """Make a stream of notifications about invented children, in the sample's form, and say what is
    true of it.

    \b
    Example: hub linkage generate stream.jsonl --truth truth.csv --errors 1.6 --kinds 1
    """
    stream = children_told_of(
        children=children, notifications=number, seed=seed, errors=errors, kinds=kinds
    )
    write(stream, notifications=notifications, truth=truth)
    told_of = len({told.child for told in stream})
    say(f"{number} notifications about {told_of} children: {notifications}, {truth}")


@linkage.command("train")
@click.argument(
    "notifications",
    metavar="INPUT.jsonl",
    type=A_FILE,
)
@click.option("--out", required=True, metavar="MODEL.json", type=NEW_FILE)
@click.option(
    "--version", required=True, help="What decisions will name the model by, such as linkage-2.0."
)
@click.option(
    "--date",
    required=True,
    type=click.DateTime(["%Y-%m-%d"]),
    help="The day of training, for the file.",
)
@click.option("--truth", metavar="TRUTH.csv", type=A_FILE)
@click.option(
    "--base", metavar="M", default="default", show_default=True, help="The model to start from."
)
@click.option(
    "--rounds", type=click.IntRange(min=1), default=20, show_default=True, help="At most so many."
)
@json_option
def train_(
    *,
    notifications: Path,
    out: Path,
    version: str,
    date: dt.datetime,
    truth: Path | None,
    base: str,
    rounds: int,
    as_json: bool,
) -> None:
    """Learn a linkage model from notifications, and report what was learned and how it would
    decide.

    Of notifications in TRUTH.csv (the sample's form) the child and family are known; of the others
    nothing: they are linked by the model so far, and it learns from what it believes, round by
    round, until it settles. Thresholds stay as in the base; one is suggested. The model decides
    nothing until it is named as linkage_model, and never again what was decided before it.

    \b
    Example: hub linkage train stream.jsonl --truth truth.csv --out model.json \\
      --version area-1 --date 2026-01-31
    """
    start, material = _known_model(base), read_material(notifications, truth)
    named = {"version": version, "date": f"{date:%Y-%m-%d}"}
    with progress("rounds", rounds) as advance:
        trained = train(material, start, **named, most=rounds, progress=advance)
    out.write_text(to_text(trained.data), encoding="utf-8")
    told = report(trained, start, material=material)
    answer(told, (*_learned(told), f"written: {out}"), as_json=as_json)


def _learned(told: Mapping[str, Any]) -> Iterator[str]:
    yield f"{'field':8} {'level':14} {'m':>7} {'u':>7}  bits before and now"
    for one in told["levels"]:
        before, now = ("" if n is None else f"{n:7.2f}" for n in (one["before"], one["bits"]))
        level = "{field:8} {level:14} {m:7.4f} {u:7.4f}".format_map(one)
        yield f"{level}  {before:7} {now:7}"
    for what, value in told.items():
        if what != "levels":
            yield f"{what}: {value if isinstance(value, str) else json.dumps(value)}"
