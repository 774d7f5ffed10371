"""Why two texts match: a pooled cosine is a sum over word pairs, so every score can be taken apart exactly."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from align.arguments import expect
from align.errors import InputError
from align.pool import SHORTEST, Pooler
from align.retrieval import check_k
from align.vectors import F64


def explain(
    pooler: Pooler, query: str, lang: str, document: str, document_lang: str, top: int | None = 10
) -> pl.DataFrame:
    """Word pairs of two texts by what they add to the cosine of the pooled texts, largest first.

    Columns: query_word, document_word; `similarity`, cosine of the two word vectors; `weight`, product of the two words'
    shares of their texts' means; `share`, what the pair adds. Over all pairs (`top=None`) the shares sum to the cosine
    within 1e-5: with shares aᵢ, bⱼ summing to 1 and centres μ, ν,
    (Σ aᵢxᵢ − μ)·(Σ bⱼyⱼ − ν) = Σᵢⱼ aᵢbⱼ (xᵢ − μ)·(yⱼ − ν). Common components that pooling takes out are out of x − μ too.

    Raises InputError `explain.no_vector` where a text has no known word, `space.no_language`, `api.bad_text`, `api.bad_k`,
    `api.bad_type`, `explain.not_linear` where texts are pooled by their maximum.
    """
    expect(Pooler, pooler=pooler)
    if not pooler.linear:
        raise InputError(
            "explain.not_linear", f'pooled by reduce="{pooler.reduce}", which is no sum over words; use mean'
        )
    if top is not None:
        top = check_k(top)
    ours, theirs = _side(pooler, query, lang), _side(pooler, document, document_lang)
    weight = np.outer(ours.shares, theirs.shares)
    share = weight * (ours.centred @ theirs.centred.T) / (ours.length * theirs.length)
    order = np.argsort(-share, axis=None, kind="stable")[:top]
    i, j = np.unravel_index(order, share.shape)
    return pl.DataFrame(
        {
            "query_word": [ours.words[n] for n in i],
            "document_word": [theirs.words[n] for n in j],
            "similarity": (ours.plain @ theirs.plain.T)[i, j],
            "weight": weight[i, j],
            "share": share[i, j],
        }
    )


@dataclass(frozen=True, eq=False)
class _Side:
    """Distinct words (m) of a text, their `shares` (m,), their vectors (m, dim) `plain` and `centred`."""

    words: list[str]
    shares: F64
    plain: F64
    centred: F64

    @property
    def length(self) -> float:
        """Of the pooled text before it is scaled to 1."""
        return float(np.linalg.norm(self.shares @ self.centred))


def _side(pooler: Pooler, text: str, lang: str) -> _Side:
    words, rows, shares = pooler.token_weights(text, lang)
    if not words:
        raise InputError("explain.no_vector", f"no word of the {lang} text has a vector; nothing to explain")
    vectors, state = pooler.of(lang)
    plain = vectors.matrix[rows].astype(np.float64)
    side = _Side(words, shares, plain, pooler.project(plain - state.mean, lang))
    if side.length <= SHORTEST:
        raise InputError(
            "explain.no_vector", f"the {lang} text equals its language's centre; there is no direction to explain"
        )
    return side
