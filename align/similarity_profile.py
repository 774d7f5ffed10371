"""Seed pairs without any dictionary: words that have alike similarities to the other words of their language.

A word's similarities to all others, sorted, say nothing about which words these are, and so can be compared across
languages. Few of the pairs are right; `align.self_learning` needs no more.
"""

import numpy as np

from align.arguments import rows_of
from align.errors import AlignmentError
from align.normalize import unit_rows
from align.retrieval import best_neighbours, check_k
from align.vectors import F32, I64

FREQUENT = 4_000


def similarity_seeds(source: F32, target: F32, *, frequent: int = FREQUENT) -> tuple[I64, I64]:
    """Rows of `source` and of `target` (both (2k,)) whose sorted similarities match best by CSLS, either way.

    `source` (n, dim), `target` (m, dim): normalised vocabularies, most frequent first; the first k = min(frequent, n, m)
    rows of each take part, so that the profiles are of one length.

    Raises AlignmentError `align.no_signal` where fewer than three words are left or words have no profile (a row is zero,
    all are alike), `align.nonfinite`; InputError `api.bad_k`, `api.bad_vector`.

    Source: Artetxe et al. 2018, ACL, section 3.2.

    >>> points = np.array([[1.0, 0.0], [0.8, 0.6], [0.6, -0.8], [-0.9, 0.4]], "f4")
    >>> source, target = similarity_seeds(points, points @ np.array([[0.0, 1.0], [-1.0, 0.0]], "f4"))
    >>> bool((source == target).all())
    True
    """
    n = min(check_k(frequent), len(rows_of(source, "source")), len(rows_of(target, "target")))
    if n < 3:
        raise AlignmentError("align.no_signal", f"{n} words on a side have no profile to match; give at least 3")
    forward, backward = best_neighbours(_profiles(source[:n]), _profiles(target[:n]))
    return np.concatenate([np.arange(n), backward]), np.concatenate([forward, np.arange(n)])


def _profiles(vectors: F32) -> F32:
    """(n, n) every row of (XX')^(1/2), sorted; unit, centred, unit."""
    with np.errstate(over="ignore"):  # refused as not finite
        U, S, _ = np.linalg.svd(unit_rows(vectors.astype(np.float32)), full_matrices=False)
    profile = unit_rows(np.sort((U * S) @ U.T, axis=1))
    return unit_rows(profile - profile.mean(axis=0))
