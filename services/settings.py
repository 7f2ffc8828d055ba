"""What an operator may set, each by an environment variable `NOMAYBE_<NAME>` or in `.env`."""

from datetime import date
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from models.money import Currency
from services.policy import Policy


class Settings(BaseSettings):
    """Read once, by whoever starts the process, and handed on; never a global."""

    model_config = SettingsConfigDict(
        env_prefix="NOMAYBE_", env_file=".env", extra="ignore", frozen=True
    )

    data_dir: Path = Field(
        default=Path("data"), description="Where the SQLite file and the secret key are kept."
    )
    database_url: str = Field(
        default="",
        description="`postgresql://user:password@host/name` for a team; by default"
        " `nomaybe.db` in the data folder.",
    )
    public_url: str = Field(
        default="http://127.0.0.1:8000",
        pattern=r"^https?://[^\s/]+(/[^\s]*)?$",
        description="How browsers and CRMs reach the service; links are made from it.",
    )
    secret_key: SecretStr | None = Field(
        default=None,
        min_length=32,
        description="Seals connector secrets and kept answers. Unless set, `secret.key` in the data"
        " folder is used, and made if it is missing; replicas must share one.",
    )
    currency: Currency = Field(default="USD", description="Currency of reports, ISO 4217.")
    answer_days: int = Field(
        default=5, ge=1, le=60, description="Working days in which an ask is answered."
    )
    holidays: Annotated[tuple[date, ...], NoDecode] = Field(
        default=(), description="Days that are no working days, `2026-12-25,2026-12-28`."
    )
    rate_limit: int = Field(
        default=60_000, ge=0, description="Requests a minute for each key or person; 0 is no limit."
    )
    threads: int = Field(
        default=0, ge=0, le=200, description="Requests worked on at once; 0 suits the database."
    )
    log_level: str = Field(
        default="info",
        pattern="^(debug|info|warning|error)$",
        description="`debug`, `info`, `warning` or `error`.",
    )

    @field_validator("holidays", mode="before")
    @classmethod
    def comma_separated(cls, value: Any) -> Any:
        """Read days between commas."""
        return (
            [day.strip() for day in value.split(",") if day.strip()]
            if isinstance(value, str)
            else value
        )

    @field_validator("database_url")
    @classmethod
    def known_database(cls, value: str) -> str:
        """Refuse databases that we do not run on."""
        if value and not value.startswith(("sqlite:///", "postgresql://")):
            raise ValueError("must begin with postgresql:// or sqlite:///")
        return value

    @property
    def database(self) -> str:
        """The URL of the database, by default a file in the data folder."""
        return self.database_url or f"sqlite:///{self.data_dir / 'nomaybe.db'}"

    @property
    def policy(self) -> Policy:
        """The part of the settings that rules rest on."""
        return Policy(
            currency=self.currency,
            answer_days=self.answer_days,
            holidays=frozenset(self.holidays),
            public_url=self.public_url.rstrip("/"),
        )
