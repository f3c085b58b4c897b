"""The platforms that are set up: their channels, webhooks, polling and delivery, put together.

A platform without its settings costs nothing: aiogram is imported only where there is a token.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import structlog
from starlette.routing import BaseRoute

from bot import faults, kept_pictures, metrics, workbooks
from bot.app import App
from bot.channels import (
    telegram_polling,
    telegram_webhook,
    zalo_bot_polling,
    zalo_bot_webhook,
    zalo_oa_consent,
)
from bot.channels import zalo_oa_webhook as oa_webhook
from bot.channels.platform import Body, Failed, Outcome, Pace, Platform
from bot.channels.telegram_answers import CallFailed
from bot.channels.telegram_intake import Intake
from bot.channels.zalo_bot import ZaloBot
from bot.channels.zalo_oa import ZaloOa
from bot.channels.zalo_oa_account import Accounts
from bot.channels.zalo_oa_consent import Consent
from bot.channels.zalo_oa_oauth import OAuth
from bot.channels.zalo_oa_signature import Signature
from bot.channels.zalo_oa_tokens import TokenKeeper
from bot.channels.zalo_oa_window import window
from bot.clock import make_clock
from bot.delivery import Line
from bot.engine import Engine
from bot.errors import StorageAway
from bot.fetching import Fetcher
from bot.http_client import make_client
from bot.kept_pictures import Addresses, KeptPictures
from bot.port import Port
from bot.settings import Settings
from bot.speed import Speed
from bot.spool import Spool
from knowledge.text import fold
from storage import leases
from storage.database import Tx
from storage.delivery import Recipient, Row

if TYPE_CHECKING:
    from bot.channels.telegram import Telegram

FRESH_SECONDS = 10.0
AGAIN_SECONDS = 30.0
POLL_LEASE = 8.0
"""Seconds a replica keeps the polling to itself unless it prolongs it: when it dies, people wait
so long for another to go on. Two that poll at once only get Telegram's 409."""
PROLONG_SECONDS = 2.0
PATHS = (
    telegram_webhook.PATH, oa_webhook.PATH, zalo_bot_webhook.PATH, zalo_oa_consent.PATH,
    kept_pictures.PATH,
)  # fmt: skip
"""How the addresses begin that platforms ask us for, and the one they send an operator back to."""
COMMANDS = ("report", "mine", "about", "help")
"""What stands behind Telegram's menu button, by their labels."""
TEMPLATE_FIELD, TEMPLATE_MOST = "noi_dung", 200

log = structlog.get_logger()
Job = Callable[[], Coroutine[Any, Any, None]]


@dataclass(slots=True)
class Platforms:
    """What the set-up platforms add to the process."""

    lines: list[Line] = field(default_factory=list)
    routes: list[BaseRoute] = field(default_factory=list)
    intake: list[Job] = field(default_factory=list)
    """Polling and registering webhooks."""
    upkeep: list[Job] = field(default_factory=list)
    """Keeping tokens fresh."""
    ending: list[Job] = field(default_factory=list)
    """What is finished before connections are let go."""

    @property
    def fetchers(self) -> dict[str, Platform]:
        """By channel, what fetches what people send there."""
        return {line.platform.channel: line.platform for line in self.lines}

    async def close(self) -> None:
        """Finish what is under way and let go of every connection."""
        for end in self.ending:
            await end()
        for line in self.lines:
            await line.platform.close()


def make(app: App, spool: Spool, pictures: KeptPictures, books: workbooks.Workbooks) -> Platforms:
    """Every platform the settings name. Raises BadUsage for a setting that cannot be used."""
    made = Platforms()
    if app.settings.telegram_token is not None:
        _telegram(app, spool, pictures, books, made)
    if app.settings.zalo_oa_id:
        _zalo_oa(app, spool, pictures, books, made)
    if app.settings.zalo_bot_token is not None:
        _zalo_bot(app, spool, pictures, made)
    return made


def _speed(app: App, platform: Platform, per_second: float) -> Speed:
    name = f"{platform.channel}:{platform.account}"
    return Speed(app.engine, name, per_second, app.clock)


def _telegram(
    app: App, spool: Spool, pictures: KeptPictures, books: workbooks.Workbooks, made: Platforms
) -> None:
    from bot.channels.telegram import Telegram

    told = app.settings
    platform = Telegram(
        _plain(told, "telegram_token"),
        pictures.picture,
        workbook=books.content,
        api_base=told.telegram_api_base,
        proxy=_plain(told, "telegram_proxy") or None,
    )
    port = Port(app.engine, spool, app.world, platform.channel, platform.account)
    port.platform = platform
    intake = Intake(platform.account, port, app.clock, platform.answer)
    made.ending.append(intake.close)
    made.lines.append(Line(platform, _speed(app, platform, told.telegram_per_second)))
    if told.telegram_mode == "webhook":
        secret = _plain(told, "telegram_webhook_secret")
        made.routes.append(telegram_webhook.route(secret, intake.take))
        address = f"{told.base_url}{telegram_webhook.PATH}"
        made.intake.append(
            partial(_until_done, "telegram", partial(platform.use_webhook, address, secret))
        )
    else:
        made.intake.append(partial(_poll_telegram, app, platform, intake))
    made.intake.append(partial(_until_done, "telegram", partial(_show_commands, app, platform)))


async def _poll_telegram(app: App, platform: Telegram, intake: Intake) -> None:
    """Poll while this replica holds the lease; Telegram answers 409 to a second poller."""
    await _until_done("telegram", platform.use_polling)
    polling = telegram_polling.Polling(platform.updates, intake.take)
    if app.engine.database.is_sqlite:
        # The only process there is: a lease left by the one before would only keep it waiting.
        await polling.run()
    name, holder = f"poll:telegram:{platform.account}", secrets.token_hex(8)
    mine = partial(leases.take, name=name, holder=holder, seconds=POLL_LEASE)
    try:
        while True:
            try:
                if await app.engine.write(mine):
                    await _prolonged(app.engine, mine, polling.once())
                else:
                    await asyncio.sleep(PROLONG_SECONDS)
            except StorageAway as away:
                await asyncio.sleep(away.retry_after)
    finally:
        with suppress(StorageAway):
            await app.engine.write(partial(leases.release, name=name, holder=holder))


async def _prolonged(
    engine: Engine, mine: Callable[[Tx], bool], work: Coroutine[Any, Any, None]
) -> None:
    """Do a piece of work, prolonging a lease meanwhile; without it the work is cancelled."""
    task = asyncio.create_task(work)
    try:
        while not (await asyncio.wait({task}, timeout=PROLONG_SECONDS))[0]:
            if not await engine.write(mine):
                return
        task.result()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _show_commands(app: App, platform: Telegram) -> None:
    labels = [app.world.words.label(name) for name in COMMANDS]
    await platform.show_commands([(fold(label).replace(" ", "_"), label) for label in labels])


async def _until_done(channel: str, call: Callable[[], Awaitable[None]]) -> None:
    """Tell a platform something, however long it takes to reach it."""
    while True:
        try:
            await call()
            return
        except CallFailed as fault:
            metrics.ALARMS.labels(channel).inc()
            log.error("platform_not_told", channel=channel, fault=faults.told(fault))
            await asyncio.sleep(AGAIN_SECONDS)


def _zalo_oa(
    app: App, spool: Spool, pictures: KeptPictures, books: workbooks.Workbooks, made: Platforms
) -> None:
    from bot.consent_links import StoredLinks, adopt
    from bot.token_store import StoredTokens

    told, client = app.settings, make_client()
    secret = _plain(told, "zalo_oa_app_secret")
    oauth = OAuth(client, told.zalo_oa_oauth_base, told.zalo_oa_app_id, secret)
    keeper = TokenKeeper(
        StoredTokens(app.engine, told.zalo_oa_id, secret),
        oauth.refresh,
        app.clock,
        first=_plain(told, "zalo_oa_refresh_token"),
    )
    addresses = workbooks.Addresses(told.public_url, secret, app.clock)
    made.routes.append(addresses.route(books))
    platform = ZaloOa(
        told.zalo_oa_id, client, told.zalo_oa_api_base, keeper, _fetcher(told, "zalo_oa_api_base"),
        pictures, app.clock, workbook_address=addresses.of,
    )  # fmt: skip
    port = Port(
        app.engine, spool, app.world, platform.channel, platform.account, oa_webhook.PATIENCE
    )
    keys = {"oa_secret_key": _plain(told, "zalo_oa_secret_key"), "app_secret": secret}
    made.routes.append(
        oa_webhook.route(
            port, platform.account, Signature(told.zalo_oa_app_id, keys), app.clock,
            is_ours=platform.is_ours, setup=told.zalo_oa_setup,
        )
    )  # fmt: skip
    links = StoredLinks(app.engine, told.zalo_oa_id, secret, make_clock(None))
    consent = Consent(
        told.zalo_oa_id, links, oauth.exchange, Accounts(client, told.zalo_oa_api_base).of,
        partial(adopt, app.engine, keeper),
    )  # fmt: skip
    made.routes.append(
        zalo_oa_consent.route(consent, secure=told.public_url.startswith("https://"))
    )
    speed = _speed(app, platform, told.zalo_oa_per_second)
    made.lines.append(Line(platform, speed, partial(_by_window, platform, told.zalo_oa_template)))
    made.upkeep.append(partial(_keep_fresh, platform))


async def _by_window(
    platform: ZaloOa, template: str, to: Recipient, row: Row, now: datetime, pace: Pace
) -> Outcome:
    """A consultation message while Zalo takes one, else a template message where there is one."""
    if window(to.wrote_at, now) != "closed":
        return await platform.send(to.sender, row.body, pace)
    if not template:
        return Failed("window")
    return await platform.send_template(to.sender, template, _fields(row.body), pace)


def _fields(body: Body) -> dict[str, str]:
    return {TEMPLATE_FIELD: str(body["text"])[:TEMPLATE_MOST]}


async def _keep_fresh(platform: ZaloOa) -> None:
    told = ""
    while True:
        alarm = await platform.keep_fresh()
        if alarm not in (told, "", "storage_away"):
            metrics.ALARMS.labels(platform.channel).inc()
            run = zalo_oa_consent.COMMAND
            log.error("a_person_must_look", channel=platform.channel, reason=alarm, run=run)
        told = alarm
        await asyncio.sleep(FRESH_SECONDS)


def _zalo_bot(app: App, spool: Spool, pictures: KeptPictures, made: Platforms) -> None:
    told = app.settings
    token = _plain(told, "zalo_bot_token")
    addresses = Addresses(told.public_url, token, app.clock)
    platform = ZaloBot(
        token, make_client(), _fetcher(told, "zalo_bot_api_base"), addresses.of,
        api_base=told.zalo_bot_api_base,
    )  # fmt: skip
    port = Port(
        app.engine, spool, app.world, platform.channel, platform.account, zalo_bot_webhook.PATIENCE
    )
    made.routes.append(addresses.route(pictures, told.data_dir / "media"))
    made.lines.append(Line(platform, _speed(app, platform, told.zalo_bot_per_second)))
    if told.zalo_bot_mode == "webhook":
        secret = _plain(told, "zalo_bot_webhook_secret")
        made.routes.append(zalo_bot_webhook.route(port, platform.account, secret, app.clock))
    else:
        made.intake.append(
            partial(zalo_bot_polling.poll, platform.calls, port, platform.account, app.clock)
        )


def _fetcher(told: Settings, base: str) -> Fetcher:
    """Fetches from Zalo's hosts alone; a test's own server too, where it stands for Zalo's."""
    usual = type(told).model_fields[base].default
    own = getattr(told, base)
    return Fetcher(told.zalo_media_hosts.split(), own="" if own == usual else own)


def _plain(told: Settings, name: str) -> str:
    """A secret setting's value, "" where it is not set."""
    secret = getattr(told, name)
    return "" if secret is None else str(secret.get_secret_value())
