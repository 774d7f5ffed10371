"""Word translation measured on pairs that the map has not seen.

One ranking of all targets per test word gives an `Outcomes`; every figure here and in `align.compare` is a function of it.
"""

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from align.arguments import expect, listed, numbers, rows_of
from align.dictionary import WordPairs
from align.errors import AlignmentError, InputError, printable
from align.leakage import leaked_words
from align.memory import block_bytes
from align.retrieval import NEIGHBOURS, csls
from align.tokens import fold
from align.vectors import F32, F64, I64, WordVectors

BLOCK = 512  # source words whose scores are held at once
BLOCK_BYTES = 64 << 20  # and the most bytes of these: fewer words where there are many targets
BANDS = (1_000, 5_000, 10_000, 25_000)
DRAWS = 1_000  # of a bootstrap
TAILS = (0.025, 0.975)  # of a 95 % interval

Bools = npt.NDArray[np.bool_]
Scores = Callable[[I64], F32]
"""Rows (n,) of source words → scores (n, m) against all m targets, higher is nearer, no NaN."""


@dataclass(frozen=True, eq=False)
class Outcomes:
    """Where the gold translations of every test word came among all targets.

    `words`: the n_words source words that have a vector and a gold translation with one, and their `rows` (n_words,) in
    the source vectors, ascending; test words that fall on one vector, as `Cat` and `cat` may, are one word.
    `word`, `gold_rows`, `ranks` (n_gold,): per gold pair the position of its word, the row of its target, and its rank from
    1, ordered by word and rank. `identical` (n_words,): some gold translation is spelled as the word is, after `fold`.
    `names` (n_words,): some gold pair of it is a name, see `is_name`. `n_test_words` counts the words without vectors too.
    `candidates`: targets that compete. `retrieval` names the scores.
    """

    source: str
    target: str
    words: tuple[str, ...]
    rows: I64
    word: I64
    gold_rows: I64
    ranks: I64
    identical: Bools
    names: Bools
    n_test_words: int
    candidates: int
    retrieval: str

    def __len__(self) -> int:
        return len(self.words)

    @property
    def frequency_rank(self) -> I64:
        """(n_words,) place of each word among the source vectors, which stand by frequency; from 1."""
        return self.rows + 1

    @property
    def best(self) -> I64:
        """(n_words,) rank of the best gold translation."""
        return self.ranks[np.searchsorted(self.word, np.arange(len(self)))]

    @property
    def average_precision(self) -> F64:
        """(n_words,) mean over the gold translations of a word of (gold translations down to its rank) / rank."""
        place = np.arange(1, len(self.word) + 1) - np.searchsorted(self.word, self.word)
        return np.asarray(np.bincount(self.word, place / self.ranks) / np.bincount(self.word))


@dataclass(frozen=True)
class Precision:
    """Bilingual lexicon induction, one row.

    `precision_at_k`: share of the `n_words` source words for which a gold translation is among the k best targets; all
    targets compete. `precision_at_1_low`, `_high`: 95 % `bootstrap_interval`. `mrr`: mean of 1 / rank of the best gold
    translation. `mean_average_precision`: mean average precision over all `n_gold` gold pairs of these words; equal to
    `mrr` where each has one. `n_words`: source words that have a vector and a gold translation with one; `n_test_words`:
    all source words of the test; `coverage` = n_words / n_test_words. `precision_at_1_of_all` counts the words that are
    not covered as misses.

    P@1 apart, with how many of the n_words: `identical`, spelled as a gold translation of theirs, and `distinct`, the
    rest; `names` (see `is_name`). None where there is no such word: in a list that is in lower case throughout no name
    can be recognised. `leaked`: source words of the test that training saw (`align.leakage`), None where that is unknown.
    `candidates`: targets that compete. `retrieval`: by what scores.
    """

    source: str
    target: str
    precision_at_1: float
    precision_at_1_low: float
    precision_at_1_high: float
    precision_at_5: float
    precision_at_10: float
    mrr: float
    mean_average_precision: float
    coverage: float
    n_words: int
    n_test_words: int
    n_gold: int
    precision_at_1_of_all: float
    precision_at_1_identical: float | None
    n_identical: int
    precision_at_1_distinct: float | None
    n_distinct: int
    precision_at_1_names: float | None
    n_names: int
    leaked: int | None
    candidates: int
    retrieval: str

    def as_dict(self) -> dict[str, str | float | int | None]:
        return asdict(self)

    def frame(self) -> pl.DataFrame:
        """One row, a column for each field, of types that do not depend on what is unknown."""
        row = self.as_dict()
        real = dict.fromkeys((name for name in row if name.startswith("precision")), pl.Float64)
        return pl.DataFrame([row], schema_overrides={**real, "leaked": pl.Int64})


def evaluate_translation(
    source: WordVectors,
    target: WordVectors,
    hubness: F32,
    pairs: WordPairs,
    *,
    train: Iterable[WordPairs] | None = None,
) -> Precision:
    """Precision of translating from `source` to `target`, both mapped, by CSLS with `hubness` (m,) of the targets.

    Ties count against the gold word. `train`: the dictionaries that the map was fitted on, from which `leaked` is told.
    Raises AlignmentError `evaluate.no_pairs` where no test pair has both vectors, `dict.language`; InputError
    `api.bad_type`, `api.bad_vector`.
    """
    expect(WordVectors, source=source, target=target)
    expect(WordPairs, pairs=pairs)
    leaked = None if train is None else leaked_words(train, pairs).n_words
    scores = csls_scores(source.matrix, target.matrix, hubness)
    outcomes = translation_outcomes(source, target, pairs, scores, retrieval=f"csls{NEIGHBOURS}")
    return precision_of(outcomes, leaked=leaked)


def translation_outcomes(
    source: WordVectors, target: WordVectors, pairs: WordPairs, scores: Scores, *, retrieval: str
) -> Outcomes:
    """What `scores` make of every test word: the ranks of all its gold translations among all of `target`.

    `scores`: rows (n,) of `source` → (n, m), called for at most 512 rows at once; `retrieval` is its name in every figure.
    Ties count against the gold words. Neither the order of `pairs` nor a repeated pair matters.
    Raises AlignmentError `evaluate.no_pairs` where no pair has both vectors, `dict.language`; InputError `api.bad_type`,
    `api.bad_text`, `api.bad_vector` (also for scores of another shape, or a NaN).

    >>> en, fr = (WordVectors(lang, ["a", "b"], np.eye(2, dtype="f4")) for lang in ("en", "fr"))
    >>> scores = csls_scores(en.matrix, fr.matrix, np.zeros(2, "f4"))
    >>> translation_outcomes(en, fr, WordPairs("en", "fr", (("a", "a"), ("b", "a"))), scores, retrieval="csls").ranks
    array([1, 2])
    """
    expect(WordVectors, source=source, target=target)
    expect(WordPairs, pairs=pairs)
    expect(str, retrieval=retrieval)
    _check_callable(scores)
    if not retrieval or not retrieval.isprintable():
        raise InputError("api.bad_text", f"retrieval is {printable(repr(retrieval))}; give a name that can be printed")
    usable = pairs.rows(source, target, max_targets=len(pairs))
    if len(usable) == 0:
        raise AlignmentError(
            "evaluate.no_pairs",
            f"none of {len(pairs)} test pairs has a vector on both sides ({usable.source_unknown} unknown in "
            f"{source.lang}, {usable.target_unknown} in {target.lang})",
        )
    rows, word, gold, ranks = _gold_ranks(scores, usable.source, usable.target, len(target))
    words = tuple(source.words[row] for row in rows)
    same = [
        fold(words[i], source.lang) == fold(target.words[j], target.lang)
        for i, j in zip(word.tolist(), gold.tolist(), strict=True)
    ]
    identical = np.bincount(word, same) > 0
    names = np.isin(rows, _rows_of_names(source, target, pairs))
    for array in (rows, word, gold, ranks, identical, names):
        array.flags.writeable = False
    return Outcomes(
        source.lang, target.lang, words, rows, word, gold, ranks, identical, names, len(pairs.gold()), len(target), retrieval
    )  # fmt: skip


def csls_scores(source: F32, target: F32, hubness: F32) -> Scores:
    """CSLS of rows of `source` (n, dim) against all of `target` (m, dim), mapped unit rows; `hubness` (m,) of the targets.

    Raises InputError `api.bad_vector`, here or when called, `api.bad_rows` when called.
    """
    target = rows_of(target, "target", rows_of(source, "source").shape[1])
    if numbers(hubness, "hubness").shape != (len(target),):
        raise InputError("api.bad_vector", f"hubness of shape {np.shape(hubness)}; give ({len(target)},), one a target")
    return lambda rows: csls(source[_checked_rows(rows, "rows", len(source))] @ target.T, hubness, NEIGHBOURS)


def precision_of(outcomes: Outcomes, *, leaked: int | None = None) -> Precision:
    """The row of figures. Raises InputError `api.bad_type`, `evaluate.bad_count` where `leaked` is no number from 0."""
    expect(Outcomes, outcomes=outcomes)
    best, n, n_test = outcomes.best, len(outcomes), outcomes.n_test_words
    right, identical, names = best == 1, outcomes.identical, outcomes.names
    p1, (low, high) = float(right.mean()), bootstrap_interval(int(right.sum()), n)
    return Precision(
        source=outcomes.source, target=outcomes.target,
        precision_at_1=p1, precision_at_1_low=low, precision_at_1_high=high,
        precision_at_5=float((best <= 5).mean()), precision_at_10=float((best <= 10).mean()),
        mrr=float((1 / best).mean()), mean_average_precision=float(outcomes.average_precision.mean()),
        coverage=n / n_test, n_words=n, n_test_words=n_test, n_gold=len(outcomes.ranks), precision_at_1_of_all=p1 * n / n_test,
        precision_at_1_identical=_share(right[identical]), n_identical=int(identical.sum()),
        precision_at_1_distinct=_share(right[~identical]), n_distinct=int((~identical).sum()),
        precision_at_1_names=_share(right[names]), n_names=int(names.sum()),
        leaked=None if leaked is None else checked_count(leaked, "leaked", 0),
        candidates=outcomes.candidates, retrieval=outcomes.retrieval,
    )  # fmt: skip


def by_frequency(outcomes: Outcomes, bands: Iterable[int] = BANDS) -> pl.DataFrame:
    """P@1 by the frequency rank of the source word: a row for each band that ends at a rank of `bands`, and the rest.

    Columns band, first_rank, last_rank (null: no end), n_words, precision_at_1, precision_at_1_low, precision_at_1_high
    (95 % `bootstrap_interval`; null in a band without words). Raises InputError `evaluate.bad_bands`, `api.bad_type`.
    """
    expect(Outcomes, outcomes=outcomes)
    ends = listed(int, bands=bands)
    if any(isinstance(end, bool) for end in ends) or ends != sorted(set(ends)) or ends[:1] < [1] or ends[-1] > 1 << 31:
        what = f"{len(ends)} bands that do not rise from 1 to at most {1 << 31}"
        raise InputError("evaluate.bad_bands", f"{what}; give their last ranks, such as 1000, 5000")
    right, band = outcomes.best == 1, np.searchsorted(ends, outcomes.frequency_rank)
    table = []
    for i, (first, last) in enumerate(zip([1, *(end + 1 for end in ends)], [*ends, None], strict=True)):
        inside = right[band == i]
        low, high = bootstrap_interval(int(inside.sum()), len(inside)) if len(inside) else (None, None)
        table.append((f"{first}-{last or ''}", first, last, len(inside), _share(inside), low, high))
    whole, real = (
        ("first_rank", "last_rank", "n_words"),
        ("precision_at_1", "precision_at_1_low", "precision_at_1_high"),
    )
    schema = {"band": pl.String, **dict.fromkeys(whole, pl.Int64), **dict.fromkeys(real, pl.Float64)}
    return pl.DataFrame(table, schema=schema, orient="row")


def bootstrap_interval(n_right: int, n: int, seed: int = 0) -> tuple[float, float]:
    """95 % percentile bootstrap interval over words of the share `n_right` / `n`; 1,000 draws.

    n words drawn with replacement, each right with chance n_right / n, hold a binomial number of right ones: it is drawn
    as such, which is the bootstrap itself and no approximation of it. Where all words are right, or none, every draw is
    the same and the interval has no width. Source: Efron 1979. Raises InputError `evaluate.bad_count`.

    >>> bootstrap_interval(7, 7)
    (1.0, 1.0)
    """
    n = checked_count(n, "n", 1)
    share = checked_count(n_right, "n_right", 0, n) / n
    drawn = np.random.default_rng(checked_count(seed, "seed", 0)).binomial(n, share, DRAWS) / n
    low, high = np.quantile(drawn, TAILS)
    return float(low), float(high)


def checked_count(value: int, what: str, least: int, most: int = 1 << 62) -> int:
    """`value` if it is a whole number from `least` to `most`, else InputError `evaluate.bad_count`."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or not least <= value <= most:
        found = value if isinstance(value, int) and abs(value) < 1 << 63 else type(value).__name__
        raise InputError("evaluate.bad_count", f"{what} is {found}; a whole number from {least} to {most}")
    return int(value)


def is_name(source_word: str, target_word: str, comment: str = "") -> bool:
    """Whether a dictionary shows a pair to be a name: both words begin with a capital and are not all capitals, or the
    comment is `name`. So German nouns are none where their translation is in lower case. Raises InputError `api.bad_type`.

    >>> is_name("London", "Londres"), is_name("Haus", "maison"), is_name("USA", "USA")
    (True, False, False)
    """
    expect(str, source_word=source_word, target_word=target_word, comment=comment)
    capitalised = all(w[:1] != w[:1].lower() and w != w.upper() for w in (source_word, target_word))
    return capitalised or comment.strip().casefold() == "name"


def translation_ranks(source: F32, target: F32, hubness: F32, source_rows: I64, target_rows: I64) -> I64:
    """Rank (n_words,), from 1, of the best gold target of every distinct source row, by CSLS among all targets.

    `source` (n, dim) and `target` (m, dim): mapped unit rows; `hubness` (m,); gold pairs as rows, (n_pairs,) each.
    Ties count against the gold word. Raises InputError `api.bad_vector`, `api.bad_rows`.
    """
    scores = csls_scores(source, target, hubness)
    source_rows = _checked_rows(source_rows, "source_rows", len(source))
    target_rows = _checked_rows(target_rows, "target_rows", len(target))
    if len(source_rows) != len(target_rows):
        raise InputError(
            "api.bad_rows", f"{len(source_rows)} source rows, {len(target_rows)} target rows; one each a pair"
        )
    rows, word, _, ranks = _gold_ranks(scores, source_rows, target_rows, len(target))
    return ranks[np.searchsorted(word, np.arange(len(rows)))]


def _gold_ranks(scores: Scores, source_rows: I64, target_rows: I64, m: int) -> tuple[I64, I64, I64, I64]:
    """The distinct source rows; and of every distinct gold pair word, target row and rank, ordered by word and rank.

    The j-th best gold target of a word has rank j + the targets that are not gold and score no less.
    """
    pair = np.unique(source_rows * m + target_rows)
    rows, starts, word = np.unique(pair // max(m, 1), return_index=True, return_inverse=True)
    gold, ranks, ends = pair % max(m, 1), np.zeros(len(pair), dtype=np.int64), np.append(starts[1:], len(pair))
    step = max(1, min(BLOCK, block_bytes(BLOCK_BYTES) // (4 * max(m, 1))))
    for first in range(0, len(rows), step):
        asked = rows[first : first + step]
        for i, row in enumerate(_checked_scores(scores(asked), (len(asked), m)), start=first):
            here = slice(starts[i], ends[i])
            order = np.argsort(row[gold[here]], kind="stable")
            ascending = row[gold[here]][order]
            no_less = np.array([np.count_nonzero(row >= score) for score in ascending])
            gold_no_less = len(order) - np.searchsorted(ascending, ascending)
            ranks[here] = np.arange(1, len(order) + 1) + (no_less - gold_no_less)[::-1]
            gold[here] = gold[here][order][::-1]
    return rows, word, gold, ranks


def _check_callable(scores: object) -> None:
    if not callable(scores):
        raise InputError("api.bad_type", f"scores is of type {type(scores).__name__}; give a function of rows")


def _checked_scores(scores: F32, shape: tuple[int, int]) -> F32:
    found = rows_of(scores, "the scores")
    if found.shape != shape or np.isnan(found).any():
        fault = "with a NaN" if found.shape == shape else f"of shape {found.shape}"
        raise InputError("api.bad_vector", f"scores {fault}; numbers of shape {shape} are needed, rows by targets")
    return found


def _checked_rows(rows: I64, what: str, n: int) -> I64:
    found = numbers(rows, what)
    if found.ndim != 1 or (found.size and (found.dtype.kind == "f" or found.min() < 0 or found.max() >= n)):
        raise InputError("api.bad_rows", f"{what} of shape {found.shape}; a list of rows from 0 to {n - 1}")
    return found.astype(np.int64)


def _rows_of_names(source: WordVectors, target: WordVectors, pairs: WordPairs) -> I64:
    comments = pairs.comments or ("",) * len(pairs)
    named = [pair for pair, comment in zip(pairs.pairs, comments, strict=True) if is_name(*pair, comment)]
    rows = source.rows(left for left, _ in named)
    return rows[target.rows(right for _, right in named) >= 0]


def _share(right: Bools) -> float | None:
    return float(right.mean()) if len(right) else None
