"""Which object stores this installation was given: buckets, how they are spoken to, credentials."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from nostro.ops.secrets import FileSecrets

if TYPE_CHECKING:
    from nostro.ports import KeepsObjects

CHECKPOINTS = "checkpoint_s3"
EVIDENCE = "evidence_s3"


class StoreConfiguration(BaseSettings):
    """Environment variables beginning with NOSTRO_CHECKPOINT_S3_ or NOSTRO_EVIDENCE_S3_.

    Without a `bucket` there is no store. `endpoint` is its address, as https://minio.example:9000;
    without it, Amazon's. `path_style` names the bucket in the path instead of in the host.
    `lock_mode` and `lock_days`: how, and for checkpoints how long, objects are locked.
    `connect_seconds`, `read_seconds` and `tries` (with pauses between) are of one request.
    """

    model_config = SettingsConfigDict(extra="ignore")

    bucket: str = ""
    prefix: str = ""
    endpoint: str = ""
    region: str = ""
    path_style: bool = False
    ca_file: Path | None = None
    lock_mode: Literal["COMPLIANCE", "GOVERNANCE"] = "COMPLIANCE"
    lock_days: int = 3653
    connect_seconds: int = 10
    read_seconds: int = 60
    tries: int = 4

    @field_validator("prefix")
    @classmethod
    def _ends_with_a_slash(cls, text: str) -> str:
        return f"{text.strip('/')}/" if text.strip("/") else ""


def configuration(name: str) -> StoreConfiguration:
    """The settings of CHECKPOINTS or EVIDENCE; raises pydantic's ValidationError."""
    return StoreConfiguration(_env_prefix=f"NOSTRO_{name.upper()}_")


def secret_key_of(name: str) -> str:
    """Under which name the secret key of CHECKPOINTS or EVIDENCE is kept."""
    return f"{name}_secret_access_key"


def store(name: str, secrets: FileSecrets) -> KeepsObjects | None:
    """The store of CHECKPOINTS or EVIDENCE; None when no bucket was named.

    Its keys are secrets of the installation (`<name>_access_key_id`, `<name>_secret_access_key`),
    or found as Amazon's own programs find them.
    """
    chosen = configuration(name)
    if not chosen.bucket:
        return None
    from nostro.connectors.object_store import ObjectStore, StoreSettings  # Costs 300 ms to load.

    keys = (f"{name}_access_key_id", secret_key_of(name))
    given = [value.strip() for value in secrets.known(keys).values()]
    key_id, key = given if len(given) == len(keys) else ("", "")
    return ObjectStore(
        StoreSettings(
            bucket=chosen.bucket,
            prefix=chosen.prefix,
            endpoint=chosen.endpoint,
            region=chosen.region,
            path_style=chosen.path_style,
            ca_file=str(chosen.ca_file or ""),
            connect_seconds=chosen.connect_seconds,
            read_seconds=chosen.read_seconds,
            tries=chosen.tries,
            access_key_id=key_id,
            secret_access_key=key,
            lock_mode=chosen.lock_mode,
        )
    )
