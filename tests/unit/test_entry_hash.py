"""Whatever differs between two journal entries, they are never hashed from the same bytes."""

from __future__ import annotations

import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from stores.entry_hash import COLUMNS, encoded, entry_hash

ENTRY = (
    *("rate/0", 7, "message-1", "ratings.assigned", "mash.rating.suggested.v1", "mash-hub/rate"),
    *("case-1", "case-1", "ref-1", "message-0", 1_790_000_000_000_000, 1_790_000_000_000_001),
    *("case-1", b"digest", b"payload"),
)
Entry = tuple[object, ...]
TEXT = st.text() | st.sampled_from(
    ["", "a", "b", "ab", "None", "1", "12", "\x1f", "a\x1f", "\x1fb", "\xe6", "\U0001f600"]
)
"""Above all what is mistaken for something else, or for a part of its neighbour."""
ENTRIES = st.tuples(
    TEXT,
    st.integers(),
    *[TEXT | st.none() for _ in range(8)],
    st.integers(),
    st.integers(),
    TEXT,
    st.binary(max_size=40),
    st.binary(max_size=40),
)
FEW = st.tuples(
    *(st.just("rate/0"), st.just(1)),
    *[st.sampled_from(["", "a", "aa"]) for _ in range(8)],
    *(st.just(2), st.just(3), st.just("")),
    *[st.sampled_from([b"", b"a"]) for _ in range(2)],
)
"""So few that many are the same but for where a value ends."""


def changed(**columns: object) -> Entry:
    """The entry with these columns otherwise."""
    return tuple(columns.get(name, value) for name, value in zip(COLUMNS, ENTRY, strict=True))


@for_all(FEW, FEW)
@settings(max_examples=1000)
def test_entries_are_encoded_alike_only_if_they_are_alike(one: Entry, other: Entry) -> None:
    assert (encoded(one) == encoded(other)) == (one == other)


@for_all(ENTRIES, st.integers(0, len(COLUMNS) - 1))
def test_what_is_only_written_alike_shows(entry: Entry, place: int) -> None:
    value = entry[place]
    written = value.encode() if isinstance(value, str) else str(value)
    assert encoded((*entry[:place], written, *entry[place + 1 :])) != encoded(entry)


@for_all(ENTRIES, st.integers(0, len(COLUMNS) - 2), st.data())
def test_what_moves_from_one_field_to_the_next_shows(
    entry: Entry, place: int, data: st.DataObject
) -> None:
    left, right = entry[place], entry[place + 1]
    if not (isinstance(left, str) and isinstance(right, str)):
        return
    joined = f"{left}{right}" if data.draw(st.booleans()) else f"{left}\x1f{right}"
    cut = data.draw(st.integers(0, len(joined)))
    moved = (*entry[:place], joined[:cut], joined[cut:], *entry[place + 2 :])
    assert (encoded(moved) == encoded(entry)) == (moved == entry)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"causation_id": None}, {"causation_id": "None"}),
        ({"causation_id": None}, {"causation_id": ""}),
        ({"time": 1}, {"time": "1"}),
        ({"subject": "a", "key": "b\x1fc"}, {"subject": "a\x1fb", "key": "c"}),
        ({"subject": "ab", "key": "c"}, {"subject": "a", "key": "bc"}),
        ({"digest": b"ab", "payload": b"c"}, {"digest": b"a", "payload": b"bc"}),
        ({"key_id": "ab", "digest": b"c"}, {"key_id": "a", "digest": b"bc"}),
        ({"key_id": "a", "digest": b"b"}, {"key_id": "a", "digest": "b"}),
    ],
)
def test_what_is_easily_taken_for_something_else_is_not(
    one: dict[str, object], other: dict[str, object]
) -> None:
    assert encoded(changed(**one)) != encoded(changed(**other))


def test_a_value_of_a_kind_that_is_never_written_has_no_encoding() -> None:
    with pytest.raises(KeyError):
        encoded(changed(time=1.5))


@pytest.mark.parametrize(
    ("version", "digest"),
    [
        (1, "a457911f9dc065ebbb890144dcd91d65052e418440fc131dc662772460e687a8"),
        (2, "f4dbbc9e2df2ee23361c13fdf4ec6578b333828ad09a3fafae96db3fec10290d"),
    ],
)
def test_a_hash_stays_what_it_is_for_as_long_as_there_are_journals(
    version: int, digest: str
) -> None:
    assert entry_hash(bytes(32), ENTRY, version=version).hex() == digest
