"""Why two texts match: a pooled cosine is a sum over word pairs, so every score can be taken apart exactly."""

import numpy as np
import polars as pl

from align.errors import InputError
from align.pool import Pooler
from align.vectors import F64


def explain(pooler: Pooler, query: str, lang: str, document: str, document_lang: str, top: int | None = 10) -> pl.DataFrame:
    """Word pairs of two texts by what they add to the cosine of the pooled texts, largest first.

    Columns: query_word, document_word; `similarity`, cosine of the two word vectors; `weight`, product of the two words'
    shares of their texts' means; `share`, what the pair adds. Over all pairs (`top=None`) the shares sum to the cosine
    within 1e-5: with shares aᵢ, bⱼ summing to 1 and centres μ, ν,
    (Σ aᵢxᵢ − μ)·(Σ bⱼyⱼ − ν) = Σᵢⱼ aᵢbⱼ (xᵢ − μ)·(yⱼ − ν).

    Raises InputError `explain.no_vector` where a text has no known word, `space.no_language`.
    """
    words, centred, shares, plain = zip(_side(pooler, query, lang), _side(pooler, document, document_lang), strict=True)
    norms = [np.linalg.norm(s @ c) for s, c in zip(shares, centred, strict=True)]
    if 0 in norms:
        raise InputError("explain.no_vector", "a text equals its language's centre; there is no direction to explain")
    weight = np.outer(*shares)
    share = weight * (centred[0] @ centred[1].T) / (norms[0] * norms[1])
    order = np.argsort(-share, axis=None, kind="stable")[:top]
    i, j = np.unravel_index(order, share.shape)
    return pl.DataFrame(
        {
            "query_word": [words[0][n] for n in i],
            "document_word": [words[1][n] for n in j],
            "similarity": (plain[0] @ plain[1].T)[i, j],
            "weight": weight[i, j],
            "share": share[i, j],
        }
    )


def _side(pooler: Pooler, text: str, lang: str) -> tuple[list[str], F64, F64, F64]:
    """Words, their centred vectors (m, dim), their shares (m,), their vectors as they are (m, dim)."""
    words, rows, shares = pooler.token_weights(text, lang)
    if not words:
        raise InputError("explain.no_vector", f"no word of the {lang} text has a vector; nothing to explain")
    vectors, state = pooler.of(lang)
    plain = vectors.matrix[rows].astype(np.float64)
    return words, plain - state.mean, shares, plain
