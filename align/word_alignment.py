"""Two texts compared word by word: every word of the one with its best match in the other, in both directions.

A pooled vector forgets which word stood for which; this looks again, at few candidates. Words are as alike as CSLS of
the pair says, under its re-weighting where it has one, and as their spelling says: names and numbers match without a vector.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import cdist

from align.arguments import expect, listed, numbers, rows_of
from align.errors import InputError
from align.plain_form import plain_form
from align.transliteration import Transliteration
from align.unknown_words import StandIns
from align.vectors import F32, F64, I64
from align.word_retrieval import Bilinear, WordRetrieval

SPELLED = 0.6  # what equal spelling adds to the similarity of two words
UNKNOWN = 85  # percentile of the similarities of frequent words that stands for a word without a vector
FREQUENT, SAMPLE = 5_000, 1_000  # words a side from which that percentile is taken, and how many of them


@dataclass(frozen=True, eq=False)
class WordMatch:
    """How alike words of two languages are: cosine twice, minus what either word gives anyone, plus spelling.

    `source` (n, dim), `target` (m, dim) shared unit rows; `source_hubness` (n,), `target_hubness` (m,); `by` the
    re-weighting of the pair. `unknown` stands for the vectors' part where a word has none. `written`: transliteration of
    the source's words (of the target's where `backwards`). Made by `word_match`.
    """

    source: F32
    target: F32
    source_hubness: F32
    target_hubness: F32
    by: Bilinear | None
    unknown: float
    written: Transliteration
    backwards: bool = False

    def similarity(
        self, rows: I64 | StandIns, spelled: Sequence[str], target_rows: I64 | StandIns, target_spelled: Sequence[str]
    ) -> F32:
        """(p, q) of p source words and q target words, by their rows (-1: no vector) and as `spell` writes them.

        A word for which several others stand is as alike as these are on average, by their shares.
        Raises InputError `api.bad_rows`.
        """
        (ours, own), (theirs, other) = _parts(rows), _parts(target_rows)
        ours, theirs = _checked(ours, self.source, "rows"), _checked(theirs, self.target, "target_rows")
        found = self._by_vectors(ours, theirs)
        found[ours < 0] = self.unknown
        found[:, theirs < 0] = self.unknown
        found = _averaged(_averaged(found, own).T, other).T
        alike = cdist(spelled, target_spelled, scorer=Levenshtein.normalized_similarity, dtype=np.float32)
        return np.asarray(found + np.float32(SPELLED) * alike * alike * alike, dtype=np.float32)

    def spell(self, words: Sequence[str], *, target: bool = False) -> list[str]:
        """Words of the source, or of the `target`, as they are compared. Raises InputError `api.bad_text`."""
        expect(bool, target=target)
        given = listed(str, "api.bad_text", words=words)
        if target == self.backwards:
            given = [self.written.apply(word) for word in given]
        return [plain_form(word) for word in given]

    def _by_vectors(self, rows: I64, target_rows: I64) -> F32:
        queries, targets = self.source[rows], self.target[target_rows]
        if self.by is None:
            cosine = queries @ targets.T
        else:
            lengths = np.linalg.norm(queries @ self.by.source_map, axis=1, keepdims=True)
            cosine = (queries @ self.by.product / lengths) @ targets.T * self.by.scale[target_rows]
        return np.asarray(
            2 * cosine - self.source_hubness[rows][:, None] - self.target_hubness[target_rows], dtype=np.float32
        )


def word_match(forward: WordRetrieval, backward: WordRetrieval) -> WordMatch:
    """The WordMatch of two languages from how words of the one find those of the other, and the other way round.

    Where `forward` has the evidence of spelling, its transliteration is used. Raises InputError `api.bad_type`,
    `api.bad_vector` where the two are not each other's reverse.
    """
    expect(WordRetrieval, forward=forward, backward=backward)
    if forward.source.shape != backward.target.shape or forward.target.shape != backward.source.shape:
        shapes = (
            f"{forward.source.shape} to {forward.target.shape} and {backward.source.shape} to {backward.target.shape}"
        )
        raise InputError("api.bad_vector", f"{shapes}; the second must be the first one's reverse")
    spelled = forward.spelled
    match = WordMatch(
        forward.source, forward.target, backward.hubness, forward.hubness, forward.by, 0.0,
        spelled.spelling.transliteration if spelled else Transliteration(), bool(spelled and spelled.backwards),
    )  # fmt: skip
    ours, theirs = (_spread(min(FREQUENT, len(side))) for side in (match.source, match.target))
    typical = match._by_vectors(ours, theirs)
    unknown = float(np.percentile(typical, UNKNOWN)) if typical.size else 0.0
    return WordMatch(**{**vars(match), "unknown": unknown})


def align_words(similarity: F32, weights: F64, columns: I64, column_weights: F64, starts: I64) -> tuple[F64, F64]:
    """Forward (c,) and backward (c,): how well a text of p words and each of c candidate texts cover each other.

    `similarity` (p, q) of the text's words and all q words of the candidates; `weights` (p,) of the text's words. The words of
    candidate i are `columns[starts[i]:starts[i + 1]]`, weighing `column_weights` there; `starts` (c + 1,). Forward is the
    weighted mean over the text's words of each one's best match in the candidate, backward that over the candidate's words.
    An empty side gives 0. Raises InputError `api.bad_vector`, `api.bad_rows`.

    >>> align_words(np.array([[1.0, 0.2], [0.3, 0.4]]), np.ones(2), np.array([0, 1, 1]), np.ones(3), np.array([0, 2, 3]))
    (array([0.7, 0.3]), array([0.7, 0.4]))
    """
    similarity = rows_of(similarity, "similarity")
    p, q = similarity.shape
    counts = np.diff(numbers(starts, "starts"))
    fits = numbers(weights, "weights").shape == (p,) and np.shape(columns) == np.shape(column_weights)
    if not fits or len(starts) < 1 or starts[0] != 0 or starts[-1] != len(columns) or (counts < 0).any():
        raise InputError("api.bad_vector", "weights, columns and starts do not fit; give one weight for each word")
    if len(columns) and (columns.min() < 0 or columns.max() >= q):
        raise InputError("api.bad_rows", f"columns from {columns.min()} to {columns.max()}; from 0 to {q - 1}")
    forward, backward = np.zeros(len(counts)), np.zeros(len(counts))
    full = np.flatnonzero(counts)
    if p == 0 or not len(full):
        return forward, backward
    heads = np.asarray(starts)[full]
    by_column = np.ascontiguousarray(
        similarity.T
    )  # candidates' words in rows: they are gathered and compared row by row
    best = np.maximum.reduceat(by_column[columns], heads, axis=0)
    forward[full] = best @ weights / weights.sum()
    nearest = by_column.max(axis=1)[columns]
    backward[full] = np.add.reduceat(nearest * column_weights, heads) / np.add.reduceat(column_weights, heads)
    return forward, backward


def matched_words(similarity: F32, weights: F64, target_weights: F64) -> tuple[I64, F64, I64, F64]:
    """Of two texts of p and q words: each word's best match in the other, and what that adds to forward and to backward.

    `similarity` (p, q), `weights` (p,), `target_weights` (q,), p and q above 0. Columns (p,) and shares (p,), which sum to the
    forward of `align_words`; rows (q,) and shares (q,), which sum to its backward. Raises InputError `api.bad_vector`.

    >>> matched_words(np.array([[1.0, 0.2], [0.3, 0.4]]), np.ones(2), np.ones(2))
    (array([0, 1]), array([0.5, 0.2]), array([0, 1]), array([0.5, 0.2]))
    """
    similarity = rows_of(similarity, "similarity")
    p, q = similarity.shape
    if not p or not q or np.shape(weights) != (p,) or np.shape(target_weights) != (q,):
        raise InputError("api.bad_vector", f"similarity is {(p, q)}; give one weight for each word of either text")
    forward = weights * similarity.max(axis=1) / weights.sum()
    backward = target_weights * similarity.max(axis=0) / target_weights.sum()
    return similarity.argmax(axis=1), forward, similarity.argmax(axis=0), backward


def _parts(rows: I64 | StandIns) -> tuple[I64, StandIns | None]:
    """All rows, and how words are made of them where that is not one by one."""
    if isinstance(rows, StandIns):
        return rows.rows, rows if len(rows.rows) > len(rows) else None
    return rows, None


def _averaged(similarity: F32, made: StandIns | None) -> F32:
    if made is None:
        return similarity
    return np.add.reduceat(similarity * made.shares[:, None].astype(np.float32), made.starts[:-1], axis=0)


def _spread(n: int) -> I64:
    return np.unique(np.linspace(0, max(n - 1, 0), min(n, SAMPLE)).astype(np.int64))


def _checked(rows: I64, side: F32, what: str) -> I64:
    found = numbers(rows, what)
    if found.ndim != 1 or found.dtype.kind == "f" or (found.size and not -1 <= found.min() <= found.max() < len(side)):
        raise InputError("api.bad_rows", f"{what} of shape {found.shape}; rows from 0 to {len(side) - 1}, or -1")
    return found.astype(np.int64)
