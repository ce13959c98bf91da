"""The door to the demo; light to import, since Django must be set up before the rest is."""

from __future__ import annotations

import os

from rich.console import Console

from nostro import app


def run(console: Console) -> None:
    """Make the database ready and tell the main job step by step."""
    os.environ["NOSTRO_DEMO"] = "1"  # For this process and its children: the clock is the demo's.
    app.configuration.cache_clear()
    console.print("[dim]Preparing the database ...[/]")
    app.migrate()
    from nostro.cli import demo_run

    demo_run.tell(console)


def exists() -> bool:
    """Is the demo's company there already? Call after app.start()."""
    from nostro.cli import demo_company

    return demo_company.find() is not None


def sign_ins() -> list[tuple[str, str, str]]:
    """Who can sign in to the demo: address, password, roles. Call after app.start()."""
    from nostro.cli import demo_company

    return demo_company.sign_ins()
