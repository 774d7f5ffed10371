"""`uv run python -m benchmarks.reliability [PART …] [--full]`: what the program promises, put to the test and counted.

Without --full the short form that the tests also run; with it the figures of the README. Exits with 1 where a promise
was broken.
"""

import argparse
import sys
import time
from importlib import import_module

from rich.console import Console
from rich.table import Table

PARTS = {
    "kills": "a writer is killed at every step, and every system call of a publish fails",
    "readers": "processes read while others publish and die",
    "damage": "every block of a store is flipped, files are cut short",
    "inputs": "bad files, and files that were good before something changed in them",
    "laws": "what must hold for every alignment, and under every thread count, locale and hash seed",
    "security": "hostile names, hostile SQL, sockets, modes of files",
    "memory": "a limit on memory is kept or said to be too small",
    "upgrades": "stores of every earlier schema",
    "supply": "versions, hashes, licences, advisories",
}


def main() -> int:
    """Run the parts that were asked for; 1 where a promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reliability", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--full", action="store_true", help="the long form: hours, not minutes")
    asked = parser.parse_args()
    if unknown := set(asked.parts) - set(PARTS):
        parser.error(f"no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    out, broken = Console(), 0
    for part in asked.parts or PARTS:
        started = time.perf_counter()
        figures = import_module(f"benchmarks.reliability.{part}").measure(asked.full)
        table = Table(title=f"{part}: {PARTS[part]}", title_justify="left")
        for column in ("promise", "found", "bar", ""):
            table.add_column(column)
        for figure in figures:
            table.add_row(figure.promise, figure.found, figure.bar, "kept" if figure.kept else "BROKEN")
        out.print(table)
        out.print(f"{time.perf_counter() - started:.0f} s", highlight=False)
        broken += sum(not figure.kept for figure in figures)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
