"""Builds that are killed, at every failpoint and at random moments, and publishes whose system calls fail."""

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

import warehouse
from align.errors import AlignError
from align.failpoints import POINTS, VARIABLE
from benchmarks.reliability import io_sweep
from benchmarks.reliability.builds import build, read_acknowledged, start
from benchmarks.reliability.figure import Figure, none_of
from benchmarks.reliability.project import Document, add_batch, plant
from warehouse import snapshot

SECONDS = 5.0  # that a rerun may take
STOPPABLE = tuple(point for point in POINTS if point != "hold.pointed")  # there the build is over


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
        self.reruns.append(0)
        code = -1
        while code and self.reruns[-1] < 3:
            started = time.perf_counter()
            code = self.build()
            self.seconds.append(time.perf_counter() - started)
            self.reruns[-1] += 1
            if code:
                self.faults.append(self.said[-300:])
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
    here, wrong = world(folder, builds=4), []  # more than are kept, so that there is one to collect
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
        ended = subprocess.Popen(
            command, env={**os.environ, VARIABLE: failpoint}, stdout=log, stderr=log, start_new_session=True
        )
        code = ended.wait()
    with suppress(ProcessLookupError):  # the server of a command that was killed lives on
        os.killpg(ended.pid, signal.SIGKILL)
    return code


def measure(full: bool) -> list[Figure]:
    """The promises of a build that is ended. `full`: every failpoint ten times, at random moments, and the real command."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        here, missed = chain(root / "chain")
        worlds, struck = [here], len(POINTS)
        for n in range(8 if full else 0):
            here, more = chain(root / f"chain-{n}")
            worlds.append(here)
            missed += more
            struck += len(POINTS)
        recovered = world(root / "recovered", builds=4)
        for point in POINTS if full else ():
            if strike(recovered, point) != -signal.SIGKILL:
                missed.append(point)
            recovered.recover()
            struck += 1
        moments = 60 if full else 4
        at_random(recovered, moments, seed=5)
        points = STOPPABLE if full else STOPPABLE[::9]
        asked, wrong = stopped(root / "stopped", points)
        worlds += [recovered, asked]
        figures = _figures(worlds, struck, moments, missed)
        figures.append(
            none_of("builds that did not end on SIGTERM with their sentence and code", len(wrong), len(points))
        )
        if full:
            figures.append(_really(root / "really"))
        for fault in [*wrong, *(fault for one in worlds for fault in one.faults)]:
            print(fault, file=sys.stderr)
    return [*figures, *io_sweep.measure(full)]


def _figures(worlds: list[World], struck: int, moments: int, missed: list[str]) -> list[Figure]:
    kills = struck + moments
    total = {name: sum(getattr(one, name) for one in worlds) for name in ("lost", "doubled", "unreadable")}
    acknowledged = sum(len(read_acknowledged(one.folder / "acknowledged")) for one in worlds)
    reruns = [n for one in worlds for n in one.reruns]
    seconds = sorted(second for one in worlds for second in one.seconds)
    return [
        none_of(f"failpoints that killed nothing ({struck} kills, {moments} more at random moments)", len(missed), struck),
        none_of("acknowledged documents lost", total["lost"], acknowledged),
        none_of("documents twice", total["doubled"], acknowledged),
        none_of("stores unreadable after a kill", total["unreadable"], kills),
        none_of("recoveries that took more than one rerun", sum(n > 1 for n in reruns), len(reruns)),
        Figure(
            "seconds of a rerun", f"median {seconds[len(seconds) // 2]:.1f}, longest {seconds[-1]:.1f}",
            f"longest {SECONDS:.0f}", seconds[-1] <= SECONDS,
        ),
    ]  # fmt: skip


def _really(folder: Path) -> Figure:
    here, wrong = world(folder), 0
    ends = [("vectors.trained=kill", -signal.SIGKILL), ("publish.renamed=kill", -signal.SIGKILL), ("fill.inserted=term", 128 + signal.SIGTERM)]  # fmt: skip
    for failpoint, code in ends:
        here.next_batch()
        wrong += really(here.folder, failpoint) != code
        here.check()
    here.next_batch()
    wrong += really(here.folder, "") != 0
    here.check()
    wrong += here.lost + here.doubled + here.unreadable
    return none_of("the real command, with Prefect's server, ended or recovered otherwise", wrong, len(ends) + 1)
