"""A bot without a network, for tests: the program's own (`bot/replay`)."""

from bot.replay.talk import Talk, talking

__all__ = ["Talk", "talking"]
