"""Addresses, telephone numbers and identifiers as agencies write them."""

from __future__ import annotations

import pytest

from router.linkage.identifiers import nhs_number, upn
from router.linkage.places import Nearness, address, nearness, telephone


@pytest.mark.parametrize(
    ("a", "b", "near"),
    [
        (
            (("12 Larkfield Road", "Netherby"), "ZX1 2AB"),
            (("12 Larkfield Rd",), "zx12ab"),
            Nearness.SAME,
        ),
        (
            (("Flat 3, Elm Court", "9 Larkfield Road"), "ZX1 2AB"),
            (("3 Elm Court", "Larkfield Rd"), "ZX1 2AB"),
            0,
        ),
        ((("12 Larkfeild Road",), ""), (("12 Larkfield Rd",), "ZX1 2AB"), Nearness.LINE),
        (
            (("14 Larkfield Road",), "ZX1 2AB"),
            (("12 Larkfield Road",), "ZX1 2AB"),
            Nearness.NEIGHBOUR,
        ),
        ((("12 Larkfield Road",), "ZX1 2AB"), (("7 Quarry Lane",), "QX9 8YZ"), Nearness.OTHER),
        ((("12 Larkfieldraod",), "ZX1 2AB"), (("12 Larkfield Road",), "ZX1 2AB"), Nearness.SAME),
        ((("12 Larkfields",), "ZX1 2AB"), (("12 Larkfieldsend Row",), "QX9 8YZ"), Nearness.OTHER),
        ((("9 Quarry Lane",), "4763"), (("12 Larkfield Road",), "4763"), Nearness.SAME_POSTCODE),
        ((("12 Larkfield Road",), "4763"), (("12 Larkfield Road",), "4758"), Nearness.STREET),
        (((), "ZX1 2AB"), ((), "ZX1 2AB"), Nearness.SAME_POSTCODE),
        ((("As above",), "ZX1 2AB"), (("As above",), "ZX1 2AB"), Nearness.NONE),
        ((("Rose Cottage",), "ZX1 2AB"), (("Rose Cottage",), "ZX1 2AB"), Nearness.SAME),
        ((("Rose Cottage",), ""), (("Rose Cottage",), ""), Nearness.STREET),
        ((("Flat", "Netherby"), ""), (("Flat", "Netherby"), ""), Nearness.NONE),
        ((("c/o Social Services", "Netherby"), ""),) * 2 + (Nearness.NONE,),
        ((("No fixed abode",), "ZZ99 3VZ"), (("7 Quarry Lane",), "QX9 8YZ"), Nearness.NONE),
    ],
)
def test_addresses_are_as_near_as_they_are(
    a: tuple[tuple[str, ...], str], b: tuple[tuple[str, ...], str], near: int
) -> None:
    assert nearness(address(*a), address(*b)) == near


def test_a_telephone_number_is_the_same_however_it_is_written() -> None:
    assert telephone("01632 960 999") == telephone("+441632960999") == "1632960999"


def test_only_a_well_formed_nhs_number_counts() -> None:
    assert nhs_number("999 123 4578") == "9991234578"
    assert nhs_number("999 123 4579") == ""
    assert nhs_number("9999999999") == ""


def test_only_a_upn_with_the_right_check_letter_counts() -> None:
    assert upn("B123456789012") == ""
    good = [letter for letter in "ABCDEFGHJKLMNPQRTUVWXYZ" if upn(f"{letter}123456789012")]
    assert len(good) == 1
