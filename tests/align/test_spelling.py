"""Laws of spelling as evidence for translation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from align import spelling
from align.errors import InputError
from align.plain_form import plain_form
from align.spelling import WEIGHTS, Spelling, fit_spelling, fit_weight, spelling_similarity
from align.transliteration import Transliteration

WORD = st.text("abcéñß東дй", max_size=7)


def distance(a, b):
    row = list(range(len(b) + 1))
    for i, left in enumerate(a, 1):
        before, row = row, [i]
        for j, right in enumerate(b, 1):
            row.append(min(before[j] + 1, row[-1] + 1, before[j - 1] + (left != right)))
    return row[-1]


def random_words(rng, n):
    letters = np.array(list("abcdefghijklmnop"))[rng.integers(0, 16, (n, 8))]
    return ["".join(row[:length]) for row, length in zip(letters, rng.integers(3, 9, n), strict=True)]


def noisy_scores(rng, gold, m, shift=1.0):
    """(n, m) normal noise of 0.3, the gold target `shift` higher, as CSLS scores look."""
    scores = 0.3 * rng.standard_normal((len(gold), m))
    scores[np.arange(len(gold)), gold] += shift
    return scores.astype("f4")


@pytest.fixture
def cognates():
    """(scores, similarity, gold) of 120 words among 400 targets; every second is spelled like its translation."""
    rng = np.random.default_rng(5)
    targets, sources = random_words(rng, 400), random_words(rng, 120)
    gold = rng.permutation(400)[:120]
    for i in range(0, 120, 2):
        sources[i] = targets[gold[i]] + "x"
    return noisy_scores(rng, gold, 400, 0.6), spelling_similarity(sources, targets), list(gold[:, None])


@given(st.lists(WORD, max_size=5), st.lists(WORD, max_size=5))
def test_similarity_is_the_cube_of_a_plain_levenshtein_loop(sources, targets):
    found = spelling_similarity(sources, targets)
    assert found.shape == (len(sources), len(targets))
    assert found.dtype == np.float32
    for i, a in enumerate(map(plain_form, sources)):
        for j, b in enumerate(map(plain_form, targets)):
            assert abs(found[i, j] - (1 - distance(a, b) / max(len(a), len(b), 1)) ** 3) < 1e-6
    assert np.array_equal(found, spelling_similarity(targets, sources).T)


def test_blocks_change_nothing(monkeypatch, cognates):
    rng = np.random.default_rng(0)
    sources, targets = random_words(rng, 40), random_words(rng, 30)
    whole, fit = spelling_similarity(sources, targets), fit_weight(*cognates)
    monkeypatch.setattr(spelling, "BLOCK_BYTES", 4 * 30 * 7)
    assert np.array_equal(spelling_similarity(sources, targets), whole)
    assert fit_weight(*cognates) == fit


def test_cognates_raise_precision_and_nobody_else_loses(cognates):
    fit = fit_weight(*cognates)
    at = WEIGHTS.index(fit.weight)
    assert fit.n_alike == 60
    assert fit.precision_at_1_alike[at] > fit.precision_at_1_alike[0] + 0.3
    assert fit.precision_at_1_rest[at] >= fit.precision_at_1_rest[0]
    assert fit.p_value < 1e-6


def test_hits_equal_a_plain_loop_and_ties_count_against_the_gold_word(cognates):
    scores, similarity, gold = cognates
    scores, similarity = scores.round(1), similarity.round(1)  # with many ties
    gold = [np.append(rows, [(rows[0] + 1) % 400]) for rows in gold]
    fit = fit_weight(scores, similarity, gold)
    ties = 0
    for weight, hits in zip(fit.weights, fit.hits, strict=True):
        right = 0
        for s, d, rows in zip(scores, similarity, gold, strict=True):
            both = s + np.float32(weight) * d
            others = np.delete(both, rows).max()
            right += both[rows].max() > others
            ties += both[rows].max() == others
        assert hits == right
    assert ties > 0


def test_p_value_is_the_exact_mcnemar_test():
    scores = np.zeros((12, 3), "f4")
    scores[:, 1] = 0.01  # at weight 0 always wrong but for the last, where spelling then speaks for another
    similarity = np.tile(np.array([1, 0, 0], "f4"), (12, 1))
    gold = [np.array([0])] * 11 + [np.array([1])]
    scores[11, 1] = 0.02
    fit = fit_weight(scores, similarity, gold)
    assert fit.weight == 0  # the last word is not spelled alike, and would be lost
    fit = fit_weight(scores[:11], similarity[:11], gold[:11])
    assert fit.weight == 0.05
    assert fit.p_value == pytest.approx(binomtest(11, 11).pvalue)


@pytest.mark.parametrize(("n", "weight"), [(5, 0.0), (6, 0.05)])
def test_a_gain_that_may_be_chance_is_no_gain(n, weight):
    fit = fit_weight(np.zeros((n, n), "f4"), np.eye(n, dtype="f4"), list(np.arange(n)[:, None]))
    assert fit.hits[1] == n
    assert fit.weight == weight  # 2 / 2⁵ is above 0.05, 2 / 2⁶ is below


def test_random_strings_are_given_no_weight():
    given_weight = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        gold = rng.integers(0, 300, 100)
        similarity = spelling_similarity(random_words(rng, 100), random_words(rng, 300))
        given_weight += fit_weight(noisy_scores(rng, gold, 300, 0.8), similarity, list(gold[:, None])).weight > 0
    assert given_weight <= 1


def test_a_list_full_of_names_does_not_outvote_the_other_words():
    """200 names that only weight 2 finds, 20 words that any weight above 0.3 spoils by a false friend."""
    n_names, n_words = 200, 20
    n = n_names + n_words
    scores, similarity = np.zeros((n, n + 1), "f4"), np.zeros((n, n + 1), "f4")
    names, others = np.arange(n_names), np.arange(n_names, n)
    similarity[names, names] = 1
    scores[names, n] = np.where(names < 100, 0.1, 1.8)
    scores[others, others] = 0.4
    similarity[others, n] = 1
    fit = fit_weight(scores, similarity, list(np.arange(n)[:, None]))
    assert np.argmax(fit.hits) == WEIGHTS.index(2.0)
    assert fit.weight == 0.2
    assert fit.precision_at_1_rest[WEIGHTS.index(2.0)] == 0


def test_among_weights_that_do_alike_the_smallest_is_taken():
    n = 100
    scores, similarity = np.zeros((n, n + 1), "f4"), np.eye(n, n + 1, dtype="f4")
    scores[:, n] = np.where(np.arange(n) < 99, 0.25, 0.6)  # 0.3 finds 99, 0.7 one more: within one standard error
    assert fit_weight(scores, similarity, list(np.arange(n)[:, None])).weight == 0.3
    scores[90:, n] = 0.6  # 0.7 finds ten more
    assert fit_weight(scores, similarity, list(np.arange(n)[:, None])).weight == 0.7


def test_the_order_of_words_and_of_targets_does_not_matter(cognates):
    scores, similarity, gold = cognates
    rng = np.random.default_rng(9)
    rows, columns = rng.permutation(len(scores)), rng.permutation(scores.shape[1])
    at = np.argsort(columns)
    turned = fit_weight(scores[rows][:, columns], similarity[rows][:, columns], [at[gold[i]] for i in rows])
    assert turned == fit_weight(scores, similarity, gold)


def test_a_cipher_is_worth_as_much_as_the_plain_words():
    rng = np.random.default_rng(6)
    targets, gold = random_words(rng, 400), rng.permutation(400)[:80]
    sources = [
        targets[g] if i % 2 else word for i, (g, word) in enumerate(zip(gold, random_words(rng, 80), strict=True))
    ]
    train = [(word, word if i % 3 == 0 else other) for i, (word, other) in enumerate(zip(*(random_words(rng, 300) for _ in "ab"), strict=True))]  # fmt: skip
    scores = noisy_scores(rng, gold, 400, 0.6)

    def secret(word):
        return "".join(chr(0x10D0 + (5 * ord(c)) % 37) for c in word)

    plain = fit_spelling(train, sources, targets, scores, list(gold[:, None]))
    coded = fit_spelling([(secret(a), b) for a, b in train], [secret(w) for w in sources], targets, scores, list(gold[:, None]))  # fmt: skip
    assert coded.fit == plain.fit
    assert coded.weight > 0
    assert np.array_equal(coded.similarity(map(secret, sources), targets), plain.similarity(sources, targets))


def test_add_is_score_plus_weight_times_similarity_and_changes_no_input():
    scores = np.array([[0.5, 0.25]], "f4")
    given = scores.copy()
    found = Spelling(Transliteration({"т": "t", "о": "o"}), 0.5).add(scores, ["Тот"], ["tot", "tat"])
    assert np.allclose(found, [[1.0, 0.25 + 0.5 * (2 / 3) ** 3]])
    assert np.array_equal(Spelling().add(scores, ["Тот"], ["tot", "tat"]), scores)
    assert np.array_equal(scores, given)


def test_no_words_give_no_weight_and_empty_similarities():
    assert spelling_similarity([], ["a"]).shape == (0, 1)
    assert spelling_similarity(["a"], []).shape == (1, 0)
    fit = fit_weight(np.zeros((0, 3), "f4"), np.zeros((0, 3), "f4"), [])
    assert (fit.weight, fit.n_words, fit.precision_at_1[0]) == (0.0, 0, 0.0)


RIGHT = {"scores": np.zeros((2, 3), "f4"), "similarity": np.zeros((2, 3), "f4"), "gold": [[0], [1, 2]]}


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"scores": None}, "api.bad_vector"), ({"scores": np.zeros((3, 3))}, "api.bad_vector"), ({"similarity": np.zeros(3)}, "api.bad_vector"),
        ({"scores": np.full((2, 3), np.nan)}, "api.bad_vector"), ({"similarity": np.full((2, 3), np.inf)}, "api.bad_vector"),
        ({"gold": None}, "api.bad_rows"), ({"gold": "ab"}, "api.bad_rows"), ({"gold": [[0]]}, "api.bad_rows"), ({"gold": [[0], []]}, "api.bad_rows"),
        ({"gold": [[0], [3]]}, "api.bad_rows"), ({"gold": [[0], [-1]]}, "api.bad_rows"), ({"gold": [[0], [0.5]]}, "api.bad_rows"),
        ({"gold": [[0], ["a"]]}, "api.bad_vector"),
    ],
)  # fmt: skip
def test_wrong_arguments_of_fit_weight_have_codes(more, code):
    with pytest.raises(InputError) as raised:
        fit_weight(**{**RIGHT, **more})
    assert raised.value.code == code


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda: spelling_similarity("ab", ["a"]), "api.bad_text"), (lambda: spelling_similarity(["a"], [None]), "api.bad_text"),
        (lambda: spelling_similarity(None, []), "api.bad_text"), (lambda: Spelling({}, 1.0), "api.bad_type"),
        (lambda: Spelling(weight=-0.1), "spelling.bad_weight"), (lambda: Spelling(weight=float("nan")), "spelling.bad_weight"),
        (lambda: Spelling(weight=True), "spelling.bad_weight"), (lambda: Spelling(weight=10**400), "spelling.bad_weight"),
        (lambda: Spelling().add(np.zeros((2, 2)), ["a"], ["b", "c"]), "api.bad_vector"), (lambda: Spelling().similarity([1], ["a"]), "api.bad_text"),
        (lambda: Spelling(fit="x"), "api.bad_type"),
    ],
)  # fmt: skip
def test_wrong_arguments_have_codes(call, code):
    with pytest.raises(InputError) as raised:
        call()
    assert raised.value.code == code
