"""SIMULATED agencies, practitioners and owners, for demonstrations and benchmarks: nobody here is
real.

They speak to the hub as real ones would, over HTTP with a token each, and decide by the ids of what
they are asked, so that every run decides the same.
"""
