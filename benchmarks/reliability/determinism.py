"""One project built under many environments: seeds of hashing, threads, blocks, locales, time zones. All must make one store.

With equal threads and blocks the stores are equal to the bit. Other threads or blocks add in another order, so numbers may
differ in their last bits; words, ids and ranks may not.
"""

import math
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import duckdb

from benchmarks.reliability.builds import build_plainly
from benchmarks.reliability.figure import Figure
from benchmarks.reliability.sized_project import Size, make_project

TOLERANCE = 1e-5  # of a number that is about 1, after threads or blocks changed
METHODS = ("procrustes", "refine", "reweight", "joint")
PROJECT = Size(words=600, dim=48, documents=60, tokens=20)
_OWN = {"runs", "schema_migrations"}  # tables that tell of a run, not of what was made
_IDS = {
    "space_id",
    "pooling_id",
    "pooling_digest",
    "fingerprints",
    "report",
    "pooling_tried",
    "content",
}  # made of all bits
_BLOCKS = ("align.retrieval", "align.word_retrieval", "align.lexical", "align.mixing", "align.round_trip")


@dataclass(frozen=True)
class Setting:
    """An environment: PYTHONHASHSEED, threads of BLAS, LC_ALL, TZ, and how many times smaller blocks are."""

    seed: int = 0
    threads: int = 1
    locale: str = "C"
    zone: str = "UTC"
    divisor: int = 1

    @property
    def exact(self) -> bool:
        """Whether its numbers must be those of the first setting to the bit."""
        return self.threads == 1 and self.divisor == 1

    def environment(self) -> dict[str, str]:
        names = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
        told = {"PYTHONHASHSEED": str(self.seed), "LC_ALL": self.locale, "TZ": self.zone}
        return {**os.environ, **dict.fromkeys(names, str(self.threads)), **told}


def settings(full: bool) -> list[Setting]:
    """All that are tried, the first to compare with: every pair of values in a few, or in full every combination."""
    if full:
        return [
            Setting(*values) for values in product((0, 1, 2), (1, 2), locales(), ("UTC", "Asia/Kathmandu"), (1, 512))
        ]
    turkish = locales()[-1]
    return [
        Setting(),
        Setting(1, 1, turkish, "Asia/Kathmandu"),
        Setting(2, 2, "C", "Asia/Kathmandu"),
        Setting(1, 2, turkish, "UTC", 512),
    ]


def locales() -> list[str]:
    """C, and where this machine has it Turkish, whose i is not ours; else the other that it has."""
    there = subprocess.run(["locale", "-a"], capture_output=True, text=True, check=False).stdout.split()
    return ["C", next((name for name in ("tr_TR.utf8", "C.utf8") if name in there), "C")]


def measure_stores(full: bool) -> list[Figure]:
    """How many stores were as the first one, by method."""
    figures = []
    for method in METHODS if full else METHODS[2:3]:
        with tempfile.TemporaryDirectory() as folder:
            stores = [(how, made(Path(folder) / str(n), method, how)) for n, how in enumerate(settings(full))]
            (_, first), *others = stores
            different = [(how, found) for how, store in others if (found := differences(first, store, how.exact))]
        for how, found in different:
            print(method, how, *found, sep="\n  ", file=sys.stderr)
        promise = f"stores made by {method} under other hash seeds, threads, locales, zones, blocks are the same"
        figures.append(
            Figure(promise, f"{len(others) - len(different)} of {len(others)}", "all", not different and bool(others))
        )
    return figures


def made(folder: Path, method: str, how: Setting) -> Path:
    """A store built in a new process of that environment."""
    config = make_project(folder, Size(**{**vars(PROJECT), "method": method}))
    command = [sys.executable, "-m", "benchmarks.reliability.determinism", str(config), str(how.divisor)]
    root = Path(__file__).parents[2]
    done = subprocess.run(command, env={**how.environment(), "PYTHONPATH": str(root)}, capture_output=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr.decode()[-2000:])
    return folder / "store" / "current.duckdb"


def differences(one: Path, other: Path, exact: bool) -> list[str]:
    """What two stores differ in; numbers only beyond `TOLERANCE` unless `exact`."""
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{one}' AS a (READ_ONLY); ATTACH '{other}' AS b (READ_ONLY)")
        sql = "SELECT table_name FROM duckdb_tables() WHERE database_name = 'a' ORDER BY 1"
        tables = [name for (name,) in connection.execute(sql).fetchall() if name not in _OWN]
        return [name for name in tables if not _equal(connection, name, exact)]


def _equal(connection: duckdb.DuckDBPyConnection, table: str, exact: bool) -> bool:
    about = connection.execute(f"DESCRIBE a.{table}").fetchall()
    kinds = {name: kind for name, kind, *_ in about if exact or name not in _IDS}
    keys = [name for name, kind in kinds.items() if not kind.startswith(("FLOAT", "DOUBLE")) and not kind.endswith("]")]
    names, order = (", ".join(f'"{name}"' for name in some) for some in (kinds, keys))
    one, other = (
        connection.execute(f"SELECT {names} FROM {side}.{table} ORDER BY {order}").fetchall() for side in ("a", "b")
    )
    return _same(one, other, exact)


def _same(one: Any, other: Any, exact: bool) -> bool:
    if type(one) is not type(other):
        return False
    if isinstance(one, float):
        return one == other or (not exact and math.isclose(one, other, rel_tol=TOLERANCE, abs_tol=TOLERANCE))
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(_same(a, b, exact) for a, b in zip(one, other, strict=True))
    return bool(one == other)


def _child(config: str, divisor: int) -> None:
    for name in _BLOCKS:
        room = sys.modules[name]
        room.BLOCK_BYTES //= divisor  # type: ignore[attr-defined]
    build_plainly(config)


if __name__ == "__main__":
    _child(sys.argv[1], int(sys.argv[2]))
