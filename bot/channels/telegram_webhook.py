"""`POST /telegram/webhook`: the secret compared, then one update, and 200 only once it is kept."""

from __future__ import annotations

import re

from starlette.routing import Route

from bot.channels.webhooks import Take, holding, webhook
from bot.errors import BadUsage

PATH = "/telegram/webhook"
HEADER = b"x-telegram-bot-api-secret-token"
_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")
"""What Telegram takes as a secret."""


def route(secret: str, take: Take) -> Route:
    """The route; `take` is `Intake.take`. Raises BadUsage without a usable secret."""
    if not _SECRET.fullmatch(secret):
        raise BadUsage("BOT_TELEGRAM_WEBHOOK_SECRET: cần 1–256 ký tự A–Z a–z 0–9 _ -")
    return webhook(PATH, holding(HEADER, secret), take)
