"""By which rules a child is described, compared and known again: the policy says which.

A journal is replayed by the rules that decided it. What was decided by older ones stays as it was
decided, and the older ones stay here.
"""

from __future__ import annotations

from typing import Final

FIRST: Final = 1
"""As until decision 018: what a policy without a number means."""
NEWEST: Final = 4
"""Of unborn twins whom nobody told apart a human says which is which; an amendment, or another
agency's copy, is of the concern that was told first; and whoever decides about brothers and sisters
hears of a concern.

By 3, since decision 022: a pregnancy and the child born of it are one by their mother, and what
many families share joins none: a protected home or telephone, and one of three surnames. With an
adult's date of birth nobody is a known child.

By 2, since decision 018: placeholders are no evidence, round dates weigh less, near names are for a
human, and a reference alone makes no version.
"""
