"""Forms are read as text, small ones alone."""

from __future__ import annotations

import pytest

from ops.console.errors import Unsaid
from ops.console.forms import _with_files, form_of


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


SENT_AS = "multipart/form-data; boundary=xyz"


def part(name: str, text: str, more: str = "") -> str:
    return f'--xyz\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n{text}\r\n'


def test_a_file_is_text_and_its_name_is_not_kept() -> None:
    body = part("a", "one\r\ntwo") + part("b", "é", '; filename="name"') + "--xyz--\r\n"
    form = _with_files(body.encode(), SENT_AS)
    assert form.fields == {"a": ["one\ntwo"], "b": ["é"]}


def test_what_is_nested_in_a_part_is_text() -> None:
    inner = "Content-Type: multipart/mixed; boundary=in\r\n\r\n--in\r\n\r\nx\r\n--in--"
    form = _with_files((part("a", inner) + "--xyz--").encode(), SENT_AS)
    assert form.one("a") == inner.replace("\r\n", "\n")


@pytest.mark.parametrize(
    "body",
    [
        part("a", "x") * 21 + "--xyz--",
        part("a", "x", "; p=1" * 1000) + "--xyz--",
        part("a", "x"),
        "--xyz--",
        "",
    ],
    ids=["many", "long head", "no end", "nothing", "empty"],
)
def test_what_is_no_form_with_files_is_refused(body: str) -> None:
    with pytest.raises(Unsaid):
        _with_files(body.encode(), SENT_AS)
