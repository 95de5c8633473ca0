"""A span among all, as W3C's Trace Context names it, which systems tell each other."""

from __future__ import annotations

import re
from random import getrandbits
from typing import NamedTuple

_HEADER = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}")


class Context(NamedTuple):
    """A span among all, by the numbers of W3C's Trace Context."""

    trace: int
    span: int

    def below(self) -> Context:
        """A new span of the same trace."""
        return Context(self.trace, getrandbits(64) or 1)  # by chance, and no secret

    @property
    def trace_id(self) -> str:
        """As it stands in logs."""
        return f"{self.trace:032x}"

    @property
    def header(self) -> str:
        """As the header ``traceparent``."""
        return f"00-{self.trace:032x}-{self.span:016x}-01"


def of_header(told: object) -> Context | None:
    """What ``traceparent`` says; None for what is no such header, whatever it is."""
    if isinstance(told, bytes) and len(told) < 100:
        told = told.decode("latin-1")
    found = _HEADER.fullmatch(told) if isinstance(told, str) else None
    if found is None:
        return None
    context = Context(int(found[1], 16), int(found[2], 16))
    return context if context.trace and context.span else None
