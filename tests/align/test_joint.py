"""Laws of rotations that are fitted to every dictionary at once."""

from dataclasses import replace
from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from align.errors import AlignError
from align.joint import Edge, fit_joint
from align.procrustes import fit_rotation
from tests.align.planted import law

seeds = st.integers(0, 2**32 - 1)
dims = st.integers(1, 8)
LANGS = ("a", "b", "c", "d")


def orthogonal(rng, dim):
    return np.linalg.qr(rng.standard_normal((dim, dim)))[0]


def unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def world(seed, dim, noise=0.3, langs=LANGS, pairs=None):
    """(turns, per pair of languages X and Y of unit rows and weights): language rows are a cloud @ turn.T, shaken for
    every dictionary anew, so that cloud = rows @ turn.
    """
    rng = np.random.default_rng(seed)
    turns = {lang: orthogonal(rng, dim) for lang in langs}
    sides = {}
    for one, other in combinations(langs, 2):
        cloud = unit(rng.standard_normal((pairs or 3 * dim + 4, dim)))
        X, Y = (
            unit(cloud @ turns[lang].T + noise / np.sqrt(dim) * rng.standard_normal(cloud.shape))
            for lang in (one, other)
        )
        sides[one, other] = X, Y, rng.uniform(0.5, 2, len(X))
    return turns, sides


def edges_of(sides):
    return [Edge.of(one, other, *rows) for (one, other), rows in sides.items()]


def matrices(found):
    return {lang: rotation.matrix for lang, rotation in found.items()}


def apart(found, others):
    assert found.keys() == others.keys()
    return max(float(np.abs(found[lang] - others[lang]).max()) for lang in found)


def loss(sides, W):
    """The sum that is minimised, pair by pair."""
    total = 0.0
    for (one, other), (X, Y, w) in sides.items():
        for x, y, weight in zip(X, Y, w, strict=True):
            total += weight * float(((x @ W[one] - y @ W[other]) ** 2).sum())
    return total


def refused(code, *given, match=None, **more):
    with pytest.raises(AlignError, match=match) as raised, np.errstate(all="raise"):
        fit_joint(*given, **more)
    assert raised.value.code == code


@given(seeds, dims)
def test_two_languages_are_fitted_as_by_fit_rotation(seed, dim):
    _, sides = world(seed, dim, langs=LANGS[:2])
    (X, Y, w), single = sides["a", "b"], fit_rotation(*sides["a", "b"])
    towards_b = fit_joint(edges_of(sides), "b")
    assert np.abs(towards_b["a"].matrix - single.matrix).max() <= 1e-9
    assert np.array_equal(towards_b["b"].matrix, np.eye(dim))
    assert towards_b["a"].rank == single.rank
    assert towards_b["a"].n_pairs == single.n_pairs == len(X)
    assert towards_b["a"].determinant == single.determinant
    assert np.abs(fit_joint(edges_of(sides), "a")["b"].matrix - fit_rotation(Y, X, w).matrix).max() <= 1e-9


@given(seeds, st.integers(2, 8))
@settings(max_examples=30)
def test_the_sum_never_rises_over_the_sweeps(seed, dim):
    _, sides = world(seed, dim, noise=2.0)
    rng = np.random.default_rng(seed)
    start = {lang: orthogonal(rng, dim) for lang in LANGS}
    reached = [loss(sides, start)]
    reached += [
        loss(sides, matrices(fit_joint(edges_of(sides), "a", start=start, sweeps=n))) for n in (1, 2, 3, 5, 9, 30)
    ]
    assert all(later <= earlier + 1e-9 for earlier, later in pairwise(reached))


@given(seeds, st.integers(2, 6))
@settings(max_examples=30)
def test_no_language_alone_can_be_turned_to_a_smaller_sum(seed, dim):
    _, sides = world(seed, dim)
    found = matrices(fit_joint(edges_of(sides), "a", sweeps=2_000))
    for lang in LANGS[1:]:
        X, Y, w = [], [], []
        for (one, other), (rows, others, weights) in sides.items():
            if lang == one:
                X, Y, w = [*X, rows], [*Y, others @ found[other]], [*w, weights]
            elif lang == other:
                X, Y, w = [*X, others], [*Y, rows @ found[one]], [*w, weights]
        best = fit_rotation(np.concatenate(X), np.concatenate(Y), np.concatenate(w)).matrix
        assert loss(sides, found) <= loss(sides, {**found, lang: best}) * (1 + 1e-5)


@law()
@given(seeds, st.integers(2, 8), st.data())
def test_N04_direction_and_order_of_the_edges_change_nothing(seed, dim, data):
    _, sides = world(seed, dim)
    found = matrices(fit_joint(edges_of(sides), "b"))
    order = data.draw(st.permutations(list(sides)))
    turned = data.draw(st.lists(st.booleans(), min_size=len(sides), max_size=len(sides)))
    edges = []
    for (one, other), back in zip(order, turned, strict=True):
        X, Y, w = sides[one, other]
        edges.append(Edge.of(other, one, Y, X, w) if back else Edge.of(one, other, X, Y, w))
    assert apart(found, matrices(fit_joint(edges, "b"))) <= 1e-9


@law()
@given(seeds, st.integers(2, 8), st.sampled_from(LANGS))
def test_N07_turning_one_language_turns_its_rotation_back_and_changes_nothing_else(seed, dim, lang):
    _, sides = world(seed, dim)
    R = orthogonal(np.random.default_rng(seed + 1), dim)
    turned = {
        (one, other): (X @ R if lang == one else X, Y @ R if lang == other else Y, w)
        for (one, other), (X, Y, w) in sides.items()
    }
    found, again = (matrices(fit_joint(edges_of(given), "a")) for given in (sides, turned))
    if lang == "a":  # the frame itself is turned
        assert apart({code: W if code == "a" else W @ R for code, W in found.items()}, again) <= 1e-6
    else:
        assert apart({**found, lang: R.T @ found[lang]}, again) <= 1e-6


@given(seeds, st.integers(2, 8), st.sampled_from(LANGS[1:]))
@settings(max_examples=30)
def test_the_pivot_decides_the_frame_and_nothing_else(seed, dim, pivot):
    _, sides = world(seed, dim)
    found, other = (matrices(fit_joint(edges_of(sides), code, sweeps=2_000)) for code in ("a", pivot))
    assert np.array_equal(other[pivot], np.eye(dim))
    turned = {lang: W @ other["a"].T for lang, W in other.items()}
    assert apart(found, turned) <= 0.05
    assert loss(sides, found) == pytest.approx(loss(sides, other), rel=1e-4)


@law()
@given(seeds, dims, st.sampled_from(LANGS))
def test_N05_a_chain_without_edges_to_the_pivot_recovers_the_planted_turns(seed, dim, pivot):
    turns, sides = world(seed, dim, noise=0.0)
    chain = {pair: sides[pair] for pair in (("a", "b"), ("b", "c"), ("c", "d"))}
    found = fit_joint(edges_of(chain), pivot)
    for lang, rotation in found.items():
        assert np.abs(rotation.matrix - turns[lang] @ turns[pivot].T).max() <= 1e-8
        assert rotation.residual <= 1e-6
        assert not rotation.underdetermined


def test_a_triangle_of_noisy_edges_finds_the_planted_turns_better_than_each_edge_alone():
    joint, alone = [], []
    for seed in range(12):
        turns, sides = world(seed, 12, noise=0.5, langs=LANGS[:3], pairs=100)
        found = matrices(fit_joint(edges_of(sides), "a"))
        for one, other in combinations(LANGS[:3], 2):
            planted = turns[one] @ turns[other].T
            joint.append(np.linalg.norm(found[one] @ found[other].T - planted))
            alone.append(np.linalg.norm(fit_rotation(*sides[one, other]).matrix - planted))
    assert np.mean(joint) < 0.85 * np.mean(alone)  # √⅔: the way over the third is worth half an edge
    assert np.mean(np.array(joint) < np.array(alone)) > 0.8


@given(seeds, st.integers(2, 8))
@settings(max_examples=30)
def test_an_edge_of_twice_the_weight_is_that_edge_twice(seed, dim):
    _, sides = world(seed, dim)
    X, Y, w = sides["a", "c"]
    once = edges_of({pair: rows for pair, rows in sides.items() if pair != ("a", "c")})
    heavy = fit_joint([*once, Edge.of("a", "c", X, Y, 2 * w)], "a")
    twice = fit_joint([*once, *[Edge.of("a", "c", X, Y, w)] * 2], "a")
    assert apart(matrices(heavy), matrices(twice)) <= 1e-9
    assert heavy["c"].residual == pytest.approx(twice["c"].residual)


@law(30)
@given(seeds, dims)
def test_N01_every_rotation_is_orthogonal(seed, dim):
    _, sides = world(seed, dim, noise=3.0)
    for rotation in fit_joint(edges_of(sides), "c").values():
        assert rotation.orthogonality_error <= 1e-12
        assert rotation.determinant == round(np.linalg.det(rotation.matrix))


@given(seeds, dims)
@settings(max_examples=30)
def test_the_residual_is_the_norm_over_all_pairs_of_the_language(seed, dim):
    _, sides = world(seed, dim)
    found = fit_joint(edges_of(sides), "a")
    for lang in LANGS[1:]:
        own = {pair: rows for pair, rows in sides.items() if lang in pair}
        weight = sum(float(w.sum()) for _, _, w in own.values())
        assert found[lang].residual == pytest.approx(np.sqrt(loss(own, matrices(found)) / weight), abs=1e-7)
        assert found[lang].n_pairs == sum(len(X) for X, _, _ in own.values())


@given(seeds, st.integers(2, 8))
@settings(max_examples=30)
def test_started_where_it_ended_it_stays(seed, dim):
    _, sides = world(seed, dim)
    found = matrices(fit_joint(edges_of(sides), "a", sweeps=2_000))
    R = orthogonal(np.random.default_rng(seed), dim)
    again = fit_joint(edges_of(sides), "a", start={lang: W @ R for lang, W in found.items()}, sweeps=1)
    assert apart(found, matrices(again)) <= 0.02


@law(30)
@given(seeds, st.integers(2, 6))
def test_N02_an_edge_that_does_not_determine_a_language_says_so(seed, dim):
    rng = np.random.default_rng(seed)
    X, Y = unit(rng.standard_normal((dim - 1, dim))), unit(rng.standard_normal((dim - 1, dim)))
    found = fit_joint([Edge.of("a", "b", X, Y)], "b")["a"]
    assert (found.rank, found.underdetermined) == (dim - 1, True)
    assert found.orthogonality_error <= 1e-12


def test_a_language_without_a_way_to_the_pivot_is_refused():
    _, sides = world(0, 3)
    two = edges_of({pair: sides[pair] for pair in (("a", "b"), ("c", "d"))})
    refused("align.no_dictionary", two, "a", match="from c, d to a")
    refused("align.no_dictionary", two, "e", match="leads to e")


def test_edges_of_different_dimensions_none_and_to_itself_are_refused():
    one, other = Edge.of("a", "b", np.eye(2), np.eye(2)), Edge.of("b", "c", np.eye(3), np.eye(3))
    refused("align.dim_mismatch", [one, other], "a")
    refused("align.dim_mismatch", [], "a")
    refused("api.bad_type", [one, replace(one, target="a")], "a")


def test_a_start_that_lacks_a_language_or_has_another_shape_is_refused():
    edges = [Edge.of("a", "b", np.eye(2), np.eye(2))]
    refused("align.no_dictionary", edges, "a", start={"a": np.eye(2)}, match="for b")
    refused("api.bad_vector", edges, "a", start={"a": np.eye(2), "b": np.eye(3)})
    refused("api.bad_type", edges, "a", start=[np.eye(2)])


@pytest.mark.parametrize("sweeps", [0, -1, True, 1.5, None, "3"])
def test_sweeps_are_a_whole_number(sweeps):
    refused("api.bad_k", [Edge.of("a", "b", np.eye(2), np.eye(2))], "a", sweeps=sweeps)


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e300])
def test_N10_an_edge_of_what_cannot_be_summed_is_refused(bad):
    X = np.eye(2)
    X[1, 1] = bad
    with pytest.raises(AlignError) as raised, np.errstate(all="raise"):
        Edge.of("a", "b", X, np.array([[1.0, 0.0], [0.0, bad]]))
    assert raised.value.code == "align.nonfinite"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"source": None}, "api.bad_type"), ({"target": 3}, "api.bad_type"), ({"cross": None}, "api.bad_vector"),
        ({"cross": np.ones((2, 3))}, "api.bad_vector"), ({"cross": np.zeros((0, 0))}, "api.bad_vector"),
        ({"cross": np.full((2, 2), np.nan)}, "align.nonfinite"), ({"weight": np.inf}, "align.nonfinite"),
        ({"weight": 0.0}, "align.bad_weights"), ({"weight": -1}, "align.bad_weights"), ({"weight": "3"}, "align.bad_weights"),
        ({"n_pairs": -1}, "api.bad_type"), ({"n_pairs": 1.5}, "api.bad_type"), ({"n_pairs": True}, "api.bad_type"),
    ],
)  # fmt: skip
def test_an_edge_made_by_hand_is_checked(changed, code):
    right = {"source": "a", "target": "b", "cross": np.eye(2), "weight": 2.0, "n_pairs": 2}
    assert fit_joint([Edge(**right)], "a")["b"].residual == 0
    with pytest.raises(AlignError) as raised:
        Edge(**{**right, **changed})
    assert raised.value.code == code


def test_N10_edges_that_are_zero_or_cancel_one_another_are_refused():
    one, back = Edge.of("a", "b", np.eye(2), np.eye(2)), Edge.of("a", "b", np.eye(2), -np.eye(2))
    refused("align.no_signal", [one, back], "a")
    refused("align.no_signal", [replace(one, cross=np.zeros((2, 2)))], "a")


def test_A01_inputs_are_not_changed():
    _, sides = world(1, 4)
    start = {lang: np.eye(4) for lang in LANGS}
    before = [array.copy() for rows in sides.values() for array in rows]
    for array in [*start.values(), *(array for rows in sides.values() for array in rows)]:
        array.flags.writeable = False
    fit_joint(edges_of(sides), "a", start=start)
    assert all(
        np.array_equal(a, b) for a, b in zip(before, (array for rows in sides.values() for array in rows), strict=True)
    )
