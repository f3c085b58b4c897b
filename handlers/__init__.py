"""Talks: one conversation a file. No SQL, no platform, no clock, no number of the plan."""
