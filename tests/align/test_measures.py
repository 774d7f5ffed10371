"""Laws of measures: each is its formula, written out."""

from math import sqrt

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from align import similarity
from align.errors import InputError

vectors = arrays("f8", (3, 4), elements=st.floats(-9, 9).map(lambda x: round(x, 3)))
FORMULAS = {
    "dot": lambda x, y, p: sum(a * b for a, b in zip(x, y, strict=True)),
    "euclidean": lambda x, y, p: -sqrt(sum((a - b) ** 2 for a, b in zip(x, y, strict=True))),
    "manhattan": lambda x, y, p: -sum(abs(a - b) for a, b in zip(x, y, strict=True)),
    "minkowski": lambda x, y, p: -(sum(abs(a - b) ** p for a, b in zip(x, y, strict=True)) ** (1 / p)),
    "chebyshev": lambda x, y, p: -max(abs(a - b) for a, b in zip(x, y, strict=True)),
}


@pytest.mark.parametrize("measure", FORMULAS)
@given(vectors, vectors, st.floats(1, 6))
def test_a_measure_is_its_formula(measure, left, right, p):
    owed = [[FORMULAS[measure](x, y, p) for y in right] for x in left]
    np.testing.assert_allclose(similarity(left, right, measure, p), owed, rtol=1e-5, atol=1e-5)


@given(vectors, vectors)
def test_cosine_is_the_dot_of_unit_rows_and_minus_half_the_squared_distance_plus_one(left, right):
    lengths = [np.linalg.norm(rows, axis=1, keepdims=True) for rows in (left, right)]
    assume(all((length > 0.1).all() for length in lengths))
    cosine, unit = similarity(left, right), [rows / length for rows, length in zip((left, right), lengths, strict=True)]
    np.testing.assert_allclose(similarity(*unit, "dot"), cosine, atol=1e-6)
    np.testing.assert_allclose(1 - similarity(*unit, "euclidean") ** 2 / 2, cosine, atol=1e-5)


@given(vectors)
def test_minkowski_is_manhattan_and_euclid_and_tends_to_chebyshev(rows):
    for p, measure in ((1, "manhattan"), (2, "euclidean")):
        np.testing.assert_allclose(similarity(rows, rows, "minkowski", p), similarity(rows, rows, measure), atol=1e-5)
    np.testing.assert_allclose(similarity(rows, rows, "minkowski", 200), similarity(rows, rows, "chebyshev"), atol=0.2)


def test_what_is_no_measure_or_makes_no_sense_is_refused():
    rows = np.eye(2)
    for measure in ("csls", "Cosine", "", None, 3):
        with pytest.raises(InputError, match="measure.unknown"):
            similarity(rows, rows, measure)
    for p in (0.5, 0, -1, float("nan"), True, "2", None, 1e9):
        with pytest.raises(InputError, match="measure.bad_p"):
            similarity(rows, rows, "minkowski", p)
    with pytest.raises(InputError, match="measure.no_cosine"):
        similarity(rows, np.zeros((1, 2)))
    for bad in (np.eye(3), [[np.nan, 1]], [1, 2], None, "x"):
        with pytest.raises(InputError, match="api.bad_vector"):
            similarity(rows, bad, "dot")
