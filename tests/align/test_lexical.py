"""Laws of lexical evidence: a plain loop weighs terms and compares texts the same."""

from math import log, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.sparse import csr_matrix

from align.errors import InputError
from align.lexical import inverse_document_frequency, lexical_neighbourhood, tfidf

tables = arrays(np.int64, st.tuples(st.integers(1, 6), st.integers(1, 5)), elements=st.integers(0, 4))


def loop(counts, idf):
    rows = []
    for row in counts:
        weighed = [(1 + log(n)) * w if n else 0.0 for n, w in zip(row, idf, strict=True)]
        length = sqrt(sum(x * x for x in weighed))
        rows.append([x / length if length else 0.0 for x in weighed])
    return np.array(rows)


@given(tables)
def test_the_weights_are_those_of_a_loop(counts):
    idf = [log((1 + len(counts)) / (1 + sum(n > 0 for n in column))) + 1 for column in counts.T]
    np.testing.assert_allclose(inverse_document_frequency(csr_matrix(counts)), idf, rtol=1e-12)
    np.testing.assert_allclose(tfidf(csr_matrix(counts), np.array(idf)).toarray(), loop(counts, idf), atol=1e-6)


@given(tables, st.integers(1, 8), st.booleans())
def test_the_neighbourhood_is_that_of_a_loop(counts, k, exclude_self):
    rows = tfidf(csr_matrix(counts), inverse_document_frequency(csr_matrix(counts)))
    cosine = (rows @ rows.T).toarray()
    owed = []
    for i, row in enumerate(cosine):
        best = sorted((c for j, c in enumerate(row) if not (exclude_self and i == j)), reverse=True)[:k]
        owed.append(sum(best) / len(best) if best else 0.0)
    np.testing.assert_allclose(lexical_neighbourhood(rows, rows, k, exclude_self=exclude_self), owed, atol=1e-6)


def test_what_is_given_is_left_as_it_is():
    counts = csr_matrix(np.array([[3, 0], [1, 2]]))
    before = counts.toarray()
    tfidf(counts, np.ones(2))
    np.testing.assert_array_equal(counts.toarray(), before)


def test_what_does_not_fit_is_refused():
    counts = csr_matrix(np.eye(3))
    for call in (
        lambda: tfidf(counts, np.ones(2)), lambda: lexical_neighbourhood(counts, csr_matrix(np.eye(2))),
        lambda: lexical_neighbourhood(counts, counts[:2], exclude_self=True),
    ):  # fmt: skip
        with pytest.raises(InputError, match="api.bad_vector"):
            call()
