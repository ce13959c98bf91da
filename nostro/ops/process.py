"""Processes that end when the one that started them ends, however that happened."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
import time

PR_SET_PDEATHSIG = 1
CHECK_SECONDS = 1.0
GRACE_SECONDS = 15.0


def end_with_parent(parent: int, *, watch: bool = True) -> None:
    """From now on: when `parent` is gone, stop as if told to; call in the child.

    With `watch` also where the kernel cannot tell us, and surely after a grace time. Without, the
    kernel alone looks (Linux only): for a child that is about to become another program.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)
    if os.getppid() != parent:  # It died before the kernel knew that we want to be told.
        os._exit(1)
    if watch:
        threading.Thread(target=_watch, args=(parent,), name="parent", daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(CHECK_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_SECONDS)
    os._exit(1)
