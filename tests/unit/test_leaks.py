"""Nothing leaves but where its owner lets it (F18), in small; leaks let in are found (F19).

The same by command and as large as wanted: `python -m tests.proofs f18` and `f19`.
"""

from __future__ import annotations

import base64
import codecs
import gzip
import json
import quopri
import zlib
from collections.abc import Callable

import pytest

from tests.proofs.canary import CUT, ENCODINGS, MARK, canary, found_in
from tests.proofs.f18 import Plan, prove
from tests.proofs.f19 import prove as let_in
from tests.proofs.f19_faults import FAULTS

WORD = canary(18)


def quiet(_: int) -> None:
    pass


def test_nothing_leaves_but_where_its_owner_lets_it() -> None:
    figures = prove(Plan(sequences=12, seed=18), progress=quiet)
    assert (figures["leaks"], figures["found"]) == (0, {})
    assert figures["canaries"] > 12 * 20
    assert {"approves", "rules", "informs", "rated"} <= set(figures["did"])


def test_each_leak_that_is_let_in_is_found_where_it_is() -> None:
    assert len(FAULTS) == len({fault.name for fault in FAULTS}) >= 40
    figures = let_in(progress=quiet)
    assert (figures["missed"], figures["clean_without"]) == ([], True)


def each(form: str) -> Callable[[bytes], bytes]:
    return lambda plain: "".join(form.format(byte) for byte in plain).encode()


ENCODED: dict[str, Callable[[bytes], bytes]] = {
    "utf-8": bytes,
    "utf-16-le": lambda plain: plain.decode().encode("utf-16-le"),
    "utf-16-be": lambda plain: b"." + plain.decode().encode("utf-16-be"),
    "base64": base64.b64encode,
    "base32": base64.b32encode,
    "hex": lambda plain: plain.hex().encode(),
    "percent": each("%{:02X}"),
    "quoted-printable": lambda plain: quopri.encodestring(b"=" * 22 + plain + b"=" * 40),
    "json escapes": each("\\u{:04x}"),
    "html entities": each("&#{};"),
    "reversed": lambda plain: plain[::-1],
    "rot13": lambda plain: codecs.encode(plain.decode(), "rot13").encode(),
    "compressed": zlib.compress,
}


def test_the_search_knows_so_many_encodings() -> None:
    assert tuple(ENCODED) == ENCODINGS


@pytest.mark.parametrize("shift", range(5))
@pytest.mark.parametrize("word", [WORD, WORD.capitalize(), WORD.upper()])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_canary_is_found_in_any_of_them(encoding: str, word: str, shift: int) -> None:
    encoded = ENCODED[encoding](b"x" * shift + f" {word} was seen.".encode())
    assert WORD in {found for found, _ in found_in(b"before " + encoded + b" after")}


def test_it_is_found_in_one_within_another() -> None:
    packed = base64.b64encode(gzip.compress(f"{WORD} was seen".encode())).decode()
    assert (WORD, "base64") in found_in(json.dumps({"body": packed}).encode())


def test_one_that_was_cut_off_is_found_too() -> None:
    assert found_in(f"… {MARK}".encode()) == {(CUT, "utf-8")}


def test_no_two_canaries_are_one_and_nothing_else_is_taken_for_one() -> None:
    assert len({canary(number) for number in range(100_000)}) == 100_000
    assert found_in(b"Seen at school with his uncle, who said nothing of it.") == set()
