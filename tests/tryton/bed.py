"""Tryton as a separate program in its own environment, with a seeded database made once.

    python -m tests.tryton.bed build    make what is missing in the cache (minutes, once)
    python -m tests.tryton.bed status   what is there
    python -m tests.tryton.bed lock     write requirements.txt again

The cache is $NOSTRO_CACHE/tryton, else ~/.cache/nostro/tryton. It may be deleted at any time.
Tryton is GPL: nothing of it is imported here, it is only installed, started and called.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import LiteralString
from urllib.parse import urlsplit

import httpx
import psycopg
from psycopg import sql

from nostro.storage.placement import find_binaries
from tests.tryton import seed
from tests.tryton.keeper import Kept
from tests.tryton.wire import Wire

HERE = Path(__file__).parent
REQUIREMENTS = HERE / "requirements.txt"
MODULES = (
    "account_invoice",
    "account_payment_clearing",
    "account_payment_sepa",
    "account_statement_sepa",
    "bank",
)
PASSWORD = "tryton-test-bed"
COPY = "tryton_copy_"  # and the number of the process that made it
START_SECONDS = 120.0
OLDER_SERVER = re.compile(r'"transaction_timeout"(.|\n)*errors ignored on restore: 1\b')
Say = Callable[[str], None]


class BedError(Exception):
    """The bed could not be made or started; the text says why."""


def cache_folder() -> Path:
    """Where the bed keeps what it made."""
    given = os.environ.get("NOSTRO_CACHE")
    return (Path(given) if given else Path.home() / ".cache" / "nostro") / "tryton"


def _digest(*parts: bytes) -> str:
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:10]


def _tell(text: str) -> None:
    sys.stderr.write(f"tryton bed: {text}\n")


class TrytonBed:
    """A running Tryton with a fresh copy of the seeded company.

    By default on our embedded PostgreSQL, kept in the cache; with `admin_url` on that server
    (the user must be allowed to create databases).
    """

    def __init__(self, admin_url: str | None = None, cache: Path | None = None) -> None:
        self.cache = (cache or cache_folder()).absolute()
        self.base_url = ""
        self.database = ""
        self._given_url = admin_url
        self._stack = contextlib.ExitStack()
        self._open_wire: Wire | None = None
        base = _digest(REQUIREMENTS.read_bytes(), "\n".join(MODULES).encode())
        self._modules_database = f"tryton_modules_{base}"
        seeded = _digest(base.encode(), Path(seed.__file__).read_bytes())
        self._seed_database = f"tryton_seed_{seeded}"
        self._dump = self.cache / f"{self._seed_database}.dump"

    # ---- What others call

    @property
    def ready(self) -> bool:
        """Whether everything that takes minutes has been made."""
        return self._dump.exists() and self._environment_made()

    def build(self, say: Say = _tell) -> None:
        """Make what is missing: environment, database with modules, seeded dump."""
        self.build_environment(say)
        if self.ready:
            return
        with self._locked(say), contextlib.ExitStack() as stack:
            if self._dump.exists():
                return
            admin_url = self._server(stack)
            self._make_modules(admin_url, say)
            self._make_seed(admin_url, say)
            partial = self._dump.with_suffix(".partial")
            self._postgres("pg_dump", "-Fc", "-f", partial, _url(admin_url, self._seed_database))
            partial.rename(self._dump)
            say(f"ready in {self.cache}")

    def build_environment(self, say: Say = _tell) -> None:
        """Install Tryton into its own environment."""
        if self._environment_made():
            return
        with self._locked(say):
            if self._environment_made():
                return
            say("installing Tryton into its own environment (about 10 seconds)")
            uv = _uv()
            _run(uv, "venv", "--quiet", "--clear", "--python", sys.executable, self._venv)
            python = self._venv / "bin" / "python"
            _run(uv, "pip", "install", "--quiet", "--require-hashes", "--python", python,
                 "--requirement", REQUIREMENTS)  # fmt: skip
            self._stamp.write_text(self._environment_digest())

    def start(self) -> TrytonBed:
        """Start Tryton on a new copy of the seeded database."""
        if not self.ready:
            raise BedError("not built; run: python -m tests.tryton.bed build")
        admin_url = self._server(self._stack)
        self._have_seed(admin_url)
        _drop_left_over(admin_url)
        self.database = f"{COPY}{os.getpid()}_{secrets.token_hex(3)}"
        _clone(admin_url, self._seed_database, self.database)
        self._stack.callback(_drop, admin_url, self.database)
        self.base_url = self._tryton(self._stack, admin_url, self.database)
        return self

    @contextlib.contextmanager
    def server(self) -> Iterator[str]:
        """The database server, kept up between beds that are opened inside; its address."""
        with contextlib.ExitStack() as stack:
            yield self._server(stack)

    def wire(self) -> Wire:
        """The session as the administrator, speaking for the company."""
        if self._open_wire is None:
            self._open_wire = Wire(self.base_url, self.database, PASSWORD)
            self._stack.callback(self._open_wire.close)
            company = self._open_wire.call("model.company.company.search", [])[0]
            self._open_wire.context["company"] = company
        return self._open_wire

    def close(self) -> None:
        """Stop all of it and drop the copy."""
        self._stack.close()
        self._open_wire = None

    def __enter__(self) -> TrytonBed:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self.close()

    @contextlib.contextmanager
    def without_database(self) -> Iterator[Wire]:
        """Tryton started on nothing: it tells its version, and that is all."""
        with contextlib.ExitStack() as stack:
            url = self._tryton(stack, None, "")
            yield stack.enter_context(contextlib.closing(Wire(url, "", PASSWORD)))

    # ---- The environment

    @property
    def _venv(self) -> Path:
        return self.cache / "venv"

    @property
    def _stamp(self) -> Path:
        return self._venv / "bed.stamp"

    def _environment_digest(self) -> str:
        return _digest(REQUIREMENTS.read_bytes(), sys.version.encode())

    def _environment_made(self) -> bool:
        return self._stamp.exists() and self._stamp.read_text() == self._environment_digest()

    @contextlib.contextmanager
    def _locked(self, say: Say) -> Iterator[None]:
        self.cache.mkdir(parents=True, exist_ok=True)
        with (self.cache / "build.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                say("waiting for another process that is building the bed")
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    # ---- Databases

    def _server(self, stack: contextlib.ExitStack) -> str:
        if self._given_url:
            return self._given_url
        self.cache.mkdir(parents=True, exist_ok=True)
        kept = Kept("server", str(self.cache / "server"), log=self.cache / "server.log")
        stack.callback(kept.stop)
        if url := kept.first_line():
            return url
        raise BedError(f"PostgreSQL did not start:\n{kept.tail()}")

    def _make_modules(self, admin_url: str, say: Say) -> None:
        if _exists(admin_url, self._modules_database):
            return
        say("initialising Tryton's database (2 to 4 minutes)")
        partial = f"{self._modules_database}_partial"
        _drop(admin_url, partial)
        _admin(admin_url, "CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'", partial)
        with self._configuration(admin_url, "127.0.0.1:0") as (folder, configuration):
            (folder / "password").write_text(PASSWORD)
            _run(
                self._venv / "bin" / "trytond-admin", "-c", configuration, "-d", partial, "--all",
                "--email", "admin@example.org", "--activate-dependencies", "-u", *MODULES,
                env={"TRYTONPASSFILE": str(folder / "password")},
            )  # fmt: skip
        _admin(admin_url, "ALTER DATABASE {} RENAME TO {}", partial, self._modules_database)

    def _make_seed(self, admin_url: str, say: Say) -> None:
        if _exists(admin_url, self._seed_database):
            return
        say("entering the company, its suppliers and their bills (about 20 seconds)")
        partial = f"{self._seed_database}_partial"
        _drop(admin_url, partial)
        _clone(admin_url, self._modules_database, partial)
        with contextlib.ExitStack() as stack:
            url = self._tryton(stack, admin_url, partial)
            seed.seed(stack.enter_context(contextlib.closing(Wire(url, partial, PASSWORD))))
        _admin(admin_url, "ALTER DATABASE {} RENAME TO {}", partial, self._seed_database)

    def _have_seed(self, admin_url: str) -> None:
        """The seeded database on this server, from the dump where it is missing."""
        with self._locked(_tell):
            if _exists(admin_url, self._seed_database):
                return
            partial = f"{self._seed_database}_partial"
            _drop(admin_url, partial)
            _admin(admin_url, "CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'", partial)
            self._restore(_url(admin_url, partial))
            _admin(admin_url, "ALTER DATABASE {} RENAME TO {}", partial, self._seed_database)

    def _restore(self, url: str) -> None:
        try:
            self._postgres("pg_restore", "--no-owner", "-d", url, self._dump)
        except BedError as error:
            # Newer programs set a parameter that servers before 17 do not know; all else is done.
            if not OLDER_SERVER.search(str(error)):
                raise

    def _postgres(self, program: str, *arguments: str | Path) -> None:
        _run(find_binaries(None) / program, *arguments)

    # ---- The program

    @contextlib.contextmanager
    def _configuration(self, admin_url: str | None, listen: str) -> Iterator[tuple[Path, Path]]:
        with tempfile.TemporaryDirectory(prefix="tryton-") as name:
            folder, path = Path(name), Path(name) / "trytond.conf"
            uri = _url(admin_url, "") if admin_url else "sqlite://"
            text = f"[database]\nuri = {uri}\npath = {folder}\n\n[web]\nlisten = {listen}\n"
            path.touch(0o600)
            path.write_text(text)
            yield folder, path

    def _tryton(self, stack: contextlib.ExitStack, admin_url: str | None, database: str) -> str:
        listen = f"127.0.0.1:{_free_port()}"
        folder, path = stack.enter_context(self._configuration(admin_url, listen))
        chosen = ("-d", database) if database else ()
        program = str(self._venv / "bin" / "trytond")
        kept = Kept("run", program, "-c", str(path), *chosen, log=folder / "trytond.log")
        stack.callback(kept.stop)
        _wait_for(f"http://{listen}", kept)
        return f"http://{listen}"


# ---- Small things


def _run(program: str | Path, *arguments: str | Path, env: dict[str, str] | None = None) -> None:
    told = subprocess.run(
        [program, *arguments],
        env={**os.environ, **(env or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if told.returncode != 0:
        last = "\n".join((told.stdout + told.stderr).strip().splitlines()[-15:])
        raise BedError(f"{Path(program).name} ended with {told.returncode}:\n{last}")


def _uv() -> Path:
    beside = Path(sys.executable).with_name("uv")
    found = str(beside) if beside.exists() else shutil.which("uv")
    if found is None:
        raise BedError("uv was not found beside this Python or on the path")
    return Path(found)


def _url(admin_url: str, database: str) -> str:
    return urlsplit(admin_url)._replace(path=f"/{database}").geturl()


def _admin(admin_url: str, statement: LiteralString, *names: str) -> None:
    with psycopg.connect(admin_url, autocommit=True) as connection:
        text = sql.SQL(statement).format(*(sql.Identifier(name) for name in names))
        connection.execute(text)


def _clone(admin_url: str, source: str, new: str) -> None:
    _admin(admin_url, "CREATE DATABASE {} TEMPLATE {}", new, source)


def _drop(admin_url: str, name: str) -> None:
    _admin(admin_url, "DROP DATABASE IF EXISTS {} WITH (FORCE)", name)


def _drop_left_over(admin_url: str) -> None:
    """Drop the copies of processes that were killed."""
    with psycopg.connect(admin_url, autocommit=True) as connection:
        query = "SELECT datname FROM pg_database WHERE starts_with(datname, %s)"
        names = [str(row[0]) for row in connection.execute(query, [COPY])]
    for name in names:
        try:
            os.kill(int(name.removeprefix(COPY).partition("_")[0]), 0)
        except ProcessLookupError:
            _drop(admin_url, name)


def _exists(admin_url: str, name: str) -> bool:
    with psycopg.connect(admin_url, autocommit=True) as connection:
        query = "SELECT 1 FROM pg_database WHERE datname = %s"
        return connection.execute(query, [name]).fetchone() is not None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(url: str, kept: Kept) -> None:
    deadline = time.monotonic() + START_SECONDS
    while kept.alive() and time.monotonic() < deadline:
        with contextlib.suppress(httpx.TransportError):
            httpx.get(url, timeout=5.0, trust_env=False)
            return
        time.sleep(0.1)
    raise BedError(f"{url} did not answer:\n{kept.tail()}")


def lock() -> None:
    """Write requirements.txt anew from modules.txt."""
    _run(_uv(), "pip", "compile", "--quiet", "--universal", "--python-version", "3.11",
         "--generate-hashes", "--no-header", "--no-annotate", HERE / "modules.txt",
         "--output-file", REQUIREMENTS)  # fmt: skip


def main(arguments: list[str]) -> int:
    """The command line."""
    match arguments:
        case ["build"]:
            TrytonBed().build()
        case ["status"]:
            bed = TrytonBed()
            _tell(f"{'ready' if bed.ready else 'not built'} in {bed.cache}")
        case ["lock"]:
            lock()
        case _:
            _tell("build, status or lock?")
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
