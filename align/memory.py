"""Bytes: how they are written, and how many the work on blocks may hold at once."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from align.errors import ConfigError, printable

LEAST_WORKING, MOST_WORKING = 8 << 20, 256 << 20
_SIZE = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,6})?) ?(B|[kKMGT]i?B)")
_POWERS = {"": 0, "k": 1, "K": 1, "M": 2, "G": 3, "T": 4}
_working: ContextVar[int] = ContextVar("working_memory", default=MOST_WORKING)


def parse_size(text: object) -> int:
    """Bytes, of a number with its unit: B, kB, MB, GB, TB (powers of 1000), KiB, MiB, GiB or TiB (of 1024).

    Raises ConfigError `config.bad_value`.

    >>> parse_size("2GiB"), parse_size("512 MiB"), parse_size("4GB")
    (2147483648, 536870912, 4000000000)
    """
    found = _SIZE.fullmatch(text.strip()) if isinstance(text, str) else None
    size = 0
    if found is not None:
        number, unit = found.groups()
        size = int(float(number) * (1024 if "i" in unit else 1000) ** _POWERS[unit.rstrip("iB")])
    if not 0 < size < 1 << 62:
        raise ConfigError(
            "config.bad_value", f"{printable(repr(text))} is no amount of memory; write one such as 2GiB or 512MiB"
        )
    return size


def shown_size(size: int) -> str:
    """`size` rounded up, so that `parse_size` of it is never less.

    >>> shown_size(3 << 29), shown_size((1 << 20) + 1)
    ('1.5GiB', '2MiB')
    """
    if size >= 1 << 30:
        tenths = -(-size * 10 // (1 << 30))
        return f"{tenths // 10}.{tenths % 10}GiB"
    return f"{-(-size // (1 << 20))}MiB"


def machine_memory(groups: Path = Path("/proc/self/cgroup"), mounted: Path = Path("/sys/fs/cgroup")) -> int:
    """Bytes that this machine has, or the control group that this process is in, where that has fewer."""
    least = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        lines = groups.read_text().splitlines()
    except OSError:  # no Linux
        return least
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers not in ("", "memory"):
            continue
        name = "memory.max" if not controllers else "memory.limit_in_bytes"
        group = mounted / controllers / path.strip("/")
        for folder in (
            group,
            *group.parents,
        ):  # a limit of any group above holds too; in a container only the top is seen
            if not folder.is_relative_to(mounted):
                break
            try:
                text = (folder / name).read_text().strip()
            except OSError:
                continue
            if text.isdigit():
                least = min(least, int(text))
    return least


@contextmanager
def working_memory(size: int) -> Iterator[None]:
    """Inside, what is done in blocks holds about `size` bytes of them at once: 256 MiB at most, 8 MiB at least.

    Results are those of larger blocks but for the last bits of sums. Of this thread alone, and not of threads that it starts.
    """
    before = _working.set(min(max(size, LEAST_WORKING), MOST_WORKING))
    try:
        yield
    finally:
        _working.reset(before)


def block_bytes(most: int) -> int:
    """`most` bytes, which are meant for 256 MiB of working memory, or the same share of what there is."""
    return most * _working.get() // MOST_WORKING
