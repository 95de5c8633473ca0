"""Clocks run in the time of whom they bind."""
