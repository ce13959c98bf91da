"""What the commands take about open items: what customers owe, as their systems tell it."""

from __future__ import annotations

import sys
from typing import Annotated

from cyclopts import App, Parameter

open_items = App(name="open-items", help="What customers owe; incoming money is matched to it.")


@open_items.command(name="import")
def import_open_items(
    file: str,
    *,
    source: str = "",
    profile: Annotated[str, Parameter(help="The layout of the list.")] = "open_items",
    told_at: str = "",
    complete: bool = False,
    customer: str = "",
    json: bool = False,
) -> None:
    """Take in a list of open items; the newest told counts. Safe to interrupt and repeat.

    Ends with 0: every line was taken. 1: some lines could not be used. 2: the file was refused.

    Example: `nostro open-items import items.csv --source sap --complete`.

    Parameters
    ----------
    file
        The list, as its source exports it.
    source
        The system that tells; each has items of its own.
    told_at
        The moment that the list speaks of, as 2026-11-30T18:00:00Z; else now.
    complete
        The list holds all that is open: items of this source that it does not hold are closed.
    customer
        The code of the customer; not needed where there is only one.
    json
        One object on stdout.
    """
    from nostro.cli import open_item_work

    told = (customer, file, source, profile, told_at)
    sys.exit(open_item_work.import_items(*told, complete=complete, as_json=json))


@open_items.command(name="list")
def list_open_items(
    *,
    entity: str = "",
    owed_by: str = "",
    document: str = "",
    settled: bool = False,
    limit: int = 50,
    cursor: str = "",
    customer: str = "",
    json: bool = False,
) -> None:
    """Open items, those due first. Example: `nostro open-items list --owed-by C-1001`.

    Parameters
    ----------
    entity
        The code of our company that is owed.
    owed_by
        The number of who owes it.
    document
        The number of the document.
    settled
        Also those of which nothing is open any more.
    limit
        How many at most.
    cursor
        Where the page before ended.
    customer
        The code of the customer; not needed where there is only one.
    json
        One object on stdout, with the cursor of the next page.
    """
    from nostro.cli import open_item_work

    asked = {"entity": entity, "customer": owed_by, "document": document, "settled": settled}
    open_item_work.show(customer, asked, limit, cursor, as_json=json)
