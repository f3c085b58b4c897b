"""Fault runs: the real program is killed under load and must have kept all it acknowledged."""
