"""Spelling as evidence for word translation: names, loans and cognates are written alike.

Vectors and spelling err on different words, so score = CSLS + weight · similarity finds more than either. The weight is
fitted per pair of languages on words held out from all else, and is zero where it does not help beyond chance. Figures
with and without spelling are not comparable: report them side by side.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import cdist
from scipy.stats import binomtest

from align.arguments import expect, is_list, listed, numbers, rows_of
from align.errors import InputError
from align.memory import block_bytes
from align.plain_form import plain_form
from align.transliteration import Transliteration, fit_transliteration
from align.vectors import F32, I64

BLOCK_BYTES = 64 << 20
WEIGHTS = (0.0, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0)
ALIKE = 0.4  # similarity from which two words count as written alike: one error in four letters, two in eight
CHANCE = 0.05

Bools = npt.NDArray[np.bool_]


def spelling_similarity(sources: Sequence[str], targets: Sequence[str]) -> F32:
    """(n, m) in [0, 1]: (1 − edit distance / length of the longer)³ of the plain forms of n and m words.

    The cube lets few errors count for much more than many. On held-out training words (en-fr, en-de; 5k) no power from
    2 to 5, and neither Indel nor Jaro-Winkler, was better by more than half a point of P@1.
    Raises InputError `api.bad_text`.

    >>> spelling_similarity(["théâtre", "chat"], ["theatre", "theater"]).round(3)
    array([[1.   , 0.364],
           [0.079, 0.079]], dtype=float32)
    """
    left = [plain_form(word) for word in listed(str, "api.bad_text", sources=sources)]
    right = [plain_form(word) for word in listed(str, "api.bad_text", targets=targets)]
    similarity = np.empty((len(left), len(right)), dtype=np.float32)
    step = _rows_a_block(len(right))
    for start in range(0, len(left), step) if right else ():
        block = cdist(
            left[start : start + step], right,
            scorer=Levenshtein.normalized_similarity, dtype=np.float32, workers=-1,
        )  # fmt: skip
        np.multiply(block, block * block, out=similarity[start : start + step])
    return similarity


@dataclass(frozen=True)
class WeightFit:
    """What each of `weights` gave on `n_words` held-out words, and the `weight` chosen.

    `hits`, one per weight: words whose best target is a gold translation. `hits_alike`: those among the `n_alike` words
    with a gold translation that is written alike (similarity ≥ 0.4; names and identical strings are among them).
    `p_value`: exact McNemar test, two-sided, of the chosen weight against 0; 1 where 0 was chosen.
    """

    weight: float
    weights: tuple[float, ...]
    hits: tuple[int, ...]
    hits_alike: tuple[int, ...]
    n_words: int
    n_alike: int
    p_value: float

    @property
    def precision_at_1(self) -> tuple[float, ...]:
        """Of all words, one per weight; 0 where there are none."""
        return tuple(hit / max(self.n_words, 1) for hit in self.hits)

    @property
    def precision_at_1_alike(self) -> tuple[float, ...]:
        """Of the words whose translation is written alike."""
        return tuple(hit / max(self.n_alike, 1) for hit in self.hits_alike)

    @property
    def precision_at_1_rest(self) -> tuple[float, ...]:
        """Of all other words."""
        rest = max(self.n_words - self.n_alike, 1)
        return tuple((hit - alike) / rest for hit, alike in zip(self.hits, self.hits_alike, strict=True))


def fit_weight(scores: F32, similarity: F32, gold: Sequence[I64]) -> WeightFit:
    """The weight of spelling by P@1 on held-out words; 0 unless it helps beyond chance and hurts no kind of word.

    `scores` (n, m): CSLS scores of n words against all m targets, by a map that was fitted without these words.
    `similarity` (n, m): of their spellings. `gold`: n arrays of target rows. Weights at which fewer of the words that
    are *not* written alike come out right than at 0 are out, so that a list full of names cannot decide for the others;
    so are those whose gain over 0 may be chance (McNemar, p ≥ 0.05). Of the rest, the smallest within one standard error
    (paired) of the best. A tie in score counts against the gold word. The order of the words does not matter.

    Raises InputError `api.bad_vector` for shapes that differ or what is not finite, `api.bad_rows`.

    >>> scores, similarity = np.zeros((9, 9), "f4"), np.eye(9, dtype="f4")
    >>> fit_weight(scores, similarity, list(np.arange(9)[:, None])).weight
    0.05
    """
    scores, similarity = rows_of(scores, "scores"), rows_of(similarity, "similarity")
    if scores.shape != similarity.shape:
        shapes = f"scores are {scores.shape}, similarity {similarity.shape}"
        raise InputError("api.bad_vector", f"{shapes}; both must be (n, m)")
    hits, alike = _hits(scores, similarity, _checked_gold(gold, *scores.shape))
    gained, lost = (hits & ~hits[0]).sum(axis=1), (hits[0] & ~hits).sum(axis=1)
    rest = (hits & ~alike).sum(axis=1)
    harmless = np.flatnonzero(rest >= rest[0])
    best = hits[harmless[hits[harmless].sum(axis=1).argmax()]]
    chosen, p_value = 0, 1.0
    for i in harmless:
        short, more = int((best & ~hits[i]).sum()), int((hits[i] & ~best).sum())
        # The paired difference is within its standard error exactly where McNemar's statistic is at most 1.
        if gained[i] > lost[i] and (short - more) ** 2 <= short + more:
            p = float(binomtest(int(gained[i]), int(gained[i] + lost[i])).pvalue)
            if p < CHANCE:
                chosen, p_value = int(i), p
                break
    return WeightFit(
        WEIGHTS[chosen], WEIGHTS, tuple(hits.sum(axis=1).tolist()), tuple((hits & alike).sum(axis=1).tolist()),
        len(scores), int(alike.sum()), p_value,
    )  # fmt: skip


@dataclass(frozen=True)
class Spelling:
    """The evidence of spelling from one language to another: `transliteration` of the source, `weight` ≥ 0, its `fit`.

    Raises InputError `api.bad_type`, `spelling.bad_weight`.
    """

    transliteration: Transliteration = field(default_factory=Transliteration)
    weight: float = 0.0
    fit: WeightFit | None = None

    def __post_init__(self) -> None:
        expect(Transliteration, transliteration=self.transliteration)
        expect((WeightFit, type(None)), fit=self.fit)
        weight = self.weight
        if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 <= weight <= 1_000:
            raise InputError("spelling.bad_weight", f"weight={str(weight)[:20]!r}; a number from 0 to 1,000")

    def as_dict(self) -> dict[str, Any]:
        """All of it as JSON has it; `of` reads it back."""
        return asdict(self)

    @staticmethod
    def of(told: Mapping[str, Any]) -> "Spelling":
        """The Spelling that `as_dict` told."""
        fit = told["fit"] and {name: tuple(v) if isinstance(v, list) else v for name, v in told["fit"].items()}
        return Spelling(Transliteration(**told["transliteration"]), told["weight"], WeightFit(**fit) if fit else None)

    def similarity(self, sources: Sequence[str], targets: Sequence[str]) -> F32:
        """(n, m) `spelling_similarity` of the transliterated sources. Raises as that."""
        words = listed(str, "api.bad_text", sources=sources)
        return spelling_similarity([self.transliteration.apply(word) for word in words], targets)

    def add(self, scores: F32, sources: Sequence[str], targets: Sequence[str]) -> F32:
        """`scores` (n, m) of n sources and m targets + weight · similarity, a new array; the scores where weight is 0.

        Raises InputError `api.bad_vector`, `api.bad_text`.
        """
        scores = rows_of(scores, "scores")
        sources, targets = (listed(str, "api.bad_text", sources=sources), listed(str, "api.bad_text", targets=targets))
        if scores.shape != (len(sources), len(targets)):
            counts = f"{len(sources)} sources and {len(targets)} targets"
            raise InputError("api.bad_vector", f"scores are {scores.shape} for {counts}; one for each pair is needed")
        if self.weight == 0:
            return np.asarray(scores, dtype=np.float32)
        return np.asarray(scores + np.float32(self.weight) * self.similarity(sources, targets), dtype=np.float32)


def fit_spelling(
    pairs: Sequence[tuple[str, str]], sources: Sequence[str], targets: Sequence[str], scores: F32, gold: Sequence[I64]
) -> Spelling:
    """Transliteration from `pairs`, then the weight on held-out words.

    `pairs`: the dictionary *without* the held-out words, as is the map behind `scores`. `sources`: the n held-out words,
    `targets`: all m target words, `scores` (n, m) and `gold` as in `fit_weight`. Raises as `fit_transliteration`,
    `spelling_similarity` and `fit_weight`.
    """
    transliteration = fit_transliteration(pairs)
    fit = fit_weight(scores, Spelling(transliteration).similarity(sources, targets), gold)
    return Spelling(transliteration, fit.weight, fit)


def _hits(scores: F32, similarity: F32, gold: list[I64]) -> tuple[Bools, Bools]:
    """(one row per weight, n) whether a gold target is the best alone; (n,) whether one is written alike."""
    n, m = scores.shape
    hits, alike = np.zeros((len(WEIGHTS), n), dtype=np.bool_), np.zeros(n, dtype=np.bool_)
    step = _rows_a_block(m)
    for start in range(0, n, step):
        own = gold[start : start + step]
        score, spelled = scores[start : start + step], similarity[start : start + step]
        if not (np.isfinite(score).all() and np.isfinite(spelled).all()):
            raise InputError("api.bad_vector", "scores or similarity are not finite; leave out vectors that are not")
        row, column = np.repeat(np.arange(len(own)), [len(rows) for rows in own]), np.concatenate(own)
        first = np.cumsum([0] + [len(rows) for rows in own[:-1]])
        alike[start : start + step] = np.maximum.reduceat(spelled[row, column], first) >= ALIKE
        for i, weight in enumerate(WEIGHTS):
            both = score + np.float32(weight) * spelled
            right = np.maximum.reduceat(both[row, column], first)
            both[row, column] = -np.inf
            hits[i, start : start + step] = right > both.max(axis=1)
    return hits, alike


def _checked_gold(gold: Sequence[I64], n: int, m: int) -> list[I64]:
    if not is_list(gold):
        raise InputError("api.bad_rows", f"gold is one {type(gold).__name__}; give a list of arrays of rows")
    found = [numbers(rows, "gold rows") for rows in gold]
    if len(found) != n:
        raise InputError("api.bad_rows", f"{len(found)} gold arrays for {n} words; one each is needed")
    for i, rows in enumerate(found):
        if rows.ndim != 1 or not len(rows) or rows.dtype.kind == "f" or rows.min() < 0 or rows.max() >= m:
            what = f"gold rows of word {i} have shape {rows.shape}"
            raise InputError("api.bad_rows", f"{what}; at least one row from 0 to {m - 1} is needed")
    return [rows.astype(np.int64) for rows in found]


def _rows_a_block(m: int) -> int:
    return max(1, block_bytes(BLOCK_BYTES) // (4 * max(m, 1)))
