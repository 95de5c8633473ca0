"""Splink on the same register and notifications, where it is installed: for comparison, not part of
the hub.
"""

from __future__ import annotations

import csv
import datetime as dt
import tempfile
import time
from collections.abc import Iterable, Sequence
from importlib import import_module
from itertools import islice
from pathlib import Path
from statistics import mean
from typing import Any, Final

from router.linkage import Profile, Subject
from router.steps.link.decide import evidence_of
from router.steps.link.register import PersonRecord
from tests.bench.latency import quantiles
from tests.bench.tellings import Told, records, tellings

_COLUMNS: Final = ("unique_id", "given", "family", "postcode", "phone", "born", "nhs")
_RULES: Final = (
    ("nhs",),
    ("phone",),
    ("given", "family", "born"),
    ("family", "born"),
    ("given", "born"),
    ("family", "postcode"),
    ("given", "postcode"),
)
"""What must be equal for two records to be compared."""
_SAMPLED_PAIRS: Final = 1e6


def splink(persons: int, *, notifications: int) -> dict[str, Any]:
    """What each notification takes against one record of each person, compared by six fields; or
    why not.
    """
    try:
        return _measured(persons, notifications)
    except ImportError as missing:
        return {"skipped": f"not installed: {missing.name}"}


def _measured(persons: int, notifications: int) -> dict[str, Any]:
    splink_, compare = import_module("splink"), import_module("splink.comparison_library")
    backend = import_module("splink.backends.duckdb").DuckDBAPI()
    settings = splink_.SettingsCreator(
        link_type="dedupe_only",
        comparisons=[
            compare.NameComparison("given").configure(term_frequency_adjustments=True),
            compare.NameComparison("family").configure(term_frequency_adjustments=True),
            compare.DateOfBirthComparison("born", input_is_string=True),
            compare.PostcodeComparison("postcode"),
            compare.ExactMatch("phone"),
            compare.ExactMatch("nhs"),
        ],
        blocking_rules_to_generate_predictions=[splink_.block_on(*rule) for rule in _RULES],
    )
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        register = _table(
            backend, Path(folder), "register", map(_known, islice(records(), persons))
        )
        linker = splink_.Linker(register, settings, log_level="ERROR")
        for column in ("given", "family"):
            linker.table_management.compute_tf_table(column)
        linker.training.estimate_u_using_random_sampling(max_pairs=_SAMPLED_PAIRS, seed=1)
        made = time.perf_counter() - started
        seconds = []
        for number, one in enumerate(tellings(persons, notifications, seed=1)):
            new = _table(backend, Path(folder), f"new_{number}", [_asked(one)])
            started = time.perf_counter()
            linker.inference.predict_between(new, register, warning_mode="never").as_record_list()
            seconds.append((time.perf_counter() - started) * 1000)
    spread = {"mean_ms": round(mean(seconds), 1)} | quantiles(seconds)
    return {
        "version": splink_.__version__,
        "notifications": notifications,
        "made_seconds": round(made, 1),
    } | spread


def _table(backend: Any, folder: Path, name: str, rows: Iterable[Sequence[str]]) -> Any:
    path = folder / f"{name}.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(_COLUMNS)
        writer.writerows(rows)
    backend.duckdb_con.read_csv(str(path), all_varchar=True).create(name)
    return backend.register(name, dataset_display_name=f"as_{name}")


def _known(record: PersonRecord) -> Sequence[str]:
    of = record.profile
    return (of.person_id, *_fields(of), _day(of.births), *_first(of.nhs))


def _asked(one: Told) -> Sequence[str]:
    evidence = evidence_of(one.message.data, one.message.id)
    assert evidence is not None
    of = evidence.subject()
    return (one.message.id, *_fields(of), _day([of.day]), of.nhs)


def _fields(of: Profile | Subject) -> Sequence[str]:
    postcode = of.addresses[0].rpartition("|")[2] if of.addresses else ""
    return (*_first(of.givens), *_first(of.families), postcode, *_first(of.phones))


def _first(values: Sequence[str]) -> Sequence[str]:
    return values[:1] or ("",)


def _day(days: Sequence[int]) -> str:
    return dt.date.fromordinal(days[0]).isoformat() if any(days) else ""
