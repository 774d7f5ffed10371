"""Laws of measured word translation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from align import evaluate
from align.dictionary import WordPairs
from align.errors import AlignError, AlignmentError
from align.evaluate import evaluate_translation, translation_ranks
from align.vectors import WordVectors

seeds = st.integers(0, 2**32 - 1)


def plain_ranks(source, target, hubness, pairs, near):
    """Rank by rank, by a loop over words, gold words and targets."""
    ranks = []
    for row in sorted({i for i, _ in pairs}):
        cosines = [float(source[row].astype("f8") @ y) for y in target.astype("f8")]
        mean = np.mean(sorted(cosines, reverse=True)[:near])
        scores = [2 * c - mean - h for c, h in zip(cosines, hubness, strict=True)]
        gold = {j for i, j in pairs if i == row}
        best = max(scores[j] for j in gold)
        ranks.append(1 + sum(score >= best for j, score in enumerate(scores) if j not in gold))
    return ranks


@given(seeds, st.integers(1, 12), st.integers(1, 25), st.integers(1, 20))
def test_translation_ranks_equal_a_plain_loop(seed, n, m, n_pairs):
    rng = np.random.default_rng(seed)
    source, target = rng.standard_normal((n, 4)).astype("f4"), rng.standard_normal((m, 4)).astype("f4")
    hubness = rng.uniform(0, 1, m).astype("f4")
    i, j = rng.integers(0, n, n_pairs), rng.integers(0, m, n_pairs)
    wanted = plain_ranks(source, target, hubness, list(zip(i.tolist(), j.tolist(), strict=True)), 10)
    assert translation_ranks(source, target, hubness, i, j).tolist() == wanted


@given(seeds, st.integers(1, 5))
def test_neither_blocks_nor_the_order_of_the_pairs_matter(seed, block):
    rng = np.random.default_rng(seed)
    source, target = rng.integers(-2, 3, (9, 3)).astype("f4"), rng.integers(-2, 3, (15, 3)).astype("f4")
    i, j, order = rng.integers(0, 9, 12), rng.integers(0, 15, 12), rng.permutation(12)
    whole = translation_ranks(source, target, np.zeros(15, "f4"), i, j)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(evaluate, "BLOCK", block)
        assert np.array_equal(translation_ranks(source, target, np.zeros(15, "f4"), i[order], j[order]), whole)


def test_ties_count_against_the_gold_word():
    same = np.ones((3, 2), "f4")
    assert translation_ranks(same, same, np.zeros(3, "f4"), np.array([0]), np.array([1])).tolist() == [3]
    assert translation_ranks(same, same, np.zeros(3, "f4"), np.array([0, 0]), np.array([1, 2])).tolist() == [2]


def test_a_record_that_can_be_checked_in_the_head():
    """x0 means y0, its nearest; x1 means y2, the last of three; of the words of the test, "lost" has no vector."""
    target = WordVectors("fr", ["y0", "y1", "y2"], np.array([[1, 0], [0.8, 0.6], [0, 1]], "f4"))
    source = WordVectors("en", ["x0", "x1", "x2"], np.array([[1, 0], [1, 0], [0, 1]], "f4"))
    pairs = WordPairs("en", "fr", (("x0", "y0"), ("x1", "y2"), ("x1", "unknown"), ("lost", "y1")))
    found = evaluate_translation(source, target, np.zeros(3, "f4"), pairs)
    assert (found.n_words, found.n_test_words, found.candidates) == (2, 3, 3)
    assert found.coverage == pytest.approx(2 / 3)
    assert (found.precision_at_1, found.precision_at_5, found.precision_at_10) == (0.5, 1, 1)
    assert found.mrr == pytest.approx((1 + 1 / 3) / 2)
    assert found.precision_at_1_of_all == pytest.approx(1 / 3)
    assert (found.source, found.target, found.retrieval) == ("en", "fr", "csls10")
    assert found.as_dict()["mrr"] == found.mrr


@given(seeds)
def test_precision_grows_with_k_and_bounds_the_reciprocal_rank(seed):
    rng = np.random.default_rng(seed)
    source = WordVectors("en", [f"e{i}" for i in range(20)], rng.standard_normal((20, 3)).astype("f4"))
    target = WordVectors("fr", [f"f{i}" for i in range(30)], rng.standard_normal((30, 3)).astype("f4"))
    pairs = WordPairs("en", "fr", tuple((f"e{i}", f"f{j}") for i, j in rng.integers(0, 20, (15, 2))))
    found = evaluate_translation(source, target, np.zeros(30, "f4"), pairs)
    assert 0 <= found.precision_at_1 <= found.precision_at_5 <= found.precision_at_10 <= 1
    assert found.precision_at_1 <= found.mrr <= 1
    assert found.precision_at_1_of_all <= found.precision_at_1


def test_no_usable_pair_says_which_side_is_unknown(bilingual_world):
    source, target = bilingual_world.vectors["en"], bilingual_world.vectors["fr"]
    pairs = WordPairs("en", "fr", (("nowhere", "fr1"), ("en1", "nulle")))
    with pytest.raises(AlignmentError, match=r"none of 2 .*1 unknown in en, 1 in fr.*evaluate\.no_pairs"):
        evaluate_translation(source, target, np.zeros(len(target), "f4"), pairs)


@pytest.mark.parametrize(
    ("i", "j"),
    [
        ([0], [0, 1]),
        ([-1], [0]),
        ([3], [0]),
        ([0], [3]),
        ([0.0], [0]),
        (None, [0]),
        (0, 0),
        ([[0]], [[0]]),
        (["a"], [0]),
    ],
)
def test_gold_rows_that_are_no_rows_are_refused_instead_of_counted_from_the_end(i, j):
    rows = np.eye(3, dtype="f4")
    with pytest.raises(AlignError) as raised:
        translation_ranks(rows, rows, np.zeros(3, "f4"), i, j)
    assert raised.value.code in ("api.bad_rows", "api.bad_vector")


def test_wrong_types_and_languages_have_codes(bilingual_world):
    en, fr = bilingual_world.vectors["en"], bilingual_world.vectors["fr"]
    pairs, hubness = bilingual_world.test["en", "fr"], np.zeros(len(fr), "f4")
    for arguments, code in (
        ((None, fr, hubness, pairs), "api.bad_type"), ((en, fr.matrix, hubness, pairs), "api.bad_type"), ((en, fr, hubness, None), "api.bad_type"),
        ((en, fr, hubness[:3], pairs), "api.bad_vector"), ((en, fr, None, pairs), "api.bad_vector"),
        ((fr, en, hubness, pairs), "dict.language"),
    ):  # fmt: skip
        with pytest.raises(AlignError) as raised:
            evaluate_translation(*arguments)
        assert raised.value.code == code
