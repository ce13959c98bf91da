"""Work that goes on in threads while something else is changed, and what went wrong with it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import connections


class Load:
    """Does something again and again in threads of its own, and keeps what went wrong."""

    def __init__(self, *works: Callable[[int], None]) -> None:
        self.failures: list[str] = []
        self.done = [0] * len(works)
        self._over = threading.Event()
        self._threads = [
            threading.Thread(target=self._work, args=(place, work))
            for place, work in enumerate(works)
        ]

    def _work(self, place: int, work: Callable[[int], None]) -> None:
        try:
            while not self._over.is_set():
                work(self.done[place])
                self.done[place] += 1
        except Exception as error:
            self.failures.append(repr(error))
            raise
        finally:
            connections.close_all()

    @contextmanager
    def going_on(self) -> Iterator[None]:
        for thread in self._threads:
            thread.start()
        try:
            yield
        finally:
            self._over.set()
            for thread in self._threads:
                thread.join()
        assert self.failures == []
        assert min(self.done) > 0, "everybody was at work"
