"""Environments of their own for programs that never become part of the product.

Peers that we measure against, and the fuzzer: installed by hash from lock/, kept in
$NOSTRO_CACHE/environments, else ~/.cache/nostro/environments. The folder may be deleted any time.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


class Missing(Exception):
    """The environment could not be made (no network?); the text says why."""


def cache(*parts: str) -> Path:
    """A folder below the cache, made when it is not there."""
    given = os.environ.get("NOSTRO_CACHE")
    home = Path(given) if given else Path.home() / ".cache" / "nostro"
    folder = home.joinpath(*parts)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def python_of(name: str, *locks: str) -> Path:
    """The Python of the environment `name` with what `locks` pin; makes it when it is missing.

    `locks` are files below lock/. Raises Missing.
    """
    files = [ROOT / "lock" / lock for lock in locks]
    digest = hashlib.sha256(sys.version.encode())
    for file in files:
        digest.update(file.read_bytes())
    folder = cache("environments") / f"{name}-{digest.hexdigest()[:10]}"
    python, stamp = folder / "bin" / "python", folder / "made"
    if not stamp.exists():
        sys.stderr.write(f"Installing {', '.join(locks)} into {folder} ...\n")
        uv = Path(sys.executable).with_name("uv")
        wanted = [part for file in files for part in ("--requirement", str(file))]
        _run(str(uv), "venv", "--quiet", "--clear", "--python", sys.executable, str(folder))
        _run(str(uv), "pip", "install", "--quiet", "--require-hashes", "--python", str(python),
             *wanted)  # fmt: skip
        stamp.touch()
    return python


def _run(*command: str) -> None:
    try:
        told = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        raise Missing(str(error)) from None
    if told.returncode:
        last = told.stderr.strip().splitlines()[-1:] or ["no reason given"]
        raise Missing(f"{Path(command[0]).name} {command[1]}: {last[0]}")
