"""The laws that hold for every way to fit a map, each tried on all of them."""

from itertools import pairwise

import numpy as np
import pytest
import scipy.linalg
import scipy.spatial
from hypothesis import given

from align.errors import AlignmentError
from tests.align.aligners import ALIGNERS, PROCRUSTES, Found, those
from tests.align.planted import (
    any_pairs,
    deficient_pairs,
    dims,
    frozen,
    full_pairs,
    law,
    orthogonal,
    scales,
    seeds,
    unit,
)

pytestmark = pytest.mark.filterwarnings("error")


def every(aligners):
    return pytest.mark.parametrize("aligner", aligners, ids=lambda aligner: aligner.name)


def holds(aligner, check, *strategies):
    """`check` of as many examples as are asked for of this aligner."""
    law(aligner.examples)(given(*strategies)(check))()


def sides(aligner, pairs):
    """X and Y as this aligner takes them."""
    return (pairs.X, pairs.Y) if aligner.whole else frozen(unit(pairs.X), unit(pairs.Y))


def enough(aligner, **more):
    """Pairs that determine the map; where it looks among words, so many that a word is nearest to its own translation."""
    words = {} if aligner.whole else {"least": 8, "each": 8, "noise": 0.03}
    return full_pairs(**{"most": aligner.most, **words, **more})


def apart(one, other):
    """The largest difference between what two fits found."""
    return max(np.abs(one.source - other.source).max(), np.abs(one.target - other.target).max())


@every(those(orthogonal=True))
def test_N01_the_map_of_any_pairs_is_orthogonal_before_and_after_the_cast_or_they_hold_no_signal(aligner):
    def check(pairs):
        try:
            found = aligner(*sides(aligner, pairs))
        except AlignmentError as error:
            assert error.code == "align.no_signal"
            assert not (aligner.whole and pairs.X.any() and pairs.Y.any())
            return
        assert found.source.dtype == np.float64
        assert found.rotation.orthogonality_error <= 1e-12
        cast = found.source.astype("f4")
        assert np.abs(cast.T @ cast - np.eye(pairs.dim)).max() <= 1e-6
        assert found.rotation.determinant == round(np.linalg.det(found.source))
        assert found.rotation.determinant in aligner.determinants

    holds(aligner, check, any_pairs())


@every(those(orthogonal=True, whole=True))
def test_N02_pairs_that_do_not_determine_the_map_are_told(aligner):
    def check(pairs):
        found = aligner(pairs.X, pairs.Y)
        assert (found.rotation.rank, found.rotation.underdetermined) == (pairs.rank, True)

    holds(aligner, check, deficient_pairs())


@every(those(orthogonal=True, whole=True))
def test_N03_what_too_few_pairs_do_determine_depends_on_neither_order_nor_noise(aligner):
    def check(pairs):
        order = pairs.rng.permutation(len(pairs.X))
        shaken = pairs.Y + 1e-13 * pairs.rng.standard_normal(pairs.Y.shape)
        one, other = aligner(pairs.X, pairs.Y), aligner(pairs.X[order], shaken[order])
        if aligner.determinants == (1, -1):
            assert np.abs(pairs.X @ one.source - pairs.Y).max() <= 1e-8 * np.sqrt(pairs.dim)
        assert np.abs(pairs.X @ (one.source - other.source)).max() <= 1e-8 * np.sqrt(pairs.dim)

    holds(aligner, check, deficient_pairs())


@every(ALIGNERS)
def test_N04_the_order_of_the_pairs_changes_nothing(aligner):
    def check(pairs):
        X, Y = sides(aligner, pairs)
        order = pairs.rng.permutation(len(X))
        assert apart(aligner(X[order], Y[order], (X, Y)), aligner(X, Y)) <= aligner.tolerance * np.sqrt(pairs.dim)

    holds(aligner, check, enough(aligner))


@every(those(whole=True))
def test_N04_the_scale_of_a_side_changes_nothing(aligner):
    def check(pairs, by_X, by_Y):
        if aligner.name == "l1":
            by_Y = by_X  # absolute differences want both sides of one size
        there = aligner(pairs.X * by_X, pairs.Y * by_Y)
        here = aligner(pairs.X, pairs.Y)
        assert apart(there, here) <= aligner.tolerance * np.sqrt(pairs.dim)

    holds(aligner, check, enough(aligner), scales, scales)


@every(those(repeats=True))
def test_N04_every_pair_given_twice_changes_nothing(aligner):
    def check(pairs):
        twice = aligner(np.vstack([pairs.X, pairs.X]), np.vstack([pairs.Y, pairs.Y]))
        assert apart(twice, aligner(pairs.X, pairs.Y)) <= aligner.tolerance * np.sqrt(pairs.dim)

    holds(aligner, check, enough(aligner))


@every(those(recovers=True))
def test_N05_a_planted_turn_is_recovered(aligner):
    def check(pairs):
        X, Y = sides(aligner, pairs)
        found = aligner(X, Y)
        assert np.abs(X @ found.source - Y @ found.target).max() <= aligner.tolerance * np.sqrt(pairs.dim)
        if aligner.orthogonal:
            assert np.abs(found.source - pairs.Q).max() <= aligner.tolerance * np.sqrt(pairs.dim)

    holds(aligner, check, enough(aligner, noise=0.0, determinant=1 if aligner.determinants == (1,) else None))


@every(ALIGNERS)
def test_N06_another_driver_of_lapack_and_other_signs_of_its_vectors_give_the_same_map(aligner):
    def check(pairs):
        def driver(A, *given, **more):
            U, S, Vt = scipy.linalg.svd(A, lapack_driver="gesvd")
            signs = pairs.rng.choice([-1, 1], len(S))
            return (U * signs).astype(A.dtype), S.astype(A.dtype), (signs[:, None] * Vt).astype(A.dtype)

        X, Y = sides(aligner, pairs)
        found = aligner(X, Y)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(np.linalg, "svd", driver)
            assert apart(aligner(X, Y), found) <= aligner.tolerance * np.sqrt(pairs.dim)

    holds(aligner, check, enough(aligner))


@every(those(turns=True))
def test_N07_turning_a_side_turns_the_map(aligner):
    def check(pairs):
        X, Y = sides(aligner, pairs)
        R, S = (orthogonal(pairs.rng, pairs.dim, 1) for _ in range(2))
        here, there = aligner(X, Y), aligner(X @ R, Y @ S)
        back = Found(R @ there.source @ S.T, S @ there.target @ S.T)
        assert apart(back, here) <= aligner.tolerance * np.sqrt(pairs.dim)

    holds(aligner, check, enough(aligner))


@every(those(transposes=True))
def test_N07_the_way_back_is_the_transpose(aligner):
    def check(pairs):
        X, Y = sides(aligner, pairs)
        error = np.abs(aligner(Y, X).source - aligner(X, Y).source.T).max()
        assert error <= aligner.tolerance * np.sqrt(pairs.dim)

    holds(aligner, check, enough(aligner, noise=0.03))


@every(those(orthogonal=True))
def test_N07_a_language_onto_itself_and_what_was_mapped_onto_its_target_stay_where_they_are(aligner):
    def check(pairs):
        X, Y = sides(aligner, pairs)
        assert np.abs(aligner(X, X).source - np.eye(pairs.dim)).max() <= aligner.tolerance
        mapped = X @ aligner(X, Y).source
        assert np.abs(aligner(mapped, Y).source - np.eye(pairs.dim)).max() <= aligner.tolerance * np.sqrt(pairs.dim)

    holds(aligner, check, enough(aligner, noise=0.03))


@law()
@given(seeds, dims)
def test_N07_four_maps_in_a_row_are_orthogonal_in_float32(seed, dim):
    rng = np.random.default_rng(seed)
    clouds = rng.standard_normal((5, 2 * dim + 4, dim))
    way = [PROCRUSTES(X, Y).source.astype("f4") for X, Y in pairwise(clouds)]
    through = np.linalg.multi_dot(way)
    assert through.dtype == np.float32
    assert np.abs(through.T.astype("f8") @ through - np.eye(dim)).max() <= 1e-6


@every(those(orthogonal=True))
def test_N08_distances_cosines_and_the_order_of_neighbours_within_a_language_stay(aligner):
    def check(pairs):
        X, Y = sides(aligner, pairs)
        before = unit(X).astype("f4")
        after = before @ aligner(X, Y).source.astype("f4")
        cosines, mapped = before @ before.T, after @ after.T
        assert np.abs(mapped - cosines).max() <= 2e-6
        assert np.abs(scipy.spatial.distance.pdist(after) - scipy.spatial.distance.pdist(before)).max() <= 2e-5
        ordered = np.sort(cosines, axis=1)
        clear = np.diff(ordered, axis=1).min(axis=1) > 1e-5  # N17: below this the order is up to rounding
        assert np.array_equal(cosines[clear].argsort(axis=1), mapped[clear].argsort(axis=1))

    holds(aligner, check, enough(aligner))


@every([one for one in ALIGNERS if one.smallest])
def test_N09_no_other_map_is_better_than_the_one_found_and_it_is_within_the_noise(aligner):
    def check(pairs):
        X, Y = pairs.X, pairs.Y
        found = aligner(X, Y)
        rivals = [orthogonal(pairs.rng, pairs.dim, 1 if aligner.determinants == (1,) else None) for _ in range(50)]
        if pairs.dim > 1:  # in one dimension there are two maps, and a robust fit may take either for noise
            reached = aligner.smallest(X, Y, found.source, found)
            assert reached <= min(aligner.smallest(X, Y, W, found) for W in rivals) * (1 + 1e-9)
        if np.linalg.det(pairs.Q) > 0 or aligner.determinants == (1, -1):
            reached, planted = (aligner.smallest(X, Y, W, found) for W in (found.source, pairs.Q))
            assert reached <= planted * (1 + 1e-5)

    holds(aligner, check, enough(aligner, noise=0.1))


@every(ALIGNERS)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("side", ["X", "Y"])
def test_N10_a_number_that_is_not_finite_is_refused_with_its_row(aligner, bad, side):
    rng = np.random.default_rng(0)
    given = {name: unit(rng.standard_normal((9, 4))) for name in ("X", "Y")}
    words = tuple(given.values())
    given[side] = given[side].copy()
    given[side][5, 2] = bad
    with pytest.raises(AlignmentError, match=rf"row 5 of {side}.*align\.nonfinite"):
        aligner(given["X"], given["Y"], words)


@every(ALIGNERS)
def test_N10_no_pairs_zeros_and_sides_that_have_nothing_to_do_with_each_other_are_refused(aligner):
    words = np.eye(4), np.eye(4)
    apart = np.diag([1.0, 0, 0, 0]), np.diag([0, 1.0, 0, 0])
    for X, Y in ((np.zeros((4, 4)), np.eye(4)), (np.eye(4), np.zeros((4, 4))), (np.zeros((0, 4)),) * 2, apart):
        with pytest.raises(AlignmentError, match=r"align\.no_signal"):
            aligner(X, Y, words)


@every(those(whole=True))
@pytest.mark.parametrize("scale", [1e30, 1e-30])
def test_N10_float32_does_not_overflow_as_its_products_would(aligner, scale):
    X = np.random.default_rng(1).standard_normal((20, 5))
    Q = orthogonal(np.random.default_rng(2), 5, 1)
    here, there = (aligner((X * by).astype("f4"), (X @ Q * by).astype("f4")) for by in (1.0, scale))
    assert apart(here, there) <= 2e-5


@every([one for one in those(whole=True) if one.name not in ("robust", "l1")])  # these two look at the average pair
def test_N11_a_pair_of_zeros_changes_nothing(aligner):
    def check(pairs):
        with_zeros = [np.vstack([side, np.zeros((1, pairs.dim))]) for side in (pairs.X, pairs.Y)]
        assert apart(aligner(*with_zeros), aligner(pairs.X, pairs.Y)) <= aligner.tolerance * np.sqrt(pairs.dim)

    holds(aligner, check, enough(aligner))


@every(ALIGNERS)
def test_N20_equal_pairs_give_an_equal_map_bit_for_bit_and_in_any_layout_the_same(aligner):
    def check(pairs):
        X, Y = (np.asarray(side, dtype="f4") for side in sides(aligner, pairs))
        found, again = aligner(X, Y), aligner(X, Y)
        assert apart(found, again) == 0
        lying = [np.asfortranarray(np.repeat(side, 2, axis=1))[:, ::2] for side in (X, Y)]
        for one, other in (lying, (X.astype(">f4"), Y.astype("f8"))):
            assert apart(aligner(one, other, (X, Y)), found) <= aligner.tolerance * np.sqrt(pairs.dim)

    holds(aligner, check, enough(aligner))
