"""Every system call of a publish fails: once, and from then on always, for want of space and for a broken disk.

DuckDB writes in C++, where no patch of Python reaches; so the calls are caught by a library that is loaded before libc.
"""

import ctypes
import errno
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from itertools import count
from pathlib import Path
from typing import Any

import duckdb

import warehouse
from align.errors import AlignError
from benchmarks.reliability.builds import build_plainly, start
from benchmarks.reliability.figure import Figure, none_of
from benchmarks.reliability.project import plant
from flows import steps
from flows.plan import make_plan
from flows.settings import load_settings
from warehouse import snapshot

ERRORS = (errno.ENOSPC, errno.EIO)
SOURCE = Path(__file__).with_name("io_faults.c")


def measure(full: bool) -> list[Figure]:
    """The promises of a publish whose system calls fail. `full`: every call; else some."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None or sys.platform != "linux":
        return [
            Figure("system calls of a publish fail", "not measured: needs Linux and a C compiler", "measured", False)
        ]
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "io_faults.so"
        subprocess.run([compiler, "-shared", "-fPIC", "-O2", "-o", library, SOURCE, "-ldl"], check=True)
        command = [sys.executable, "-m", "benchmarks.reliability.io_sweep", folder, "full" if full else "short"]
        said = subprocess.run(command, env={**os.environ, "LD_PRELOAD": str(library)}, capture_output=True, check=False)
        if said.returncode:
            raise RuntimeError(said.stderr.decode()[-2000:])
    found: dict[str, Any] = json.loads(said.stdout)
    runs, kinds = found["runs"], ", ".join(f"{n} {name}" for name, n in sorted(found["first"].items()))
    for fault in found["faults"]:
        print(fault, file=sys.stderr)
    return [
        Figure("system calls of a publish that failed", f"{runs:,} ({kinds})", "each, 4 ways" if full else "some", runs >= 40),
        none_of("… and left no valid pointer or no readable store", found["invalid"], runs),
        none_of("… and were told by no sentence, or a wrong one, of what stands", found["untyped"], runs),
        none_of("… and the next publish did not succeed", found["unrecovered"], found["recoveries"]),
    ]  # fmt: skip


def publish(config: Path, k: int, persistent: bool, error: int, answer: Path) -> None:
    """Publish the project, whose steps are done, while the k-th system call fails; writes what came of it to `answer`."""
    plan = make_plan(load_settings(config))
    root = plan.settings.warehouse_path
    library = ctypes.CDLL(None)
    library.io_faults_first.restype = ctypes.c_char_p
    library.io_faults_arm(str(root).encode(), ctypes.c_long(k), int(persistent), error)
    told = ""
    try:
        with snapshot.writing(root):
            steps.publish_snapshot(plan, {"started": "2026-01-01T00:00:00"}, {})
    except BaseException as fault:
        told = str(fault) if isinstance(fault, AlignError) else f"UNTYPED {fault!r}"
    first = library.io_faults_first()
    library.io_faults_arm(b"", ctypes.c_long(0), 0, 0)
    answer.write_text(json.dumps({"told": told, "failed": first is not None and first.decode()}))


def sweep(config: Path, full: bool) -> dict[str, Any]:
    """Publish again and again, each time with another call failing."""
    store, answer, log = config.parent / "store", config.parent / "answer", config.parent / "log"
    found: dict[str, Any] = {"runs": 0, "invalid": 0, "untyped": 0, "unrecovered": 0, "recoveries": 0, "faults": []}
    first: Counter[str] = Counter()
    verified = None

    def run(k: int, persistent: bool, error: int) -> dict[str, Any]:
        answer.unlink(missing_ok=True)
        start(publish, config, k, persistent, error, answer, log=log).join()
        if not answer.exists():
            return {"told": "UNTYPED died", "failed": "?"}
        came: dict[str, Any] = json.loads(answer.read_text())
        return came

    for persistent, error in ((p, e) for p in (False, True) for e in ERRORS):
        for k in count(1) if full else count(1 + 3 * persistent + (error == errno.EIO), 5):
            before = snapshot.current(store)
            came = run(k, persistent, error)
            if not came["failed"]:
                break
            found["runs"] += 1
            first[came["failed"]] += 1
            where = f"call {k} ({came['failed']}, {errno.errorcode[error]}, {'always' if persistent else 'once'})"
            try:
                now = snapshot.current(store)
                if now != verified:
                    warehouse.verify(store)
                    verified = now
            except (AlignError, duckdb.Error) as fault:
                found["invalid"] += 1
                found["faults"].append(f"{where}: {fault}; told {came['told']!r}")
                continue
            served = "the new snapshot is served" in came["told"]
            if "UNTYPED" in came["told"] or (now != before) != (not came["told"] or served):
                found["untyped"] += 1
                found["faults"].append(f"{where}: {before.name} to {now.name}, told {came['told']!r}")
        found["recoveries"] += 1
        if run(0, False, 0)["told"] or list(store.glob(".build-*")):
            found["unrecovered"] += 1
    return {**found, "first": first}


if __name__ == "__main__":
    configuration = plant(Path(sys.argv[1]) / "project")
    build_plainly(str(configuration))
    print(json.dumps(sweep(configuration, sys.argv[2] == "full")))
