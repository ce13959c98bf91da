"""What browsers refused on our pages, for whoever runs the installation."""

from __future__ import annotations


def browser_reports() -> None:
    """What the content security policy made browsers refuse on our pages; best is nothing.

    Anybody can send such a report: take it as a hint to look, never as a proof. Counted until 30
    days after the last one. Example: `nostro browser-reports`.
    """
    from nostro import app

    app.start()
    tell()


def tell() -> None:
    """Print what is counted."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from nostro.storage import browser_reports

    told = browser_reports.read()
    if not told.total:
        print("No browser refused anything on our pages.")
        return
    table = Table("page", "rule", "refused", "by", "times", "last")
    for one in told.kinds:
        what = one.refusal
        words = (what.page, what.directive, what.blocked, what.source)
        table.add_row(*map(escape, words), f"{one.count:,}", f"{one.last_at:%Y-%m-%d %H:%M}")
    Console().print(table)
    print(f"{told.total:,} reports in all, of {len(told.kinds)} kinds.")
