"""Builds that are killed, at every failpoint and at random moments, and publishes whose system calls fail."""

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

import warehouse
from align.errors import AlignError
from align.failpoints import POINTS, VARIABLE
from benchmarks.reliability import io_sweep
from benchmarks.reliability.builds import build, read_acknowledged, start
from benchmarks.reliability.figure import Figure, none_of
from benchmarks.reliability.planted import Document, add_batch, plant
from warehouse import snapshot

SECONDS = 5.0  # that a rerun may take
UNSTOPPABLE = ("hold.pointed",)  # the build is over there, and SIGTERM does what it does to every reader


@dataclass
class World:
    """A planted project, the documents of its last batch, and what was found wrong with its store so far."""

    folder: Path
    batch: list[Document] = field(default_factory=list)
    batches: int = 0
    lost: int = 0
    doubled: int = 0
    unreadable: int = 0
    faults: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)  # of every rerun
    reruns: list[int] = field(default_factory=list)
    _verified: tuple[Path, int] | None = None

    @property
    def store(self) -> Path:
        return self.folder / "store"

    @property
    def said(self) -> str:
        """What the last build printed."""
        return (self.folder / "log").read_text(errors="replace")

    def next_batch(self) -> None:
        """Where the documents are all published, more of them."""
        if not set(self.batch) - set(self.published()):
            self.batches += 1
            self.batch = add_batch(self.folder, self.batches)

    def build(self, failpoint: str = "", after: float | None = None) -> int:
        """One build, with a failpoint or killed `after` seconds; returns its exit code, negative where a signal ended it."""
        (self.folder / "log").unlink(missing_ok=True)
        given = (self.folder / "align.toml", self.batch, self.folder / "acknowledged")
        child = start(build, *given, failpoint=failpoint, log=self.folder / "log")
        if after is not None:
            child.join(after)
            child.kill()
        child.join()
        assert child.exitcode is not None
        return child.exitcode

    def published(self) -> list[Document]:
        """What a client without this project reads."""
        with duckdb.connect(str(self.store / snapshot.POINTER), read_only=True) as client:
            return client.execute("SELECT lang, doc_id FROM documents").fetchall()

    def check(self) -> None:
        """Count what is lost, doubled or unreadable now."""
        try:
            now = snapshot.current(self.store)
            if (state := (now, now.stat().st_mtime_ns)) != self._verified:
                warehouse.verify(self.store)
                self._verified = state
            rows = self.published()
        except (AlignError, duckdb.Error) as error:
            self.unreadable += 1
            self.faults.append(str(error))
            return
        self.lost += len(set(read_acknowledged(self.folder / "acknowledged")) - set(rows))
        self.doubled += len(rows) - len(set(rows))

    def recover(self) -> None:
        """Build again until the last batch is published, at most three times, and check."""
        for rerun in range(1, 4):
            started = time.perf_counter()
            code = self.build()
            self.seconds.append(time.perf_counter() - started)
            if code == 0:
                break
            self.faults.append(self.said[-300:])
        self.reruns.append(rerun)
        self.check()
        self.lost += len(set(self.batch) - set(self.published()))


def world(folder: Path, builds: int = 1) -> World:
    """A world that was built `builds` times, and a new batch."""
    plant(folder)
    made = World(folder)
    for _ in range(builds):
        made.batches += 1
        made.batch = add_batch(folder, made.batches)
        if made.build() != 0:
            raise RuntimeError(f"the planted world cannot be built: {made.said[-1000:]}")
    return made


def strike(here: World, point: str, action: str = "kill") -> int:
    """End a build at a point, and check; returns its exit code."""
    here.next_batch()
    (here.store / ".build-00000000.duckdb").touch()  # so that there is something to collect
    code = here.build(f"{point}={action}")
    here.check()
    return code


def chain(folder: Path, points: Sequence[str] = POINTS) -> tuple[World, list[str]]:
    """Kill one build after the other a point further on, and let the last one finish; also the points that killed none."""
    here = world(folder)
    missed = [point for point in points if strike(here, point) != -signal.SIGKILL]
    here.recover()
    return here, missed


def stopped(folder: Path, points: Sequence[str]) -> tuple[World, list[str]]:
    """As `chain` with SIGTERM; and what was not as it should be: exit code, sentence, lock or files aside."""
    here, wrong = world(folder), []
    for point in points:
        code = strike(here, point, "term")
        left = [path.name for path in here.store.glob(".build-*") if path.name != ".build-00000000.duckdb"]
        lock = (here.store / snapshot.LOCK).read_text()
        if code != 128 + signal.SIGTERM or "stopped; what was published stands" not in here.said:
            wrong.append(f"{point}: exit {code}, {here.said[-200:]}")
        if "Traceback" in here.said or left or lock:
            wrong.append(f"{point}: left {left}, lock {lock!r}, {here.said[-200:]}")
    here.recover()
    return here, wrong


def at_random(here: World, runs: int, seed: int) -> None:
    """Kill builds at random moments of the time that one takes, and build again."""
    luck = random.Random(seed)
    started = time.perf_counter()
    here.next_batch()
    here.build()
    longest = time.perf_counter() - started
    for _ in range(runs):
        here.next_batch()
        here.build(after=luck.uniform(0, longest))
        here.check()
        here.recover()


def really(folder: Path, failpoint: str) -> int:
    """The exit code of the real command with its Prefect server, ended at a failpoint."""
    command = [sys.executable, "-m", "flows", "build", str(folder / "align.toml")]
    with (folder / "log").open("wb") as log:
        return subprocess.run(
            command, env={**os.environ, VARIABLE: failpoint}, stdout=log, stderr=log, check=False
        ).returncode
