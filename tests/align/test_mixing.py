"""Laws of language mixing: a plain loop is the oracle, a planted world has two islands before and one cloud after."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from align import mixing
from align.errors import AlignError
from align.mixing import language_mixing, mixing_of
from align.procrustes import Rotation
from align.vectors import WordVectors

seeds = st.integers(0, 2**32 - 1)


def words(lang, matrix):
    return WordVectors(lang, [f"{lang}{i}" for i in range(len(matrix))], np.asarray(matrix, "f4"))


def turn(rng, dim):
    return Rotation(np.linalg.qr(rng.standard_normal((dim, dim)))[0], dim, dim, 0.0, 1.0)


def plain(X, Y, k):
    """(share, alone) by a loop over the pooled rows, no two of them equally near."""
    rows = [(x, "x") for x in X.astype("f8")] + [(y, "y") for y in Y.astype("f8")]
    rows = [(row / np.linalg.norm(row), side) for row, side in rows]
    shares = []
    for i, (row, side) in enumerate(rows):
        others = sorted(((-row @ other, their) for j, (other, their) in enumerate(rows) if j != i))[:k]
        shares.append(sum(their != side for _, their in others) / len(others))
    return np.mean(shares), np.mean([share == 0 for share in shares])


@given(seeds, st.integers(1, 9), st.integers(1, 9), st.integers(1, 12))
def test_before_and_after_are_those_of_a_plain_loop(seed, n, m, k):
    rng = np.random.default_rng(seed)
    X, Y, by_x, by_y = rng.standard_normal((n, 4)), rng.standard_normal((m, 4)), turn(rng, 4), turn(rng, 4)
    found = mixing_of(words("en", X @ by_x.matrix), words("fr", Y @ by_y.matrix), by_x, by_y, k=k)
    assert (found.before, found.alone_before) == pytest.approx(plain(X, Y, k))
    assert (found.after, found.alone_after) == pytest.approx(plain(X @ by_x.matrix, Y @ by_y.matrix, k))
    assert (found.k, found.n_source, found.n_target) == (min(k, n + m - 1), n, m)
    assert found.expected == pytest.approx(2 * n * m / ((n + m) * (n + m - 1)))


@given(seeds, st.integers(1, 5))
def test_the_order_of_the_languages_and_a_common_rotation_change_nothing(seed, k):
    rng = np.random.default_rng(seed)
    X, Y, by, common = rng.standard_normal((8, 3)), rng.standard_normal((6, 3)), turn(rng, 3), turn(rng, 3)
    one = Rotation.identity(3)
    found = mixing_of(words("en", X), words("fr", Y @ by.matrix), one, by, k=k)
    back = mixing_of(words("fr", Y @ by.matrix), words("en", X), by, one, k=k)
    both = Rotation(by.matrix @ common.matrix, 3, 3, 0.0, 1.0)
    turned = mixing_of(words("en", X @ common.matrix), words("fr", Y @ both.matrix), common, both, k=k)
    for other in (back, turned):
        assert (other.before, other.after, other.expected) == pytest.approx((found.before, found.after, found.expected))


def test_two_islands_before_and_one_cloud_after(bilingual_space, bilingual_world):
    """Clouds that are the same word by word: of ten neighbours one is the translation, the others come in pairs."""
    found = language_mixing(bilingual_space, "en", "fr")
    assert found.after == pytest.approx(0.55, abs=0.02)
    assert found.before < found.after
    assert found.alone_after == 0
    assert language_mixing(bilingual_space, "en", "fr", k=1).after > 0.99
    raw = words("en", bilingual_world.vectors["en"].matrix), words("fr", bilingual_world.vectors["fr"].matrix)
    one = Rotation.identity(raw[0].dim)
    apart = mixing_of(*raw, one, one)
    assert found.before == pytest.approx(apart.after, abs=0.1)  # normalisation aside
    assert (found.n_source, found.n_target, found.k) == (240, 240, 10)


def test_clouds_at_opposite_ends_do_not_mix_and_random_ones_mix_as_expected():
    rng = np.random.default_rng(1)
    one, cloud = Rotation.identity(5), 0.2 * rng.standard_normal((2, 60, 5))
    islands = mixing_of(words("en", cloud[0] + 1), words("fr", cloud[1] - 1), one, one)
    assert (islands.before, islands.after, islands.alone_after) == (0, 0, 1)
    mixed = mixing_of(words("en", cloud[0]), words("fr", cloud[1][:30]), one, one)
    assert mixed.after == pytest.approx(mixed.expected, abs=0.05)


def test_words_that_tie_for_the_last_place_share_it():
    same = np.ones((3, 2))
    found = mixing_of(words("en", same), words("fr", same[:2]), Rotation.identity(2), Rotation.identity(2), k=2)
    assert found.after == pytest.approx(found.expected)


@given(seeds, st.integers(1, 6))
def test_blocks_do_not_matter_and_only_frequent_words_count(seed, block):
    rng = np.random.default_rng(seed)
    X, Y, by = rng.standard_normal((9, 3)), rng.standard_normal((9, 3)), turn(rng, 3)
    whole = mixing_of(words("en", X), words("fr", Y), by, by, k=3, frequent=6)
    assert whole == mixing_of(words("en", X[:6]), words("fr", Y[:6]), by, by, k=3)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mixing, "BLOCK_BYTES", block * 12 * 4)
        cut = mixing_of(words("en", X), words("fr", Y), by, by, k=3, frequent=6)
    assert (cut.before, cut.after) == pytest.approx((whole.before, whole.after))
    assert whole.frame().row(0, named=True) == whole.as_dict()


def test_languages_and_rotations_that_do_not_fit_have_codes(bilingual_space):
    en, fr, one = words("en", np.eye(3)), words("fr", np.eye(3)), Rotation.identity(3)
    skewed = Rotation(np.ones((3, 3)), 3, 3, 0.0, 1.0)
    wrong = [
        (lambda: mixing_of(en, en, one, one), "evaluate.same_language"),
        (lambda: mixing_of(en, words("fr", np.eye(2)), one, one), "align.dim_mismatch"),
        (lambda: mixing_of(en, fr, one, Rotation.identity(2)), "align.dim_mismatch"),
        (lambda: mixing_of(en, fr, one, skewed), "space.corrupt"), (lambda: mixing_of(en, fr, one, np.eye(3)), "api.bad_type"),
        (lambda: mixing_of(en, fr, one, one, k=0), "api.bad_k"), (lambda: mixing_of(en, fr, one, one, frequent=0), "evaluate.bad_count"),
        (lambda: language_mixing(bilingual_space, "en", "it"), "space.no_language"),
        (lambda: language_mixing(bilingual_space, "en", "en"), "evaluate.same_language"),
        (lambda: language_mixing(None, "en", "fr"), "api.bad_type"),
    ]  # fmt: skip
    for deed, code in wrong:
        with pytest.raises(AlignError) as raised:
            deed()
        assert raised.value.code == code
