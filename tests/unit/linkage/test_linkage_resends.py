"""What tells a resend from a new concern."""

from __future__ import annotations

import pytest

from router.linkage.resends import forwarded_reference, plain_reference


@pytest.mark.parametrize(
    "marked",
    ["CN-24-001452/1", "CN-24-001452/1 (amended)", "CN-24-001452/1/v2", "CN-24-001452/1-A"],
)
def test_the_mark_of_a_new_version_goes_and_the_number_of_a_sibling_stays(marked: str) -> None:
    assert plain_reference(marked) == "CN-24-001452/1"


def test_a_forwarded_copy_names_the_first_agency_and_its_reference() -> None:
    told = "Forwarded from nhs emergency ref ED240001238/1: Child was found alone."
    assert forwarded_reference(told) == ("nhs_emergency", "ED240001238/1")
    assert forwarded_reference("Child was forwarded from school to the clinic.") is None


@pytest.mark.parametrize("space", [" " * 20_000, " - " * 6_000, "a ref" * 4_000])
def test_a_narrative_made_to_be_slow_is_not(space: str) -> None:
    """Every way of cutting the spaces up, tried in turn, would take minutes: the test would not
    end.
    """
    assert forwarded_reference(f"fwd from{space}x") is None
    assert forwarded_reference(f"fwd from a{space}x") is None
