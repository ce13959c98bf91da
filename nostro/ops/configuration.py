"""What an installation is told from outside: environment variables beginning with NOSTRO_."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Literal

from pydantic import SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from nostro.storage.postgresql.address import never_in_the_clear


class Configuration(BaseSettings):
    """Settings of this installation. Without a database URL the embedded PostgreSQL is used.

    `database_url` names host, port and database of an external PostgreSQL >= 15, without user; one
    that is not on this machine is reached encrypted, unless its `sslmode` says otherwise.
    `database_address` is set by nostro.app itself: what it found out, for Django's settings.
    `reachable_networks` are networks of our own that connections may lead into (the open internet
    they may always): 10.20.0.0/16, 127.0.0.0/8.
    `api_requests_per_second` is what one key may ask in the long run; 0: as much as it likes.
    `webhooks_to_this_machine` lets webhooks go to loopback addresses, by http too: for rehearsals.
    Below `free_space_percent` of the database's volume nothing new is taken in. Of an external
    server the volume is `database_volume`, if it is mounted here, or `database_gigabytes` are
    what it allots.
    `backup_key` and `backup_key_file` are what backups are encrypted with: the key, or its file.
    `database_admin_url` is a role that may create roles; `nostro migrate` and `nostro restore`
    need it.
    `key_encryption_keys` are base64 and separated by commas, the newest first; without them they
    stand in `key_encryption_file`, by default among the secrets.
    `evidence_kept_in` is where files are kept of customers for whom nothing else was chosen.
    `session_idle_minutes` without a request end a sign-in, `session_hours` end it in any case.
    `breached_passwords_file` and `breached_passwords_address` (such as
    https://api.pwnedpasswords.com/range) are lists of passwords that nobody may choose.
    """

    model_config = SettingsConfigDict(env_prefix="NOSTRO_", extra="ignore")

    home: Path = Path.home() / ".nostro"
    database_url: str = ""
    database_address: str = ""
    database_admin_url: str = ""
    postgres_binaries: Path | None = None
    host: str = "127.0.0.1"
    port: int = 8480
    public_host: str = ""
    reachable_networks: str = ""
    web_threads: int = 4
    api_requests_per_second: int = 200
    demo: bool = False
    webhooks_to_this_machine: bool = False
    free_space_percent: int = 10
    database_volume: Path | None = None
    database_gigabytes: int = 0
    backup_key: SecretStr = SecretStr("")
    backup_key_file: Path | None = None
    session_idle_minutes: int = 60
    session_hours: int = 12
    breached_passwords_file: Path | None = None
    breached_passwords_address: str = ""
    key_encryption_keys: SecretStr = SecretStr("")
    key_encryption_file: Path | None = None
    evidence_kept_in: Literal["database", "s3"] = "database"

    @field_validator("reachable_networks")
    @classmethod
    def _are_networks(cls, text: str) -> str:
        _networks(text)
        return text

    @field_validator("database_url", "database_admin_url")
    @classmethod
    def _is_encrypted(cls, url: str) -> str:
        return never_in_the_clear(url)

    @property
    def networks_reached(self) -> tuple[IPv4Network | IPv6Network, ...]:
        return _networks(self.reachable_networks)

    @property
    def server_home(self) -> Path:
        return self.home / "postgresql"

    @property
    def secrets_home(self) -> Path:
        return self.home / "secrets"

    @property
    def clock_file(self) -> Path:
        return self.home / "clock"


def _networks(text: str) -> tuple[IPv4Network | IPv6Network, ...]:
    """Networks with commas between; raises ValueError naming the first that is none."""
    return tuple(ip_network(part) for one in text.split(",") if (part := one.strip()))
