"""The main job on real files, told step by step: ERP, checks, approval, bank, statement, journal.

Every step asks what is already done and goes on from there: the demo may be killed anywhere and
run again, and ends in the same state with nothing paid twice.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from django.db import connections
from rich.console import Console

from nostro import app
from nostro.cli import demo_company, demo_data, demo_story
from nostro.cli.demo_company import Company
from nostro.cli.demo_telling import Story
from nostro.domain.errors import Unavailable
from nostro.domain.policies.dispatching import SEND_PATIENCE
from nostro.ops.clock import ShiftedClock
from nostro.ops.demo_bank import DemoBank
from nostro.ops.process import end_with_parent
from nostro.storage import submissions
from nostro.storage.tenancy import tenant
from nostro.workflows.context import World

PATIENCE_SECONDS = 60.0


def tell(console: Console) -> None:
    """Tell the whole story; returns when everything in it is true."""
    began = time.monotonic()
    data = demo_data.master_data()
    console.print("[bold]nostro demo[/]: one payment run, from the ERP to the bank and back")
    console.print("[dim]Company, people and payees are invented; the bank is mock-bank,[/]")
    console.print("[dim]an independent program that we did not write.[/]")
    world = app.world()
    bank = demo_company.open_bank(data)
    try:
        _same_time(world, bank)
        company = demo_company.set_up(world, bank, data)
        _pass_over_a_lost_send(world, company)
        with _worker(demo_company.demo_home()):
            story = Story(console=console, world=world, company=company, bank=bank, wait=_wait)
            for chapter in demo_story.CHAPTERS:
                chapter(story)
        took = time.monotonic() - began
        console.print(
            f"\n[bold green]Done[/] in {took:.1f} s. Look at it: [bold]nostro up --demo[/]"
        )
    finally:
        bank.stop()


def keep_bank() -> None:
    """Run the demo's bank, with its address renewed, until told to stop."""
    bank = demo_company.open_bank(demo_data.master_data())
    try:
        _same_time(app.world(), bank)
        demo_company.set_up(app.world(), bank, demo_data.master_data())
        connections.close_all()
        signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))
        while True:
            time.sleep(60)
    finally:
        bank.stop()


def _same_time(world: World, bank: DemoBank) -> None:
    """Our clock and the bank's stand at the same moment and are moved together, never back."""
    clock = world.clock
    if isinstance(clock, ShiftedClock) and (not clock.is_set() or bank.now() > clock.now()):
        clock.set(bank.now())


def _pass_over_a_lost_send(world: World, company: Company) -> None:
    """A demo that was killed while a file left: its sender is surely dead, so the time in which it
    might still be sending is passed over, and the bank is asked at once."""
    with tenant(company.tenant_id):
        since = submissions.last_left_dispatching()
    if since and isinstance(world.clock, ShiftedClock):
        world.clock.set(max(world.clock.now(), since + SEND_PATIENCE))


@contextmanager
def _worker(home: Path) -> Iterator[None]:
    """A worker process of our own for the time of the story; it ends with us."""
    log = (home / "worker.log").open("ab")
    process = subprocess.Popen(
        [sys.executable, "-m", "nostro", "worker"],
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        preexec_fn=partial(end_with_parent, os.getpid(), watch=False),
    )
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()
        log.close()


def _wait(what: str, done: Callable[[], bool]) -> None:
    """Wait until the worker has done something, a bounded time."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not done():
        if time.monotonic() > deadline:
            raise Unavailable(
                "demo_waits_too_long",
                f"The worker has not {what} within {PATIENCE_SECONDS:.0f} seconds.",
                "What was done so far is kept.",
                f"Run the demo again; the worker's log is {demo_company.demo_home()}/worker.log.",
            )
        time.sleep(0.05)
