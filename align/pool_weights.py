"""What a word weighs in its text: a number per word, fitted once and frozen."""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from align.arguments import numbers
from align.errors import InputError
from align.tokens import tokenize
from align.vectors import F64, I64, WordVectors

Weighting = Literal["sif", "usif", "idf", "tfidf", "uniform"]

SIF_A = 3e-2  # the best compromise of sentences and manual pages (benchmarks/README.md)
BATCH = 4096  # texts whose unseen words are looked at together
SENTENCE = 11.0  # tokens of a text where no text is there to tell: the default of the published uSIF


def word_weights(vectors: WordVectors, texts: Sequence[str], weighting: Weighting, a: float) -> tuple[F64, float]:
    """Weights (n_words,) of the words of `vectors` in texts such as `texts`, and the constant a behind them (0: none).

    "sif": a / (a + p), Arora et al. 2017, p from the language's counts, or by Zipf's law from rank. "usif": a / (a/2 + p)
    with a from `usif_constant`, Ethayarajh 2018, a text counting as a sentence; without the paper's scaling of every
    dimension by the words of the text, which would not be linear. "idf": ln((1 + N) / (1 + df)) + 1 over N texts. "tfidf":
    the same; its sublinear term frequency belongs to the text (`term_frequency`). "uniform": 1.
    """
    if weighting == "sif":
        return np.asarray(a / (a + vectors.probabilities()), dtype=np.float64), a
    if weighting == "usif":
        _learn(vectors, texts)
        lengths = [
            sum(vectors.known.resolve(t).route is not None for t in tokenize(text, vectors.lang)) for text in texts
        ]
        known = [length for length in lengths if length]
        a = usif_constant(vectors.probabilities(), float(np.mean(known)) if known else SENTENCE)
        return np.asarray(a / (a / 2 + vectors.probabilities()), dtype=np.float64), a
    if weighting == "uniform":
        return np.ones(len(vectors)), 0.0
    _learn(vectors, texts)
    seen = np.zeros(len(vectors))
    for text in texts:
        rows = {row for token in tokenize(text, vectors.lang) for row in vectors.known.resolve(token).rows}
        seen[list(rows)] += 1
    return np.log((1 + len(texts)) / (1 + seen)) + 1, 0.0


def _learn(vectors: WordVectors, texts: Sequence[str]) -> None:
    for start in range(0, len(texts) if vectors.ngrams is not None else 0, BATCH):
        some = texts[start : start + BATCH]
        vectors.known.learn({token for text in some for token in tokenize(text, vectors.lang)})


def usif_constant(probabilities: F64, length: float) -> float:
    """a of uSIF for words of `probabilities` (n_words,) and sentences of `length` tokens on average.

    With V words: t = 1 − (1 − 1/V)^length, the chance that a random walk of that length meets a given word; α, the share of
    words with p > t, the frequent ones; a = (1 − α) / (α V / 2). α is kept from 0 and 1, where the formula has no value.
    Source: Ethayarajh 2018, section 3.2. Raises InputError `pool.bad_value`, `api.bad_vector`.

    >>> round(usif_constant(np.array([0.7, 0.1, 0.1, 0.1]), 2), 3)  # t = 0.4375, α = 1/4
    1.5
    """
    p = numbers(probabilities, "probabilities")
    if p.ndim != 1 or not len(p) or not np.isfinite(p).all() or (p < 0).any():
        raise InputError("pool.bad_value", f"probabilities of shape {p.shape}; give one finite number ≥ 0 a word")
    if isinstance(length, bool) or not isinstance(length, int | float | np.number) or not 0 < length <= 1e12:
        raise InputError("pool.bad_value", f"length={str(length)[:20]}; a number of tokens above 0, at most 1e12")
    n = len(p)
    threshold = 1 - (1 - 1 / n) ** float(length)
    frequent = min(max(float((p > threshold).mean()), 1 / (n + 1)), n / (n + 1))
    return (1 - frequent) / (frequent * n / 2)


def term_frequency(counts: I64 | F64, weighting: Weighting) -> F64:
    """By what the weight of a word that stands `counts` times in a text is multiplied: the count; "tfidf": 1 + ln count.

    Counts are above 0. One below 1, of a word that is only part of another, is never raised or made negative: it stays.
    """
    counts = np.asarray(counts, dtype=np.float64)
    return np.where(counts < 1, counts, 1 + np.log(counts)) if weighting == "tfidf" else counts
