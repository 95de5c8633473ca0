"""How large what runs a long time is made: as is enough on every change, or with ``FULL=1`` in the
environment larger.
"""

from __future__ import annotations

import os

FULL = os.environ.get("FULL") == "1"
