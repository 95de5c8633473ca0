"""Forms are read as text, small ones alone."""

from __future__ import annotations

import pytest

from ops.console.errors import Unsaid
from ops.console.forms import form_of


def test_fields_are_text_with_lines_as_elsewhere_in_the_hub() -> None:
    form = form_of(b"a=one%0D%0Atwo&b=%C3%A9&b=x&b=&c=+")
    assert form.one("a") == "one\ntwo"
    assert form.all("b") == ("é", "x")
    assert form.one("c") == ""
    assert form.one("nothing") == ""


@pytest.mark.parametrize(
    "body", [b"a=%FF", "a=é".encode(), b"&".join([b"a=1"] * 1001)], ids=["utf-8", "raw", "many"]
)
def test_what_is_no_form_is_refused(body: bytes) -> None:
    with pytest.raises(Unsaid):
        form_of(body)
