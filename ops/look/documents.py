"""What steps remember, as pages read it: a document is opened and parsed once, whichever page asks,
as long as it is unchanged.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cache
from typing import Any

from pydantic import TypeAdapter

from router.step import Step
from stores import states
from stores.database import View


def of(view: View, step: Step[Any], keys: Collection[str]) -> Mapping[str, Any]:
    """The documents of a step under these keys, as far as there are any."""
    return states.parsed(view, step.name, keys=keys, parse=_reads(step.state))


@cache
def _reads(state: Any) -> Any:
    return TypeAdapter(state).validate_json
