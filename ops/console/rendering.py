"""Templates, and the files that go with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any, Final

from jinja2 import ChainableUndefined, ChoiceLoader, Environment, PackageLoader, PrefixLoader

from ops.console.filters import FILTERS

AT: Final = "/desk"
"""Where the console is."""
_KINDS: Final = {
    "css": "text/css",
    "js": "text/javascript",
    "svg": "image/svg+xml",
    "txt": "text/plain",
}


@dataclass(frozen=True, slots=True, repr=False)
class Static:
    """A file that every page may name: the same for everybody, so it may be kept by browsers."""

    body: bytes
    kind: str

    @property
    def digest(self) -> str:
        """Part of its address, so that a changed one is another."""
        return sha256(self.body).hexdigest()[:16]


@cache
def statics() -> Mapping[str, Static]:
    """All such files, by name."""
    found = (one for one in (files("ops.console") / "static").iterdir() if one.is_file())
    return {
        one.name: Static(one.read_bytes(), _KINDS[one.name.rpartition(".")[2]]) for one in found
    }


def _address_of(name: str) -> str:
    return f"{AT}/static/{name}?v={statics()[name].digest}"


@cache
def environment() -> Environment:
    """Where templates are found, and what they can say. Everything is escaped.

    The components ask for what nobody gave them, so what is not there is empty.
    """
    components = PackageLoader("govuk_frontend_jinja", "templates")
    loader = ChoiceLoader(
        [
            PackageLoader("ops.console", "templates"),
            PrefixLoader({"govuk_frontend_jinja": components}),
        ]
    )
    made = Environment(
        loader=loader,
        undefined=ChainableUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters.update(FILTERS)
    made.globals |= {"at": AT, "static": _address_of}
    return made


def render(template: str, values: Mapping[str, Any]) -> str:
    """The page as text."""
    return environment().get_template(template).render(values)
