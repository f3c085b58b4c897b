"""Decides: pure functions over data. No I/O but reading its own plan pack, no SQL, no network.

What officials entered about a commune is passed in as an argument; nothing here knows a person.
"""
