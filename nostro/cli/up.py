"""`nostro up`: database, web and worker on this machine, in one foreground process.

This process loads everything once and forks: a start is quick, a restart quicker. It keeps no
threads and no connections, so that what it forks is clean.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

gc.disable()  # there is nothing to collect while modules load; `_prepare` enables it again

from nostro.cli.child import Child  # noqa: E402
from nostro.cli.one_up import Lock, Note, free_port  # noqa: E402
from nostro.domain.errors import NostroError  # noqa: E402
from nostro.ops import home_folder  # noqa: E402
from nostro.ops.configuration import Configuration  # noqa: E402
from nostro.storage.server import Server  # noqa: E402

if TYPE_CHECKING:
    from types import FrameType

STOP_SECONDS = {"web": 15.0, "worker": 30.0, "bank": 10.0}
DATABASE_CHECK_SECONDS = 1.0
DATABASE_RETRY_SECONDS = 5.0
SILENT_SECONDS = 60.0  # a worker that has not said for so long that it is alive is started anew
GET_SECONDS = 2.0
_COLOURS = sys.stdout.isatty()  # the children write into a pipe that ends there


def up(*, demo: bool) -> None:
    """Run everything until told to stop."""
    if demo:
        os.environ["NOSTRO_DEMO"] = "1"
    Supervisor().run()


class Supervisor:
    """Starts everything, keeps it running, stops it in order."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._parts: dict[str, float] = {}
        self._stopping = 0
        self._story: subprocess.Popen[bytes] | None = None
        self._chosen = Configuration()
        self._lock = Lock(self._chosen.home)
        self._database: Server | None = None
        self._database_is_ours = False
        self._check_database_at = 0.0
        self._web = Child("web", self._run_web)
        self._worker = Child("worker", self._run_worker)
        self._children = [self._web, self._worker]
        if self._chosen.demo:
            self._children.append(Child("bank", self._run_bank))
        self._selector = selectors.DefaultSelector()
        self._pools: dict[str, Any] = {}

    def run(self) -> None:
        """Until SIGTERM or SIGINT. Raises NostroError when it cannot start."""
        chosen = self._chosen
        self._lock.take(Note(pid=os.getpid(), address=self._address()))
        chosen.port = free_port(chosen.host, chosen.port)
        os.environ["NOSTRO_PORT"] = str(chosen.port)
        self._listen_to_signals()
        try:
            self._prepare()
            while not self._stopping:
                self._turn()
        finally:
            self._stop_all()

    # ---- Starting

    def _prepare(self) -> None:
        with ThreadPoolExecutor(1) as beside:
            database = beside.submit(self._start_database)
            self._load()
            database.result()
        self._log = _log_of("nostro")
        if told := home_folder.open_to_others(self._chosen.home):
            self._log.warning(told)
        self._note()
        if not self._stopping:
            self._start_django()
        if not self._stopping and self._chosen.demo:
            self._tell_demo()
        gc.freeze()
        gc.enable()

    def _load(self) -> None:
        with _without("rich"):
            importlib.import_module("structlog")
        for module in ("nostro.app", "nostro.cli.web", "nostro.cli.work"):
            importlib.import_module(module)
        self._parts["modules"] = self._elapsed()

    def _start_database(self) -> None:
        chosen = self._chosen
        if chosen.database_admin_url or chosen.database_url:
            return
        server = Server(chosen.server_home, chosen.postgres_binaries)
        was_running = server.running()
        left = self._lock.left
        self._database_is_ours = not was_running or (left is not None and left.database_started)
        self._database = server
        server.ensure()
        self._parts["postgres"] = self._elapsed()

    def _start_django(self) -> None:
        from nostro import app

        app.start()
        from django.db import connections

        for alias in connections:
            options = connections.settings[alias]["OPTIONS"]
            self._pools[alias] = options.pop("pool", None)  # the web's; a pool is made of threads
        from nostro.storage import schema

        if not schema.is_current():
            self._log.info("database is brought up to date")
            app.migrate()
        for module in ("nostro.wsgi", "nostro.urls", "nostro.workflows.worker"):
            importlib.import_module(module)
        connections.close_all()
        self._parts["django"] = self._elapsed()

    def _tell_demo(self) -> None:
        from django.db import connections

        from nostro.cli import demo

        there = demo.exists()
        connections.close_all()
        if not there:
            self._log.info("demo data is made first")
            self._story = subprocess.Popen([sys.executable, "-m", "nostro", "demo"])
            code = self._story.wait()
            if code and not self._stopping:
                raise SystemExit(code)  # it has said why

    def _note(self) -> None:
        self._lock.write(
            Note(
                pid=os.getpid(),
                address=self._address(),
                database_started=self._database_is_ours,
            )
        )

    # ---- What the children do

    def _run_web(self, _: Callable[[], None]) -> None:
        from django.db import connections

        from nostro.cli import web

        for alias, pool in self._pools.items():
            if pool:
                connections.settings[alias]["OPTIONS"]["pool"] = pool
        _log_of("web")
        web.serve(self._chosen.host, self._chosen.port, self._chosen.web_threads)

    def _run_worker(self, alive: Callable[[], None]) -> None:
        from nostro.cli import work

        _log_of("worker")
        work.work(alive)

    def _run_bank(self, _: Callable[[], None]) -> None:
        """The demo's bank, so that what is approved in the console really leaves."""
        from nostro.cli import demo_run

        demo_run.keep_bank()

    def _in_child(self) -> None:
        self._lock.close()
        self._selector.close()

    # ---- Keeping it running

    def _turn(self) -> None:
        for child in self._children:
            if not child.pid and time.monotonic() >= child.start_at:
                child.start(self._in_child)
                self._selector.register(child.output, selectors.EVENT_READ)
                self._selector.register(child.beats, selectors.EVENT_READ)
        self._listen(0.5 if "ready" in self._parts else 0.02)
        self._bury()
        self._watch_database()
        self._watch_worker()
        if "ready" not in self._parts:
            self._look_whether_ready()

    def _listen(self, seconds: float) -> None:
        """Wait for words of the children or a signal, and carry them on."""
        for key, _ in self._selector.select(seconds):
            if key.data == "signal":
                with contextlib.suppress(BlockingIOError):
                    self._wakes.recv(4096)
        for child in self._children:
            if child.pid:
                self._relay(child.name, child.lines())
                child.heard()

    def _bury(self) -> None:
        """Collect processes that ended; one of ours will be started again."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            for child in self._children:
                if child.pid == pid:
                    self._ended(child, os.waitstatus_to_exitcode(status))

    def _ended(self, child: Child, code: int) -> None:
        self._selector.unregister(child.output)
        self._selector.unregister(child.beats)
        child.kill()  # what it may have left behind
        self._relay(child.name, child.ended())
        if not self._stopping:
            again = f"{child.delay():g} s"
            self._log.warning(f"{child.name} ended", exit=code, starts_again_in=again)

    def _watch_database(self) -> None:
        now = time.monotonic()
        if self._database is None or now < self._check_database_at or self._stopping:
            return
        self._check_database_at = now + DATABASE_CHECK_SECONDS
        if self._database.running():
            return
        self._log.warning("database is gone; it is started again")
        try:
            self._database.ensure()
        except NostroError as error:
            self._check_database_at = now + DATABASE_RETRY_SECONDS
            self._log.error("database did not start", why=str(error), code=error.code)
        else:
            self._log.info("database is back")

    def _watch_worker(self) -> None:
        worker = self._worker
        if worker.pid and time.monotonic() - worker.beaten > SILENT_SECONDS:
            self._log.error("worker is silent; it is started anew", seconds=SILENT_SECONDS)
            worker.kill()
            worker.beaten = time.monotonic()

    # ---- Saying that it is ready

    def _look_whether_ready(self) -> None:
        if "worker" not in self._parts and self._worker.beaten > self._worker.started:
            self._parts["worker"] = self._elapsed()
        if "web" not in self._parts and self._answers():
            self._parts["web"] = self._elapsed()
        if {"web", "worker"} <= self._parts.keys():
            self._parts["ready"] = self._elapsed()
            parts = {name: round(seconds, 2) for name, seconds in self._parts.items()}
            self._log.info(f"Ready: {self._address()}", **parts)
            if self._chosen.demo:
                self._tell_sign_ins()

    def _tell_sign_ins(self) -> None:
        from nostro.cli import demo

        for email, password, roles in demo.sign_ins():
            self._log.info(f"Sign in: {email}", password=password, roles=roles)

    def _answers(self) -> bool:
        import http.client

        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self._chosen.host, self._chosen.host)  # noqa: S104
        asked = http.client.HTTPConnection(host, self._chosen.port, timeout=GET_SECONDS)
        try:
            asked.request("GET", "/", headers={"Host": "localhost"})
            return asked.getresponse().status < 500
        except (OSError, http.client.HTTPException):
            return False
        finally:
            asked.close()

    def _address(self) -> str:
        host = f"[{self._chosen.host}]" if ":" in self._chosen.host else self._chosen.host
        return f"http://{host}:{self._chosen.port}"

    def _elapsed(self) -> float:
        return time.monotonic() - self._began

    # ---- Stopping

    def _listen_to_signals(self) -> None:
        self._wakes, wake = socket.socketpair()
        self._wakes.setblocking(False)
        wake.setblocking(False)
        self._wake = wake
        signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)
        self._selector.register(self._wakes, selectors.EVENT_READ, "signal")
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._told_to_stop)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)

    def _told_to_stop(self, number: int, frame: FrameType | None) -> None:
        self._stopping += 1
        if self._story is not None and self._story.poll() is None:
            self._story.terminate()

    def _stop_all(self) -> None:
        self._stopping = max(1, self._stopping)
        for child in self._children:
            self._stop(child)
        if self._database is not None and self._database_is_ours:
            self._database.stop()
        self._lock.release()

    def _stop(self, child: Child) -> None:
        """Ask, wait, then end it. A second Ctrl-C does not wait."""
        child.tell(signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS[child.name]
        while child.pid:
            if time.monotonic() > deadline or self._stopping > 1:
                child.kill()
            self._listen(0.1)
            self._bury()

    def _relay(self, name: str, lines: list[str]) -> None:
        from nostro.ops import logging

        for line in lines:
            sys.stdout.write(logging.dressed(name, line) + "\n")
        sys.stdout.flush()


@contextlib.contextmanager
def _without(module: str) -> Iterator[None]:
    """Let an optional module seem absent: structlog would load rich for coloured tracebacks."""
    if module in sys.modules:
        yield
        return
    sys.modules[module] = None  # type: ignore[assignment]  # documented: makes its import fail
    try:
        yield
    finally:
        del sys.modules[module]


def _log_of(process: str) -> Any:
    """Logging of this process, in the supervisor's form."""
    import structlog

    from nostro.ops import logging

    own = process == "nostro"
    logging.configure(process, colours=_COLOURS, prefixed=own)
    return structlog.get_logger()
