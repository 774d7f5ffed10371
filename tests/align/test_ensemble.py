"""Laws of making several vector sets of one language into one."""

import numpy as np
import pytest

from align.ensemble import combine_vectors
from align.errors import AlignError
from align.vectors import WordVectors

N, DIM = 120, 8


def turn(seed):
    return np.linalg.qr(np.random.default_rng(seed).standard_normal((DIM, DIM)))[0]


@pytest.fixture
def cloud():
    """Unit rows about the origin in 12 clusters, so that neighbours say something."""
    rng = np.random.default_rng(3)
    rows = rng.standard_normal((12, DIM)).repeat(N // 12, axis=0) + 0.3 * rng.standard_normal((N, DIM))
    rows -= rows.mean(axis=0)
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype("f4")


def words(rows=range(N)):
    return [f"w{row}" for row in rows]


def vectors(cloud, rows=range(N), by=None, noise=0.0, seed=0, counts=None):
    rows = list(rows)
    matrix = cloud[rows] @ (np.eye(DIM) if by is None else by)
    matrix = matrix + noise * np.random.default_rng(seed).standard_normal(matrix.shape)
    return WordVectors("en", words(rows), matrix, counts)


def cosines(found):
    """Cosines (N, N) of the words in the order of the cloud."""
    rows = found.matrix[[found.index[word] for word in words()]]
    return rows @ rows.T


def test_turned_copies_make_the_same_set_again(cloud):
    found = combine_vectors([vectors(cloud), vectors(cloud, by=turn(1)), vectors(cloud, by=turn(2))])
    assert np.abs(cosines(found) - cosines(combine_vectors([vectors(cloud)] * 2))).max() < 1e-5


def test_the_turn_of_any_set_but_the_first_does_not_matter(cloud):
    noisy = [vectors(cloud, noise=0.1, seed=seed) for seed in range(3)]
    turned = [noisy[0], *(WordVectors("en", v.words, v.matrix @ turn(n)) for n, v in enumerate(noisy[1:]))]
    assert np.abs(combine_vectors(noisy).matrix - combine_vectors(turned).matrix).max() < 1e-4


def test_the_mean_of_noisy_sets_is_nearer_to_the_truth_than_any_of_them(cloud):
    noisy = [vectors(cloud, by=turn(seed), noise=0.2, seed=seed) for seed in range(4)]
    truth = cosines(combine_vectors([vectors(cloud)] * 2))
    alone = [np.abs(cosines(combine_vectors([v, v])) - truth).mean() for v in noisy]
    assert np.abs(cosines(combine_vectors(noisy)) - truth).mean() < 0.8 * min(alone)


def test_the_words_are_the_union_and_a_gap_is_filled_near_its_neighbours(cloud):
    lacks = [range(0, N, 11), range(5, N, 11)]
    first, second = (vectors(cloud, sorted(set(range(N)) - set(gone)), by=turn(n)) for n, gone in enumerate(lacks))
    found = combine_vectors([first, second])
    assert sorted(found.words) == sorted(words())
    got, full = cosines(found), cosines(combine_vectors([vectors(cloud)] * 2))
    gaps = [*lacks[0], *lacks[1]]
    own = full[gaps].argsort(axis=1)[:, -10:]
    assert np.mean([len({*a} & {*b}) for a, b in zip(got[gaps].argsort(axis=1)[:, -10:], own, strict=True)]) > 8


def test_a_synthesised_word_is_the_weighted_mean_of_its_neighbours(cloud):
    first, second = vectors(cloud), vectors(cloud, range(N - 1))
    found = combine_vectors([first, second], neighbours=1)
    rows = {word: found.matrix[found.index[word]] for word in words()}
    nearest = max(words(range(N - 1)), key=lambda word: float(cloud[N - 1] @ cloud[int(word[1:])]))
    expected = rows[f"w{N - 1}"] - rows[nearest]  # own + one neighbour: between the two
    own = first.matrix[N - 1] - first.matrix[int(nearest[1:])]
    assert np.linalg.norm(expected) < 0.75 * np.linalg.norm(own)


def test_counts_add_up_and_decide_the_order(cloud):
    one = vectors(cloud, range(100), counts=np.full(100, 5))
    other = vectors(cloud, range(50, N), counts=np.arange(70) + 1)
    found = combine_vectors([one, other])
    expected = {f"w{n}": 5 * (n < 100) + (n - 49) * (n >= 50) for n in range(N)}
    assert dict(zip(found.words, found.counts.tolist(), strict=True)) == expected
    assert (np.diff(found.counts) <= 0).all()
    assert combine_vectors([one, vectors(cloud)]).counts is None


def test_equal_sets_give_equal_results_and_no_input_is_changed(cloud):
    sets = [vectors(cloud, noise=0.1, seed=seed) for seed in range(2)]
    before = [v.fingerprint for v in sets]
    assert combine_vectors(sets).fingerprint == combine_vectors(sets).fingerprint
    assert before == [WordVectors("en", v.words, v.matrix).fingerprint for v in sets]


@pytest.mark.parametrize(
    ("sets", "code"),
    [
        ([], "vec.no_sets"), (["x"], "api.bad_type"), (None, "api.bad_type"),
        ([WordVectors("en", ["a"], np.ones((1, 3)))], "vec.no_sets"),
        ([WordVectors("en", ["a"], np.ones((1, 3))), WordVectors("fr", ["a"], np.ones((1, 3)))], "vec.no_sets"),
    ],
)  # fmt: skip
def test_wrong_sets_have_codes(sets, code):
    with pytest.raises(AlignError) as raised:
        combine_vectors(sets)
    assert raised.value.code == code


def test_sets_without_words_in_common_or_of_other_dimensions_are_refused(cloud):
    for other, code in (
        (vectors(cloud, range(60, N)), "align.no_signal"),
        (WordVectors("en", words(), np.ones((N, 3)) + np.arange(N)[:, None] * np.arange(3)), "align.dim_mismatch"),
    ):
        with pytest.raises(AlignError) as raised:
            combine_vectors([vectors(cloud, range(60)), other])
        assert raised.value.code == code
