"""Splink on the same records: set up as its documentation advises for such data, and given its best
threshold.

That threshold is picked by the truth, which the hub's engine never sees: an advantage to Splink.
Its records are the values as published, lower case; its u probabilities come from random pairs, its
m probabilities from expectation maximisation over several blocking rules, names and addresses are
adjusted for how frequent they are.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from tests.proofs.k2.pairs import Score, best
from tests.proofs.k2.records import Record, package

_ADDRESS = ("street_number", "street_name", "unit_number", "po_box")
_RANDOM_PAIRS = 1e7
_LEAST = -20.0
"""Pairs of less weight, in bits, are never linked; below that is no threshold worth trying."""


@dataclass(frozen=True, slots=True)
class Setup:
    """How Splink is set up: what is compared, which pairs are looked at, and by which rules its
    weights are learned.
    """

    link_type: str
    comparisons: Sequence[Any]
    blocking: Sequence[Sequence[str]]
    """Each rule names the columns, or SQL expressions, that two records have to share to be
    compared.
    """
    certain: Sequence[Sequence[str]]
    """Rules by which nearly only the same person's records agree; they tell how frequent such pairs
    are ...
    """
    recall: float
    """... when they find about this share of all."""
    training: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class Beside:
    """What Splink came to at its best threshold, in bits."""

    score: Score
    threshold: float
    even: Score
    """At even odds, the threshold that its own model speaks for."""


def febrl(link_type: str) -> Setup:
    """For Febrl's columns."""
    library = package("splink.comparison_library")
    return Setup(
        link_type=link_type,
        comparisons=[
            library.NameComparison("given_name"),
            library.NameComparison("surname"),
            library.DateOfBirthComparison(
                "date_of_birth", input_is_string=True, datetime_format="%Y%m%d"
            ),
            library.DamerauLevenshteinAtThresholds("soc_sec_id", [1, 2]),
            library.ExactMatch("street_number").configure(term_frequency_adjustments=True),
            library.JaroWinklerAtThresholds("address_1", [0.95, 0.88]).configure(
                term_frequency_adjustments=True
            ),
            library.JaroWinklerAtThresholds("address_2", [0.95, 0.88]).configure(
                term_frequency_adjustments=True
            ),
            library.JaroWinklerAtThresholds("suburb", [0.95, 0.88]).configure(
                term_frequency_adjustments=True
            ),
            library.DamerauLevenshteinAtThresholds("postcode", [1, 2]).configure(
                term_frequency_adjustments=True
            ),
            library.ExactMatch("state").configure(term_frequency_adjustments=True),
        ],
        blocking=[
            ["soc_sec_id"],
            ["date_of_birth"],
            ["given_name", "surname"],
            ["given_name", "postcode"],
            ["surname", "postcode"],
            ["address_1"],
            ["street_number", "postcode"],
            ["suburb", "address_2"],
            ["given_name", "suburb"],
            ["surname", "suburb"],
        ],
        certain=[["soc_sec_id"], ["given_name", "surname", "date_of_birth"]],
        recall=0.95,
        training=[["date_of_birth"], ["given_name", "surname"], ["soc_sec_id"]],
    )


def censuses() -> Setup:
    """For two censuses of ``pseudopeople``, each of which lists a person once."""
    library = package("splink.comparison_library")
    return Setup(
        link_type="link_only",
        comparisons=[
            library.NameComparison("first_name"),
            library.ExactMatch("middle_initial").configure(term_frequency_adjustments=True),
            library.NameComparison("last_name"),
            library.DateOfBirthComparison(
                "date_of_birth", input_is_string=True, datetime_format="%m/%d/%Y"
            ),
            library.ExactMatch("sex"),
            _address(library),
        ],
        blocking=[
            ["first_name", "last_name"],
            ["date_of_birth"],
            ["first_name", "street_name"],
            ["last_name", "street_name"],
            ["street_number", "street_name", "sex"],
            ["last_name", "middle_initial", "sex"],
            ["first_name", "middle_initial", "substr(date_of_birth, 7, 4)"],
            ["last_name", "substr(date_of_birth, 7, 4)"],
        ],
        certain=[["first_name", "last_name", "date_of_birth"]],
        recall=0.8,
        training=[["first_name", "last_name"], ["first_name", "street_name"]],
    )


def taxes() -> Setup:
    """For a census and wage forms of ``pseudopeople``."""
    library = package("splink.comparison_library")
    return Setup(
        link_type="link_and_dedupe",
        comparisons=[
            library.NameComparison("first_name"),
            library.ExactMatch("middle_initial").configure(term_frequency_adjustments=True),
            library.NameComparison("last_name"),
            library.DamerauLevenshteinAtThresholds("ssn", [1, 2]),
            _address(library),
        ],
        blocking=[
            ["ssn"],
            ["first_name", "last_name"],
            ["first_name", "street_name"],
            ["last_name", "street_name"],
            ["street_number", "street_name"],
            ["last_name", "middle_initial"],
        ],
        certain=[["first_name", "last_name", "street_name"], ["ssn"]],
        recall=0.8,
        training=[["first_name", "last_name"], ["first_name", "street_name"]],
    )


def _address(library: Any) -> Any:
    """Number, street and unit as one, since those of a household agree or differ together."""
    levels = package("splink.comparison_level_library")
    return library.CustomComparison(
        output_column_name="address",
        comparison_levels=[
            levels.NullLevel("address"),
            levels.ExactMatchLevel("address", term_frequency_adjustments=True),
            levels.JaroWinklerLevel("address", 0.95),
            levels.ExactMatchLevel("street_name"),
            levels.ElseLevel(),
        ],
    )


def run(records: Sequence[Record], setup: Setup, seed: int) -> Beside:
    """Learn from the records without the truth, link them, and find the threshold that the truth
    likes best.
    """
    truth = {record.id: record.truth for record in records}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logging.getLogger("splink").setLevel(logging.ERROR)
        links = list(_links(_linker(records, setup), setup, seed))
    found, threshold = best(links, truth)
    even, _ = best(((0.0, a, b) for weight, a, b in links if weight >= 0.0), truth)
    return Beside(found, threshold, even)


def _linker(records: Sequence[Record], setup: Setup) -> Any:
    splink, pandas, duckdb = package("splink"), package("pandas"), package("duckdb")
    tables = (
        sorted({record.table for record in records}) if setup.link_type != "dedupe_only" else [""]
    )
    connection = duckdb.connect()
    connection.execute("SET enable_progress_bar = false")
    database = splink.DuckDBAPI(connection)
    frames = []
    for table in tables:
        rows = [_row(record) for record in records if table in ("", record.table)]
        frame = pandas.DataFrame(rows, dtype="string")
        frames.append(
            database.register(frame, dataset_display_name=table.replace(" ", "_") or "records")
        )
    settings = splink.SettingsCreator(
        link_type=setup.link_type,
        comparisons=list(setup.comparisons),
        blocking_rules_to_generate_predictions=[
            splink.block_on(*columns) for columns in setup.blocking
        ],
        retain_matching_columns=False,
    )
    return splink.Linker(frames if len(frames) > 1 else frames[0], settings, log_level=None)


def _row(record: Record) -> dict[str, str | None]:
    values = dict(record.values)
    if "street_name" in values:
        values["address"] = " ".join(filter(None, (values[part] for part in _ADDRESS)))
    return {
        "unique_id": record.id,
        **{column: value.lower() or None for column, value in values.items()},
    }


def _links(linker: Any, setup: Setup, seed: int) -> Iterator[tuple[float, str, str]]:
    block_on = package("splink").block_on
    training = linker.training
    certain = [block_on(*columns) for columns in setup.certain]
    training.estimate_probability_two_random_records_match(certain, recall=setup.recall)
    training.estimate_u_using_random_sampling(max_pairs=_RANDOM_PAIRS, seed=seed)
    for columns in setup.training:
        training.estimate_parameters_using_expectation_maximisation(block_on(*columns))
    predicted = linker.inference.predict(threshold_match_weight=_LEAST).as_pandas_dataframe()
    columns = ("match_weight", "unique_id_l", "unique_id_r")
    yield from zip(*(predicted[column].tolist() for column in columns), strict=True)
