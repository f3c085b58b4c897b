"""BOT_… settings from the environment or `.env`. A wrong one stops the start with one line."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from knowledge.zone import ZONE


class WrongSetting(Exception):
    """A setting that cannot be used; the message names it and never shows its value."""


class Settings(BaseSettings):
    """What an operator may set; every field is BOT_ and its name in capitals."""

    model_config = SettingsConfigDict(
        env_prefix="BOT_", env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True
    )

    data_dir: Path = Path("data")
    """The operator's folder: database, photos and files, the imported wording of the plan."""
    database_url: SecretStr | None = None
    """`postgresql://…` for several machines; default SQLite in `data_dir`."""
    http_host: str = "127.0.0.1"
    http_port: int = Field(default=8080, ge=0, le=65535)
    public_url: str = ""
    """The address people reach the web chat under, for links and for cookies over TLS."""
    clock: datetime | None = None
    """An ISO time at which the program's clock starts; without a zone it is Lai Châu's."""
    plan_until: date | None = None
    """A date to which the province has prolonged the plan."""
    most_per_minute: int = Field(default=20, ge=0)
    """Messages of one person that are handled in a minute, after a first burst; 0: no limit."""
    verify_days: int = Field(default=7, ge=1, le=365)
    """Days after which an undecided report is raised to the level above."""
    officer_contact: str = ""
    """Whom people may call, as shown in chat ("Văn phòng UBND xã …, 0213…")."""

    telegram_token: SecretStr | None = None
    telegram_api_base: str = "https://api.telegram.org"
    telegram_mode: Literal["polling", "webhook"] = "polling"
    telegram_webhook_secret: SecretStr | None = None
    telegram_proxy: SecretStr | None = None
    """Vietnamese networks block the official server: an http(s) or SOCKS5 proxy reaches it."""
    telegram_per_second: float = Field(default=30, gt=0, le=1000)
    """Messages a second the platform permits."""
    zalo_oa_id: str = ""
    zalo_oa_app_id: str = ""
    zalo_oa_app_secret: SecretStr | None = None
    zalo_oa_secret_key: SecretStr | None = None
    zalo_oa_refresh_token: SecretStr | None = None
    """Needed at the first start; from then on the store holds the newest."""
    zalo_oa_api_base: str = "https://openapi.zalo.me"
    zalo_oa_oauth_base: str = "https://oauth.zaloapp.com"
    zalo_oa_setup: bool = False
    """While true, an unsigned test call is answered 200 and does nothing."""
    zalo_oa_per_second: float = Field(default=20, gt=0, le=1000)
    zalo_oa_template: str = ""
    """Id of an approved template with one field, `noi_dung`: for who has been silent too long."""
    zalo_bot_token: SecretStr | None = None
    zalo_bot_api_base: str = "https://bot-api.zaloplatforms.com"
    zalo_bot_webhook_secret: SecretStr | None = None
    zalo_bot_mode: Literal["polling", "webhook"] = "webhook"
    zalo_bot_per_second: float = Field(default=5, gt=0, le=1000)
    zalo_media_hosts: str = "zdn.vn zadn.vn"
    """Where Zalo keeps what people send; nothing is fetched from anywhere else."""

    @field_validator("*", mode="before")
    @classmethod
    def _not_blank(cls, value: object) -> object:
        if isinstance(value, str) and value and not value.strip():
            raise ValueError("is blank")
        return value

    @field_validator("clock")
    @classmethod
    def _with_zone(cls, value: datetime | None) -> datetime | None:
        if value is None:
            return None
        if not 1970 <= value.year <= 2200:
            raise ValueError("must lie between 1970 and 2200")
        return value.replace(tzinfo=ZONE) if value.tzinfo is None else value

    @field_validator("public_url")
    @classmethod
    def _an_address(cls, value: str) -> str:
        if value and not value.startswith(("http://", "https://")):
            raise ValueError("must begin with http:// or https://")
        return value.rstrip("/")

    @field_validator("database_url")
    @classmethod
    def _a_known_store(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            # Raises for a port that is no number and for a bracket left open.
            _ = urlsplit(value.get_secret_value()).port
        if value is not None and not value.get_secret_value().startswith(
            ("postgresql://", "sqlite:///")
        ):
            raise ValueError("must begin with postgresql:// or sqlite:///")
        return value

    @property
    def store_url(self) -> str:
        """Where the data is kept."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite:///{self.data_dir / 'chung-suc.db'}"

    @property
    def base_url(self) -> str:
        """The address to print in links."""
        return self.public_url or f"http://{self.http_host}:{self.http_port}"


def load_settings() -> Settings:
    """Read the settings. Raises WrongSetting, whose text names the setting but not its value."""
    try:
        settings = Settings()
    except UnicodeDecodeError:
        raise WrongSetting(".env: is not UTF-8 text") from None
    except ValidationError as wrong:
        first = wrong.errors(include_url=False, include_input=False)[0]
        name = "BOT_" + "_".join(str(part) for part in first["loc"]).upper()
        raise WrongSetting(f"{name}: {first['msg']}") from None
    _whole_sets(settings)
    return settings


_OA = ("zalo_oa_id", "zalo_oa_app_id", "zalo_oa_app_secret", "zalo_oa_secret_key")


def _whole_sets(settings: Settings) -> None:
    """A platform is set up whole or not at all. Raises WrongSetting for what is missing."""
    needed: list[str] = []
    is_pushed = settings.telegram_mode == "webhook"
    if _is_touched(settings, "telegram_"):
        needed.append("telegram_token")
    if is_pushed:
        # Telegram is told the address at the start; this machine's own would reach nobody.
        needed += ["telegram_webhook_secret", "public_url"]
    if _is_touched(settings, "zalo_bot_"):
        needed.append("zalo_bot_token")
        needed += ["zalo_bot_webhook_secret"] if settings.zalo_bot_mode == "webhook" else []
    if _is_touched(settings, "zalo_oa_"):
        needed += _OA
    for name in needed:
        if not getattr(settings, name):
            raise WrongSetting(f"BOT_{name.upper()}: missing, and needed with what else is set")
    is_official = settings.telegram_api_base == _default("telegram_api_base")
    if is_pushed and is_official and not settings.public_url.startswith("https://"):
        raise WrongSetting("BOT_PUBLIC_URL: must begin with https://, Telegram calls nothing else")


def _is_touched(settings: Settings, prefix: str) -> bool:
    """Whether anything of a platform's is set to other than its default."""
    names = [name for name in Settings.model_fields if name.startswith(prefix)]
    return any(getattr(settings, name) != _default(name) for name in names)


def _default(name: str) -> object:
    return Settings.model_fields[name].default
