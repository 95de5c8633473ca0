"""What is true of the sample stream, which only tests and proofs are told."""

from __future__ import annotations

import csv
from importlib.resources import files


def sample_truth() -> list[dict[str, str]]:
    """Of each line: child, family, what it sends again, what is difficult in it."""
    text = (files("ops.sample") / "truth.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))
