"""Two checkouts are compared turn by turn, and processes by what the kernel counts."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.bench.against import ratios
from tests.bench.usage import Usage, memory_mb, tree, used


def _run(seconds: float, cpu: float, written: float) -> dict[str, float]:
    return {"seconds": seconds, "cpu_seconds": cpu, "written_bytes": written}


def test_a_ratio_is_the_median_of_the_turns_and_not_of_the_machines_moods() -> None:
    pairs = [
        (_run(1, 1, 50), _run(3, 2, 100)),
        (_run(10, 2, 50), _run(30, 4, 100)),  # another's load made both slow
        (_run(1, 3, 50), _run(1, 2, 100)),
    ]
    assert ratios(pairs) == {"rate": 3.0, "cpu": 0.5, "written": 0.5}


def test_what_is_used_is_told_for_each_notification() -> None:
    spent = Usage(3.0, 4096) - Usage(1.0, 2048)
    assert spent.each(2) == {"cpu_ms_per_notification": 1000.0, "written_kb_per_notification": 1.0}


def test_processes_below_count_with_the_one_above_also_when_they_have_ended() -> None:
    before = used(os.getpid())
    busy = "import sys, time\nwhile time.process_time() < 0.1: pass\nsys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", busy], stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        while (used(os.getpid()) - before).cpu_seconds < 0.1:
            assert process.poll() is None
        assert process.pid in tree([os.getpid()])
        assert memory_mb(os.getpid()) > memory_mb(process.pid) > 1
        process.stdin.close()
        process.wait()
    assert (used(os.getpid()) - before).cpu_seconds >= 0.1
    assert used(process.pid) == Usage()
