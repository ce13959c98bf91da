"""Which places outside the database keep checkpoints, as this installation is told."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from pydantic_settings import BaseSettings, SettingsConfigDict

from nostro.ops import object_stores
from nostro.ops.checkpoint_folder import CheckpointFolder
from nostro.ops.checkpoint_objects import CheckpointObjects
from nostro.ops.checkpoints import Place
from nostro.ops.secrets import FileSecrets


class CheckpointPlaces(BaseSettings):
    """Environment variables beginning with NOSTRO_CHECKPOINT_.

    `folder` is where the files are, best on another machine's disk; without it they are in
    `checkpoints` below NOSTRO_HOME, which proves little to somebody who does not copy them.
    """

    model_config = SettingsConfigDict(env_prefix="NOSTRO_CHECKPOINT_", extra="ignore")

    folder: Path | None = None


def folder(home: Path) -> CheckpointFolder:
    """The folder of this installation."""
    return CheckpointFolder(CheckpointPlaces().folder or home / "checkpoints")


def signing_keys(secrets_home: Path) -> FileSecrets:
    """Where the keys are that checkpoints are signed with: secrets of the installation itself."""
    return FileSecrets(secrets_home)


def bucket(secrets_home: Path) -> CheckpointObjects | None:
    """The bucket of this installation, when it was given one."""
    store = object_stores.store(object_stores.CHECKPOINTS, FileSecrets(secrets_home))
    if store is None:
        return None
    chosen = object_stores.configuration(object_stores.CHECKPOINTS)
    return CheckpointObjects(store, timedelta(days=chosen.lock_days))


def places(home: Path, secrets_home: Path) -> list[Place]:
    """Every place that keeps checkpoints."""
    outside = bucket(secrets_home)
    return [folder(home), outside] if outside else [folder(home)]


def kept_in(home: Path) -> str:
    """Where checkpoints are kept, in words that a customer may read: no path of ours."""
    own = folder(home).folder.resolve().is_relative_to(home.resolve())
    beside = "a folder beside the database" if own else "a folder outside this system"
    bucketed = object_stores.configuration(object_stores.CHECKPOINTS).bucket
    return f"{beside} and a bucket under object lock" if bucketed else beside
