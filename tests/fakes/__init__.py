"""Servers that behave like the platforms' own, faults included; the program under test sees HTTP.

They know nothing of the program: what a platform allows is checked here a second time, by hand or
with a library of other people.
"""
