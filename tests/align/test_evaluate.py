"""Laws of measured word translation."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from align import evaluate
from align.dictionary import WordPairs
from align.errors import AlignError, AlignmentError
from align.evaluate import (
    bootstrap_interval,
    by_frequency,
    csls_scores,
    evaluate_translation,
    is_name,
    precision_of,
    translation_outcomes,
    translation_ranks,
)
from align.vectors import WordVectors

seeds = st.integers(0, 2**32 - 1)


def judged(table, pairs, source_words=None, target_words=None, comments=None):
    """Outcomes of word pairs by a table of scores (n, m), words s0…, t0… unless given."""
    n, m = table.shape
    source = WordVectors("en", source_words or [f"s{i}" for i in range(n)], np.ones((n, 1)))
    target = WordVectors("fr", target_words or [f"t{j}" for j in range(m)], np.ones((m, 1)))
    pairs = WordPairs("en", "fr", tuple(pairs), comments=comments)
    return translation_outcomes(source, target, pairs, lambda rows: table[rows], retrieval="table")


def drawn_pairs(rng, n, m, n_pairs):
    """A small table of scores full of ties, and word pairs of it."""
    pairs = zip(rng.integers(0, n, n_pairs).tolist(), rng.integers(0, m, n_pairs).tolist(), strict=True)
    return rng.integers(0, 6, (n, m)).astype("f4"), [(f"s{i}", f"t{j}") for i, j in pairs]


def plain_ranks(source, target, hubness, pairs, near):
    """Rank by rank, by a loop over words, gold words and targets."""
    ranks = []
    for row in sorted({i for i, _ in pairs}):
        cosines = [float(source[row].astype("f8") @ y) for y in target.astype("f8")]
        mean = np.mean(sorted(cosines, reverse=True)[:near])
        scores = [2 * c - mean - h for c, h in zip(cosines, hubness, strict=True)]
        gold = {j for i, j in pairs if i == row}
        best = max(scores[j] for j in gold)
        ranks.append(1 + sum(score >= best for j, score in enumerate(scores) if j not in gold))
    return ranks


@given(seeds, st.integers(1, 12), st.integers(1, 25), st.integers(1, 20))
def test_translation_ranks_equal_a_plain_loop(seed, n, m, n_pairs):
    rng = np.random.default_rng(seed)
    source, target = rng.standard_normal((n, 4)).astype("f4"), rng.standard_normal((m, 4)).astype("f4")
    hubness = rng.uniform(0, 1, m).astype("f4")
    i, j = rng.integers(0, n, n_pairs), rng.integers(0, m, n_pairs)
    wanted = plain_ranks(source, target, hubness, list(zip(i.tolist(), j.tolist(), strict=True)), 10)
    assert translation_ranks(source, target, hubness, i, j).tolist() == wanted


@given(seeds, st.integers(1, 5))
def test_neither_blocks_nor_the_order_of_the_pairs_matter(seed, block):
    rng = np.random.default_rng(seed)
    source, target = rng.integers(-2, 3, (9, 3)).astype("f4"), rng.integers(-2, 3, (15, 3)).astype("f4")
    i, j, order = rng.integers(0, 9, 12), rng.integers(0, 15, 12), rng.permutation(12)
    whole = translation_ranks(source, target, np.zeros(15, "f4"), i, j)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(evaluate, "BLOCK", block)
        assert np.array_equal(translation_ranks(source, target, np.zeros(15, "f4"), i[order], j[order]), whole)


def test_ties_count_against_the_gold_word():
    same = np.ones((3, 2), "f4")
    assert translation_ranks(same, same, np.zeros(3, "f4"), np.array([0]), np.array([1])).tolist() == [3]
    assert translation_ranks(same, same, np.zeros(3, "f4"), np.array([0, 0]), np.array([1, 2])).tolist() == [2]


def test_a_record_that_can_be_checked_in_the_head():
    """x0 means y0, its nearest; x1 means y2, the last of three; of the words of the test, "lost" has no vector."""
    target = WordVectors("fr", ["y0", "y1", "y2"], np.array([[1, 0], [0.8, 0.6], [0, 1]], "f4"))
    source = WordVectors("en", ["x0", "x1", "x2"], np.array([[1, 0], [1, 0], [0, 1]], "f4"))
    pairs = WordPairs("en", "fr", (("x0", "y0"), ("x1", "y2"), ("x1", "unknown"), ("lost", "y1")))
    found = evaluate_translation(source, target, np.zeros(3, "f4"), pairs)
    assert (found.n_words, found.n_test_words, found.candidates) == (2, 3, 3)
    assert found.coverage == pytest.approx(2 / 3)
    assert (found.precision_at_1, found.precision_at_5, found.precision_at_10) == (0.5, 1, 1)
    assert found.mrr == pytest.approx((1 + 1 / 3) / 2)
    assert found.precision_at_1_of_all == pytest.approx(1 / 3)
    assert (found.source, found.target, found.retrieval) == ("en", "fr", "csls10")
    assert found.as_dict()["mrr"] == found.mrr


@given(seeds)
def test_precision_grows_with_k_and_bounds_the_reciprocal_rank(seed):
    rng = np.random.default_rng(seed)
    source = WordVectors("en", [f"e{i}" for i in range(20)], rng.standard_normal((20, 3)).astype("f4"))
    target = WordVectors("fr", [f"f{i}" for i in range(30)], rng.standard_normal((30, 3)).astype("f4"))
    pairs = WordPairs("en", "fr", tuple((f"e{i}", f"f{j}") for i, j in rng.integers(0, 20, (15, 2))))
    found = evaluate_translation(source, target, np.zeros(30, "f4"), pairs)
    assert 0 <= found.precision_at_1 <= found.precision_at_5 <= found.precision_at_10 <= 1
    assert found.precision_at_1 <= found.mrr <= 1
    assert found.precision_at_1_of_all <= found.precision_at_1


def test_no_usable_pair_says_which_side_is_unknown(bilingual_world):
    source, target = bilingual_world.vectors["en"], bilingual_world.vectors["fr"]
    pairs = WordPairs("en", "fr", (("nowhere", "fr1"), ("en1", "nulle")))
    with pytest.raises(AlignmentError, match=r"none of 2 .*1 unknown in en, 1 in fr.*evaluate\.no_pairs"):
        evaluate_translation(source, target, np.zeros(len(target), "f4"), pairs)


@pytest.mark.parametrize(
    ("i", "j"),
    [
        ([0], [0, 1]),
        ([-1], [0]),
        ([3], [0]),
        ([0], [3]),
        ([0.0], [0]),
        (None, [0]),
        (0, 0),
        ([[0]], [[0]]),
        (["a"], [0]),
    ],
)
def test_gold_rows_that_are_no_rows_are_refused_instead_of_counted_from_the_end(i, j):
    rows = np.eye(3, dtype="f4")
    with pytest.raises(AlignError) as raised:
        translation_ranks(rows, rows, np.zeros(3, "f4"), i, j)
    assert raised.value.code in ("api.bad_rows", "api.bad_vector")


def test_wrong_types_and_languages_have_codes(bilingual_world):
    en, fr = bilingual_world.vectors["en"], bilingual_world.vectors["fr"]
    pairs, hubness = bilingual_world.test["en", "fr"], np.zeros(len(fr), "f4")
    for arguments, code in (
        ((None, fr, hubness, pairs), "api.bad_type"), ((en, fr.matrix, hubness, pairs), "api.bad_type"), ((en, fr, hubness, None), "api.bad_type"),
        ((en, fr, hubness[:3], pairs), "api.bad_vector"), ((en, fr, None, pairs), "api.bad_vector"),
        ((fr, en, hubness, pairs), "dict.language"),
    ):  # fmt: skip
        with pytest.raises(AlignError) as raised:
            evaluate_translation(*arguments)
        assert raised.value.code == code


@given(seeds, st.integers(1, 8), st.integers(1, 25), st.integers(1, 60))
def test_all_ranks_and_both_means_equal_a_walk_down_the_sorted_targets(seed, n, m, n_pairs):
    table, pairs = drawn_pairs(np.random.default_rng(seed), n, m, n_pairs)
    found = judged(table, pairs)
    ranks, reciprocal, average, scores = [], [], [], []
    for i in sorted({int(left[1:]) for left, _ in pairs}):
        gold = {int(right[1:]) for left, right in pairs if left == f"s{i}"}
        down = sorted(range(m), key=lambda j: (-table[i, j], j in gold))
        at = [place for place, j in enumerate(down, 1) if j in gold]
        ranks += [(i, place) for place in at]
        scores += [float(table[i, down[place - 1]]) for place in at]
        reciprocal.append(1 / at[0])
        average.append(sum(hits / place for hits, place in enumerate(at, 1)) / len(at))
    assert list(zip(found.rows[found.word].tolist(), found.ranks.tolist(), strict=True)) == ranks
    assert table[found.rows[found.word], found.gold_rows].tolist() == scores  # each rank is that of its own target
    assert {(f"s{i}", f"t{j}") for i, j in zip(found.rows[found.word], found.gold_rows, strict=True)} == set(pairs)
    row = precision_of(found)
    assert row.n_gold == len(ranks) == len(set(pairs))
    assert row.mrr == pytest.approx(np.mean(reciprocal))
    assert row.mean_average_precision == pytest.approx(np.mean(average))
    assert np.allclose(found.average_precision, average)


@given(seeds)
def test_with_one_translation_each_the_mean_average_precision_is_the_reciprocal_rank(seed):
    rng = np.random.default_rng(seed)
    table = rng.integers(0, 6, (9, 20)).astype("f4")
    row = precision_of(judged(table, [(f"s{i}", f"t{rng.integers(20)}") for i in range(9)]))
    assert row.mean_average_precision == row.mrr


@given(seeds)
def test_the_order_of_the_test_list_and_repeated_pairs_change_no_figure(seed):
    rng = np.random.default_rng(seed)
    table, pairs = drawn_pairs(rng, 3, 30, 60)  # so that words have more than ten translations
    other = judged(table, [pairs[i] for i in rng.permutation(60)] + pairs[:7])
    assert precision_of(other) == precision_of(judged(table, pairs))


def test_every_translation_is_gold_the_twelfth_too():
    table = -np.arange(20, dtype="f4")[None]
    found = judged(table, [("s0", f"t{j}") for j in range(12)])
    assert found.ranks.tolist() == list(range(1, 13))
    assert precision_of(found).mean_average_precision == 1


def test_scores_are_asked_for_in_blocks_of_rows_that_bound_their_bytes(monkeypatch):
    asked = []
    words = WordVectors("en", [f"s{i}" for i in range(1200)], np.ones((1200, 1)))
    target = WordVectors("fr", ["a", "b"], np.ones((2, 1)))
    pairs = WordPairs("en", "fr", tuple((word, "a") for word in words.words))

    def scores(rows):
        asked.append(len(rows))
        return np.zeros((len(rows), 2), "f4")

    translation_outcomes(words, target, pairs, scores, retrieval="none")
    assert asked == [512, 512, 176]
    asked.clear()
    monkeypatch.setattr(evaluate, "BLOCK_BYTES", 300 * 2 * 4)
    translation_outcomes(words, target, pairs, scores, retrieval="none")
    assert asked == [300] * 4


def test_translation_by_csls_is_the_outcome_of_its_scores(bilingual_space, bilingual_world):
    source, target = bilingual_space.vectors("fr"), bilingual_space.vectors("de")
    pairs, hubness = bilingual_world.test["fr", "de"], bilingual_space.hubness("fr", "de")
    scores = csls_scores(source.matrix, target.matrix, hubness)
    found = translation_outcomes(source, target, pairs, scores, retrieval="csls10")
    assert precision_of(found) == evaluate_translation(source, target, hubness, pairs)
    usable = pairs.rows(source, target)
    ranks = translation_ranks(source.matrix, target.matrix, hubness, usable.source, usable.target)
    assert np.array_equal(found.best, ranks)
    assert [source.words[row] for row in found.rows] == list(found.words)


@pytest.mark.parametrize(
    "wrong",
    [np.zeros((2, 2)), np.zeros(3), np.full((1, 3), np.nan), np.zeros((1, 2)), None, "x", np.zeros((1, 3), bool)],
)
def test_scores_that_are_no_ranking_of_all_targets_are_refused(wrong):
    one = WordVectors("en", ["s0"], np.ones((1, 1))), WordVectors("fr", ["a", "b", "c"], np.ones((3, 1)))
    with pytest.raises(AlignError, match=r"api\.bad_vector"):
        translation_outcomes(*one, WordPairs("en", "fr", (("s0", "a"),)), lambda rows: wrong, retrieval="wrong")


def test_identical_words_and_names_apart_in_a_list_that_can_be_checked_in_the_head():
    """Right: paris (a name, identical), london (a name), six; wrong: table (identical), nato (all capitals), bob (a name)."""
    pairs = [("Paris", "Paris"), ("London", "Londres"), ("six", "six"), ("six", "sixte"), ("table", "table"), ("NATO", "OTAN"), ("bob", "bobby"), ("Table", "Unknown")]  # fmt: skip
    words = "paris", "london", "six", "table", "nato", "bob"
    targets = "paris", "londres", "sixte", "table", "otan", "bobby", "best"
    table = np.zeros((6, 7), "f4")
    table[[0, 1, 2, 3, 4, 5], [0, 1, 2, 6, 6, 6]] = 1
    row = precision_of(judged(table, pairs, words, targets, ("", "", "", "", "", "", "Name", "")))
    assert (row.n_identical, row.precision_at_1_identical) == (2, 0.5)  # six: "six" has no vector
    assert (row.n_distinct, row.precision_at_1_distinct) == (4, 0.5)
    assert (row.n_names, row.precision_at_1_names) == (3, pytest.approx(2 / 3))
    lower = precision_of(judged(table, [(a.lower(), b.lower()) for a, b in pairs], words, targets))
    assert (lower.n_names, lower.precision_at_1_names) == (0, None)


@pytest.mark.parametrize(
    ("pair", "name"),
    [
        (("Paris", "Parigi"), True),
        (("Haus", "maison"), False),
        (("house", "Haus"), False),
        (("USA", "Etats"), False),
        (("I", "Ich"), False),
        (("Élodie", "Ελένη"), True),
        (("Paris", "巴黎"), False),
        (("river", "Fluss", " name "), True),
        (("river", "Fluss", "name of a river"), False),
    ],
)
def test_a_name_is_capitalised_on_both_sides_or_called_one(pair, name):
    assert is_name(*pair) is name


@given(seeds)
def test_identical_and_distinct_words_make_up_the_whole(seed):
    table, pairs = drawn_pairs(np.random.default_rng(seed), 12, 15, 25)
    words = [f"t{i}" if i % 2 else f"s{i}" for i in range(12)]  # every second word is also a word of the other side
    row = precision_of(judged(table, [(words[int(left[1:])], right) for left, right in pairs], words))
    assert row.n_identical + row.n_distinct == row.n_words
    parts = (row.precision_at_1_identical or 0) * row.n_identical + (row.precision_at_1_distinct or 0) * row.n_distinct
    assert parts == pytest.approx(row.precision_at_1 * row.n_words)
    assert (row.precision_at_1_identical is None) is (row.n_identical == 0)


@given(st.integers(1, 300), st.floats(0, 1))
def test_the_interval_holds_the_share_and_has_no_width_where_all_or_none_are_right(n, part):
    n_right = round(part * n)
    low, high = bootstrap_interval(n_right, n)
    assert 0 <= low <= n_right / n <= high <= 1
    assert bootstrap_interval(n, n) == (1, 1)
    assert bootstrap_interval(0, n) == (0, 0)


def test_the_interval_is_that_of_words_drawn_with_replacement():
    right, rng = np.arange(200) < 70, np.random.default_rng(1)
    shares = right[rng.integers(0, 200, (20_000, 200))].mean(axis=1)
    assert bootstrap_interval(70, 200) == pytest.approx(np.quantile(shares, [0.025, 0.975]), abs=0.012)
    assert bootstrap_interval(70, 200) == bootstrap_interval(70, 200)
    assert len({bootstrap_interval(7_000, 20_000, seed) for seed in range(5)}) > 1


def test_the_interval_covers_the_truth_about_19_times_in_20():
    rng = np.random.default_rng(2)
    for truth in (0.2, 0.5):
        intervals = [bootstrap_interval(int(hits), 400) for hits in rng.binomial(400, truth, 600)]
        assert 0.92 <= np.mean([low <= truth <= high for low, high in intervals]) <= 0.98


def test_bands_end_at_their_last_rank_and_are_all_there():
    table = np.zeros((30, 2), "f4")
    table[:10, 0] = 1  # the ten most frequent words are right
    found = by_frequency(judged(table, [(f"s{i}", "t0") for i in range(0, 30, 3)]), (9, 10, 22))
    assert found["band"].to_list() == ["1-9", "10-10", "11-22", "23-"]
    assert found.select("first_rank", "last_rank").rows() == [(1, 9), (10, 10), (11, 22), (23, None)]
    assert found["n_words"].to_list() == [3, 1, 4, 2]
    assert found["precision_at_1"].to_list() == [1, 1, 0, 0]
    empty = by_frequency(judged(table, [("s0", "t0")]), (9,)).row(1, named=True)
    assert (empty["n_words"], empty["precision_at_1"], empty["precision_at_1_low"]) == (0, None, None)


@given(seeds, st.sets(st.integers(1, 12), min_size=1))
def test_the_bands_make_up_the_whole(seed, bands):
    found = judged(*drawn_pairs(np.random.default_rng(seed), 10, 6, 20))
    table, row = by_frequency(found, sorted(bands)), precision_of(found)
    assert table["n_words"].sum() == row.n_words
    assert (table["n_words"] * table["precision_at_1"]).sum() == pytest.approx(row.precision_at_1 * row.n_words)
    inside = table.drop_nulls("precision_at_1")
    assert (inside["precision_at_1_low"] <= inside["precision_at_1"]).all()
    assert (inside["precision_at_1_high"] >= inside["precision_at_1"]).all()
    assert table.schema == by_frequency(found).schema


def test_what_training_saw_is_unknown_unless_the_training_is_given(bilingual_space, bilingual_world):
    test, train = bilingual_world.test["en", "fr"], bilingual_world.train["fr", "en"]
    unknown, none, all_of_it = (bilingual_space.evaluate(test, train=given) for given in (None, [train], [test]))
    assert [frame["leaked"].item() for frame in (unknown, none, all_of_it)] == [None, 0, len(test)]
    assert unknown.schema == all_of_it.schema  # so that frames can be stacked
    assert unknown.schema["leaked"] == pl.Int64
    assert unknown.schema["precision_at_1_names"] == pl.Float64
    with pytest.raises(AlignError, match=r"api\.bad_type"):
        bilingual_space.evaluate(test, train=train)


def test_outcomes_and_counts_that_are_none_have_codes():
    found = judged(np.zeros((1, 2), "f4"), [("s0", "t0")])
    with pytest.raises(ValueError, match="read-only"):
        found.ranks[0] = 1
    wrong = {
        "api.bad_type": [(precision_of, (None,)), (by_frequency, ("x",)), (by_frequency, (found, 5)), (by_frequency, (found, [1.5])), (is_name, ("a", None))],
        "evaluate.bad_bands": [(by_frequency, (found, bands)) for bands in ([], [0], [2, 1], [1, 1], [True], [10**5000])],
        "evaluate.bad_count": [(bootstrap_interval, given) for given in ((1, 0), (2, 1), (-1, 1), (True, 1), (0.5, 1), (None, 1), (1, 1, -1), (1, 1, "x"), (1, 10**5000), (float("nan"), 1))],
    }  # fmt: skip
    for code, calls in wrong.items():
        for deed, arguments in calls:
            with pytest.raises(AlignError) as raised:
                deed(*arguments)
            assert raised.value.code == code
    for leaked in (-1, True, 1.5, "1"):
        with pytest.raises(AlignError, match=r"evaluate\.bad_count"):
            precision_of(found, leaked=leaked)
