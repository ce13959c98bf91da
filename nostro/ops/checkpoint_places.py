"""Which places outside the database keep checkpoints, as this installation is told."""

from __future__ import annotations

from pathlib import Path

from pydantic_settings import BaseSettings, SettingsConfigDict

from nostro.ops.checkpoint_folder import CheckpointFolder
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


def places(home: Path) -> list[Place]:
    """Every place that keeps checkpoints."""
    return [folder(home)]
