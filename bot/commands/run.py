"""`run`: everything in one process on embedded storage, or one replica on PostgreSQL."""

from __future__ import annotations

import argparse

from bot.commands import common
from bot.errors import BadUsage
from knowledge.zone import ZONE


def main(options: argparse.Namespace) -> int:
    """Print the entries and serve until stopped."""
    settings = common.settings()
    if options.only and not settings.store_url.startswith("postgresql"):
        raise BadUsage(
            "--only: chỉ dùng khi nhiều máy chung một PostgreSQL (BOT_DATABASE_URL=postgresql://…)"
        )
    with common.storage_at_hand():
        from bot.app import make_app
        from bot.server import listen, serve
        from handlers.roles import REVIEWER
        from storage import grants

        app = make_app(settings)
        try:
            with listen(settings) as listening:
                if options.demo_data:
                    from bot.demo import seed

                    seed(app)
                print(f"Chung Sức đang chạy. Bà con vào: {settings.base_url}/chat", flush=True)
                if options.demo_officer:
                    today = app.clock().astimezone(ZONE).date()
                    unit = common.find_place(app.world.places, options.demo_officer, today)
                    code = app.engine.writer.run(
                        lambda tx: grants.invite(tx, REVIEWER, unit.key, by=None)
                    )
                    # Another host name is another cookie: the same browser can then be two people.
                    base = settings.base_url.replace("127.0.0.1", "localhost")
                    print(f"Cán bộ thử của {unit.name}: {base}/chat#moi={code}", flush=True)
                serve(app, listening, options.only)
        finally:
            app.close()
    return 0
