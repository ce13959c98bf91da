"""PostgreSQL's own pg_dump and pg_restore, as streams: nothing unencrypted touches a disk.

Both work as the owner of the schema with row security on: without it FORCE would make pg_dump
refuse, and a role that bypasses the wall exists nowhere.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO

from nostro.domain.errors import Refused, Unavailable
from nostro.storage import placement
from nostro.storage.postgresql.address import Address

PIECE_BYTES = 1 << 18
Command = list[str | Path]
_SYSTEM = Path("/usr/lib/postgresql")


def program(name: str, major: int) -> Path:
    """`pg_dump` or `pg_restore` of this major release, else of the next newer one that is here.

    Raises Refused when there is none: an older pg_dump cannot dump a newer server.
    """
    found = _found(name)
    fitting = sorted(release for release in found if release >= major)
    if not fitting:
        raise Refused(
            "database_programs_missing",
            f"{name} of PostgreSQL {major} or newer is not on this machine.",
            can_do=f"Install the system's postgresql-client-{major}, or set"
            f" {placement.BINARIES_VARIABLE} to the folder that holds it.",
        )
    return found[fitting[0]]


def newest(name: str) -> Path:
    """The newest release of a program that is here: it reads the dumps of all before it."""
    return program(name, max(_found(name), default=0))


def _found(name: str) -> dict[int, Path]:
    return {_major(path): path for path in reversed(_candidates(name))}


def _candidates(name: str) -> list[Path]:
    told = os.environ.get(placement.BINARIES_VARIABLE)
    folders = [Path(told)] if told else []
    folders += placement.binaries_of_the_wheel()
    folders += sorted(_SYSTEM.glob("*/bin"))
    folders += [Path(folder) for folder in os.get_exec_path()]
    return [folder / name for folder in folders if (folder / name).is_file()]


def _major(path: Path) -> int:
    return int(release_of(path).partition(".")[0])


def release_of(path: Path) -> str:
    """The release of a program, such as `18.6`; `0` when it does not tell."""
    told = subprocess.run(
        [path, "--version"], capture_output=True, text=True, check=False, timeout=30
    )
    found = re.search(r"\) (\d+(\.\d+)*)", told.stdout)
    return found.group(1) if found else "0"


def dump(dumper: Path, address: Address, snapshot: str) -> Iterator[bytes]:
    """The whole database in pg_dump's custom format, compressed, as of a snapshot.

    Raises Unavailable when pg_dump fails; what was given until then is no dump.
    """
    command: Command = [
        dumper, "--enable-row-security", "--format=custom", f"--snapshot={snapshot}",
        "--no-password",
    ]  # fmt: skip
    with tempfile.TemporaryFile() as said:
        running = subprocess.Popen(
            command, env=_environment(address), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=said,
        )  # fmt: skip
        try:
            while piece := _pipe(running.stdout).read(PIECE_BYTES):
                yield piece
            if running.wait() != 0:
                raise _failed("pg_dump", said, "No backup was written.")
        finally:
            _end(running)


def restore(restorer: Path, address: Address, pieces: Iterable[bytes]) -> None:
    """Make the tables of a dump in an empty database, all in one transaction.

    Raises Unavailable when pg_restore fails; the database is then as empty as before.
    """
    command: Command = [
        restorer, "--exit-on-error", "--single-transaction", "--no-password",
        f"--dbname={address.database}",
    ]  # fmt: skip
    _feed(command, _environment(address), pieces, "The database was left as it was.")


def check(restorer: Path, pieces: Iterable[bytes]) -> None:
    """Read a dump from end to end, as a restore would; raises Unavailable when it is not whole."""
    command: Command = [restorer, "--file=/dev/null"]
    _feed(command, _environment(None), pieces, "The backup was not kept.")


def _feed(
    command: Command, environment: Mapping[str, str], pieces: Iterable[bytes], did: str
) -> None:
    with tempfile.TemporaryFile() as said:
        running = subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=said
        )
        try:
            try:
                for piece in pieces:
                    _pipe(running.stdin).write(piece)
                _pipe(running.stdin).close()
            except BrokenPipeError:
                running.wait()  # It has said why it reads no further.
            if running.wait() != 0:
                raise _failed("pg_restore", said, did)
        finally:
            _end(running)


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:
        raise RuntimeError("a pipe was asked for")
    return pipe


def _end(running: subprocess.Popen[bytes]) -> None:
    """A program that we leave early, by an error or Ctrl-C, ends with us: its transaction too."""
    if running.poll() is None:
        running.kill()
        running.wait()
    for pipe in (running.stdin, running.stdout):
        if pipe is not None and not pipe.closed:
            try:
                pipe.close()
            except BrokenPipeError:
                continue  # What waited for a program that has ended.


def _environment(address: Address | None) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    return {**kept, "LC_ALL": "C", **(address.environment() if address else {})}


def _failed(name: str, said: IO[bytes], did: str) -> Unavailable:
    said.seek(0)
    last = b" ".join(said.read().splitlines()[-6:]).decode(errors="replace")
    return Unavailable(
        "dump_failed",
        f"{name} failed: {last or 'without a word'}",
        did,
        "Look at what it says; the database's log says more.",
    )
