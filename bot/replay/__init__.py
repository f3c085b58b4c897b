"""Conversations as plain text: played against a bot of their own, and saved while rehearsing.

`talk` is a bot without a network; `player` reads a transcript and plays it. Tests use both; nothing
here needs a test package.
"""
