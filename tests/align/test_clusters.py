"""Laws of clusters: purity is a count, k-means ends where no row wants to move, planted topics and islands are told apart."""

from collections import Counter
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from align import clusters
from align.clusters import cluster_purity, purity, spherical_kmeans
from align.errors import AlignError

seeds = st.integers(0, 2**32 - 1)


def unit(matrix):
    return np.asarray(matrix / np.linalg.norm(matrix, axis=1, keepdims=True), "f4")


def texts(rng, topic, language, per=15, dim=12):
    """Rows of 4 topics in 3 languages, `topic` and `language` times as far apart as the texts of either scatter."""
    topics, languages = topic * rng.standard_normal((4, dim)), language * rng.standard_normal((3, dim))
    rows, names, langs = [], [], []
    for t in range(4):
        for code, place in zip(("en", "fr", "de"), languages, strict=True):
            rows.append(topics[t] + place + rng.standard_normal((per, dim)))
            names += [f"topic{t}"] * per
            langs += [code] * per
    return unit(np.vstack(rows)), names, langs


@given(st.lists(st.tuples(st.integers(0, 4), st.sampled_from("abc")), min_size=1, max_size=40))
def test_purity_is_a_count_of_the_most_common_labels(rows):
    assigned, labels = [cluster for cluster, _ in rows], [label for _, label in rows]
    most = sum(
        max(Counter(label for c, label in rows if c == cluster).values()) for cluster in set(assigned)
    )  # fmt: skip
    assert purity(np.array(assigned), labels) == pytest.approx(most / len(rows))


@given(seeds, st.integers(1, 6))
def test_every_row_is_with_its_nearest_centre_and_every_centre_the_mean_of_its_rows(seed, k):
    X = unit(np.random.default_rng(seed).standard_normal((30, 4)))
    found = spherical_kmeans(X, k, seed=seed, restarts=2)
    cosines = X @ found.centres.T
    assert np.allclose(cosines[np.arange(30), found.assigned], cosines.max(axis=1), atol=1e-6)
    assert found.cohesion == pytest.approx(float(cosines.max(axis=1).mean()), abs=1e-5)
    for cluster in set(found.assigned.tolist()):
        mean = X[found.assigned == cluster].mean(axis=0)
        assert np.allclose(found.centres[cluster], mean / np.linalg.norm(mean), atol=1e-5)


def best_of_all(X, k):
    """The highest cohesion of any partition of the rows into k parts."""
    sides = (np.array(labels) for labels in np.ndindex(*(k,) * len(X)))
    return max(sum(float(np.linalg.norm(X[side == c].sum(axis=0))) for c in range(k)) for side in sides) / len(X)


@given(seeds, st.integers(2, 6), st.integers(1, 9))
def test_no_run_is_better_than_the_best_partition_and_more_restarts_are_never_worse(seed, n, restarts):
    X = unit(np.random.default_rng(seed).standard_normal((n, 3)))
    few, more = (spherical_kmeans(X, 2, seed=seed, restarts=r).cohesion for r in (restarts, restarts + 3))
    assert few <= more <= best_of_all(X, 2) + 1e-5


@given(seeds)
def test_clusters_that_lie_apart_are_found_and_are_the_best_partition(seed):
    rng = np.random.default_rng(seed)
    side = rng.permutation([0, 0, 0, 1, 1, 2, 2])
    X = unit(np.eye(4)[side] + 0.1 * rng.uniform(-1, 1, (7, 4)))
    found = spherical_kmeans(X, 3, seed=seed)
    assert purity(found.assigned, [str(s) for s in side]) == 1
    assert found.cohesion == pytest.approx(best_of_all(X, 3), abs=1e-5)


@given(seeds)
def test_one_rotation_the_length_of_rows_and_their_blocks_change_nothing(seed):
    rng = np.random.default_rng(seed)
    X, turn = unit(rng.standard_normal((40, 5))), np.linalg.qr(rng.standard_normal((5, 5)))[0]
    found = spherical_kmeans(X, 3, seed=seed, restarts=3)
    turned = spherical_kmeans(X @ turn * rng.uniform(0.1, 9, (40, 1)), 3, seed=seed, restarts=3)
    assert turned.cohesion == pytest.approx(found.cohesion, abs=1e-5)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clusters, "BLOCK_BYTES", 7 * 3 * 4)
        assert spherical_kmeans(X, 3, seed=seed, restarts=3).cohesion == pytest.approx(found.cohesion, abs=1e-6)


def test_as_many_clusters_as_rows_and_one_cluster_are_the_two_ends():
    X = unit(np.random.default_rng(1).standard_normal((12, 3)))
    labels = ["a"] * 8 + ["b"] * 4
    alone, together = (cluster_purity(X, labels, n_clusters=k) for k in (12, 1))
    assert (alone.label_purity, alone.cohesion, alone.label_chance, alone.by_label) == (1, pytest.approx(1), 1, None)
    assert (together.label_purity, together.label_chance) == pytest.approx((8 / 12, 8 / 12))
    assert together.by_label == pytest.approx(0, abs=1e-9)
    assert spherical_kmeans(np.ones((5, 2)), 3).cohesion == pytest.approx(1)  # rows that are all the same


def test_chance_is_the_mean_over_all_orders_of_the_labels():
    X = unit(np.repeat(np.eye(2), [4, 3], axis=0))
    labels = ["a", "a", "a", "b", "b", "c", "b"]
    orders = [purity(np.array([0, 0, 0, 0, 1, 1, 1]), list(order)) for order in permutations(labels)]
    found = cluster_purity(X, labels, n_clusters=2)
    assert found.label_chance == pytest.approx(np.mean(orders), abs=0.02)
    assert found.by_label == pytest.approx((found.label_purity - found.label_chance) / (1 - found.label_chance))


def test_topics_of_a_shared_space_and_islands_of_languages_are_told_apart():
    rng = np.random.default_rng(2)
    shared = cluster_purity(*texts(rng, topic=4, language=0.3))
    islands = cluster_purity(*texts(rng, topic=0.3, language=4), n_clusters=3)
    assert shared.by_label > 0.9
    assert abs(shared.by_language) < 0.15
    assert islands.by_language > 0.9
    assert abs(islands.by_label) < 0.15
    assert (shared.n, shared.n_clusters, shared.n_labels, shared.n_languages) == (180, 4, 4, 3)


def test_the_seed_fixes_all_and_labels_may_have_any_name():
    X, labels, languages = texts(np.random.default_rng(3), topic=1, language=1)
    found = cluster_purity(X, labels, languages)
    assert cluster_purity(X, labels, languages) == found
    renamed = {name: chr(90 - i) for i, name in enumerate(sorted(set(labels)))}
    other = cluster_purity(X, [renamed[name] for name in labels], languages)
    assert (other.label_purity, other.language_purity) == (found.label_purity, found.language_purity)
    assert cluster_purity(X, labels).language_purity is None
    assert cluster_purity(X, labels).frame().schema == found.frame().schema


def test_what_cannot_be_clustered_has_a_code():
    X, labels = np.eye(3), ["a", "b", "a"]
    wrong = [
        (lambda: cluster_purity(X, labels[:2]), "clusters.count_mismatch"),
        (lambda: cluster_purity(X, labels, labels[:2]), "clusters.count_mismatch"),
        (lambda: cluster_purity(X, "aba"), "api.bad_type"), (lambda: cluster_purity(X, [1, 2, 3]), "api.bad_type"),
        (lambda: cluster_purity(X, labels, n_clusters=4), "api.bad_k"), (lambda: cluster_purity(X, labels, n_clusters=0), "api.bad_k"),
        (lambda: cluster_purity(np.zeros((3, 2)), labels), "align.no_signal"), (lambda: cluster_purity(X[0], labels), "api.bad_vector"),
        (lambda: cluster_purity(X, labels, seed=-1), "evaluate.bad_count"), (lambda: cluster_purity(np.zeros((0, 3)), []), "api.bad_k"),
        (lambda: spherical_kmeans(X, 2, restarts=0), "evaluate.bad_count"),
        (lambda: purity(np.zeros(2, int), labels), "clusters.count_mismatch"), (lambda: purity(np.zeros(0, int), []), "clusters.count_mismatch"),
        (lambda: purity(np.array([0, -1, 0]), labels), "api.bad_rows"), (lambda: purity(np.array([0, 0.5, 0]), labels), "api.bad_rows"),
    ]  # fmt: skip
    for deed, code in wrong:
        with pytest.raises(AlignError) as raised:
            deed()
        assert raised.value.code == code
