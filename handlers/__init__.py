"""Talks: one conversation a file. No SQL, no platform, no numbers of the plan, no clock of its own."""
