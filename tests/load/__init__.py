"""The load bench: drivers and baselines beside the running program, which they never import."""
