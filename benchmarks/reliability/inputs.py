"""Bad files: the catalogue of FAULTS, each row with its code, and good files with something changed in them."""

from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context

from benchmarks.reliability.bad_inputs import cases_kept
from benchmarks.reliability.figure import Figure, none_of
from benchmarks.reliability.fuzz import KINDS, LONGEST, Tally, fuzz

SHORT, FULL = 5_000, 100_000
MOST = 512 << 20  # bytes that reading a small file may take; a packed one of any size may expand to 64 MiB


def measure(full: bool) -> list[Figure]:
    """Rows of the catalogue, then `SHORT` changed files, or `FULL`."""
    return cases_kept() + changed_files(FULL if full else SHORT)


def changed_files(examples: int) -> list[Figure]:
    """Read about `examples` changed files of all kinds in another process, which may die of one."""
    tallies, deaths = dict[str, Tally](), 0
    pool = _one_process()
    for number, kind in enumerate(KINDS):
        try:
            tallies[kind.name] = pool.submit(_fuzz, number, round(examples * kind.share)).result()
        except BrokenProcessPool:
            deaths += 1
            pool = _one_process()
    pool.shutdown()
    found = tallies.values()
    tried = sum(tally.tried for tally in found)
    read, oracled = sum(tally.accepted for tally in found), sum(tallies[k.name].tried for k in KINDS if k.oracle)
    slowest, grown = max(tally.slowest for tally in found), max(tally.grown for tally in found)
    for name, tally in tallies.items():
        for what, content in [*tally.raw, *tally.unruly, *(("differs from the oracle", c) for c in tally.silent)][:3]:
            print(f"{name}: {what}: {content[:200]!r}")
    return [
        Figure("changed files are read or refused", f"{read:,} and {tried - read:,} of {tried:,}", "", tried >= examples),
        none_of("raw tracebacks", sum(len(tally.raw) for tally in found) + deaths, tried),
        none_of("silent differences from a slow oracle", sum(len(tally.silent) for tally in found), oracled),
        none_of("messages that break a rule, files that were changed", sum(len(tally.unruly) for tally in found), tried),
        Figure("refused by caution, though an oracle reads them", f"{sum(t.stricter for t in found):,}", "", True),
        Figure("the slowest of them", f"{slowest:.2f} s", f"{LONGEST} s", slowest < LONGEST),
        Figure("memory that one kind of file took at the most", f"{grown >> 20} MiB", f"{MOST >> 20} MiB", grown < MOST),
    ]  # fmt: skip


def _fuzz(number: int, examples: int) -> Tally:
    return fuzz(KINDS[number], examples)


def _one_process() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn"))
