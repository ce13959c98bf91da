"""The files a person hands to a command: opened, unpacked, recognised, one after the other."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from nostro import formats
from nostro.domain.errors import Invalid
from nostro.formats import Format, Profile, container
from nostro.formats.profiles import dialects
from nostro.formats.rejoined import Rejoined

STDIN = "-"
_DID = "Nothing of it was used."


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What the person said about the files: their format, a profile, options of the format."""

    format_name: str = ""
    profile: str = ""
    options: tuple[str, ...] = ()


class Opened(msgspec.Struct, kw_only=True):
    """One file, ready to be read. `stream` begins at its first byte."""

    name: str
    stream: Any
    form: Format
    profile: Profile


class Unopened(msgspec.Struct, frozen=True, kw_only=True):
    """A file that cannot be read, and why. `missing`: it is not the file's content."""

    name: str
    why: Invalid
    missing: bool


def opened(names: Iterable[str], wanted: Wanted, bar: Any = None) -> Iterator[Opened | Unopened]:
    """Each file, or each member of a packed one; what cannot be opened stops no other."""
    chosen = _named_format(wanted)  # A wrong word is the person's, not the file's: at once.
    for name in names:
        shown = "stdin" if name == STDIN else name.encode("utf-8", "replace").decode()
        try:
            with _stream(name, bar) as stream:
                yield from _members(stream, shown, wanted, chosen)
        except Invalid as why:
            missing = why.code in ("file_missing", "file_not_readable")
            yield Unopened(name=shown, why=why, missing=missing)
        except OSError as error:
            yield Unopened(name=shown, why=_unreadable(error), missing=True)


def _named_format(wanted: Wanted) -> Format | None:
    name = wanted.format_name or _format_of_layout(wanted.profile)
    return named(name) if name else None


def named(name: str) -> Format:
    """The format of that name, in any spelling ("camt.053", "CAMT_053"); raises Invalid."""
    plain = name.strip().lower().replace(".", "_").replace("-", "_")
    found = formats.find().get(plain)
    if found is None:
        raise Invalid(
            "unknown_format",
            f"There is no format {name[:40]!r}.",
            "Nothing was read or written.",
            f"There are: {', '.join(sorted(formats.find()))}; `nostro formats` tells more.",
        )
    return found


def names_of(files: Iterable[str]) -> list[str]:
    """The files to read; without any, what is piped in."""
    found = list(files)
    for name in found:
        if name.startswith("-") and name != STDIN and not Path(name).exists():
            raise Invalid(
                "unknown_option",
                f"{name[:40]} is neither an option nor a file.",
                can_do="The options are told by --help.",
            )
    if found:
        return found
    if sys.stdin is None or sys.stdin.isatty():
        raise Invalid(
            "no_file_given",
            "No file was given and nothing is piped in.",
            can_do="Name a file: nostro read statement.xml; or pipe one in.",
        )
    return [STDIN]


@contextlib.contextmanager
def _stream(name: str, bar: Any) -> Iterator[Any]:
    if name == STDIN:
        yield sys.stdin.buffer if bar is None else bar.watch(sys.stdin.buffer, "stdin", None)
        return
    path = Path(name)
    mode = path.stat().st_mode
    if stat.S_ISDIR(mode):
        raise Invalid(
            "file_not_readable",
            f"{name} is a folder.",
            _DID,
            f"Name its files: {name.rstrip('/')}/*",
        )
    with path.open("rb", buffering=1 << 18) as stream:
        size = os.fstat(stream.fileno()).st_size if stat.S_ISREG(mode) else None
        yield stream if bar is None else bar.watch(stream, name, size)


def _members(
    stream: Any, name: str, wanted: Wanted, chosen: Format | None
) -> Iterator[Opened | Unopened]:
    whole = Rejoined(stream)
    if not container.is_packed(whole.head):
        yield _recognised(whole, name, wanted, chosen)
        return
    with _seekable(stream, whole) as packed:
        for member, inside in container.members(packed, name):
            try:
                yield _recognised(Rejoined(inside), member, wanted, chosen)
            except Invalid as why:
                yield Unopened(name=member, why=why, missing=False)


@contextlib.contextmanager
def _seekable(stream: Any, whole: Rejoined) -> Iterator[Any]:
    """An archive is read from its end: what cannot go back is kept in a file of its own."""
    if stream.seekable():
        stream.seek(0)
        yield stream
        return
    with tempfile.TemporaryFile() as kept:
        shutil.copyfileobj(whole, kept)
        kept.seek(0)
        yield kept


def _recognised(whole: Rejoined, name: str, wanted: Wanted, chosen: Format | None) -> Opened:
    form = chosen
    if form is None:
        if not whole.head:
            raise Invalid("empty_file", "The file is empty.", _DID, "Fetch it again.")
        form = _identified(whole.head)
    return Opened(name=name, stream=whole, form=form, profile=profile_of(wanted, form))


def _identified(head: bytes) -> Format:
    try:
        return formats.identify(head)
    except Invalid as why:
        why.did = _DID  # Nothing was brought to us: nothing is kept or booked.
        raise


def profile_of(wanted: Wanted, form: Format) -> Profile:
    """The profile that the person asked for, with the options added; raises Invalid."""
    if not wanted.profile:
        profile = Profile()
    elif _is_path(wanted.profile):
        data = _profile_bytes(wanted.profile)
        profile = dialects.profile_from(data, Path(wanted.profile).stem, form.name)
    else:
        profile = dialects.bank_profile(wanted.profile, form.name)
    if not wanted.options:
        return profile
    told = {**profile.options, **dict(_option(text) for text in wanted.options)}
    return dialects.checked(msgspec.structs.replace(profile, options=told), form)


def _option(text: str) -> tuple[str, Any]:
    """key=value; a value that begins like JSON is JSON, for options that are lists or tables."""
    key, sign, value = text.partition("=")
    if not sign:
        raise Invalid(
            "option_wrong",
            f"The option {text[:40]!r} has no value.",
            can_do="Write --option key=value.",
        )
    if value.startswith(("[", "{")):
        try:
            return key.strip(), msgspec.json.decode(value)
        except msgspec.DecodeError as error:
            happened = f"The value of the option {key} is not JSON: {error}."
            raise Invalid("option_wrong", happened, can_do="Quote it for the shell.") from None
    return key.strip(), value


def _is_path(profile: str) -> bool:
    return os.sep in profile or profile.endswith(".toml")


def _profile_bytes(name: str) -> bytes:
    try:
        return Path(name).read_bytes()
    except OSError as error:
        raise _unreadable(error) from None


def _format_of_layout(profile: str) -> str:
    """A layout of lists is of one format; it need not be named twice."""
    if _is_path(profile):
        return dialects.layout_format(_profile_bytes(profile), profile)
    return ""


@contextlib.contextmanager
def opened_file(name: str) -> Iterator[Any]:
    """The bytes of one file that a command was given; raises Invalid where there are none."""
    try:
        stream = Path(name).open("rb")  # noqa: SIM115  # Closed below.
    except OSError as error:
        raise _unreadable(error) from None
    with stream:
        yield stream


def _unreadable(error: OSError) -> Invalid:
    name = os.fsencode(error.filename or "").decode("utf-8", "replace")
    missing = isinstance(error, FileNotFoundError)
    return Invalid(
        "file_missing" if missing else "file_not_readable",
        f"{name or 'The file'} cannot be read: {error.strerror or error}.",
        _DID,
        "Check the name." if missing else "Check the permissions, or copy the file elsewhere.",
    )
