"""The proof on the terminal: is every customer's log as it was sealed, and as it was signed?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from nostro import app
from nostro.domain.errors import Refused

if TYPE_CHECKING:
    from nostro.ops.checkpoints import Place


def verify(code: str) -> bool:
    """Print one line per customer; False when a log was changed."""
    app.start()
    from nostro.cli import customers
    from nostro.ops import checkpoints, sealing

    places = _places()
    table = Table("customer", "log", "sealed", "signed", "unsealed", "erased", "head")
    whole = True
    for customer in customers.named(code):
        pinned = checkpoints.known(customer.id, places)
        found = sealing.verify(customer.id, pinned)
        state = "whole" if found.whole else f"BROKEN at {found.broken_at}: {found.why}"
        signed = max((one.position for one in pinned), default=0)
        counts = (found.sealed, signed, found.unsealed, found.erased)
        table.add_row(customer.code, state, *(f"{count}" for count in counts), found.head[:16])
        whole = whole and found.whole
    Console().print(table)
    return whole


def export(code: str, out: str, after: int) -> None:
    """Write one customer's log; the event says so before the first byte is written."""
    from nostro.cli import terminal

    acting = terminal.acting(code)
    from nostro.cli.output_file import output, quiet_pipe
    from nostro.workflows.audit_export import export_log

    with quiet_pipe(), output(out, private=True) as told:
        made = export_log(acting, told.stream, after)
    Console(stderr=True).print(
        f"{made.entries} entries up to {made.position}, signed up to {made.signed}."
    )


def checkpoint() -> None:
    world = app.start()
    from nostro.ops import checkpoints, sealing

    now = world.clock.now()
    sealing.seal_all(now)
    count = checkpoints.attend(app.signing_keys(), _places(), now, at_once=True)
    print(f"{count} statements left the database.")


def fetch(code: str, to: Path) -> None:
    """Write what the bucket keeps into a folder, as the stand-alone verifier reads it."""
    world = app.start()
    from nostro.cli import customers
    from nostro.ops import checkpoint_places
    from nostro.ops.checkpoint_folder import CheckpointFolder

    bucket = checkpoint_places.bucket(app.configuration().secrets_home)
    if bucket is None:
        raise Refused(
            "checkpoint_bucket_unknown",
            "This installation keeps no checkpoints in an object store.",
            "Nothing was fetched.",
            "Name the bucket in NOSTRO_CHECKPOINT_S3_BUCKET; those of the folder are files.",
        )
    folder = CheckpointFolder(to)
    for customer in customers.named(code):
        found = bucket.statements(customer.id)
        folder.keep(customer.id, found, world.clock.now())
        print(f"{customer.code}: {len(found)} statements in {folder.path(customer.id)}")


def key() -> None:
    app.start()
    from nostro.ops import checkpoints

    print(checkpoints.public_key(app.signing_keys()).hex())


def change_key() -> None:
    world = app.start()
    from nostro.ops import checkpoints

    now = world.clock.now()
    name = checkpoints.change_key(app.signing_keys(), now)
    checkpoints.export(_places(), now)
    print(f"Checkpoints are signed with key {name} from now on:")
    print(checkpoints.public_key(app.signing_keys()).hex())


def _places() -> list[Place]:
    from nostro.ops import checkpoint_places

    return checkpoint_places.places(app.configuration().home, app.configuration().secrets_home)
