"""`authorise`: the way back when Zalo needs an administrator's consent again."""

from __future__ import annotations

import argparse

from bot.clock import make_clock
from bot.commands import common
from bot.errors import BadUsage


def main(_options: argparse.Namespace) -> int:
    """Print a link for an administrator of the Official Account, good once and for ten minutes."""
    told = common.settings()
    if not told.zalo_oa_id or told.zalo_oa_app_secret is None:
        raise BadUsage("BOT_ZALO_OA_ID: chưa đặt; lệnh này chỉ dùng cho Zalo Official Account")
    if not told.public_url:
        raise BadUsage("BOT_PUBLIC_URL: cần đặt, vì Zalo gửi quản trị viên trở lại địa chỉ đó")
    with common.storage_at_hand():
        from bot import consent_links
        from bot.app import open_store
        from bot.channels import zalo_oa_consent

        secret = told.zalo_oa_app_secret.get_secret_value()
        database = open_store(told)
        with database.writing(make_clock(told.clock)()) as tx:
            state, verifier = consent_links.make(tx, told.zalo_oa_id, secret, make_clock(None)())
        database.dispose()
    callback = f"{told.public_url}{zalo_oa_consent.PATH}"
    print("Quản trị viên của Official Account mở đường dẫn này trong 10 phút, dùng được một lần:")
    print(zalo_oa_consent.link(
        told.zalo_oa_oauth_base, told.zalo_oa_app_id, callback, state, verifier
    ))  # fmt: skip
    print(f"Ở Zalo phải khai đúng từng chữ địa chỉ nhận về: {callback}")
    return 0
