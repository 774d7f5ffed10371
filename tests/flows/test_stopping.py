"""Laws of stopping: the first signal ends the work as an error would, and nobody stays for longer than the grace."""

import os
import signal
import subprocess
import sys
import textwrap
import threading

import pytest

from flows.progress import step
from flows.stopping import Stopped, check, stopping

NUMBERS = [signal.SIGINT, signal.SIGTERM]


def signalled(number, obey=lambda: None):
    """The exit code that a block is left with in which the signal arrives, where `obey` runs on the way out."""

    def block():
        with stopping():
            try:
                os.kill(os.getpid(), number)
            finally:
                obey()

    with pytest.raises(Stopped) as told:
        block()
    return told.value.exit_code


def interrupted():
    raise RuntimeError("Query interrupted")


@pytest.mark.parametrize("number", NUMBERS)
def test_F02_a_signal_is_raised_out_of_the_block_whatever_others_make_of_it(number):
    before = [signal.getsignal(one) for one in NUMBERS]
    assert signalled(number) == 128 + number
    assert signalled(number, interrupted) == 128 + number  # what DuckDB makes of it
    assert [signal.getsignal(one) for one in NUMBERS] == before
    check()


def test_F02_other_signals_are_ignored_while_the_first_is_obeyed():
    cleaned = []

    def cleaning():
        os.kill(os.getpid(), signal.SIGINT)
        cleaned.append(True)

    assert signalled(signal.SIGTERM, cleaning) == 143
    assert cleaned == [True]


def test_F02_threads_end_at_the_next_sign_of_progress():
    ended = []

    def working():
        try:
            with step("work") as progress:
                progress(1, 2)
        except Stopped as stopped:
            ended.append(stopped.exit_code)

    def going_on():
        worker = threading.Thread(target=working)
        worker.start()
        worker.join()

    assert signalled(signal.SIGTERM, going_on) == 143
    assert ended == [143]


def test_what_is_not_asked_to_end_raises_its_own():
    with pytest.raises(KeyError), stopping():
        raise KeyError


@pytest.mark.parametrize("where", ["in the block", "in a thread, at exit"])
def test_F02_who_does_not_end_is_ended_after_the_grace(where):
    script = """
        import os, signal, sys, threading, time
        from flows.stopping import Stopped, leave, stopping
        def for_ever():
            while True:
                try:
                    time.sleep(1)
                except Stopped:
                    pass
        try:
            with stopping(grace=0.2):
                if sys.argv[1] == "in the block":
                    threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGTERM)).start()
                    for_ever()
                threading.Thread(target=for_ever).start()
                os.kill(os.getpid(), signal.SIGTERM)
        except Stopped as stopped:
            leave(stopped, grace=0.2)
    """
    command = [sys.executable, "-c", textwrap.dedent(script), where]
    assert subprocess.run(command, check=False, timeout=60).returncode == 143
