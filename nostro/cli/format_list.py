"""The formats there are, for people and for programs: what is read, written, and its options."""

from __future__ import annotations

import inspect
import json
from typing import Any

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from nostro import formats
from nostro.cli.input_files import named
from nostro.cli.output_file import quiet_pipe
from nostro.formats import Format


def show(name: str, *, as_json: bool) -> None:
    """All formats as a table, or one with its options; raises Invalid (`unknown_format`)."""
    found = [named(name)] if name else [form for _, form in sorted(formats.find().items())]
    with quiet_pipe():
        if as_json:
            told = [_told(form) for form in found]
            print(json.dumps(told[0] if name else told, indent=1, ensure_ascii=False))
        elif name:
            _one(found[0])
        else:
            _all(found)


def _told(form: Format) -> dict[str, Any]:
    return {
        "name": form.name,
        "standard": form.standard,
        "section": form.section,
        "versions": list(form.versions),
        "versions_written": list(form.versions_written),
        "media_type": form.media_type,
        "read": form.read is not None,
        "written": form.write is not None,
        "options": {
            field.name: {"type": _kind(field.type), "default": _default(field)}
            for field in msgspec.structs.fields(form.options)
        },
    }


def _kind(kind: Any) -> str:
    """A type in words: Literal["a", "b"] is "a | b"."""
    if arguments := getattr(kind, "__args__", None):
        if getattr(kind, "__origin__", None) in (tuple, list, dict):
            return str(kind).replace("typing.", "")
        return " | ".join(_kind(one) for one in arguments)
    return kind.__name__ if isinstance(kind, type) else json.dumps(kind)


def _default(field: msgspec.structs.FieldInfo) -> Any:
    if field.default is not msgspec.NODEFAULT:
        return msgspec.to_builtins(field.default)
    if field.default_factory is not msgspec.NODEFAULT:
        return msgspec.to_builtins(field.default_factory())
    return None


def _all(found: list[Format]) -> None:
    table = Table("name", "read", "written", "standard", box=None, header_style="dim")
    for form in found:
        read = (_short(form.versions) or "yes") if form.read else "-"
        written = (_short(form.versions_written) or "yes") if form.write else "-"
        table.add_row(form.name, read, written, escape(form.standard))
    console = Console()
    console.print(table)
    console.print("\n`nostro formats NAME` tells the options of one.", style="dim", markup=False)


def _short(versions: tuple[str, ...]) -> str:
    if len(versions) > 3:
        return f"{min(versions)} to {max(versions)}"
    return ", ".join(versions)


def _one(form: Format) -> None:
    console = Console(highlight=False)
    console.print(f"[bold]{form.name}[/]  {escape(form.standard)} {escape(form.section)}")
    does = [word for word, there in (("read", form.read), ("written", form.write)) if there]
    console.print(f"{' and '.join(does)}; media type {form.media_type}")
    if form.versions:
        console.print(f"versions read: {', '.join(form.versions)}", soft_wrap=True)
    if form.versions_written:
        console.print(f"versions written: {', '.join(form.versions_written)}", soft_wrap=True)
    fields = msgspec.structs.fields(form.options)
    if not fields:
        console.print("It has no options.")
        return
    table = Table("option", "default", "values", box=None, header_style="dim")
    for field in fields:
        default = json.dumps(_default(field), ensure_ascii=False)
        table.add_row(field.name, escape(default), escape(_kind(field.type)))
    console.print(table)
    console.print(f"\n{escape(inspect.getdoc(form.options) or '')}")
    console.print("\nGive them with --option key=value, or in a profile.", style="dim")
