"""A peer's worker: ``python -m tests.bench.peers.worker NAME``, its place in the environment."""

from __future__ import annotations

import sys
from importlib import import_module

from tests.bench.peers.work import Place

if __name__ == "__main__":
    import_module(f"tests.bench.peers.on_{sys.argv[1]}").work(Place.of())
