"""Lexical evidence: terms that two texts share as they are written, weighed by TF-IDF and compared by cosine.

Across languages these are names, numbers, loans and what is not translated. Every language has an inverse document
frequency of its own, since what is rare here may be common there.
"""

import numpy as np
from scipy.sparse import csr_matrix, diags

from align.arguments import expect, numbers
from align.errors import InputError
from align.memory import block_bytes
from align.retrieval import NEIGHBOURS, check_k, mean_of_largest
from align.vectors import F32, F64

BLOCK_BYTES = 64 << 20


def inverse_document_frequency(counts: csr_matrix) -> F64:
    """(v,) ln((1 + n) / (1 + df)) + 1 of v terms in n documents; `counts` (n, v). Raises InputError `api.bad_type`.

    >>> inverse_document_frequency(csr_matrix([[2, 0], [1, 1]])).round(3)
    array([1.   , 1.405])
    """
    expect(csr_matrix, counts=counts)
    seen = np.bincount(counts.indices[counts.data > 0], minlength=counts.shape[1])
    return np.asarray(np.log((1 + counts.shape[0]) / (1 + seen)) + 1, dtype=np.float64)


def tfidf(counts: csr_matrix, idf: F64) -> csr_matrix:
    """(n, v) unit rows of (1 + ln tf) · idf, float32; a row without a term is zero.

    `counts` (n, v) positive numbers, `idf` (v,). Raises InputError `api.bad_type`, `api.bad_vector`.
    """
    expect(csr_matrix, counts=counts)
    weights = numbers(idf, "idf")
    if weights.shape != counts.shape[1:]:
        raise InputError("api.bad_vector", f"{counts.shape[1]} terms and idf {weights.shape}; give one for each term")
    rows = csr_matrix(counts, dtype=np.float64, copy=True)
    rows.data = (1 + np.log(rows.data)) * weights[rows.indices]
    squares = np.asarray(rows.multiply(rows).sum(axis=1)).ravel()
    return csr_matrix(diags(1 / np.sqrt(np.where(squares > 0, squares, 1))) @ rows, dtype=np.float32)


def lexical_neighbourhood(
    documents: csr_matrix, sample: csr_matrix, k: int = NEIGHBOURS, *, exclude_self: bool = False
) -> F32:
    """r (n,) of CSLS: mean cosine of each of `documents` (n, v) to its k nearest of `sample` (m, v); k is capped at m.

    Both as `tfidf` gives them. `exclude_self`: both are the same rows, and no row counts as its own neighbour.
    Raises InputError `api.bad_type`, `api.bad_k`, `api.bad_vector`.
    """
    expect(csr_matrix, documents=documents, sample=sample)
    expect((bool, np.bool_), exclude_self=exclude_self)
    n, m = documents.shape[0], sample.shape[0]
    if documents.shape[1] != sample.shape[1] or (exclude_self and n != m):
        raise InputError("api.bad_vector", f"documents are {documents.shape}, sample {sample.shape}; they do not match")
    k = min(check_k(k), m - int(exclude_self))
    r = np.zeros(n, dtype=np.float32)
    if k <= 0:
        return r
    across = csr_matrix(sample.T)
    step = max(1, block_bytes(BLOCK_BYTES) // (4 * m))
    for start in range(0, n, step):
        cosine = (documents[start : start + step] @ across).toarray()
        if exclude_self:
            own = np.arange(len(cosine))
            cosine[own, own + start] = -1
        r[start : start + step] = mean_of_largest(cosine, k)
    return r
