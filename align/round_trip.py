"""There and back: the best target of a source word, and how that target looks back at the word."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from align.arguments import expect, numbers
from align.errors import InputError
from align.parallel import in_parallel
from align.vectors import F32, I64
from align.word_retrieval import WordRetrieval

BLOCK_BYTES = 16 << 20  # of scores, of which each core holds a few blocks

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Entries:
    """For each of n rows of the source its best target and what speaks for it; all (n,), by the row that was asked.

    `score` of the best `target` row; `margin` to the second best, 0 where there is one target only. Back again, from that
    target: `way_back`, the rank of the row among all of the source, from 1, and `back_margin`, its score less the best of
    the others'. Equal scores stand in the order of rows, so a way back of rank 1 is the target's own best.
    """

    rows: I64
    target: I64
    score: F32
    margin: F32
    way_back: I64
    back_margin: F32

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def mutual(self) -> Bools:
        """(n,) whether the round trip comes back to where it began."""
        return np.asarray(self.way_back == 1)

    def where(self, keep: Bools) -> "Entries":
        """Those of the entries that are to `keep` (n,)."""
        return Entries(*(column[keep] for column in vars(self).values()))


def round_trips(forward: WordRetrieval, backward: WordRetrieval, rows: I64) -> Entries:
    """The best target by `forward` of each of these rows of the source, and by `backward` the way back from it.

    In blocks, on all cores: at most 16 MiB of scores a block. Raises InputError `api.bad_rows`, `api.bad_type`,
    `api.bad_vector` where the two do not hold the same words with their sides exchanged.

    >>> sides = np.eye(3, dtype="f4"), np.roll(np.eye(3, dtype="f4"), 1, axis=0)
    >>> there, back = (WordRetrieval(*pair, np.zeros(3, "f4")) for pair in (sides, sides[::-1]))
    >>> found = round_trips(there, back, np.array([0, 2]))
    >>> found.target, found.mutual
    (array([1, 0]), array([ True,  True]))
    """
    expect(WordRetrieval, forward=forward, backward=backward)
    there, back = (len(forward.source), len(forward.target)), (len(backward.target), len(backward.source))
    if there != back:
        raise InputError("api.bad_vector", f"{there} words there and {back} back; the same words are needed, exchanged")
    rows = numbers(rows, "rows")
    if rows.ndim != 1 or (rows.size and rows.dtype.kind == "f"):
        raise InputError("api.bad_rows", f"rows of shape {rows.shape}; a list of rows from 0 to {there[0] - 1}")
    rows = rows.astype(np.int64)
    n = len(rows) if there[1] else 0
    target, way_back = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
    score, second, back_margin = (np.zeros(n, dtype=np.float32) for _ in range(3))

    def look_there(start: int, stop: int) -> None:
        here = slice(start, stop)
        target[here], score[here], second[here] = _first_two(forward.scores(rows[here]))

    _in_blocks(look_there, n, there[1])
    order = np.argsort(target, kind="stable")
    asked, first = np.unique(target[order], return_index=True)
    ends = np.append(first[1:], n)

    def look_back(start: int, stop: int) -> None:
        for scores, a, z in zip(backward.scores(asked[start:stop]), first[start:stop], ends[start:stop], strict=True):
            for at in order[a:z]:
                way_back[at], back_margin[at] = _rank_and_lead(scores, int(rows[at]))

    _in_blocks(look_back, len(asked), there[0])
    return Entries(rows[:n], target, score, score - second, way_back, back_margin)


def _first_two(scores: F32) -> tuple[I64, F32, F32]:
    """Column of the largest entry of every row, that entry, and the second largest (the same where there is one)."""
    each = np.arange(len(scores))
    best = scores.argmax(axis=1)
    largest = scores[each, best]
    if scores.shape[1] == 1:
        return best, largest, largest
    scores[each, best] = -np.inf
    return best, largest, scores.max(axis=1)


def _rank_and_lead(scores: F32, at: int) -> tuple[int, float]:
    """Rank of one entry of a row in order (−score, place), and what it has over the best of the others; 0 where none."""
    own = scores[at]
    rank = 1 + np.count_nonzero(scores > own) + np.count_nonzero(scores[:at] == own)
    others = max(scores[:at].max(initial=-np.inf), scores[at + 1 :].max(initial=-np.inf))
    return int(rank), float(own - others) if len(scores) > 1 else 0.0


def _in_blocks(work: Callable[[int, int], None], n: int, width: int) -> None:
    """Do `work(start, stop)` for ranges of 0..n whose scores fit a block, on all cores."""
    step = max(1, BLOCK_BYTES // (4 * max(width, 1)))
    for _ in in_parallel(lambda start: work(start, min(start + step, n)), range(0, n, step)):
        pass
