"""Hands a file to a bank's SFTP folder exactly once, in the way that the bank's profile says.

What is proven when it breaks (payment lifecycle, section 2) hangs on one fact: whether a request
that could make the bank take the file may have left us. That is, by the way of the upload:

    direct           opening the file under its name: the bank may take whatever lies there
    temporary_name   the renaming: the bank leaves names with that ending alone
    done_file        making the done file: the bank leaves a file alone until that is there

Before it, a failure is a proven non-delivery (Unavailable; ConnectionUnfit where the server does
not give us the right) and the same bytes go again; what was left half written is no delivery and
is written anew. From it on, until the server's own yes, a failure is InDoubt.

A name that is there already with our bytes is a delivery that we had forgotten; other bytes are
never overwritten: a new file is opened exclusively, and named by the plain rename, which refuses a
name that exists (draft-ietf-secsh-filexfer-02, sections 6.3 and 6.5). OpenSSH's posix-rename
replaces it silently and is the second choice, where we can see that the name is free.
"""

from __future__ import annotations

import contextlib
from enum import Enum
from typing import Literal

import asyncssh
import msgspec

from nostro.connectors.sftp_session import ABSENT, DENIED, LOST, words
from nostro.domain.errors import (
    ConnectionUnfit,
    InDoubt,
    Invalid,
    NostroError,
    Refused,
    Unavailable,
)

Upload = Literal["direct", "temporary_name", "done_file"]
Verify = Literal["stat", "acknowledgement_file", "none"]


class UploadRule(msgspec.Struct, frozen=True, kw_only=True):
    """How one bank wants its files; the fields are those of the connection."""

    drop_folder: str
    taken_folders: tuple[str, ...]
    upload: Upload
    verify: Verify
    temporary_suffix: str
    done_suffix: str


class Seen(Enum):
    """What lies under a name, held against our bytes."""

    ABSENT = "nothing"
    SAME = "our bytes"
    BEGINNING = "the beginning of our bytes"
    OTHER = "other bytes"
    UNREADABLE = "a file that we may not read"
    CANNOT_LOOK = "we may not look"


class Delivery:
    """One file on its way. `run` returns once the server has it, by the profile's own proof."""

    def __init__(self, rule: UploadRule, name: str, content: bytes) -> None:
        _check_name(name)
        self._rule = rule
        self._content = content
        self._name = name
        self._final = joined(rule.drop_folder, name)
        self._may_be_taken = False

    async def run(self, sftp: asyncssh.SFTPClient) -> None:
        """Raises Unavailable, Refused or InDoubt; see the module. Time-outs are the caller's."""
        ways = {
            "direct": self._direct,
            "temporary_name": self._by_temporary_name,
            "done_file": self._with_done_file,
        }
        try:
            for folder in self._rule.taken_folders:
                if _settled(await self._look(sftp, joined(folder, self._name)), self._name):
                    return
            await ways[self._rule.upload](sftp)
        except (*LOST, asyncssh.SFTPError) as error:
            raise self.failed(error) from error

    async def is_done(self, sftp: asyncssh.SFTPClient) -> bool:
        """Does the server show the finished delivery? Whole, under its name, told if it must be."""
        for folder in self._rule.taken_folders:
            if await self._look(sftp, joined(folder, self._name)) is Seen.SAME:
                return True
        if await self._look(sftp, self._final) is not Seen.SAME:
            return False
        done = self._final + self._rule.done_suffix
        return self._rule.upload != "done_file" or await _is_there(sftp, done) is True

    def failed(self, error: Exception) -> NostroError:
        """What a failure at this moment means."""
        if self._may_be_taken:
            return _in_doubt(self._name, words(error))
        if isinstance(error, DENIED):
            return ConnectionUnfit(
                "sftp_upload_refused",
                f"The bank's server did not take {self._name}: {words(error)}.",
                "Nothing was handed over; it waits.",
                "Ask the bank for the right, or correct how the connection uploads.",
            )
        return Unavailable(
            "sftp_upload_failed",
            f"{self._name} could not be handed over: {words(error)}.",
            "The bank surely has not taken it.",
            "Nothing to do: the same file goes again.",
        )

    async def _direct(self, sftp: asyncssh.SFTPClient) -> None:
        if _settled(await self._look(sftp, self._final), self._name):
            return
        if await self._write_new(sftp):
            await self._verify_after(sftp)

    async def _by_temporary_name(self, sftp: asyncssh.SFTPClient) -> None:
        seen = await self._look(sftp, self._final)
        if seen is Seen.BEGINNING:  # a name that only whole files get: this one is not ours
            seen = Seen.OTHER
        if _settled(seen, self._name):
            return
        temporary = self._final + self._rule.temporary_suffix
        # Not merely truncated: after a server's crash it could still be the file of another name.
        with contextlib.suppress(asyncssh.SFTPFailure, *ABSENT, *DENIED):
            await sftp.remove(temporary)
        await self._write(sftp, temporary, "wb")
        await self._verify_before(sftp, temporary)
        await self._rename(sftp, temporary, may_replace=seen is Seen.ABSENT)

    async def _with_done_file(self, sftp: asyncssh.SFTPClient) -> None:
        done = self._final + self._rule.done_suffix
        seen, told = await self._look(sftp, self._final), await _is_there(sftp, done)
        if told and seen is not Seen.SAME:
            raise _in_doubt(self._name, "its done file is there already")
        unfinished = told is False and seen is Seen.BEGINNING
        if not unfinished and _settled(seen, self._name):
            if told:
                return
        elif unfinished:
            await self._write(sftp, self._final, "wb")
        else:
            await self._write_new(sftp)
        await self._verify_before(sftp, self._final)
        self._may_be_taken = True
        try:
            file = await sftp.open(done, "xb")
        except DENIED:
            self._may_be_taken = False
            raise
        await file.close()

    async def _write_new(self, sftp: asyncssh.SFTPClient) -> bool:
        """Under the final name; False if it turned out to be there, whole, already."""
        by_name = self._rule.upload == "direct"
        self._may_be_taken = by_name
        try:
            file = await sftp.open(self._final, "xb")
        except LOST:
            raise
        except asyncssh.SFTPError as error:
            # Refused to be made anew: is it there? Of itself this request made nothing.
            self._may_be_taken = False
            if isinstance(error, (*DENIED, *ABSENT)):
                raise
            seen = await self._look(sftp, self._final)
            if seen is Seen.CANNOT_LOOK:
                raise _in_doubt(self._name, "a file of this name may be there already") from error
            if _settled(seen, self._name):
                return False
            raise
        await file.write(self._content)
        await file.close()
        return True

    async def _write(self, sftp: asyncssh.SFTPClient, path: str, mode: str) -> None:
        file = await sftp.open(path, mode)
        await file.write(self._content)
        await file.close()

    async def _rename(
        self, sftp: asyncssh.SFTPClient, temporary: str, *, may_replace: bool
    ) -> None:
        ways = (sftp.rename, sftp.posix_rename) if may_replace else (sftp.rename,)
        refusal: asyncssh.SFTPError | None = None
        for rename in ways:
            self._may_be_taken = True
            try:
                await rename(temporary, self._final)
            except LOST:
                raise
            except asyncssh.SFTPError as error:
                refusal = refusal or error
                if not isinstance(error, DENIED) and await self._was_renamed(sftp, temporary):
                    return
                self._may_be_taken = False
            else:
                return
        with contextlib.suppress(asyncssh.SFTPFailure, *ABSENT, *DENIED):
            await sftp.remove(temporary)
        raise ConnectionUnfit(
            "sftp_rename_refused",
            f"The bank's server did not let us name {self._name}: {words(refusal or Exception())}.",
            "The bank has nothing under that name.",
            "Ask the bank how files are to be uploaded; correct it in the connection.",
        )

    async def _was_renamed(self, sftp: asyncssh.SFTPClient, temporary: str) -> bool:
        """After a failure that does not say: True or False only when both names show it."""
        seen = await self._look(sftp, self._final)
        if _settled(seen, self._name):
            return True
        if seen is Seen.ABSENT and await _is_there(sftp, temporary):
            return False
        raise _in_doubt(self._name, "the server failed while it named it")

    async def _verify_before(self, sftp: asyncssh.SFTPClient, path: str) -> None:
        """While the bank leaves it alone: whole, or not delivered."""
        if self._rule.verify != "stat":
            return
        try:
            size = (await sftp.stat(path)).size
        except ABSENT:
            raise _in_doubt(
                self._name, "it went away before it was finished, so the bank may take such files"
            ) from None
        if size != len(self._content):
            raise Unavailable(
                "sftp_file_incomplete",
                f"{size} of the {len(self._content)} bytes of {self._name} arrived.",
                "The bank does not take it yet.",
                "Nothing to do: the same file goes again.",
            )

    async def _verify_after(self, sftp: asyncssh.SFTPClient) -> None:
        """Where the bank may take it at any moment, its absence proves nothing."""
        if self._rule.verify != "stat":
            return
        try:
            size = (await sftp.stat(self._final)).size
        except ABSENT:
            return
        if size != len(self._content):
            raise _in_doubt(self._name, f"{size} of {len(self._content)} bytes lie there")

    async def _look(self, sftp: asyncssh.SFTPClient, path: str) -> Seen:
        try:
            size = (await sftp.stat(path)).size
        except LOST:
            raise
        except ABSENT:
            return Seen.ABSENT
        except asyncssh.SFTPError:
            return Seen.CANNOT_LOOK
        if size is not None and size > len(self._content):
            return Seen.OTHER
        try:
            file = await sftp.open(path, "rb")
            there: bytes = await file.read(len(self._content) + 1)
            await file.close()
        except LOST:
            raise
        except asyncssh.SFTPError:
            return Seen.UNREADABLE
        if there == self._content:
            return Seen.SAME
        return Seen.BEGINNING if self._content.startswith(there) else Seen.OTHER


def _settled(seen: Seen, name: str) -> bool:
    """True: delivered already. False: the name is free, as far as we may see."""
    if seen is Seen.OTHER:
        raise Refused(
            "file_name_taken",
            f"{name} is on the bank's server already, with other content.",
            "We left it as it is and handed nothing over.",
            "Find out who wrote it; the bank may have a file with this message id.",
        )
    if seen in (Seen.BEGINNING, Seen.UNREADABLE):
        raise _in_doubt(name, f"{seen.value} is there already")
    return seen is Seen.SAME


def _in_doubt(name: str, why: str) -> InDoubt:
    return InDoubt(
        "file_may_be_there",
        f"We do not know whether the bank has {name}: {why}.",
        "We do not send it again before we know.",
        "We look on the server; if that does not show it, ask the bank.",
    )


async def _is_there(sftp: asyncssh.SFTPClient, path: str) -> bool | None:
    """None: we may not look."""
    try:
        await sftp.stat(path)
    except LOST:
        raise
    except ABSENT:
        return False
    except asyncssh.SFTPError:
        return None
    return True


def joined(folder: str, name: str) -> str:
    """A path on the server; a folder is told from the user's home, or from the root by "/"."""
    return f"{folder.rstrip('/')}/{name}" if folder else name


def _check_name(name: str) -> None:
    if not name or name.startswith(".") or "/" in name or "\\" in name or not name.isprintable():
        raise Invalid(
            "file_name_invalid",
            f"{name[:80]!r} is not a plain file name.",
            can_do="Correct the file name in the connection's profile.",
        )
