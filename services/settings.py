"""What an operator may set, each by an environment variable `NOMAYBE_<NAME>` or in `.env`."""

from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from models.base import Email
from models.money import Currency
from services.mail import Encryption, Relay
from services.policy import Policy

ADDRESS = r"^https?://([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?$"


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
        description="Seals connector secrets, kept answers and erasures. Unless set, `secret.key`"
        " in the data folder is used, and made if it is missing; replicas must share one.",
    )
    hubspot_url: str = Field(
        default="https://api.hubapi.com",
        pattern=ADDRESS,
        description="Where `nomaybe reconcile` asks HubSpot; another address only for tests.",
    )
    pipedrive_url: str = Field(
        default="https://api.pipedrive.com",
        pattern=ADDRESS,
        description="Where `nomaybe reconcile` asks Pipedrive; `https://yours.pipedrive.com` works"
        " too.",
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
    smtp_host: str = Field(
        default="", description="Mail server for the daily digest; unless set, none is sent."
    )
    smtp_port: int = Field(default=587, ge=1, le=65535, description="The port of the mail server.")
    smtp_from: Email | Literal[""] = Field(
        default="",
        validate_default=True,
        description="In whose name mail is sent; needed with a mail server.",
    )
    smtp_user: str = Field(default="", description="Who signs in to the mail server, if anybody.")
    smtp_password: SecretStr | None = Field(
        default=None, description="With what; it goes over the network encrypted, or not at all."
    )
    smtp_encryption: Encryption = Field(
        default=Encryption.starttls,
        description="`starttls` (587), `tls` from the first byte (465) or `none`.",
    )
    digest_hour: int = Field(
        default=6, ge=0, le=23, description="Hour (UTC) from which the digest of the day is sent."
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

    @field_validator("smtp_from")
    @classmethod
    def somebody_sends(cls, value: str, info: ValidationInfo) -> str:
        """Refuse a mail server without a sender."""
        if info.data.get("smtp_host") and not value:
            raise ValueError("is needed with a mail server: whose address mail is sent from")
        return value

    @field_validator("smtp_encryption")
    @classmethod
    def passwords_are_encrypted(cls, value: Encryption, info: ValidationInfo) -> Encryption:
        """Refuse to send a password in clear."""
        if info.data.get("smtp_user") and value is Encryption.none:
            raise ValueError("cannot be none where NOMAYBE_SMTP_USER is set: a password is secret")
        return value

    @property
    def mail(self) -> Relay | None:
        """The mail server, if one is set."""
        if not self.smtp_host:
            return None
        secret = self.smtp_password.get_secret_value() if self.smtp_password else ""
        return Relay(
            self.smtp_host,
            self.smtp_port,
            self.smtp_from,
            self.smtp_user,
            secret,
            self.smtp_encryption,
        )

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
