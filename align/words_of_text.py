"""Words nearest to a text: what it is about, told in any language of the space."""

from collections.abc import Iterable

import numpy as np
import polars as pl

from align.arguments import expect, listed, numbers, rows_of
from align.errors import InputError
from align.normalize import unit_rows
from align.pool import SHORTEST, Pooler
from align.retrieval import NEIGHBOURS, check_k, csls, neighbourhood
from align.vectors import F32, F64, WordVectors
from align.word_algebra import best_words

BLOCK = 1 << 14  # words centred at once
SAMPLE = 5_000  # texts, evenly spread, against which the hubness of a word is taken


def words_of_text(
    pooler: Pooler, vector: F32, into: Iterable[str], k: int = 10, *, texts: F32 | None = None
) -> pl.DataFrame:
    """The k words of the languages `into` nearest to a pooled text, best first: columns rank (from 1), lang, word, score.

    `vector` (dim,): what `pooler` made of a text. It lies around the centre of its language's texts, so each word is taken
    from the centre of its own language, too: score is the cosine with the text that is this word alone, and the mean of a
    text's words (weighted, centred, before it is made unit) is what they average to. Words as they are would be compared
    with a vector from which the direction common to all texts is gone. A word at its language's centre is no answer.

    `texts` (n, dim), pooled, of the language of the text: score is CSLS, 2 cos − r(text) − r(word), where r(text) is
    over the words of a language and r(word) over 5,000 of the texts at most, so words near any text come down, and
    languages that lie nearer.

    Raises InputError `space.no_language`, `api.bad_vector`, `api.bad_k`, `api.bad_type`; AlignmentError `align.no_signal` for
    a text without a vector.

    >>> words_of_text(pooler, pooler.pool(["the white house"], "en")[0], ["fr"])     # doctest: +SKIP
    """
    expect(Pooler, pooler=pooler)
    k, sides = check_k(k), [pooler.of(lang) for lang in dict.fromkeys(listed(str, into=into))]
    dim = next(iter(pooler.vectors.values())).dim
    query = unit_rows(rows_of(numbers(vector, "the vector")[None], "the vector", dim))
    if texts is not None:
        texts = _sampled(rows_of(texts, "texts", dim))
    scored = []
    for vectors, state in {vectors.lang: (vectors, state) for vectors, state in sides}.values():
        scored.append((vectors, _scores(query, vectors, state.mean, texts)))
    return best_words(scored, k)


def _sampled(texts: F32) -> F32:
    if not len(texts):
        raise InputError("api.bad_vector", "texts holds no text; give some, or None for cosines")
    at = np.linspace(0, len(texts) - 1, min(len(texts), SAMPLE)).astype(np.int64)
    return unit_rows(texts[at])


def _scores(query: F32, vectors: WordVectors, mean: F64, texts: F32 | None) -> F32:
    """(m,) cosines with `query` (1, dim), or CSLS scores against `texts`; −inf for a word without a direction."""
    cosine = np.zeros((1, len(vectors)), dtype=np.float32)
    hubness = np.zeros(len(vectors), dtype=np.float32)
    known = np.zeros(len(vectors), dtype=np.bool_)
    for start in range(0, len(vectors), BLOCK):
        centred = vectors.matrix[start : start + BLOCK] - mean
        has = np.einsum("ij,ij->i", centred, centred) > SHORTEST**2
        if not has.any():
            continue
        at, words = start + np.flatnonzero(has), unit_rows(centred[has])
        known[at], cosine[0, at] = True, words @ query[0]
        if texts is not None:
            hubness[at] = neighbourhood(words, texts, NEIGHBOURS)
    scores = cosine[0].copy()
    if texts is not None and known.any():
        scores[known] = csls(cosine[:, known], hubness[known])[0]
    scores[~known] = -np.inf
    return np.asarray(scores, dtype=np.float32)
