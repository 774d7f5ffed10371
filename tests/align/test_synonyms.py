"""Laws of synonym against random: the AUC is a count over all pairs of pairs, and random pairs are what they are said to be."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from align import synonyms
from align.dictionary import WordPairs
from align.errors import AlignError, AlignmentError
from align.synonyms import _Auc, _random_pairs, evaluate_synonyms
from align.vectors import WordVectors

seeds = st.integers(0, 2**32 - 1)


def words(lang, matrix):
    return WordVectors(lang, [f"{lang}{i}" for i in range(len(matrix))], np.asarray(matrix, "f4"))


def of_rows(rows, source="en", target="en"):
    return [(f"{source}{i}", f"{target}{j}") for i, j in rows]


@given(seeds, st.integers(1, 12), st.integers(1, 30))
def test_the_auc_counts_pairs_of_pairs_as_often_as_their_weights_say(seed, n, m):
    rng = np.random.default_rng(seed)
    near, far, of = rng.integers(0, 5, n) / 5, rng.integers(0, 5, m) / 5, rng.integers(0, n, m)
    weights = rng.integers(0, 3, n)
    weights[of[0]] = 1
    won = total = 0.0
    for i in range(n):
        for j in range(m):
            weight = weights[i] * weights[of[j]]
            total += weight
            won += weight * (1.0 if near[i] > far[j] else 0.5 if near[i] == far[j] else 0.0)
    assert _Auc(near, far, of)(weights) == pytest.approx(won / total)


@given(seeds, st.booleans())
def test_random_pairs_are_of_similar_frequency_and_none_of_the_pairs(seed, within):
    rng = np.random.default_rng(seed)
    i, j = rng.integers(0, 500, 40), rng.integers(0, 300, 40)
    told = np.unique(np.minimum(i, j) * 300 + np.maximum(i, j) if within else i * 300 + j)
    left, right, fresh = _random_pairs(rng, i, j, (500, 300), told, within)
    assert fresh.all()
    for rows, drawn, n in ((i, left, 500), (j, right, 300)):
        assert ((rows // 2 <= drawn) & (drawn < np.minimum(np.maximum(2 * rows + 2, 10), n))).all()
    for a, b in zip(left.tolist(), right.tolist(), strict=True):
        assert (min(a, b) * 300 + max(a, b) if within else a * 300 + b) not in told
        assert not (within and a == b)


@given(seeds)
def test_the_figures_are_bounded_repeat_with_the_seed_and_ignore_order_and_direction(seed):
    rng = np.random.default_rng(seed)
    en, pairs = words("en", rng.standard_normal((60, 3))), of_rows(rng.integers(0, 60, (25, 2)))
    found = evaluate_synonyms(en, en, pairs)
    again = evaluate_synonyms(en, en, [pairs[at][:: rng.choice([1, -1])] for at in rng.permutation(25)])
    assert found == again
    assert 0 <= found.auc_low <= found.auc_high <= 1
    assert found.n_pairs <= 25
    assert found.n_random == 10 * found.n_pairs
    assert found.frame().row(0, named=True) == found.as_dict()
    assert evaluate_synonyms(en, en, pairs, seed=1).random_cosine != found.random_cosine


def test_one_rotation_of_both_sides_changes_nothing():
    rng = np.random.default_rng(3)
    X, Y = rng.standard_normal((2, 80, 4))
    turn, pairs = np.linalg.qr(rng.standard_normal((4, 4)))[0], of_rows(rng.integers(0, 80, (40, 2)), "en", "fr")
    before = evaluate_synonyms(words("en", X), words("fr", Y), pairs)
    after = evaluate_synonyms(words("en", X @ turn), words("fr", Y @ turn), pairs)
    assert (before.auc, before.pair_cosine) == pytest.approx((after.auc, after.pair_cosine), abs=1e-5)


def test_planted_synonyms_beat_random_pairs_and_pairs_of_chance_do_not():
    rng = np.random.default_rng(4)
    stems = rng.standard_normal((300, 10))
    en = words("en", np.vstack([stems, stems + 0.2 * rng.standard_normal(stems.shape)]))
    synonyms_ = evaluate_synonyms(en, en, of_rows([(i, i + 300) for i in range(300)]))
    assert synonyms_.auc > 0.99
    assert synonyms_.pair_cosine > 0.9 > synonyms_.random_cosine
    chance = evaluate_synonyms(en, en, of_rows([(i, (7 * i) % 299 + 300) for i in range(300)]))
    assert chance.auc_low < 0.5 < chance.auc_high


def test_a_rarity_that_all_rare_words_share_is_not_taken_for_meaning():
    """Rare words lie in one corner. Pairs of rare words at random are near each other, but no nearer than their like."""
    rng = np.random.default_rng(5)
    matrix = rng.standard_normal((2_000, 10))
    matrix[500:, 0] += 5
    en, pairs = words("en", matrix), of_rows(rng.integers(1_000, 2_000, (200, 2)))
    found = evaluate_synonyms(en, en, pairs)
    assert found.auc == pytest.approx(0.5, abs=0.06)
    i, j = rng.integers(0, 2_000, (2, 2_000))
    unit = matrix / np.linalg.norm(matrix, axis=1, keepdims=True)
    of_any_frequency = (unit[i] * unit[j]).sum(axis=1)
    assert (found.pair_cosine > of_any_frequency).mean() > 0.55


def test_translations_beat_random_pairs_in_the_shared_space_only(bilingual_world, bilingual_space):
    test = bilingual_world.test["en", "fr"]
    shared = evaluate_synonyms(bilingual_space.vectors("en"), bilingual_space.vectors("fr"), test)
    apart = evaluate_synonyms(bilingual_world.vectors["en"], bilingual_world.vectors["fr"], test)
    assert shared.auc > 0.99
    assert apart.auc_low < 0.7
    assert (shared.coverage, shared.n_pairs) == (1, len(test))


def test_the_interval_is_that_of_pairs_drawn_with_replacement():
    rng = np.random.default_rng(6)
    near, far, of = rng.normal(0.8, 1, 60), rng.normal(0, 1, 600), np.repeat(np.arange(60), 10)
    auc = _Auc(near, far, of)
    by_weights = [auc(weights) for weights in rng.multinomial(60, np.full(60, 1 / 60), 1_000)]
    by_rows = []
    for _ in range(1_000):
        at = rng.integers(0, 60, 60)
        by_rows.append((near[at][:, None] > far.reshape(60, 10)[at].reshape(-1)).mean())
    assert np.quantile(by_weights, [0.025, 0.975]) == pytest.approx(np.quantile(by_rows, [0.025, 0.975]), abs=0.015)


def test_what_has_no_vector_is_counted_and_spellings_of_one_word_tell_nothing():
    en = words("en", np.random.default_rng(7).standard_normal((30, 3)))
    pairs = [("en1", "en2"), ("EN2", "en1"), ("en3", "En3"), ("en4", "lost"), ("en5", "en6")]
    found = evaluate_synonyms(en, en, pairs)
    assert (found.n_pairs, found.n_same, found.n_covered, found.n_test_pairs, found.coverage) == (2, 1, 4, 5, 0.8)


def test_the_same_spelling_in_two_languages_is_a_pair():
    matrix = np.random.default_rng(8).standard_normal((30, 3))
    en, fr = (WordVectors(lang, [f"w{i}" for i in range(30)], matrix.astype("f4")) for lang in ("en", "fr"))
    found = evaluate_synonyms(en, fr, WordPairs("en", "fr", (("w1", "w1"), ("w2", "w2"))))
    assert (found.n_pairs, found.n_same, found.pair_cosine) == (2, 0, pytest.approx(1))


def test_pairs_that_do_not_fit_have_codes(monkeypatch):
    rng = np.random.default_rng(9)
    en, fr = words("en", rng.standard_normal((9, 3))), words("fr", rng.standard_normal((9, 3)))
    pairs = of_rows([(0, 1)], "en", "fr")
    wrong = [
        ((fr, en, WordPairs("en", "fr", pairs)), "dict.language"), ((en, words("fr", np.eye(2)), pairs), "align.dim_mismatch"),
        ((en, fr, "ab"), "api.bad_type"), ((en, None, pairs), "api.bad_type"), ((en, fr, [("a", "")]), "synonyms.bad_word"),
        ((en, fr, [("a", "b\u200b")]), "synonyms.bad_character"), ((en, fr, [None]), "synonyms.bad_word"),
        ((en, fr, []), "evaluate.no_pairs"), ((en, en, [("en1", "EN1")]), "evaluate.no_pairs"),
        ((words("en", [[1]]), words("fr", [[1]]), of_rows([(0, 0)], "en", "fr")), "synonyms.no_random"),
    ]  # fmt: skip
    for arguments, code in wrong:
        with pytest.raises(AlignError) as raised:
            evaluate_synonyms(*arguments)
        assert raised.value.code == code
    with pytest.raises(AlignError, match=r"evaluate\.bad_count"):
        evaluate_synonyms(en, fr, pairs, seed=1.5)
    with pytest.raises(AlignmentError, match="none of 2 .*1 unknown in en, 1 in fr"):
        evaluate_synonyms(en, fr, [("x", "fr1"), ("en1", "y")])
    monkeypatch.setattr(synonyms, "TRIES", 1)
    assert evaluate_synonyms(en, fr, pairs).n_random <= 10
