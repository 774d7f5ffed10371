"""The catalogue: every row of section 3 of FAULTS but those of queries, and what is no regular file, as values."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.reliability import (
    bad_calls,
    bad_documents,
    bad_files,
    bad_settings,
    bad_texts,
    bad_vectors,
)
from benchmarks.reliability.catalogue import Row, broken_by
from benchmarks.reliability.figure import Figure, none_of

COUNTS = {"V": 23, "C": 5, "D": 9, "T": 10, "K": 7, "A": 7}  # rows of FAULTS by group
FAULTS = tuple(f"{group}{number:02}" for group, n in COUNTS.items() for number in range(1, n + 1))


@cache
def catalogue() -> tuple[Row, ...]:
    """All cases, in the order of FAULTS within each group."""
    rooms = (bad_vectors, bad_texts, bad_documents, bad_settings, bad_calls, bad_files)
    return tuple(row for room in rooms for row in room.rows())


def cases_kept() -> list[Figure]:
    """How many rows of FAULTS, and cases of them, are kept."""
    broken = {row.id: faults for row, faults in _tried() if faults}
    for id, faults in broken.items():
        print(f"{id}: {'; '.join(faults)[:400]}")
    lost = {fault for fault in FAULTS if any(id.startswith(fault) for id in broken)}
    cases = catalogue()
    covered = {row.id[:3] for row in cases} & set(FAULTS)
    kept = len(covered - lost)
    refused = sum(row.code is not None for row in cases)
    return [
        Figure("rows of FAULTS with the outcome that stands there", f"{kept} of {len(FAULTS)}", str(len(FAULTS)), kept == len(FAULTS)),
        Figure("cases of them, refused by code or taken", f"{refused} and {len(cases) - refused}", "", True),
        none_of("cases that broke a promise (code, line, message, file left as it was)", len(broken), len(cases)),
    ]  # fmt: skip


def _tried() -> Iterator[tuple[Row, list[str]]]:
    for row in catalogue():
        with TemporaryDirectory() as folder:
            yield row, broken_by(row, Path(folder))
