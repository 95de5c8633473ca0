"""What a notification costs when so many are stored: CPU time, bytes and memory, over the next two
thousand.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from ops.demo.simulation.children import Told, generate
from tests.bench.against import HERE

WINDOW = 2_000
_CHILDREN = 0.425
"""In the population for each notification, as in the sample."""
_IN_A_BLOCK = 1_000
_SEED = 6


def growth(
    sizes: Sequence[int], *, folder: Path | None, told: Callable[[str], None]
) -> dict[str, Any]:
    """The figures at each size. With a ``folder`` what is built stays, and is built on: a run that
    was stopped goes on, and the next one need not build.
    """
    with ExitStack() as stack:
        kept = folder or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        # A store that is kept grows by what was measured over it.
        stream = streamed(kept, max(sizes) * 11 // 10 + WINDOW, told=told)
        return {str(size): _grown(size, kept, stream=stream, told=told) for size in sizes}


def _grown(size: int, folder: Path, *, stream: Path, told: Callable[[str], None]) -> dict[str, Any]:
    told(f"growth: {size} stored")
    store = folder / f"{size}-stored" / "hub.db"
    store.parent.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "tests.bench.grown", str(size), str(store), str(stream)]
    done = subprocess.run(command, cwd=HERE, stdout=subprocess.PIPE, check=True)
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures


def streamed(folder: Path, number: int, *, told: Callable[[str], None]) -> Path:
    """A file of so many notifications about invented children, made once.

    The sample again and again would tell ever more of the same children; and in order of time a
    large stream begins with new children and ends with known ones. So it goes by families: each
    block of it is alike, however much came before.
    """
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"stream-{number}.jsonl"
    if not file.exists():
        told(f"growth: a stream of {number} notifications")
        stream = generate(children=round(number * _CHILDREN), notifications=number, seed=_SEED)
        lines = (json.dumps(one.record) + "\n" for one in by_families(stream))
        unfinished = file.with_suffix(".unfinished")
        with unfinished.open("w", encoding="utf-8") as out:
            out.writelines(lines)
        unfinished.rename(file)
    return file


def by_families(stream: Sequence[Told]) -> list[Told]:
    """All of a block of families, in order of time, before the next block."""
    chance, blocks = random.Random(_SEED), max(1, len(stream) // _IN_A_BLOCK)  # noqa: S311
    families = sorted({one.child.family.id for one in stream})
    block: Mapping[int, int] = {family: chance.randrange(blocks) for family in families}
    return sorted(stream, key=lambda one: block[one.child.family.id])
