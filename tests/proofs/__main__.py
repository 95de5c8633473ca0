"""Proofs of what the hub says of itself: faults are let in, and an independent check tells what
became of it.

`python -m tests.proofs --help` lists them. Most can be run with a rule of the hub dropped
(``--without``): then the check has to fail, or it would prove nothing.
"""

from tests.proofs.command import proof

proof(prog_name="python -m tests.proofs")
