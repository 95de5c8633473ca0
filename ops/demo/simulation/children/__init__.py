"""Streams of notifications about invented children, like the sample, as large and as full of errors
as wanted.
"""

from ops.demo.simulation.children.stream import generate, write
from ops.demo.simulation.children.told import TRUTH, Told

__all__ = ["TRUTH", "Told", "generate", "write"]
