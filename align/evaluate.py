"""Word translation measured on pairs that the map has not seen."""

from dataclasses import asdict, dataclass

import numpy as np

from align.arguments import expect, numbers, rows_of
from align.dictionary import WordPairs
from align.errors import AlignmentError, InputError
from align.retrieval import NEIGHBOURS, csls
from align.vectors import F32, I64, WordVectors

CUTS = (1, 5, 10)
BLOCK = 512


@dataclass(frozen=True)
class Precision:
    """Bilingual lexicon induction, one row.

    `precision_at_k`: share of the `n_words` source words for which a gold translation is among the k best targets; all
    targets compete. `mrr`: mean of 1 / rank of the best gold translation. `n_words`: source words that have a vector and
    a gold translation with one; `n_test_words`: all source words of the test; `coverage` = n_words / n_test_words.
    `precision_at_1_of_all` counts the words that are not covered as misses. `candidates`: targets that compete.
    """

    source: str
    target: str
    precision_at_1: float
    precision_at_5: float
    precision_at_10: float
    mrr: float
    coverage: float
    n_words: int
    n_test_words: int
    precision_at_1_of_all: float
    candidates: int
    retrieval: str

    def as_dict(self) -> dict[str, str | float | int]:
        return asdict(self)


def evaluate_translation(source: WordVectors, target: WordVectors, hubness: F32, pairs: WordPairs) -> Precision:
    """Precision of translating from `source` to `target`, both mapped, by CSLS with `hubness` (m,) of the targets.

    Ties count against the gold word. Raises AlignmentError `evaluate.no_pairs` where no test pair has both vectors,
    `dict.language`; InputError `api.bad_type`, `api.bad_vector`.
    """
    expect(WordVectors, source=source, target=target)
    expect(WordPairs, pairs=pairs)
    usable = pairs.rows(source, target)
    if len(usable.source) == 0:
        raise AlignmentError(
            "evaluate.no_pairs",
            f"none of {len(pairs)} test pairs has a vector on both sides ({usable.source_unknown} unknown in "
            f"{source.lang}, {usable.target_unknown} in {target.lang})",
        )
    ranks = translation_ranks(source.matrix, target.matrix, hubness, usable.source, usable.target)
    n_test = len(pairs.gold())
    at = {k: float((ranks <= k).mean()) for k in CUTS}
    return Precision(
        source.lang, target.lang, at[1], at[5], at[10], float((1 / ranks).mean()), len(ranks) / n_test, len(ranks),
        n_test, at[1] * len(ranks) / n_test, len(target), f"csls{NEIGHBOURS}",
    )  # fmt: skip


def translation_ranks(source: F32, target: F32, hubness: F32, source_rows: I64, target_rows: I64) -> I64:
    """Rank (n_words,), from 1, of the best gold target of every distinct source row, by CSLS among all targets.

    `source` (n, dim) and `target` (m, dim): mapped unit rows; `hubness` (m,); gold pairs as rows, (n_pairs,) each.
    Ties count against the gold word. Raises InputError `api.bad_vector`, `api.bad_rows`.
    """
    target = rows_of(target, "target", rows_of(source, "source").shape[1])
    source_rows, target_rows = _gold_rows(source_rows, len(source)), _gold_rows(target_rows, len(target))
    if len(source_rows) != len(target_rows):
        raise InputError(
            "api.bad_rows", f"{len(source_rows)} source rows, {len(target_rows)} target rows; one each a pair"
        )
    words, word_of_pair = np.unique(source_rows, return_inverse=True)
    ranks = np.empty(len(words), dtype=np.int64)
    for start in range(0, len(words), BLOCK):
        scores = csls(source[words[start : start + BLOCK]] @ target.T, hubness, NEIGHBOURS)
        for i, row in enumerate(scores):
            gold = target_rows[word_of_pair == start + i]
            not_worse = row >= row[gold].max()
            not_worse[gold] = False
            ranks[start + i] = 1 + not_worse.sum()
    return ranks


def _gold_rows(rows: I64, n: int) -> I64:
    found = numbers(rows, "gold rows")
    if found.ndim != 1 or (found.size and (found.dtype.kind == "f" or found.min() < 0 or found.max() >= n)):
        raise InputError("api.bad_rows", f"gold rows of shape {found.shape}; a list of rows from 0 to {n - 1}")
    return found
