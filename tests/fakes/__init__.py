"""Servers that behave like the platforms, faults included."""
