"""The proof on the terminal: is every customer's log as it was sealed, and as it was signed?"""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from nostro import app
from nostro.ops.secrets import FileSecrets


def verify(code: str) -> bool:
    """Print one line per customer; False when a log was changed."""
    app.start()
    from nostro.cli import customers
    from nostro.ops import checkpoint_places, checkpoints, sealing

    folder = checkpoint_places.folder(app.configuration().home)
    table = Table("customer", "log", "sealed", "signed", "unsealed", "erased", "head")
    whole = True
    for customer in customers.named(code):
        pinned = checkpoints.known(customer.id, folder.statements(customer.id))
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

    with quiet_pipe(), output(out) as told:
        made = export_log(acting, told.stream, after)
    Console(stderr=True).print(
        f"{made.entries} entries up to {made.position}, signed up to {made.signed}."
    )


def checkpoint() -> None:
    world = app.start()
    from nostro.ops import checkpoint_places, checkpoints, sealing

    now = world.clock.now()
    sealing.seal_all(now)
    places = checkpoint_places.places(app.configuration().home)
    count = checkpoints.attend(_signing_keys(), places, now, at_once=True)
    print(f"{count} statements left the database.")


def key() -> None:
    app.start()
    from nostro.ops import checkpoints

    print(checkpoints.public_key(_signing_keys()).hex())


def change_key() -> None:
    world = app.start()
    from nostro.ops import checkpoint_places, checkpoints

    now = world.clock.now()
    name = checkpoints.change_key(_signing_keys(), now)
    checkpoints.export(checkpoint_places.places(app.configuration().home), now)
    print(f"Checkpoints are signed with key {name} from now on:")
    print(checkpoints.public_key(_signing_keys()).hex())


def _signing_keys() -> FileSecrets:
    from nostro.ops import checkpoint_places

    return checkpoint_places.signing_keys(app.configuration().secrets_home)
