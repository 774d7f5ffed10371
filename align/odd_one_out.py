"""Odd one out: the word that is farthest from the others, whatever their languages."""

from collections.abc import Callable, Sequence

import numpy as np
import polars as pl

from align.arguments import listed, rows_of
from align.errors import InputError
from align.normalize import unit_rows
from align.unseen_words import row_and_vector
from align.vectors import F32, F64, WordVectors
from align.word_algebra import check_one_space, vectors_of
from align.word_expression import Term

FEWEST = 3  # of two words neither is odder
DIGITS = 12  # beyond which means differ by the order of summing alone


def odd_one_out(terms: Sequence[Term], vectors: Callable[[str], WordVectors]) -> pl.DataFrame:
    """Three words and more, the odd one first: columns rank (from 1), lang, word, score.

    `score`: mean cosine of the word to the others; words of equal score stand in the order given. `vectors`: as for
    `word_algebra`; the signs of the terms play no part.

    Raises UnknownWordError `space.unknown_word`; InputError `words.too_few`, `space.no_language`, `api.bad_type`;
    AlignmentError `align.dim_mismatch`.

    >>> words = WordVectors("en", ["tea", "milk", "nail"], np.array([[1, 0], [1, 0.1], [0, 1]], "f4"))
    >>> odd_one_out([Term(word, "en") for word in words.words], {"en": words}.__getitem__)["word"].to_list()
    ['nail', 'tea', 'milk']
    """
    terms = listed(Term, terms=terms)
    if len(terms) < FEWEST:
        raise InputError("words.too_few", f"{len(terms)} words, of which none is odd; give three or more")
    sides = [vectors_of(vectors, term.lang) for term in terms]
    check_one_space(sides)
    rows, each = zip(*(row_and_vector(term.word, side) for term, side in zip(terms, sides, strict=True)), strict=True)
    scores = mean_cosines(np.vstack(each))
    found = pl.DataFrame(
        {
            "lang": [side.lang for side in sides],
            "word": [
                side.words[row] if row >= 0 else term.word for term, side, row in zip(terms, sides, rows, strict=True)
            ],
            "score": scores,
        }
    ).sort("score", maintain_order=True)
    return found.with_row_index("rank", 1).with_columns(pl.col("rank").cast(pl.Int64))


def mean_cosines(matrix: F32) -> F64:
    """(n,) mean cosine of each row of `matrix` (n, dim), n from 2, with all others, to twelve digits.

    The cosines of a row with all others sum to its product with the sum of all, less 1. Raises InputError `words.too_few`,
    `api.bad_vector`; AlignmentError `align.no_signal`, `align.nonfinite`.

    >>> mean_cosines(np.eye(3))
    array([0., 0., 0.])
    """
    n = len(rows_of(matrix, "the matrix"))
    if n < 2:
        raise InputError("words.too_few", f"{n} rows, of which none has others; give two or more")
    unit = unit_rows(matrix).astype(np.float64)
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    return np.asarray(((unit @ unit.sum(axis=0) - 1) / (n - 1)).round(DIGITS) + 0.0)
