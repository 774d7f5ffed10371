"""Two spaces on the same test words: which translates better, and whether that could be chance."""

from dataclasses import asdict, dataclass
from typing import Protocol

import numpy as np
import polars as pl
from scipy.stats import binomtest

from align.arguments import expect
from align.dictionary import WordPairs
from align.errors import AlignmentError, InputError
from align.evaluate import DRAWS, TAILS, Outcomes, checked_count, translation_outcomes
from align.tokens import fold
from align.vectors import I64, WordVectors
from align.word_retrieval import WordRetrieval


class WordSpace(Protocol):
    """Whatever holds mapped vectors of languages and knows how their words find each other, as `SharedSpace` does."""

    def vectors(self, lang: str) -> WordVectors: ...

    def retrieval(self, source: str, target: str) -> WordRetrieval: ...


@dataclass(frozen=True)
class Comparison:
    """P@1 of a and of b on the `n_words` test words that both cover, one row.

    `difference`: a − b, with the 95 % percentile interval of a paired bootstrap over words. `n_only_a`, `n_only_b`: words
    that only the one has right. `p_value`: exact McNemar test, two-sided, of these two being equally likely.
    `candidates` and `retrieval` of each say whether like is compared with like.
    """

    source: str
    target: str
    precision_at_1_a: float
    precision_at_1_b: float
    difference: float
    difference_low: float
    difference_high: float
    n_words: int
    n_only_a: int
    n_only_b: int
    p_value: float
    candidates_a: int
    candidates_b: int
    retrieval_a: str
    retrieval_b: str

    def as_dict(self) -> dict[str, str | float | int]:
        return asdict(self)

    def frame(self) -> pl.DataFrame:
        """One row, a column for each field."""
        return pl.DataFrame([self.as_dict()])


def compare(space_a: WordSpace, space_b: WordSpace, test_pairs: WordPairs, *, seed: int = 0) -> pl.DataFrame:
    """One row of `Comparison`: both spaces translate the words of `test_pairs`, each among all its own targets.

    The spaces may be any with `vectors(lang)` and `retrieval(source, target)`; both must hold the two languages of the test.
    Raises InputError `space.no_language`, `api.bad_type`, `evaluate.bad_count` for the seed; AlignmentError
    `evaluate.no_pairs` where no test word is covered by both, `dict.language`.

    >>> compare(refined, plain, test)["difference", "p_value"]      # doctest: +SKIP
    """
    expect(WordPairs, test_pairs=test_pairs)
    checked_count(seed, "seed", 0)
    a, b = _outcomes(space_a, "space_a", test_pairs), _outcomes(space_b, "space_b", test_pairs)
    return compare_outcomes(a, b, seed=seed).frame()


def compare_outcomes(a: Outcomes, b: Outcomes, *, seed: int = 0) -> Comparison:
    """The comparison of two `translation_outcomes` of one test, by whatever scores.

    Words are matched as they are spelled, then by `fold` where that leaves one of each side. With n_only_a, n_only_b and
    the rest as chances, the counts of a resample are multinomial: the bootstrap (Efron 1979) draws them as such.
    Sources: McNemar 1947; Berg-Kirkpatrick et al. 2012 on paired bootstraps. Raises InputError `api.bad_type`,
    `evaluate.bad_count`; AlignmentError `evaluate.no_pairs`, `dict.language` for outcomes of different languages.
    """
    expect(Outcomes, a=a, b=b)
    if _languages(a) != _languages(b):
        have = f"a is {a.source}-{a.target}, b {b.source}-{b.target}"
        raise AlignmentError("dict.language", f"{have}; compare outcomes of the same languages")
    in_a, in_b = _shared_words(a, b)
    n = len(in_a)
    if n == 0:
        covered = f"a covers {len(a)} test words, b {len(b)}, and none is covered by both"
        raise AlignmentError("evaluate.no_pairs", f"{covered}; compare on words that both have vectors of")
    right_a, right_b = a.best[in_a] == 1, b.best[in_b] == 1
    only_a, only_b = int((right_a & ~right_b).sum()), int((right_b & ~right_a).sum())
    chances = np.array([only_a, only_b, n - only_a - only_b]) / n
    drawn = np.random.default_rng(checked_count(seed, "seed", 0)).multinomial(n, chances, DRAWS)
    low, high = np.quantile((drawn[:, 0] - drawn[:, 1]) / n, TAILS)
    return Comparison(
        a.source, a.target, float(right_a.mean()), float(right_b.mean()), (only_a - only_b) / n, float(low), float(high),
        n, only_a, only_b, mcnemar(only_a, only_b), a.candidates, b.candidates, a.retrieval, b.retrieval,
    )  # fmt: skip


def mcnemar(n_only_a: int, n_only_b: int) -> float:
    """Exact two-sided p of McNemar's test: how often a fair coin parts the discordant words as unevenly as this.

    1 where there are none. Raises InputError `evaluate.bad_count`.

    >>> mcnemar(5, 0)
    0.0625
    """
    most = 1 << 30
    a, b = checked_count(n_only_a, "n_only_a", 0, most), checked_count(n_only_b, "n_only_b", 0, most)
    return float(binomtest(a, a + b).pvalue) if a + b else 1.0


def _outcomes(space: WordSpace, name: str, pairs: WordPairs) -> Outcomes:
    if not all(callable(getattr(space, method, None)) for method in ("vectors", "retrieval")):
        what = f"{name} is of type {type(space).__name__}"
        raise InputError("api.bad_type", f"{what}; give a space with vectors(lang) and retrieval(source, target)")
    try:
        source, target = space.vectors(pairs.source), space.vectors(pairs.target)
    except InputError as error:
        if error.code != "space.no_language":
            raise
        what = f"{name} does not hold both {pairs.source} and {pairs.target}"
        raise InputError(error.code, f"{what}; compare spaces that hold the languages of the test") from None
    expect(WordVectors, **{f"{name}.vectors({pairs.source})": source, f"{name}.vectors({pairs.target})": target})
    by = space.retrieval(source.lang, target.lang)
    return translation_outcomes(source, target, pairs, by.scores, retrieval=by.name)


def _languages(outcomes: Outcomes) -> tuple[str, str]:
    return outcomes.source.split("-")[0], outcomes.target.split("-")[0]


def _shared_words(a: Outcomes, b: Outcomes) -> tuple[I64, I64]:
    """Places in `a` and in `b` of the words of both, one to one whichever comes first."""
    place_b = {word: i for i, word in enumerate(b.words)}
    found = [(i, place_b[word]) for i, word in enumerate(a.words) if word in place_b]
    rest_a = _by_fold(a, {i for i, _ in found})
    rest_b = _by_fold(b, {j for _, j in found})
    found += [(rest_a[key], rest_b[key]) for key in sorted(rest_a.keys() & rest_b.keys())]
    pairs = np.array(found, dtype=np.int64).reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1]


def _by_fold(outcomes: Outcomes, taken: set[int]) -> dict[str, int]:
    """Folded form → place, of the words not `taken` that no other of these folds to."""
    places: dict[str, list[int]] = {}
    for i, word in enumerate(outcomes.words):
        if i not in taken:
            places.setdefault(fold(word, outcomes.source), []).append(i)
    return {key: found[0] for key, found in places.items() if len(found) == 1}
