"""Host to host by folders: the customer drops files into `in`, the bank puts its own into `out`.

A file is claimed by moving it away, so that it is taken once, also over a crash; then it lies in
`taken` under its own name.
"""

from __future__ import annotations

import contextlib
import threading
import time
from pathlib import Path

from nostro.simulator.desk import Desk
from nostro.simulator.taking import Answer, Fate, Verdict

DOOR = "folder"
LOOKS_EVERY_SECONDS = 0.2
LATER_SECONDS = 2.0
# Names under which customers write what is not finished, or only mark something.
_UNFINISHED = (".tmp", ".part", ".filepart", ".writing", ".swp")


class FolderDoor:
    """Watches `home`/in and fills `home`/out.

    With `done_suffix` (".done") a file counts only once a file of its name and that suffix is
    there too. With `acknowledges`, `out` gets an empty file MESSAGE-ID.ack for each one taken.
    """

    def __init__(
        self, desk: Desk, home: Path, *, done_suffix: str = "", acknowledges: bool = False
    ) -> None:
        self.home = home
        self.drop, self.pickup = home / "in", home / "out"
        self._taken, self._claimed = home / "taken", home / ".claimed"
        self._desk = desk
        self._done_suffix = done_suffix
        self._acknowledges = acknowledges
        self._busy: set[Path] = set()
        self._later: dict[Path, float] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="folder", daemon=True)
        for folder in (self.drop, self.pickup, self._taken, self._claimed):
            folder.mkdir(parents=True, exist_ok=True)

    def start(self) -> None:
        self._finish_claimed()
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(LOOKS_EVERY_SECONDS):
            self.look()

    def look(self) -> None:
        """Take what is in `in`, put what is new into `out`."""
        for path in sorted(self.drop.iterdir()):
            if self.is_ready(path) and self._later.get(path, 0) <= time.monotonic():
                self._later.pop(path, None)
                self.take(path)
        self.fill()

    # ---- In

    def keep_off(self, path: Path, writing: bool) -> None:
        """Somebody writes this file through another door, or has finished."""
        (self._busy.add if writing else self._busy.discard)(path)

    def is_ready(self, path: Path) -> bool:
        """Whether this is a whole payment file by the habits of this bank."""
        name, done = path.name, self._done_suffix
        if name.startswith(".") or name.endswith(_UNFINISHED) or path in self._busy:
            return False
        if done and (name.endswith(done) or not path.with_name(name + done).exists()):
            return False
        return path.is_file()

    def take(self, path: Path, *, watched: bool = False) -> Answer | None:
        """Claim a file and hand it to the bank; None when somebody else was faster.

        `watched`: its sender waits for the outcome. Else what the bank does not take now stays in
        `in` for later.
        """
        claimed = self._claim(path)
        if claimed is None:
            return None
        if self._done_suffix:
            path.with_name(path.name + self._done_suffix).unlink(missing_ok=True)
        answer = self._desk.submit(claimed.read_bytes(), written=True, source=claimed.name)
        if answer.verdict in (Verdict.THROTTLED, Verdict.NOTHING):
            if watched or answer.fate is Fate.CUT:
                claimed.unlink()
            else:
                self._later[path] = time.monotonic() + LATER_SECONDS
                claimed.rename(_free(path))
            return answer
        claimed.rename(_free(self._taken / path.name))
        if self._acknowledges and answer.verdict is Verdict.TAKEN:
            (self.pickup / f"{answer.message_id.replace('/', '_')}.ack").touch()
        return answer

    def _claim(self, path: Path) -> Path | None:
        claimed = self._claimed / f"{time.time_ns():020d}-{path.name}"
        with contextlib.suppress(FileNotFoundError):
            return path.rename(claimed)
        return None

    def _finish_claimed(self) -> None:
        """Files that were claimed when the bank was killed, before or after it knew of them."""
        if not self._desk.remembers:
            return
        for path in sorted(self._claimed.iterdir()):
            if not self._desk.has_taken(path.name):
                self._desk.submit(path.read_bytes(), written=True, source=path.name)
            path.rename(_free(self._taken / path.name.partition("-")[2]))

    # ---- Out

    def fill(self) -> None:
        """Put new messages into `out`, each whole under its name; after a crash maybe again."""
        given = self._desk.delivered(DOOR)
        new = self._desk.messages(given)
        for message in new:
            hidden = self.pickup / f".{message.name}.part"
            hidden.write_bytes(message.content)
            hidden.replace(self.pickup / message.name)
        if new:
            self._desk.note_delivered(DOOR, given + len(new))


def _free(wanted: Path) -> Path:
    path, number = wanted, 1
    while path.exists():
        number += 1
        path = wanted.with_name(f"{wanted.stem}.{number}{wanted.suffix}")
    return path
