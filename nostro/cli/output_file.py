"""Where a command's result goes: stdout, or a file that has its name only when it is whole."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from nostro.domain.errors import Invalid

# What a shell reports for a program that a closed pipe ended.
BROKEN_PIPE = 141


class Output:
    """Bytes to write to. With `complete` False at the end, the file keeps the name PATH.part."""

    def __init__(self, stream: Any, path: Path | None) -> None:
        self.stream = stream
        self.path = path
        self.complete = True


@contextlib.contextmanager
def output(out: str, inputs: Iterable[str] = ()) -> Iterator[Output]:
    """stdout for "" and "-"; else PATH.part, which becomes PATH at the end or is removed."""
    if out in ("", "-"):
        yield Output(sys.stdout.buffer, None)
        sys.stdout.buffer.flush()
        return
    path = Path(out)
    _check(path, inputs)
    part = path.with_name(f"{path.name}.part")
    done = False
    try:
        with _created(part) as stream:
            result = Output(stream, part)
            yield result
        done = True
    finally:
        if not done:
            part.unlink(missing_ok=True)
    if result.complete:
        part.replace(path)
    else:
        print(f"The result is incomplete: it was left as {part}.", file=sys.stderr)


def _created(part: Path) -> Any:
    try:
        return part.open("wb")
    except OSError as error:
        if error.errno in (28, 122):  # No room: the caller tells it as such.
            raise
        raise Invalid(
            "out_unusable",
            f"{part} cannot be written: {error.strerror}.",
            "Nothing was written.",
            "Choose another place with --out.",
        ) from None


def _check(path: Path, inputs: Iterable[str]) -> None:
    if path.is_dir():
        happened = f"{path} is a folder."
        raise Invalid("out_unusable", happened, "Nothing was written.", "Name a file in it.")
    for name in inputs:
        with contextlib.suppress(OSError):
            if path.samefile(name):
                raise Invalid(
                    "out_is_input",
                    f"{path} is one of the files to read.",
                    "Nothing was written.",
                    "Choose another name: originals are never changed.",
                )


@contextlib.contextmanager
def quiet_pipe() -> Iterator[None]:
    """A reader that has seen enough (`| head`) ends the command without a word."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        # What is still in the buffer has nowhere to go; Python would complain at the end.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        raise SystemExit(BROKEN_PIPE) from None
