"""A whole set of proofs, one after the other, each with its controls: what a stranger runs to see
for themselves that what is promised holds, and that what looks for it can fail.
"""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import click

from tests.proofs.catalogue import Run, controls
from tests.proofs.kept import Measured, NoFigures, last_line

FULL_SECONDS: Final = 6 * 60 * 60.0
"""How long a proof may take that is as large as it is promised."""
REACHED, RED = "reached", "red"
_WELL: Final = (REACHED, RED)
_TO_END: Final = 10.0
"""Seconds that what is stopped has to end by itself."""


@dataclass(frozen=True, slots=True)
class Step:
    """One command of a suite; ``control``: it has to fail."""

    words: str
    seconds: float
    control: bool = False


@dataclass(frozen=True, slots=True)
class Came:
    """What came of a step: whether it is ``well``, what to call that, and what it printed."""

    step: Step
    how: str
    seconds: float
    output: str = ""
    """Nothing where its last line is no figures."""

    @property
    def is_well(self) -> bool:
        """A proof was reached, a control red."""
        return self.how in _WELL


def steps(
    runs: Sequence[Run], commands: Mapping[str, click.Command], *, full: bool
) -> Iterator[Step]:
    """All proofs, then all their controls: whoever has little time sees what holds first."""
    for one in runs:
        yield Step(one.full, FULL_SECONDS) if full else Step(one.run, one.seconds)
    for one in runs:
        for name in controls(commands[one.proof]):
            options = f"{one.controls} --without {shlex.quote(name)}"
            yield Step(f"{one.proof} {options.strip()}", one.seconds, control=True)


def carry_out(
    wanted: Sequence[Step], *, until: float | None, tells: Callable[[Step], None]
) -> Iterator[Came]:
    """Run them one after the other; none is begun after ``until`` (monotonic seconds), and what
    runs then is stopped. ``tells`` of each before it is begun.
    """
    for step in wanted:
        left = step.seconds if until is None else min(step.seconds, until - time.monotonic())
        if left <= 0:
            yield Came(step, "not begun: no time was left", 0.0)
            continue
        tells(step)
        yield _run(step, left)


def _run(step: Step, seconds: float) -> Came:
    began = time.monotonic()
    command = [sys.executable, "-m", "tests.proofs", *shlex.split(step.words), "--json"]
    with (
        tempfile.TemporaryDirectory(prefix="hub-suite-") as folder,
        subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "TMPDIR": folder},
            start_new_session=True,
        ) as process,
    ):
        try:
            output, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            return Came(step, f"did not end in {seconds:.0f} s", time.monotonic() - began)
        finally:
            _end(process)
    how, is_told = _how(step, process.returncode, output)
    return Came(step, how, time.monotonic() - began, output if is_told else "")


def _end(process: subprocess.Popen[str]) -> None:
    """With whatever it started: a proof may be stopped in the middle of it."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
            process.wait(_TO_END)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue


def _how(step: Step, code: int, output: str) -> tuple[str, bool]:
    """What to call it, and whether it printed figures."""
    try:
        printed: Measured = last_line(output)
    except NoFigures as reason:
        return f"failed with {code}: {reason}", False
    reached = printed.get("reached")
    if step.control:
        return (RED if (code, reached) == (1, False) else "not red, and has to be"), True
    return (REACHED if (code, reached) == (0, True) else "not reached"), True
