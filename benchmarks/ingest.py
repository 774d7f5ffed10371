"""Seconds to read a word2vec text file: align, gensim, and a row at a time by np.fromstring, as VecMap reads.

    python benchmarks/ingest.py [--words 200000] [--dim 300] [--rounds 3]

Makes a file of random vectors, 5 decimals, in a temporary folder (TMPDIR says where; 200,000 x 300 need 0.6 GB), reads it in a
fresh process each time, the readers in turn and in opposite order every other round, and checks that all read the same matrix.
Imports are not timed. Only align checks rows and words and takes the SHA-256 of the file meanwhile.
"""

import argparse
import hashlib
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl


def read_by_align() -> Callable[[str], Any]:
    from align import read_vectors

    return lambda path: read_vectors(path, lang="en").matrix


def read_by_gensim() -> Callable[[str], Any]:
    from gensim.models import KeyedVectors

    return lambda path: KeyedVectors.load_word2vec_format(path).vectors


def read_by_fromstring() -> Callable[[str], Any]:
    def read(path: str) -> Any:
        with Path(path).open(encoding="utf-8", errors="surrogateescape") as file:
            rows, dim = map(int, file.readline().split())
            words, matrix = [], np.empty((rows, dim), np.float32)
            for row in range(rows):
                word, numbers = file.readline().split(" ", 1)
                words.append(word)
                matrix[row] = np.fromstring(numbers, sep=" ", dtype=np.float32)
        return matrix

    return read


READERS = {"align": read_by_align, "gensim": read_by_gensim, "fromstring": read_by_fromstring}


def make_file(path: Path, words: int, dim: int) -> None:
    """A header and `words` rows of `dim` normal numbers; one word in five is not ASCII."""
    random = np.random.default_rng(0)
    with path.open("wb") as file:
        file.write(f"{words} {dim}\n".encode())
        for start in range(0, words, 10_000):
            places = range(start, min(start + 10_000, words))
            frame = pl.DataFrame(random.normal(0, 0.3, (len(places), dim)).astype(np.float32), orient="row")
            frame.insert_column(0, pl.Series("word", [f"mot{i}{'é' * (i % 5 == 0)}" for i in places]))
            file.write(frame.write_csv(separator=" ", include_header=False, float_precision=5).encode())


def measure_here(reader: str, path: str) -> None:
    """Print seconds, peak memory in MB and digest of one reading in this process."""
    read = READERS[reader]()
    start = time.perf_counter()
    matrix = read(path)
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "peak": peak, "digest": hashlib.sha256(matrix).hexdigest()}))


def measure(reader: str, path: Path) -> dict[str, Any]:
    """The same in a fresh process."""
    run = subprocess.run([sys.executable, __file__, "--one", reader, str(path)], stdout=subprocess.PIPE, check=True)
    result: dict[str, Any] = json.loads(run.stdout)
    return result


def machine() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    model = next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.processor())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    versions = ", ".join(f"{name} {version(name)}" for name in ("numpy", "polars", "gensim"))
    return f"{model}, {os.cpu_count()} CPUs, {memory:.0f} GB, {platform.system()}; Python {platform.python_version()}, {versions}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--words", type=int, default=200_000)
    parser.add_argument("--dim", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--one", nargs=2, metavar=("READER", "FILE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        measure_here(*options.one)
        return
    rounds = []
    with tempfile.TemporaryDirectory(prefix="ingest-") as folder:
        path = Path(folder, "random.vec")
        make_file(path, options.words, options.dim)
        size = path.stat().st_size / 1e6
        for number in range(options.rounds):
            order = list(READERS) if number % 2 == 0 else list(reversed(READERS))
            rounds.append({reader: measure(reader, path) for reader in order})
    if len({one["digest"] for each in rounds for one in each.values()}) > 1:
        raise SystemExit("the readers disagree about the matrix")

    print(f"{options.words:,} x {options.dim} text file, {size:.0f} MB; seconds (peak MB), fresh process each")
    print(
        f"{'round':>6}"
        + "".join(f"{reader:>18}" for reader in READERS)
        + f"{'gensim/align':>15}{'fromstring/align':>18}"
    )
    ratios = [
        [each[peer]["seconds"] / each["align"]["seconds"] for peer in ("gensim", "fromstring")] for each in rounds
    ]
    for number, (each, (gensim, fromstring)) in enumerate(zip(rounds, ratios, strict=True), 1):
        cells = "".join(f"{each[reader]['seconds']:>10.2f} ({each[reader]['peak']:5.0f})" for reader in READERS)
        print(f"{number:>6}{cells}{gensim:>15.1f}{fromstring:>18.1f}")
    medians = [statistics.median(column) for column in zip(*ratios, strict=True)]
    print(f"{'median':>6}{'':>54}{medians[0]:>15.1f}{medians[1]:>18.1f}")
    print(machine())


if __name__ == "__main__":
    main()
