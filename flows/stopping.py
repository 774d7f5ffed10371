"""Ctrl-C and SIGTERM end a build as an error would: locks are let go, files aside are removed, the old snapshot stands."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

GRACE = 10.0  # seconds to end in; then the process is ended, which the next writer cleans up after
SIGNALS = (signal.SIGINT, signal.SIGTERM)
_received: list[int] = []


class Stopped(BaseException):
    """The program was asked to end. Not an Exception: whoever goes on after one of those must not go on after this."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.exit_code = 128 + number


@contextmanager
def stopping(grace: float = GRACE) -> Iterator[None]:
    """Raise Stopped out of the block on the first SIGINT or SIGTERM; `grace` seconds later end the process.

    Later ones are ignored, so that none strikes while the first is obeyed. Outside the main thread, where Python takes no
    signals, this does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, _stop) for number in SIGNALS}
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    told = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    over = threading.Event()
    threading.Thread(target=_end_late, args=(reading, over, grace), daemon=True).start()
    try:
        yield
    except BaseException:
        if _received:  # DuckDB and Prefect make other errors of it
            raise Stopped(_received[0]) from None
        raise
    finally:
        over.set()
        signal.set_wakeup_fd(told)
        os.close(writing)
        for number, handler in before.items():
            signal.signal(number, handler)
        _received.clear()


def check() -> None:
    """Raise Stopped where the program was asked to end: for threads, which get no signals."""
    if _received:
        raise Stopped(_received[0])


def leave(stopped: Stopped, grace: float = GRACE) -> NoReturn:
    """Exit with 128 plus the number of the signal, at the latest in `grace` seconds, whatever still runs in threads."""
    late = threading.Timer(grace, os._exit, (stopped.exit_code,))
    late.daemon = True
    late.start()
    sys.exit(stopped.exit_code)


def _stop(number: int, frame: FrameType | None) -> None:
    if not _received:
        _received.append(number)
        raise Stopped(number)


def _end_late(reading: int, over: threading.Event, grace: float) -> None:
    """A thread of its own, since the main one takes signals only between two steps of Python, and a step may be long."""
    try:
        while (came := os.read(reading, 1)) and came[0] not in SIGNALS:
            pass
        if came and not over.wait(grace):
            os._exit(128 + came[0])
    finally:
        os.close(reading)
