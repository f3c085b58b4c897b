"""Settings: a wrong one is named in one line and its value is never shown."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from bot.clock import make_clock
from bot.settings import Settings, WrongSetting, load_settings
from knowledge.zone import ZONE

SECRET = "hunter2"


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An empty folder and no BOT_ variable."""
    for name in [name for name in os.environ if name.startswith("BOT_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


WRONG = {
    "BOT_HTTP_PORT": ["x" + SECRET, "-1", "65536", "80.5", "1e999"],
    "BOT_PUBLIC_URL": [f"ftp://{SECRET}", SECRET, "chung-suc.example/chat"],
    "BOT_CLOCK": [
        SECRET, "2025-13-01", "hôm qua", "nan", "0001-01-01T00:00:00", "9999-12-31T23:59:59Z",
    ],
    "BOT_PLAN_UNTIL": [SECRET, "2026-02-30", "31/12/2026"],
    "BOT_DATABASE_URL": [
        f"mysql://bot:{SECRET}@db/x", SECRET, "postgresql:/x",
        f"postgresql://bot:{SECRET}@db:port/x", f"postgresql://bot:{SECRET}@[::1/x",
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in WRONG.items() for value in values]
)
def test_a_wrong_setting_is_named_and_not_shown(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(WrongSetting) as wrong:
        load_settings()
    said = str(wrong.value)
    assert said.startswith(f"{name}: ")
    assert len(said.splitlines()) == 1
    assert SECRET not in said
    assert value not in said


TELEGRAM = {
    "BOT_TELEGRAM_TOKEN": f"1:{SECRET}",
    "BOT_TELEGRAM_MODE": "webhook",
    "BOT_TELEGRAM_WEBHOOK_SECRET": SECRET,
    "BOT_PUBLIC_URL": "https://chung-suc.example",
}
ACCOUNT = {
    "BOT_ZALO_OA_ID": "1",
    "BOT_ZALO_OA_APP_ID": "2",
    "BOT_ZALO_OA_APP_SECRET": SECRET,
    "BOT_ZALO_OA_SECRET_KEY": SECRET,
}
BOT = {"BOT_ZALO_BOT_TOKEN": f"1:{SECRET}", "BOT_ZALO_BOT_WEBHOOK_SECRET": SECRET}


@pytest.mark.parametrize(
    ("whole", "missing"),
    [
        (whole, name)
        for whole in (TELEGRAM, ACCOUNT, BOT)
        for name in whole
        if name != "BOT_TELEGRAM_MODE"
    ],
)
def test_half_a_platform_s_set_names_what_is_missing(
    whole: dict[str, str], missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in whole.items():
        monkeypatch.setenv(name, value)
    load_settings()
    monkeypatch.delenv(missing)
    with pytest.raises(WrongSetting) as wrong:
        load_settings()
    assert str(wrong.value).startswith(f"{missing}: missing")
    assert SECRET not in str(wrong.value)


@pytest.mark.parametrize(
    ("alone", "value", "missing"),
    [
        ("BOT_TELEGRAM_PROXY", f"socks5://u:{SECRET}@h:1", "BOT_TELEGRAM_TOKEN"),
        ("BOT_TELEGRAM_API_BASE", f"http://{SECRET}", "BOT_TELEGRAM_TOKEN"),
        ("BOT_TELEGRAM_PER_SECOND", "10", "BOT_TELEGRAM_TOKEN"),
        ("BOT_ZALO_BOT_MODE", "polling", "BOT_ZALO_BOT_TOKEN"),
        ("BOT_ZALO_BOT_API_BASE", f"http://{SECRET}", "BOT_ZALO_BOT_TOKEN"),
        ("BOT_ZALO_OA_SETUP", "true", "BOT_ZALO_OA_ID"),
        ("BOT_ZALO_OA_TEMPLATE", "1", "BOT_ZALO_OA_ID"),
        ("BOT_ZALO_OA_API_BASE", f"http://{SECRET}", "BOT_ZALO_OA_ID"),
    ],
)
def test_a_platform_s_setting_is_nothing_without_its_token(
    alone: str, value: str, missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(alone, value)
    with pytest.raises(WrongSetting, match=f"^{missing}: missing") as wrong:
        load_settings()
    assert SECRET not in str(wrong.value)


@pytest.mark.parametrize("name", [*ACCOUNT, *BOT, "BOT_TELEGRAM_TOKEN", "BOT_OFFICER_CONTACT"])
def test_blanks_are_no_value(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for other in ACCOUNT:
        monkeypatch.setenv(other, "1")
    monkeypatch.setenv(name, " \t ")
    with pytest.raises(WrongSetting, match=f"^{name}: .*is blank$"):
        load_settings()


def test_telegram_s_own_server_calls_no_address_without_tls(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in {**TELEGRAM, "BOT_PUBLIC_URL": "http://chung-suc.example"}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(WrongSetting, match=r"^BOT_PUBLIC_URL: must begin with https://"):
        load_settings()
    monkeypatch.setenv("BOT_TELEGRAM_API_BASE", "http://127.0.0.1:8081")
    load_settings()


def test_polling_needs_a_token_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOT_TELEGRAM_TOKEN", f"1:{SECRET}")
    monkeypatch.setenv("BOT_ZALO_BOT_TOKEN", f"1:{SECRET}")
    monkeypatch.setenv("BOT_ZALO_BOT_MODE", "polling")
    load_settings()


def test_a_wrong_line_in_the_file_is_named_too(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(f"BOT_HTTP_PORT={SECRET}\n", "utf-8")
    with pytest.raises(WrongSetting, match="BOT_HTTP_PORT") as wrong:
        load_settings()
    assert SECRET not in str(wrong.value)


def test_a_file_that_is_no_text_is_one_line(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"BOT_DATA_DIR=\xff\xfe\n")
    with pytest.raises(WrongSetting, match=r"\.env"):
        load_settings()


def test_nothing_needs_to_be_set() -> None:
    settings = load_settings()
    assert settings.store_url == "sqlite:///data/chung-suc.db"
    assert settings.base_url == "http://127.0.0.1:8080"
    assert settings.clock is None


def test_empty_is_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.setenv(f"BOT_{name.upper()}", "")
    assert load_settings() == Settings()


def test_the_environment_goes_before_the_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("BOT_HTTP_PORT=1\nBOT_HTTP_HOST=::1\nKHAC=x\n", "utf-8")
    monkeypatch.setenv("BOT_HTTP_PORT", "2")
    settings = load_settings()
    assert (settings.http_port, settings.http_host) == (2, "::1")


def test_secrets_do_not_show_when_settings_are_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"postgresql://bot:{SECRET}@db/x"
    monkeypatch.setenv("BOT_DATABASE_URL", url)
    settings = load_settings()
    assert SECRET not in f"{settings!r} {settings} {settings.model_dump()}"
    assert settings.store_url == url


@pytest.mark.parametrize(
    ("value", "meant"),
    [
        ("2025-01-02T08:00", datetime(2025, 1, 2, 1, tzinfo=UTC)),
        ("2025-01-02 08:00:00", datetime(2025, 1, 2, 1, tzinfo=UTC)),
        ("2025-01-02T08:00:00+07:00", datetime(2025, 1, 2, 1, tzinfo=UTC)),
        ("2025-01-02T08:00:00Z", datetime(2025, 1, 2, 8, tzinfo=UTC)),
        ("2025-01-02", datetime(2025, 1, 1, 17, tzinfo=UTC)),
    ],
)
def test_a_clock_without_a_zone_is_lai_chaus(
    value: str, meant: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOT_CLOCK", value)
    assert load_settings().clock == meant


def test_a_clock_starts_where_it_is_set_and_only_goes_forward() -> None:
    start = datetime(2025, 1, 2, 8, tzinfo=ZONE)
    clock = make_clock(start)
    seen = [clock() for _ in range(3)]
    assert seen == sorted(seen)
    assert timedelta(0) <= seen[0] - start < timedelta(minutes=1)
    assert seen[0].tzinfo is UTC
    assert make_clock(None)().tzinfo is UTC


def test_dates_and_addresses_are_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BOT_PLAN_UNTIL", "2026-06-30")
    monkeypatch.setenv("BOT_PUBLIC_URL", "https://chung-suc.example/")
    monkeypatch.setenv("BOT_DATA_DIR", str(tmp_path / "kho dữ liệu"))
    settings = load_settings()
    assert settings.plan_until == date(2026, 6, 30)
    assert settings.base_url == "https://chung-suc.example"
    assert settings.store_url == f"sqlite:///{tmp_path / 'kho dữ liệu' / 'chung-suc.db'}"
