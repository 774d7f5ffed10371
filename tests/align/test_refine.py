"""Laws of iterative Procrustes."""

import numpy as np
import pytest

from align.errors import AlignError
from align.procrustes import Rotation, fit_rotation
from align.refine import refine

DIM, WORDS = 12, 150


@pytest.fixture
def sides():
    """(source, target, Q): unit rows, target = source @ Q with a little noise, rows paired in order."""
    rng = np.random.default_rng(11)
    source = rng.standard_normal((WORDS, DIM))
    source /= np.linalg.norm(source, axis=1, keepdims=True)
    Q = np.linalg.qr(rng.standard_normal((DIM, DIM)))[0]
    target = source @ Q + 0.02 / np.sqrt(DIM) * rng.standard_normal(source.shape)
    return source.astype("f4"), target.astype("f4"), Q


def refined(source, target, seeds, **more):
    X, Y = source[:seeds].astype("f8"), target[:seeds].astype("f8")
    return refine(X, Y, np.ones(seeds), source, target, **more).rotation


def test_recovers_the_planted_map_from_fewer_seeds_than_dimensions(sides):
    source, target, Q = sides
    seeds = DIM - 3
    alone = fit_rotation(source[:seeds], target[:seeds])
    found = refined(source, target, seeds)
    assert alone.underdetermined
    assert not found.underdetermined
    assert np.abs(found.matrix - Q).max() < 0.01 < np.abs(alone.matrix - Q).max()
    assert found.orthogonality_error <= 1e-12


def test_is_nearer_to_the_truth_than_the_seeds_alone_on_noise(sides):
    source, target, Q = sides
    alone, found = fit_rotation(source[: DIM + 3], target[: DIM + 3]), refined(source, target, DIM + 3)
    assert np.linalg.norm(found.matrix - Q) < np.linalg.norm(alone.matrix - Q)


def test_the_seeds_are_kept_in_every_round(sides):
    source, target, _ = sides
    seeds = 20
    found = refined(source, target, seeds)
    assert found.n_pairs == seeds + 2 * WORDS
    heavy = refine(source[:seeds] * 1.0, source[:seeds] * 1.0, np.full(seeds, 1e9), source, target).rotation
    assert np.abs(heavy.matrix - np.eye(DIM)).max() < 1e-6  # seeds that say "identity" outweigh all that is induced


def test_only_the_frequent_words_are_candidates(sides):
    source, target, _ = sides
    assert refined(source, target, 20, frequent=50).n_pairs <= 20 + 2 * 50
    poisoned = target.copy()
    poisoned[50:] = target[:50].repeat(2, axis=0)
    assert np.array_equal(
        refined(source, target, 20, frequent=50).matrix, refined(source, poisoned, 20, frequent=50).matrix
    )


def test_stops_when_the_pairs_have_settled(sides):
    source, target, _ = sides
    assert np.array_equal(refined(source, target, 40, rounds=10).matrix, refined(source, target, 40, rounds=50).matrix)


def test_A01_inputs_are_not_changed(sides):
    source, target, _ = sides
    before = source.copy(), target.copy()
    refined(source, target, 20)
    assert np.array_equal(source, before[0])
    assert np.array_equal(target, before[1])


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"rounds": 0}, "api.bad_k"), ({"rounds": True}, "api.bad_k"), ({"frequent": 1.5}, "api.bad_k"), ({"frequent": -1}, "api.bad_k"),
        ({"seed_X": np.ones((3, 2))}, "align.dim_mismatch"), ({"weights": np.ones(3)}, "align.bad_weights"),
        ({"weights": None}, "api.bad_vector"), ({"source": np.ones((3, 2), "f4")}, "api.bad_vector"), ({"target": None}, "api.bad_vector"),
    ],
)  # fmt: skip
def test_wrong_arguments_have_codes(sides, more, code):
    source, target, _ = sides
    given = {
        "seed_X": source[:20] * 1.0,
        "seed_Y": target[:20] * 1.0,
        "weights": np.ones(20),
        "source": source,
        "target": target,
    }
    with pytest.raises(AlignError) as raised:
        refine(**{**given, **more})
    assert raised.value.code == code


@pytest.mark.parametrize("side", ["source", "target"])
def test_N10_a_vocabulary_with_a_nan_is_refused(sides, side):
    source, target, _ = sides
    given = {"source": source.copy(), "target": target.copy()}
    given[side][100, 3] = np.nan
    with pytest.raises(AlignError):
        refine(source[:20] * 1.0, target[:20] * 1.0, np.ones(20), **given)


def started(source, target, start, seeds=0, **more):
    X, Y = source[:seeds].astype("f8"), target[:seeds].astype("f8")
    return refine(X, Y, np.ones(seeds), source, target, start=start, **more)


def turn_of(Q):
    return fit_rotation(np.eye(DIM), Q)


def test_a_start_needs_no_seeds(sides):
    source, target, Q = sides
    found = started(source, target, turn_of(Q)).rotation
    assert np.abs(found.matrix - Q).max() < 0.01
    assert found.n_pairs == 2 * WORDS
    with pytest.raises(AlignError) as raised:
        started(source, target, None)
    assert raised.value.code == "align.no_signal"


def test_the_start_decides_what_is_looked_at_and_the_seeds_are_kept_beside_it(sides):
    source, target, Q = sides
    assert started(source, target, turn_of(Q), seeds=7).rotation.n_pairs == 7 + 2 * WORDS
    lost = started(source, target, turn_of(np.linalg.qr(np.random.default_rng(1).standard_normal((DIM, DIM)))[0]))
    assert np.abs(lost.rotation.matrix - Q).max() > 0.1  # from a random turn nothing is found on a sphere


def test_a_start_that_the_seeds_would_give_changes_nothing(sides):
    source, target, _ = sides
    alone = fit_rotation(source[:20], target[:20])
    X, Y = source[:20].astype("f8"), target[:20].astype("f8")
    one, other = (refine(X, Y, np.ones(20), source, target, start=start) for start in (None, alone))
    assert np.abs(one.rotation.matrix - other.rotation.matrix).max() <= 1e-12
    assert np.array_equal(one.source_rows, other.source_rows)


@pytest.mark.parametrize("rounds", [1, 2, 5])
def test_started_from_the_truth_it_stays_there_however_often(sides, rounds):
    source, target, Q = sides
    found = started(source, target, turn_of(Q), rounds=rounds)
    assert np.abs(found.rotation.matrix - Q).max() < 0.02
    assert found.rotation.orthogonality_error <= 1e-12
    assert np.array_equal(found.source_rows, found.target_rows)


def test_a_start_of_no_rotation_or_another_dimension_is_refused(sides):
    source, target, _ = sides
    for wrong, code in ((np.eye(DIM), "api.bad_type"), ("x", "api.bad_type"), (Rotation.identity(3), "api.bad_vector")):
        with pytest.raises(AlignError) as raised:
            started(source, target, wrong)
        assert raised.value.code == code


def test_with_a_start_seeds_must_still_fit_together(sides):
    source, target, Q = sides
    for X, Y, weights, code in (
        (source[:3], target[:4], np.ones(3), "align.dim_mismatch"),
        (source[:3], target[:3], np.ones(4), "align.bad_weights"),
        (source[:0], target[:0], np.ones(1), "align.bad_weights"),
        (source[:3] * np.nan, target[:3], np.ones(3), "align.nonfinite"),
    ):
        with pytest.raises(AlignError) as raised:
            refine(X * 1.0, Y * 1.0, weights, source, target, start=turn_of(Q))
        assert raised.value.code == code
