"""The PostgreSQL that runs on this machine: made when missing, started, found again, stopped.

It listens on a unix socket in a private folder and on no network port, asks for a password,
keeps data checksums, and never runs as root. Many processes may call `ensure` at once.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from urllib.parse import quote

from nostro.domain.errors import Invalid, NostroError, Refused, Unavailable
from nostro.storage import placement
from nostro.storage.postmaster import Postmaster
from nostro.storage.server_settings import PORT, SETTINGS

LOCK_SECONDS = 180.0
START_SECONDS = 120
STOP_SECONDS = 60
ORPHAN_SECONDS = 10.0
LOG_BYTES_MAX = 10_000_000
FRESH_CLUSTER_BYTES = 120_000_000  # catalogues, the first log segments, and room to start
FULL = re.compile(r"No space left on device|File too large|Disk quota exceeded")


class Server:
    """One cluster in one home folder.

    `started_here` says whether this object started the server, and so whether stopping it is
    this object's business.
    """

    started_here: bool

    def __init__(self, home: Path, binaries: Path | None = None) -> None:
        self.home = home.absolute()
        self.started_here = False
        self._given_binaries = binaries

    # ---- What others call

    def ensure(self) -> None:
        """Have a server that answers: found running, started, or made first."""
        with self._locked():
            self._must_be_ours()
            if self.running():
                return
            if not (self._data / "PG_VERSION").exists():
                self._make_cluster()
            self._must_be_same_version()
            try:
                self._start_anew()
            except Unavailable as error:
                if error.code == "no_disk_space":
                    raise
                self._start_anew()  # Killed while it started (out of memory), perhaps.

    def stop(self) -> None:
        """Stop cleanly, ending open sessions. Not running is fine."""
        if not self._made():
            return
        with self._locked():
            if not self._postmaster.alive():
                return
            wait = ("-w", "-t", str(STOP_SECONDS))
            told = self._run("pg_ctl", "-D", str(self._data), "-m", "fast", *wait, "stop")
            if told.returncode != 0 and self._postmaster.alive():
                raise Unavailable(
                    code="database_stop_failed",
                    happened=f"PostgreSQL did not stop within {STOP_SECONDS} seconds.",
                    did="It was left running.",
                    can_do=f"Look at the last lines of {self.log}:\n{self._log_tail(0)}",
                )
        self.started_here = False

    def running(self) -> bool:
        """Whether the server accepts connections: it is asked, no file is believed."""
        return self._made() and self._postmaster.alive() and self._answers()

    def admin_url(self, database: str = "postgres") -> str:
        """The address of a database for the cluster's superuser."""
        folder = self._postmaster.socket_folder() or self._socket_folder()
        host = quote(str(folder), safe="")
        word = quote(self._password_file.read_text().strip(), safe="")
        return f"postgresql://postgres:{word}@/{quote(database, safe='')}?host={host}&port={PORT}"

    @property
    def folder(self) -> Path:
        """Where the cluster's files are."""
        return self._place

    @property
    def log(self) -> Path:
        """The file PostgreSQL writes its messages to."""
        return self._place / "postgresql.log"

    # ---- Where things are

    def _made(self) -> bool:
        known = (self.home / "database", self.home / placement.POINTER)
        if not any(path.exists() for path in known):
            return False
        return self._data.is_dir()

    @cached_property
    def _place(self) -> Path:
        return placement.place_for(self.home, placement.unprivileged())

    @cached_property
    def _account(self) -> placement.Account | None:
        return placement.owner(self._place, placement.unprivileged())

    @cached_property
    def programs(self) -> Path:
        found = placement.find_binaries(self._given_binaries)
        return placement.reachable_binaries(found, self._account)

    @property
    def _data(self) -> Path:
        return self._place / "data"

    @property
    def _password_file(self) -> Path:
        return self._place / "password"

    @property
    def _postmaster(self) -> Postmaster:
        return Postmaster(self._data)

    def _socket_folder(self) -> Path:
        return placement.socket_folder(self._place, self._account)

    # ---- One at a time

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold the cluster's lock; it vanishes with the process that holds it."""
        self._make_home()
        path = self.home / "database.lock"
        is_new = not path.exists()
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            if is_new and (account := placement.unprivileged()):
                account.owns(path)
            if not _wait(lambda: _try_lock(descriptor), LOCK_SECONDS):
                raise self._busy()
            yield
        finally:
            os.close(descriptor)

    def _make_home(self) -> None:
        try:
            if not self.home.is_dir():
                self.home.mkdir(parents=True)
                account = placement.unprivileged()
                if account and account.uid != placement.NOBODY:
                    account.owns(self.home)
        except OSError as error:
            raise Invalid(
                code="home_unusable",
                happened=f"The home folder {self.home} cannot be used: {error.strerror}.",
                did="Nothing was made.",
                can_do="Choose a folder that you may write to.",
            ) from error

    def _busy(self) -> Unavailable:
        return Unavailable(
            code="database_busy",
            happened=f"Another process has been preparing the database in {self.home} for more"
            f" than {LOCK_SECONDS:.0f} seconds.",
            did="Nothing was started here.",
            can_do="Wait for it or end it, then try again.",
        )

    # ---- Making a cluster

    def _make_cluster(self) -> None:
        """Run initdb beside the final place and rename: a crash never leaves half a cluster."""
        for left in self._place.glob("data.new-*"):
            shutil.rmtree(left, ignore_errors=True)
        self._must_have_room()
        placement.must_have_name(self._account)
        new = self._place / f"data.new-{secrets.token_hex(4)}"
        try:
            placement.write_whole(
                self._password_file, f"{secrets.token_urlsafe(32)}\n", 0o600, self._account
            )
            told = self._run("initdb", "-D", str(new), *self._initdb_options())
            if told.returncode != 0:
                raise self._start_failure("create its files", told.stdout + told.stderr)
            with (new / "postgresql.conf").open("a") as file:
                file.write("include 'nostro.conf'\ninclude_if_exists 'custom.conf'\n")
            own = "# Your settings; they win over nostro.conf.\n"
            placement.write_whole(new / "custom.conf", own, 0o600, self._account)
        except OSError as error:
            raise self._start_failure("create its files", str(error)) from error
        except NostroError:
            shutil.rmtree(new, ignore_errors=True)
            raise
        new.rename(self._data)

    def _initdb_options(self) -> tuple[str, ...]:
        access = ("-U", "postgres", "-A", "scram-sha-256", f"--pwfile={self._password_file}")
        return (*access, "--data-checksums", "-E", "UTF8", *self._locale())

    def _locale(self) -> tuple[str, ...]:
        """Bytewise order with Unicode classes, the same on every machine."""
        if self._major() >= 17:
            return ("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
        return ("--locale=C.UTF-8",) if sys.platform == "linux" else ("--locale=C",)

    def _must_have_room(self) -> None:
        free = shutil.disk_usage(self._place).free
        if free < FRESH_CLUSTER_BYTES:
            needed = FRESH_CLUSTER_BYTES // 1_000_000
            raise self._no_room(f"a new database needs {needed} MB")

    def _major(self) -> int:
        return int(placement.version_of(self.programs).partition(".")[0])

    # ---- Starting

    def _start_anew(self) -> None:
        self._clear_remains()
        if not self.running():
            self._start()

    def _start(self) -> None:
        self._write_settings()
        if self.log.exists() and self.log.stat().st_size > LOG_BYTES_MAX:
            self.log.rename(self.log.with_suffix(".log.1"))
        begin = self.log.stat().st_size if self.log.exists() else 0
        wait = ("-w", "-t", str(START_SECONDS), "-l", str(self.log))
        told = self._run("pg_ctl", "-D", str(self._data), *wait, "start")
        if told.returncode != 0:
            raise self._start_failure("start", self._log_tail(begin) or told.stdout + told.stderr)
        self.started_here = True

    def _write_settings(self) -> None:
        folder = str(self._socket_folder()).replace("'", "''").replace('"', '""')
        settings = {**SETTINGS, "unix_socket_directories": f"'\"{folder}\"'"}
        lines = [f"{name} = {value}\n" for name, value in settings.items()]
        text = "# Written at each start; own settings belong into custom.conf.\n" + "".join(lines)
        try:
            placement.write_whole(self._data / "nostro.conf", text, 0o600, self._account)
        except OSError as error:
            raise self._start_failure("write its settings", str(error)) from error

    def _clear_remains(self) -> None:
        """After a crash: let what a dead postmaster left behind end before starting anew.

        Removing its pid file while one of its sessions still runs would let two servers write to
        the same files.
        """
        postmaster = self._postmaster
        if postmaster.lost_its_socket():
            postmaster.end()  # Nobody can reach it; a cleaner of temporary files does this.
            _wait(lambda: not postmaster.alive(), STOP_SECONDS)
        if not _wait(lambda: not postmaster.alive() or self._answers(), START_SECONDS):
            raise self._in_use(f"process {postmaster.pid()} holds it and does not answer")
        if postmaster.alive():
            return
        for signal_number in (signal.SIGTERM, signal.SIGQUIT):
            for pid in postmaster.orphans():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal_number)
            if _wait(lambda: not postmaster.held(), ORPHAN_SECONDS):
                break
        if postmaster.held():
            named = ", ".join(str(pid) for pid in postmaster.orphans()) or "of another user"
            raise self._in_use(f"sessions of a server that is gone still run (processes {named})")
        postmaster.forget(self._socket_folder())

    def _answers(self) -> bool:
        folder = self._postmaster.socket_folder()
        if folder is None:
            return False
        asked = self._run("pg_isready", "-q", "-t", "5", "-h", str(folder), "-p", str(PORT))
        return asked.returncode == 0

    def _run(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run one of PostgreSQL's programs, as the unprivileged user when we are root."""
        account = self._account
        return subprocess.run(
            [self.programs / program, *arguments],
            cwd=self._place,
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "HOME": str(self._place)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            umask=0o077,
            restore_signals=False,  # a file size limit must become an error, not a SIGXFSZ
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
        )

    # ---- What can be wrong

    def _must_be_ours(self) -> None:
        """The cluster's files belong to the user it will run as; a password is there."""
        if self._account is not None:
            self._account.owns(self._place)
        if (self._data / "PG_VERSION").exists() and not self._password_file.exists():
            raise Refused(
                code="database_password_missing",
                happened=f"{self._password_file} is gone, and nobody else knows the password.",
                did="The database was left alone.",
                can_do="Put the file back from a backup of the home folder.",
            )

    def _must_be_same_version(self) -> None:
        made = (self._data / "PG_VERSION").read_text().strip()
        release = placement.version_of(self.programs)
        if made == release.partition(".")[0]:
            return
        raise Refused(
            code="database_version_mismatch",
            happened=f"The database in {self._data} was made by PostgreSQL {made}, and the programs"
            f" in {self.programs} are PostgreSQL {release}.",
            did="It was not started and not changed.",
            can_do=f"Set {placement.BINARIES_VARIABLE} to the programs of PostgreSQL {made} save it"
            f" with pg_dump (docs/operating.md, Backup); then move {self._data} away, unset the"
            " variable, run `nostro migrate` and restore with pg_restore.",
        )

    def _start_failure(self, doing: str, output: str) -> Unavailable:
        if FULL.search(output) or shutil.disk_usage(self._place).free < 1_000_000:
            return self._no_room(f"PostgreSQL could not {doing}")
        last = "\n".join(output.strip().splitlines()[-12:])
        return Unavailable(
            code="database_start_failed",
            happened=f"PostgreSQL could not {doing}.",
            did="Nothing of an existing database was changed.",
            can_do=f"Its last messages (more in {self.log}) say why:\n{last}",
        )

    def _no_room(self, what: str) -> Unavailable:
        free = shutil.disk_usage(self._place).free // 1_000_000
        return Unavailable(
            code="no_disk_space",
            happened=f"No disk space: {what}, and {free} MB are free in {self._place}.",
            did="Nothing of an existing database was changed.",
            can_do="Free some space, or choose a home folder on another disk, and try again.",
        )

    def _in_use(self, why: str) -> Refused:
        return Refused(
            code="data_directory_in_use",
            happened=f"The data directory {self._data} is in use: {why}.",
            did="No second server was started on it.",
            can_do="Wait for those processes or end them, then try again.",
        )

    def _log_tail(self, begin: int) -> str:
        if not self.log.exists():
            return ""
        with self.log.open("rb") as file:
            file.seek(begin)
            lines = file.read()[-20_000:].decode(errors="replace").splitlines()
        return "\n".join(lines[-12:])


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _wait(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
