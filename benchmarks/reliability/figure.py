"""What a part of the reliability run prints: promises, and how often each was kept."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One promise, what was found when it was put to the test, and the bar that it must reach."""

    promise: str
    found: str
    bar: str
    kept: bool


def none_of(promise: str, found: int, tried: int) -> Figure:
    """A promise that something never happens: `found` times in `tried`."""
    return Figure(promise, f"{found:,} of {tried:,}", "0", found == 0 and tried > 0)
