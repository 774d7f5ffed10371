"""Word similarity: whether the cosines of word pairs rank them as people do, in one language or across two."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import polars as pl
from scipy.stats import rankdata

from align.arguments import expect, listed, numbers
from align.errors import AlignmentError, InputError
from align.evaluate import DRAWS, TAILS, checked_count
from align.intrinsic import check_sides, checked_words, list_rows, paired_cosines
from align.language import canonical_language
from align.rows import RowError, shown
from align.vectors import F64, WordVectors

FEWEST = 3  # pairs; any two agree or disagree altogether
AT_ONCE = 1 << 20  # pairs of a bootstrap that are ranked together

TINY = float(np.finfo(np.float64).tiny)

_NUMBER = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d{1,3})?", re.ASCII)


@dataclass(frozen=True, eq=False)
class JudgedPairs:
    """Pairs of a source and a target word, NFC, and how alike people found them; `source` may equal `target`.

    `judgements`: (n,) float64, finite, on any scale that rises with likeness. A pair that stands twice, as `money – cash`
    in WordSim-353, counts twice. `dropped` counts what a reader left out. Raises InputError `similarity.bad_word`,
    `similarity.bad_character`, `similarity.bad_judgement`, `similarity.count_mismatch`, `language.bad_code`, `api.bad_type`,
    `api.bad_vector`.

    >>> JudgedPairs("en", "fr", (("cat", "chat"), ("cat", "pain")), [9.5, 0.5]).judgements
    array([9.5, 0.5])
    """

    source: str
    target: str
    pairs: tuple[tuple[str, str], ...]
    judgements: F64
    dropped: Mapping[str, int] = field(default_factory=dict)
    name: str = ""

    def __post_init__(self) -> None:
        expect(Mapping, dropped=self.dropped)
        expect(str, name=self.name)
        pairs: list[tuple[str, str]] = []
        for at, words in enumerate(listed(object, pairs=self.pairs), 1):
            try:
                left, right = checked_words(words, 2)
            except RowError as fault:
                raise InputError(f"similarity.{fault.kind}", f"pair {at}: {fault}") from None
            pairs.append((left, right))
        judgements = numbers(self.judgements, "judgements").astype(np.float64)
        if judgements.shape != (len(pairs),):
            what = f"judgements of shape {judgements.shape} for {len(pairs)} pairs"
            raise InputError("similarity.count_mismatch", f"{what}; one each is needed")
        if not np.isfinite(judgements).all():
            raise InputError("similarity.bad_judgement", "a judgement is not finite; leave the pair out")
        judgements.flags.writeable = False
        checked = {
            "source": canonical_language(self.source), "target": canonical_language(self.target),
            "pairs": tuple(pairs), "judgements": judgements,
        }  # fmt: skip
        for key, value in checked.items():
            object.__setattr__(self, key, value)

    def __len__(self) -> int:
        return len(self.pairs)

    def __repr__(self) -> str:
        return f"JudgedPairs({self.source!r}, {self.target!r}, pairs={len(self)}, name={self.name!r})"


@dataclass(frozen=True)
class WordSimilarity:
    """How well cosine agrees with human judgement, one row.

    `spearman`, of ranks, ties at their mean, and `pearson`, each with its 95 % percentile bootstrap interval over pairs.
    `n_pairs`: pairs that have both vectors, on which all of it rests; `n_test_pairs`: all of the list; `coverage` = their
    ratio. Figures of different coverage are of different tests.
    """

    source: str
    target: str
    spearman: float
    spearman_low: float
    spearman_high: float
    pearson: float
    pearson_low: float
    pearson_high: float
    coverage: float
    n_pairs: int
    n_test_pairs: int

    def as_dict(self) -> dict[str, str | float | int]:
        return asdict(self)

    def frame(self) -> pl.DataFrame:
        """One row, a column for each field."""
        return pl.DataFrame([self.as_dict()])


def read_similarities(path: str | Path, source: str, target: str | None = None) -> JudgedPairs:
    """The judged pairs of a file, plain or compressed: `word<TAB>word<TAB>judgement`, one a line, UTF-8.

    `target`: language of the second column, default `source`. Lines that begin with `#` are comments, except `#<TAB>`; a
    first line whose third cell begins with a letter is a header, counted in `dropped` as `similarity.header`. Raises
    InputError `similarity.empty`, `similarity.bad_row`, `similarity.bad_word`, `similarity.bad_character`,
    `similarity.encoding`, `language.bad_code`, `file.*`.

    >>> read_similarities("simlex-999.tsv", "en")  # doctest: +SKIP
    JudgedPairs('en', 'en', pairs=999, name='simlex-999.tsv')
    """
    source, target = canonical_language(source), canonical_language(source if target is None else target)
    dropped, first = Counter[str](), True

    def read(text: str) -> tuple[tuple[str, str], float] | None:
        nonlocal first
        cells, was_first, first = [cell.strip(" ") for cell in text.split("\t")], first, False
        if len(cells) != 3:
            raise RowError("bad_row", f"{len(cells)} cells; write word, tab, word, tab, judgement")
        if not _NUMBER.fullmatch(cells[2]):
            if was_first and cells[2][:1].isalpha():
                dropped["similarity.header"] += 1
                return None
            raise RowError("bad_row", f"the judgement is {shown(cells[2])}; write a number such as 7.5")
        left, right = checked_words(cells[:2], 2)
        return (left, right), float(cells[2])

    rows = list_rows(path, "similarity", read)
    if not rows:
        raise InputError("similarity.empty", f"no pairs {source}-{target}; one pair a line is needed", path=path)
    pairs, judgements = zip(*rows, strict=True)
    return JudgedPairs(source, target, pairs, np.array(judgements), dropped, Path(path).name)


def evaluate_similarity(
    source: WordVectors, target: WordVectors, judged: JudgedPairs, *, seed: int = 0
) -> WordSimilarity:
    """Rank and linear correlation of the cosines of `judged` pairs with their judgements.

    `source`, `target`: vectors of one space, or the vectors of one language twice. Words are found as `WordVectors.row`
    finds them. The intervals are of pairs drawn with replacement, 1,000 draws (Efron 1979); draws in which a side is
    constant have no correlation and are left out. Sources: Spearman 1904; Finkelstein et al. 2002; across languages
    Camacho-Collados et al. 2017.

    Raises AlignmentError `evaluate.no_pairs` where fewer than three pairs have both vectors, `similarity.constant` where all
    judgements or all cosines are equal, `dict.language`, `align.dim_mismatch`; InputError `api.bad_type`,
    `evaluate.bad_count` for the seed.

    >>> en = WordVectors("en", ["a", "b", "c"], np.array([[1, 0], [1, 1], [-1, 1]], "f4"))
    >>> judged = JudgedPairs("en", "en", (("a", "b"), ("b", "c"), ("a", "c")), [9.0, 4.0, 1.0])
    >>> evaluate_similarity(en, en, judged).spearman
    1.0
    """
    expect(JudgedPairs, judged=judged)
    check_sides(source, target, judged.source, judged.target)
    rng = np.random.default_rng(checked_count(seed, "seed", 0))
    i = source.rows(left for left, _ in judged.pairs)
    j = target.rows(right for _, right in judged.pairs)
    known = (i >= 0) & (j >= 0)
    n = int(known.sum())
    if n < FEWEST:
        what = f"{n} of {len(judged)} judged pairs have both vectors ({(i < 0).sum()} unknown in {source.lang}, "
        raise AlignmentError(
            "evaluate.no_pairs", f"{what}{(j < 0).sum()} in {target.lang}); at least {FEWEST} are needed"
        )
    x, y = paired_cosines(source.matrix[i[known]], target.matrix[j[known]]), judged.judgements[known]
    spearman, pearson = _correlations(x[None], y[None])[0].tolist()
    if np.isnan(pearson):
        raise AlignmentError(
            "similarity.constant", f"all judgements or all cosines of {n} pairs are equal; none to rank"
        )
    step = max(1, AT_ONCE // n)
    blocks = (rng.integers(0, n, (min(step, DRAWS - start), n)) for start in range(0, DRAWS, step))
    drawn = np.vstack([_correlations(x[at], y[at]) for at in blocks])
    (spearman_low, pearson_low), (spearman_high, pearson_high) = np.nanquantile(drawn, TAILS, axis=0).tolist()
    return WordSimilarity(
        source.lang, target.lang, spearman, spearman_low, spearman_high, pearson, pearson_low, pearson_high,
        n / len(judged), n, len(judged),
    )  # fmt: skip


def _correlations(x: F64, y: F64) -> F64:
    """(draws, 2) of rows of `x` and `y` (draws, n): Spearman's and Pearson's; NaN where a side is constant."""
    return np.stack([_correlation(rankdata(x, axis=1), rankdata(y, axis=1)), _correlation(x, y)], axis=1)


def _correlation(x: F64, y: F64) -> F64:
    flat = (x.min(axis=1) == x.max(axis=1)) | (y.min(axis=1) == y.max(axis=1))
    x, y = _standard(x), _standard(y)
    return np.where(flat, np.nan, np.clip(np.einsum("ij,ij->i", x, y), -1, 1))


def _standard(x: F64) -> F64:
    """Rows less their mean, of length 1; zero where they are constant."""
    x = x / np.maximum(np.abs(x).max(axis=1, keepdims=True), TINY)  # squares of the very large or small are no numbers
    x = x - x.mean(axis=1, keepdims=True)
    return np.asarray(x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), TINY))
