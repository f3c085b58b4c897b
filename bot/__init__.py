"""Runs: processes, network, clock, command line. Nothing imports this package."""
