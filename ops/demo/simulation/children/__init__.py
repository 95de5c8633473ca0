"""Streams of notifications about invented children, like the sample, as large and as full of errors
as wanted.
"""

from ops.demo.simulation.children.stream import TRUTH, Told, generate, write

__all__ = ["TRUTH", "Told", "generate", "write"]
