"""Laws of the map that is learnt from a few pairs, or from many of which most are wrong."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from align import self_learning
from align.errors import AlignError
from align.normalize import unit_rows
from align.procrustes import fit_rotation
from align.self_learning import HIDDEN, ROUNDS, SelfLearned, _induced, _turn, self_learn

DIM, WORDS, FEW = 20, 300, 8


def orthogonal(rng, dim):
    return np.linalg.qr(rng.standard_normal((dim, dim)))[0]


def cloud(rng, n=WORDS, dim=DIM, topics=30):
    """Unit rows as words lie: in topics, and far more along some axes than along others."""
    axes = orthogonal(rng, dim) * np.linspace(1, 0.2, dim)
    rows = rng.standard_normal((topics, dim))[rng.integers(0, topics, n)] + 0.6 * rng.standard_normal((n, dim))
    rows = rows @ axes
    return unit_rows(rows - rows.mean(axis=0))


def world(seed, noise=0.1):
    """(source, target, Q): target = source @ Q, shaken, rows paired in order."""
    rng = np.random.default_rng(seed)
    source, Q = cloud(rng), orthogonal(rng, DIM)
    target = unit_rows(source @ Q + noise / np.sqrt(DIM) * rng.standard_normal(source.shape))
    return source.astype("f4"), target.astype("f4"), Q


def learnt(source, target, pairs=FEW, weights=None, **more):
    X, Y = source[:pairs].astype("f8"), target[:pairs].astype("f8")
    return self_learn(X, Y, np.ones(len(X)) if weights is None else weights, source, target, **more)


def refused(code, **changed):
    source, target, _ = world(0)
    right = {
        "seed_X": source[:FEW] * 1.0,
        "seed_Y": target[:FEW] * 1.0,
        "weights": np.ones(FEW),
        "source": source,
        "target": target,
    }
    with pytest.raises(AlignError) as raised:
        self_learn(**{**right, **changed})
    assert raised.value.code == code


@pytest.mark.parametrize("seed", range(5))
def test_recovers_the_planted_turn_from_fewer_seeds_than_dimensions(seed):
    source, target, Q = world(seed)
    alone = fit_rotation(source[:FEW], target[:FEW])
    found = learnt(source, target)
    assert alone.underdetermined
    assert not found.rotation.underdetermined
    assert np.abs(found.rotation.matrix - Q).max() < 0.05 < 0.3 < np.abs(alone.matrix - Q).max()
    nearest = (source @ found.rotation.matrix @ target.T).argmax(axis=1)
    assert np.mean(nearest == np.arange(WORDS)) > 0.98


@pytest.mark.parametrize("seed", range(3))
def test_seeds_of_which_most_are_wrong_are_enough_where_they_are_only_a_guess(seed):
    source, target, Q = world(seed)
    rng = np.random.default_rng(seed)
    guess = np.arange(WORDS)
    wrong = rng.permutation(WORDS)[: round(0.8 * WORDS)]
    guess[wrong] = rng.permutation(wrong)
    X, Y = source.astype("f8"), target[guess].astype("f8")
    found = self_learn(X, Y, np.ones(WORDS), source, target, keep_seeds=False)
    assert np.abs(found.rotation.matrix - Q).max() < 0.05 < np.abs(fit_rotation(X, Y).matrix - Q).max()


@pytest.mark.parametrize("seed", [0, 7, np.int64(3)])
def test_N20_equal_seeds_give_equal_results_and_the_global_generator_is_not_touched(seed):
    source, target, _ = world(1)
    np.random.seed(0)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    one, other = learnt(source, target, seed=seed), learnt(source, target, seed=seed)
    assert np.array_equal(one.rotation.matrix, other.rotation.matrix)
    assert (one.objective, one.rounds) == (other.objective, other.rounds)
    assert np.array_equal(np.random.get_state()[1], before)  # noqa: NPY002


def test_seeds_are_kept_unless_they_are_only_a_guess():
    source, target, _ = world(2)
    kept, guessed = learnt(source, target), learnt(source, target, keep_seeds=False)
    assert kept.rotation.n_pairs == FEW + 2 * WORDS
    assert guessed.rotation.n_pairs == 2 * WORDS
    heavy = self_learn(source * 1.0, source * 1.0, np.full(WORDS, 1e6), source, target)
    assert np.abs(heavy.rotation.matrix - np.eye(DIM)).max() < 1e-3  # seeds that say "identity" outweigh what is found
    guess = self_learn(source * 1.0, source * 1.0, np.full(WORDS, 1e6), source, target, keep_seeds=False)
    assert np.abs(guess.rotation.matrix - np.eye(DIM)).max() > 0.1


def test_a_seed_without_weight_counts_for_nothing():
    source, target, _ = world(2)
    X, Y = source[:FEW].astype("f8"), target[:FEW].astype("f8")
    wrong = np.vstack([X, source[20:25]]), np.vstack([Y, target[30:35]])
    zeroed = self_learn(*wrong, np.repeat([1.0, 0.0], [FEW, 5]), source, target)
    assert np.abs(zeroed.rotation.matrix - learnt(source, target).rotation.matrix).max() <= 1e-5


@given(st.integers(0, 2**32 - 1), st.integers(1, 40), st.integers(1, 40), st.sampled_from([0.004, 0.1, 0.5, 1.0]))
def test_hidden_scores_never_win_and_every_pair_is_the_best_in_sight(seed, n, m, kept):
    rng = np.random.default_rng(seed)
    source, target = (unit_rows(rng.standard_normal((k, 6))).astype("f4") for k in (n, m))
    _, i, j = _induced(source.copy(), target, kept, np.random.default_rng(seed))
    if kept < 1:
        seen = np.random.default_rng(seed).integers(0, 256, (n, m), dtype=np.uint8) < round(256 * kept)
    else:
        seen = np.ones((n, m), dtype=bool)
    assert seen[i, j].all()
    assert len(i) == seen.any(axis=1).sum() + seen.any(axis=0).sum()
    cosine = source.astype("f8") @ target.astype("f8").T
    r_T = np.sort(cosine, axis=1)[:, -10:].mean(axis=1)
    r_S = np.sort(cosine, axis=0)[-10:].mean(axis=0)
    score = 2 * cosine - r_T[:, None] - r_S
    assert score.min() > HIDDEN
    score[~seen] = -np.inf
    rows = np.flatnonzero(seen.any(axis=1))
    assert np.array_equal(i[: len(rows)], rows)
    assert np.allclose(score[i[: len(rows)], j[: len(rows)]], score[rows].max(axis=1), atol=1e-5)
    columns = np.flatnonzero(seen.any(axis=0))
    assert np.array_equal(j[len(rows) :], columns)
    assert np.allclose(score[i[len(rows) :], j[len(rows) :]], score[:, columns].max(axis=0), atol=1e-5)


@given(st.integers(0, 2**32 - 1), st.integers(2, 10), st.data())
@settings(max_examples=30)
def test_the_first_map_turns_the_span_of_the_seeds_and_sees_nothing_else(seed, dim, data):
    pairs = data.draw(st.integers(1, dim - 1))
    rng = np.random.default_rng(seed)
    X, Q = rng.standard_normal((pairs, dim)), orthogonal(rng, dim)
    W = _turn(X.T @ X @ Q, pairs)
    assert np.abs(X @ W - X @ Q).max() <= 1e-4 * np.abs(X).max()
    outside = np.linalg.svd(X)[2][pairs:]
    assert np.abs(outside @ W).max() <= 1e-4
    assert np.linalg.matrix_rank(W, tol=1e-3) == pairs


def test_the_first_look_is_by_the_span_of_the_seeds_alone(monkeypatch):
    source, target, Q = world(0, noise=0)
    looks = []

    def induced(mapped, *given):
        looks.append(mapped)
        return _induced(mapped, *given)

    monkeypatch.setattr(self_learning, "_induced", induced)
    learnt(source, target)
    span = np.linalg.svd(source[:FEW].astype("f8"))[2][:FEW]
    assert np.abs(looks[0] - source @ span.T @ span @ Q).max() <= 1e-5
    assert np.linalg.matrix_rank(looks[0], tol=1e-3) == FEW
    assert np.linalg.matrix_rank(looks[1], tol=1e-3) == DIM


@pytest.mark.parametrize("noise", [0.1, 3.0])
def test_N01_the_rotation_is_orthogonal(noise):
    found = learnt(*world(3, noise)[:2])
    assert isinstance(found, SelfLearned)
    assert found.rotation.matrix.dtype == np.float64
    assert found.rotation.orthogonality_error <= 1e-12
    assert 0 < found.objective <= 1 + 1e-5
    assert 1 <= found.rounds <= ROUNDS


def test_the_objective_is_the_mean_cosine_of_best_matches():
    source, target, Q = world(4)
    cosine = source @ Q @ target.T
    expected = (cosine.max(axis=1).mean() + cosine.max(axis=0).mean()) / 2
    assert learnt(source, target).objective == pytest.approx(expected, abs=0.01)


def test_only_the_frequent_words_are_looked_among():
    source, target, _ = world(5)
    poisoned = target.copy()
    poisoned[100:] = target[:100].repeat(2, axis=0)
    one, other = learnt(source, target, frequent=100), learnt(source, poisoned, frequent=100)
    assert np.array_equal(one.rotation.matrix, other.rotation.matrix)
    assert one.rotation.n_pairs == FEW + 200


def test_vocabularies_may_differ_in_length():
    source, target, Q = world(6)
    assert np.abs(learnt(source, target[:250]).rotation.matrix - Q).max() < 0.05
    assert np.abs(learnt(source[:250], target).rotation.matrix - Q).max() < 0.05


def test_A01_inputs_are_not_changed():
    source, target, _ = world(0)
    before = source.copy(), target.copy()
    source.flags.writeable = target.flags.writeable = False
    learnt(source, target)
    assert np.array_equal((source, target), before)


def test_one_word_a_side_is_learnt_and_none_is_refused():
    source, target, _ = world(0)
    assert learnt(source, target, frequent=1).rotation.orthogonality_error <= 1e-12
    refused("align.no_signal", source=source[:0])
    refused("align.no_signal", target=target[:0])
    refused("align.no_signal", seed_X=source[:0], seed_Y=target[:0], weights=np.ones(0))
    refused("align.no_signal", weights=np.zeros(FEW))


@pytest.mark.parametrize("side", ["source", "target", "seed_X", "seed_Y"])
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_N10_what_is_not_finite_is_refused(side, bad):
    rows = np.full((FEW, DIM), 0.1)
    rows[3, 2] = bad
    refused("align.nonfinite", **{side: rows})


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"seed_X": np.ones((3, DIM))}, "align.dim_mismatch"), ({"weights": np.ones(3)}, "align.bad_weights"),
        ({"weights": -np.ones(FEW)}, "align.bad_weights"), ({"weights": None}, "api.bad_vector"),
        ({"source": np.ones((3, 2), "f4")}, "api.bad_vector"), ({"target": None}, "api.bad_vector"),
        ({"seed_Y": "x"}, "api.bad_vector"), ({"frequent": 0}, "api.bad_k"), ({"frequent": 1.5}, "api.bad_k"),
        ({"frequent": True}, "api.bad_k"), ({"seed": -1}, "align.bad_seed"), ({"seed": True}, "align.bad_seed"),
        ({"seed": 1.5}, "align.bad_seed"), ({"seed": None}, "align.bad_seed"), ({"keep_seeds": None}, "api.bad_type"),
        ({"keep_seeds": 1}, "api.bad_type"),
    ],
)  # fmt: skip
def test_wrong_arguments_have_codes(changed, code):
    refused(code, **changed)
