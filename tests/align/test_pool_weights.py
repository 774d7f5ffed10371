"""Laws of the weights of words in a text."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from align.errors import AlignError
from align.pool_weights import term_frequency, usif_constant


def by_the_paper(p, n):
    """Ethayarajh 2018, a loop over the vocabulary."""
    size = len(p)
    threshold = 1 - (1 - 1 / size) ** n
    alpha = len([x for x in p if x > threshold]) / size
    return (1 - alpha) / (alpha * size / 2)


def test_the_constant_of_usif_is_that_of_the_paper():
    p = 1 / (np.arange(5000) + 2.7)
    p /= p.sum()
    for n in (2, 11, 40.5):
        assert usif_constant(p, n) == pytest.approx(by_the_paper(p, n), rel=1e-12)


@given(sizes=st.lists(st.integers(1, 9), min_size=1, max_size=30), n=st.floats(0.1, 1e6))
def test_the_constant_of_usif_is_positive_and_finite_where_the_formula_has_no_value(sizes, n):
    p = np.array(sizes) / sum(sizes)
    assert 0 < usif_constant(p, n) < np.inf


@given(counts=st.lists(st.integers(1, 1000), min_size=1))
def test_a_term_counts_by_its_frequency_under_tfidf_by_one_and_its_logarithm(counts):
    assert term_frequency(np.array(counts), "sif").tolist() == counts
    assert term_frequency(np.array(counts), "tfidf") == pytest.approx([1 + np.log(c) for c in counts])


@pytest.mark.parametrize(
    "wrong",
    [
        {"probabilities": []},
        {"probabilities": [[1.0]]},
        {"probabilities": [np.nan]},
        {"length": 0},
        {"length": None},
        {"length": True},
    ],
)
def test_a_wrong_vocabulary_or_length_has_a_code(wrong):
    with pytest.raises(AlignError) as raised:
        usif_constant(**{"probabilities": np.ones(3) / 3, "length": 2, **wrong})
    assert raised.value.code == "pool.bad_value"
