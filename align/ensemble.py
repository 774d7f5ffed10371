"""Several vector sets of one language made into one: rotated onto each other, gaps filled, averaged.

What two trainings have in common is the language; what they do not is noise, which an average halves.
"""

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from align.arguments import listed
from align.errors import AlignmentError, InputError
from align.joint import Edge, fit_joint
from align.normalize import fit_normalization, unit_rows
from align.retrieval import BLOCK_BYTES, check_k, top_k
from align.space import rotate
from align.vectors import F32, I64, WordVectors

NEIGHBOURS = 10  # of which a word that a set lacks is put together


def combine_vectors(sets: Sequence[WordVectors], *, neighbours: int = NEIGHBOURS) -> WordVectors:
    """One set over the union of the words of `sets`, which are of one language and dimension; at least two.

    All sets are turned onto the first by the words that they share, jointly. A word that a set lacks gets there the
    mean, weighted by cosine, of its `neighbours` nearest words, as the sets that have it place it. The result is the
    mean of all, unit rows, the most frequent first: by the sum of counts where every set has them, else by the mean of
    1 / rank. Dimensions that the sets do not share average out.

    Raises AlignmentError `align.dim_mismatch`, `align.no_signal` (sets with too few words in common: fewer than
    dimensions); InputError `vec.no_sets`, `api.bad_k`, `api.bad_type`.

    Source: García-Ferrero et al. 2021, "Benchmarking Meta-embeddings: What Works and What Does Not".

    >>> a = WordVectors("en", ["cat", "dog", "eel"], np.eye(3)[:, :2] + 0.1)
    >>> b = WordVectors("en", ["cat", "dog", "ant"], np.eye(3)[:, :2] + 0.2)
    >>> combine_vectors([a, b]).words
    ('cat', 'dog', 'ant', 'eel')
    """
    sets, neighbours = listed(WordVectors, sets=sets), check_k(neighbours)
    if len(sets) < 2 or len({v.lang for v in sets}) > 1:
        langs = ", ".join(sorted({v.lang for v in sets})) or "none"
        raise InputError("vec.no_sets", f"{len(sets)} sets of {langs}; give at least two of one language")
    if len({v.dim for v in sets}) > 1:
        found = " ".join(str(v.dim) for v in sets)
        raise AlignmentError("align.dim_mismatch", f"sets of {found} dimensions; give sets of one number of dimensions")
    turned = _turned(sets)
    words = _by_frequency(sets)
    rows = [np.array([v.index.get(word, -1) for word in words]) for v in sets]
    total = np.zeros((len(words), sets[0].dim), dtype=np.float32)
    for place, theirs in zip(rows, turned, strict=True):
        total[place >= 0] += theirs[place[place >= 0]]
    seen = unit_rows(total)  # every word, by the sets that have it
    for place, theirs in zip(rows, turned, strict=True):
        total[place < 0] += _synthesised(seen, place, theirs, neighbours)
    counts = None
    if all(v.counts is not None for v in sets):
        counts = _summed(sets, words)
    origin = {"combined": [dict(v.origin) for v in sets], "neighbours": neighbours}
    return WordVectors(sets[0].lang, words, unit_rows(total), counts, origin)


def _turned(sets: list[WordVectors]) -> list[F32]:
    """The normalised rows of every set in the frame of the first."""
    unit = [fit_normalization(v.matrix).apply(v.matrix) for v in sets]
    edges = []
    for (i, one), (j, other) in combinations(enumerate(sets), 2):
        shared = [word for word in one.words if word in other.index]
        if len(shared) >= one.dim:
            at, there = [one.index[word] for word in shared], [other.index[word] for word in shared]
            edges.append(Edge.of(str(i), str(j), unit[i][at], unit[j][there]))
    try:
        turns = fit_joint(edges, "0")
    except AlignmentError:
        turns = {}
    if len(turns) < len(sets):
        raise AlignmentError(
            "align.no_signal",
            f"the sets share fewer words than their {sets[0].dim} dimensions; they cannot be turned together",
        )
    return [rotate(rows, turns[str(i)]) for i, rows in enumerate(unit)]


def _by_frequency(sets: list[WordVectors]) -> tuple[str, ...]:
    words = list(dict.fromkeys(word for v in sets for word in v.words))
    if all(v.counts is not None for v in sets):
        weight = dict(zip(words, _summed(sets, words).tolist(), strict=True))
    else:
        weight = {word: sum(1 / (1 + v.index[word]) for v in sets if word in v.index) for word in words}
    return tuple(sorted(words, key=lambda word: (-weight[word], word)))


def _summed(sets: list[WordVectors], words: Sequence[str]) -> I64:
    total = np.zeros(len(words), dtype=np.int64)
    for v in sets:
        if v.counts is not None:
            rows = np.array([v.index.get(word, -1) for word in words])
            total[rows >= 0] += v.counts[rows[rows >= 0]]
    return total


def _synthesised(seen: F32, place: I64, theirs: F32, neighbours: int) -> F32:
    """Unit rows for the words that a set lacks, from its own rows of the words nearest to them."""
    missing, known = np.flatnonzero(place < 0), np.flatnonzero(place >= 0)
    out = np.zeros((len(missing), seen.shape[1]), dtype=np.float32)
    step = max(1, BLOCK_BYTES // (4 * max(len(known), 1)))
    for start in range(0, len(missing), step):
        block = slice(start, start + step)
        near = top_k(seen[missing[block]] @ seen[known].T, neighbours)
        weights = near.scores.clip(min=1e-6)[:, :, None]
        out[block] = unit_rows((weights * theirs[place[known[near.rows]]]).sum(axis=1))
    return out
