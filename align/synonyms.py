"""Synonym against random: how often a pair of one meaning is nearer than a pair of words that have nothing in common."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass

import numpy as np
import polars as pl

from align.arguments import listed
from align.dictionary import WordPairs
from align.errors import AlignmentError, InputError
from align.evaluate import DRAWS, TAILS, checked_count
from align.intrinsic import check_sides, checked_words, paired_cosines, same_language
from align.rows import RowError
from align.vectors import F64, I64, WordVectors

RANDOM = 10  # random pairs for each pair
TRIES = 20  # drawings of a random pair that is none of the pairs


@dataclass(frozen=True)
class SynonymContrast:
    """Pairs of one meaning against random pairs, one row.

    `auc`: chance that a pair has a higher cosine than a random pair, ties for half; 0.5 where the space knows nothing. Its
    95 % percentile bootstrap interval is over pairs, each with its random ones. `pair_cosine`, `random_cosine`: means.
    `n_pairs`: distinct pairs of vectors; `n_test_pairs`: all of the list; `n_covered` of these have both vectors, `coverage`
    = their ratio; `n_same` of these are two spellings of one vector, and tell nothing. `n_random`: random pairs.
    """

    source: str
    target: str
    auc: float
    auc_low: float
    auc_high: float
    pair_cosine: float
    random_cosine: float
    coverage: float
    n_pairs: int
    n_test_pairs: int
    n_covered: int
    n_same: int
    n_random: int

    def as_dict(self) -> dict[str, str | float | int]:
        return asdict(self)

    def frame(self) -> pl.DataFrame:
        """One row, a column for each field."""
        return pl.DataFrame([self.as_dict()])


def evaluate_synonyms(
    source: WordVectors, target: WordVectors, pairs: WordPairs | Iterable[tuple[str, str]], *, seed: int = 0
) -> SynonymContrast:
    """AUC of the cosines of `pairs` against those of random pairs of similar frequency.

    `pairs`: WordPairs of two languages, or a list of pairs of words, synonyms where `source` and `target` are the vectors of
    one language twice. For each pair ten random ones are drawn, both words anew, at a place in the order of frequency from
    half to twice that of the word they stand for, none of them one of `pairs`. `seed` fixes what is drawn. The AUC is the
    rank statistic (Mann and Whitney 1947); the interval is of 1,000 resamples (Efron 1979).

    Raises AlignmentError `evaluate.no_pairs` where no pair has two vectors, `synonyms.no_random` where the vocabularies hold
    no other pair, `dict.language`, `align.dim_mismatch`; InputError `synonyms.bad_word`, `synonyms.bad_character`,
    `api.bad_type`, `evaluate.bad_count` for the seed.

    >>> words = WordVectors("en", ["big", "large", "cat", "tom"], np.array([[1, 0], [1, 0.1], [-1, 1], [-1, 1.1]], "f4"))
    >>> evaluate_synonyms(words, words, [("big", "large"), ("cat", "tom")]).auc
    1.0
    """
    given = pairs.pairs if isinstance(pairs, WordPairs) else _checked(pairs)
    langs = (pairs.source, pairs.target) if isinstance(pairs, WordPairs) else None
    check_sides(source, target, *(langs or (getattr(source, "lang", ""), getattr(target, "lang", ""))))
    rng = np.random.default_rng(checked_count(seed, "seed", 0))
    m, within = len(target), same_language(source.lang, target.lang) and source.words == target.words
    i, j = source.rows(left for left, _ in given), target.rows(right for _, right in given)
    covered = (i >= 0) & (j >= 0)
    same = covered & within & (i == j)
    told = np.unique(_key(i, j, m, within)[covered & ~same])
    if not len(told):
        what = f"none of {len(given)} pairs has two vectors ({(i < 0).sum()} unknown in {source.lang}, "
        raise AlignmentError(
            "evaluate.no_pairs", f"{what}{(j < 0).sum()} in {target.lang}, {same.sum()} of one vector)"
        )
    i, j = told // m, told % m
    of = np.repeat(np.arange(len(told)), RANDOM)
    left, right, fresh = _random_pairs(rng, i[of], j[of], (len(source), m), told, within)
    of, left, right = of[fresh], left[fresh], right[fresh]
    if not len(of):
        what = f"{len(source)} and {m} words hold hardly a pair beside the {len(told)} given"
        raise AlignmentError("synonyms.no_random", f"{what}; give vectors of more words")
    near, far = (paired_cosines(source.matrix[a], target.matrix[b]) for a, b in ((i, j), (left, right)))
    auc = _Auc(near, far, of)
    drawn = rng.multinomial(len(near), np.full(len(near), 1 / len(near)), DRAWS)
    low, high = np.nanquantile([auc(weights) for weights in drawn], TAILS)
    return SynonymContrast(
        source.lang, target.lang, auc(np.ones(len(near), dtype=np.int64)), float(low), float(high), float(near.mean()),
        float(far.mean()), int(covered.sum()) / len(given), len(near), len(given), int(covered.sum()), int(same.sum()), len(far),
    )  # fmt: skip


class _Auc:
    """The AUC where each pair, and its random ones `of` it, counts as often as `weights` (n_pairs,) say; NaN for none."""

    def __init__(self, near: F64, far: F64, of: I64) -> None:
        _, places = np.unique(np.concatenate([near, far]), return_inverse=True)
        self._near, self._far, self._of, self._n = places[: len(near)], places[len(near) :], of, int(places.max()) + 1

    def __call__(self, weights: I64) -> float:
        near = np.bincount(self._near, weights, self._n)
        far = np.bincount(self._far, weights[self._of], self._n)
        below = np.cumsum(far) - far / 2
        every = near.sum() * far.sum()
        return float(near @ below / every) if every else float("nan")


def _checked(pairs: Iterable[tuple[str, str]]) -> list[tuple[str, ...]]:
    found = []
    for at, words in enumerate(listed(object, pairs=pairs), 1):
        try:
            found.append(checked_words(words, 2))
        except RowError as fault:
            raise InputError(f"synonyms.{fault.kind}", f"pair {at}: {fault}") from None
    return found


def _key(i: I64, j: I64, m: int, within: bool) -> I64:
    """One number for a pair of rows; within one language also for the pair the other way round."""
    return np.minimum(i, j) * m + np.maximum(i, j) if within else i * m + j


def _random_pairs(
    rng: np.random.Generator, i: I64, j: I64, sizes: tuple[int, int], told: I64, within: bool
) -> tuple[I64, I64, np.ndarray[tuple[int], np.dtype[np.bool_]]]:
    """A row for each of `i` and for each of `j`, and whether they make a pair that was not `told`."""
    left, right, fresh = np.zeros_like(i), np.zeros_like(j), np.zeros(len(i), dtype=np.bool_)
    for _ in range(TRIES):
        at = np.flatnonzero(~fresh)
        left[at], right[at] = (_similar(rng, rows[at], n) for rows, n in zip((i, j), sizes, strict=True))
        fresh[at] = ~np.isin(_key(left[at], right[at], sizes[1], within), told)
        fresh[at] &= ~(within & (left[at] == right[at]))
    return left, right, fresh


def _similar(rng: np.random.Generator, rows: I64, n: int) -> I64:
    """A row from half to twice the place (from 1) of each of `rows`, the most frequent having at least ten to choose from."""
    return rng.integers(rows // 2, np.minimum(np.maximum(2 * rows + 2, 10), n))
