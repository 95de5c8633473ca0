"""Proofs of what the hub says of itself: faults are let in, and an independent check tells what
became of it.

``python -m tests.proofs f1`` kills processes, ``f17a`` sends poison, ``f24`` asks
the access rules beside a model of them, ``f28`` disguises the people
of a case in texts that are sanitised, ``f30`` switches off each call
that records something, ``f31`` asks who saw what about children, ``f32`` flips bits,
``f33`` rewrites whole records, ``f34`` has another program verify what the hub proves,
``f35`` verifies a million leaves and ``f36`` times
cosignatures, ``k1`` links notifications to children who are easily taken
for each other, ``k2`` records of public data, beside Splink; ``suggestion`` reads narratives that
were labelled apart from the profile. Each can be run with a rule of the hub dropped
(``--without``): then the check has to fail, or it would prove nothing.
"""

from tests.proofs.command import proof

proof(prog_name="python -m tests.proofs")
