"""Learn a linkage model from a file of notifications, and report what it would decide."""

from __future__ import annotations

import csv
import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any, Final

from connectors.port import routes
from ops.linkage.arrivals import Unmapped, arrival_of, lines_of, record_of
from ops.run.configuration import read_settings
from router.linkage import Subject, describe, extend, found, link
from router.linkage.compare import FIELDS
from router.linkage.index import Index
from router.linkage.learning.learn import Lesson, lessons
from router.linkage.learning.train import Told
from router.linkage.model import SCALES, read_model
from router.linkage.resends import forwarded_reference, plain_reference
from schemas.case import LinkOutcome
from schemas.notification import NotificationReceived
from schemas.refusals import Refusal

_TRUTH: Final = ("notification_id", "is_duplicate_of", "truth_person_id", "truth_family_id")
_SETTLED: Final = 0.05
"""Bits: a model that moves less from one round to the next has settled."""
_MOST_FALSE: Final = 1e-4
"""The share of notifications linked wrongly at which the suggested threshold aims."""


@dataclass(frozen=True, slots=True)
class Material:
    """What there is to learn from, resends left out: subjects, and those whose truth is told."""

    unknown: Sequence[Subject]
    told: Sequence[Told]
    digest: str
    """SHA-256 of the notifications and the truth."""


@dataclass(frozen=True, slots=True)
class Trained:
    """A model file's content, with where it comes from, and the last round."""

    data: dict[str, Any]
    lesson: Lesson


def read_material(notifications: Path, truth: Path | None) -> Material:
    """Read a file in the sample's form, and what is true of it. Raises ``Unmapped``."""
    lines = lines_of(notifications)
    rows = _true(truth) if truth else []
    true = {row["notification_id"]: row for row in rows}
    digest = hashlib.sha256("\n".join([*lines, *map(str, rows)]).encode()).hexdigest()
    unknown, told = list[Subject](), list[Told]()
    for id_, subject in _subjects(lines):
        row = true.get(id_)
        if row is None:
            unknown.append(subject)
        elif not row["is_duplicate_of"]:
            told.append((subject, row["truth_person_id"], row["truth_family_id"]))
    if not (unknown or told):
        raise Unmapped(f"{notifications} holds no notification to learn from")
    return Material(unknown, told, digest)


def _true(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        for column in _TRUTH:
            if column not in (reader.fieldnames or ()):
                raise Unmapped(f"{path} lacks the column {column}")
        return list(reader)


def train(
    material: Material,
    base: Mapping[str, Any],
    *,
    version: str,
    date: str,
    most: int,
    progress: Callable[[int], None] = lambda _: None,
) -> Trained:
    """The model once it has settled, or after so many rounds as there may be."""
    kept = {key: value for key, value in base.items() if key != "trained"}
    learning = lessons(material.unknown, kept, version=version, told=material.told)
    for rounds, lesson in enumerate(learning, start=1):
        progress(1)
        if rounds == most or not material.unknown or lesson.moved < _SETTLED:
            break
    provenance = {
        "date": date,
        "base": base["version"],
        "notifications_sha256": material.digest,
        "notifications": len(material.unknown),
        "told": len(material.told),
        "rounds": rounds,
    }
    return Trained({**lesson.data, "trained": provenance}, lesson)


def report(trained: Trained, base: Mapping[str, Any], *, material: Material) -> dict[str, Any]:
    """What was learned: each level's share among pairs of one child (m) and of others (u)."""
    subjects = [*material.unknown, *(subject for subject, _, _ in material.told)]
    subjects.sort(key=lambda subject: subject.seen)
    counts, prior = trained.lesson.counts, trained.data["prior"]
    return {
        "version": trained.data["version"],
        "trained": trained.data["trained"],
        "moved": round(trained.lesson.moved, 2),
        "pairs": {story: round(sum(count[0].values())) for story, count in counts.items()},
        "prior": {story: [base["prior"][story], round(n, 2)] for story, n in prior.items()},
        "levels": list(_levels(trained, base)),
        "before": outlook(subjects, base),
        "after": outlook(subjects, trained.data),
    }


def outlook(subjects: Sequence[Subject], data: Mapping[str, Any]) -> dict[str, float]:
    """What the model would decide about these, and by its own odds how many links are false.

    ``link_at`` is the least that a link should take for one false link in ten thousand
    notifications, by those odds.
    """
    model, index, scores = read_model(data), Index(), list[float]()
    counted = dict.fromkeys(LinkOutcome, 0)
    doubt = 0.0
    for number, subject in enumerate(subjects):
        decision = link(subject, index.find(subject), model=model, oversized=index.crowds(subject))
        counted[decision.outcome] += 1
        if decision.outcome is not LinkOutcome.NEW:
            scores.append(decision.score)
        if decision.person is not None:
            doubt += _doubt(decision.score)
            index.put(extend(decision.person, subject))
        else:
            family = decision.family.family_id if decision.family else str(number)
            index.put(found(subject, person_id=str(number), family_id=family, case_id=""))
    of = max(1, len(subjects))
    return {
        **{f"{outcome.value}_share": round(n / of, 4) for outcome, n in counted.items()},
        "expected_false_links": round(doubt, 1),
        "link_at": model.link_at,
        "suggested_link_at": _suggested(scores, _MOST_FALSE * len(subjects)),
    }


def to_text(data: Mapping[str, Any]) -> str:
    """A model as its file is written: one line for each level, so that changes can be read."""
    said = {key: json.dumps(value) for key, value in data.items()}
    said["bits"] = _spread(data["bits"])
    if "limits" in data:
        limits = ",\n".join(f"  {json.dumps(limit)}" for limit in data["limits"])
        said["limits"] = f"[\n{limits}\n ]"
    return "{\n" + ",\n".join(f" {json.dumps(key)}: {said[key]}" for key in data) + "\n}\n"


def _spread(value: Any) -> str:
    """JSON over several lines, the innermost lists on one each."""
    text = json.dumps(value, indent=1).replace("\n", "\n ")
    return re.sub(r"\[[^][]*\]", lambda found: json.dumps(json.loads(found[0])), text)


def _subjects(lines: Iterable[str]) -> Iterator[tuple[str, Subject]]:
    """Each notification's id and child; of resends by reference only the first."""
    with as_file(files("ops.sample") / "hub.toml") as path:
        known = routes(read_settings(path, {}), {})
    seen: set[tuple[str, str]] = set()
    for number, line in enumerate(lines, start=1):
        record = record_of(line, number)
        body = arrival_of(known, record).body
        if isinstance(body, Refusal):
            raise Unmapped(f"line {number}: {body.reason} in {body.field or 'the record'}")
        assert isinstance(body, NotificationReceived)
        said = body.notification
        own = body.agency, plain_reference(said.reference)
        reference = forwarded_reference(said.narrative) or own
        if reference in seen:
            continue
        seen.add(reference)
        yield (
            str(record["notification_id"]),
            describe(
                said.subject,
                observed_at=said.observed_at,
                narrative=said.narrative,
                agency=body.agency,
                reference=said.reference,
            ),
        )


def _levels(trained: Trained, base: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    counts = trained.lesson.counts
    for place, field in enumerate(FIELDS):
        same, other = counts["same"][place], counts["other"][place]
        for level, name in enumerate(SCALES[field]):
            if same.get(level) or other.get(level):
                yield {
                    "field": field,
                    "level": name,
                    "m": round(same.get(level, 0.0) / max(1e-9, sum(same.values())), 4),
                    "u": round(other.get(level, 0.0) / max(1e-9, sum(other.values())), 4),
                    "before": base["bits"].get(field, {}).get(name, [None])[0],
                    "bits": trained.data["bits"].get(field, {}).get(name, [None])[0],
                }


def _doubt(score: float) -> float:
    """How likely a link is false, by its odds."""
    return 1.0 / (1.0 + float(2.0 ** min(score, 60.0)))


def _suggested(scores: Sequence[float], most: float) -> float:
    """The least score from which on all links together are false no more often than ``most``."""
    doubt, least = 0.0, max(scores, default=0.0)
    for score in sorted(scores, reverse=True):
        doubt += _doubt(score)
        if doubt > most:
            break
        least = score
    return round(least, 1)
