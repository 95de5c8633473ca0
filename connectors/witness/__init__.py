"""Witnesses: each remembers what it saw of a hub's record, and cosigns what has grown from it."""
