"""What tells a resend from a new concern: plain references, and 'Forwarded from ... ref ...'.

An agency keeps its reference when it sends again or amends, but for a mark such as ``(amended)``,
``/v2`` or ``-A``. Numbers after a slash tell brothers and sisters of one incident apart and stay. A
copy that another agency forwards has a reference of its own and names the first one in its
narrative.
"""

from __future__ import annotations

import re
from typing import Final

from router.linkage.kept import kept
from router.linkage.text import fold

_VERSION: Final = re.compile(
    r"(?:\s*[(\[](?:amended|amendment|updated?|revised|v(?:ersion)?\s*\d+)[)\]]|"
    r"[\s/_-]+(?:v\d+|amended|rev\d*)|-[A-Z])$",
    re.IGNORECASE,
)
_FORWARDED: Final = re.compile(
    r"^\W*(?:fwd?|forwarded)\s+(?:from|by)\s+(?P<agency>\w[\w' -]{1,59}?),?\s+"
    r"ref(?:erence|\.)?:?\s+(?P<reference>\S[^:;]{0,199})[:;]\s",
    re.IGNORECASE,
)


@kept(1024)
def plain_reference(reference: str) -> str:
    """The reference without the mark of a new version; asked for twice on the way of each."""
    return _VERSION.sub("", reference.strip()) or reference.strip()


@kept(1024)
def forwarded_reference(narrative: str) -> tuple[str, str] | None:
    """Whose notification this forwards, as (agency joined by ``_``, plain reference); None when it
    is no copy. Asked for several times on the way of each.
    """
    match = _FORWARDED.match(narrative)
    if match is None:
        return None
    return fold(match["agency"]).replace(" ", "_"), plain_reference(match["reference"])
