"""Transcripts, for tests: the language and its player are the program's own (`bot/replay`)."""

from bot.replay.player import WAYS, Mismatch, Player, Unreadable, playable, starts_at

__all__ = ["WAYS", "Mismatch", "Player", "Unreadable", "playable", "starts_at"]
