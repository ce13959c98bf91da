"""The one place that chooses the pieces and joins them: configuration, database, ports."""

from __future__ import annotations

import gc
import os
from functools import cache
from urllib.parse import urlsplit

import structlog

from nostro.connectors import outgoing
from nostro.connectors.outgoing import THIS_MACHINE, Reach
from nostro.connectors.webhook_call import WebhookCaller
from nostro.ops import home_folder
from nostro.ops.calendar import HolidayCalendar
from nostro.ops.clock import ShiftedClock, SystemClock
from nostro.ops.configuration import Configuration
from nostro.ops.database_passwords import DatabasePasswords
from nostro.ops.free_space import Measure, Watermark, of_allotment, of_volume
from nostro.ops.identifiers import TimeOrderedIds
from nostro.ops.secrets import FileSecrets
from nostro.storage.database import DATABASE, hang_up, prepare
from nostro.storage.server import Server
from nostro.workflows import context
from nostro.workflows.context import World

log = structlog.get_logger()


@cache
def configuration() -> Configuration:
    return Configuration()


@cache
def server() -> Server | None:
    """The embedded server, or None when an external database is configured."""
    chosen = configuration()
    if chosen.database_admin_url or chosen.database_url:
        return None
    return Server(chosen.server_home, chosen.postgres_binaries)


def leave() -> None:
    """End what this process started: connections, an embedded server that nobody else was running.

    A connection is ended here and not by the interpreter's own end, when half of it is gone.
    """
    hang_up()
    embedded = server() if server.cache_info().currsize else None
    if embedded is not None and embedded.started_here:
        embedded.stop()


def database_address() -> str:
    """Where the database is, without a user: the embedded server's, or the configured one."""
    chosen, embedded = configuration(), server()
    if embedded is not None:
        return without_user(embedded.admin_url(), DATABASE)
    return chosen.database_url or without_user(chosen.database_admin_url, DATABASE)


def start() -> World:
    """Make this process ready: database reachable, Django set up, ports chosen."""
    _look_for_cycles_seldom()
    home_folder.make(configuration().home)
    embedded = server()
    if embedded is not None:
        embedded.ensure()
    # Django's settings are a module: what this process found out reaches them by environment.
    os.environ["NOSTRO_DATABASE_ADDRESS"] = database_address()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "nostro.settings")
    import django

    django.setup()
    gc.freeze()  # What is loaded stays; no collection needs to look through it again.
    return world()


def _look_for_cycles_seldom() -> None:
    """A run makes millions of small objects that live until their commit; looking through them
    for cycles as often as Python does by default was a third of the CPU a payment costs."""
    gc.set_threshold(50_000, 20, 50)


def migrate() -> None:
    """Create roles and database if missing, then bring the schema up to date. Safe to repeat."""
    chosen, embedded = configuration(), server()
    home_folder.make(chosen.home)
    passwords = DatabasePasswords(FileSecrets(chosen.secrets_home)).now()
    admin_url = chosen.database_admin_url
    if embedded is not None:
        embedded.ensure()
        admin_url = embedded.admin_url()
    if admin_url:
        prepare(admin_url, passwords)
    start()
    from nostro.storage import schema

    schema.bring_up_to_date(world().clock.now())


def signing_keys() -> FileSecrets:
    """Where the keys are that checkpoints and evidence packs are signed with."""
    from nostro.ops import checkpoint_places

    return checkpoint_places.signing_keys(configuration().secrets_home)


@cache
def world() -> World:
    """The ports of this process; after `start`, since some of them are tables."""
    from nostro.ops import checkpoint_places
    from nostro.ops.stored_secrets import StoredSecrets

    chosen = configuration()
    clock = _clock(chosen)
    # The demo's bank runs on this machine; in earnest nothing here is reached that is not named.
    own = THIS_MACHINE if isinstance(clock, ShiftedClock) else ()
    outgoing.install(Reach((*chosen.networks_reached, *own)))
    made = World(
        clock=clock,
        ids=TimeOrderedIds(),
        secrets=StoredSecrets(FileSecrets(chosen.secrets_home), _clock(chosen)),
        calendar=HolidayCalendar(),
        webhook_caller=WebhookCaller(this_machine=chosen.webhooks_to_this_machine),
        space=Watermark(_measure(chosen), chosen.free_space_percent),
        checkpoint_places=lambda: checkpoint_places.places(chosen.home, chosen.secrets_home),
    )
    context.install(made)
    return made


def _measure(chosen: Configuration) -> Measure:
    """How the space that is left is measured: the embedded server's volume, the one that we were
    told, or what a managed server allots; nowhere else can anybody tell."""
    embedded = server()
    if chosen.database_volume is not None:
        mounted = chosen.database_volume
        return of_volume(lambda: mounted)
    if embedded is not None:
        return of_volume(lambda: embedded.folder)
    if chosen.database_gigabytes:
        from nostro.storage import volume

        return of_allotment(chosen.database_gigabytes * 10**9, volume.database_bytes)
    return lambda: None


def _clock(chosen: Configuration) -> ShiftedClock | SystemClock:
    """A home in which the demo has set a clock goes by it in every process, told so or not: two
    times on the same payments would make what is due now due in days."""
    clock = ShiftedClock(chosen.clock_file)
    return clock if chosen.demo or clock.is_set() else SystemClock()


def without_user(url: str, database: str) -> str:
    """A database address that names no user: each role brings its own password."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return f"postgresql://{host}/{database}" + (f"?{parts.query}" if parts.query else "")
