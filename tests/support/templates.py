"""Names in the console's templates that nothing has. The library's components need what nobody gave
them to be empty, and that hides our own slips.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from jinja2 import ChainableUndefined, UndefinedError
from jinja2.utils import missing

from ops.console.rendering import environment

_OURS = ("ops", "console", "templates")
_found: set[str] = set()


class Unknown(ChainableUndefined):
    """What is not there, and noted where a page of ours shows it, or asks it of a thing that has
    the same names always. Mappings, and pages, may be asked whether it is there.
    """

    def __init__(
        self,
        hint: str | None = None,
        obj: Any = missing,
        name: str | None = None,
        exc: type[UndefinedError] = UndefinedError,
    ) -> None:
        super().__init__(hint, obj, name, exc)
        if obj is not missing and not isinstance(obj, Mapping | type(None)):
            self._note()

    def __str__(self) -> str:
        self._note()
        return super().__str__()

    def _note(self) -> None:
        template = _template()
        if template is not None:
            _found.add(f"{template}: {self._undefined_message}")


def _template() -> str | None:
    """The template of ours that is at work, of those under way the innermost; None: a component."""
    frame = sys._getframe(1)
    while frame.f_back is not None:
        path = Path(frame.f_code.co_filename)
        if path.suffix == ".html":
            return "/".join(path.parts[-2:]) if _is_ours(path) else None
        frame = frame.f_back
    return None


def _is_ours(path: Path) -> bool:
    return any(path.parts[at : at + 3] == _OURS for at in range(len(path.parts)))


@contextmanager
def every_name_is_there() -> Iterator[None]:
    """Fail at the end where a page that was made meanwhile named what is not there."""
    made = environment()
    before, made.undefined = made.undefined, Unknown
    _found.clear()
    try:
        yield
    finally:
        made.undefined = before
    assert not _found, sorted(_found)


@pytest.fixture(autouse=True)
def no_template_names_what_is_not_there() -> Iterator[None]:
    """A page may be well in all that its test looks at."""
    with every_name_is_there():
        yield
