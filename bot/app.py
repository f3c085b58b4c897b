"""Puts everything together, once: settings, storage, plan, words, engine. Knows no conversation."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from bot import logs
from bot.channels import zalo_bot_events, zalo_oa_events, zalo_oa_window
from bot.clock import Clock, make_clock
from bot.engine import Engine
from bot.plan_folder import load_plan
from bot.replay.memory import Memory
from bot.settings import Settings
from handlers.turn import NO_WINDOW, Window, World
from handlers.words import Words
from knowledge import deadlines, nudges, places, quantities
from knowledge.plan import DEFAULT
from storage.database import Database
from storage.upgrade import upgrade


@dataclass(frozen=True, slots=True)
class App:
    """One running program. `close` finishes the turns under way."""

    settings: Settings
    clock: Clock
    database: Database
    world: World
    engine: Engine

    def close(self) -> None:
        """Let go of everything."""
        self.engine.close()


def make_world(
    officer_contact: str,
    plan_until: date | None = None,
    data_dir: Path | None = None,
    most_per_minute: int = 0,
    verify_days: int = 7,
    *,
    templates: bool = False,
) -> World:
    """What every turn shares, read from files once; with `templates` Zalo reaches the silent."""
    plan = load_plan(data_dir, plan_until)
    # The plan's calendar has its years worked out; another would load them in the first turn.
    limits = replace(deadlines.load(DEFAULT), calendar=plan.calendar)
    due = nudges.load(DEFAULT, limits, plan_until)
    # An amount with a slip loads every word list there is; the first one typed is not to wait.
    quantities.read("2 triệy rưởi", "money")
    return World(
        plan, places.load(), Words(), due, officer_contact, most_per_minute, verify_days,
        window=NO_WINDOW if templates else Window(zalo_oa_events.CHANNEL, zalo_oa_window.PAID),
        fileless=zalo_bot_events.CHANNEL,
    )  # fmt: skip


def open_store(settings: Settings) -> Database:
    """The store at this version's shape. Raises DatabaseAway."""
    if settings.database_url is None:
        Path(settings.data_dir).mkdir(parents=True, exist_ok=True, mode=0o700)
    database = Database(settings.store_url)
    upgrade(database)
    return database


def make_app(settings: Settings) -> App:
    """Everything but the network."""
    clock = make_clock(settings.clock)
    logs.set_up(clock, rehearsing=settings.clock is not None)
    database = open_store(settings)
    world = make_world(
        settings.officer_contact,
        settings.plan_until,
        settings.data_dir,
        settings.most_per_minute,
        settings.verify_days,
        templates=bool(settings.zalo_oa_template),
    )
    note = None
    if settings.clock is not None:
        # A rehearsal: invented people, whose conversations become transcripts.
        memory = Memory(settings.data_dir / "conversations")
        world, note = replace(world, keep_talk=memory.keep), memory.note
    return App(settings, clock, database, world, Engine(database, world, clock, note))
