"""Laws of the comparison of two spaces."""

from dataclasses import replace
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from align.compare import compare, compare_outcomes, mcnemar
from align.dictionary import WordPairs
from align.errors import AlignError, InputError
from align.evaluate import evaluate_translation, translation_outcomes
from align.fit import fit
from align.vectors import WordVectors
from align.word_retrieval import WordRetrieval

seeds = st.integers(0, 2**32 - 1)


class Plain:
    """A space that is no SharedSpace: en and fr, no hubs."""

    def __init__(self, source, target):
        self.held = {"en": source, "fr": target}

    def vectors(self, lang):
        if lang not in self.held:
            raise InputError("space.no_language", f"no {lang}")
        return self.held[lang]

    def retrieval(self, source, target):
        ours, theirs = self.held[source], self.held[target]
        return WordRetrieval(ours.matrix, theirs.matrix, np.zeros(len(theirs), "f4"))


def judged(right, words=None, lang="en", seen=None):
    """Outcomes in which the words with `right` come first and the others second; of `seen` only, if given."""
    words = words or [f"w{i}" for i in range(len(right))]
    table = np.where(np.asarray(right, bool)[:, None], [[1.0, 0.0]], [[0.0, 1.0]]).astype("f4")
    source, target = WordVectors(lang, words, np.ones((len(words), 1))), WordVectors("fr", ["gold", "other"], np.eye(2))
    pairs = WordPairs(lang, "fr", tuple((word, "gold") for word in (words if seen is None else seen)))
    return translation_outcomes(source, target, pairs, lambda rows: table[rows], retrieval="table")


def two(only_a, only_b, both, neither):
    """Outcomes of a and b with these counts."""
    a = [1] * only_a + [0] * only_b + [1] * both + [0] * neither
    b = [0] * only_a + [1] * only_b + [1] * both + [0] * neither
    return judged(a), judged(b)


@given(st.integers(0, 40), st.integers(0, 40))
def test_the_p_value_is_the_exact_tail_of_a_fair_coin(a, b):
    n = a + b
    as_uneven = sum(comb(n, k) for k in range(n + 1) if abs(2 * k - n) >= abs(a - b))
    assert mcnemar(a, b) == pytest.approx(as_uneven / 2**n)
    assert mcnemar(a, b) == mcnemar(b, a)


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=40))
def test_the_counts_equal_a_loop_and_the_bounds_hold_the_difference(outcomes):
    found = compare_outcomes(judged([a for a, _ in outcomes]), judged([b for _, b in outcomes]))
    n = len(outcomes)
    assert (found.n_words, found.n_only_a) == (n, sum(a and not b for a, b in outcomes))
    assert found.n_only_b == sum(b and not a for a, b in outcomes)
    assert found.difference == pytest.approx(found.precision_at_1_a - found.precision_at_1_b)
    assert found.precision_at_1_a == pytest.approx(sum(a for a, _ in outcomes) / n)
    assert -1 <= found.difference_low <= found.difference <= found.difference_high <= 1


@given(st.integers(0, 30), st.integers(0, 30), st.integers(0, 30), st.integers(1, 30))
def test_the_other_way_round_the_difference_changes_its_sign(only_a, only_b, both, neither):
    a, b = two(only_a, only_b, both, neither)
    there, back = compare_outcomes(a, b), compare_outcomes(b, a)
    assert (there.difference, there.n_only_a, there.p_value) == (-back.difference, back.n_only_b, back.p_value)
    assert (there.precision_at_1_a, there.precision_at_1_b) == (back.precision_at_1_b, back.precision_at_1_a)


def test_the_interval_is_that_of_words_drawn_with_replacement_in_pairs():
    a, b = two(40, 15, 60, 85)
    found = compare_outcomes(a, b)
    gain, rng = (a.best == 1).astype(int) - (b.best == 1), np.random.default_rng(1)
    differences = gain[rng.integers(0, 200, (20_000, 200))].mean(axis=1)
    assert (found.difference_low, found.difference_high) == pytest.approx(
        np.quantile(differences, [0.025, 0.975]), abs=0.012
    )
    assert compare_outcomes(a, b) == found
    assert len({compare_outcomes(a, b, seed=seed).difference_low for seed in range(6)}) > 1


def test_the_interval_covers_the_true_difference_about_19_times_in_20():
    rng = np.random.default_rng(3)
    a, b = two(0, 0, 1, 399)
    held = []
    for only_a, only_b, _ in rng.multinomial(400, [0.12, 0.07, 0.81], 250):
        ranks_a, ranks_b = np.full(400, 2), np.full(400, 2)
        ranks_a[:only_a], ranks_b[only_a : only_a + only_b] = 1, 1
        found = compare_outcomes(replace(a, ranks=ranks_a), replace(b, ranks=ranks_b))
        held.append(found.difference_low <= 0.05 <= found.difference_high)
    assert 0.91 <= np.mean(held) <= 0.98


def test_a_space_equals_itself_and_shows_its_own_precision(bilingual_space, bilingual_world):
    test = bilingual_world.test["fr", "de"]
    row = compare(bilingual_space, bilingual_space, test).row(0, named=True)
    assert (row["difference"], row["difference_low"], row["difference_high"], row["p_value"]) == (0, 0, 0, 1)
    alone = bilingual_space.evaluate(test).row(0, named=True)
    assert (row["precision_at_1_a"], row["n_words"]) == (alone["precision_at_1"], alone["n_words"])
    assert (row["retrieval_a"], row["candidates_b"]) == (alone["retrieval"], alone["candidates"])


def test_a_map_from_many_pairs_beats_one_from_few(bilingual_world):
    en, fr, train = bilingual_world.vectors["en"], bilingual_world.vectors["fr"], bilingual_world.train["en", "fr"]
    few = fit([en, fr], [WordPairs("en", "fr", train.pairs[:8])], method="procrustes", allow_rank_deficient=True)
    many = fit([en, fr], [train], method="procrustes")
    row = compare(many, few, bilingual_world.test["en", "fr"]).row(0, named=True)
    assert row["n_only_a"] > 10
    assert row["difference_low"] > 0
    assert row["p_value"] < 0.01


@given(seeds)
def test_the_order_of_the_test_list_changes_nothing(seed):
    rng = np.random.default_rng(seed)
    spaces = []
    for _ in range(2):
        en = WordVectors("en", [f"e{i}" for i in range(12)], rng.standard_normal((12, 3)))
        spaces.append(Plain(en, WordVectors("fr", [f"f{i}" for i in range(15)], rng.standard_normal((15, 3)))))
    pairs = [(f"e{i}", f"f{j}") for i, j in rng.integers(0, 12, (20, 2))]
    shuffled = [pairs[i] for i in rng.permutation(20)]
    there, again = (compare(*spaces, WordPairs("en", "fr", tuple(p))) for p in (pairs, shuffled))
    assert there.equals(again)
    for space, column in zip(spaces, ("precision_at_1_a", "precision_at_1_b"), strict=True):
        sides = space.vectors("en"), space.vectors("fr")
        alone = evaluate_translation(*sides, space.retrieval("en", "fr").hubness, WordPairs("en", "fr", tuple(pairs)))
        assert there[column].item() == alone.precision_at_1


def test_only_words_that_both_cover_are_compared_however_they_are_written():
    """a: Cat wrong, dog right, owl right; b, of other rows: dog right, cat right."""
    a, b = judged([0, 1, 1], ["Cat", "dog", "owl"]), judged([1, 1], ["dog", "cat"])
    for left, right, only in ((a, b, (0, 1)), (b, a, (1, 0))):
        found = compare_outcomes(left, right)
        assert (found.n_words, found.n_only_a, found.n_only_b) == (2, *only)


def test_words_that_differ_in_case_alone_are_matched_one_to_one():
    cased = judged([1, 0], ["Polish", "polish"])
    assert compare_outcomes(cased, cased).n_words == 2
    lower = judged([1], ["polish"])
    found = compare_outcomes(cased, lower), compare_outcomes(lower, cased)
    assert [(f.n_words, f.n_only_a, f.n_only_b) for f in found] == [(1, 0, 1), (1, 1, 0)]
    two_forms = judged([1, 0], ["POLISH", "Polish"], seen=["POLISH", "Polish"])
    with pytest.raises(AlignError, match=r"evaluate\.no_pairs"):  # which of the two forms it is cannot be told
        compare_outcomes(two_forms, lower)


def test_no_word_of_both_and_other_languages_have_codes(bilingual_space, bilingual_world):
    with pytest.raises(AlignError, match=r"a covers 1 test words, b 2.*evaluate\.no_pairs"):
        compare_outcomes(judged([1], ["x"]), judged([1, 0]))
    with pytest.raises(AlignError, match=r"a is en-fr, b de-fr.*dict\.language"):
        compare_outcomes(judged([1]), judged([1], lang="de"))
    two_languages = fit(
        [bilingual_world.vectors["en"], bilingual_world.vectors["fr"]], [bilingual_world.train["en", "fr"]]
    )
    test = bilingual_world.test["en", "de"]
    with pytest.raises(AlignError, match=r"space_b does not hold both en and de.*space\.no_language"):
        compare(bilingual_space, two_languages, test)
    with pytest.raises(AlignError, match=r"space_a does not hold both en and de.*space\.no_language"):
        compare(two_languages, bilingual_space, test)


@pytest.mark.parametrize("wrong", [None, "x", 1, True, float("nan"), np.zeros((2, 2)), [], {}, max, b"x", 10**400])
def test_wrong_arguments_have_codes(bilingual_space, bilingual_world, wrong):
    right = {"space_a": bilingual_space, "space_b": bilingual_space, "test_pairs": bilingual_world.test["en", "fr"]}
    for name in right:
        with pytest.raises(AlignError, match=r"api\.bad_type"):
            compare(**{**right, name: wrong})
    a, b = two(1, 1, 1, 1)
    for pair in ((a, wrong), (wrong, b)):
        with pytest.raises(AlignError, match=r"api\.bad_type"):
            compare_outcomes(*pair)
    if type(wrong) is not int or wrong > 2**62:  # 1 is a seed and a count
        for deed in (lambda: compare(**right, seed=wrong), lambda: compare_outcomes(a, b, seed=wrong), lambda: mcnemar(1, wrong), lambda: mcnemar(wrong, 1)):  # fmt: skip
            with pytest.raises(AlignError, match=r"evaluate\.bad_count"):
                deed()


def test_a_space_that_gives_no_word_vectors_is_refused(bilingual_space, bilingual_world):
    liar = Plain(None, None)
    with pytest.raises(AlignError, match=r"space_b\.vectors\(en\).*api\.bad_type"):
        compare(bilingual_space, liar, bilingual_world.test["en", "fr"])
