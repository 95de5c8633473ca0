# mypy: allow-untyped-calls
# (kombu's functions have no types)
"""F17a: bad messages of every kind among good ones: each is answered and kept, and no good one is
lost or held up.
"""

from __future__ import annotations

import json
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from connectors.clients.broker import connected, consumer, ensure_queue, publish
from connectors.clients.broker_client import QueueNames
from connectors.clients.http_client import HubClient
from ops.demo.simulation.agencies import persistently
from ops.demo.simulation.bad import Bad, bad_messages
from ops.demo.simulation.stream import sample_lines
from schemas.message import derived_id
from schemas.notification import Receipt, ReceiptStatus
from tests.proofs.check import check_inward
from tests.proofs.evidence import Buried, Evidence, Recorded, gather
from tests.proofs.place import Place
from tests.proofs.plan import APART
from tests.proofs.processes import (
    Agencies,
    agencies,
    await_serving,
    edge_parts,
    kept,
    terminated,
    wait_until,
    worker_parts,
)
from tests.proofs.quiet import await_quiet
from tests.proofs.worse import worse_messages

_ANSWER_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Dose:
    """How many good messages, and for so many of them a bad one; ``without`` is for a control."""

    good: int = 500
    ratio: int = 5
    workers: tuple[str, ...] = APART
    """In production."""
    without: str = ""
    seconds: float = 600.0


@dataclass(slots=True)
class Told:
    """Receipts of bad messages: by what was sent, and by their own ids where they come by
    themselves.
    """

    answered: dict[bytes, list[Receipt]] = field(default_factory=dict)
    by_id: dict[str, Receipt] = field(default_factory=dict)


def prove(clean: Place, poisoned: Place, *, dose: Dose) -> dict[str, Any]:
    """A clean run and one with poison, one after the other; the figures of F17a. Raises
    ``TooLate``.
    """
    lines = [json.dumps(record) for record in _good(dose.good)]
    bad = list(_bad(dose.good // dose.ratio, poisoned))
    clean_seconds, _, _ = _run(clean, lines, bad=[], dose=dose)
    seconds, told, evidence = _run(poisoned, lines, bad=bad, dose=dose)
    findings = [*_lost(evidence, len(lines)), *_unkept(evidence, bad, told=told)]
    return {
        "id": "F17a",
        "runtime": "production" if poisoned.production else "embedded",
        "workers": dose.workers if poisoned.production else None,
        "good": len(lines),
        "bad": len(bad),
        "kinds": len({one.name for one in bad}),
        "without": dose.without or None,
        "set_aside": sum(one.aside is not None for one in bad),
        "dead_letters": len(evidence.dead),
        "lost": sum(finding.startswith("lost") for finding in findings),
        "wrong": sum(not finding.startswith("lost") for finding in findings),
        "seconds_clean": round(clean_seconds, 2),
        "seconds_poisoned": round(seconds, 2),
        "good_rate_share": round(clean_seconds / seconds, 3),
        "findings": findings[:20],
    }


def _good(count: int) -> Iterator[dict[str, Any]]:
    """Good messages, under other references once the sample is used up."""
    sample = sample_lines()
    for number in range(count):
        record = json.loads(sample[number % len(sample)])
        names = ("notification_id", "source_reference")
        yield record | {name: f"{record[name]}-{number // len(sample)}" for name in names}


def _bad(count: int, place: Place) -> Iterator[Bad]:
    """At least one of each kind that can be sent here, then again with other contents."""
    made = 0
    for round_ in range(1, 1_000_000):
        tag = f"{round_:04d}"
        for one in [*bad_messages(tag), *worse_messages(tag)]:
            if one.way == "queue" and not place.queued:
                continue
            if round_ > 1 and (made >= count or one.way == "folder"):
                continue
            made += 1
            yield one
        if made >= count:
            return


def _run(
    place: Place, lines: Sequence[str], *, bad: Sequence[Bad], dose: Dose
) -> tuple[float, Told, Evidence]:
    """For how many seconds the good ones took, what was told, and what is there in the end."""
    stream = place.file("notifications.jsonl")
    stream.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    parts = [*edge_parts(place), *worker_parts(place, dose.workers)]
    with kept(parts):
        for part in parts:
            part.start(HUB_WITHOUT=dose.without)
        await_serving(place)
        with agencies(place, stream, "--silent", all_http=True) as running:
            seconds, told = _poisoned(place, running, bad=bad, dose=dose)
        terminated(parts)
    return seconds, told, gather(place.store, place.key, folder=place.path)


def _poisoned(
    place: Place, running: Agencies, *, bad: Sequence[Bad], dose: Dose
) -> tuple[float, Told]:
    started, told, stop = time.monotonic(), Told(), threading.Event()
    poisoner = threading.Thread(
        target=partial(_poison, place, bad, told=told, stop=stop), daemon=True
    )
    until = partial(wait_until, seconds=dose.seconds)
    quiet = partial(await_quiet, place, lambda: running.idle, seconds=dose.seconds, letters=False)
    poisoner.start()
    try:
        until(lambda: running.sent, what="everything is sent")
        quiet()
        seconds = time.monotonic() - started
        until(lambda: not poisoner.is_alive(), what="every bad message is answered")
        quiet()
    finally:
        stop.set()
    return seconds, told


# --- sending what is bad


def _poison(place: Place, bad: Sequence[Bad], *, told: Told, stop: threading.Event) -> None:
    tokens = json.loads(place.folder.tokens.read_text(encoding="utf-8"))
    by_way = defaultdict(list)
    for one in bad:
        by_way[one.way].append(one)
    _drop(place, by_way["folder"])
    _queue(place, by_way["queue"], told=told)
    with ExitStack() as stack:
        clients = {
            a: stack.enter_context(HubClient(place.url, tokens[a]))
            for a in {one.agency for one in bad}
        }
        for one in by_way["http"]:
            raw = clients[one.agency].send_raw
            send = partial(raw, one.body, one.content_type, headers=one.headers)
            told.answered[one.body] = persistently(send, stop) or []
    _await_files(place, by_way["folder"], told=told)


def _drop(place: Place, bad: Iterable[Bad]) -> None:
    for one in bad:
        folder = place.path / "drop" / one.agency
        unfinished = folder / f"{one.name}.part"
        unfinished.write_bytes(one.body)
        unfinished.rename(folder / f"{one.name}-{one.filename}")


def _await_files(place: Place, bad: Iterable[Bad], *, told: Told) -> None:
    for one in bad:
        receipts = place.path / "drop" / one.agency / "receipts"
        pattern = f"*-{one.name}-{one.filename}.receipts.jsonl"
        wait_until(
            partial(_any, receipts, pattern),
            seconds=_ANSWER_SECONDS,
            what=f"receipts of {one.name}",
        )
        lines = next(receipts.glob(pattern)).read_text(encoding="utf-8").splitlines()
        told.answered[one.body] = [Receipt.model_validate_json(line) for line in lines]


def _any(folder: Path, pattern: str) -> bool:
    return any(folder.glob(pattern))


def _queue(place: Place, bad: Sequence[Bad], *, told: Told) -> None:
    """Past any client, as it comes; the receipts are taken from where the agency would take
    them.
    """
    if not bad or place.broker is None:
        return
    names = QueueNames.of(bad[0].agency, place.prefix)
    with connected(place.broker) as connection:
        for name in (names.feed, names.receipts):
            ensure_queue(connection, name)
        channel = connection.channel()
        for number, one in enumerate(bad):
            id_ = derived_id("bad", one.name, str(number))
            kind, feed = one.content_type, names.feed
            publish(channel, one.body, queue=feed, content_type=kind, message_id=id_)
        channel, take = connection.channel(), partial(_take, told)
        with consumer(channel, names.receipts, on_message=take, at_once=100):
            deadline = time.monotonic() + _ANSWER_SECONDS
            while len(told.by_id) < len(bad) and time.monotonic() < deadline:
                with suppress(TimeoutError):
                    connection.drain_events(timeout=1.0)


def _take(told: Told, message: Any) -> None:
    for event in json.loads(message.body):
        receipt = Receipt.model_validate(event["data"])
        told.by_id[receipt.id] = receipt
    message.ack()


# --- what came of it


def _lost(evidence: Evidence, good: int) -> Iterator[str]:
    verdict = check_inward(evidence)
    yield from (f"lost {finding}" for finding in verdict.lost)
    yield from (f"twice {finding}" for finding in verdict.duplicated)
    if len(evidence.sent) != good:
        yield f"lost {good - len(evidence.sent)} good ones without receipt"


def _unkept(evidence: Evidence, bad: Sequence[Bad], *, told: Told) -> Iterator[str]:
    """Each bad one is one dead letter, byte for byte, or one fact with what was wrong set aside;
    and its sender was told why.
    """
    dead: dict[tuple[str, bytes], list[Buried]] = defaultdict(list)
    for letter in evidence.dead:
        dead[letter.agency, letter.original].append(letter)
    taken = {entry.id: entry for entry in evidence.of("notification.received")}
    for one in bad:
        found = dead[one.agency, one.original]
        if len(found) != (one.aside is None):
            yield f"lost {one.name}: {len(found)} dead letters"
        elif one.aside is None:
            yield from (f"{one.name}: {what}" for what in _amiss(one, found[0], told=told))
        else:
            answers = told.answered.get(one.body, [])
            yield from (f"{one.name}: {what}" for what in _not_aside(one, answers, taken=taken))
    refused = Counter(entry.data["dead_letter_id"] for entry in evidence.of("message.refused"))
    yield from (f"refusal {id_} {count} times" for id_, count in refused.items() if count != 1)


def _amiss(one: Bad, letter: Buried, *, told: Told) -> Iterator[str]:
    if (letter.reason, letter.field) != (one.reason, one.field):
        yield f"kept as {letter.reason} at {letter.field}"
    answers = told.answered.get(one.body, [])
    found = [receipt for receipt in answers if receipt.status is ReceiptStatus.REJECTED]
    receipt = found[0] if found else told.by_id.get(letter.id)
    if receipt is None:
        yield "no receipt"
    elif (receipt.id, receipt.reason, receipt.field) != (letter.id, one.reason, one.field):
        yield f"told {receipt.reason} at {receipt.field}"


def _not_aside(
    one: Bad, answers: Sequence[Receipt], *, taken: Mapping[str, Recorded]
) -> Iterator[str]:
    """What is amiss with one that has to be taken."""
    wrong = (one.reason, one.field)
    warned = [r for r in answers if wrong in [(w.reason, w.field) for w in r.warnings]]
    if len(warned) != 1:
        yield f"told {len(warned)} times"
    for receipt in warned:
        entry = taken.get(receipt.id)
        kept = entry.data["notification"]["set_aside"] if entry else []
        if (*wrong, one.aside) not in [(k["reason"], k["field"], k["value"]) for k in kept]:
            yield "not kept as it came"
