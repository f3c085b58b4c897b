"""Platforms as they behave, for tests: HTTP servers with faults, and whom they told what."""
