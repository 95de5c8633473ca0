"""Every fact says for itself what it is about; nothing follows from what its fields are called."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from schemas.base import Fact
from schemas.topics import FACTS

EXAMPLES = Path(__file__).parents[3] / "schemas" / "examples"
NAMED = {
    "of_case": "case_id",
    "of_referral": "referral_id",
    "of_product": "product_id",
    "of_agency": "agency",
    "of_area": "area",
}


class Odd(Fact, type="test.odd.v1", topic="test", subject="code"):
    """A fact whose fields are called like those that others are routed by."""

    code: str
    agency: str
    case_id: str


def test_a_field_routes_nothing_that_its_fact_does_not_say_it_does() -> None:
    odd = Odd(code="c", agency="not whose it is", case_id="not its case")
    assert (odd.of_case, odd.of_referral, odd.of_agency, odd.of_area) == (None, None, None, None)
    assert odd.subject == "c"


def test_a_fact_is_about_all_that_its_path_joins() -> None:
    assert example("mash.notification.duplicated.v1").subject == "police/R-1"


def example(type_: str) -> Fact:
    (path,) = EXAMPLES.rglob(f"{type_}.json")
    return FACTS[type_].model_validate_json(path.read_bytes())


@pytest.mark.parametrize("type_", FACTS)
def test_a_fact_that_names_its_case_referral_product_agency_or_area_says_so(type_: str) -> None:
    fact = example(type_)
    told: dict[str, Any] = json.loads(fact.model_dump_json())
    parts = ("consent", "decision", "response", "receipt")
    inner = next((told[name] for name in parts if name in told), told)
    said = {handle: getattr(fact, handle) for handle in NAMED}
    named = {handle: told.get(field) for handle, field in NAMED.items()}
    assert said == named | {name: inner.get(NAMED[name]) for name in ("of_referral", "of_product")}


@pytest.mark.parametrize("type_", FACTS)
def test_a_fact_is_about_its_case_wherever_it_names_one(type_: str) -> None:
    fact = example(type_)
    assert fact.subject
    assert fact.of_case in (None, fact.subject)
