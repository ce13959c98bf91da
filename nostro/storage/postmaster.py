"""What the operating system knows of a cluster's server process.

A pid file alone proves nothing: its process may be dead, dead but not yet collected by its
parent (in containers whose first process collects nobody; `pg_ctl status` calls that running),
or the number may belong to a stranger by now.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
SOCKET = ".s.PGSQL.5432"
SOCKET_LOCK = f"{SOCKET}.lock"
PROC_IS_THERE = (PROC / "self").exists()


@dataclass(frozen=True)
class Postmaster:
    """The server process of one data directory."""

    data: Path

    def _lines(self) -> list[str]:
        try:
            return (self.data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return []

    def pid(self) -> int | None:
        """The number in the pid file, dead or alive."""
        return _number_in(self.data / "postmaster.pid")

    def socket_folder(self) -> Path | None:
        """Where the server said that its socket is."""
        lines = self._lines()
        return Path(lines[4]) if len(lines) > 4 and lines[4] else None

    def alive(self) -> bool:
        """Whether that process runs and is this directory's server."""
        pid = self.pid()
        if pid is None:
            return False
        if not PROC_IS_THERE:
            return _alive_by_ps(pid)
        process = PROC / str(pid)
        try:
            return (process / "cwd").readlink() == self.data.resolve()
        except PermissionError:  # root without the right to trace: containers
            return self._looks_like_server(process)
        except OSError:  # gone, or a zombie, which works nowhere
            return False

    def lost_its_socket(self) -> bool:
        """Whether the server is up, but its socket was deleted from under it."""
        lines = self._lines()
        ready = len(lines) > 7 and lines[7].strip() == "ready"
        folder = self.socket_folder()
        return ready and folder is not None and self.alive() and not (folder / SOCKET).exists()

    def end(self) -> None:
        """Ask the server for a fast shutdown: open sessions are ended, data is written."""
        pid = self.pid()
        if pid is not None and self.alive():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGINT)

    def orphans(self) -> list[int]:
        """Sessions that outlived their server, as far as we may see them (Linux)."""
        if not PROC_IS_THERE or self.alive():
            return []
        return [int(p.name) for p in PROC.iterdir() if p.name.isdigit() and self._is_session(p)]

    def held(self) -> bool:
        """Whether sessions of a dead server may still write: they share its memory segment."""
        lines = self._lines()
        fields = lines[6].split() if len(lines) > 6 else []
        segment = fields[-1] if fields else ""
        return bool(self.orphans()) or (not self.alive() and _attached(segment) > 0)

    def forget(self, socket_folder: Path) -> None:
        """Remove the lock files of a server that is surely dead.

        Left in place when the number is free, since PostgreSQL then checks by itself; taken away
        when a zombie or a stranger has the number, which PostgreSQL would take for the server.
        """
        if self.alive():
            return
        for path in (self.data / "postmaster.pid", socket_folder / SOCKET_LOCK):
            pid = _number_in(path)
            if pid is not None and _exists(pid):
                path.unlink()

    def _is_session(self, process: Path) -> bool:
        # Every process of a cluster works in its data directory; so may an innocent shell.
        try:
            program = (process / "exe").readlink().name
            works_in = (process / "cwd").readlink()
        except OSError:
            return False
        return works_in == self.data.resolve() and program.startswith("postgres")

    def _looks_like_server(self, process: Path) -> bool:
        try:
            state = (process / "stat").read_text().rpartition(")")[2].split()[0]
            words = (process / "cmdline").read_bytes().split(b"\0")
        except OSError:
            return False
        return state != "Z" and os.fsencode(self.data) in words


def _number_in(lock_file: Path) -> int | None:
    try:
        first = lock_file.read_text().partition("\n")[0].strip()
    except FileNotFoundError:
        return None
    return int(first) if first.isdigit() else None


def _attached(segment: str) -> int:
    """How many processes share a System V memory segment."""
    try:
        rows = [row.split() for row in (PROC / "sysvipc" / "shm").read_text().splitlines()[1:]]
    except OSError:
        return 0
    return next((int(row[6]) for row in rows if row[1] == segment), 0)


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _alive_by_ps(pid: int) -> bool:
    told = subprocess.run(
        ["/bin/ps", "-o", "stat=,command=", "-p", str(pid)],
        capture_output=True,
        text=True,
        check=False,
    )
    state, _, command = told.stdout.strip().partition(" ")
    return bool(state) and not state.startswith("Z") and "postgres" in command
