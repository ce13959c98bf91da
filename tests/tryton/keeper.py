"""Runs something for as long as its caller lives: the end of standard input ends it.

    keeper.py run PROGRAM ARGUMENT...   a program, ended by SIGTERM
    keeper.py server HOME               our embedded PostgreSQL; its address is printed

A caller that is killed cannot tidy up, but its end of the pipe closes in any case. The server
may be shared by several callers: the last one stops it.
"""

from __future__ import annotations

import fcntl
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO

STOP_SECONDS = 20.0


class Kept:
    """A program that ends when this process does."""

    def __init__(self, *arguments: str, log: Path) -> None:
        self.log = log
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, __file__, *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE if arguments[0] == "server" else output,
                stderr=output,
                text=True,
                start_new_session=True,  # an interrupt at the terminal is ours to handle
            )

    def first_line(self) -> str:
        """What it printed first; empty if it ended instead."""
        output: IO[str] | None = self._process.stdout
        return output.readline().strip() if output else ""

    def alive(self) -> bool:
        """Whether it still runs."""
        return self._process.poll() is None

    def tail(self) -> str:
        """The last lines it wrote."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])

    def wait(self) -> None:
        """Wait until it has ended by itself."""
        self._process.wait()
        self.stop()

    def stop(self) -> None:
        """End it and wait for that."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                pipe.close()
        self._process.wait(STOP_SECONDS * 3)


def _run(command: list[str]) -> int:
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL)

    def end_with_caller() -> None:
        sys.stdin.read()
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()

    threading.Thread(target=end_with_caller, daemon=True).start()
    return process.wait()


def _serve(home: Path) -> int:
    from nostro.storage.server import Server

    home.mkdir(parents=True, exist_ok=True)
    server = Server(home)
    with (home / "users.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        server.ensure()
        print(server.admin_url(), flush=True)  # noqa: T201  (this is the answer)
        sys.stdin.read()
        fcntl.flock(lock, fcntl.LOCK_UN)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return 0  # someone else still uses it
        server.stop()
    return 0


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["run", *command]:
            sys.exit(_run(command))
        case ["server", home]:
            sys.exit(_serve(Path(home)))
        case _:
            sys.exit(__doc__)
