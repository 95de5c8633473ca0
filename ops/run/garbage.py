"""How often a hub's processes look for garbage."""

from __future__ import annotations

import gc


def collect_seldom() -> None:
    """Look for reference cycles seldom: it took a sixth of the embedded hub's time.

    Messages hold none, and are freed as they go out of use. So many objects are more than a batch
    holds at once: looked for in the middle of one, all of its messages would be gone through.
    """
    gc.set_threshold(500_000, 20, 100)
    gc.freeze()
