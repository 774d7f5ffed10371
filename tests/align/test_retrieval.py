"""Laws of nearest neighbours, against plain loops."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from align import retrieval
from align.errors import InputError
from align.retrieval import (
    best_neighbours,
    check_k,
    csls,
    csls_neighbours,
    mean_of_largest,
    mutual_neighbours,
    neighbourhood,
    top_k,
)
from tests.align.planted import law

seeds = st.integers(0, 2**32 - 1)
sizes = st.integers(1, 25)
ks = st.integers(1, 30)


def unit(rng, n, dim=6):
    rows = rng.standard_normal((n, dim))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype("f4")


def whole(rng, n, dim=3):
    """Small whole numbers: their products are exact in any order, and tie often."""
    return rng.integers(-2, 3, (n, dim)).astype("f4")


def best_mean(values, k):
    return float(np.mean(sorted(values, reverse=True)[:k]))


def plain_csls(queries, targets, hubness, k):
    scores = np.empty((len(queries), len(targets)))
    for i, x in enumerate(queries.astype("f8")):
        cosines = [float(x @ y) for y in targets.astype("f8")]
        for j, cosine in enumerate(cosines):
            scores[i, j] = 2 * cosine - best_mean(cosines, k) - hubness[j]
    return scores


def refused(code, deed, *given, **more):
    with pytest.raises(InputError) as raised:
        deed(*given, **more)
    assert raised.value.code == code


@law()
@given(seeds, sizes, sizes, ks)
def test_N19_top_k_is_a_sort_by_score_then_row_also_among_ties_at_the_border(seed, n, m, k):
    similarity = np.random.default_rng(seed).integers(0, 4, (n, m)).astype("f4")
    found = top_k(similarity, k)
    for row, rows, scores in zip(similarity, found.rows, found.scores, strict=True):
        wanted = sorted(range(m), key=lambda j: (-row[j], j))[:k]
        assert rows.tolist() == wanted
        assert scores.tolist() == row[wanted].tolist()


def test_N19_all_equal_gives_the_first_rows_and_minus_infinity_stands_last():
    assert top_k(np.ones((2, 9), "f4"), 4).rows.tolist() == [[0, 1, 2, 3]] * 2
    masked = np.array([[-np.inf, 1, -np.inf, 1]], "f4")
    assert top_k(masked, 4).rows.tolist() == [[1, 3, 0, 2]]


@law()
@given(seeds, sizes, st.integers(1, 900), st.integers(1, 12))
def test_N18_mean_of_largest_is_a_mean_over_a_sort_for_narrow_and_wide_rows(seed, n, m, k):
    rng = np.random.default_rng(seed)
    similarity = rng.choice([rng.standard_normal((n, m)), rng.integers(0, 5, (n, m))]).astype("f4")
    wanted = [best_mean(row, k) for row in similarity.astype("f8")]
    assert mean_of_largest(similarity, k) == pytest.approx(wanted, abs=1e-6)


@law()
@given(seeds, sizes, sizes, ks)
def test_N18_neighbourhood_equals_a_plain_loop_and_k_is_capped(seed, n, m, k):
    rng = np.random.default_rng(seed)
    queries, targets = unit(rng, n), unit(rng, m)
    wanted = [best_mean([float(x @ y) for y in targets.astype("f8")], k) for x in queries.astype("f8")]
    assert neighbourhood(queries, targets, k) == pytest.approx(wanted, abs=1e-6)


@given(seeds, st.integers(2, 25), ks)
def test_no_row_is_its_own_neighbour_when_asked(seed, n, k):
    rows = unit(np.random.default_rng(seed), n)
    wide = rows.astype("f8")
    wanted = [best_mean([float(x @ y) for j, y in enumerate(wide) if j != i], k) for i, x in enumerate(wide)]
    assert neighbourhood(rows, rows, k, exclude_self=True) == pytest.approx(wanted, abs=1e-6)


@law()
@given(seeds, sizes, sizes, ks, st.integers(1, 12))
def test_N18_csls_equals_a_loop_over_all_pairs(seed, n, m, k, near):
    rng = np.random.default_rng(seed)
    queries, targets, hubness = unit(rng, n), unit(rng, m), rng.uniform(-1, 1, m).astype("f4")
    wanted = plain_csls(queries, targets, hubness, near)
    assert csls(queries @ targets.T, hubness, near) == pytest.approx(wanted, abs=1e-5)
    found = csls_neighbours(queries, targets, hubness, k, neighbours=near)
    assert found.rows.shape == found.scores.shape == (n, min(k, m))
    assert (found.rows.dtype, found.scores.dtype) == (np.int64, np.float32)
    for i in range(n):
        assert len(set(found.rows[i])) == min(k, m)
        assert found.scores[i] == pytest.approx(wanted[i, found.rows[i]], abs=1e-5)
        assert found.scores[i] == pytest.approx(sorted(wanted[i], reverse=True)[: min(k, m)], abs=1e-5)


@law()
@given(seeds, st.integers(2, 25), st.integers(1, 8))
def test_N18_csls_does_not_change_when_the_space_turns(seed, n, k):
    rng = np.random.default_rng(seed)
    queries, targets, hubness = unit(rng, n), unit(rng, n), rng.uniform(0, 1, n).astype("f4")
    turn = np.linalg.qr(rng.standard_normal((6, 6)))[0]
    turned = csls_neighbours((queries @ turn).astype("f4"), (targets @ turn).astype("f4"), hubness, k)
    assert turned.scores == pytest.approx(csls_neighbours(queries, targets, hubness, k).scores, abs=1e-5)


@law()
@given(seeds, st.integers(2, 25), st.integers(1, 8))
def test_N19_the_order_of_the_targets_does_not_matter(seed, n, k):
    rng = np.random.default_rng(seed)
    queries, targets, hubness = unit(rng, n), unit(rng, n), rng.uniform(0, 1, n).astype("f4")
    order = rng.permutation(n)
    straight, shuffled = (
        csls_neighbours(queries, targets, hubness, k),
        csls_neighbours(queries, targets[order], hubness[order], k),
    )
    gaps = np.diff(np.sort(plain_csls(queries, targets, hubness, 10)), axis=1).min(axis=1, initial=1)
    clear = gaps > 1e-5  # N17: below this the order is up to rounding
    assert np.array_equal(order[shuffled.rows[clear]], straight.rows[clear])


@given(seeds, st.integers(0, 40), st.integers(1, 40), st.integers(1, 5), st.integers(1, 9), st.integers(1, 9))
def test_block_size_does_not_matter(seed, n, m, k, rows_a_block, rows_held):
    rng = np.random.default_rng(seed)
    queries, targets, hubness = whole(rng, n), whole(rng, m), rng.integers(0, 3, m).astype("f4")

    def all_results():
        found, mutual = csls_neighbours(queries, targets, hubness, k), mutual_neighbours(queries, targets, k)
        best = best_neighbours(queries, targets, k)
        return [found.rows, found.scores, *mutual, *best, neighbourhood(queries, targets, k)]

    whole_at_once = all_results()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(retrieval, "BLOCK_BYTES", 4 * m * rows_a_block)
        patch.setattr(retrieval, "HELD_BYTES", 4 * m * rows_held)
        for once, in_blocks in zip(whole_at_once, all_results(), strict=True):
            assert once.shape == in_blocks.shape
            assert np.array_equal(once, in_blocks)


@given(seeds, sizes, sizes, st.integers(1, 12), st.booleans())
def test_mutual_neighbours_equal_a_plain_loop_with_ties_to_the_first_row(seed, n, m, k, tied):
    rng = np.random.default_rng(seed)
    make = whole if tied else unit
    source, target = make(rng, n), make(rng, m)
    k = 1 if tied else k  # whole numbers stay whole
    cosines = source.astype("f8") @ target.astype("f8").T
    from_target = [best_mean(row, k) for row in cosines]
    from_source = [best_mean(column, k) for column in cosines.T]
    score = [[2 * cosines[i, j] - from_target[i] - from_source[j] for j in range(m)] for i in range(n)]
    forward = [max(range(m), key=lambda j: (score[i][j], -j)) for i in range(n)]
    backward = [max(range(n), key=lambda i: (score[i][j], -i)) for j in range(m)]
    wanted = [(i, j) for i, j in enumerate(forward) if backward[j] == i]
    i, j, cosine = mutual_neighbours(source, target, k)
    assert list(zip(i.tolist(), j.tolist(), strict=True)) == wanted
    assert cosine == pytest.approx([cosines[pair] for pair in wanted], abs=1e-6)


@law()
@given(seeds, st.integers(60, 300), st.integers(60, 300), st.integers(1, 3), st.integers(20, 300))
def test_N18_best_neighbours_of_many_rows_are_those_of_the_whole_table_of_scores(seed, n, m, k, rows_held):
    rng = np.random.default_rng(seed)
    source, target = unit(rng, n), unit(rng, m)
    cosine = source @ target.T
    from_target = np.sort(cosine, axis=1)[:, -k:].mean(axis=1)
    from_source = np.sort(cosine, axis=0)[-k:].mean(axis=0)
    score = 2 * cosine - from_target[:, None] - from_source
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(retrieval, "HELD_BYTES", 4 * m * rows_held)
        forward, backward = best_neighbours(source, target, k)
    assert np.abs(score[np.arange(n), forward] - score.max(axis=1)).max() < 1e-5
    assert np.abs(score[backward, np.arange(m)] - score.max(axis=0)).max() < 1e-5


def test_N17_one_query_and_a_batch_agree_within_rounding():
    rng = np.random.default_rng(5)
    queries, targets, hubness = unit(rng, 300, 50), unit(rng, 700, 50), np.zeros(700, "f4")
    batch = csls_neighbours(queries, targets, hubness, 5)
    for i in range(0, 300, 37):
        alone = csls_neighbours(queries[i : i + 1], targets, hubness, 5)
        assert alone.scores[0] == pytest.approx(batch.scores[i], abs=1e-5)


def test_empty_sides_give_empty_results():
    none, some = np.zeros((0, 3), "f4"), np.eye(3, dtype="f4")
    assert top_k(np.zeros((2, 0), "f4"), 3).rows.shape == (2, 0)
    assert top_k(np.zeros((0, 4), "f4"), 3).rows.shape == (0, 3)
    assert csls_neighbours(none, some, np.zeros(3, "f4"), 2).rows.shape == (0, 2)
    assert csls_neighbours(some, none, np.zeros(0, "f4"), 2).rows.shape == (3, 0)
    assert neighbourhood(some, none).tolist() == [0, 0, 0]
    assert neighbourhood(none, some).shape == (0,)
    assert neighbourhood(some[:1], some[:1], exclude_self=True).tolist() == [0]
    for sides in ((none, some), (some, none), (none, none)):
        assert [part.shape for part in mutual_neighbours(*sides)] == [(0,)] * 3


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_N18_a_row_that_is_not_finite_is_refused_instead_of_poisoning_the_rest(bad):
    rows, hubness = np.eye(3, dtype="f4"), np.zeros(3, "f4")
    poisoned = rows.copy()
    poisoned[1] = bad
    for queries, targets in ((poisoned, rows), (rows, poisoned)):
        with np.errstate(all="raise"):
            refused("api.bad_vector", csls_neighbours, queries, targets, hubness, 2)
            refused("api.bad_vector", mutual_neighbours, queries, targets, 2)
            refused("api.bad_vector", neighbourhood, queries, targets, 2)
    refused("api.bad_vector", top_k, poisoned, 1)


@pytest.mark.parametrize("k", [0, -1, None, True, 1.5, 10**19, "3", [3], np.array([1, 2])])
def test_A02_k_is_a_whole_number_from_one(k):
    rows, hubness = np.eye(3, dtype="f4"), np.zeros(3, "f4")
    refused("api.bad_k", check_k, k)
    refused("api.bad_k", top_k, rows, k)
    refused("api.bad_k", mean_of_largest, rows, k)
    refused("api.bad_k", neighbourhood, rows, rows, k)
    refused("api.bad_k", csls_neighbours, rows, rows, hubness, k)
    refused("api.bad_k", csls_neighbours, rows, rows, hubness, 1, neighbours=k)
    refused("api.bad_k", mutual_neighbours, rows, rows, k)


def test_A02_numpy_integers_are_integers():
    assert check_k(np.int32(3)) == 3
    assert top_k(np.eye(2, dtype="f4"), np.int64(1)).rows.tolist() == [[0], [1]]


@pytest.mark.parametrize("wrong", [None, "x", [[1], [1, 2]], np.ones(3), np.ones((2, 2)), np.ones((3, 3)) * 1j])
def test_A01_sides_of_another_shape_or_type_are_refused(wrong):
    rows, hubness = np.eye(3, dtype="f4"), np.zeros(3, "f4")
    refused("api.bad_vector", neighbourhood, wrong, rows)
    refused("api.bad_vector", neighbourhood, rows, wrong)
    refused("api.bad_vector", csls_neighbours, wrong, rows, hubness, 1)
    refused("api.bad_vector", mutual_neighbours, rows, wrong)


@pytest.mark.parametrize("hubness", [None, 0.5, np.zeros(2), np.zeros(1), np.zeros((1, 3)), ["a", "b", "c"]])
def test_hubness_is_one_number_for_each_target_and_is_not_broadcast(hubness):
    rows = np.eye(3, dtype="f4")
    refused("api.bad_vector", csls, rows, hubness)
    refused("api.bad_vector", csls_neighbours, rows, rows, hubness, 1)


def test_A01_inputs_are_not_changed():
    rng = np.random.default_rng(1)
    queries, targets, hubness = unit(rng, 5), unit(rng, 7), np.zeros(7, "f4")
    before = [side.copy() for side in (queries, targets, hubness)]
    csls_neighbours(queries, targets, hubness, 3)
    mutual_neighbours(queries, targets)
    neighbourhood(queries, queries, exclude_self=True)
    top_k(queries, 2)
    mean_of_largest(queries, 2)
    for side, was in zip((queries, targets, hubness), before, strict=True):
        assert np.array_equal(side, was)
        assert side.flags.writeable
