"""Processes that read while others publish and are killed, and writers that meet."""

import json
import os
import random
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

import align
import warehouse
from align.errors import BusyError
from benchmarks.reliability.builds import build_plainly, start
from benchmarks.reliability.figure import Figure, none_of
from benchmarks.reliability.project import plant
from flows.plan import make_plan
from flows.settings import load_settings
from warehouse import snapshot
from warehouse.documents import IndexedDocuments, load_indexed, write_documents
from warehouse.spaces import write_space

READERS = 4
PAUSE = 0.08  # seconds between two reads of a process
STALL = 50.0  # milliseconds that a reader waits, for whatever reason, while it opens a store and reads from it
VERSIONS = "SELECT min(v), max(v), count(*) FROM (SELECT (metadata->>'version')::INTEGER AS v FROM documents)"


@dataclass
class Readings:
    """What readers saw; how long every read took, from nothing to its answer, and its share of a processor, in milliseconds."""

    reads: int = 0
    mixed: int = 0
    backward: int = 0
    errors: list[str] = field(default_factory=list)
    took: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)
    versions: list[int] = field(default_factory=list)  # how many different ones each reader saw


def read(store: Path, least: int, over: Path, answer: Path) -> None:
    """Open, read and close until the file `over` is there, and say when `least` reads are done; what was seen goes to `answer`."""
    seen = Readings()
    last, versions = (0, -1), set()
    with warehouse.open(store) as wh:  # what a process imports at its first read is not waited for by the others
        wh.sql(VERSIONS)
    while not over.exists():
        started, used = time.perf_counter(), time.process_time()
        try:
            with warehouse.open(store) as wh:
                first, latest, documents = wh.sql(VERSIONS).row(0)
                seen.took.append(1000 * (time.perf_counter() - started))
                seen.processor.append(1000 * (time.process_time() - used))
                again = wh.sql(VERSIONS).row(0)
                number = int(wh.version.split("-")[1])
        except Exception as error:
            seen.errors.append(repr(error))
            continue
        seen.reads += 1
        seen.mixed += first != latest or again != (first, latest, documents)
        seen.backward += (number, first) < last or (number == last[0]) != (first == last[1])
        last = number, first
        versions.add(number)
        if seen.reads == least:
            enough(answer).touch()
        time.sleep(PAUSE)
    seen.versions = [len(versions)]
    answer.write_text(json.dumps(vars(seen)))


def enough(answer: Path) -> Path:
    """The file that tells that a reader has read enough."""
    return answer.with_suffix(".enough")


def write(config: Path, versions: Sequence[int]) -> None:
    """Publish the documents of the project, once per version, each marked with it."""
    plan = make_plan(load_settings(config))
    space = align.load_space(plan.space_path)
    pooler = align.load_pooler(plan.pooling_path, space)
    indexed = load_indexed(plan.documents_path)
    for version in versions:
        marked = [
            IndexedDocuments(
                part.lang, part.frame.with_columns(metadata=pl.lit(json.dumps({"version": version}))), part.pooled
            )
            for part in indexed
        ]

        def fill(connection: duckdb.DuckDBPyConnection, marked: list[IndexedDocuments] = marked) -> None:
            write_space(connection, space, pooler)
            write_documents(connection, space.space_id, marked)

        with snapshot.writing(plan.settings.warehouse_path):
            snapshot.publish(plan.settings.warehouse_path, space.dim, fill)


def built(folder: Path) -> Path:
    """A planted project whose store holds version 0; returns its configuration."""
    config = plant(folder)
    build_plainly(str(config))
    write(config, [0])
    return config


@dataclass(frozen=True)
class Outcome:
    """What readers saw of so many publishes and killed writers, and whether what was held stayed, and went when let go."""

    seen: Readings
    publishes: int
    kills: int
    stayed: bool
    went: bool


def while_published(folder: Path, publishes: int, reads: int, a_writer: int = 8) -> Outcome:
    """Read with four processes, at least `reads` times in all, while others publish at least `publishes` times.

    A writer publishes up to `a_writer` times; every other one is killed at a random moment.
    """
    config, luck = built(folder), random.Random(3)
    store, over = config.parent / "store", folder / "over"
    held = warehouse.open(store)
    answers = [folder / f"answer-{n}.json" for n in range(READERS)]
    readers = [start(read, store, -(-reads // READERS), over, answer, log=folder / "log") for answer in answers]
    first, version, kills = newest(store), 1, 0
    while newest(store) - first < publishes or not all(enough(answer).exists() for answer in answers):
        writer = start(write, config, range(version, version + a_writer), log=folder / "log")
        version += a_writer
        writer.join(luck.uniform(0, 0.5 * a_writer) if version // a_writer % 2 else None)
        writer.kill()
        writer.join()
        kills += writer.exitcode == -signal.SIGKILL
    over.touch()
    total = Readings()
    for reader, answer in zip(readers, answers, strict=True):
        reader.join()
        seen: dict[str, Any] = json.loads(answer.read_text())
        for name, value in seen.items():
            setattr(total, name, getattr(total, name) + value)
    stayed = held.path.exists() and held.sql(VERSIONS).row(0)[:2] == (0, 0)
    held.close()
    snapshot.collect(store)
    files = list(store.glob("snapshot-*.duckdb"))
    return Outcome(total, newest(store) - first, kills, stayed, held.path not in files and len(files) == snapshot.KEEP)


def newest(store: Path) -> int:
    """The number of the published snapshot."""
    return snapshot.read_manifest(snapshot.current(store)).number


def race(root: Path, answer: Path, other: Path) -> None:
    """Publish once, after another process has come to the same point; hold the lock until that one has had its answer."""
    began = time.perf_counter()
    try:
        with snapshot.writing(root):
            number = snapshot.publish(root, 2, lambda c: c.execute("CREATE TABLE numbers AS SELECT 1 AS n")).number
            answer.write_text(json.dumps({"number": number}))
            while not other.exists():
                time.sleep(0.001)
    except BusyError as error:
        told = {"busy": str(error), "seconds": time.perf_counter() - began}
        answer.write_text(json.dumps(told))


def races(folder: Path, rounds: int) -> tuple[int, int, float]:
    """Let two writers race `rounds` times.

    Returns how often not exactly one won with the next number and the other was told its name, in how many rounds, and the
    most seconds that a loser waited.
    """
    folder.mkdir()
    wrong, longest, last = 0, 0.0, 0
    for n in range(rounds):
        meeting, answers = folder / f"meeting-{n}", [folder / f"{n}-{which}" for which in "ab"]
        writers = [
            start(race, folder / "store", *pair, failpoint=f"writing.locking=meet:{meeting}", log=folder / "log")
            for pair in (answers, answers[::-1])
        ]
        for writer in writers:
            writer.join(60)
        told = [json.loads(answer.read_text()) for answer in answers]
        won = [(one["number"], writer.pid) for one, writer in zip(told, writers, strict=True) if "number" in one]
        lost = [one for one in told if "busy" in one]
        if len(won) != 1 or won[0][0] <= last or f"process {won[0][1]} on " not in lost[0]["busy"]:
            wrong += 1
        last = max([last, *(number for number, _ in won)])
        longest = max([longest, *(one["seconds"] for one in lost)])
    return wrong, rounds, longest


def at_rest(folder: Path, reads: int) -> list[float]:
    """Milliseconds to open a store and read from it while nobody else does."""
    over, answer = folder / "over", folder / "answer-rest.json"
    over.unlink(missing_ok=True)
    reader = start(read, folder / "store", reads, over, answer, log=folder / "log")
    while not enough(answer).exists():
        time.sleep(0.1)
    over.touch()
    reader.join()
    took: list[float] = json.loads(answer.read_text())["took"]
    return took


def measure(full: bool) -> list[Figure]:
    """The promises to readers and to writers that meet. `full`: 1,000 publishes and 20,000 reads."""
    publishes, reads, rounds = (1_000, 20_000, 50) if full else (60, 400, 10)
    with tempfile.TemporaryDirectory() as folder:
        outcome = while_published(Path(folder) / "read", publishes, reads)
        rest = at_rest(Path(folder) / "read", 200)
        wrong, raced, longest = races(Path(folder) / "raced", rounds)
    seen, tried = outcome.seen, outcome.seen.reads + len(outcome.seen.errors)
    for error in sorted(set(seen.errors)):
        print(error, file=sys.stderr)
    busy = f"median {statistics.median(seen.took):.0f} ms, p99 {p99(seen.took):.0f} ms"
    idle = f"at rest median {statistics.median(rest):.0f}, p99 {p99(rest):.0f}"
    spent = f"of which processor median {statistics.median(seen.processor):.0f}, p99 {p99(seen.processor):.0f}"
    waits = [took - used for took, used in zip(seen.took, seen.processor, strict=True)]
    waited = f"median {statistics.median(waits):.0f} ms, p99 {p99(waits):.0f} ms"
    load = f"load {os.getloadavg()[1]:.1f} on {os.cpu_count()} cores"
    return [
        Figure("publishes, and writers killed among them", f"{outcome.publishes:,}, {outcome.kills}", f"{publishes:,}", outcome.publishes >= publishes and outcome.kills > 0),
        Figure(f"reads of {READERS} processes, of at least so many snapshots each", f"{seen.reads:,}, {min(seen.versions)}", f"{reads:,}", seen.reads >= reads),
        none_of("reads that saw two versions", seen.mixed, tried),
        none_of("reads of an older version than the one before", seen.backward, tried),
        none_of("reads that failed", len(seen.errors), tried),
        Figure("to open a store and read from it", f"{busy}, {spent}; {idle}; {load}", "", True),
        Figure("stall: of this, neither computing nor done", waited, f"p99 {STALL:.0f} ms", p99(waits) <= STALL),
        none_of("a held snapshot was collected, or stayed when it was let go", 2 - outcome.stayed - outcome.went, 2),
        none_of("races of two writers without exactly one winner, whom the other was told", wrong, raced),
        Figure("seconds until the other was told", f"{longest:.2f}", "2", longest <= 2),
    ]  # fmt: skip


def p99(values: list[float]) -> float:
    """The value that 99 % do not exceed."""
    return sorted(values)[int(0.99 * (len(values) - 1))]
