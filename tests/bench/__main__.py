"""``python -m tests.bench``: what the hub can do here, beside a limit of the same run."""

from tests.bench.command import bench

bench(prog_name="python -m tests.bench")
