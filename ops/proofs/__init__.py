"""Proofs of what the hub says of itself: faults are let in, and an independent check tells what became of it.

``hub proof f1`` kills processes, ``hub proof f17a`` sends poison, ``hub proof k1`` links notifications to children who
are easily taken for each other, ``hub proof k2`` records of public data, beside Splink. Each can be run with a rule of
the hub dropped (``--without``): then the check has to fail, or it would prove nothing.
"""
