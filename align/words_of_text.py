"""Words nearest to a text: what it is about, told in any language of the space."""

from collections.abc import Iterable

import numpy as np
import polars as pl

from align.arguments import expect, listed, numbers, rows_of
from align.errors import InputError
from align.normalize import unit_rows
from align.pool import Pooler
from align.pool_reduce import SHORTEST
from align.retrieval import NEIGHBOURS, check_k, csls, neighbourhood
from align.vectors import F32, F64
from align.word_algebra import best_words

BLOCK = 1 << 14  # words centred at once
SAMPLE = 5_000  # texts, evenly spread, against which the hubness of a word is taken


def words_of_text(
    pooler: Pooler, vector: F32, into: Iterable[str], k: int = 10, *, texts: F32 | None = None
) -> pl.DataFrame:
    """The k words of the languages `into` nearest to a pooled text, best first: columns rank (from 1), lang, word, score.

    `vector` (dim,): what `pooler` made of a text. The centre of its language is taken from it, and common components, so
    the same is done to each word by its own language: score is the cosine with the text that is this word alone. Words as
    they are would be compared with a vector from which the direction common to all texts is gone. A word of which nothing
    is left is no answer.

    `texts` (n, dim), pooled, of the language of the text: score is CSLS, 2 cos − r(text) − r(word), where r(text) is
    over the words of a language and r(word) over 5,000 of the texts at most, so words near any text come down, and
    languages that lie nearer.

    Raises InputError `space.no_language`, `api.bad_vector`, `api.bad_k`, `api.bad_type`; AlignmentError `align.no_signal` for
    a text without a vector.

    >>> words_of_text(pooler, pooler.pool(["the white house"], "en")[0], ["fr"])     # doctest: +SKIP
    """
    expect(Pooler, pooler=pooler)
    k, dim = check_k(k), next(iter(pooler.vectors.values())).dim
    langs = dict.fromkeys(pooler.of(lang)[0].lang for lang in listed(str, into=into))
    query = unit_rows(rows_of(numbers(vector, "the vector")[None], "the vector", dim))
    if texts is not None:
        texts = _sampled(rows_of(texts, "texts", dim))
    scored = [(pooler.of(lang)[0], _scores(query, pooler, lang, texts)) for lang in langs]
    return best_words(scored, k)


def _sampled(texts: F32) -> F32:
    if not len(texts):
        raise InputError("api.bad_vector", "texts holds no text; give some, or None for cosines")
    at = np.linspace(0, len(texts) - 1, min(len(texts), SAMPLE)).astype(np.int64)
    return unit_rows(texts[at])


def _scores(query: F32, pooler: Pooler, lang: str, texts: F32 | None) -> F32:
    """(m,) cosines of words with `query` (1, dim), or CSLS scores against `texts`; −inf for a word without a direction."""
    n = len(pooler.of(lang)[0])
    cosine, hubness = np.zeros((1, n), dtype=np.float32), np.zeros(n, dtype=np.float32)
    known = np.zeros(n, dtype=np.bool_)
    for start in range(0, n, BLOCK):
        alone = _alone(pooler, lang, slice(start, start + BLOCK))
        has = np.einsum("ij,ij->i", alone, alone) > SHORTEST**2
        if not has.any():
            continue
        at, words = start + np.flatnonzero(has), unit_rows(alone[has].astype(np.float32))
        known[at], cosine[0, at] = True, words @ query[0]
        if texts is not None:
            hubness[at] = neighbourhood(words, texts, NEIGHBOURS)
    scores = cosine[0].copy()
    if texts is not None and known.any():
        scores[known] = csls(cosine[:, known], hubness[known])[0]
    scores[~known] = -np.inf
    return np.asarray(scores, dtype=np.float32)


def _alone(pooler: Pooler, lang: str, at: slice) -> F64:
    """(n, dim) what each of these words is as a text of its own, before it is scaled."""
    vectors, state = pooler.of(lang)
    rows = vectors.matrix[at].astype(np.float64)
    if not pooler.linear:  # in a mean the weight of a single word cancels out, in a maximum it does not
        rows *= state.weights[at, None]
    return pooler.project(rows - state.mean, lang)
