"""A changed copy of a shape is what pydantic would have made, in a third of the time."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from tests.support import given


@pytest.mark.parametrize("changes", [{}, {"version": 2}, {"version": 2, "amends": "ref-0"}])
def test_a_copy_is_what_pydantic_makes(changes: dict[str, Any]) -> None:
    linked = given.linked()
    before = copy.deepcopy(linked)
    copied, theirs = linked.model_copy(update=changes), BaseModel.model_copy(linked, update=changes)
    assert copied == theirs
    assert copied.model_fields_set == theirs.model_fields_set
    assert copied.model_dump_json() == theirs.model_dump_json()
    assert copied.model_dump(exclude_unset=True) == theirs.model_dump(exclude_unset=True)
    assert (linked, linked.model_fields_set) == (before, before.model_fields_set)


def test_a_copy_is_as_frozen_as_what_it_was_made_of() -> None:
    copied = given.linked().model_copy(update={"version": 2})
    with pytest.raises(ValidationError):
        copied.version = 3  # type: ignore[misc]


def test_a_deep_copy_shares_nothing() -> None:
    linked = given.linked()
    assert linked.model_copy(deep=True).notification is not linked.notification
