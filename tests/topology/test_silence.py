"""What an owner wants no word of makes no difference to anybody else (F20).

The same by command and as large as wanted: `python -m tests.proofs f20`.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.proofs.f20 import a_pair, letting_show, site
from tests.proofs.onlookers import Site


@pytest.fixture(scope="module")
def borough() -> Iterator[Site]:
    with site() as made:
        yield made


@pytest.mark.parametrize("kind", ["answered", "told unasked and alone"])
def test_hubs_that_differ_in_a_silent_item_are_the_same_to_everybody_else(
    borough: Site, kind: str
) -> None:
    assert a_pair(borough, kind, name="7") == []


def test_where_a_silent_item_shows_it_is_found(borough: Site) -> None:
    with letting_show("refused"):
        differs = a_pair(borough, "withheld when asked", name="7")
    assert "letter mash.receipt.v1, early_help" in differs
